using System.Collections.Immutable;

namespace Godwit.Journal;

public enum RunState { Running, Interrupted, Failed, Done, DoneWithDifferences }

public sealed record TableStatus(string Table, long PlannedRows, long LoadedRows, int ChunksDone, int Chunks, long Quarantined);

/// <summary>
/// One run as its journal tells it, from any shell, also after the process has died. <see cref="Alive"/>: a session on the target still
/// holds the run's advisory lock.
/// </summary>
public sealed record RunStatus
{
    public required Guid Id { get; init; }
    public required string Source { get; init; }
    public required string TargetSchema { get; init; }
    public required RunState State { get; init; }
    public required Stage Stage { get; init; }
    public required DateTimeOffset Started { get; init; }
    public DateTimeOffset? Ended { get; init; }
    public bool Alive { get; init; }
    public string? LastError { get; init; }
    public ImmutableArray<TableStatus> Tables { get; init; } = [];
    /// <summary>How far the target has followed its source; null where it does not.</summary>
    public FollowFact? Follow { get; init; }
    /// <summary>The stream by which it follows, where both sides are PostgreSQL.</summary>
    public StreamStatus? Stream { get; init; }
    /// <summary>A godwit holds the run lock of this target at this moment.</summary>
    public bool Locked { get; init; }
    public int StepsDone { get; init; }
    public int Steps { get; init; }
}
