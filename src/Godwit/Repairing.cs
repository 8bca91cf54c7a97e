using System.Collections.Immutable;
using Godwit.Follow;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;

namespace Godwit;

/// <summary>Puts tables of the target right from the source, as it is now. What that overwrites or removes is kept in godwit.repaired.</summary>
public sealed class Repairing(TimeProvider clock)
{
    /// <summary><paramref name="tables"/>: source names of tables that a comparison found different; each is repaired in a transaction of its own.</summary>
    public async Task<ImmutableArray<RepairedTable>> RunAsync(ISource source, ITarget target, MigrationOptions options, IReadOnlyList<string> tables, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        await ChangeApplier.RequireAsync(target, ct);
        // No other godwit copies or follows meanwhile.
        await using var session = await RunSession.OpenAsync(target, clock, ct);
        await using var snapshot = await source.OpenSnapshotAsync(options.Jobs, ct);
        var schema = TableFilter.Apply(await snapshot.InspectAsync(ct), options);
        var run = await RunSession.LastRunAsync(source, target, options, ct);
        var plan = run is null
            ? await new Planning(source, snapshot, schema, target, options with { DataOnly = true }, new StageClock(clock, progress), progress).WholeAsync(ct)
            : PlanJson.Read(run.Plan);
        var repair = new TableRepair(snapshot, schema, target, run?.Id);
        var repaired = ImmutableArray.CreateBuilder<RepairedTable>();
        foreach (var table in plan.Tables.Where(t => tables.Contains(t.Source))) repaired.Add(await repair.RunAsync(table, plan, ct));
        return repaired.ToImmutable();
    }
}
