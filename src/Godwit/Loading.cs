using System.Collections.Immutable;
using Godwit.Copy;
using Godwit.Plan;
using Godwit.PostData;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Microsoft.Extensions.Logging;

namespace Godwit;

/// <summary>One run on its way from source to target: what its stages share.</summary>
internal sealed record Route(RunSession Session, Planning Planning, ISource Source, ISnapshot Snapshot, DatabaseSchema Schema, ITarget Target, MigrationOptions Options, StageClock Stages, IProgress<MigrationEvent> Progress, TimeProvider Clock, ILogger Logger)
{
    /// <summary>A stage, which the journal and the user are told of.</summary>
    public async Task<T> InAsync<T>(Stage stage, string what, Func<Task<T>> work, CancellationToken ct)
    {
        await Session.StageAsync(stage, ct);
        return await Stages.RunAsync(stage, what, work);
    }

    /// <summary>What the run has put aside by now, and a finding for each sort of it. Between servers constraints tell which rows, so that the journal knows them and the copy does not.</summary>
    public async Task<(ImmutableArray<TableResult> Tables, ImmutableArray<Finding> Findings)> QuarantinedAsync(MigrationPlan plan, ImmutableArray<TableResult> tables, CancellationToken ct)
    {
        if (!plan.InPlace) return (tables, [.. MigrationResult.QuarantineFindings(tables)]);
        var groups = await Session.QuarantinedAsync(ct);
        var rows = groups.ToLookup(g => g.Table, g => g.Rows, StringComparer.Ordinal);
        return ([.. tables.Select(t => t with { RowsWritten = t.RowsWritten - rows[t.Table].Sum(), Quarantined = rows[t.Table].Sum() })], [.. MigrationResult.QuarantineFindings(groups)]);
    }

    public StepRunner Steps(MigrationPlan plan) => new(Target, Session.Run.Id, plan, Options, Progress, Clock);
}

/// <summary>Every row is in its table. <paramref name="Plan"/>: the one that held; <paramref name="Refused"/>: a finding for each statement that the server refused.</summary>
internal sealed record Loaded(MigrationPlan Plan, ImmutableArray<TableResult> Tables, ImmutableArray<Finding> Refused);

/// <summary>
/// Prepare and copy, again and again until every value fits its column: types may have been chosen by a sample, and the server may refuse or compute
/// otherwise what SQLite does not. Each turn plans anew only what the turn before has refuted, and loads only that again.
/// </summary>
internal sealed class Loading(Route route)
{
    private ImmutableArray<TableResult> _tables = [];
    private ImmutableArray<Finding> _refused = [];

    public async Task<Loaded> RunAsync(MigrationPlan plan, CancellationToken ct)
    {
        while (true)
        {
            if (await PrepareAsync(plan, ct) is { } without)
            {
                plan = await SettleAsync(without, ct);
                continue;
            }
            if (await CopyAsync(plan, ct) is { } settlement)
            {
                plan = await SettleAsync(settlement, ct);
                if (!settlement.Stands) continue;
            }
            if (route.Options.Verify is null || await route.Planning.WithoutDivergedAsync(plan, route.Clock, ct) is not { } plain) return new(plan, _tables, _refused);
            plan = await SettleAsync(plain, ct);
        }
    }

    private async Task<MigrationPlan> SettleAsync(Settlement settlement, CancellationToken ct)
    {
        Migration.Refuse(settlement.Plan, route.Snapshot.Position);
        await route.Session.SettleAsync(settlement, ct);
        return settlement.Plan;
    }

    /// <summary>Null: the tables stand. Else the plan without what the server refuses to create.</summary>
    private Task<Settlement?> PrepareAsync(MigrationPlan plan, CancellationToken ct) => route.InAsync(Stage.Prepare, "creating tables", async () =>
    {
        try
        {
            _refused = await route.Steps(plan).RunAsync(plan.PreData, route.Session.Steps, ct);
            return null;
        }
        catch (GodwitException e) when (e is { Kind: ErrorKind.TargetFatal, SqlState: not null })
        {
            if (await route.Planning.WithoutRefusedAsync(plan, ct) is { } settlement) return settlement;
            throw;
        }
    }, ct);

    /// <summary>Null: the plan was made of every value, and holds. Else every value has been seen now, and this is the plan of all of them.</summary>
    private async Task<Settlement?> CopyAsync(MigrationPlan plan, CancellationToken ct)
    {
        var sampled = new SampledTables(plan, route.Schema, TypePlanner.OptionsOf(route.Options, route.Schema, route.Target.Profile.PostGis));
        var copied = await route.InAsync(Stage.Copy, "copying rows", () => plan.InPlace
            ? new PairCopy(route.Snapshot, route.Schema, route.Target, route.Session.Run.Id, route.Progress, route.Clock, route.Logger).RunAsync(plan, route.Session.Chunks, route.Options, ct)
            : new CopyStage(route.Snapshot, route.Schema, route.Target, route.Session.Run.Id, sampled, route.Progress, route.Clock, route.Logger)
                .RunAsync(plan, route.Session.Chunks, route.Options.Jobs, ordered: plan.Publish.IsEmpty, ct), ct);
        _tables = [.. copied.Select(c => c with { Elapsed = c.Elapsed + (_tables.FirstOrDefault(t => t.Table == c.Table)?.Elapsed ?? TimeSpan.Zero) })];
        return plan.Tables.Any(t => t.Sampled) || sampled.Refused.Count > 0 ? await route.Planning.SettleAsync(plan, sampled, ct) : null;
    }
}
