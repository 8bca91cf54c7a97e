using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Verify;

namespace Godwit;

public sealed record StageTime(Stage Stage, TimeSpan Elapsed);

/// <summary>One line of the closing table.</summary>
public sealed record TableResult(string Table, string Target, long RowsRead, long RowsWritten, long Quarantined, TimeSpan Elapsed);

/// <summary>
/// How a run ended. <see cref="Findings"/> holds the plan's findings and those of the run itself. Rendered as JSON and as HTML by the report.
/// </summary>
public sealed record MigrationResult
{
    public required Guid RunId { get; init; }
    public required string Source { get; init; }
    public required string Target { get; init; }
    public required DateTimeOffset Started { get; init; }
    public required TimeSpan Elapsed { get; init; }
    /// <summary>Seconds by stage, in order.</summary>
    public ImmutableArray<StageTime> Stages { get; init; } = [];
    public required MigrationPlan Plan { get; init; }
    public ImmutableArray<TableResult> Tables { get; init; } = [];
    public ImmutableArray<Finding> Findings { get; init; } = [];
    /// <summary>Null where verification was not asked for.</summary>
    public VerifyReport? Verification { get; init; }

    /// <summary>What was found in a table of <see cref="Tables"/>: partitions are compared one by one, or with the table above them as a whole.</summary>
    public TableVerification? VerificationOf(string table) => Compared(table) ?? (Plan.Tables.FirstOrDefault(t => t.Source == table)?.Tree is { } tree ? Compared(tree) : null);

    private TableVerification? Compared(string table) => Verification?.Tables.FirstOrDefault(t => t.Table == table);

    /// <summary>Unvalidated constraints, indexes that could not be built: the run finished, the difference is named in Findings.</summary>
    public bool HasDifferences => Verification?.Verdict == Verdict.Different || Tables.Any(t => t.Quarantined > 0)
        || Findings.Any(f => f.Code is "step-refused" or "rows-quarantined" or "foreign-key-orphans" or "check-broken" or "table-too-wide");

    public static IEnumerable<Finding> QuarantineFindings(ImmutableArray<TableResult> tables) => tables.Where(t => t.Quarantined > 0).Select(t =>
        new Finding("rows-quarantined", Severity.Warning, t.Table, $"{t.Quarantined} row(s) did not fit; they stand whole in godwit.quarantine.",
            "SELECT * FROM godwit.quarantine; or choose wider types: --on-misfit widen"));

    /// <summary>Rows for which a constraint has no place.</summary>
    internal static IEnumerable<Finding> QuarantineFindings(ImmutableArray<QuarantinedRows> groups) => groups.Select(g =>
        new Finding("rows-quarantined", Severity.Warning, g.Table, $"{g.Rows} row(s) were set aside ({g.Reason}): {string.Join("; ", g.Keys)}{(g.Rows > g.Keys.Length ? "; ..." : "")}. They stand whole in godwit.quarantine.",
            "Repair and insert them (docs/how-to/rows-that-do-not-fit.md), or repair the source and migrate again."));
}
