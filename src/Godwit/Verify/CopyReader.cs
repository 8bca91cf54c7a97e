using System.Buffers;
using System.Buffers.Binary;

namespace Godwit.Verify;

/// <summary>
/// Takes tuples out of a stream of PostgreSQL's binary COPY format (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format").
/// A tuple's fields stay readable until the next tuple is asked for. Memory: one buffer, as large as the largest tuple.
/// </summary>
internal sealed class CopyReader(Stream stream, int fields) : IDisposable
{
    private const int FirstBuffer = 256 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private readonly int[] _offsets = new int[fields];
    private readonly int[] _lengths = new int[fields];
    private int _tuple, _at, _end;
    private bool _started;

    public long Bytes { get; private set; }

    public bool IsNull(int field) => _lengths[field] < 0;

    public ReadOnlySpan<byte> Field(int field) => _buffer.AsSpan(_tuple + _offsets[field], _lengths[field]);

    public bool Next()
    {
        if (!_started) Header();
        _tuple = _at;
        Need(2);
        var count = BinaryPrimitives.ReadInt16BigEndian(_buffer.AsSpan(_at));
        _at += 2;
        if (count == -1)
        {
            // The end of the stream must be read, else the connection is still in COPY.
            while (stream.Read(_buffer, 0, _buffer.Length) > 0) { }
            return false;
        }
        if (count != fields) throw Broken();
        for (var i = 0; i < fields; i++)
        {
            Need(4);
            var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_at));
            _at += 4;
            _offsets[i] = _at - _tuple;
            _lengths[i] = length;
            if (length <= 0) continue;
            Need(length);
            _at += length;
        }
        return true;
    }

    private void Header()
    {
        _started = true;
        Need(19);
        ReadOnlySpan<byte> signature = [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', (byte)'\n', 0xff, (byte)'\r', (byte)'\n', 0];
        if (!_buffer.AsSpan(0, 11).SequenceEqual(signature)) throw Broken();
        var extension = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(15));
        _at = 19;
        Need(extension);
        _at += extension;
    }

    private void Need(int bytes)
    {
        while (_end - _at < bytes) Fill(bytes);
    }

    private void Fill(int bytes)
    {
        if (_at + bytes > _buffer.Length || _end == _buffer.Length) MakeRoom(_at - _tuple + bytes);
        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        if (read <= 0) throw Broken();
        _end += read;
        Bytes += read;
    }

    /// <summary>Moves the current tuple to the front; takes a larger buffer where it would not fit.</summary>
    private void MakeRoom(int needed)
    {
        var into = _buffer;
        if (needed > _buffer.Length) into = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(needed, _buffer.Length * 2L)));
        Buffer.BlockCopy(_buffer, _tuple, into, 0, _end - _tuple);
        if (into != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = into;
        }
        _at -= _tuple;
        _end -= _tuple;
        _tuple = 0;
    }

    internal static GodwitException Broken() =>
        new(ErrorKind.TargetTransient, "target-stream-broken", "The target's COPY stream ended early or is not what the COPY format says.", "Run the same command again.");

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
