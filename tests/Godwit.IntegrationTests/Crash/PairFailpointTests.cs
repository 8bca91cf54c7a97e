using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>Between two servers: the process is killed between two durable writes, and the same command is run again: nothing is lost, nothing doubled.</summary>
public class PairCopyFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.StreamNamed)]
    [InlineData(Failpoints.TablesPublished)]
    [InlineData(Failpoints.Armed)]
    [InlineData(Failpoints.RunStarted)]
    [InlineData(Failpoints.FollowStarted)]
    [InlineData(Failpoints.StepsWritten)]
    [InlineData(Failpoints.StepsDone)]
    [InlineData(Failpoints.ChunkWritten)]
    [InlineData(Failpoints.ChunkDone)]
    [InlineData(Failpoints.Published)]
    public async Task Killed_while_it_copies(string failpoint)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: false);
        await run.KillAsync("migrate", failpoint);
        await run.WriteToSourceAsync();

        await run.MigrateUntilFollowingAsync();

        await run.AssertSourceInUseAsync();
    }

    [Theory]
    [InlineData(Failpoints.ChangesWritten)]
    [InlineData(Failpoints.ChangesApplied)]
    public async Task Killed_while_it_follows(string failpoint)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.WriteToSourceAsync();
        await run.KillAsync("follow", failpoint);
        await run.WriteToSourceAsync();

        await run.AssertSourceInUseAsync();
    }
}

public class PairCutoverFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.TablesPublished, false)]
    [InlineData(Failpoints.WayBackMade, false)]
    [InlineData(Failpoints.FenceBegun, false)]
    [InlineData(Failpoints.SourceFenced, false)]
    [InlineData(Failpoints.Fenced, false)]
    [InlineData(Failpoints.Drained, false)]
    [InlineData(Failpoints.LargeObjectsWritten, false)]
    [InlineData(Failpoints.LargeObjectsBrought, false)]
    [InlineData(Failpoints.SequencesCarried, false)]
    [InlineData(Failpoints.BackArmed, false)]
    [InlineData(Failpoints.Switching, false)]
    [InlineData(Failpoints.Switched, true)]
    [InlineData(Failpoints.FenceHalfLowered, true)]
    [InlineData(Failpoints.Opened, true)]
    public async Task Killed_while_it_switches(string failpoint, bool written)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.WriteToSourceAsync();
        await run.KillAsync("cutover", failpoint);
        if (written) await run.WriteToTargetAsync();

        await run.SucceedAsync("cutover");

        await run.AssertTargetInUseAsync();
    }

    [Theory]
    [InlineData(Failpoints.FenceBegun, false)]
    [InlineData(Failpoints.Fenced, false)]
    [InlineData(Failpoints.BackArmed, false)]
    [InlineData(Failpoints.Switching, false)]
    [InlineData(Failpoints.Opened, true)]
    public async Task Killed_while_it_switches_and_taken_back(string failpoint, bool written)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.WriteToSourceAsync();
        await run.KillAsync("cutover", failpoint);
        if (written) await run.WriteToTargetAsync();

        await run.SucceedAsync("rollback");

        await run.AssertSourceInUseAsync();
    }
}

public class PairWithoutWayBackFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.NewSideClosed)]
    [InlineData(Failpoints.Switched)]
    public async Task Killed_before_the_new_side_is_open_it_is_taken_back_with_nothing_written_there(string failpoint)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.WriteToSourceAsync();
        await run.KillAsync("cutover --no-way-back", failpoint);
        await run.AssertTargetRefusesAsync();

        await run.SucceedAsync("rollback");

        await run.AssertTargetRefusesAsync();
        await run.AssertSourceInUseAsync();
    }
}

public class PairRollbackFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.ChangesWritten, false)]
    [InlineData(Failpoints.ChangesApplied, false)]
    [InlineData(Failpoints.FenceBegun, false)]
    [InlineData(Failpoints.NewSideFenced, false)]
    [InlineData(Failpoints.CarriedBack, false)]
    [InlineData(Failpoints.LargeObjectsWritten, false)]
    [InlineData(Failpoints.LargeObjectsBrought, false)]
    [InlineData(Failpoints.SwitchedBack, false)]
    [InlineData(Failpoints.RollingBack, false)]
    [InlineData(Failpoints.WritesSkipped, false)]
    [InlineData(Failpoints.FenceHalfLowered, false)]
    [InlineData(Failpoints.FenceOpened, true)]
    [InlineData(Failpoints.SourceOpened, true)]
    [InlineData(Failpoints.WayBackDropped, true)]
    [InlineData(Failpoints.WayBackForgotten, true)]
    public async Task Killed_while_it_goes_back(string failpoint, bool open)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.SucceedAsync("cutover");
        await run.WriteToTargetAsync();
        await run.KillAsync("rollback", failpoint);
        if (open) await run.WriteToSourceAsync();

        await run.SucceedAsync("rollback");

        await run.AssertTargetRefusesAsync();
        await run.AssertSourceInUseAsync();
    }

    [Fact]
    public async Task Killed_at_its_last_word()
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true);
        await run.SucceedAsync("cutover");
        await run.WriteToTargetAsync();

        await run.KillAsync("rollback", Failpoints.RolledBack);

        await run.AssertTargetRefusesAsync();
        await run.AssertSourceInUseAsync();
        await run.SucceedAsync("cutover");
        await run.AssertTargetInUseAsync();
    }
}

/// <summary>The same where the servers' logs cannot be read.</summary>
public class PairByTriggersFailpointTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(Failpoints.TablesPublished)]
    [InlineData(Failpoints.Armed)]
    [InlineData(Failpoints.ChunkDone)]
    public async Task Killed_while_it_copies(string failpoint)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: false, FollowMethod.Triggers);
        await run.KillAsync("migrate", failpoint);
        await run.WriteToSourceAsync();

        await run.MigrateUntilFollowingAsync();

        await run.AssertSourceInUseAsync();
    }

    [Theory]
    [InlineData("follow", Failpoints.ChangesWritten)]
    [InlineData("follow", Failpoints.ChangesApplied)]
    [InlineData("cutover", Failpoints.WayBackMade)]
    [InlineData("cutover", Failpoints.Drained)]
    [InlineData("cutover", Failpoints.BackArmed)]
    [InlineData("cutover", Failpoints.Switching)]
    public async Task Killed_while_it_follows_or_switches(string word, string failpoint)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true, FollowMethod.Triggers);
        await run.WriteToSourceAsync();
        await run.KillAsync(word, failpoint);
        if (word == "follow") await run.WriteToSourceAsync();

        await run.SucceedAsync("cutover");

        await run.AssertTargetInUseAsync();
    }

    [Theory]
    [InlineData(Failpoints.CarriedBack, false)]
    [InlineData(Failpoints.WritesSkipped, false)]
    [InlineData(Failpoints.WayBackDropped, true)]
    public async Task Killed_while_it_goes_back(string failpoint, bool open)
    {
        await using var run = await KilledPair.CreateAsync(postgres, migrated: true, FollowMethod.Triggers);
        await run.SucceedAsync("cutover");
        await run.WriteToTargetAsync();
        await run.KillAsync("rollback", failpoint);
        if (open) await run.WriteToSourceAsync();

        await run.SucceedAsync("rollback");

        await run.AssertTargetRefusesAsync();
        await run.AssertSourceInUseAsync();
    }
}
