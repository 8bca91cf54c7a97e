using Godwit.IntegrationTests.Follow;
using Godwit.IntegrationTests.Migrating;
using Godwit.Target;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>The way to the target breaks at any moment, with a word or without: the follower waits, connects again and goes on.</summary>
public class ConnectionCutTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_follower_outlives_every_cut_and_loses_nothing() => await FollowAsync(BrokenWays.Cuts, 300, p => p.Cut());

    [Fact]
    public async Task A_follower_outlives_connections_that_say_nothing_any_more() => await FollowAsync(BrokenWays.Stalls, 1500, p => p.Stall());

    private async Task FollowAsync(int times, int within, Func<TcpProxy, int> harm)
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        await using var proxy = BrokenWays.ProxyTo(run.Scenario.Database.Settings);
        await using var source = await EngineRegistry.OpenAsync(run.Scenario.File, Scenario.Token);
        await using var target = await TargetDatabase.OpenAsync(proxy.Through(run.Scenario.Database.Settings), 6, Scenario.Token);
        using var stop = new CancellationTokenSource();
        var arrived = new TaskCompletionSource();
        var following = Task.Run(() => new Following(TimeProvider.System) { Patience = TimeSpan.FromSeconds(2) }
            .RunAsync(source, target, FollowTests.Options, untilCaughtUp: false, new FollowTests.Listener(e => { if (e is MigrationEvent.Followed { Rows: > 0 }) arrived.TrySetResult(); }), stop.Token), Scenario.Token);
        var random = new Random(1);
        // A follower that has died is told of, and not waited for.
        async Task ArrivesAsync() => await (await Task.WhenAny(arrived.Task, following)).WaitAsync(TimeSpan.FromMinutes(3), Scenario.Token);
        try
        {
            // Cut while it begins, it fails, and says so: that is another test's.
            run.WriteToSource();
            await ArrivesAsync();
            for (var harmed = 0; harmed < times;)
            {
                run.WriteToSource();
                await Task.Delay(random.Next(within), Scenario.Token);
                // It must not have given up: then nothing would be broken any more.
                if (following.IsCompleted) await following;
                Assert.False(following.IsCompleted);
                if (harm(proxy) == 0) continue;
                harmed++;
                arrived = new();
                run.WriteToSource();
                await ArrivesAsync();
            }
        }
        finally
        {
            await stop.CancelAsync();
        }

        await following;
        await run.AssertSourceInUseAsync();
    }
}
