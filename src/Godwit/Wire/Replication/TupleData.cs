using System.Buffers.Binary;

namespace Godwit.Wire.Replication;

public enum CellState : byte
{
    Null = (byte)'n',
    /// <summary>A large value that the update did not touch, and that is therefore not sent: no value, not even NULL.</summary>
    Unchanged = (byte)'u',
    Text = (byte)'t',
    Binary = (byte)'b',
}

/// <summary>One cell of a row in the stream; <see cref="Value"/> is empty for NULL and for an unchanged value.</summary>
public readonly ref struct Cell(CellState state, ReadOnlySpan<byte> value)
{
    public CellState State { get; } = state;
    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>A row in the stream, in its table's column order. Of a key alone, the cells of the other columns are NULL. <c>foreach</c> gives the cells.</summary>
public readonly ref struct TupleData(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Where there is no row, zero.</summary>
    public int Count => _bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt16BigEndian(_bytes);

    /// <summary>As it came; longer than the row where the row was made of a longer piece.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    public Enumerator GetEnumerator() => new(_bytes);

    /// <summary>Bytes that the row at the start of <paramref name="bytes"/> takes.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        var cells = new Enumerator(bytes);
        while (cells.MoveNext()) { }
        return cells.At;
    }

    /// <summary>Cells without the row's count before them.</summary>
    public static Enumerator Cells(ReadOnlySpan<byte> bytes, int count) => new(bytes, 0, count);

    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _bytes;
        private int _left;
        private CellState _state;
        private int _from, _length;

        internal Enumerator(ReadOnlySpan<byte> bytes, int at, int count)
        {
            _bytes = bytes;
            (At, _left) = (at, count);
        }

        internal Enumerator(ReadOnlySpan<byte> bytes) : this(bytes, 2, bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt16BigEndian(bytes)) { }

        /// <summary>Where the next cell begins.</summary>
        public int At { get; private set; }

        public readonly Cell Current => new(_state, _bytes.Slice(_from, _length));
        /// <summary>Where the value lies in the row's bytes, for those who keep them.</summary>
        public readonly (int From, int Length) Span => (_from, _length);

        /// <summary>Writes the cell as it stands in the row, and returns its length.</summary>
        public readonly int CopyCurrent(Span<byte> to)
        {
            var start = _from - (_state is CellState.Null or CellState.Unchanged ? 1 : 5);
            _bytes[start..(_from + _length)].CopyTo(to);
            return _from + _length - start;
        }

        public bool MoveNext()
        {
            if (_left-- <= 0) return false;
            _state = (CellState)_bytes[At++];
            (_from, _length) = (At, 0);
            if (_state is CellState.Null or CellState.Unchanged) return true;
            if (_state is not (CellState.Text or CellState.Binary)) throw new IOException("A row of the replication stream holds a cell of unknown kind.");
            _length = BinaryPrimitives.ReadInt32BigEndian(_bytes[At..]);
            _from = At + 4;
            At = _from + _length;
            return true;
        }
    }
}
