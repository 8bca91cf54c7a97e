using System.Buffers;

namespace Godwit.Source;

/// <summary>
/// Rows as bytes: tuples of the COPY format that was asked for, without header and trailer. In one pooled buffer that this batch owns, or in
/// the reader's own, which is valid until the next batch is asked for.
/// </summary>
public sealed class RowBatch : IDisposable
{
    private readonly ReadOnlyMemory<byte> _tuples;
    private byte[]? _pooled;
    private bool _disposed;

    public RowBatch(byte[] pooled, int length, int rows, IReadOnlyList<MisfitRow>? misfits = null)
    {
        _pooled = pooled;
        _tuples = new(pooled, 0, length);
        Rows = rows;
        Misfits = misfits;
    }

    public RowBatch(ReadOnlyMemory<byte> borrowed, int rows)
    {
        _tuples = borrowed;
        Rows = rows;
    }

    public int Rows { get; }

    public ReadOnlyMemory<byte> Tuples => _disposed ? throw new ObjectDisposedException(nameof(RowBatch)) : _tuples;

    /// <summary>Rows read but not encoded. Null where every row fits.</summary>
    public IReadOnlyList<MisfitRow>? Misfits { get; }

    public void Dispose()
    {
        _disposed = true;
        if (Interlocked.Exchange(ref _pooled, null) is { } buffer) ArrayPool<byte>.Shared.Return(buffer);
    }
}

/// <summary>
/// A row that does not fit, kept whole. <paramref name="Json"/> is an object of column -> value, blobs as {"$blob": base64},
/// text that is not valid UTF-8 or holds NUL as {"$text": base64}, reals that JSON cannot say as {"$real": "Infinity"}.
/// </summary>
public sealed record MisfitRow(long Position, string Column, TypeMapping.Misfit Reason, string Json);
