using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>A part of a table on one side: <paramref name="Pages"/> is a condition, or empty for all of it. <paramref name="IsAside"/>: what of the target's stands in quarantine.</summary>
internal sealed record Piece(PairTable Table, bool IsSource, string Pages, bool IsAside = false)
{
    public string From => IsAside ? Table.FromAside! : Table.From;
}

/// <summary>
/// Runs a query for each piece of some tables: <paramref name="jobs"/> sessions of the source beside as many of the target, very big tables in
/// ranges of pages. A table that may not be read is told by <see cref="PairTable.Unreadable"/>; everything else that fails ends the scan.
/// </summary>
internal sealed class PairScan(PairSides sides, int jobs, TimeProvider clock)
{
    /// <summary>Heap and TOAST of a piece: large enough to be worth a query, small enough to keep all sessions busy to the end.</summary>
    private const long PieceBytes = 64 << 20;

    /// <summary>
    /// A scan of a whole table goes through a few buffers of its own (a ring: bufmgr's access strategy), one of a range of pages through all that the server has, and takes the application's
    /// pages out of them. So a table whose rows are in its heap is shared out by the server's own parallel scan; ranges are for what would show no progress for long, and for rows
    /// that are mostly TOAST, which no ring is used for and no parallel scan counts.
    /// </summary>
    private const long HeapPieceBytes = 32L << 30;

    // As servers are built nearly everywhere; a guess is all it serves for.
    private const long PageBytes = 8192;

    public async Task RunAsync(IEnumerable<PairTable> tables, Func<NpgsqlConnection, Piece, CancellationToken, Task> work, Action<PairTable> started, Action<PairTable> finished, CancellationToken ct)
    {
        ConcurrentQueue<Piece> source = [], target = [];
        foreach (var table in tables.OrderByDescending(t => t.Bytes))
        {
            table.Began = 0;
            foreach (var isSource in (bool[])[true, false])
            {
                var pieces = Cut(table, isSource);
                if (!isSource && table.FromAside is not null) pieces.Add(new(table, isSource, "", IsAside: true));
                lock (table.Gate) table.PiecesLeft += pieces.Count;
                foreach (var piece in pieces) (isSource ? source : target).Enqueue(piece);
            }
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var workers = new List<Task>();
        for (var i = 0; i < jobs; i++)
        {
            if (i < source.Count) workers.Add(GuardAsync(sides.Source, source));
            if (i < target.Count) workers.Add(GuardAsync(sides.Target, target));
        }
        await WhenAllOrFirstFailureAsync(workers);

        async Task GuardAsync(PairSide side, ConcurrentQueue<Piece> pieces)
        {
            try
            {
                await WorkAsync(side, pieces, stop.Token);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }

        // PostgreSQL plans a scan with the expressions of the table's indexes, and puts the bodies of SQL functions into them: names in these are looked for by
        // the search_path, which holds pg_catalog alone.
        async Task<bool> AgainAsync(PairSide side, Piece piece, CancellationToken token)
        {
            await using var wide = await side.ConnectAsync(token);
            try
            {
                await PairSide.ExecuteAsync(wide, ApplicationPath.Local, token);
                await work(wide, piece, token);
                End(piece.Table, finished);
                return true;
            }
            catch (PostgresException e) when (IsAboutTheTable(e))
            {
                return false;
            }
        }

        async Task<NpgsqlConnection> ConnectAsync(PairSide side, CancellationToken token)
        {
            var connection = await side.ConnectAsync(token);
            await PairSide.ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"SET LOCAL max_parallel_workers_per_gather = {jobs - 1}"), token);
            return connection;
        }

        async Task WorkAsync(PairSide side, ConcurrentQueue<Piece> pieces, CancellationToken token)
        {
            var connection = await ConnectAsync(side, token);
            try
            {
                while (pieces.TryDequeue(out var piece))
                {
                    Begin(piece.Table, started);
                    try
                    {
                        if (piece.Table.Unreadable is null) await work(connection, piece, token);
                    }
                    catch (PostgresException e) when (IsAboutTheTable(e))
                    {
                        // The refusal ended the transaction, and with it the snapshot of this session. Nobody holds one while he waits for another.
                        await connection.DisposeAsync();
                        var read = ApplicationPath.IsMissing(e) && await AgainAsync(side, piece, token);
                        connection = await ConnectAsync(side, token);
                        if (read) continue;
                        piece.Table.Unreadable = $"the {side.Word} refuses to read it (SQLSTATE {e.SqlState}): {e.MessageText}";
                    }
                    End(piece.Table, finished);
                }
            }
            catch (NpgsqlException e)
            {
                throw TargetErrors.Map(e, $"Reading the {side.Word} {side.Database.Display}");
            }
            finally
            {
                await connection.DisposeAsync();
            }
        }
    }

    /// <summary>No privilege, row security that would hide rows, a materialized view without content, something dropped meanwhile, an output function that fails.</summary>
    private static bool IsAboutTheTable(PostgresException e) =>
        e.SqlState is "42501" or "55000" or "42P01" or "42703" or "42704" or "42883" || e.SqlState.StartsWith("22", StringComparison.Ordinal) || e.SqlState.StartsWith("54", StringComparison.Ordinal);

    private static List<Piece> Cut(PairTable table, bool isSource)
    {
        var relation = table[isSource];
        var isMostlyHeap = relation.Pages * PageBytes > relation.Bytes / 2;
        var count = (int)Math.Clamp(relation.Bytes / (isMostlyHeap ? HeapPieceBytes : PieceBytes), 1, Math.Max(1, relation.Pages));
        if (table.IsWhole || !relation.IsHeap || count < 2) return [new(table, isSource, "")];
        var pieces = new List<Piece>(count);
        // The last range is open: the table may have grown since its size was read.
        for (var i = 0; i < count; i++)
            pieces.Add(new(table, isSource, TargetScan.Pages(i == 0 ? null : relation.Pages * i / count, i == count - 1 ? null : relation.Pages * (i + 1) / count)));
        return pieces;
    }

    private void Begin(PairTable table, Action<PairTable> started)
    {
        lock (table.Gate)
        {
            if (table.Began != 0) return;
            table.Began = clock.GetTimestamp();
        }
        started(table);
    }

    private void End(PairTable table, Action<PairTable> finished)
    {
        lock (table.Gate)
        {
            if (--table.PiecesLeft > 0) return;
            table.Elapsed += clock.GetElapsedTime(table.Began);
        }
        finished(table);
    }

    /// <summary>The failure that came first, not the cancellations that it caused.</summary>
    private static async Task WhenAllOrFirstFailureAsync(List<Task> workers)
    {
        var all = Task.WhenAll(workers);
        try
        {
            await all;
        }
        catch (OperationCanceledException) when (all.Exception?.InnerExceptions.FirstOrDefault(e => e is not OperationCanceledException) is { } cause)
        {
            ExceptionDispatchInfo.Throw(cause);
        }
    }
}
