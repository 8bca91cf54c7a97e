using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Godwit.Verify;

public enum Verdict { Equal, Different, NotChecked }

/// <summary>What a comparison of two sides of which one follows the other rests on.</summary>
public enum VerifyBasis
{
    /// <summary>Both sides as they were found.</summary>
    AsFound,
    /// <summary>Everything up to the moment that was compared had been brought over before.</summary>
    OneMoment,
    /// <summary>Tables that differed were compared again while the follower went on: rows that were being written are no difference.</summary>
    Rechecked,
}

/// <summary>One thing that was compared. <paramref name="Detail"/> says what was seen, or why it was not checked.</summary>
public sealed record VerifyCheck(string Name, Verdict Verdict, string Detail);

/// <summary>A row that differs: <paramref name="Key"/> names it ("id=42"), <paramref name="Column"/> is null where the whole row is missing or extra.</summary>
public sealed record RowDifference(string Key, string? Column, string? Source, string? Target);

/// <summary>A row shown side by side, chosen at random with the report's seed. Values of columns that look secret are masked.</summary>
public sealed record SampleRow(string Key, ImmutableArray<SampleValue> Values);

public sealed record SampleValue(string Column, string? Source, string? Target, bool Equal);

/// <summary>A difference that was announced before: <paramref name="Reason"/> says by what. No failure.</summary>
public sealed record ExpectedDifference(string Subject, string Seen, string Reason);

/// <summary>
/// One command that a role tried on both sides: <paramref name="Source"/> and <paramref name="Target"/> say what came of it ("12 rows",
/// "refused (42501)"). <paramref name="Note"/>: what else is to be known, or why it was not checked.
/// </summary>
public sealed record BehaviourCell(string Subject, string Relation, string Command, string Source, string Target, Verdict Verdict, string? Note = null);

public sealed record TableVerification
{
    public required string Table { get; init; }
    public required string Target { get; init; }
    public required Verdict Verdict { get; init; }
    public long SourceRows { get; init; }
    public long TargetRows { get; init; }
    /// <summary>Rows in godwit.quarantine; SourceRows = TargetRows + Quarantined when nothing is missing.</summary>
    public long Quarantined { get; init; }
    public long ValuesCompared { get; init; }
    public long DifferentRows { get; init; }
    /// <summary>The first differences, named by key. See <see cref="DifferentRows"/> for how many there are.</summary>
    public ImmutableArray<RowDifference> Differences { get; init; } = [];
    public ImmutableArray<VerifyCheck> Checks { get; init; } = [];
    public ImmutableArray<SampleRow> Sample { get; init; } = [];
    public TimeSpan Elapsed { get; init; }

    /// <summary>Of <see cref="Checks"/>, the one that looks whether the target has the table at all.</summary>
    internal const string Exists = "table exists";

    /// <summary>The target has no such table.</summary>
    [JsonIgnore]
    public bool IsMissing => Checks.Any(c => c is { Name: Exists, Verdict: Verdict.Different });
}

public sealed record VerifyReport
{
    public required VerifyMode Mode { get; init; }
    public required int SampleSeed { get; init; }
    public VerifyBasis Basis { get; init; }
    /// <summary>How often tables that differed were looked at, where the basis is <see cref="VerifyBasis.Rechecked"/>.</summary>
    public int Looks { get; init; } = 1;
    public ImmutableArray<TableVerification> Tables { get; init; } = [];
    /// <summary>What is not about one table: sequences, foreign keys, views, objects missing from the catalog.</summary>
    public ImmutableArray<VerifyCheck> Checks { get; init; } = [];
    /// <summary>What differs as the plan said it would.</summary>
    public ImmutableArray<ExpectedDifference> Expected { get; init; } = [];
    /// <summary>What roles may see and do: roles x tables x commands. Empty where it was not tried.</summary>
    public ImmutableArray<BehaviourCell> Behaviour { get; init; } = [];
    public TimeSpan Elapsed { get; init; }

    /// <summary>Equal only when something was compared and nothing differed.</summary>
    public Verdict Verdict =>
        Tables.Any(t => t.Verdict == Verdict.Different) || Checks.Any(c => c.Verdict == Verdict.Different) || Behaviour.Any(b => b.Verdict == Verdict.Different) ? Verdict.Different
        : Tables.Any(t => t.Verdict == Verdict.Equal) && Tables.All(t => t.Verdict == Verdict.Equal) ? Verdict.Equal
        : Tables.IsEmpty && Checks.Any(c => c.Verdict == Verdict.Equal) ? Verdict.Equal
        : Verdict.NotChecked;
}
