using Godwit.Cutover;
using Godwit.IntegrationTests.Follow.Logical;
using Godwit.IntegrationTests.Migrating;
using Godwit.IntegrationTests.Pairs;
using Godwit.Journal;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

/// <summary>A follower in another shell makes way for a switch, and for nobody else.</summary>
public sealed class HandoverTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions Options = FollowTests.Options;
    private static readonly SwitchOptions How = new(null, [], null, VerifyMode.Full);
    private const string Tables = "pragma journal_mode = wal; create table t (id integer primary key autoincrement, u text unique); insert into t (u) values ('a'), ('b')";

    /// <summary>A follower that is at work: something that was written after it began has arrived.</summary>
    private static async Task<Task<FollowResult>> FollowAsync(string source, TestDatabase database, Func<Task> write, CancellationToken stop)
    {
        var arrived = new TaskCompletionSource();
        var follow = Task.Run(async () =>
        {
            await using var from = await EngineRegistry.OpenAsync(source, Scenario.Token);
            await using var target = await database.OpenTargetAsync(5);
            return await new Following(TimeProvider.System).RunAsync(from, target, Options, untilCaughtUp: false, new FollowTests.Listener(e => { if (e is MigrationEvent.Followed { Changes: > 0 }) arrived.TrySetResult(); }), stop);
        }, Scenario.Token);
        await write();
        Assert.Same(arrived.Task, await Task.WhenAny(arrived.Task, follow));
        return follow;
    }

    private static async Task<(CutoverResult, List<Finding>)> SwitchAsync(string from, TestDatabase database, bool back)
    {
        var found = new List<Finding>();
        await using var source = await EngineRegistry.OpenAsync(from, Scenario.Token);
        await using var target = await database.OpenTargetAsync(8);
        var cutting = new CuttingOver(TimeProvider.System) { Found = found.Add };
        return (back ? await cutting.RollbackAsync(source, target, Options, How, _ => { }, Scenario.Token) : await cutting.CutoverAsync(source, target, Options, How, _ => { }, Scenario.Token), found);
    }

    [Fact]
    public async Task A_follower_of_a_file_makes_way_for_a_cutover_and_for_a_rollback()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync(Options);
        var forward = await FollowAsync(scenario.File, scenario.Database, () => { scenario.Source("insert into t (u) values ('c')"); return Task.CompletedTask; }, Scenario.Token);
        var (over, found) = await SwitchAsync(scenario.File, scenario.Database, back: false);
        Assert.Equal(Verdict.Equal, over.Verification!.Verdict);
        Assert.True((await forward).MadeWay);
        Assert.Contains(found, f => f.Code == "follow-taken-over");

        var back = await FollowAsync(scenario.File, scenario.Database, () => scenario.DoAsync("insert into t (u) values ('d')"), Scenario.Token);
        Assert.Equal(Verdict.Equal, (await SwitchAsync(scenario.File, scenario.Database, back: true)).Item1.Verification!.Verdict);
        Assert.True((await back) is { MadeWay: true, IsBack: true });
        Assert.Equal("4", await scenario.AskAsync<string>("select count(*)::text from t"));
    }

    [Fact]
    public async Task A_follower_of_a_server_makes_way_for_a_cutover_and_for_a_rollback()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id bigint generated always as identity primary key, v text); insert into t (v) values ('a')");
        await pair.MigrateAsync(Options);
        var forward = await FollowAsync(pair.SourceUrl, pair.Target, () => pair.SourceAsync("insert into t (v) values ('b')"), Scenario.Token);
        Assert.Contains((await SwitchAsync(pair.SourceUrl, pair.Target, back: false)).Item2, f => f.Code == "follow-taken-over");
        Assert.True((await forward).MadeWay);

        var back = await FollowAsync(pair.SourceUrl, pair.Target, () => pair.TargetAsync("insert into t (v) values ('c')"), Scenario.Token);
        await SwitchAsync(pair.SourceUrl, pair.Target, back: true);
        Assert.True((await back) is { MadeWay: true, IsBack: true });
        Assert.Equal("3", (await pair.Source.QueryAsync("select count(*) from t"))[0]);
    }

    [Fact]
    public async Task A_second_follower_is_refused_and_the_first_goes_on()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync(Options);
        using var stop = new CancellationTokenSource();
        var first = await FollowAsync(scenario.File, scenario.Database, () => { scenario.Source("insert into t (u) values ('c')"); return Task.CompletedTask; }, stop.Token);
        Assert.Equal("target-busy", (await Assert.ThrowsAsync<GodwitException>(() => FollowTests.CatchUpAsync(scenario))).Code);
        await stop.CancelAsync();
        Assert.False((await first).MadeWay);
    }

    [Fact]
    public async Task What_a_killed_command_asked_for_is_forgotten()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync(Options);
        await scenario.DoAsync("insert into godwit.handover select id, now() - interval '1 hour' from godwit.run");
        scenario.Source("insert into t (u) values ('c')");
        Assert.False((await FollowTests.CatchUpAsync(scenario)).MadeWay);
        Assert.Equal(3, await scenario.AskAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task A_lock_that_the_server_let_go_is_taken_again_unless_another_has_it()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync(Options);
        const string Holders = "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
        using var stop = new CancellationTokenSource();
        var follow = await FollowAsync(scenario.File, scenario.Database, () => { scenario.Source("insert into t (u) values ('c')"); return Task.CompletedTask; }, stop.Token);
        await scenario.DoAsync("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())");
        while (await scenario.AskAsync<long>(Holders) == 0) await Task.Delay(20, Scenario.Token);

        await using (var other = await scenario.Database.ConnectAsync())
        {
            // Both die at once, and another is quicker.
            var end = Task.Run(async () => { while (!await RunJournal.TryLockAsync(other, Scenario.Token)) { } }, Scenario.Token);
            await scenario.DoAsync("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())");
            await end;
            Assert.True((await follow).MadeWay);
        }
        await stop.CancelAsync();
    }
}
