using System.Diagnostics;

namespace Godwit;

/// <summary>
/// The moments between two durable writes at which a crash would matter most, by name. The variable GODWIT_FAILPOINT names one at which this
/// process kills itself, as kill -9 would; each has a test that runs the same command again.
/// </summary>
public static class Failpoints
{
    public const string Armed = "armed", RunStarted = "run-started", FollowStarted = "follow-started", ChunkWritten = "chunk-written", ChunkDone = "chunk-done", StepsWritten = "steps-written", StepsDone = "steps-done", RowsAside = "rows-aside", RowsAsideDone = "rows-aside-done", Published = "published",
        ChangesWritten = "changes-written", ChangesApplied = "changes-applied", Pruned = "pruned",
        Fenced = "fenced", Drained = "drained", BackArmed = "back-armed", Switching = "switching", Switched = "switched", Opened = "opened",
        BackWritten = "back-written", BackForgotten = "back-forgotten", NewSideFenced = "new-side-fenced", NewSideClosed = "new-side-closed", RollingBack = "rolling-back", SwitchedBack = "switched-back", SourceOpened = "source-opened";

    // Of the end.
    public const string FinishDecided = "finish-decided", IdentitiesRestored = "identities-restored", SlotDropped = "slot-dropped", TriggersDropped = "triggers-dropped", StreamDropped = "stream-dropped", SourceFreed = "source-freed", TargetFreed = "target-freed",
        OriginDropped = "origin-dropped", TablesDropped = "tables-dropped", FinishSaid = "finish-said";

    // Between two servers, beside those of the above that happen there too.
    public const string StreamNamed = "stream-named", TablesPublished = "tables-published", WayBackMade = "way-back-made", FenceBegun = "fence-begun", SourceFenced = "source-fenced", SequencesCarried = "sequences-carried", LargeObjectsWritten = "large-objects-written", LargeObjectsBrought = "large-objects-brought",
        CarriedBack = "carried-back", WritesSkipped = "writes-skipped", FenceHalfLowered = "fence-half-lowered", FenceOpened = "fence-opened", WayBackDropped = "way-back-dropped", WayBackForgotten = "way-back-forgotten", RolledBack = "rolled-back";

    private static readonly string? s_chosen = Environment.GetEnvironmentVariable("GODWIT_FAILPOINT");

    public static void Hit(string name)
    {
        if (s_chosen is null || s_chosen != name) return;
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
