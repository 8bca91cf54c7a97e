using Godwit.IntegrationTests.Follow;
using Godwit.IntegrationTests.Migrating;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>The way to the target breaks at any moment, with a word or without: the follower waits, connects again and goes on.</summary>
public class ConnectionCutTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_follower_outlives_every_cut_and_loses_nothing() => await FollowAsync(BrokenWays.Cuts, 300, p => p.Cut());

    [Fact]
    public async Task A_follower_outlives_connections_that_say_nothing_any_more() => await FollowAsync(BrokenWays.Stalls, 1500, p => p.Stall());

    // Found by fifty stalls in a row: the end of a COPY was waited for without an end.
    [Fact]
    public async Task The_end_of_a_copy_is_not_waited_for_for_ever()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("create table t (v bytea)");
        await using var proxy = BrokenWays.ProxyTo(database.Settings);
        await using var target = await TargetDatabase.OpenAsync(proxy.Through(database.Settings), 2, Scenario.Token);
        await using (var connection = await target.ConnectAsync(Scenario.Token))
        {
            await using var sink = await CopySink.StartAsync(connection, new SqlName("public", "t"), ["v"], Scenario.Token);
            await sink.WriteAsync(new byte[] { 0, 1, 0, 0, 0, 1, 7 }, Scenario.Token);
            proxy.Stall();
            var ends = sink.CompleteAsync(Scenario.Token, TimeSpan.FromSeconds(1));
            var failure = await Assert.ThrowsAsync<GodwitException>(() => ends.WaitAsync(TimeSpan.FromMinutes(2), Scenario.Token));
            Assert.Equal(ErrorKind.TargetTransient, failure.Kind);
        }
        // The connection is not given out again.
        await using var next = await target.ConnectAsync(Scenario.Token);
        await using var ask = new NpgsqlCommand("select count(*) from public.t", next);
        Assert.Equal(0L, await ask.ExecuteScalarAsync(Scenario.Token));
    }

    // A stall cost half a minute, for as long as a connection of the pool was believed to be alive.
    [Fact]
    public async Task A_dead_connection_of_the_pool_is_noticed_within_seconds()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await using var proxy = BrokenWays.ProxyTo(database.Settings);
        await using var target = await TargetDatabase.OpenAsync(proxy.Through(database.Settings), 2, Scenario.Token);
        int idle;
        await using (var connection = await target.ConnectAsync(Scenario.Token)) idle = connection.ProcessID;
        Assert.True(proxy.Stall() > 0);
        var began = TimeProvider.System.GetTimestamp();
        await using var next = await target.ConnectAsync(Scenario.Token);
        // Three seconds for the answer, two for the driver to give up; thirty before.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
        Assert.NotEqual(idle, next.ProcessID);
        await using var ask = new NpgsqlCommand("select 1", next);
        Assert.Equal(1, await ask.ExecuteScalarAsync(Scenario.Token));
    }

    // Found by thirty stalls in a row: the next command met a lock that nobody held any more.
    [Fact]
    public async Task A_lock_does_not_outlive_its_command_where_the_server_has_not_noticed()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await using var proxy = BrokenWays.ProxyTo(database.Settings);
        await using (var target = await TargetDatabase.OpenAsync(proxy.Through(database.Settings), 2, Scenario.Token))
        await using (await RunSession.OpenAsync(target, TimeProvider.System, Scenario.Token))
            Assert.True(proxy.Stall() > 0);
        await using var next = await database.OpenTargetAsync();
        await using var session = await RunSession.OpenAsync(next, TimeProvider.System, Scenario.Token);
    }

    // The watch sees a session at work and stays silent; only the statement's own limit ends it.
    [Fact]
    public async Task A_statement_that_is_not_answered_is_given_up_and_tried_again()
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        await using var source = await EngineRegistry.OpenAsync(run.Scenario.File, Scenario.Token);
        await using var target = await run.Scenario.Database.OpenTargetAsync();
        await using var holder = await run.Scenario.Database.ConnectAsync();
        await using (var hold = new NpgsqlCommand("begin; lock table t", holder)) await hold.ExecuteNonQueryAsync(Scenario.Token);
        using var stop = new CancellationTokenSource();
        TaskCompletionSource waits = new(), arrived = new();
        var following = Task.Run(() => new Following(TimeProvider.System) { Patience = TimeSpan.FromMilliseconds(300) }.RunAsync(source, target, FollowTests.Options, untilCaughtUp: false, new FollowTests.Listener(e =>
        {
            if (e is MigrationEvent.Found { Finding: { Code: "follow-waits", Subject: "target-stalled" } }) waits.TrySetResult();
            if (e is MigrationEvent.Followed { Rows: > 0 }) arrived.TrySetResult();
        }), stop.Token), Scenario.Token);
        try
        {
            run.WriteToSource();
            await await Task.WhenAny(waits.Task, following).WaitAsync(TimeSpan.FromMinutes(1), Scenario.Token);
            await using (var release = new NpgsqlCommand("rollback", holder)) await release.ExecuteNonQueryAsync(Scenario.Token);
            await await Task.WhenAny(arrived.Task, following).WaitAsync(TimeSpan.FromMinutes(1), Scenario.Token);
        }
        finally
        {
            await stop.CancelAsync();
        }
        await following;
        await run.AssertSourceInUseAsync();
    }

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
        async Task ArrivesAsync() => await await Task.WhenAny(arrived.Task, following).WaitAsync(TimeSpan.FromMinutes(3), Scenario.Token);
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
