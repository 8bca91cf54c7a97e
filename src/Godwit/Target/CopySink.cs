using Godwit.Schema;
using Npgsql;

namespace Godwit.Target;

/// <summary>
/// One COPY ... FROM STDIN (FORMAT binary) on a connection of the caller's, inside the caller's transaction. Disposed without
/// <see cref="CompleteAsync"/> it aborts: no row of it stays, and a transaction around it is aborted with it. One writer at a time.
/// </summary>
public sealed class CopySink : IAsyncDisposable
{
    // PostgreSQL documentation, COPY, "Binary Format": signature, flags, length of the header's extension.
    private static readonly byte[] Header = [.. "PGCOPY\n"u8, 0xFF, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly byte[] Trailer = [0xFF, 0xFF];

    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(10);

    private readonly NpgsqlRawCopyStream _stream;
    private readonly string _doing;
    private bool _closed;

    private CopySink(NpgsqlRawCopyStream stream, string doing) => (_stream, _doing) = (stream, doing);

    /// <summary>Bytes of tuples handed over so far.</summary>
    public long BytesWritten { get; private set; }

    public static async Task<CopySink> StartAsync(NpgsqlConnection connection, SqlName table, IEnumerable<string> columns, CancellationToken ct)
    {
        var doing = $"Copying into {table}";
        var names = SqlName.List(columns);
        try
        {
            // A table without columns takes no column list; its tuples are empty.
            var stream = await connection.BeginRawBinaryCopyAsync($"COPY {table}{(names.Length == 0 ? "" : $" ({names})")} FROM STDIN (FORMAT binary)", ct);
            var sink = new CopySink(stream, doing);
            await stream.WriteAsync(Header, ct);
            return sink;
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, doing);
        }
    }

    // Npgsql sends what exceeds its write buffer straight to the socket as one CopyData message: chunks of some hundred kB are copied nowhere.
    /// <summary>Whole tuples in the binary format: field count, then length and bytes of each field. No header, no trailer.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> tuples, CancellationToken ct)
    {
        try
        {
            await _stream.WriteAsync(tuples, ct);
            BytesWritten += tuples.Length;
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, _doing);
        }
    }

    /// <summary>
    /// Returns when the server has taken every tuple; durable once the caller's transaction has committed. <paramref name="silence"/>: as long as the server may take to say so
    /// (by default ten minutes: what it has not yet taken is what fits the buffers of the way to it). Then the connection is given up.
    /// </summary>
    public async Task CompleteAsync(CancellationToken ct, TimeSpan? silence = null)
    {
        try
        {
            await _stream.WriteAsync(Trailer, ct);
            _closed = true;
            // The end of a COPY takes no token: on a way that lets nothing through any more it would wait for ever.
            _stream.ReadTimeout = (int)(silence ?? s_silence).TotalMilliseconds;
            await _stream.DisposeAsync();
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, _doing);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_closed) return;
        _closed = true;
        try
        {
            await _stream.CancelAsync();
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e) || e is OperationCanceledException or ObjectDisposedException)
        {
            // The connection is gone, and the server has aborted the COPY with it: what was to be done is done.
        }
        finally
        {
            await DisposeStreamAsync();
        }
    }

    private async ValueTask DisposeStreamAsync()
    {
        try
        {
            await _stream.DisposeAsync();
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e) || e is OperationCanceledException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
