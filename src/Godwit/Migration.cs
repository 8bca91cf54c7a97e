using System.Collections.Immutable;
using Godwit.Copy;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.PostData;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;
using Microsoft.Extensions.Logging;

namespace Godwit;

/// <summary>
/// The journey. Read this first: each stage is a folder, reads what the stage before it wrote, and never reaches back.
/// <code>inspect -> profile -> plan -> prepare -> copy -> post-data -> publish -> verify</code>
/// </summary>
public sealed class Migration(TimeProvider clock, ILogger logger)
{
    /// <summary>What would be created and why; changes nothing. Without a target, the newest supported version is assumed.</summary>
    public async Task<MigrationPlan> PlanAsync(ISource source, ITarget? target, MigrationOptions options, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        await using var snapshot = await source.OpenSnapshotAsync(options.Jobs, ct);
        var stages = new StageClock(clock, progress);
        var schema = await stages.RunAsync(Stage.Inspect, "reading the schema", async () => TableFilter.Apply(await snapshot.InspectAsync(ct), options, target?.Profile.PostGis));
        return await new Planning(source, snapshot, schema, target, options, stages, progress).WholeAsync(ct);
    }

    /// <summary>
    /// The main job. An unfinished run of the same source, moment and options goes on where it stopped. <paramref name="reviewed"/>: a plan to
    /// execute unchanged; null plans anew. Cancelling stops after the chunks in flight; the same call resumes.
    /// </summary>
    public async Task<MigrationResult> RunAsync(ISource source, ITarget target, MigrationOptions options, MigrationPlan? reviewed, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        await using var session = await RunSession.OpenAsync(target, clock, ct);
        await using var arming = options.Follow ? await Following.ArmAsync(source, target, options, progress, ct) : null;
        await using var snapshot = await source.OpenSnapshotAsync(options.Jobs, ct);
        arming?.SnapshotIsHeld();
        var stages = new StageClock(clock, progress);
        var schema = await stages.RunAsync(Stage.Inspect, "reading the schema", async () => TableFilter.Apply(await snapshot.InspectAsync(ct), options, target?.Profile.PostGis));
        var planning = new Planning(source, snapshot, schema, target, options, stages, progress);
        var plan = await session.ResumeAsync(source.Info.Display, snapshot.Position, options, progress,
            snapshot is IPostgresSnapshot same ? new Reconciling(same, schema, planning, target, options, progress) : null, ct);
        if (plan is null)
        {
            await session.ClearAsync(ct);
            plan = reviewed ?? await planning.FirstAsync(ct);
            Refuse(plan, snapshot.Position);
            await session.StartAsync(source.Info.Display, snapshot.Position, plan, options, ct);
            Failpoints.Hit(Failpoints.RunStarted);
        }
        // Also where a run goes on: it may have been killed between its first fact and this one.
        if (arming is not null) await session.FollowAsync(arming.Feed, ct);
        Failpoints.Hit(Failpoints.FollowStarted);
        try
        {
            var result = await ExecuteAsync(new(session, planning, source, snapshot, schema, target, options, stages, progress, clock, logger), plan, ct);
            arming?.Keep();
            return arming is null ? result : result with { Findings = [.. result.Findings, .. arming.Findings] };
        }
        catch (OperationCanceledException)
        {
            await session.EndAsync(RunState.Interrupted, null);
            throw;
        }
        catch (GodwitException e)
        {
            await session.FailAsync(e);
            throw;
        }
    }

    /// <summary>
    /// Compares the source, as it is now, with the target. Uses the plan of the last run where there is one, else maps existing tables by name.
    /// <paramref name="tables"/>: only these, by source name; empty is all.
    /// </summary>
    public async Task<VerifyReport> VerifyAsync(ISource source, ITarget target, MigrationOptions options, VerifyMode mode, IReadOnlyList<string> tables, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        await using var snapshot = await source.OpenSnapshotAsync(options.Jobs, ct);
        var stages = new StageClock(clock, progress);
        if (source is IPostgresSource pair && snapshot is IPostgresSnapshot moment)
            return await PairVerifying.RunAsync(pair, moment, target, await RunSession.LastRunAsync(source, target, options, ct), new(mode, options.Jobs) { Tables = tables }, progress, clock, ct);
        var schema = await stages.RunAsync(Stage.Inspect, "reading the schema", async () => TableFilter.Apply(await snapshot.InspectAsync(ct), options, target?.Profile.PostGis));
        if (tables.FirstOrDefault(t => schema.FindTable(t) is null) is { } missing) throw TableFilter.NoSuchTable(missing, schema.Tables.Select(t => t.Name));
        var plan = await RunSession.LastPlanAsync(source, target, options, ct)
            ?? await new Planning(source, snapshot, schema, target, options with { DataOnly = true }, stages, progress).WholeAsync(ct);
        Refuse(plan, new(plan.SourcePosition));
        return await stages.RunAsync(Stage.Verify, "comparing every value", () => new Verifier(snapshot, schema, target, progress, clock).VerifyAsync(plan, new(mode, options.Jobs, tables), ct));
    }

    private async Task<MigrationResult> ExecuteAsync(Route route, MigrationPlan first, CancellationToken ct)
    {
        var (session, options, target) = (route.Session, route.Options, route.Target);
        var loaded = await new Loading(route).RunAsync(first, ct);
        var plan = loaded.Plan;
        var refused = loaded.Refused.AddRange(await route.InAsync(Stage.PostData, "building keys, indexes, constraints and views", async () => (await route.Steps(plan).RunAsync(plan.PostData, session.Steps, ct))
            .AddRange(await new UncheckedKeys(target, plan, session.Run.Id, setsAside: options.Misfits == MisfitPolicy.Quarantine).FindAsync(ct)), ct));
        if (plan.Carriage is not null) refused = refused.AddRange(await route.InAsync(Stage.PostData, "carrying passwords, secrets, jobs and files", () => route.Planning.CarryAsync(plan, ct), ct));
        var (tables, aside) = await route.QuarantinedAsync(plan, loaded.Tables, ct);
        await route.InAsync(Stage.Publish, "publishing", () => new Publisher(target, session.Run.Id).RunAsync(plan.Publish, session.Steps, ct), ct);
        Failpoints.Hit(Failpoints.Published);
        var verification = options.Verify is not { } mode || options.SchemaOnly ? null
            : await route.InAsync(Stage.Verify, "comparing every value", () => route is { Source: IPostgresSource pair, Snapshot: IPostgresSnapshot moment }
                ? PairVerifying.RunAsync(pair, moment, target, session.Run.Id, plan, PairVerifying.Asked(plan, options, mode), route.Progress, clock, ct)
                : new Verifier(route.Snapshot, route.Schema, target, route.Progress, clock).VerifyAsync(plan, new(mode, options.Jobs, []), ct), ct);
        var result = new MigrationResult
        {
            RunId = session.Run.Id,
            Source = session.Run.Source,
            Target = target.Display,
            Started = session.Run.Started,
            Elapsed = clock.GetUtcNow() - session.Run.Started,
            Stages = route.Stages.Elapsed,
            Plan = plan,
            Tables = tables,
            Findings = [.. plan.Findings, .. refused, .. aside],
            Verification = verification,
        };
        await session.EndAsync(result.HasDifferences ? RunState.DoneWithDifferences : RunState.Done, null);
        return result;
    }

    internal static void Refuse(MigrationPlan plan, Position position)
    {
        // A server never stands still: what its plan names is looked at object by object when it is executed.
        if (!plan.InPlace && plan.SourcePosition != position.Value)
            throw new GodwitException(ErrorKind.Blocked, "plan-outdated", "The source was written to since the plan was made.", "Make a new plan: godwit plan SOURCE TARGET -o plan.json");
        if (plan.Findings.FirstOrDefault(f => f.Severity == Severity.Block) is { } block)
            throw new GodwitException(ErrorKind.Blocked, block.Code, $"{block.Subject}: {block.Problem} Nothing was changed.", block.Hint);
    }
}
