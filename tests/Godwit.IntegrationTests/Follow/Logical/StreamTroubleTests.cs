using Godwit.Follow.Logical;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>What goes wrong is waited for, put right and named, or stopped for; never passed over.</summary>
public sealed class StreamTroubleTests(PostgresFixture postgres)
{
    private const string Schema = "create table t (id int primary key, u text unique, v text); alter table t alter v set storage external; create table nokey (v text)";
    private const string Rows = "insert into t select i, 'u' || i, repeat('v', 3000) from generate_series(1, 10) i; insert into nokey values ('a'), ('a')";

    private static async Task<string> CodeAsync(StreamPair pair)
    {
        var stop = await Assert.ThrowsAsync<GodwitException>(() => pair.CatchUpAsync());
        // Between servers the command line refuses it.
        Assert.DoesNotContain("--repair", stop.Hint);
        return stop.Code;
    }

    [Fact]
    public async Task Rows_that_are_not_as_they_should_be_are_counted_named_and_put_right()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        await pair.Target.ExecuteAsync("delete from t where id in (1, 2, 3); insert into t values (20, 'stray', 'x'); delete from nokey where ctid = (select min(ctid) from nokey)");
        await pair.Source.ExecuteAsync("""
            update t set u = 'n1', v = 'whole' where id = 1; delete from t where id = 2; insert into t values (20, 'mine', 'y'); delete from nokey; update t set u = 'n5' where id = 5;
            """);
        var totals = await pair.CatchUpAsync();
        Assert.Equal(4, totals.Conflicts);
        Assert.Equal("3", (await pair.Target.QueryAsync("select sum(count) from godwit.conflict where kind = 'missing'"))[0]);
        Assert.Equal("1", (await pair.Target.QueryAsync("select sum(count) from godwit.conflict where kind = 'duplicate' and repaired"))[0]);
        Assert.Contains(pair.Found, f => f is { Code: "follow-conflict", Subject: "public.t" });
        // Only the row of which the stream had no word is still missing.
        await pair.Source.ExecuteAsync("update t set v = 'whole now' where id = 3");
        Assert.Equal(1, (await pair.CatchUpAsync()).Conflicts);
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task A_row_in_the_way_of_another_constraint_stops_and_goes_on_when_it_is_gone()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        await pair.Target.ExecuteAsync("insert into t values (30, 'taken', null)");
        await pair.Source.ExecuteAsync("insert into t values (31, 'taken', null)");
        Assert.Equal("follow-conflict", await CodeAsync(pair));
        await pair.Target.ExecuteAsync("delete from t where id = 30");
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task Columns_that_are_added_are_added_here()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        foreach (var sql in new[]
        {
            "insert into t values (40, 'before', 'x'); alter table t add plain int", "insert into t (id, plain) values (41, 1)", "alter table t add fixed text not null default 'it''s'; alter table t add at timestamptz default now()",
            "update t set plain = 2 where id = 1", "alter table t add words text[] default '{a}'; alter table t alter fixed set default 'other'", "insert into t (id) values (42)",
        }) await pair.Source.ExecuteAsync(sql);
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
        Assert.Contains(pair.Found, f => f.Code == "follow-column-added");
        await pair.Source.ExecuteAsync("insert into t (id, words) values (43, '{b,c}')");
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
    }

    [Theory]
    [InlineData("alter table t drop column u", "alter table t drop column u")]
    [InlineData("alter table t rename column u to w", "alter table t rename column u to w")]
    [InlineData("alter table t alter column id type bigint", "alter table t alter column id type bigint")]
    [InlineData("alter table t rename to t2", "alter table t rename to t2")]
    [InlineData("alter table t add r double precision default random()", "alter table t add r double precision; delete from t")]
    public async Task Other_changes_stop_with_what_to_do_and_go_on_once_it_is_done(string change, string remedy)
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        await pair.Source.ExecuteAsync("insert into t (id) values (50)");
        await pair.Source.ExecuteAsync(change);
        var table = change.Contains("t2") ? "t2" : "t";
        await pair.Source.ExecuteAsync(change.Contains("random") ? "delete from t" : $"insert into {table} (id) values (51)");
        Assert.Equal("follow-schema-changed", await CodeAsync(pair));
        await pair.Target.ExecuteAsync(remedy);
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
    }

    private const string Loose = """
        create type mood as enum ('b', 'd'); create domain small as int constraint small_max check (value < 10);
        create table loose (id int primary key, m mood, ms mood[], s small, n int not null, c int constraint c_max check (c < 10), u int constraint u_once unique, x int);
        create unique index x_once on loose (x);
        create table parts (id int, day date, primary key (id, day)) partition by range (day); create table parts_old partition of parts for values from ('2025-01-01') to ('2026-01-01');
        """;

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public async Task Labels_that_are_added_are_added_here(FollowMethod method)
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Loose, "insert into loose (id, m, n) values (1, 'b', 0)", method: method);
        foreach (var sql in new[] { "alter type mood add value 'a' before 'b'", "alter type mood add value 'it''s' after 'b'", "alter type mood add value 'z'", "insert into loose (id, m, n) values (2, 'z', 0)", "update loose set ms = '{a,it''s}', m = 'a' where id = 1" }) await pair.Source.ExecuteAsync(sql);
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
        const string Order = "select enumlabel from pg_enum order by enumtypid, enumsortorder";
        Assert.Equal(await pair.Source.QueryAsync(Order), await pair.Target.QueryAsync(Order));
        Assert.Equal(3, pair.Found.Count(f => f.Code == "follow-label-added"));
    }

    [Theory]
    [InlineData("alter type mood rename value 'b' to 'c'", "update loose set m = 'c' where id = 1", "ALTER TYPE public.mood RENAME VALUE 'b' TO 'c'")]
    [InlineData("alter table loose alter n drop not null", "update loose set n = null where id = 1", "ALTER TABLE public.loose ALTER COLUMN n DROP NOT NULL")]
    [InlineData("alter table loose drop constraint c_max", "update loose set c = 10 where id = 1", "ALTER TABLE public.loose DROP CONSTRAINT c_max")]
    [InlineData("alter table loose drop constraint c_max, add constraint c_max check (c < 20)", "update loose set c = 10 where id = 1", "ALTER TABLE public.loose DROP CONSTRAINT c_max; ALTER TABLE public.loose ADD CONSTRAINT c_max CHECK ((c < 20))")]
    [InlineData("alter domain small drop constraint small_max", "update loose set s = 10 where id = 1", "ALTER DOMAIN public.small DROP CONSTRAINT small_max")]
    [InlineData("alter table loose drop constraint u_once", "insert into loose (id, n, u) values (2, 0, 1)", "ALTER TABLE public.loose DROP CONSTRAINT u_once")]
    [InlineData("drop index x_once", "insert into loose (id, n, x) values (2, 0, 1)", "DROP INDEX public.x_once")]
    [InlineData("create table parts_new partition of parts for values from ('2026-01-01') to ('2027-01-01')", "insert into parts values (1, '2026-05-05')", "CREATE TABLE public.parts_new PARTITION OF public.parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")]
    public async Task What_the_source_allows_since_the_copy_stops_with_the_statements_to_run(string change, string write, string remedy)
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Loose, "insert into loose values (1, 'b', '{}', 1, 1, 1, 1, 1)");
        await pair.Source.ExecuteAsync(change);
        await pair.Source.ExecuteAsync(write);
        var stopped = await Assert.ThrowsAsync<GodwitException>(() => pair.CatchUpAsync());
        Assert.Equal(("follow-schema-changed", ErrorKind.Blocked), (stopped.Code, stopped.Kind));
        Assert.Contains($": {remedy}; then godwit follow", stopped.Hint!, StringComparison.Ordinal);
        await pair.Target.ExecuteAsync(remedy);
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task A_constraint_that_is_the_same_on_both_sides_is_not_told_as_changed_where_they_find_names_otherwise()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, "create schema ext; create function ext.fits(i int) returns boolean language sql as 'select i < 10'; create table t (id int primary key, c int constraint c_fits check (ext.fits(c)))");
        await pair.Source.ExecuteAsync("do $$ begin execute format('alter database %I set search_path = public, ext', current_database()); end $$; create or replace function ext.fits(i int) returns boolean language sql as 'select i < 100'");
        await pair.Source.ExecuteAsync("insert into t values (1, 50)");
        Assert.Equal("target-constraint-violated", await CodeAsync(pair));
    }

    [Fact]
    public async Task Transactions_in_two_phases_arrive_when_they_commit_and_not_when_they_roll_back()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        // Large enough to stream before it is prepared.
        var settings = pair.From.Settings;
        settings.Options = "-c logical_decoding_work_mem=64kB";
        (pair.From, pair.Limits) = (pair.From with { Settings = settings }, pair.Limits with { SpillBytes = 4096 });
        var (commits, rollsBack) = ($"{pair.Feed.Slot}_a", $"{pair.Feed.Slot}_b");
        try
        {
            await pair.Source.ExecuteAsync($"begin; insert into t select i, 'p' || i, repeat('v', 3000) from generate_series(100, 400) i; savepoint s; insert into nokey values ('undone'); rollback to s; insert into nokey values ('kept'); prepare transaction '{commits}'");
            await pair.Source.ExecuteAsync($"begin; delete from t where id < 5; insert into nokey values ('never'); prepare transaction '{rollsBack}'");
            await pair.Source.ExecuteAsync("insert into nokey values ('between')");
            await pair.CatchUpAsync();
            Assert.Equal("between", Assert.Single(await pair.Target.QueryAsync("select v from nokey where v <> 'a'")));
            Assert.Equal("10", (await pair.Target.QueryAsync("select count(*) from t"))[0]);
        }
        finally
        {
            await pair.Source.ExecuteAsync($"commit prepared '{commits}'");
            await pair.Source.ExecuteAsync($"rollback prepared '{rollsBack}'");
        }
        await pair.Source.ExecuteAsync("insert into nokey values ('after')");
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
        Assert.Equal("311", (await pair.Target.QueryAsync("select count(*) from t"))[0]);
        Assert.DoesNotContain(pair.Found, f => f.Code == "follow-conflict");
    }

    [Fact]
    public async Task A_slot_that_is_gone_or_was_moved_stops()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        await pair.Source.ExecuteAsync("insert into nokey values ('lost')");
        var lost = (await pair.Source.QueryAsync("select pg_current_wal_insert_lsn()"))[0];
        // A slot advances no further than what is flushed, and this server flushes when it likes.
        await pair.Source.WaitForAsync($"select (end_lsn >= '{lost}')::text from pg_replication_slot_advance('{pair.Feed.Slot}', pg_current_wal_flush_lsn())", "true");
        Assert.Equal("follow-gap", await CodeAsync(pair));
        await pair.Source.ExecuteAsync($"select pg_drop_replication_slot('{pair.Feed.Slot}')");
        Assert.Equal("follow-slot-lost", await CodeAsync(pair));
        Assert.Equal("0", (await pair.Source.QueryAsync("select count(*) from pg_replication_slots where database = current_database()"))[0]);
    }

    [Fact]
    public async Task Identities_come_back_however_often_the_tables_were_published()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        const string identity = "select relreplident::text from pg_class where oid = 'nokey'::regclass";
        var arming = new SlotOrigin(pair.From, pair.Feed);
        await arming.PublishAsync(await pair.TablesAsync(), StreamPair.Token);
        Assert.Equal("f", (await pair.Source.QueryAsync(identity))[0]);
        await arming.DropAsync(StreamPair.Token);
        Assert.Equal("d", (await pair.Source.QueryAsync(identity))[0]);

        await using (var reader = await pair.Source.ConnectAsync())
        {
            await using var read = new NpgsqlCommand("begin; select * from nokey", reader);
            await read.ExecuteNonQueryAsync(StreamPair.Token);
            var refused = await Assert.ThrowsAsync<GodwitException>(async () => await arming.PublishAsync(await pair.TablesAsync(), StreamPair.Token));
            Assert.Equal("follow-table-locked", refused.Code);
        }
        Assert.Equal(["d", "0"], [(await pair.Source.QueryAsync(identity))[0]!, (await pair.Source.QueryAsync($"select count(*) from pg_publication where pubname = '{pair.Feed.Publication}'"))[0]!]);
    }

    [Fact]
    public async Task Writes_to_other_tables_let_the_slot_go_on()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        await pair.Source.ExecuteAsync("create table unpublished (v text); insert into unpublished select repeat('x', 1000) from generate_series(1, 3000)");
        var before = (await pair.Source.QueryAsync("select pg_current_wal_lsn()"))[0];
        using var stop = new CancellationTokenSource();
        var follow = pair.FollowAsync(null, stop.Token);
        await pair.Source.WaitForAsync($"select (confirmed_flush_lsn >= '{before}')::text from pg_replication_slots where slot_name = '{pair.Feed.Slot}'", "true");
        await stop.CancelAsync();
        Assert.Equal(0, (await follow).Changes);
        Assert.Equal("true", (await pair.Target.QueryAsync($"select (applied >= '{before}'::pg_lsn - '0/0')::text from godwit.stream"))[0]);
    }

    [Fact]
    public async Task What_is_told_as_durable_is_on_the_disk_where_the_target_would_not_wait_for_it()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        await pair.Target.ExecuteAsync($"""
            alter database "{pair.Target.Settings.Database}" set synchronous_commit = off;
            create table seen (setting text); create function note() returns trigger language plpgsql as $$ begin insert into public.seen values (current_setting('synchronous_commit')); return null; end $$;
            create constraint trigger note after insert on nokey deferrable initially deferred for each row execute function note(); alter table nokey enable always trigger note
            """);
        await pair.Source.ExecuteAsync("insert into nokey values ('x')");
        await pair.CatchUpAsync();
        // As it is when the transaction ends.
        Assert.Equal(["local"], await pair.Target.QueryAsync("select setting from seen"));
    }

    [Fact]
    public async Task A_writer_that_waits_for_a_lock_is_not_waited_for_when_stopped()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        await using var holder = await pair.Target.ConnectAsync();
        await using (var hold = new NpgsqlCommand("begin; lock table nokey", holder)) await hold.ExecuteNonQueryAsync(StreamPair.Token);
        using var stop = new CancellationTokenSource();
        var follow = pair.FollowAsync(null, stop.Token);
        await pair.Source.ExecuteAsync("insert into nokey values ('waits')");
        await pair.Target.WaitForAsync("select (count(*) > 0)::text from pg_stat_activity where application_name = 'godwit follow' and datname = current_database() and wait_event_type = 'Lock'", "true");
        await stop.CancelAsync();
        await follow.WaitAsync(TimeSpan.FromSeconds(30), StreamPair.Token);
        await pair.Target.WaitForAsync("select (count(*) = 0)::text from pg_stat_activity where application_name = 'godwit follow' and datname = current_database() and wait_event_type = 'Lock'", "true");
        await using (var release = new NpgsqlCommand("rollback", holder)) await release.ExecuteNonQueryAsync(StreamPair.Token);
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task Every_connection_may_be_cut_at_any_time()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, PgWriter.Schema);
        using var stop = new CancellationTokenSource();
        var follow = pair.FollowAsync(null, stop.Token);
        var writers = Enumerable.Range(0, 2).Select(i => new PgWriter(pair.Source, 900 + i).WriteAsync(60, StreamPair.Token)).ToList();
        var random = new Random(4);
        var cut = 0;
        while (!Task.WhenAll(writers).IsCompleted || cut == 0)
        {
            var side = random.Next(2) == 0 ? pair.Source : pair.Target;
            cut += (await side.QueryAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'godwit%' order by random() limit 1")).Count;
            await Task.Delay(random.Next(100), StreamPair.Token);
        }
        await Task.WhenAll(writers);
        await stop.CancelAsync();
        await follow;
        Assert.True(cut > 0);
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
        Assert.DoesNotContain(pair.Found, f => f.Code == "follow-conflict");
    }

    [Fact]
    public async Task What_came_by_the_other_stream_does_not_go_back()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        // By itself: a server of version 14 does not know, at the beginning of a transaction, what is made in it.
        await pair.Source.ExecuteAsync($"select pg_replication_origin_create('{pair.Feed.Skip}')");
        await pair.Source.ExecuteAsync($"select pg_replication_origin_session_setup('{pair.Feed.Skip}'); begin; insert into nokey values ('from there'); commit; select pg_replication_origin_session_reset()");
        await pair.Source.ExecuteAsync("insert into nokey values ('from here')");
        Assert.Equal(1, (await pair.CatchUpAsync()).Changes);
        Assert.Equal(["a", "a", "from here"], await pair.Target.QueryAsync("select v from nokey order by 1"));
        Assert.Equal("1", (await pair.Target.QueryAsync("select dropped from godwit.stream"))[0]);
    }

    [Fact]
    public async Task A_role_that_may_not_is_told_so()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("create table t (id int primary key)");
        var role = $"godwit_plain_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"create role {role} login password 'plain'");
        try
        {
            var settings = database.Settings.ToBuilder();
            (settings.Username, settings.Password) = (role, "plain");
            async Task<string> TryAsync() => (await Assert.ThrowsAsync<GodwitException>(() => new SlotOrigin(new(settings, "the source", "source"), StreamFeed.Forward("plain")).PublishAsync([new("public", "t")], StreamPair.Token))).Code;
            Assert.Equal("follow-no-replication", await TryAsync());
            await database.ExecuteAsync($"alter role {role} replication");
            Assert.Equal("follow-no-publication", await TryAsync());
            await database.ExecuteAsync($"grant create on database {database.Settings.Database} to {role}");
            Assert.Equal("follow-not-owner", await TryAsync());
        }
        finally
        {
            await database.ExecuteAsync($"drop owned by {role}; drop role {role}");
        }
    }
}
