using Godwit.Follow.Logical;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>A few changes of tables that the session knows go to the server in one piece, their commit with them: the same arrives, and what is in the way is found.</summary>
public sealed class StreamAtOnceTests(PostgresFixture postgres)
{
    private const string Warm = """
        update t set n = n where id = 20; insert into pair values ('known', 50); update ident set v = v where k = 'two'; update bykey set v = v where id = 2; update whole set v = v where id = 5; update part set v = v where id = 9
        """;

    /// <summary>Runs <paramref name="statements"/> while the pair is followed by a session that has applied <paramref name="warm"/>, until both sides are equal; then whatever is wrong is said.</summary>
    private static async Task<StreamTotals> FollowAsync(StreamPair pair, string warm, params string[] statements)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(StreamPair.Token);
        var following = pair.FollowAsync(null, stop.Token);
        await pair.Source.ExecuteAsync($"begin; {warm}; commit");
        await UntilAsync(pair);
        foreach (var statement in statements)
        {
            await pair.Source.ExecuteAsync($"begin; {statement}; commit");
            // Else several go in one batch.
            await UntilAsync(pair);
        }
        await stop.CancelAsync();
        return await following;
    }

    private static async Task UntilAsync(StreamPair pair)
    {
        var last = (await pair.Source.QueryAsync("insert into done default values returning id::text"))[0];
        for (var i = 0; i < 1500; i++)
        {
            if ((await pair.Target.QueryAsync($"select id::text from done where id = {last}")).Count == 1) return;
            await Task.Delay(20, StreamPair.Token);
        }
        Assert.Fail("The follower does not come to the end.");
    }

    private Task<StreamPair> PairAsync(string schema, string rows, FollowMethod method = FollowMethod.Slot) =>
        StreamPair.CreateAsync(postgres, $"{schema}; create table done (id bigint generated always as identity primary key)", rows, method: method);

    private static async Task CountAsync(StreamPair pair, string table) => await pair.Target.ExecuteAsync($"""
        create table godwit.seen (rows text);
        create function godwit.see() returns trigger language plpgsql as $$ begin insert into godwit.seen values (current_setting('{AppliedTable.Touched}', true)); return new; end $$;
        create trigger see before insert on {table} for each row execute function godwit.see(); alter table {table} enable always trigger see
        """);

    [Theory]
    [MemberData(nameof(StreamApplyTests.Statements), MemberType = typeof(StreamApplyTests))]
    public async Task One_set_of_statements_arrives(string statements)
    {
        await using var pair = await PairAsync(StreamApplyTests.Schema, StreamApplyTests.Rows);
        Assert.Equal(0, (await FollowAsync(pair, Warm, statements)).Conflicts);
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task Arrays_composites_and_domains_arrive()
    {
        await using var pair = await PairAsync(StreamApplyTests.Odd, "");
        Assert.Equal(0, (await FollowAsync(pair, "insert into odd (id) values (99)", StreamApplyTests.OddRows)).Conflicts);
        await pair.AssertEqualAsync();
    }

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public async Task A_few_rows_go_at_once_and_many_do_not(FollowMethod method)
    {
        await using var pair = await PairAsync("create table t (id int primary key)", "", method);
        await CountAsync(pair, "t");
        await FollowAsync(pair, "insert into t values (0)", "insert into t values (1), (2), (3)", "insert into t select generate_series(10, 500)");
        await pair.AssertEqualAsync();
        // The setting counts the rows before this one, where each is a statement of its own. Of one moment, rows of the other table may be among them.
        var counted = (await pair.Target.QueryAsync("select distinct rows::int from godwit.seen order by 1")).ConvertAll(c => int.Parse(c!, System.Globalization.CultureInfo.InvariantCulture));
        if (method == FollowMethod.Slot) Assert.Equal([0, 1, 2], counted);
        else Assert.InRange(counted[^1], 2, 5);
    }

    [Fact]
    public async Task A_table_that_is_told_of_again_is_known()
    {
        await using var pair = await PairAsync("create table t (id int primary key)", "");
        await CountAsync(pair, "t");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(StreamPair.Token);
        var following = pair.FollowAsync(null, stop.Token);
        await pair.Source.ExecuteAsync("insert into t values (0)");
        await UntilAsync(pair);
        // The server sends the table's description anew.
        await pair.Source.ExecuteAsync("analyze t");
        await pair.Source.ExecuteAsync("insert into t values (1), (2), (3)");
        await UntilAsync(pair);
        await stop.CancelAsync();
        await following;
        Assert.Equal(["0", "1", "2"], await pair.Target.QueryAsync("select distinct rows from godwit.seen order by 1"));
    }

    [Fact]
    public async Task Some_commits_wait_for_the_disk_and_the_origin_stands_where_the_rows_came_from()
    {
        await using var pair = await PairAsync("create table t (id int primary key)", "");
        await pair.Target.ExecuteAsync($"""
            alter database "{pair.Target.Settings.Database}" set synchronous_commit = on;
            create table godwit.seen (id bigserial, setting text); create function godwit.see() returns trigger language plpgsql as $$ begin insert into godwit.seen (setting) values (current_setting('synchronous_commit')); return null; end $$;
            create constraint trigger see after insert on t deferrable initially deferred for each row execute function godwit.see(); alter table t enable always trigger see;
            create constraint trigger see after insert on done deferrable initially deferred for each row execute function godwit.see(); alter table done enable always trigger see
            """);
        var before = (await pair.Source.QueryAsync("select pg_current_wal_lsn()::text"))[0];
        await FollowAsync(pair, "insert into t values (0)", [.. Enumerable.Range(1, 40).Select(i => $"insert into t values ({i})")]);
        // Five a second; of the others, the next that does takes them to the disk. The first two go the longer way, for their tables are not known yet.
        Assert.Equal(["off", "on"], await pair.Target.QueryAsync("select distinct setting from godwit.seen where id > 2 order by 1"));
        Assert.Equal(["true"], await pair.Target.QueryAsync($"select (o.remote_lsn > '{before}'::pg_lsn and o.remote_lsn <= '0/0'::pg_lsn + s.applied)::text from pg_replication_origin_status o, godwit.stream s where o.external_id = '{pair.Feed.Origin}'"));
    }

    [Fact]
    public async Task Rows_that_are_not_as_they_should_be_are_counted_named_and_put_right()
    {
        await using var pair = await PairAsync("create table t (id int primary key, v text)", "insert into t select i, 'v' from generate_series(1, 10) i");
        await pair.Target.ExecuteAsync("delete from t where id in (1, 2); insert into t values (20, 'stray')");
        var totals = await FollowAsync(pair, "update t set v = 'known' where id = 10", "update t set v = 'w' where id = 1", "delete from t where id = 2", "insert into t values (20, 'mine')", "update t set v = 'x' where id = 3");
        Assert.Equal(3, totals.Conflicts);
        Assert.Equal("2", (await pair.Target.QueryAsync("select sum(count) from godwit.conflict where kind = 'missing'"))[0]);
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task Statements_that_are_not_used_again_are_dropped_at_the_server()
    {
        await using var pair = await PairAsync("create table t (id int primary key, v text)", "insert into t select i, 'v' from generate_series(1, 40) i");
        await pair.Target.ExecuteAsync("""
            delete from t where id <= 30;
            create table godwit.seen (statements bigint);
            create function godwit.see() returns trigger language plpgsql as $$ begin insert into godwit.seen select count(*) from pg_prepared_statements; return new; end $$;
            create trigger see before insert on done for each row execute function godwit.see(); alter table done enable always trigger see
            """);
        var totals = await FollowAsync(pair, "update t set v = 'known' where id = 40", [.. Enumerable.Range(1, 30).Select(i => $"update t set v = 'w' where id = {i}")]);
        Assert.Equal(30, totals.Conflicts);
        Assert.InRange(int.Parse((await pair.Target.QueryAsync("select max(statements) from godwit.seen"))[0]!, System.Globalization.CultureInfo.InvariantCulture), 5, 20);
    }

    [Fact]
    public async Task A_session_does_not_begin_where_the_stream_no_longer_stands()
    {
        await using var pair = await PairAsync("create table t (id int primary key)", "");
        var behind = Assert.Throws<GodwitException>(() => StreamSession.Open(StreamOrigin.Of(pair.From, pair.Feed), pair.From, pair.To.Applying(pair.Feed), pair.Feed, pair.Limits, new(1), binary: false,
            r => new(r.Schema, r.Name), TimeProvider.System, (_, _) => { }, new(), StreamPair.Token));
        Assert.Equal((ErrorKind.TargetTransient, "follow-in-use"), (behind.Kind, behind.Code));
    }

    [Fact]
    public async Task A_row_that_a_trigger_takes_away_is_found()
    {
        await using var pair = await PairAsync("create table t (id int primary key)", "");
        await pair.Target.ExecuteAsync("create function nothing() returns trigger language plpgsql as 'begin return null; end'; create trigger nothing before insert on t for each row when (new.id = 7) execute function nothing(); alter table t enable always trigger nothing");
        var totals = await FollowAsync(pair, "insert into t values (1)", "insert into t values (7)", "insert into t values (8)");
        Assert.Equal(1, totals.Conflicts);
    }

    [Theory]
    [InlineData("commit", 3)]
    [InlineData("rollback", 2)]
    public async Task What_comes_behind_a_transaction_that_fails_is_applied_behind_it(string end, int conflicts)
    {
        await using var pair = await PairAsync("create table t (id int primary key, v text)", "insert into t select i, 'v' from generate_series(1, 10) i");
        await pair.Target.ExecuteAsync("delete from t where id in (5, 6)");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(StreamPair.Token);
        var following = pair.FollowAsync(null, stop.Token);
        await pair.Source.ExecuteAsync("update t set v = 'known' where id = 10");
        await UntilAsync(pair);
        // The first of these waits for the row's lock while the others come; then it meets no row, or the row. The two rows that are gone are met behind it.
        await using (var other = await pair.Target.ConnectAsync())
        {
            await using (var take = new NpgsqlCommand("begin; delete from t where id = 1", other)) await take.ExecuteNonQueryAsync(StreamPair.Token);
            await pair.Source.ExecuteAsync("begin; update t set v = 'first' where id in (1, 2); insert into t values (20, 'new'); commit");
            await BlockedAsync(pair);
            string[] behind = ["update t set v = 'second' where id = 2", "update t set v = 'third' where id in (2, 5, 20)", "delete from t where id = 3", "insert into t values (3, 'back')", "update t set v = 'last' where id in (2, 3, 6)", "delete from t where id = 20"];
            foreach (var statement in behind)
            {
                await pair.Source.ExecuteAsync(statement);
                await Task.Delay(50, StreamPair.Token);
            }
            await using (var over = new NpgsqlCommand(end, other)) await over.ExecuteNonQueryAsync(StreamPair.Token);
        }
        await UntilAsync(pair);
        await stop.CancelAsync();
        Assert.Equal(conflicts, (await following).Conflicts);
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task Who_stops_while_one_waits_for_a_lock_finds_each_once()
    {
        await using var pair = await PairAsync("create table t (id int primary key, n int)", "insert into t values (1, 0)");
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(StreamPair.Token))
        {
            var following = pair.FollowAsync(null, stop.Token);
            await pair.Source.ExecuteAsync("update t set n = 0 where id = 1");
            await UntilAsync(pair);
            await using var other = await pair.Target.ConnectAsync();
            await using (var take = new NpgsqlCommand("begin; select from t where id = 1 for update", other)) await take.ExecuteNonQueryAsync(StreamPair.Token);
            await pair.Source.ExecuteAsync("update t set n = n + 1 where id = 1");
            await BlockedAsync(pair);
            for (var id = 2; id < 8; id++) await pair.Source.ExecuteAsync($"insert into t values ({id}, 0)");
            await stop.CancelAsync();
            Assert.Equal(0, (await following).Conflicts);
        }
        Assert.Equal(0, (await pair.CatchUpAsync()).Conflicts);
        await pair.AssertEqualAsync();
    }

    private static async Task BlockedAsync(StreamPair pair)
    {
        for (var i = 0; i < 1500; i++)
        {
            if ((await pair.Target.QueryAsync("select 1 from pg_stat_activity where datname = current_database() and application_name = 'godwit follow' and wait_event_type = 'Lock'")).Count > 0) return;
            await Task.Delay(20, StreamPair.Token);
        }
        Assert.Fail("The follower does not come to the lock.");
    }
}
