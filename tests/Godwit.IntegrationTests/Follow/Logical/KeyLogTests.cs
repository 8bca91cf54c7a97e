using Godwit.Follow.Logical;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>A server whose log cannot be read is followed by triggers: what they noted in whatever order comes to the same rows.</summary>
public sealed class KeyLogTests(PostgresFixture postgres)
{
    private const string Schema = """
        create table t (id int primary key, u text unique, v text, g int generated always as (length(v)) stored);
        create table plain (id numeric primary key, v text);
        create table nokey (a int, v text);
        create table two (a int, b timestamptz, v double precision, primary key (a, b));
        create type mood as enum ('good', 'bad');
        create table typed (m mood primary key, j jsonb, w text[], r int4range, x bytea);
        create table part (id int, k int, v text, t int, primary key (id, k)) partition by list (k);
        create table part_1 partition of part for values in (1);
        create table part_2 (t int, v text, k int not null, id int not null);
        alter table part attach partition part_2 for values in (2);
        """;
    private const string Rows = """
        insert into t select i, 'u' || i, repeat('v', i) from generate_series(1, 10) i;
        insert into plain select i, 'v' || i from generate_series(1, 10) i;
        insert into nokey values (1, 'a'), (1, 'a'), (2, null), (null, 'x,"y"\z');
        insert into part select i, 1 + i % 2, 'v' || i from generate_series(1, 10) i;
        insert into two values (1, '2024-03-31 01:30Z', 0.1), (1, '2024-03-31 02:30Z', 'NaN');
        insert into typed values ('good', '{"a": null}', '{"a,b",NULL}', '[1,5)', '\x00ff');
        """;

    private Task<StreamPair> PairAsync(string meanwhile = "") => StreamPair.CreateAsync(postgres, Schema, Rows, meanwhile, method: FollowMethod.Triggers);

    private static async Task CaughtUpAsync(StreamPair pair)
    {
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
        Assert.DoesNotContain(pair.Found, f => f.Code == "follow-conflict");
    }

    [Theory]
    [InlineData("insert into t values (11, 'u11', 'new'); update t set v = 'x' where id = 1; delete from t where id = 2; insert into plain values (11, 'n')")]
    [InlineData("update t set u = u || 'x'; update t set id = id + 100; update plain set id = -id; update plain set id = 5 + id")]
    [InlineData("update plain set id = 1.00 where id = 1; delete from plain where id = 2; insert into plain values (2.0, 'again')")]
    [InlineData("update t set u = 'swap' where id = 1; update t set u = 'u1' where id = 2; update t set u = 'u2' where id = 1")]
    [InlineData("delete from t where id = 3; insert into t values (99, 'u3', 'takes it over')")]
    [InlineData("insert into nokey values (1, 'a'), (7, 'n'); delete from nokey where ctid = (select min(ctid) from nokey); update nokey set v = v || ' changed' where a = 2; update nokey set a = 9 where v like 'x%'")]
    [InlineData("delete from nokey; insert into nokey values (1, 'a'), (3, E'tab\\tline\\nback\\\\slash'), (4, '')")]
    [InlineData("truncate t, nokey; insert into t values (5, 'u5', 'after'); insert into nokey values (5, 'after')")]
    [InlineData("insert into t values (12, 'n', 'n'); truncate t; insert into t values (12, 'n', 'n')")]
    [InlineData("update part set k = 2 where id = 2; delete from part where id = 3; insert into part values (20, 2, 'n'); update part_2 set v = 'direct' where id = 5")]
    [InlineData("update part_1 set v = 'x'; insert into part values (30, 1, 'y'); truncate part_1; insert into part values (31, 1, 'z'), (2, 1, 'again')")]
    [InlineData("insert into part values (40, 1, 'x'); truncate part; insert into part values (40, 1, 'y')")]
    [InlineData("create table part_3 partition of part for values in (3); insert into part values (50, 3, 'new partition')", "create table part_3 partition of part for values in (3)")]
    [InlineData("set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set extra_float_digits = -5; update two set v = v * 3; delete from two where b = '2024-03-31 01:30Z'; insert into two values (2, now(), 1e-300)")]
    [InlineData("update typed set j = '{\"b\": [1, {}]}', w = '{}', r = 'empty', x = null; insert into typed values ('bad', 'null', null, null, '\\x5c0a09')")]
    [InlineData("begin; update t set v = 'rolled back'; savepoint s; rollback; begin; savepoint s; update t set v = 'no' where id = 1; rollback to s; update t set v = 'yes' where id = 1; commit")]
    [InlineData("set session_replication_role = replica; update t set v = 'by a replica' where id = 4")]
    [InlineData("alter table t add n int default 5; update t set v = 'after' where id = 1; insert into t (id, n) values (60, 6)")]
    [InlineData("alter table nokey add n int default 5; insert into nokey values (60, 'x', 6); delete from nokey where a = 1")]
    public async Task What_was_written_arrives(string sql, string here = "")
    {
        await using var pair = await PairAsync();
        if (here.Length > 0) await pair.Target.ExecuteAsync(here);
        foreach (var statement in sql.StartsWith("begin", StringComparison.Ordinal) || sql.StartsWith("set", StringComparison.Ordinal) ? [sql] : sql.Split("; ")) await pair.Source.ExecuteAsync(statement);
        await CaughtUpAsync(pair);
        // And once more, from there.
        await pair.Source.ExecuteAsync("insert into t (id, u) values (1000, 'last'); delete from nokey");
        await CaughtUpAsync(pair);
    }

    [Fact]
    public async Task What_is_written_between_the_moment_and_the_copy_arrives_once()
    {
        await using var pair = await PairAsync("insert into t (id, u) values (11, 'n'); update plain set v = 'changed'; delete from nokey where a = 1; insert into nokey values (8, 'eight')");
        await CaughtUpAsync(pair);
    }

    /// <summary>A trigger of the user's changes a row that the statement has changed already, before that change was noted.</summary>
    [Fact]
    public async Task Triggers_that_write_to_the_same_rows_leave_the_last_value()
    {
        await using var pair = await PairAsync();
        await pair.Source.ExecuteAsync("""
            create function touch() returns trigger language plpgsql as $$ begin
              if pg_trigger_depth() = 1 then update plain set v = v || '+' where id = new.id + 1; delete from nokey where a = 2; end if; return null; end $$;
            create trigger a after insert or update on plain for each row execute function touch();
            update plain set v = 'set';
            insert into plain values (11, 'n'), (12, 'm');
            """);
        await CaughtUpAsync(pair);
        Assert.Equal("m+", (await pair.Target.QueryAsync("select v from plain where id = 12"))[0]);
    }

    [Fact]
    public async Task A_transaction_that_ends_after_a_later_one_is_not_forgotten()
    {
        await using var pair = await PairAsync();
        await using var slow = await pair.Source.ConnectAsync();
        await using var begin = new Npgsql.NpgsqlCommand("begin; update t set v = 'slow' where id = 1; insert into nokey values (70, 'slow')", slow);
        await begin.ExecuteNonQueryAsync(StreamPair.Token);
        await pair.Source.ExecuteAsync("update t set v = 'fast' where id = 2");
        await CaughtUpAsync(pair);
        await pair.Source.ExecuteAsync("update t set v = 'fast again' where id = 2");
        await CaughtUpAsync(pair);
        await using var commit = new Npgsql.NpgsqlCommand("commit", slow);
        await commit.ExecuteNonQueryAsync(StreamPair.Token);
        await CaughtUpAsync(pair);
        Assert.Equal("slow", (await pair.Target.QueryAsync("select v from t where id = 1"))[0]);
    }

    [Fact]
    public async Task Applied_notes_are_forgotten_and_nothing_is_left_in_the_end()
    {
        await using var pair = await PairAsync();
        using var stop = new CancellationTokenSource();
        var follow = pair.FollowAsync(null, stop.Token);
        await pair.Source.ExecuteAsync("update t set v = 'x'");
        var log = (await pair.Source.QueryAsync("select c.oid::regclass::text from pg_class c where relnamespace = 'godwit'::regnamespace and relname like 'log\\_%' and relkind = 'r'"))[0];
        await pair.Source.WaitForAsync($"select count(*)::text from {log}", "0");
        await stop.CancelAsync();
        await follow;
        await StreamOrigin.Of(pair.From, pair.Feed).DropAsync(StreamPair.Token);
        Assert.Empty(await pair.Source.QueryAsync("select relname from pg_class where relnamespace = 'godwit'::regnamespace union all select proname from pg_proc where pronamespace = 'godwit'::regnamespace union all select tgname from pg_trigger where tgname like '%godwit%'"));
        await pair.Source.ExecuteAsync("update t set v = 'free'; truncate part");
    }

    /// <summary>Row triggers come to a new partition with its parent's; the one for TRUNCATE does not.</summary>
    [Fact]
    public async Task A_partition_that_was_made_while_it_is_followed_is_emptied_at_both_sides()
    {
        await using var pair = await PairAsync();
        using var stop = new CancellationTokenSource();
        var follow = pair.FollowAsync(null, stop.Token);
        foreach (var side in new[] { pair.Source, pair.Target }) await side.ExecuteAsync("create table part_3 partition of part for values in (3)");
        // A long transaction at work in it is waited for.
        await using var writer = await pair.Source.ConnectAsync();
        await using (var begin = new Npgsql.NpgsqlCommand("begin; insert into part values (60, 3, 'uncommitted')", writer)) await begin.ExecuteNonQueryAsync(StreamPair.Token);
        await pair.Source.ExecuteAsync("insert into part select i, 3, 'new' from generate_series(61, 70) i");
        for (var i = 0; i < 300 && pair.Found.All(f => f.Code != "follow-waits"); i++) await Task.Delay(50, StreamPair.Token);
        Assert.Equal("follow-partition-locked", Assert.Single(pair.Found, f => f.Code == "follow-waits").Subject);
        Assert.Equal("0", (await pair.Target.QueryAsync("select count(*) from part_3"))[0]);
        await using (var commit = new Npgsql.NpgsqlCommand("commit", writer)) await commit.ExecuteNonQueryAsync(StreamPair.Token);
        await pair.Target.WaitForAsync("select count(*) from part_3", "11");

        await pair.Source.ExecuteAsync("truncate part_3; insert into part values (61, 3, 'again')");

        await pair.Target.WaitForAsync("select string_agg(v, ',') from part_3", "again");
        await stop.CancelAsync();
        await follow;
        await CaughtUpAsync(pair);
    }

    /// <summary>Of the moment that a copy is made at, likewise.</summary>
    [Fact]
    public async Task A_partition_that_was_made_before_the_copy_is_emptied_at_both_sides()
    {
        await using var pair = await PairAsync();
        await pair.Source.ExecuteAsync("create table part_4 partition of part for values in (4)");
        using (await StreamOrigin.Of(pair.From, pair.Feed).BeginAsync(StreamPair.Token)) { }
        Assert.Equal("1", (await pair.Source.QueryAsync("select count(*) from pg_trigger where tgrelid = 'part_4'::regclass and tgname like '!godwit%\\_t'"))[0]);
    }

    [Theory]
    [InlineData("drop trigger \"{0}\" on plain")]
    [InlineData("alter table plain disable trigger \"{0}\"")]
    [InlineData("drop table godwit.tick_{1} cascade")]
    public async Task A_record_that_may_have_a_gap_is_refused(string harm)
    {
        await using var pair = await PairAsync();
        var id = pair.Feed.Slot["godwit_".Length..];
        await pair.Source.ExecuteAsync(harm.Replace("{0}", $"!godwit_{id}", StringComparison.Ordinal).Replace("{1}", id, StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.FollowAsync(new(1000), StreamPair.Token));
        Assert.Equal("follow-log-lost", refused.Code);
    }

    [Theory]
    [InlineData("alter table plain rename column v to w")]
    [InlineData("alter table plain drop column v")]
    [InlineData("alter table plain alter v type int using 1")]
    public async Task Other_changes_of_a_table_stop_with_what_to_do_and_go_on_once_it_is_done(string change)
    {
        await using var pair = await PairAsync();
        await pair.Source.ExecuteAsync("update plain set v = '7' where id = 3; insert into t (id, u) values (80, 'x')");
        await pair.Source.ExecuteAsync(change);
        await pair.Source.ExecuteAsync("insert into plain (id) values (81); delete from plain where id = 4");
        Assert.Equal("follow-schema-changed", (await Assert.ThrowsAsync<GodwitException>(() => pair.CatchUpAsync())).Code);
        await pair.Target.ExecuteAsync(change);
        await CaughtUpAsync(pair);
    }

    /// <summary>Who would break the record is told at once; the application's writes are not.</summary>
    [Fact]
    public async Task A_key_that_is_renamed_goes_along_and_what_would_break_the_record_is_refused()
    {
        await using var pair = await PairAsync();
        Assert.Equal("2BP01", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => pair.Source.ExecuteAsync("drop table plain"))).SqlState);
        Assert.StartsWith("0A", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => pair.Source.ExecuteAsync("alter table plain alter id type text"))).SqlState);
        foreach (var side in new[] { pair.Source, pair.Target }) await side.ExecuteAsync("alter table plain rename id to number");
        await pair.Source.ExecuteAsync("insert into plain values (77, 'n'); delete from plain where number = 1");
        await CaughtUpAsync(pair);
    }

    /// <summary>To the moment that is read, a table that is rewritten behind it would look empty: it is held until all is read.</summary>
    [Fact]
    public async Task Tables_are_held_while_they_are_read()
    {
        await using var pair = await PairAsync();
        pair.Limits = pair.Limits with { BatchBytes = 1024 };
        await pair.Source.ExecuteAsync("insert into t (id, v) select i, repeat('v', 500) from generate_series(1001, 1100) i; update plain set v = 'written'");
        await using var holder = await pair.Target.ConnectAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("begin; lock table t, plain in access exclusive mode", holder)) await hold.ExecuteNonQueryAsync(StreamPair.Token);
        using var stop = new CancellationTokenSource();
        var follow = pair.FollowAsync(null, stop.Token);
        await pair.Source.WaitForAsync("select count(*) > 0 from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'two' and l.mode = 'AccessShareLock' and l.pid <> pg_backend_pid()", "t");
        foreach (var table in new[] { "plain", "two" })
            Assert.Equal("55P03", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => pair.Source.ExecuteAsync($"begin; set local lock_timeout = '200ms'; lock table {table} in access exclusive mode"))).SqlState);
        await using (var release = new Npgsql.NpgsqlCommand("rollback", holder)) await release.ExecuteNonQueryAsync(StreamPair.Token);
        await stop.CancelAsync();
        await follow;
        await CaughtUpAsync(pair);
        await pair.Source.ExecuteAsync("begin; lock table plain in access exclusive mode; rollback");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task What_any_writer_does_arrives(int seed) => StreamModelTests.RunAsync(postgres, seed, FollowMethod.Triggers);
}
