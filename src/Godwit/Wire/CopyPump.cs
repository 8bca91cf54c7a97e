namespace Godwit.Wire;

/// <summary>Moves the rows of one server's COPY into another's, undecoded.</summary>
public static class CopyPump
{
    /// <summary>Large enough that a write's cost does not show, small enough to stay in the processor's cache.</summary>
    private const int ChunkBytes = 256 * 1024;

    /// <summary>
    /// Runs <paramref name="outSql"/> on <paramref name="from"/> and <paramref name="inSql"/> on <paramref name="to"/>, which must name the same format. Returns rows and bytes. Throws
    /// when the servers do not count the same rows; the caller's transaction on <paramref name="to"/> is then to be rolled back. Cancelling ends both connections.
    /// </summary>
    public static (long Rows, long Bytes) Run(WireConnection from, string outSql, WireConnection to, string inSql, bool binary, CancellationToken ct)
    {
        using var abort = ct.Register(() =>
        {
            from.Abort();
            to.Abort();
        });
        try
        {
            using var rows = from.BeginCopyOut(outSql);
            using var sink = to.BeginCopyIn(inSql);
            while (rows.Read(ChunkBytes, out _) is { IsEmpty: false } chunk) sink.Write(chunk.Span);
            if (binary) sink.Write(BinaryCopy.Trailer);
            var taken = sink.Complete();
            return taken == rows.Rows ? (taken, rows.Bytes) : throw new IOException($"One server sent {rows.Rows} rows, the other took {taken}.");
        }
        catch (Exception e) when (ct.IsCancellationRequested && e is not OperationCanceledException)
        {
            throw new OperationCanceledException("The copy was cancelled.", e, ct);
        }
    }

    /// <summary>The same on a thread of its own.</summary>
    public static Task<(long Rows, long Bytes)> RunAsync(WireConnection from, string outSql, WireConnection to, string inSql, bool binary, CancellationToken ct) =>
        Task.Factory.StartNew(() => Run(from, outSql, to, inSql, binary, ct), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
