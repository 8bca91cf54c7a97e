using System.Globalization;
using Godwit.IntegrationTests.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>kill -9 between two servers at a random moment, again and again, and the same command each time. A few here; bench/soak runs a hundred of each.</summary>
public class PairRandomKillTests(PostgresFixture postgres)
{
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("GODWIT_KILLS") ?? "2", CultureInfo.InvariantCulture);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("GODWIT_KILL_SEED") ?? "1", CultureInfo.InvariantCulture);
    private readonly Random _random = new(Seed);

    /// <summary>Null: it was killed; else what it ended with before. Its first second is its start.</summary>
    private async Task<(int Code, string Said)?> KillAsync(KilledPair run, GodwitProcess process, int atMost)
    {
        await Task.WhenAny(process.EndAsync(), Task.Delay(_random.Next(300, atMost), Pair.Token));
        process.Kill();
        var ended = await process.EndAsync();
        await run.UnlockedAsync();
        return ended.Code == KilledRun.Killed ? null : ended;
    }

    [Fact]
    public async Task Copies_that_are_killed_at_random_end_whole()
    {
        for (var kills = 0; kills < Kills;)
        {
            await using var run = await KilledPair.CreateAsync(postgres, migrated: false);
            for (var i = 0; i < 4 && kills < Kills; i++)
            {
                using (var process = run.Start("migrate"))
                {
                    var ended = await KillAsync(run, process, 4_000);
                    Assert.True(ended is null, ended?.Said);
                }
                kills++;
                await run.WriteToSourceAsync();
            }
            await run.MigrateUntilFollowingAsync();
            await run.AssertSourceInUseAsync();
        }
    }

    [Fact]
    public async Task Switches_that_are_killed_at_random_go_on_by_the_same_command()
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        for (var (kills, forward) = (0, true); kills < Kills; forward = !forward)
        {
            var command = forward ? "cutover" : "rollback";
            await (forward ? run.WriteToSourceAsync() : run.WriteToTargetAsync());
            using (var process = run.Start(command))
            {
                var ended = await KillAsync(run, process, 4_000);
                Assert.True(ended is null or { Code: 0 }, ended?.Said);
                if (ended is null) kills++;
            }
            var (code, said) = await run.RunAsync(command);
            // It was done already, its last word to the journal included.
            Assert.True(code == 0 || said.Contains(forward ? "already-switched" : "nothing-to-roll-back", StringComparison.Ordinal), said);
            await (forward ? run.AssertTargetInUseAsync() : run.AssertSourceInUseAsync());
        }
    }
}
