using System.Collections.Concurrent;
using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.PostData;

/// <summary>
/// Executes plan steps, each once: the step and the journal's fact commit together. <see cref="StepQueue"/> says which run side by side. Small ones are
/// committed together, and one by one where one of them is refused. A step that the data refuses falls back, or is left out, and is named.
/// </summary>
public sealed class StepRunner(ITarget target, Guid run, MigrationPlan plan, MigrationOptions options, IProgress<MigrationEvent> progress, TimeProvider clock)
{
    private const int DefaultMaintenanceMb = 256;

    private readonly ConcurrentBag<Finding> _findings = [];
    private readonly ConcurrentDictionary<string, bool> _refused = new();
    private ImmutableDictionary<string, KeyBuild> _builds = ImmutableDictionary<string, KeyBuild>.Empty;
    /// <summary>Ids of the keys whose index is there.</summary>
    private readonly ConcurrentDictionary<string, bool> _built = new();
    /// <summary>Steps that say a name which is not there, to be tried again when all others are done. Null: then is now.</summary>
    private ConcurrentDictionary<string, bool>? _later = plan.InPlace ? new() : null;

    private const string Doing = "executing the plan's statements";

    /// <summary>Runs the steps that <paramref name="done"/> does not know; returns a finding for each that was refused, now or before.</summary>
    public async Task<ImmutableArray<Finding>> RunAsync(ImmutableArray<SqlStep> steps, IReadOnlyDictionary<string, JournalStep> done, CancellationToken stop)
    {
        foreach (var step in steps)
            if (done.TryGetValue(step.Id, out var fact) && fact.Outcome != StepOutcome.Done) Refuse(step, fact.Outcome, fact.Detail);
        _builds = KeyBuild.Of(steps, plan);
        foreach (var build in _builds.Values.Where(b => done.ContainsKey(b.Build.Id))) _built[build.Key.Id] = true;
        var queue = new StepQueue(steps.Where(s => !done.ContainsKey(s.Id)), [.. _builds.Values.Where(b => !done.ContainsKey(b.Key.Id) && !_built.ContainsKey(b.Key.Id))], plan);
        var workers = Math.Min(Math.Max(1, options.Jobs), queue.Width);
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(queue, workers, failed)));
        stop.ThrowIfCancellationRequested();
        await AgainAsync(steps, stop);
        return [.. _findings.OrderBy(f => f.Subject, StringComparer.Ordinal)];
    }

    /// <summary>
    /// pg_dump orders statements by what the catalog says of them, which knows no function that another one's text calls: a table may come before what its
    /// generated column needs. What waited is tried in its order, as long as that gets some of it done.
    /// </summary>
    private async Task AgainAsync(ImmutableArray<SqlStep> steps, CancellationToken stop)
    {
        if (_later is not { IsEmpty: false } waiting) return;
        await using var connection = await target.ConnectAsync(stop);
        try
        {
            await ExecuteAsync(connection, SessionSettings(1), stop);
            while (!waiting.IsEmpty)
            {
                var some = steps.Where(s => waiting.ContainsKey(s.Id)).ToList();
                waiting.Clear();
                foreach (var step in some) await StepAsync(connection, step, "", null, stop);
                // What is missing now is missing for good, and is told by each as it would have been.
                if (waiting.Count == some.Count) _later = null;
            }
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, Doing);
        }
    }

    private async Task WorkAsync(StepQueue queue, int workers, CancellationTokenSource failed)
    {
        var completed = false;
        NpgsqlConnection? connection = null;
        try
        {
            while (await queue.TakeAsync(failed.Token) is { } group)
            {
                if (connection is null)
                {
                    connection = await target.ConnectAsync(failed.Token);
                    await ExecuteAsync(connection, SessionSettings(workers), failed.Token);
                }
                if (group.Build is { } build) await BuildAsync(connection, build, group.Steps[0].Id == queue.Longest && workers > 1 ? WithWorker : "", failed.Token);
                else if (group.Together) await TogetherAsync(connection, group.Steps, queue, failed.Token);
                else foreach (var step in group.Steps) await StepAsync(connection, step, step.Id == queue.Longest && workers > 1 ? WithWorker : "", group.IsAlone ? null : queue, failed.Token);
                queue.Done(group);
            }
            completed = true;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, Doing);
        }
        finally
        {
            if (!completed) await failed.CancelAsync();
            if (connection is not null) await connection.DisposeAsync();
        }
    }

    // 3.0 s instead of 3.5 for the tracker's indexes on two cores (bench/): a second process sorts half of the long one's rows.
    private const string WithWorker = "set local max_parallel_maintenance_workers = 1; ";

    // Two sessions that each build an index alone beat one session with two workers: 9.6 s against 12 on two cores (bench/).
    private string SessionSettings(int workers)
    {
        var mb = options.MaintenanceWorkMemMb ?? (int)Math.Max(DefaultMaintenanceMb, target.Profile.MaintenanceWorkMemBytes >> 20);
        return $"set maintenance_work_mem = '{mb}MB'; set synchronous_commit = off" + (workers > 1 ? "; set max_parallel_maintenance_workers = 0" : "")
            // Tables that were there before may call what the application's sessions alone find.
            + (options.DataOnly ? "; " + ApplicationPath.Session : "");
    }

    /// <summary>In one transaction. Where a statement is refused, those before it are committed, it is executed by itself, as it would have been, and the rest goes on.</summary>
    private async Task TogetherAsync(NpgsqlConnection connection, ImmutableArray<SqlStep> steps, StepQueue queue, CancellationToken stop)
    {
        for (var at = 0; at < steps.Length;)
        {
            var some = steps[at..].TakeWhile(s => StepBatch.Fits(s) && !(s.Requires is { } required && (_refused.ContainsKey(required) || _later?.ContainsKey(required) == true))).ToList();
            while (some.Count > 1)
            {
                foreach (var step in some) progress.Report(new MigrationEvent.StepStarted(step.Id, step.Subject));
                var started = clock.GetTimestamp();
                var refused = await StepBatch.RunAsync(connection, run, some, stop);
                if (refused is { } which)
                {
                    some.RemoveRange(which, some.Count - which);
                    continue;
                }
                var each = clock.GetElapsedTime(started) / some.Count;
                foreach (var step in some) progress.Report(new MigrationEvent.StepFinished(step.Id, step.Subject, each));
                at += some.Count;
                some.Clear();
            }
            if (at < steps.Length) await StepAsync(connection, steps[at++], "", queue, stop);
        }
    }

    private async Task BuildAsync(NpgsqlConnection connection, KeyBuild build, string before, CancellationToken stop)
    {
        var step = build.Build;
        progress.Report(new MigrationEvent.StepStarted(step.Id, step.Subject));
        var started = clock.GetTimestamp();
        try
        {
            await OneAsync(connection, before + step.Sql, new(step.Id, StepOutcome.Done, null), stop);
            _built[build.Key.Id] = true;
        }
        catch (PostgresException e) when (StepRefusal.IsRefusal(e))
        {
            // The key's own statement meets the same, and is told.
        }
        progress.Report(new MigrationEvent.StepFinished(step.Id, step.Subject, clock.GetElapsedTime(started)));
    }

    /// <summary><paramref name="queue"/>: where others run beside it; null where none does.</summary>
    private async Task StepAsync(NpgsqlConnection connection, SqlStep step, string before, StepQueue? queue, CancellationToken stop)
    {
        progress.Report(new MigrationEvent.StepStarted(step.Id, step.Subject));
        var started = clock.GetTimestamp();
        if (step.Requires is { } needed && _later?.ContainsKey(needed) == true)
        {
            _later[step.Id] = true;
            return;
        }
        if (step.Requires is { } required && _refused.ContainsKey(required))
        {
            _refused[step.Id] = true;
            await OneAsync(connection, "", new(step.Id, StepOutcome.Refused, null), stop);
            return;
        }
        try
        {
            await OneAsync(connection, before + (_built.ContainsKey(step.Id) ? _builds[step.Id].Adopt : step.Sql), new(step.Id, StepOutcome.Done, null), stop);
        }
        catch (PostgresException e) when (_later is not null && ApplicationPath.IsMissing(e))
        {
            _later[step.Id] = true;
            return;
        }
        catch (PostgresException e) when (StepRefusal.IsForTheOwner(step, e))
        {
            var detail = $"{e.SqlState} {e.MessageText}.";
            await OneAsync(connection, "", new(step.Id, StepOutcome.Refused, detail), stop);
            Refuse(step, StepOutcome.Refused, detail);
        }
        catch (PostgresException e) when (step.Fallback is null && StepRefusal.IsRefusal(e))
        {
            throw TargetErrors.Map(e, $"executing {step.Id}");
        }
        catch (PostgresException e) when (step.Fallback is not null && StepRefusal.IsRefusal(e))
        {
            if (plan.InPlace && options.Misfits == MisfitPolicy.Fail && e.SqlState.StartsWith("23", StringComparison.Ordinal))
                throw new GodwitException(ErrorKind.TargetFatal, "rows-break-constraint", $"{step.Subject}: {await DetailAsync(connection, step, e, stop)}",
                    "Repair the rows in the source and type the same command again. --on-misfit quarantine sets them aside; without --on-misfit they stay and are named.");
            var way = plan.InPlace && options.Misfits == MisfitPolicy.Quarantine ? AsideStep.Of(step, e) : null;
            if (way is not null && queue is not null)
            {
                // What another session proves meanwhile would not see the rows go, and which rows go for which step would be a matter of who comes first.
                queue.PutOff(step);
                return;
            }
            var (isAside, whyNot) = way is null ? (false, null) : await SetAsideAsync(connection, step, way, stop);
            if (isAside)
            {
                progress.Report(new MigrationEvent.StepFinished(step.Id, step.Subject, clock.GetElapsedTime(started)));
                return;
            }
            var outcome = step.Fallback.Length == 0 ? StepOutcome.Refused : StepOutcome.Fallback;
            var detail = await DetailAsync(connection, step, e, stop) + whyNot;
            await OneAsync(connection, step.Fallback, new(step.Id, outcome, detail), stop);
            Refuse(step, outcome, detail);
        }
        progress.Report(new MigrationEvent.StepFinished(step.Id, step.Subject, clock.GetElapsedTime(started)));
    }

    /// <summary>The rows that break the step go into quarantine, and the step is executed, all in one transaction. False: nothing was changed, and why is told where it was tried.</summary>
    private async Task<(bool Done, string? WhyNot)> SetAsideAsync(NpgsqlConnection connection, SqlStep step, AsideStep way, CancellationToken stop)
    {
        await using var transaction = await connection.BeginTransactionAsync(stop);
        try
        {
            var rows = new AsideRows(connection, run, plan, target.Profile.IsSuperuser);
            await rows.BeginAsync(stop);
            await way.NameAsync(connection, rows, stop);
            if (await rows.CompleteAsync(stop) is { } whyNot) return (false, " They could not be set aside: " + whyNot);
            await rows.OwnSettingsAsync(stop);
            await SendAsync(connection, step.Sql, new(step.Id, StepOutcome.Done, null), stop);
            Failpoints.Hit(Failpoints.RowsAside);
            await transaction.CommitAsync(CancellationToken.None);
            Failpoints.Hit(Failpoints.RowsAsideDone);
            return (true, null);
        }
        catch (PostgresException e) when (StepRefusal.IsRefusal(e) || e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // The transaction is rolled back: everything is as it would be without the choice.
            return (false, $" They could not be set aside: {e.SqlState} {e.MessageText}");
        }
    }

    /// <summary>A detail of null: refused only because a step that it requires was.</summary>
    private void Refuse(SqlStep step, StepOutcome outcome, string? detail)
    {
        if (outcome == StepOutcome.Refused) _refused[step.Id] = true;
        if (detail is null) return;
        var finding = StepRefusal.Describe(step, outcome, detail);
        _findings.Add(finding);
        progress.Report(new MigrationEvent.Found(finding));
    }

    private async Task OneAsync(NpgsqlConnection connection, string sql, JournalStep fact, CancellationToken stop)
    {
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await SendAsync(connection, sql, fact, stop);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private async Task SendAsync(NpgsqlConnection connection, string sql, JournalStep fact, CancellationToken stop)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        // Cut apart here and sent as it is: the driver's own parser of several statements does not know every body of a function.
        foreach (var statement in SqlScript.Split(sql)) batch.BatchCommands.Add(new(statement));
        batch.BatchCommands.Add(RunJournal.StepsDone(run, [fact.Id], fact.Outcome, fact.Detail));
        await batch.ExecuteNonQueryAsync(stop);
    }

    private async Task<string> DetailAsync(NpgsqlConnection connection, SqlStep step, PostgresException e, CancellationToken stop)
    {
        // The server's DETAIL may hold a whole row, and is not asked for.
        var refusal = $"{e.SqlState} {e.MessageText}";
        await using var transaction = await connection.BeginTransactionAsync(stop);
        // Indexes of the tables may call what the application's sessions alone find.
        if (plan.LoadSearchPath is { } path) await ExecuteAsync(connection, $"SET LOCAL search_path = pg_catalog, {path}", stop);
        try
        {
            if (step.Kind == StepKind.ForeignKeyValidation && e.SqlState == PostgresErrorCodes.ForeignKeyViolation && e.ConstraintName is { } name && step.Table is { } table)
                return await Orphans.DescribeAsync(connection, plan.Tables.First(t => t.Source == table), name, stop);
            if (e.SqlState == PostgresErrorCodes.UniqueViolation && step.UniqueKey is { } key) return $"{refusal}: {await Duplicates.DescribeAsync(connection, key, stop)}";
            if (e.SqlState == PostgresErrorCodes.UniqueViolation && plan.Tables.FirstOrDefault(t => t.Source == step.Table) is { } keyed && plan.InPlace
                && await Duplicates.DescribeAsync(connection, keyed, step.Sql, stop) is { } duplicates) return $"{refusal}: {duplicates}";
        }
        catch (PostgresException missing) when (ApplicationPath.IsMissing(missing))
        {
            // What the rows are is told where they can be read.
        }
        return refusal;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
