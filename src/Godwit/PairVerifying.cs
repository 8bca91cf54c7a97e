using System.Collections.Frozen;
using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;

namespace Godwit;

/// <summary>Verification where both sides are PostgreSQL: what the plan of a migration announced is expected, everything else is a difference.</summary>
public static class PairVerifying
{
    /// <summary>Two databases as they are now. Where the target's journal holds a finished run from this source, its plan says what may differ.</summary>
    public static Task<VerifyReport> RunAsync(ITarget source, ITarget target, PairRequest request, IProgress<MigrationEvent> progress, TimeProvider clock, CancellationToken ct) =>
        RunAsync(source, null, target, null, request, progress, clock, ct);

    /// <summary><paramref name="moment"/>, <paramref name="targetMoment"/>: a snapshot of that side which another session has exported and holds; null is now.</summary>
    internal static async Task<VerifyReport> RunAsync(ITarget source, string? moment, ITarget target, string? targetMoment, PairRequest request, IProgress<MigrationEvent> progress, TimeProvider clock, CancellationToken ct)
    {
        var run = await RunSession.LastRunAsync(source.Display, target, new MigrationOptions(), ct);
        var plan = run is null ? null : PlanJson.Read(run.Plan);
        return Named(await new PairVerifier(source, target, progress, clock).VerifyAsync(Expecting(request, run?.Id, plan, target), moment, targetMoment, ct), plan);
    }

    /// <summary>What of the source's schema is otherwise in the target now, beyond what the plan of a run announced. <c>Missing</c>: tables that the target lacks.</summary>
    internal static async Task<(ImmutableArray<VerifyCheck> Differences, ImmutableArray<string> Missing)> CatalogAsync(ITarget source, ITarget target, Guid run, MigrationPlan plan, PairRequest request, TimeProvider clock, CancellationToken ct)
    {
        const string Table = "table ";
        var checks = await new PairVerifier(source, target, new Progress<MigrationEvent>(), clock).CatalogAsync(Expecting(request, run, plan, target), ct);
        var different = checks.Where(c => c.Verdict == Verdict.Different).ToImmutableArray();
        return (different, [.. different.Where(c => c.Detail == CatalogComparison.Missing && c.Name.StartsWith(Table, StringComparison.Ordinal)).Select(c => c.Name[Table.Length..])]);
    }

    /// <summary>The source at the moment that a snapshot sees. <paramref name="run"/>: the last that finished; null where there was none.</summary>
    internal static Task<VerifyReport> RunAsync(IPostgresSource source, IPostgresSnapshot snapshot, ITarget target, JournalRun? run, PairRequest request, IProgress<MigrationEvent> progress, TimeProvider clock, CancellationToken ct) =>
        RunAsync(source, snapshot, target, run?.Id, run is null ? null : PlanJson.Read(run.Plan), request, progress, clock, ct);

    /// <summary>The same after or at the end of a run.</summary>
    internal static async Task<VerifyReport> RunAsync(IPostgresSource source, IPostgresSnapshot snapshot, ITarget target, Guid? run, MigrationPlan? plan, PairRequest request, IProgress<MigrationEvent> progress, TimeProvider clock, CancellationToken ct)
    {
        await using var left = await SourceDatabase.OpenAsync(source, ct);
        var verifier = new PairVerifier(left, target, progress, clock);
        request = request with { SourceStandsIn = source.Info.StandsIn };
        return Named(await verifier.VerifyAsync(Expecting(request, run, plan, target), await snapshot.ExportedAsync(ct), ct), plan);
    }

    private static PairRequest Expecting(PairRequest request, Guid? run, MigrationPlan? plan, ITarget target) => plan is null ? request
        : PlanPromises.Added(request, plan, target.Profile.Role) with { MigratedAs = target.Profile.Role, Aside = run is { } id ? new(id, plan.Tables.ToFrozenDictionary(t => t.Target.ToString(), t => t.Source, StringComparer.Ordinal)) : null };

    /// <summary>Of a migration into objects that were there before, the rows alone are its own.</summary>
    internal static PairRequest Asked(MigrationPlan plan, MigrationOptions options, VerifyMode mode) => new(mode, options.Jobs)
    {
        Promised = [.. options.Exclude.Select(e => new PromisedDifference("table", e.Contains('.', StringComparison.Ordinal) ? e : "*." + e, $"left out by --exclude {e}"))],
        Tables = options.DataOnly || options.IfExists == IfExists.Append || !options.Include.IsEmpty ? [.. plan.Tables.Select(t => t.Target.ToString())] : [],
    };

    /// <summary>Tables by the names that the plan and the rest of the report give them.</summary>
    private static VerifyReport Named(VerifyReport report, MigrationPlan? plan)
    {
        if (plan is null) return report;
        var names = plan.Tables.ToLookup(t => t.Target.ToString(), t => t.Source, StringComparer.Ordinal);
        return report with { Tables = [.. report.Tables.Select(t => names[t.Target].FirstOrDefault() is { } name ? t with { Table = name } : t)] };
    }
}
