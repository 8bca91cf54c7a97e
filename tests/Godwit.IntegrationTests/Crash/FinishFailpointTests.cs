using Godwit.IntegrationTests.Follow;
using Godwit.IntegrationTests.Migrating;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>
/// The end is killed again and again, each time between two other durable writes, and the same command is run each time: it passes over what is
/// gone. What one of the kills left behind would be left in the end.
/// </summary>
public class PairFinishFailpointTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Killed_while_it_finishes()
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.SucceedAsync("cutover");
        await run.WriteToTargetAsync();
        await EndAsync(run, "finish", switched: true, Failpoints.FinishDecided, Failpoints.SlotDropped, Failpoints.IdentitiesRestored, Failpoints.StreamDropped, Failpoints.WayBackDropped, Failpoints.WayBackForgotten,
            Failpoints.TargetFreed, Failpoints.OriginDropped, Failpoints.TablesDropped, Failpoints.FinishSaid);
    }

    [Fact]
    public async Task Killed_while_it_finishes_what_was_followed_by_triggers()
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true, FollowMethod.Triggers);
        await run.SucceedAsync("cutover");
        await run.WriteToTargetAsync();
        await EndAsync(run, "finish", switched: true, Failpoints.TriggersDropped, Failpoints.StreamDropped, Failpoints.WayBackDropped);
    }

    [Fact]
    public async Task Killed_while_it_gives_up_a_killed_cutover()
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.KillAsync("cutover", Failpoints.BackArmed);
        await EndAsync(run, "finish --abandon", switched: false, Failpoints.FinishDecided, Failpoints.WayBackDropped, Failpoints.FenceHalfLowered, Failpoints.FenceOpened, Failpoints.SourceFreed, Failpoints.TablesDropped);
    }

    [Fact]
    public async Task Killed_while_it_gives_up_after_a_rollback()
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.SucceedAsync("cutover");
        await run.SucceedAsync("rollback");
        await EndAsync(run, "finish --abandon", switched: false, Failpoints.FenceHalfLowered, Failpoints.FenceOpened, Failpoints.TargetFreed);
    }

    private static async Task EndAsync(KilledPair run, string command, bool switched, params string[] failpoints)
    {
        foreach (var failpoint in failpoints) await run.KillAsync(command, failpoint);
        await run.SucceedAsync(command);
        await run.AssertFinishedAsync(switched);
    }
}

public class FinishFailpointTests(PostgresFixture postgres)
{
    private static readonly string[] s_all = [Failpoints.FinishDecided, Failpoints.WayBackDropped, Failpoints.TargetFreed, Failpoints.SourceFreed, Failpoints.FinishSaid];

    [Theory]
    [InlineData("triggers", false)]
    [InlineData("triggers", true)]
    [InlineData("diff", false)]
    public async Task Killed_while_it_finishes(string method, bool wentBack)
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        var before = run.SourceSchema();
        await run.Scenario.MigrateAsync(FollowTests.Options with { FollowMethod = Enum.Parse<FollowMethod>(method, ignoreCase: true) });
        Assert.Equal(0, (await run.CutoverAsync()).Code);
        if (wentBack) Assert.Equal(0, (await run.RollbackAsync()).Code);
        foreach (var failpoint in s_all)
        {
            var killed = await run.FinishAsync(abandon: wentBack, failpoint);
            Assert.True(killed.Code == KilledRun.Killed, $"{failpoint}: {killed.Said}");
        }

        var ended = await run.FinishAsync(abandon: wentBack);

        Assert.True(ended.Code == 0, ended.Said);
        Assert.Equal(before, run.SourceSchema());
        await run.AssertFinishedAsync();
    }
}
