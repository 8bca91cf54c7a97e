using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Godwit.Wire;

namespace Godwit.Verify;

/// <summary>
/// Takes the rows of a COPY apart, in its text or its binary format (https://www.postgresql.org/docs/current/sql-copy.html, "File Formats"). A row's fields
/// stay readable until the next row is asked for; they lie in the connection's own buffer, where escapes are undone in place.
/// </summary>
internal sealed class TargetRows(CopyOut copy, int fields, bool text, CancellationToken ct)
{
    private const int WantedBytes = 64 * 1024;
    private const int Null = -1;

    private readonly int[] _starts = new int[fields];
    private readonly int[] _lengths = new int[fields];
    private byte[] _buffer = [];
    private int _at, _end;
    private bool _headed;

    public bool IsNull(int field) => _lengths[field] == Null;

    public ReadOnlySpan<byte> Field(int field) => _buffer.AsSpan(_starts[field], _lengths[field]);

    public bool Next()
    {
        while (_at == _end)
        {
            ct.ThrowIfCancellationRequested();
            var rows = copy.Read(WantedBytes, out _);
            if (rows.IsEmpty) return false;
            if (!MemoryMarshal.TryGetArray<byte>(rows, out var piece)) throw CopyReader.Broken();
            (_buffer, _at, _end) = (piece.Array!, piece.Offset, piece.Offset + piece.Count);
            if (text || _headed) continue;
            _headed = true;
            _at += BinaryCopy.HeaderLength(_buffer.AsSpan(_at, _end - _at));
        }
        if (text) Text();
        else Binary();
        return true;
    }

    private void Text()
    {
        var rows = _buffer.AsSpan(0, _end);
        if (fields == 0) _at += rows[_at] == '\n' ? 1 : throw CopyReader.Broken();
        for (var i = 0; i < fields; i++)
        {
            _starts[i] = _at;
            var length = rows[_at..].IndexOfAny((byte)'\t', (byte)'\n', (byte)'\\');
            if (length < 0) throw CopyReader.Broken();
            _at += length;
            if (rows[_at] == '\\') length = Unescape(rows, _starts[i]);
            _lengths[i] = length;
            if (rows[_at++] != (i == fields - 1 ? '\n' : '\t')) throw CopyReader.Broken();
        }
    }

    /// <summary>From the first backslash to the field's end; returns the length of what is meant, or that of NULL.</summary>
    private int Unescape(Span<byte> rows, int start)
    {
        if (_at == start && rows[_at + 1] == 'N')
        {
            _at += 2;
            return Null;
        }
        var into = _at;
        while (rows[_at] is not ((byte)'\t' or (byte)'\n'))
        {
            var c = rows[_at++];
            rows[into++] = c == (byte)'\\' ? Meant(rows[_at++]) : c;
        }
        return into - start;
    }

    private static byte Meant(byte escaped) => (char)escaped switch
    {
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        _ => escaped,
    };

    private void Binary()
    {
        var rows = _buffer.AsSpan(0, _end);
        if (BinaryPrimitives.ReadInt16BigEndian(rows[_at..]) != fields) throw CopyReader.Broken();
        _at += 2;
        for (var i = 0; i < fields; i++)
        {
            _lengths[i] = BinaryPrimitives.ReadInt32BigEndian(rows[_at..]);
            _starts[i] = _at += 4;
            if (_lengths[i] > 0) _at += _lengths[i];
        }
    }
}
