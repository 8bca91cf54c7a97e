using System.Collections.Concurrent;
using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.PostData;

/// <summary>
/// Executes plan steps, each once: the step and the journal's fact commit together. Kinds run one after the other; inside a kind, steps
/// run side by side where PostgreSQL's locks allow it. A step that the data refuses falls back, or is left out, and is named.
/// </summary>
public sealed class StepRunner(ITarget target, Guid run, MigrationPlan plan, MigrationOptions options, IProgress<MigrationEvent> progress, TimeProvider clock)
{
    private const int DefaultMaintenanceMb = 256;

    private readonly ConcurrentBag<Finding> _findings = [];
    private readonly ConcurrentDictionary<string, bool> _refused = new();
    /// <summary>The index that would be built alone at the end, because it is more work than all the others together.</summary>
    private string? _alone;

    /// <summary>Runs the steps that <paramref name="done"/> does not know; returns a finding for each that was refused, now or before.</summary>
    public async Task<ImmutableArray<Finding>> RunAsync(ImmutableArray<SqlStep> steps, IReadOnlyDictionary<string, JournalStep> done, CancellationToken stop)
    {
        foreach (var step in steps)
            if (done.TryGetValue(step.Id, out var fact) && fact.Outcome != StepOutcome.Done) Refuse(step, fact.Outcome, fact.Detail);
        var sizes = plan.Tables.ToDictionary(t => t.Source, t => t.Rows);
        double Work(SqlStep step) => step.Table is { } table ? (double)sizes.GetValueOrDefault(table) * step.Effort : 0;
        foreach (var kind in steps.Where(s => !done.ContainsKey(s.Id)).GroupBy(s => s.Kind).OrderBy(g => g.Key))
        {
            List<List<SqlStep>> groups = IsParallel(kind.Key)
                // Validations of one table wait for each other's lock: one worker takes them all, and the others go on.
                ? [.. kind.GroupBy(s => kind.Key == StepKind.ForeignKeyValidation ? s.Table ?? s.Id : s.Id)
                    .OrderByDescending(g => Work(g.First())).Select(g => g.ToList())]
                : [[.. kind]];
            if (kind.Key == StepKind.Index && options.Jobs > 1 && groups.Count > 1 && Work(groups[0][0]) > groups.Skip(1).Sum(g => Work(g[0]))) _alone = groups[0][0].Id;
            await ParallelAsync(groups, Math.Max(1, Math.Min(options.Jobs, groups.Count)), stop);
        }
        return [.. _findings.OrderBy(f => f.Subject, StringComparer.Ordinal)];
    }

    private static bool IsParallel(StepKind kind) => kind is StepKind.Index or StepKind.Check or StepKind.ForeignKeyValidation or StepKind.Analyze;

    private async Task ParallelAsync(List<List<SqlStep>> groups, int workers, CancellationToken stop)
    {
        var queue = new ConcurrentQueue<List<SqlStep>>(groups);
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(queue, workers, failed)));
        stop.ThrowIfCancellationRequested();
    }

    private async Task WorkAsync(ConcurrentQueue<List<SqlStep>> queue, int workers, CancellationTokenSource failed)
    {
        var completed = false;
        try
        {
            await using var connection = await target.ConnectAsync(failed.Token);
            await ExecuteAsync(connection, SessionSettings(workers), failed.Token);
            while (!failed.IsCancellationRequested && queue.TryDequeue(out var group))
                foreach (var step in group) await StepAsync(connection, step, failed.Token);
            completed = true;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "building indexes and constraints");
        }
        finally
        {
            if (!completed) await failed.CancelAsync();
        }
    }

    // 3.0 s instead of 3.5 for the tracker's indexes on two cores (bench/): a second process sorts half of the long one's rows.
    private const string WithWorker = "set local max_parallel_maintenance_workers = 1; ";

    // Two sessions that each build an index alone beat one session with two workers: 9.6 s against 12 on two cores (bench/).
    private string SessionSettings(int workers)
    {
        var mb = options.MaintenanceWorkMemMb ?? (int)Math.Max(DefaultMaintenanceMb, target.Profile.MaintenanceWorkMemBytes >> 20);
        return $"set maintenance_work_mem = '{mb}MB'; set synchronous_commit = off" + (workers > 1 ? "; set max_parallel_maintenance_workers = 0" : "");
    }

    private async Task StepAsync(NpgsqlConnection connection, SqlStep step, CancellationToken stop)
    {
        progress.Report(new MigrationEvent.StepStarted(step.Id, step.Subject));
        var started = clock.GetTimestamp();
        if (step.Requires is { } required && _refused.ContainsKey(required))
        {
            _refused[step.Id] = true;
            await OneAsync(connection, "", new(step.Id, StepOutcome.Refused, null), stop);
            return;
        }
        try
        {
            await OneAsync(connection, step.Id == _alone ? WithWorker + step.Sql : step.Sql, new(step.Id, StepOutcome.Done, null), stop);
        }
        catch (PostgresException e) when (step.Fallback is not null && StepRefusal.IsRefusal(e))
        {
            var outcome = step.Fallback.Length == 0 ? StepOutcome.Refused : StepOutcome.Fallback;
            var detail = await DetailAsync(connection, step, e, stop);
            await OneAsync(connection, step.Fallback, new(step.Id, outcome, detail), stop);
            Refuse(step, outcome, detail);
        }
        progress.Report(new MigrationEvent.StepFinished(step.Id, step.Subject, clock.GetElapsedTime(started)));
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
        if (sql.Length > 0) await ExecuteAsync(connection, sql, stop);
        await RunJournal.StepDoneAsync(connection, run, fact, stop);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private async Task<string> DetailAsync(NpgsqlConnection connection, SqlStep step, PostgresException e, CancellationToken stop)
    {
        if (step.Kind == StepKind.ForeignKeyValidation && e.SqlState == PostgresErrorCodes.ForeignKeyViolation && e.ConstraintName is { } name && step.Table is { } table)
            return await Orphans.DescribeAsync(connection, plan.Tables.First(t => t.Source == table), name, stop);
        if (e.SqlState == PostgresErrorCodes.UniqueViolation && step.UniqueKey is { } key) return $"{e.SqlState} {e.MessageText}: {await Duplicates.DescribeAsync(connection, key, stop)}";
        if (e.SqlState == PostgresErrorCodes.UniqueViolation && plan.Tables.FirstOrDefault(t => t.Source == step.Table) is { } keyed && plan.InPlace
            && await Duplicates.DescribeAsync(connection, keyed, step.Sql, stop) is { } duplicates) return $"{e.SqlState} {e.MessageText}: {duplicates}";
        // The server's DETAIL may hold a whole row, and is not asked for.
        return $"{e.SqlState} {e.MessageText}";
    }

    // Cut apart here and sent as it is: the driver's own parser of several statements does not know every body of a function.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        foreach (var statement in SqlScript.Split(sql)) batch.BatchCommands.Add(new(statement));
        await batch.ExecuteNonQueryAsync(ct);
    }
}
