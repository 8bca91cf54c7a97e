using Godwit.IntegrationTests.Follow;
using Godwit.IntegrationTests.Migrating;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>The process is killed between two durable writes, and the same command is run again: nothing is lost, nothing doubled.</summary>
public class CopyFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.Armed)]
    [InlineData(Failpoints.RunStarted)]
    [InlineData(Failpoints.FollowStarted)]
    [InlineData(Failpoints.ChunkWritten)]
    [InlineData(Failpoints.ChunkDone)]
    [InlineData(Failpoints.Published)]
    public async Task Killed_while_it_copies(string failpoint)
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        var killed = await run.MigrateAsync(failpoint);
        Assert.True(killed.Code == KilledRun.Killed, killed.Said);
        run.WriteToSource();

        await run.MigrateUntilFollowingAsync();

        await run.AssertSourceInUseAsync();
    }

    [Theory]
    [InlineData(Failpoints.ChangesWritten)]
    [InlineData(Failpoints.ChangesApplied)]
    [InlineData(Failpoints.Pruned)]
    public async Task Killed_while_it_follows(string failpoint)
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        run.WriteToSource();
        var killed = await run.FollowAsync(failpoint);
        Assert.True(killed.Code == KilledRun.Killed, killed.Said);
        run.WriteToSource();

        await run.AssertSourceInUseAsync();
    }
}

public class CutoverFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.Fenced)]
    [InlineData(Failpoints.Drained)]
    [InlineData(Failpoints.BackArmed)]
    [InlineData(Failpoints.Switching)]
    [InlineData(Failpoints.Switched)]
    [InlineData(Failpoints.Opened)]
    public async Task Killed_while_it_switches(string failpoint)
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        run.WriteToSource();
        var killed = await run.CutoverAsync(failpoint);
        Assert.True(killed.Code == KilledRun.Killed, killed.Said);

        var again = await run.CutoverAsync();
        Assert.True(again.Code == 0, again.Said);
        await run.AssertTargetInUseAsync();
    }

    [Theory]
    [InlineData(Failpoints.Fenced, false)]
    [InlineData(Failpoints.Switching, false)]
    [InlineData(Failpoints.Opened, true)]
    public async Task Killed_while_it_switches_and_taken_back(string failpoint, bool written)
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        var killed = await run.CutoverAsync(failpoint);
        Assert.True(killed.Code == KilledRun.Killed, killed.Said);
        if (written) await run.WriteToTargetAsync();

        var back = await run.RollbackAsync();

        Assert.True(back.Code == 0, back.Said);
        await FollowTests.AssertEqualAsync(run.Scenario);
        await run.AssertTargetRefusesAsync();
        await run.AssertSourceInUseAsync();
    }
}

public class CutoverWithoutWayBackFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.Fenced)]
    [InlineData(Failpoints.NewSideClosed)]
    [InlineData(Failpoints.Drained)]
    [InlineData(Failpoints.Switching)]
    [InlineData(Failpoints.Switched)]
    [InlineData(Failpoints.Opened)]
    public async Task Killed_while_it_switches(string failpoint)
    {
        await using var run = await KilledAsync(failpoint);

        var again = await run.CutoverAsync(noWayBack: true);

        Assert.True(again.Code == 0, again.Said);
        await run.AssertSwitchedAsync();
        var back = await run.RollbackAsync();
        Assert.True(back.Code == 4 && back.Said.Contains("rollback-would-lose", StringComparison.Ordinal), back.Said);
    }

    [Theory]
    [InlineData(Failpoints.NewSideClosed)]
    [InlineData(Failpoints.Switching)]
    [InlineData(Failpoints.Switched)]
    public async Task Killed_before_the_new_side_is_open_it_is_taken_back_with_nothing_written_there(string failpoint)
    {
        await using var run = await KilledAsync(failpoint);
        await run.AssertTargetRefusesAsync();

        var back = await run.RollbackAsync();

        Assert.True(back.Code == 0, back.Said);
        await run.AssertTargetRefusesAsync();
        await run.AssertSourceInUseAsync();
    }

    private async Task<KilledRun> KilledAsync(string failpoint)
    {
        var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        run.WriteToSource();
        var killed = await run.CutoverAsync(failpoint, noWayBack: true);
        Assert.True(killed.Code == KilledRun.Killed, killed.Said);
        return run;
    }
}

public class RollbackFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.BackWritten, false)]
    [InlineData(Failpoints.BackForgotten, false)]
    [InlineData(Failpoints.NewSideFenced, false)]
    [InlineData(Failpoints.SwitchedBack, false)]
    [InlineData(Failpoints.RollingBack, false)]
    [InlineData(Failpoints.SourceOpened, true)]
    public async Task Killed_while_it_goes_back(string failpoint, bool open)
    {
        await using var run = await KilledRun.CreateAsync(postgres);
        await run.Scenario.MigrateAsync(FollowTests.Options);
        var there = await run.CutoverAsync();
        Assert.True(there.Code == 0, there.Said);
        await run.WriteToTargetAsync();
        var killed = await run.RollbackAsync(failpoint);
        Assert.True(killed.Code == KilledRun.Killed, killed.Said);
        if (open) run.WriteToSource();

        var back = await run.RollbackAsync();

        Assert.True(back.Code == 0, back.Said);
        await run.AssertTargetRefusesAsync();
        await run.AssertSourceInUseAsync();
    }
}
