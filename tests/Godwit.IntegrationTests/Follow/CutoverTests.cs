using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.IntegrationTests.Migrating;
using Godwit.Journal;
using Godwit.Verify;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

public sealed class CutoverTests(PostgresFixture postgres) : IDisposable
{
    private static readonly MigrationOptions Options = new() { Jobs = 2, Follow = true };
    private readonly string _folder = Directory.CreateTempSubdirectory("godwit-cutover-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private SwitchOptions How(string? onSwitch = null, VerifyMode? verify = VerifyMode.Full) => new(Path.Combine(_folder, ".env"), [new("USE_SUPABASE", "false"), new("DATABASE_URL", "$NEW_URL")], onSwitch, verify);

    private const string Env = "# settings\nUSE_SUPABASE=true\nDATABASE_URL=sqlite:///app.db\nNEW_URL=postgres://new\n";

    private async Task<Scenario> FollowedAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, ".env"), Env, Scenario.Token);
        var scenario = await Scenario.CreateAsync(postgres, """
            pragma journal_mode = wal; create table t (id integer primary key autoincrement, u text unique); insert into t (u) values ('a'), ('b'), ('gone'); create table nokey (v text);
            """);
        await scenario.MigrateAsync(Options);
        Write(scenario, "insert into t (u) values ('c'), ('last'); delete from t where u = 'last'; insert into nokey values ('n')");
        return scenario;
    }

    private static async Task<CutoverResult> RunAsync(Scenario scenario, SwitchOptions how, bool back = false, Action<StepTime>? on = null, CancellationToken? ct = null)
    {
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        var cutting = new CuttingOver(TimeProvider.System);
        return back ? await cutting.RollbackAsync(source, target, Options, how, on ?? (_ => { }), ct ?? Scenario.Token)
            : await cutting.CutoverAsync(source, target, Options, how, on ?? (_ => { }), ct ?? Scenario.Token);
    }

    private static void Write(Scenario scenario, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string Refusal(Scenario scenario, string sql) => Assert.Throws<SqliteException>(() => Write(scenario, sql)).Message;

    [Fact]
    public async Task Switches_with_everything_there_and_every_old_writer_refused()
    {
        await using var scenario = await FollowedAsync();

        var result = await RunAsync(scenario, How());

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.True(result.Outage > TimeSpan.Zero);
        Assert.Equal("a,b,gone,c", await scenario.AskAsync<string>("select string_agg(u, ',' order by id) from t"));
        // 'last' had key 5: SQLite would give 6 next.
        Assert.Equal(6, await scenario.AskAsync<long>("insert into t (u) values ('new side') returning id"));
        foreach (var sql in new[] { "insert into t (u) values ('x')", "update t set u = 'y' where id = 1", "delete from t where id = 1", "replace into t values (1, 'z')", "insert into nokey values ('x')", "delete from nokey" })
            Assert.Contains("godwit", Refusal(scenario, sql));
        Assert.Equal("# settings\nUSE_SUPABASE=false\nDATABASE_URL=postgres://new\nNEW_URL=postgres://new\n", await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token));
    }

    [Fact]
    public async Task A_difference_takes_the_fence_away_and_switches_nothing()
    {
        await using var scenario = await FollowedAsync();
        await scenario.DoAsync("update t set u = 'tampered' where id = 1");

        var failure = await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How()));

        Assert.Equal("cutover-differs", failure.Code);
        Write(scenario, "insert into t (u) values ('goes on')");
        Assert.Equal(Env, await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token));
    }

    [Fact]
    public async Task A_failing_switch_command_takes_everything_back()
    {
        await using var scenario = await FollowedAsync();

        Assert.Equal("on-switch-failed", (await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How("exit 7")))).Code);

        Write(scenario, "insert into t (u) values ('goes on')");
        Assert.Equal(Env, await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token));
        Assert.Equal(Verdict.Equal, (await RunAsync(scenario, How("exit 0"))).Verification!.Verdict);
        Assert.Equal("goes on", await scenario.AskAsync<string>("select u from t order by id desc limit 1"));
    }

    [Theory]
    [InlineData("fence")]
    [InlineData("drain")]
    [InlineData("verify")]
    public async Task Interrupted_before_the_switch_it_undoes_itself(string step)
    {
        await using var scenario = await FollowedAsync();
        using var interrupt = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(scenario, How(), on: s => { if (s.Step == step) interrupt.Cancel(); }, ct: interrupt.Token));

        Write(scenario, "insert into t (u) values ('goes on')");
        Assert.Equal(Env, await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token));
    }

    [Fact]
    public async Task Rolls_back_and_forward_again()
    {
        await using var scenario = await FollowedAsync();
        await RunAsync(scenario, How());

        await RunAsync(scenario, How(), back: true);

        Assert.Equal(Env, await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => scenario.DoAsync("insert into t (u) values ('stray')"));
        Assert.Equal("25006", refused.SqlState);
        Write(scenario, "insert into t (u) values ('back home')");
        Assert.True((await FollowTests.CatchUpAsync(scenario)).Changes > 0);
        Assert.Equal(Verdict.Equal, (await RunAsync(scenario, How())).Verification!.Verdict);
        await scenario.DoAsync("insert into t (u) values ('forward again')");
    }

    [Fact]
    public async Task A_rollback_that_would_lose_a_row_is_refused_and_leaves_the_new_side_in_use()
    {
        await using var scenario = await FollowedAsync();
        await RunAsync(scenario, How() with { NoWayBack = true });
        await scenario.DoAsync("insert into t (u) values ('written after the switch')");

        Assert.Equal("rollback-would-lose", (await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How(), back: true))).Code);

        await scenario.DoAsync("insert into t (u) values ('and another')");
        Assert.Contains("godwit", Refusal(scenario, "delete from t"));
    }

    [Fact]
    public async Task A_failing_command_of_a_rollback_leaves_the_new_side_in_use()
    {
        await using var scenario = await FollowedAsync();
        await RunAsync(scenario, How());
        var switched = await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token);

        Assert.Equal("on-switch-failed", (await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How("exit 7"), back: true))).Code);

        Assert.Equal(switched, await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token));
        await scenario.DoAsync("insert into t (u) values ('goes on')");
        await RunAsync(scenario, How(), back: true);
        Assert.Equal(Env, await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token));
        Assert.Equal([Path.Combine(_folder, ".env")], Directory.GetFiles(_folder));
    }

    /// <summary>As when the journal cannot be written at that moment.</summary>
    private static string Refuse(string state) =>
        $"create function refuse() returns trigger language plpgsql as 'begin raise exception ''not now''; end'; create trigger refuse before update on godwit.follow for each row when (new.state = '{state}') execute function refuse()";

    private const string Allow = "drop trigger refuse on godwit.follow; drop function refuse()";

    [Theory]
    [InlineData("rolling back")]
    [InlineData("rolled back")]
    public async Task A_rollback_that_fails_at_or_after_its_decision_opens_no_second_side_and_is_gone_on_with(string state)
    {
        await using var scenario = await FollowedAsync();
        await RunAsync(scenario, How());
        await scenario.DoAsync("insert into t (u) values ('there')");
        await scenario.DoAsync(Refuse(state));

        var failure = await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How(), back: true));
        Assert.Contains("stands", failure.Hint);

        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => scenario.DoAsync("insert into t (u) values ('lost')"))).SqlState);
        Assert.Equal(Env, await File.ReadAllTextAsync(Path.Combine(_folder, ".env"), Scenario.Token));
        await scenario.DoAsync(Allow);
        await RunAsync(scenario, How(), back: true);
        Write(scenario, "insert into t (u) values ('home'); update t set u = 'was there' where u = 'there'");
        Assert.Equal(Verdict.Equal, (await RunAsync(scenario, How())).Verification!.Verdict);
        Assert.Equal(2, await scenario.AskAsync<long>("select count(*) from t where u in ('home', 'was there')"));
    }

    [Fact]
    public async Task A_failed_switch_that_cannot_be_taken_back_in_the_journal_leaves_the_source_fenced()
    {
        await using var scenario = await FollowedAsync();
        await scenario.DoAsync(Refuse("stopped"));

        Assert.Equal("cutover-undo-failed", (await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How("exit 7")))).Code);

        Assert.Contains("godwit", Refusal(scenario, "insert into t (u) values ('lost')"));
        await scenario.DoAsync(Allow);
        Assert.Equal(Verdict.Equal, (await RunAsync(scenario, How())).Verification!.Verdict);
        await scenario.DoAsync("insert into t (u) values ('there')");
        await RunAsync(scenario, How(), back: true);
        Write(scenario, "update t set u = 'was there' where u = 'there'");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_source_that_stopped_behind_its_fence_is_cut_over_or_opened(bool back)
    {
        await using var scenario = await FollowedAsync();
        await using (var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token))
        {
            await using var snapshot = await source.OpenSnapshotAsync(1, Scenario.Token);
            var schema = await snapshot.InspectAsync(Scenario.Token);
            await snapshot.DisposeAsync();
            await source.Changes!.FenceAsync(schema, "godwit: test", () => { }, Scenario.Token);
        }
        Assert.Equal("stopped", await scenario.AskAsync<string>("select state from godwit.follow"));
        await FollowTests.CatchUpAsync(scenario);

        await RunAsync(scenario, How(), back);

        if (back) Write(scenario, "insert into t (u) values ('goes on')");
        else await scenario.DoAsync("insert into t (u) values ('goes on')");
    }

    [Fact]
    public async Task After_a_failed_switch_an_application_that_came_up_all_the_same_writes_nothing_that_would_be_lost()
    {
        await using var scenario = await FollowedAsync();

        Assert.Equal("on-switch-failed", (await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How("exit 7")))).Code);

        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => scenario.DoAsync("insert into t (u) values ('lost')"))).SqlState);
        Write(scenario, "insert into t (u) values ('goes on')");
        await FollowTests.CatchUpAsync(scenario);
        await RunAsync(scenario, How());
        await scenario.DoAsync("insert into t (u) values ('there')");
    }

    [Fact]
    public async Task Without_a_way_back_the_new_side_takes_no_writes_before_the_switch_is_decided()
    {
        await using var scenario = await FollowedAsync();
        var tried = "";
        void ComeUpEarly(StepTime step)
        {
            if (step.Step == "record the way back") tried = Assert.Throws<PostgresException>(() => scenario.DoAsync("insert into t (u) values ('early')").GetAwaiter().GetResult()).SqlState;
        }
        Assert.Equal("on-switch-failed", (await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How("exit 7") with { NoWayBack = true }, on: ComeUpEarly))).Code);
        Assert.Equal("25006", tried);
        // It may have come up there all the same.
        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => scenario.DoAsync("insert into t (u) values ('late')"))).SqlState);
        Write(scenario, "insert into t (u) values ('goes on')");
        await RunAsync(scenario, How() with { NoWayBack = true }, on: ComeUpEarly);
        await scenario.DoAsync("insert into t (u) values ('open')");
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from t where u in ('early', 'late')"));
    }

    [Fact]
    public async Task A_fence_that_a_killed_cutover_left_is_taken_away_by_rollback()
    {
        await using var scenario = await FollowedAsync();
        await using (var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token))
        {
            await using var snapshot = await source.OpenSnapshotAsync(1, Scenario.Token);
            var schema = await snapshot.InspectAsync(Scenario.Token);
            await snapshot.DisposeAsync();
            await source.Changes!.FenceAsync(schema, "godwit: test", () => { }, Scenario.Token);
        }
        Assert.Contains("godwit", Refusal(scenario, "delete from t"));

        await RunAsync(scenario, How(), back: true);

        Write(scenario, "insert into t (u) values ('goes on')");
        Assert.Equal("nothing-to-roll-back", (await Assert.ThrowsAsync<GodwitException>(() => RunAsync(scenario, How(), back: true))).Code);
    }

    [Fact]
    public async Task Finish_is_refused_before_the_cutover_and_cleans_the_source_after_it()
    {
        await using var scenario = await FollowedAsync();
        Assert.Equal("not-switched", (await Assert.ThrowsAsync<GodwitException>(() => FinishAsync(scenario, abandon: false))).Code);
        await RunAsync(scenario, How());

        await FinishAsync(scenario, abandon: false);

        using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select count(*) from sqlite_schema where name like '%godwit%'";
        Assert.Equal(0L, command.ExecuteScalar());
    }

    private static async Task FinishAsync(Scenario scenario, bool abandon)
    {
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        await new CuttingOver(TimeProvider.System).FinishAsync(source, target, Options, abandon, Scenario.Token);
    }

    [Fact]
    public async Task Under_writers_nothing_is_lost_between_fence_and_switch()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "pragma journal_mode = wal; create table t (id integer primary key, writer integer, n integer)");
        await scenario.MigrateAsync(Options);
        await File.WriteAllTextAsync(Path.Combine(_folder, ".env"), Env, Scenario.Token);
        var written = new long[3];
        var writers = Enumerable.Range(0, 3).Select(w => Task.Run(() =>
        {
            using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False;Default Timeout=30");
            connection.Open();
            for (var n = 0; n < 100_000; n++)
            {
                using var command = connection.CreateCommand();
                command.CommandText = $"insert into t (writer, n) values ({w}, {n})";
                try
                {
                    command.ExecuteNonQuery();
                }
                catch (SqliteException e) when (e.Message.Contains("godwit"))
                {
                    return;
                }
                Volatile.Write(ref written[w], n + 1);
            }
        })).ToList();
        // Not before all three write: the cutover is to meet them at work.
        while (Enumerable.Range(0, 3).Any(w => Volatile.Read(ref written[w]) == 0)) await Task.Delay(20, Scenario.Token);

        await RunAsync(scenario, How());
        await Task.WhenAll(writers);

        Assert.True(written.Sum() > 0);
        for (var w = 0; w < 3; w++) Assert.Equal(written[w], await scenario.AskAsync<long>($"select count(*) from t where writer = {w}"));
    }
}
