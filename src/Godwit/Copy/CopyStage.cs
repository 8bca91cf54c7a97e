using System.Collections.Concurrent;
using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Godwit.Copy;

/// <summary>
/// Rows into tables. A worker takes a chunk, reads and encodes it, streams it to COPY, and commits rows, quarantined rows and the
/// journal's fact in one transaction; so a chunk is there once or not at all, whoever dies when. See docs/decisions/0004.
/// </summary>
public sealed partial class CopyStage(ISnapshot snapshot, DatabaseSchema schema, ITarget target, Guid run, SampledTables sampled, IProgress<MigrationEvent> progress, TimeProvider clock, ILogger logger)
{
    /// <summary>Waits before attempts 2, 3, ... of a chunk whose connection was lost.</summary>
    private static readonly ImmutableArray<TimeSpan> Backoff = [.. new[] { 0.5, 1, 2, 4, 8 }.Select(TimeSpan.FromSeconds)];

    private readonly ConcurrentDictionary<string, TableProgress> _tables = new();

    /// <summary>
    /// Loads every chunk that the journal does not know as done. <paramref name="stop"/> ends the work after the chunks in flight.
    /// <paramref name="ordered"/>: one after the other in plan order, for existing tables whose foreign keys are alive.
    /// </summary>
    public async Task<ImmutableArray<TableResult>> RunAsync(MigrationPlan plan, ImmutableArray<JournalChunk> done, int jobs, bool ordered, CancellationToken stop)
    {
        var finished = done.Select(c => (c.Table, c.Number)).ToHashSet();
        foreach (var table in plan.Tables)
        {
            _tables[table.Source] = new(table, [.. done.Where(c => c.Table == table.Source)], clock);
            progress.Report(new MigrationEvent.RowsCommitted(table.Source, _tables[table.Source].Committed));
        }
        var work = plan.Tables.SelectMany(t => t.Chunks.Select(c => (Table: t, Chunk: c))).Where(w => !finished.Contains((w.Table.Source, w.Chunk.Number)));
        // Large tables first, so that no worker is left alone with one at the end.
        var queue = new ConcurrentQueue<(TablePlan Table, PlannedChunk Chunk)>(
            ordered ? work : work.OrderByDescending(w => w.Table.Bytes).ThenBy(w => w.Table.Source, StringComparer.Ordinal).ThenBy(w => w.Chunk.Number));
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var workers = ordered ? 1 : Math.Max(1, Math.Min(jobs, queue.Count));
        // Each worker keeps a thread of its own busy: reading the source is synchronous work.
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(() => WorkAsync(queue, failed), CancellationToken.None)));
        stop.ThrowIfCancellationRequested();
        return [.. plan.Tables.Select(t => _tables[t.Source].Result())];
    }

    private async Task WorkAsync(ConcurrentQueue<(TablePlan Table, PlannedChunk Chunk)> queue, CancellationTokenSource failed)
    {
        NpgsqlConnection? connection = null;
        var completed = false;
        try
        {
            while (!failed.IsCancellationRequested && queue.TryDequeue(out var work))
                connection = await ChunkAsync(connection, work.Table, work.Chunk, failed.Token);
            completed = true;
        }
        catch (Exception e) when (failed.IsCancellationRequested && (e is OperationCanceledException || TargetErrors.IsTransient(e)))
        {
            // It waited to try again, or would have, when another failed, or Ctrl-C came: that is what is told, not this.
        }
        finally
        {
            // One worker's failure stops the others after their chunk; theirs are committed and need not be done again.
            if (!completed) await failed.CancelAsync();
            if (connection is not null) await connection.DisposeAsync();
        }
    }

    private async Task<NpgsqlConnection?> ChunkAsync(NpgsqlConnection? connection, TablePlan table, PlannedChunk chunk, CancellationToken stop)
    {
        for (var attempt = 0; ; attempt++)
        {
            if (sampled.IsRefused(table.Source)) return connection;
            try
            {
                connection ??= await OpenAsync(stop);
                // A lost connection may have lost only the server's answer to COMMIT: ask the journal before doing the work twice.
                if (attempt == 0 || !await IsDoneAsync(connection, table, chunk)) await LoadAsync(connection, table, chunk);
                return connection;
            }
            catch (Exception e) when (TargetErrors.IsTransient(e) && attempt < Backoff.Length && !stop.IsCancellationRequested)
            {
                LogRetry(table.Source, chunk.Number, attempt + 1);
                _tables[table.Source].Rewind();
                if (connection is not null) await connection.DisposeAsync();
                connection = null;
                await Task.Delay(Backoff[attempt], clock, stop);
            }
            catch (GodwitException e) when (sampled.Refute(table.Source, e))
            {
                LogRefuted(table.Source, e.SqlState!);
                _tables[table.Source].Rewind();
                return connection;
            }
            catch (GodwitException e) when (e is { Code: "target-constraint-violated", InnerException: PostgresException })
            {
                throw await RefusedRow.DescribeAsync(target, snapshot, Read(table, chunk), table, (PostgresException)e.InnerException!, " Where the source was corrected, it begins anew: empty the tables before.");
            }
            catch (Exception e) when (e is NpgsqlException or IOException)
            {
                throw TargetErrors.Map(e, $"loading {table.Source}");
            }
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        var connection = await target.ConnectAsync(ct);
        // A server crash may lose chunks together with their facts; publishing commits synchronously, and with it everything before.
        await using var command = new NpgsqlCommand("set synchronous_commit = off; " + ApplicationPath.Session, connection);
        await command.ExecuteNonQueryAsync(ct);
        return connection;
    }

    private async Task<bool> IsDoneAsync(NpgsqlConnection connection, TablePlan table, PlannedChunk chunk)
    {
        var done = (await RunJournal.ChunksAsync(connection, run, CancellationToken.None)).FirstOrDefault(c => c.Table == table.Source && c.Number == chunk.Number);
        if (done is not null) Commit(table, done.Rows, done.Misfits);
        return done is not null;
    }

    // Not cancelled by the first Ctrl-C: a chunk takes seconds, and stopping between chunks loses no work.
    private async Task LoadAsync(NpgsqlConnection connection, TablePlan table, PlannedChunk chunk)
    {
        var never = CancellationToken.None;
        var state = _tables[table.Source];
        if (state.Begin()) progress.Report(new MigrationEvent.TableStarted(Stage.Copy, table.Source, table.Rows));
        var read = Read(table, chunk) with { Profiler = sampled.Profiler(table.Source) };
        var misfits = new List<MisfitRow>();
        long rows = 0;
        await using var transaction = await connection.BeginTransactionAsync(never);
        await using (var sink = await CopySink.StartAsync(connection, table.Load, table.Columns.Select(c => c.Target), never))
        {
            await foreach (var batch in snapshot.ReadAsync(read, never))
                using (batch)
                {
                    await sink.WriteAsync(batch.Tuples, never);
                    rows += batch.Rows;
                    if (batch.Misfits is { } some) misfits.AddRange(some);
                    state.Add(batch.Rows, batch.Tuples.Length);
                    progress.Report(new MigrationEvent.TableProgress(Stage.Copy, table.Source, state.Rows, state.Bytes));
                }
            await sink.CompleteAsync(never);
        }
        foreach (var misfit in misfits)
            await RunJournal.QuarantineAsync(connection, run, table.Source, misfit.Position, QuarantineKey.Of(table, misfit.Json), misfit.Column, misfit.Reason.ToString(), misfit.Json, never);
        await RunJournal.ChunkDoneAsync(connection, run, new(table.Source, chunk.Number, rows, misfits.Count), never);
        Failpoints.Hit(Failpoints.ChunkWritten);
        await transaction.CommitAsync(never);
        Failpoints.Hit(Failpoints.ChunkDone);
        sampled.Seen(table.Source, chunk.Number, read.Profiler);
        Commit(table, rows, misfits.Count);
    }

    private TableRead Read(TablePlan table, PlannedChunk chunk) => new(schema.FindTable(table.Source)!, [.. table.Columns.Select(c => new ColumnRead(c.Source, c.Encoding))], new(chunk.From, chunk.To));

    private void Commit(TablePlan table, long rows, long misfits)
    {
        var state = _tables[table.Source];
        var last = state.Commit(rows, misfits);
        progress.Report(new MigrationEvent.RowsCommitted(table.Source, state.Committed));
        if (!last) return;
        var result = state.Result();
        progress.Report(new MigrationEvent.TableFinished(Stage.Copy, table.Source, result.RowsWritten, result.Quarantined, result.Elapsed));
    }

    [LoggerMessage(EventId = 201, Level = LogLevel.Warning, Message = "connection lost while loading {Table}, chunk {Chunk}: attempt {Attempt} begins")]
    private partial void LogRetry(string table, int chunk, int attempt);

    [LoggerMessage(EventId = 202, Level = LogLevel.Information, Message = "the sample of {Table} misjudged its values (SQLSTATE {SqlState}): it will be loaded again")]
    private partial void LogRefuted(string table, string sqlState);
}
