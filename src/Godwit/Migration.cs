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
        var schema = await stages.RunAsync(Stage.Inspect, "reading the schema", async () => TableFilter.Apply(await snapshot.InspectAsync(ct), options));
        return await new Planning(source, snapshot, schema, target, options, stages, progress).WholeAsync(ct);
    }

    /// <summary>
    /// The main job. An unfinished run of the same source, moment and options goes on where it stopped. <paramref name="reviewed"/>: a plan to
    /// execute unchanged; null plans anew. Cancelling stops after the chunks in flight; the same call resumes.
    /// </summary>
    public async Task<MigrationResult> RunAsync(ISource source, ITarget target, MigrationOptions options, MigrationPlan? reviewed, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        await using var session = await RunSession.OpenAsync(target, clock, ct);
        var feed = options.Follow ? await Following.ArmAsync(source, target, options, progress, ct) : null;
        await using var snapshot = await source.OpenSnapshotAsync(options.Jobs, ct);
        var stages = new StageClock(clock, progress);
        var schema = await stages.RunAsync(Stage.Inspect, "reading the schema", async () => TableFilter.Apply(await snapshot.InspectAsync(ct), options));
        var planning = new Planning(source, snapshot, schema, target, options, stages, progress);
        var plan = await session.ResumeAsync(source.Info.Display, snapshot.Position, options, progress,
            snapshot is IPostgresSnapshot same ? new Reconciling(same, schema, planning, target, options, progress) : null, ct);
        if (plan is null)
        {
            await session.ClearAsync(ct);
            plan = reviewed ?? await planning.FirstAsync(ct);
            Refuse(plan, snapshot.Position);
            await session.StartAsync(source.Info.Display, snapshot.Position, plan, options, ct);
            if (feed is not null) await session.FollowAsync(feed, ct);
        }
        try
        {
            return await ExecuteAsync(session, planning, snapshot, schema, target, options, plan, stages, progress, ct);
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
        var schema = await stages.RunAsync(Stage.Inspect, "reading the schema", async () => TableFilter.Apply(await snapshot.InspectAsync(ct), options));
        if (tables.FirstOrDefault(t => schema.FindTable(t) is null) is { } missing) throw TableFilter.NoSuchTable(missing, schema.Tables.Select(t => t.Name));
        var plan = await RunSession.LastPlanAsync(source, target, options, ct)
            ?? await new Planning(source, snapshot, schema, target, options with { DataOnly = true }, stages, progress).WholeAsync(ct);
        Refuse(plan, new(plan.SourcePosition));
        return await stages.RunAsync(Stage.Verify, "comparing every value", () => new Verifier(snapshot, schema, target, progress, clock).VerifyAsync(plan, new(mode, options.Jobs, tables), ct));
    }

    private async Task<MigrationResult> ExecuteAsync(RunSession session, Planning planning, ISnapshot snapshot, DatabaseSchema schema, ITarget target, MigrationOptions options, MigrationPlan plan, StageClock stages, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        var run = session.Run.Id;
        async Task<T> In<T>(Stage stage, string what, Func<Task<T>> work)
        {
            await session.StageAsync(stage, ct);
            return await stages.RunAsync(stage, what, work);
        }
        StepRunner Steps() => new(target, run, plan, options, progress, clock);
        ImmutableArray<TableResult> tables = [];
        ImmutableArray<Finding> unmade = [];
        for (var settled = false; !settled;)
        {
            if (await In(Stage.Prepare, "creating tables", PrepareAsync) is { } without)
            {
                plan = without.Plan;
                await session.SettleAsync(without, ct);
                continue;
            }
            var sampled = new SampledTables(plan, schema, TypePlanner.OptionsOf(options, schema));
            var copied = await In(Stage.Copy, "copying rows", () => plan.InPlace
                ? new PairCopy(snapshot, schema, target, run, progress, clock, logger).RunAsync(plan, session.Chunks, options, ct)
                : new CopyStage(snapshot, schema, target, run, sampled, progress, clock, logger)
                .RunAsync(plan, session.Chunks, options.Jobs, ordered: plan.Publish.IsEmpty, ct));
            tables = [.. copied.Select(c => c with { Elapsed = c.Elapsed + (tables.FirstOrDefault(t => t.Table == c.Table)?.Elapsed ?? TimeSpan.Zero) })];
            // Every value has been seen now. What a sample misjudged is made and loaded again.
            settled = !plan.Tables.Any(t => t.Sampled) && sampled.Refused.Count == 0 || await SettleAsync();
            if (settled && options.Verify is not null && await planning.WithoutDivergedAsync(plan, clock, ct) is { } plain)
            {
                (plan, settled) = (plain.Plan, false);
                await session.SettleAsync(plain, ct);
            }
            async Task<Settlement?> PrepareAsync()
            {
                try { unmade = await Steps().RunAsync(plan.PreData, session.Steps, ct); return null; }
                catch (GodwitException e) when (e is { Kind: ErrorKind.TargetFatal, SqlState: not null })
                {
                    if (await planning.WithoutRefusedAsync(plan, ct) is { } settlement) return settlement;
                    throw;
                }
            }
            async Task<bool> SettleAsync()
            {
                var settlement = await planning.SettleAsync(plan, sampled, ct);
                plan = settlement.Plan;
                Refuse(plan, snapshot.Position);
                await session.SettleAsync(settlement, ct);
                return settlement.Again.IsEmpty && settlement.StaleSteps.IsEmpty;
            }
        }
        var refused = unmade.AddRange(await In(Stage.PostData, "building keys, indexes, constraints and views", () => Steps().RunAsync(plan.PostData, session.Steps, ct)));
        if (plan.Carriage is not null) refused = refused.AddRange(await In(Stage.PostData, "carrying passwords, secrets, jobs and files", () => planning.CarryAsync(plan, ct)));
        await In(Stage.Publish, "publishing", () => new Publisher(target, run).RunAsync(plan.Publish, session.Steps, ct));
        var verification = options.Verify is { } mode && !options.SchemaOnly && !plan.InPlace
            ? await In(Stage.Verify, "comparing every value", () => new Verifier(snapshot, schema, target, progress, clock).VerifyAsync(plan, new(mode, options.Jobs, []), ct))
            : null;
        var result = new MigrationResult
        {
            RunId = run,
            Source = session.Run.Source,
            Target = target.Display,
            Started = session.Run.Started,
            Elapsed = clock.GetUtcNow() - session.Run.Started,
            Stages = stages.Elapsed,
            Plan = plan,
            Tables = tables,
            Findings = [.. plan.Findings, .. refused, .. MigrationResult.QuarantineFindings(tables)],
            Verification = verification,
        };
        await session.EndAsync(result.HasDifferences ? RunState.DoneWithDifferences : RunState.Done, null);
        return result;
    }

    private static void Refuse(MigrationPlan plan, Position position)
    {
        // A server never stands still: what its plan names is looked at object by object when it is executed.
        if (!plan.InPlace && plan.SourcePosition != position.Value)
            throw new GodwitException(ErrorKind.Blocked, "plan-outdated", "The source was written to since the plan was made.", "Make a new plan: godwit plan SOURCE TARGET -o plan.json");
        if (plan.Findings.FirstOrDefault(f => f.Severity == Severity.Block) is { } block)
            throw new GodwitException(ErrorKind.Blocked, block.Code, $"{block.Subject}: {block.Problem} Nothing was changed.", block.Hint);
    }
}
