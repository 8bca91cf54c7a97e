using System.Collections.Immutable;
using Godwit.Target;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>
/// Compares two PostgreSQL databases: rows, the catalog object by object, and what roles may see and do. Needs no plan: it is told what may
/// differ. Each side is read at one moment, read only; of the rows, only sums leave the servers as long as they agree.
/// </summary>
public sealed class PairVerifier(ITarget source, ITarget target, IProgress<MigrationEvent> progress, TimeProvider clock)
{
    public Task<VerifyReport> VerifyAsync(PairRequest request, CancellationToken ct) => VerifyAsync(request, null, null, ct);

    /// <summary><paramref name="moment"/>: the source's snapshot, exported by a session that holds it; null is now.</summary>
    public Task<VerifyReport> VerifyAsync(PairRequest request, string? moment, CancellationToken ct) => VerifyAsync(request, moment, null, ct);

    /// <summary>The same, and likewise for the target.</summary>
    public async Task<VerifyReport> VerifyAsync(PairRequest request, string? moment, string? targetMoment, CancellationToken ct)
    {
        var began = clock.GetTimestamp();
        try
        {
            await using var left = await PairSide.OpenAsync(source, "source", moment, ct);
            await using var right = await PairSide.OpenAsync(target, "target", targetMoment, ct);
            var report = await CompareAsync(new(left, right), request, ct);
            return report with { Elapsed = clock.GetElapsedTime(began) };
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, $"Comparing {source.Display} with {target.Display}");
        }
    }

    /// <summary>The catalogs alone, as they are now: what differs, and what was expected to.</summary>
    public async Task<ImmutableArray<VerifyCheck>> CatalogAsync(PairRequest request, CancellationToken ct)
    {
        try
        {
            await using var left = await PairSide.OpenAsync(source, "source", null, ct);
            await using var right = await PairSide.OpenAsync(target, "target", null, ct);
            return (await new CatalogComparison(new(left, right), request).RunAsync(ct)).Checks;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, $"Comparing {source.Display} with {target.Display}");
        }
    }

    private async Task<VerifyReport> CompareAsync(PairSides sides, PairRequest request, CancellationToken ct)
    {
        var tables = await PairTables.ReadAsync(sides, request, ct);
        var data = new PairData(sides, request, progress, clock);
        var hash = await data.HashAsync(ct);
        var notRead = tables.NotRead.Select(n => new VerifyCheck($"rows of {n.Relation.Name}", Verdict.NotChecked, n.Why)).ToImmutableArray();
        var report = new VerifyReport { Mode = request.Mode, SampleSeed = 0, Checks = notRead };
        if (request.Tables.Count > 0) return report with { Tables = await data.RunAsync(tables, hash, ct) };
        // The catalogs are read beside the rows, each by one session more.
        var (rows, around) = (data.RunAsync(tables, hash, ct), new CatalogComparison(sides, request).RunAsync(ct));
        await Task.WhenAll(rows, around);
        var (catalog, expected) = await around;
        report = report with { Tables = await rows, Checks = [.. notRead, .. await new PairStates(sides, request).RunAsync(ct), .. catalog], Expected = [.. expected, .. tables.LeftOut] };
        if (request.Behaviour is not { } wanted) return report;
        var (cells, checks) = await new BehaviourTrial(sides, wanted, hash, request).RunAsync(tables, ct);
        return report with { Behaviour = cells, Checks = report.Checks.AddRange(checks) };
    }
}
