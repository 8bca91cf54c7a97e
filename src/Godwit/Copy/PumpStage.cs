using System.Collections.Concurrent;
using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Wire;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Godwit.Copy;

/// <summary>
/// Rows from one PostgreSQL into another, undecoded. As in <see cref="CopyStage"/>, a chunk's rows and the journal's fact commit in one
/// transaction of the target; here both go through one plain connection, which costs a fraction of a driver's processor time.
/// </summary>
public sealed partial class PumpStage(ISnapshot snapshot, DatabaseSchema schema, ITarget target, Guid run, IProgress<MigrationEvent> progress, TimeProvider clock, ILogger logger)
{
    /// <summary>Waits before attempts 2, 3, ... of a chunk whose connection was lost.</summary>
    private static readonly ImmutableArray<TimeSpan> Backoff = [.. new[] { 0.5, 1, 2, 4, 8 }.Select(TimeSpan.FromSeconds)];
    private const int BatchBytes = 256 * 1024;
    private const string SetAside = " Or empty the tables and begin anew with --on-misfit quarantine, which sets such rows aside.";

    private readonly ConcurrentDictionary<string, TableProgress> _tables = new();

    /// <summary>
    /// Loads every chunk that the journal does not know as done. <paramref name="setsAside"/>: rows that a constraint refuses go into quarantine, and do not end the run.
    /// <paramref name="stop"/> ends the work after the chunks in flight.
    /// </summary>
    public async Task<ImmutableArray<TableResult>> RunAsync(MigrationPlan plan, ImmutableArray<JournalChunk> done, int jobs, bool setsAside, CancellationToken stop)
    {
        using var aside = setsAside ? new ChunkAside(run) : null;
        var finished = done.Select(c => (c.Table, c.Number)).ToHashSet();
        foreach (var table in plan.Tables) _tables[table.Source] = new(table, [.. done.Where(c => c.Table == table.Source)], clock);
        foreach (var (name, table) in _tables) progress.Report(new MigrationEvent.RowsCommitted(name, table.Committed));
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(stop);
        foreach (var round in plan.Tables.GroupBy(t => t.Round).OrderBy(r => r.Key))
        {
            // Large tables first, so that no worker is left alone with one at the end.
            var queue = new ConcurrentQueue<(TablePlan Table, PlannedChunk Chunk)>(round.SelectMany(t => t.Chunks.Select(c => (Table: t, Chunk: c)))
                .Where(w => !finished.Contains((w.Table.Source, w.Chunk.Number)))
                .OrderByDescending(w => w.Table.Bytes).ThenBy(w => w.Table.Source, StringComparer.Ordinal).ThenBy(w => w.Chunk.Number));
            var workers = Math.Max(1, Math.Min(jobs, queue.Count));
            // Both ends block their thread: each worker has one of its own.
            await Task.WhenAll(Enumerable.Range(0, workers).Select(_ =>
                Task.Factory.StartNew(() => WorkAsync(plan, queue, aside, failed).GetAwaiter().GetResult(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        }
        stop.ThrowIfCancellationRequested();
        return [.. plan.Tables.Select(t => _tables[t.Source].Result())];
    }

    private async Task WorkAsync(MigrationPlan plan, ConcurrentQueue<(TablePlan Table, PlannedChunk Chunk)> queue, ChunkAside? aside, CancellationTokenSource failed)
    {
        WireConnection? connection = null;
        var completed = false;
        try
        {
            while (!failed.IsCancellationRequested && queue.TryDequeue(out var work))
                connection = await ChunkAsync(plan, connection, work.Table, work.Chunk, aside, failed.Token);
            completed = true;
        }
        catch (Exception e) when (failed.IsCancellationRequested && (e is OperationCanceledException || IsTransient(e)))
        {
            // It waited to try again, or would have, when another failed, or Ctrl-C came: that is what is told, not this.
        }
        finally
        {
            // One worker's failure stops the others after their chunk; theirs are committed and need not be done again.
            if (!completed) await failed.CancelAsync();
            connection?.Dispose();
        }
    }

    private async Task<WireConnection?> ChunkAsync(MigrationPlan plan, WireConnection? connection, TablePlan table, PlannedChunk chunk, ChunkAside? aside, CancellationToken stop)
    {
        PostgresException? refused = null;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                connection ??= Open(plan, stop);
                // A lost connection may have lost only the server's answer to COMMIT: ask the journal before doing the work twice.
                if (attempt == 0 || !IsDone(connection, table, chunk))
                    await (refused is null ? LoadAsync(connection, table, chunk, plan.LoadSearchPath, null) : LoadAsideAsync(connection, table, chunk, plan.LoadSearchPath, aside!, refused, stop));
                return connection;
            }
            catch (Exception e) when (IsTransient(e) && attempt < Backoff.Length && !stop.IsCancellationRequested)
            {
                LogRetry(table.Source, chunk.Number, attempt + 1);
                _tables[table.Source].Rewind();
                connection?.Dispose();
                connection = null;
                await Task.Delay(Backoff[attempt], clock, stop);
            }
            catch (PostgresException e) when (e.SqlState.StartsWith("23", StringComparison.Ordinal))
            {
                connection?.Dispose();
                connection = null;
                _tables[table.Source].Rewind();
                if (aside is null || refused is not null) throw await RefusedRow.DescribeAsync(target, snapshot, Read(table, chunk, plan.LoadSearchPath), table, refused ?? e, aside is null ? SetAside : "");
                refused = e;
            }
            catch (Exception e) when (TargetErrors.IsTargetError(e))
            {
                connection?.Dispose();
                throw TargetErrors.Map(e, $"loading {table.Source}");
            }
            catch
            {
                // A COPY that was left in the middle ends with its connection.
                connection?.Dispose();
                throw;
            }
        }
    }

    /// <summary>The chunk again; what a constraint refuses of it goes into quarantine.</summary>
    private async Task LoadAsideAsync(WireConnection connection, TablePlan table, PlannedChunk chunk, string? searchPath, ChunkAside aside, PostgresException refused, CancellationToken stop)
    {
        await aside.EnterAsync(stop);
        try
        {
            if (!ChunkAside.CanTake(connection, table)) throw await RefusedRow.DescribeAsync(target, snapshot, Read(table, chunk, searchPath), table, refused);
            await LoadAsync(connection, table, chunk, searchPath, aside);
        }
        finally
        {
            aside.Leave();
        }
    }

    // The run has reached the target before: a socket that is not there now is that of a server that restarts.
    private static bool IsTransient(Exception e) =>
        TargetErrors.IsTransient(e) || e is GodwitException { Code: "source-connection-lost" or "source-conflict" or "source-too-many-connections" or "target-unreachable" };

    private WireConnection Open(MigrationPlan plan, CancellationToken ct)
    {
        var connection = target.OpenWire(ct);
        // A server crash may lose chunks together with their facts; later steps commit synchronously, and with them everything before.
        var quiet = plan.LoadsQuietly(target) ? "; SET session_replication_role = replica" : "";
        connection.Query("SET synchronous_commit = off" + quiet + (plan.LoadSearchPath is { } path ? $"; SET search_path = {path}" : ""));
        return connection;
    }

    private bool IsDone(WireConnection connection, TablePlan table, PlannedChunk chunk)
    {
        var rows = connection.Query(RunJournal.ChunkSql(run, table.Source, chunk.Number));
        if (rows.IsEmpty) return false;
        Commit(table, long.Parse(rows[0][0]!, System.Globalization.CultureInfo.InvariantCulture));
        return true;
    }

    // Not cancelled by the first Ctrl-C: a chunk takes seconds, and stopping between chunks loses no work.
    private async Task LoadAsync(WireConnection connection, TablePlan table, PlannedChunk chunk, string? searchPath, ChunkAside? aside)
    {
        var state = _tables[table.Source];
        if (state.Begin()) progress.Report(new MigrationEvent.TableStarted(Stage.Copy, table.Source, table.Rows));
        var read = Read(table, chunk, searchPath);
        var columns = SqlName.List(table.Columns.Select(c => c.Target));
        long rows = 0;
        var into = table.Load.ToString();
        if (aside is null) connection.Query("BEGIN");
        else into = ChunkAside.Begin(connection, table);
        using (var sink = connection.BeginCopyIn($"COPY {into}{(columns.Length == 0 ? "" : $" ({columns})")} FROM STDIN{(table.Format == RowFormat.Binary ? " (FORMAT binary)" : "")}"))
        {
            if (table.Format == RowFormat.Binary) sink.Write(BinaryCopy.Header);
            await foreach (var batch in snapshot.ReadAsync(read, CancellationToken.None))
                using (batch)
                {
                    sink.Write(batch.Tuples.Span);
                    rows += batch.Rows;
                    state.Add(batch.Rows, batch.Tuples.Length);
                    progress.Report(new MigrationEvent.TableProgress(Stage.Copy, table.Source, state.Rows, state.Bytes));
                }
            if (table.Format == RowFormat.Binary) sink.Write(BinaryCopy.Trailer);
            var taken = sink.Complete();
            if (taken != rows) throw new GodwitException(ErrorKind.Internal, "target-rows-miscounted", $"{table.Source}: {rows} rows were sent, the target took {taken}.", "please report this");
        }
        if (aside is not null)
        {
            if (aside.Complete(connection, table) != rows) throw ChunkAside.Miscounted(table, rows);
            Failpoints.Hit(Failpoints.RowsAside);
        }
        Failpoints.Hit(Failpoints.ChunkWritten);
        connection.Query(RunJournal.ChunkDoneSql(run, new(table.Source, chunk.Number, rows, 0)) + "; COMMIT");
        Failpoints.Hit(Failpoints.ChunkDone);
        if (aside is not null) Failpoints.Hit(Failpoints.RowsAsideDone);
        Commit(table, rows);
    }

    private TableRead Read(TablePlan table, PlannedChunk chunk, string? searchPath) =>
        new(schema.FindTable(table.Source)!, [.. table.Columns.Select(c => new ColumnRead(c.Source, c.Encoding))], new(chunk.From, chunk.To), BatchBytes) { Format = table.Format, SearchPath = searchPath };

    private void Commit(TablePlan table, long rows)
    {
        var state = _tables[table.Source];
        var last = state.Commit(rows, 0);
        progress.Report(new MigrationEvent.RowsCommitted(table.Source, state.Committed));
        if (!last) return;
        var result = state.Result();
        progress.Report(new MigrationEvent.TableFinished(Stage.Copy, table.Source, result.RowsWritten, 0, result.Elapsed));
    }

    [LoggerMessage(EventId = 211, Level = LogLevel.Warning, Message = "connection lost while loading {Table}, chunk {Chunk}: attempt {Attempt} begins")]
    private partial void LogRetry(string table, int chunk, int attempt);
}
