using System.Globalization;
using Godwit.IntegrationTests.Follow;
using Godwit.IntegrationTests.Migrating;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>kill -9 at a random moment, again and again, and the same command each time. A few here; bench/soak runs a hundred of each.</summary>
public class RandomKillTests(PostgresFixture postgres)
{
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("GODWIT_KILLS") ?? "2", CultureInfo.InvariantCulture);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("GODWIT_KILL_SEED") ?? "1", CultureInfo.InvariantCulture);
    private readonly Random _random = new(Seed);

    /// <summary>True: it was killed; false: it was done before.</summary>
    private async Task<bool> KillAsync(GodwitProcess process, int atMost)
    {
        await Task.WhenAny(process.EndAsync(), Task.Delay(_random.Next(atMost), Scenario.Token));
        process.Kill();
        var (code, said) = await process.EndAsync();
        Assert.True(code is 0 or KilledRun.Killed, said);
        return code != 0;
    }

    private static async Task UnlockedAsync(KilledRun run)
    {
        while (await run.IsLockedAsync()) await Task.Delay(20, Scenario.Token);
    }

    [Fact]
    public async Task Copies_that_are_killed_at_random_end_whole()
    {
        for (var kills = 0; kills < Kills;)
        {
            await using var run = await KilledRun.CreateAsync(postgres);
            for (var i = 0; i < 4 && kills < Kills; i++)
            {
                using (var process = new GodwitProcess(run.Scenario, ["migrate"], null, ["--follow"]))
                    if (await KillAsync(process, 3_000)) kills++;
                await UnlockedAsync(run);
                run.WriteToSource();
            }
            await run.MigrateUntilFollowingAsync();
            await run.AssertSourceInUseAsync();
        }
    }

    [Fact]
    public async Task Followers_that_are_killed_at_random_lose_nothing()
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        for (var kills = 0; kills < Kills;)
        {
            using (var process = new GodwitProcess(run.Scenario, ["follow"]))
            {
                var killing = KillAsync(process, 2_000);
                while (!killing.IsCompleted)
                {
                    run.WriteToSource();
                    await Task.Delay(20, Scenario.Token);
                }
                if (await killing) kills++;
            }
            await UnlockedAsync(run);
            if (kills % 10 == 0 || kills == Kills) await run.AssertSourceInUseAsync();
        }
    }

    [Fact]
    public async Task Switches_that_are_killed_at_random_go_on_by_the_same_command()
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        for (var (kills, forward) = (0, true); kills < Kills; forward = !forward)
        {
            if (forward) run.WriteToSource();
            else await run.WriteToTargetAsync();
            using (var process = new GodwitProcess(run.Scenario, [forward ? "cutover" : "rollback"], null, forward ? ["--env", run.EnvFile, "--set", "USE_SUPABASE=false"] : ["--env", run.EnvFile]))
                if (await KillAsync(process, 2_500)) kills++;
            await UnlockedAsync(run);
            var (code, said) = forward ? await run.CutoverAsync() : await run.RollbackAsync();
            // It was done already, its last word to the journal included; or it was never begun.
            Assert.True(code == 0 || said.Contains(forward ? "already-switched" : "nothing-to-roll-back", StringComparison.Ordinal), said);
            if (forward) await run.AssertTargetInUseAsync();
            else await run.AssertSourceInUseAsync();
        }
    }
}
