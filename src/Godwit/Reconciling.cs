using System.Collections.Immutable;
using System.Globalization;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.PostData;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit;

/// <summary>
/// An unfinished run from PostgreSQL goes on, although the moment that it copied died with its process. What is loaded is looked at from a new
/// moment: a chunk counts when the source still holds exactly those rows, none of them written since. Tables of other chunks are emptied and
/// loaded again, so that all rows are of the new moment. See docs/decisions/0007.
/// </summary>
internal sealed class Reconciling(IPostgresSnapshot snapshot, DatabaseSchema schema, Planning planning, ITarget target, MigrationOptions options, IProgress<MigrationEvent> progress)
{
    /// <summary>The plan by which the run goes on; null where it must start over, because objects differ or keys were built on rows that changed.</summary>
    public async Task<MigrationPlan?> GoOnAsync(JournalRun run, MigrationPlan plan, CancellationToken ct)
    {
        if (!plan.InPlace) return null;
        var now = await planning.AgainAsync(ct);
        // Keys that the run has taken off are not there to be planned for.
        if (plan.IntoExisting) now = now with { PreData = plan.PreData, PostData = [.. plan.PostData.Where(IsKey).Concat(now.PostData.Where(s => !IsKey(s))).OrderBy(s => s.Kind)] };
        if (!SameObjects(plan, now)) return null;
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            var stale = run.Position == snapshot.Position.Value ? [] : await StaleAsync(connection, run, plan, ct);
            var steps = await RunJournal.StepsAsync(connection, run.Id, ct);
            if (stale.Length > 0 && steps.Any(s => plan.PostData.Any(p => p.Id == s.Id || KeyBuild.IdOf(p) == s.Id))) return null;
            // Sequences go on counting without a trace in the snapshot: where they stand is read anew each time.
            var adapted = plan with { SourcePosition = snapshot.Position.Value, PostData = now.PostData, Findings = now.Findings };
            await using var transaction = await connection.BeginTransactionAsync(ct);
            if (plan.IntoExisting) await ExistingRows.RemoveAsync(connection, run, stale, target.Profile.IsSuperuser, ct);
            else foreach (var load in stale.Select(t => t.Load).Distinct())
                await using (var empty = new NpgsqlCommand($"TRUNCATE {(plan.Tables.Count(t => t.Load == load) > 1 ? "" : "ONLY ")}{load}", connection)) await empty.ExecuteNonQueryAsync(ct);
            var again = stale.Select(t => t.Source).ToList();
            if (run.Position != snapshot.Position.Value)
            {
                // Nothing tells whether a large object was written to.
                foreach (var oid in await LargeObjectJournal.DoneAsync(connection, run.Id, ct))
                    await using (var unlink = new NpgsqlCommand($"SELECT lo_unlink({oid})", connection)) await unlink.ExecuteNonQueryAsync(ct);
                again.Add(LargeObjectJournal.Table);
            }
            await RunJournal.ReplanAsync(connection, run.Id, PlanJson.Write(adapted), [.. again], [], ct);
            await RunJournal.MoveAsync(connection, run.Id, snapshot.Position.Value, ct);
            await transaction.CommitAsync(ct);
            if (stale.Length > 0)
                progress.Report(new MigrationEvent.Found(new("source-changed-since", Severity.Info, string.Join(", ", stale.Take(5).Select(t => t.Source)) + (stale.Length > 5 ? " ..." : ""),
                    $"{stale.Length} table(s) were written to since the interrupted run: they are loaded again, so that all rows are of one moment.")));
            return adapted;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "looking at what is loaded");
        }
    }

    private static bool IsKey(SqlStep step) => step.Kind is StepKind.ForeignKey or StepKind.ForeignKeyValidation;

    private static bool SameObjects(MigrationPlan before, MigrationPlan now)
    {
        // Roles and settings that the run has made are not planned again.
        static IEnumerable<(string, string)> Made(MigrationPlan plan) => plan.PreData.Where(s => s.Kind != StepKind.Role && !s.Id.StartsWith("drop ", StringComparison.Ordinal)).Select(s => (s.Id, s.Sql))
            .Concat(plan.PostData.Where(s => s.Kind is not (StepKind.Closing or StepKind.Analyze or StepKind.Setting)).Select(s => (s.Id, s.Sql)));
        static IEnumerable<(string, SqlName, RowFormat, string, string?)> Loaded(MigrationPlan plan) =>
            plan.Tables.Select(t => (t.Source, t.Load, t.Format, string.Join('\n', t.Columns.Select(c => c.Source + " " + c.PgType)), t.SourceFile));
        return Made(before).SequenceEqual(Made(now)) && Loaded(before).SequenceEqual(Loaded(now));
    }

    private async Task<ImmutableArray<TablePlan>> StaleAsync(NpgsqlConnection connection, JournalRun run, MigrationPlan plan, CancellationToken ct)
    {
        var done = (await RunJournal.ChunksAsync(connection, run.Id, ct)).ToLookup(c => c.Table);
        var tables = plan.Tables.Where(t => done.Contains(t.Source)).ToList();
        var stale = new System.Collections.Concurrent.ConcurrentBag<TablePlan>();
        await Parallel.ForEachAsync(tables, new ParallelOptions { MaxDegreeOfParallelism = options.Jobs, CancellationToken = ct }, async (table, token) =>
        {
            if (!await IsUnchangedAsync(table, done[table.Source], run.Position, plan.LoadSearchPath, token)) stale.Add(table);
        });
        // Tables that are loaded through one root are emptied together.
        var roots = stale.Select(t => t.Load).ToHashSet();
        return [.. plan.Tables.Where(t => roots.Contains(t.Load) && done.Contains(t.Source))];
    }

    private async Task<bool> IsUnchangedAsync(TablePlan table, IEnumerable<JournalChunk> done, string before, string? searchPath, CancellationToken ct)
    {
        try
        {
            await using var session = await snapshot.ConnectAsync(ct);
            if (await OldestAsync(session, before, ct) is not { } oldest) return false;
            // The planner reads what the table's indexes call, under the path of whoever asks.
            if (searchPath is not null)
                await using (var path = new NpgsqlCommand(StatementSteps.Under(searchPath), session)) await path.ExecuteNonQueryAsync(ct);
            foreach (var fact in done)
            {
                if (table.Chunks.FirstOrDefault(c => c.Number == fact.Number) is not { } chunk) return false;
                // Versions of rows never change: those that were all written before the first moment, as many as were loaded, are the same rows.
                // A negative age is a frozen one of long ago.
                var sql = $"SELECT count(*), count(*) FILTER (WHERE age(xmin) BETWEEN 0 AND {oldest}) FROM {PageRange.From(schema.FindTable(table.Source)!, new(chunk.From, chunk.To))}";
                await using var command = new NpgsqlCommand(sql, session);
                await using var row = await command.ExecuteReaderAsync(ct);
                await row.ReadAsync(ct);
                if (row.GetInt64(0) != fact.Rows || row.GetInt64(1) != 0) return false;
            }
            return true;
        }
        catch (NpgsqlException e)
        {
            throw new GodwitException(ErrorKind.SourceTransient, "source-connection-lost", $"{table.Source}: looking at what is loaded failed: {e.Message}", "Type the same command again.", e);
        }
    }

    /// <summary>The age of the oldest transaction that may have been unfinished at the first moment ("xmin:xmax:xip"); null where it cannot be told.</summary>
    private static async Task<long?> OldestAsync(NpgsqlConnection session, string before, CancellationToken ct)
    {
        if (!long.TryParse(before.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var xmin)) return null;
        await using var command = new NpgsqlCommand("SELECT age('3'::xid)::int8, pg_snapshot_xmax(pg_current_snapshot())::text::int8", session);
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        // age() counts from the newest transaction number, of which it knows 32 bits: the next such number at or after the snapshot's end.
        var low = (row.GetInt64(0) + 3) & 0xFFFF_FFFF;
        var end = row.GetInt64(1);
        var newest = (end & ~0xFFFF_FFFFL) | low;
        if (newest < end) newest += 1L << 32;
        var age = newest - xmin;
        return age is >= 0 and < int.MaxValue ? age : null;
    }
}
