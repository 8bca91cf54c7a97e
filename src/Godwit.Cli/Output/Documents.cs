using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Godwit.Check;
using Godwit.Journal;
using Godwit.Verify;

namespace Godwit.Cli.Output;

/// <summary>What --json prints. Members are only ever added; a change that breaks a reader raises the version.</summary>
internal abstract record Document([property: JsonPropertyOrder(-2)] string Command)
{
    [JsonPropertyOrder(-3)]
    public int FormatVersion { get; init; } = 1;
    [JsonPropertyOrder(-1)]
    public int ExitCode { get; init; }
}

internal sealed record ErrorDocument() : Document("error")
{
    public required ErrorLine Error { get; init; }
}

internal sealed record ErrorLine(string Code, string Kind, string Problem, string? Sqlstate, string? Hint, string? State);

internal sealed record MigrateDocument() : Document("migrate")
{
    public required Guid RunId { get; init; }
    public required string Source { get; init; }
    public required string Target { get; init; }
    public required string Schema { get; init; }
    public required DateTimeOffset Started { get; init; }
    public required double ElapsedSeconds { get; init; }
    public ImmutableArray<StageLine> Stages { get; init; } = [];
    public ImmutableArray<TableLine> Tables { get; init; } = [];
    public ImmutableArray<Finding> Findings { get; init; } = [];
    public VerifyReport? Verification { get; init; }
    /// <summary>How many objects of the source (tables, indexes, views, triggers, ...) are there as they were, translated, changed, skipped; the report lists them.</summary>
    public ObjectCounts? Objects { get; init; }
    /// <summary>Files that were written: the report as JSON and as HTML.</summary>
    public ImmutableArray<string> Reports { get; init; } = [];
}

internal sealed record ObjectCounts(int AsIs, int Translated, int Changed, int Skipped);

internal sealed record StageLine(Stage Stage, double Seconds);

internal sealed record TableLine(string Table, string Target, long RowsRead, long RowsWritten, long Quarantined, double Seconds, Verdict Verified);

internal sealed record CheckDocument() : Document("check")
{
    public required string Source { get; init; }
    public string? Target { get; init; }
    public required Readiness Level { get; init; }
    public ImmutableArray<ReadinessItem> Items { get; init; } = [];
}

internal sealed record FollowDocument() : Document("follow")
{
    public required string Source { get; init; }
    public required string Target { get; init; }
    /// <summary>Entries of the source's record of changes that were applied.</summary>
    public required long Changes { get; init; }
    /// <summary>The application uses the target: changes were carried back into the source.</summary>
    public bool IsBack { get; init; }
    /// <summary>Another command asked for the target, and has it now.</summary>
    public bool MadeWay { get; init; }
    public required double ElapsedSeconds { get; init; }
}

/// <summary>Of cutover and rollback.</summary>
internal sealed record CutoverDocument(string Command) : Document(Command)
{
    public required string Source { get; init; }
    public required string Target { get; init; }
    /// <summary>Seconds during which no side took writes.</summary>
    public required double OutageSeconds { get; init; }
    public ImmutableArray<CutoverStepLine> Steps { get; init; } = [];
    /// <summary>Recorded writes to the target that a rollback brought to the source.</summary>
    public long CarriedBack { get; init; }
    /// <summary>Columns whose values come back in another spelling.</summary>
    public ImmutableArray<string> Respelled { get; init; } = [];
    public VerifyReport? Verification { get; init; }
}

internal sealed record CutoverStepLine(string Step, double Seconds);

internal sealed record FinishDocument() : Document("finish")
{
    public required string Source { get; init; }
    public required string Target { get; init; }
    /// <summary>What the application needs no more: archive it, then delete it.</summary>
    public ImmutableArray<string> Decommission { get; init; } = [];
    /// <summary>Keys of the .env file that the cutover changed.</summary>
    public ImmutableArray<string> Settings { get; init; } = [];
}

internal sealed record RepairLine(string Table, long RowsKept, long RowsWritten);

internal sealed record VerifyDocument() : Document("verify")
{
    /// <summary>With --repair: tables that were put right; rows kept stand in godwit.repaired.</summary>
    public ImmutableArray<RepairLine> Repaired { get; init; } = [];
    public required string Source { get; init; }
    public required string Target { get; init; }
    public required Verdict Verdict { get; init; }
    public required VerifyReport Report { get; init; }
}

internal sealed record StatusDocument() : Document("status")
{
    public required string Target { get; init; }
    public ImmutableArray<RunStatus> Runs { get; init; } = [];
}

internal sealed record ConfigDocument() : Document("config show")
{
    public ImmutableArray<ConfigLine> Settings { get; init; } = [];
}

internal sealed record ConfigLine(string Name, string? Value, string Origin);

internal sealed record LocalDocument(string Command) : Document(Command)
{
    public required string Name { get; init; }
    public required string State { get; init; }
    public string? Url { get; init; }
    public string? Directory { get; init; }
}

/// <summary>A line of --json-events.</summary>
internal sealed record EventLine(string Event)
{
    public int FormatVersion { get; init; } = 1;
    public double Seconds { get; init; }
    public Stage? Stage { get; init; }
    public string? Table { get; init; }
    public string? Step { get; init; }
    public string? Subject { get; init; }
    public string? Description { get; init; }
    public long? Rows { get; init; }
    public long? Bytes { get; init; }
    public long? Misfits { get; init; }
    public double? ElapsedSeconds { get; init; }
    public Finding? Finding { get; init; }
}
