using System.Globalization;
using Godwit.Cutover;
using Godwit.IntegrationTests.Pairs;
using Godwit.Verify;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>From PostgreSQL to PostgreSQL while an application writes: follow, cut over, go back, cut over again, finish.</summary>
public sealed class PairJourneyTests(PostgresFixture postgres)
{
    internal static readonly MigrationOptions Options = new() { Jobs = 2, Follow = true };
    private static readonly SwitchOptions How = new(null, [], null, VerifyMode.Full);

    internal const string Schema = """
        create table t (id bigint generated always as identity primary key, v text);
        create table nokey (v text);
        create sequence loose start 100;
        create table part (id int, k int, primary key (id, k)) partition by list (k);
        create table part_1 partition of part for values in (1);
        create table part_2 partition of part for values in (2);
        insert into t (v) select 'v' || i from generate_series(1, 100) i;
        insert into nokey values ('a'), ('a');
        insert into part values (1, 1), (2, 2);
        """;

    private Task<Pair> FollowedAsync(MigrationOptions? options = null) => FollowedAsync(postgres, options);

    internal static async Task<Pair> FollowedAsync(PostgresFixture postgres, MigrationOptions? options = null)
    {
        var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Schema);
        await pair.MigrateAsync(options ?? Options);
        await pair.SourceAsync("insert into t (v) values ('followed'); delete from t where id = 1; update part set k = 2 where id = 1; delete from nokey where ctid = (select min(ctid) from nokey); select nextval('loose')");
        return pair;
    }

    internal static async Task<FollowResult> FollowAsync(Pair pair, CancellationToken? stop = null, bool once = true, Action<MigrationEvent>? on = null, MigrationOptions? options = null)
    {
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(5);
        return await new Following(TimeProvider.System).RunAsync(source, target, options ?? Options, once, new FollowTests.Listener(on), stop ?? Pair.Token);
    }

    internal static async Task<CutoverResult> SwitchAsync(Pair pair, SwitchOptions? how = null, bool back = false, Action<StepTime>? on = null, CancellationToken? ct = null, Action<Finding>? found = null, MigrationOptions? options = null)
    {
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(8);
        var cutting = new CuttingOver(TimeProvider.System) { Found = found ?? (_ => { }) };
        return back ? await cutting.RollbackAsync(source, target, options ?? Options, how ?? How, on ?? (_ => { }), ct ?? Pair.Token) : await cutting.CutoverAsync(source, target, options ?? Options, how ?? How, on ?? (_ => { }), ct ?? Pair.Token);
    }

    private static async Task FinishAsync(Pair pair, bool abandon = false)
    {
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(5);
        await new CuttingOver(TimeProvider.System).FinishAsync(source, target, Options, abandon, Pair.Token);
    }

    private static async Task AssertEqualAsync(Pair pair)
    {
        foreach (var table in new[] { "t", "nokey", "part", "part_1", "part_2" })
        {
            var sql = $"select x::text from {table} x order by x::text collate \"C\"";
            Assert.Equal(await pair.Source.QueryAsync(sql), await pair.Target.QueryAsync(sql));
        }
    }

    private static async Task<string> RefusalAsync(TestDatabase database, string sql) => (await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync(sql))).SqlState;

    [Fact]
    public async Task What_is_written_during_and_after_the_copy_arrives()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Schema);
        await pair.MigrateAsync(Options, e => { if (e is MigrationEvent.StageStarted { Stage: Stage.Copy }) pair.SourceAsync("insert into t (v) values ('during'); update t set v = 'changed' where id < 5; delete from nokey").GetAwaiter().GetResult(); });
        await pair.SourceAsync("insert into t (v) values ('after')");
        Assert.True((await FollowAsync(pair)).Changes >= 7);
        await AssertEqualAsync(pair);
        Assert.Equal("2", (await pair.Target.QueryAsync("select count(*) from t where v in ('during', 'after')"))[0]);
    }

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public async Task Over_and_back_and_over_again_loses_nothing_and_leaves_nothing(FollowMethod method)
    {
        var options = Options with { FollowMethod = method };
        await using var pair = await FollowedAsync(options);
        var over = await SwitchAsync(pair, options: options);
        Assert.Equal(Verdict.Equal, over.Verification!.Verdict);
        Assert.True(over.Outage > TimeSpan.Zero);
        await AssertEqualAsync(pair);
        foreach (var sql in new[] { "insert into t (v) values ('stray')", "update part_2 set k = 2", "delete from nokey", "truncate part", "set session_replication_role = replica; delete from t" }) Assert.Equal("25006", await RefusalAsync(pair.Source, sql));
        // The sequences went along: no number comes twice.
        Assert.Equal("102", (await pair.Target.QueryAsync("insert into t (v) values ('new side') returning id"))[0]);
        Assert.Equal("101", (await pair.Target.QueryAsync("select nextval('loose')"))[0]);
        await pair.TargetAsync("update t set v = 'there' where id = 2; insert into part values (9, 1); insert into nokey values ('a')");

        await SwitchAsync(pair, back: true, options: options);
        await AssertEqualAsync(pair);
        Assert.Equal("25006", await RefusalAsync(pair.Target, "insert into t (v) values ('stray')"));
        Assert.Equal("103", (await pair.Source.QueryAsync("insert into t (v) values ('home again') returning id"))[0]);
        await FollowAsync(pair);
        await AssertEqualAsync(pair);

        await SwitchAsync(pair, options: options);
        await pair.TargetAsync("insert into t (v) values ('there again')");
        Assert.True((await FollowAsync(pair)).IsBack);
        await AssertEqualAsync(pair);
        await FinishAsync(pair);
        foreach (var side in new[] { pair.Source, pair.Target })
        {
            Assert.Equal("0", (await side.QueryAsync("select count(*) from pg_replication_slots where database = current_database()"))[0]);
            Assert.Equal("0", (await side.QueryAsync("select count(*) from pg_publication"))[0]);
            Assert.Empty(await side.QueryAsync("select tgrelid::regclass || ' ' || tgname from pg_trigger where tgname like '!godwit%'"));
        }
        foreach (var side in new[] { pair.Source, pair.Target }) Assert.Equal("d", (await side.QueryAsync("select relreplident::text from pg_class where relname = 'nokey'"))[0]);
        await pair.TargetAsync("insert into t (v) values ('free')");
        Assert.Equal("25006", await RefusalAsync(pair.Source, "delete from t"));
    }

    [Theory]
    [InlineData("fence")]
    [InlineData("drain")]
    [InlineData("verify")]
    [InlineData("arm the way back")]
    public async Task Interrupted_before_the_switch_it_undoes_itself(string step)
    {
        await using var pair = await FollowedAsync();
        using var interrupt = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SwitchAsync(pair, on: s => { if (s.Step == step) interrupt.Cancel(); }, ct: interrupt.Token));
        await pair.SourceAsync("insert into t (v) values ('goes on')");
        await SwitchAsync(pair);
        await AssertEqualAsync(pair);
    }

    [Fact]
    public async Task A_difference_or_a_failing_switch_takes_the_fence_away()
    {
        await using var pair = await FollowedAsync();
        await pair.TargetAsync("set session_replication_role = replica; update t set v = 'tampered' where id = 50");
        Assert.Equal("cutover-differs", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(pair))).Code);
        await pair.SourceAsync("update t set v = 'put right' where id = 50");
        Assert.Equal("on-switch-failed", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(pair, How with { OnSwitch = "exit 3" }))).Code);
        await pair.SourceAsync("insert into t (v) values ('goes on')");
        Assert.Equal(Verdict.Equal, (await SwitchAsync(pair, How with { OnSwitch = "exit 0" })).Verification!.Verdict);
    }

    [Fact]
    public async Task Without_a_way_back_the_new_side_takes_no_writes_before_the_switch_is_decided()
    {
        await using var pair = await FollowedAsync();
        var (how, tried) = (How with { NoWayBack = true }, "");
        void ComeUpEarly(StepTime step)
        {
            if (step.Step == "arm the way back") tried = RefusalAsync(pair.Target, "insert into t (v) values ('early')").GetAwaiter().GetResult();
        }
        Assert.Equal("on-switch-failed", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(pair, how with { OnSwitch = "exit 3" }, on: ComeUpEarly))).Code);
        Assert.Equal("25006", tried);
        // It may have come up there all the same.
        Assert.Equal("25006", await RefusalAsync(pair.Target, "insert into t (v) values ('late')"));
        await pair.SourceAsync("insert into t (v) values ('goes on')");
        await SwitchAsync(pair, how, on: ComeUpEarly);
        await AssertEqualAsync(pair);
        await pair.TargetAsync("insert into t (v) values ('open')");
    }

    [Fact]
    public async Task Without_a_way_back_a_cutover_that_fails_before_its_switch_leaves_the_new_side_as_it_was()
    {
        await using var pair = await FollowedAsync();
        await pair.TargetAsync("set session_replication_role = replica; update t set v = 'tampered' where id = 50");
        Assert.Equal("cutover-differs", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(pair, How with { NoWayBack = true }))).Code);
        await pair.TargetAsync("update t set v = 'v50' where id = 50");
        await SwitchAsync(pair, How with { NoWayBack = true });
    }

    /// <summary>Sessions that began behind the fence are read-only as long as they live: an application that kept them could not write after it.</summary>
    [Fact]
    public async Task No_session_stays_read_only_after_a_fence()
    {
        await using var pair = await FollowedAsync();
        NpgsqlConnection? session = null;
        void Connect(StepTime step, string at, TestDatabase to)
        {
            if (step.Step == at) session = to.ConnectAsync().GetAwaiter().GetResult();
        }
        async Task<string?> WriteAsync()
        {
            await using var command = new NpgsqlCommand("insert into t (v) values ('kept session')", session);
            try
            {
                await command.ExecuteNonQueryAsync(Pair.Token);
                return null;
            }
            catch (NpgsqlException e)
            {
                return (e as PostgresException)?.SqlState ?? "broken";
            }
        }
        Assert.Equal("on-switch-failed", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(pair, How with { OnSwitch = "exit 3" }, on: s => Connect(s, "drain", pair.Source)))).Code);
        Assert.Contains(await WriteAsync(), new[] { "57P01", "broken" });
        await session!.DisposeAsync();
        await SwitchAsync(pair);

        // As an application that --on-switch has started.
        await SwitchAsync(pair, back: true, on: s => Connect(s, "switch back", pair.Source));
        Assert.Null(await WriteAsync());
        await session.DisposeAsync();

        await SwitchAsync(pair, on: s => Connect(s, "switch", pair.Target));
        Assert.Null(await WriteAsync());
        await session.DisposeAsync();
    }

    /// <summary>As when the journal cannot be written at that moment.</summary>
    private static string Refuse(string state) =>
        $"create function refuse() returns trigger language plpgsql as 'begin raise exception ''not now''; end'; create trigger refuse before update on godwit.follow for each row when (new.state = '{state}') execute function refuse()";

    private const string Allow = "drop trigger refuse on godwit.follow; drop function refuse()";

    [Theory]
    [InlineData("rolling back")]
    [InlineData("rolled back")]
    public async Task A_rollback_that_fails_at_or_after_its_decision_opens_no_second_side_and_loses_nothing_when_gone_on_with(string state)
    {
        await using var pair = await FollowedAsync();
        await SwitchAsync(pair);
        await pair.TargetAsync("insert into t (v) values ('there')");
        await pair.TargetAsync(Refuse(state));
        await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(pair, back: true));
        Assert.Equal("25006", await RefusalAsync(pair.Target, "insert into t (v) values ('lost')"));
        // Open already: what the application writes is skipped by no second run.
        if (state == "rolled back") await pair.SourceAsync("insert into t (v) values ('home between the runs')");
        await pair.TargetAsync("set default_transaction_read_only = off; " + Allow);
        await SwitchAsync(pair, back: true);
        await pair.SourceAsync("insert into t (v) values ('home')");
        await FollowAsync(pair);
        await AssertEqualAsync(pair);
        Assert.Equal(state == "rolled back" ? "3" : "2", (await pair.Target.QueryAsync("select count(*) from t where v in ('there', 'home', 'home between the runs')"))[0]);
    }

    [Fact]
    public async Task A_failed_switch_that_cannot_be_taken_back_in_the_journal_leaves_the_old_side_fenced()
    {
        await using var pair = await FollowedAsync();
        await pair.TargetAsync(Refuse("stopped"));
        Assert.Equal("cutover-undo-failed", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(pair, How with { OnSwitch = "exit 3" }))).Code);
        Assert.Equal("25006", await RefusalAsync(pair.Source, "insert into t (v) values ('lost')"));
        await pair.TargetAsync("set default_transaction_read_only = off; " + Allow);
        await SwitchAsync(pair);
        await pair.TargetAsync("insert into t (v) values ('there')");
        await SwitchAsync(pair, back: true);
        await AssertEqualAsync(pair);
    }

    [Fact]
    public async Task What_is_left_of_an_earlier_way_back_is_none()
    {
        await using var pair = await FollowedAsync();
        await SwitchAsync(pair);
        await SwitchAsync(pair, back: true);
        await SwitchAsync(pair, How with { NoWayBack = true });
        await pair.TargetAsync("insert into t (v) values ('there')");
        Assert.Equal("rollback-would-lose", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(pair, back: true))).Code);
        await pair.TargetAsync("insert into t (v) values ('goes on')");
    }

    [Fact]
    public async Task Under_writers_nothing_is_lost_between_fence_and_switch_and_on_the_way_back()
    {
        await using var pair = await FollowedAsync();
        await using var idle = await pair.Source.ConnectAsync();
        var there = Writers(pair.Source, 0);
        await pair.Source.WaitForAsync("select (count(*) > 20)::text from t where v like 'w%'", "true");
        // One that sits on its locks: it may not hold the fence up for ever. Begun late, for it would hold up the slot too, which is on the same server here.
        await SwitchAsync(pair, on: s =>
        {
            if (s.Step != "make the way back") return;
            using var command = new NpgsqlCommand("begin; update t set v = 'never committed' where id = 3", idle);
            command.ExecuteNonQuery();
        });
        var written = await there;
        Assert.Equal(written, await CountsAsync(pair.Target, 0));

        var here = Writers(pair.Target, 3);
        await pair.Target.WaitForAsync("select (count(*) > 20)::text from t where v like 'w3-%'", "true");
        await SwitchAsync(pair, back: true);
        Assert.Equal(await here, await CountsAsync(pair.Source, 3));
        Assert.Equal(written, await CountsAsync(pair.Source, 0));
    }

    [Fact]
    public async Task The_end_leaves_alone_what_another_migration_has_at_the_old_side_and_waits_for_a_decision()
    {
        await using var pair = await FollowedAsync();
        await pair.SourceAsync("create schema godwit; create table godwit.run (id int)");
        foreach (var (state, code) in new[] { ("switching", "cutover-unfinished"), ("rolling back", "rollback-unfinished") })
        {
            await pair.TargetAsync($"update godwit.follow set state = '{state}'");
            Assert.Equal(code, (await Assert.ThrowsAsync<GodwitException>(() => FinishAsync(pair, abandon: true))).Code);
        }
        await pair.TargetAsync("update godwit.follow set state = 'stopped'");
        await FinishAsync(pair, abandon: true);
        Assert.Equal(["run"], await pair.Source.QueryAsync("select relname from pg_class where relnamespace = 'godwit'::regnamespace"));
    }

    /// <summary>Each inserts until it is refused; returns how many of each were committed.</summary>
    private static async Task<int[]> Writers(TestDatabase database, int first) => await Task.WhenAll(Enumerable.Range(first, 3).Select(w => Task.Run(async () =>
    {
        var written = 0;
        await using var connection = await database.ConnectAsync();
        while (true)
        {
            try
            {
                await using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"insert into t (v) values ('w{w}-{written}')"), connection);
                await command.ExecuteNonQueryAsync(Pair.Token);
                written++;
            }
            catch (NpgsqlException)
            {
                // Refused, or its session was ended: between the commit and its answer there is no telling here, so a statement that failed is asked for by the count.
                return written;
            }
        }
    })));

    private static async Task<int[]> CountsAsync(TestDatabase database, int first)
    {
        var counts = new List<int>();
        for (var w = first; w < first + 3; w++) counts.Add(int.Parse((await database.QueryAsync($"select count(*) from t where v like 'w{w}-%'"))[0]!, CultureInfo.InvariantCulture));
        return [.. counts];
    }

    /// <summary>A role that may not replicate is followed by triggers, there and back, as it is for hosted databases.</summary>
    [Fact]
    public async Task A_role_that_may_not_replicate_is_followed_by_triggers()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        var owner = await pair.RoleAsync("owner", "login password 'x'");
        await pair.SourceAsync(Schema);
        await pair.SourceAsync($"""
            do $$ declare t record; begin
              execute format('alter database %I owner to %I', current_database(), '{owner}');
              for t in select c.oid::regclass as n from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') loop execute format('alter table %s owner to %I', t.n, '{owner}'); end loop;
              alter sequence loose owner to "{owner}";
              alter schema public owner to "{owner}";
            end $$
            """);
        var url = $"postgres://{owner}:x@{pair.Source.Settings.Host}:{pair.Source.Settings.Port}/{pair.Source.Settings.Database}?sslmode=disable";
        var result = await pair.MigrateAsync(Options with { Platform = new() { KeepOwners = false } }, from: url);
        Assert.Contains(result.Findings, f => f.Code == "follow-by-triggers");
        // Who may write to a table, and nothing else, makes notes all the same.
        var writer = await pair.RoleAsync("writer");
        await pair.SourceAsync($"grant insert on nokey to \"{writer}\"; set role \"{writer}\"; insert into nokey values ('by a stranger'); reset role");
        await pair.SourceAsync("insert into t (v) values ('by triggers'); update part set k = 2 where id = 1");
        await using var source = await EngineRegistry.OpenAsync(url, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(8);
        await new Following(TimeProvider.System).RunAsync(source, target, Options, true, new FollowTests.Listener(null), Pair.Token);
        await AssertEqualAsync(pair);
        await using (var connection = await pair.Target.ConnectAsync()) Assert.Equal(0, (await Journal.StreamStatus.ReadAsync(connection, Pair.Token))!.LagBytes);
        var cutting = new CuttingOver(TimeProvider.System);
        Assert.Equal("source-cannot-follow-back", (await Assert.ThrowsAsync<GodwitException>(() => cutting.CutoverAsync(source, target, Options, How, _ => { }, Pair.Token))).Code);
    }
}
