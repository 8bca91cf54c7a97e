using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Godwit.Plan;
using Godwit.Verify;

namespace Godwit.Report;

/// <summary>The shape of report.json. Members are only added within a format; another meaning is another <see cref="FormatVersion"/>.</summary>
internal sealed record ReportDocument
{
    public const int CurrentFormat = 1;

    public int FormatVersion { get; init; } = CurrentFormat;
    public required Guid RunId { get; init; }
    public required string Source { get; init; }
    public required string Target { get; init; }
    public required DateTimeOffset Started { get; init; }
    public required double Seconds { get; init; }
    /// <summary>null: verification was not asked for.</summary>
    public required Verdict? Verdict { get; init; }
    public required bool HasDifferences { get; init; }
    public required ImmutableArray<ReportStage> Stages { get; init; }
    public required ImmutableArray<ReportTable> Tables { get; init; }
    public required ImmutableArray<Finding> Findings { get; init; }
    public required ReportVerification? Verification { get; init; }
    /// <summary>Each object of the source: as_is, translated, changed or skipped, with its SQL on both sides.</summary>
    public required ImmutableArray<ReportedObject> Objects { get; init; }
    public required ImmutableArray<ReportStep> Steps { get; init; }

    public static ReportDocument Of(MigrationResult result) => new()
    {
        RunId = result.RunId,
        Source = result.Source,
        Target = result.Target,
        Started = result.Started,
        Seconds = result.Elapsed.TotalSeconds,
        Verdict = result.Verification?.Verdict,
        HasDifferences = result.HasDifferences,
        Stages = [.. result.Stages.Select(s => new ReportStage(s.Stage, s.Elapsed.TotalSeconds))],
        Tables = [.. result.Tables.Select(t => ReportTable.Of(t, result.Plan))],
        Findings = result.Findings,
        Verification = result.Verification is { } v ? ReportVerification.Of(v) : null,
        Objects = ObjectReport.Of(result.Plan, result.Findings),
        Steps = [.. result.Plan.PreData.Concat(result.Plan.PostData).Concat(result.Plan.Publish).Select(s => new ReportStep(s.Id, s.Kind, s.Subject, s.Sql, s.Why))],
    };
}

/// <summary>The shape of verification.json; <see cref="ReportDocument.FormatVersion"/> counts for it too.</summary>
internal sealed record ComparisonDocument(string Source, string Target, DateTimeOffset Finished, Verdict Verdict, ReportVerification Verification)
{
    public int FormatVersion { get; init; } = ReportDocument.CurrentFormat;
}

internal sealed record ReportStage(Stage Stage, double Seconds);

internal sealed record ReportStep(string Id, StepKind Kind, string Subject, string Sql, string Why);

internal sealed record ReportColumn(string Source, string Target, string DeclaredType, string Type, TypeMapping.Fidelity Fidelity, string Why);

internal sealed record ReportTable(string Table, string Target, long RowsRead, long RowsWritten, long Quarantined, double Seconds, ImmutableArray<ReportColumn> Columns)
{
    public static ReportTable Of(TableResult table, MigrationPlan plan) => new(table.Table, table.Target, table.RowsRead, table.RowsWritten, table.Quarantined, table.Elapsed.TotalSeconds,
        [.. (plan.Tables.FirstOrDefault(p => p.Source == table.Table)?.Columns ?? []).Select(c => new ReportColumn(c.Source, c.Target, c.DeclaredType, c.PgType, c.Fidelity, c.Why))]);
}

internal sealed record ReportVerification(VerifyMode Mode, Verdict Verdict, int SampleSeed, double Seconds, ImmutableArray<VerifyCheck> Checks, ImmutableArray<ReportVerifiedTable> Tables)
{
    public ImmutableArray<ExpectedDifference> Expected { get; init; } = [];
    public ImmutableArray<BehaviourCell> Behaviour { get; init; } = [];

    public static ReportVerification Of(VerifyReport report) => new(report.Mode, report.Verdict, report.SampleSeed, report.Elapsed.TotalSeconds, report.Checks,
        [.. report.Tables.Select(t => new ReportVerifiedTable(t.Table, t.Target, t.Verdict, t.SourceRows, t.TargetRows, t.Quarantined, t.ValuesCompared, t.DifferentRows,
            t.Differences, t.Checks, t.Sample, t.Elapsed.TotalSeconds))])
    {
        Expected = report.Expected,
        Behaviour = report.Behaviour,
    };
}

internal sealed record ReportVerifiedTable(string Table, string Target, Verdict Verdict, long SourceRows, long TargetRows, long Quarantined, long ValuesCompared, long DifferentRows,
    ImmutableArray<RowDifference> Differences, ImmutableArray<VerifyCheck> Checks, ImmutableArray<SampleRow> Sample, double Seconds);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    Converters = [typeof(ReportWord<Stage>), typeof(ReportWord<StepKind>), typeof(ReportWord<ObjectOutcome>), typeof(ReportWord<Verdict>), typeof(ReportWord<VerifyMode>), typeof(ReportWord<Severity>), typeof(ReportWord<TypeMapping.Fidelity>)])]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(ComparisonDocument))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;

internal sealed class ReportWord<T>() : JsonStringEnumConverter<T>(System.Text.Json.JsonNamingPolicy.SnakeCaseLower) where T : struct, Enum;
