using System.Globalization;
using Godwit.IntegrationTests.Follow;
using Godwit.IntegrationTests.Migrating;
using Godwit.Target;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>The way to the target breaks at any moment: the follower waits, connects again and goes on.</summary>
public class ConnectionCutTests(PostgresFixture postgres)
{
    private static readonly int Cuts = int.Parse(Environment.GetEnvironmentVariable("GODWIT_CUTS") ?? "5", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_follower_outlives_every_cut_and_loses_nothing()
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        var settings = run.Scenario.Database.Settings.ToBuilder();
        await using var proxy = new TcpProxy(settings.Host!, settings.Port);
        await using var source = await EngineRegistry.OpenAsync(run.Scenario.File, Scenario.Token);
        var through = ConnectionSettings.Parse($"host=127.0.0.1 port={proxy.Port} dbname={settings.Database} user={settings.Username} sslmode=disable", name => name == "PGPASSWORD" ? settings.Password : null);
        await using var target = await TargetDatabase.OpenAsync(through, 5, Scenario.Token);
        using var stop = new CancellationTokenSource();
        var following = Task.Run(() => new Following(TimeProvider.System).RunAsync(source, target, FollowTests.Options, untilCaughtUp: false, new FollowTests.Listener(null), stop.Token), Scenario.Token);
        var random = new Random(1);
        try
        {
            for (var cuts = 0; cuts < Cuts;)
            {
                run.WriteToSource();
                await Task.Delay(random.Next(300), Scenario.Token);
                if (proxy.Cut() > 0) cuts++;
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
