using System.Buffers.Binary;
using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>
/// The values of one column of many rows as one array parameter, in the binary form or as an array literal: whichever the stream's cells are in
/// (PostgreSQL documentation, 8.15.2; array_send in the server's source for the binary form).
/// </summary>
internal sealed class ColumnArray
{
    private const byte Quote = (byte)'"', Escape = (byte)'\\';

    // Of a single value: the cell as it came.
    private bool _isNull;

    private byte[] _buffer = new byte[4096];
    private int _used, _count;
    private bool _nulls;
    // Nulls come before the first value tells the form.
    private bool? _binary;

    public bool IsBinary => _binary == true;

    public void Clear() => (_used, _count, _nulls, _binary) = (0, 0, false, null);

    public void Add(Cell cell)
    {
        _count++;
        if (cell.State == CellState.Null)
        {
            _nulls = true;
            if (_binary is { } known) AddNull(known);
            return;
        }
        if (cell.State == CellState.Unchanged) throw new InvalidOperationException("A value that the stream left out was to be written.");
        var binary = cell.State == CellState.Binary;
        if (_binary is null)
        {
            _binary = binary;
            for (var i = 1; i < _count; i++) AddNull(binary);
        }
        else if (_binary != binary) throw new InvalidOperationException("The stream gave values of one column in two forms.");
        if (binary)
        {
            BinaryPrimitives.WriteInt32BigEndian(Room(4 + cell.Value.Length), cell.Value.Length);
            cell.Value.CopyTo(_buffer.AsSpan(_used + 4));
            _used += 4 + cell.Value.Length;
        }
        else AddText(cell.Value);
    }

    /// <summary>Instead of <see cref="Add"/>: the one value that there is.</summary>
    public void Set(Cell cell)
    {
        if (cell.State == CellState.Unchanged) throw new InvalidOperationException("A value that the stream left out was to be written.");
        (_isNull, _binary) = (cell.State == CellState.Null, cell.State == CellState.Binary);
        cell.Value.CopyTo(Room(cell.Value.Length));
        _used += cell.Value.Length;
    }

    /// <summary>Adds what <see cref="Set"/> was given as a parameter of the column's own type.</summary>
    public void WriteSingleTo(Pipeline pipeline)
    {
        if (_isNull) pipeline.Null();
        else pipeline.Value(_buffer.AsSpan(0, _used));
    }

    /// <summary>Adds the parameter; <paramref name="elementType"/> is its number at the server that reads it.</summary>
    public void WriteTo(Pipeline pipeline, uint elementType)
    {
        if (IsBinary)
        {
            Span<byte> head = stackalloc byte[20];
            BinaryPrimitives.WriteInt32BigEndian(head, 1);
            BinaryPrimitives.WriteInt32BigEndian(head[4..], _nulls ? 1 : 0);
            BinaryPrimitives.WriteUInt32BigEndian(head[8..], elementType);
            BinaryPrimitives.WriteInt32BigEndian(head[12..], _count);
            BinaryPrimitives.WriteInt32BigEndian(head[16..], 1);
            pipeline.Value(head, _buffer.AsSpan(0, _used));
            return;
        }
        if (_binary is null)
            for (var i = 0; i < _count; i++) AddNull(binary: false);
        _binary = false;
        Room(1)[0] = (byte)'}';
        pipeline.Value(_buffer.AsSpan(0, _used + 1));
    }

    private void AddNull(bool binary)
    {
        if (binary)
        {
            BinaryPrimitives.WriteInt32BigEndian(Room(4), -1);
            _used += 4;
            return;
        }
        Separate();
        "NULL"u8.CopyTo(Room(4));
        _used += 4;
    }

    private void AddText(ReadOnlySpan<byte> value)
    {
        Separate();
        var room = Room(2 + value.Length * 2);
        var at = 0;
        room[at++] = Quote;
        while (value.IndexOfAny(Quote, Escape) is var special and >= 0)
        {
            value[..special].CopyTo(room[at..]);
            at += special;
            room[at++] = Escape;
            room[at++] = value[special];
            value = value[(special + 1)..];
        }
        value.CopyTo(room[at..]);
        at += value.Length;
        room[at++] = Quote;
        _used += at;
    }

    private void Separate()
    {
        Room(1)[0] = _used == 0 ? (byte)'{' : (byte)',';
        _used++;
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _used < bytes) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _used + bytes));
        return _buffer.AsSpan(_used);
    }
}
