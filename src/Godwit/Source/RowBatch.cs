using System.Buffers;

namespace Godwit.Source;

/// <summary>
/// Rows as bytes: tuples of the binary COPY format without header and trailer, in one pooled buffer that this batch owns.
/// </summary>
public sealed class RowBatch(byte[] pooled, int length, int rows, IReadOnlyList<MisfitRow>? misfits = null) : IDisposable
{
    private byte[]? _pooled = pooled;

    public int Rows { get; } = rows;

    public ReadOnlyMemory<byte> Tuples => new(_pooled ?? throw new ObjectDisposedException(nameof(RowBatch)), 0, length);

    /// <summary>Rows read but not encoded. Null where every row fits.</summary>
    public IReadOnlyList<MisfitRow>? Misfits { get; } = misfits;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _pooled, null) is { } buffer) ArrayPool<byte>.Shared.Return(buffer);
    }
}

/// <summary>
/// A row that does not fit, kept whole. <paramref name="Json"/> is an object of column -> value, blobs as {"$blob": base64},
/// text that is not valid UTF-8 or holds NUL as {"$text": base64}, reals that JSON cannot say as {"$real": "Infinity"}.
/// </summary>
public sealed record MisfitRow(long Position, string Column, TypeMapping.Misfit Reason, string Json);
