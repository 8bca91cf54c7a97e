namespace Godwit;

/// <summary>The stages in the order of the journey.</summary>
public enum Stage { Inspect, Profile, Plan, Prepare, Copy, PostData, Publish, Verify }

/// <summary>
/// What a run reports while it goes on. Events of one table come in order; counters only grow.
/// </summary>
public abstract record MigrationEvent
{
    public sealed record StageStarted(Stage Stage, string Description) : MigrationEvent;
    public sealed record StageFinished(Stage Stage, TimeSpan Elapsed) : MigrationEvent;
    /// <summary>A table is about to be copied or verified; <paramref name="Rows"/> is the expected total.</summary>
    public sealed record TableStarted(Stage Stage, string Table, long Rows) : MigrationEvent;
    /// <summary>Totals so far of this table in this stage.</summary>
    public sealed record TableProgress(Stage Stage, string Table, long Rows, long Bytes) : MigrationEvent;
    /// <summary>Rows of this table that are in the target whatever happens next: its finished chunks, of earlier runs too.</summary>
    public sealed record RowsCommitted(string Table, long Rows) : MigrationEvent;
    public sealed record TableFinished(Stage Stage, string Table, long Rows, long Misfits, TimeSpan Elapsed) : MigrationEvent;
    public sealed record StepStarted(string Id, string Subject) : MigrationEvent;
    public sealed record StepFinished(string Id, string Subject, TimeSpan Elapsed) : MigrationEvent;
    public sealed record Found(Finding Finding) : MigrationEvent;
    /// <summary>Changes were applied, or none were waiting: entries of the feed so far, rows written by the last set, and for how long entries have been waiting.</summary>
    public sealed record Followed(long Changes, long Rows, TimeSpan Lag) : MigrationEvent;
    /// <summary>A run that was interrupted goes on; <paramref name="DoneRows"/> are already in the target.</summary>
    public sealed record Resumed(long DoneRows, DateTimeOffset Started) : MigrationEvent;
}
