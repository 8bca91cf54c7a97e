using System.Collections.Concurrent;
using Godwit.Source;
using Godwit.Target;
using Godwit.Wire;

namespace Godwit.Verify;

/// <summary>
/// Reads tables of both sides at once, big ones in ranges: <paramref name="jobs"/> readers of the source beside as many of the target.
/// Completed tables are told as they come.
/// </summary>
internal sealed class TableScanner(ISnapshot snapshot, TargetSessions sessions, int jobs, TimeProvider clock)
{
    private const long RowsWorthCutting = 50_000;
    private const long PagesWorthCutting = 2_048;

    public sealed record Work(bool WithCtid, Func<ComparedTable, bool, RowSink> Sink, Action<ComparedTable> Started, Action<ComparedTable> Progress, Action<ComparedTable> Completed);

    public async Task RunAsync(IReadOnlyList<ComparedTable> tables, Work work, CancellationToken ct)
    {
        var sources = new ConcurrentQueue<(ComparedTable Table, KeyRange Range)>();
        var targets = new ConcurrentQueue<(ComparedTable Table, string Where)>();
        foreach (var table in tables)
        {
            table.ItemsLeft = 0;
            table.Began = 0;
            var ranges = table.Plan.Rows < RowsWorthCutting ? [KeyRange.All] : await snapshot.PartitionAsync(table.Source, jobs * 2, ct);
            foreach (var range in ranges) sources.Enqueue((table, range));
            var pages = PageRanges(table);
            foreach (var where in pages) targets.Enqueue((table, where));
            table.ItemsLeft = ranges.Length + pages.Count;
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var workers = new List<Task>();
        for (var i = 0; i < Math.Min(jobs, sources.Count); i++) workers.Add(Task.Run(() => GuardAsync(SourceWorkerAsync), stop.Token));
        for (var i = 0; i < Math.Min(jobs, targets.Count); i++) workers.Add(Task.Run(() => GuardAsync(TargetWorkerAsync), stop.Token));
        await WhenAllOrFirstFailureAsync(workers);

        async Task GuardAsync(Func<CancellationToken, Task> worker)
        {
            var done = false;
            try
            {
                await worker(stop.Token);
                done = true;
            }
            finally
            {
                if (!done) await stop.CancelAsync();
            }
        }

        async Task SourceWorkerAsync(CancellationToken token)
        {
            while (sources.TryDequeue(out var item))
            {
                Begin(item.Table, work);
                var sink = work.Sink(item.Table, true);
                var scan = new SourceScan(item.Table, sink, () => work.Progress(item.Table), token);
                await snapshot.ScanAsync(item.Table.Source, item.Table.SourceColumns, item.Range, scan.ByValue, token);
                token.ThrowIfCancellationRequested();
                scan.Report();
                End(item.Table, sink, work);
            }
        }

        Task TargetWorkerAsync(CancellationToken token)
        {
            WireConnection? connection = null;
            try
            {
                connection = sessions.OpenWire(token);
                // A read that blocks ends with its connection.
                using var abort = token.Register(connection.Abort);
                while (targets.TryDequeue(out var item))
                {
                    Begin(item.Table, work);
                    var sink = work.Sink(item.Table, false);
                    TargetScan.Sum(connection, item.Table, item.Where, work.WithCtid, sink, () => work.Progress(item.Table), token);
                    End(item.Table, sink, work);
                }
                return Task.CompletedTask;
            }
            catch (Exception e) when (TargetErrors.IsTargetError(e) || e is ObjectDisposedException)
            {
                token.ThrowIfCancellationRequested();
                throw TargetErrors.Map(e, "comparing with the target");
            }
            finally
            {
                connection?.Dispose();
            }
        }
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
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
        }
    }

    private static List<string> PageRanges(ComparedTable table)
    {
        if (table.IsPartitioned || table.TargetPages < PagesWorthCutting * 2) return [""];
        var pieces = (int)Math.Min(64, table.TargetPages / PagesWorthCutting);
        var ranges = new List<string>(pieces);
        for (var i = 0; i < pieces; i++)
        {
            long? from = i == 0 ? null : table.TargetPages * i / pieces;
            // The last range is open: the file may have grown since its size was read.
            long? to = i == pieces - 1 ? null : table.TargetPages * (i + 1) / pieces;
            ranges.Add(TargetScan.Pages(from, to));
        }
        return ranges;
    }

    private void Begin(ComparedTable table, Work work)
    {
        lock (table.Gate)
        {
            if (table.Began != 0) return;
            table.Began = clock.GetTimestamp();
        }
        work.Started(table);
    }

    private void End(ComparedTable table, RowSink sink, Work work)
    {
        lock (table.Gate)
        {
            sink.Complete();
            if (--table.ItemsLeft > 0) return;
            table.Elapsed += clock.GetElapsedTime(table.Began);
        }
        work.Completed(table);
    }
}
