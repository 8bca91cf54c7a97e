namespace Godwit.TypeMapping;

/// <summary>
/// The room that a row takes in its page. Only long values can be moved out of line (https://www.postgresql.org/docs/current/storage-toast.html);
/// a row that does not fit even then is refused by the server, and the whole COPY with it.
/// </summary>
public sealed partial class RowEncoder
{
    // MaxHeapTupleSize and SizeofHeapTupleHeader of htup_details.h.
    private const int MaxTuple = 8160, TupleHeader = 23;
    // A value of more than MAXALIGN(TOAST_POINTER_SIZE) bytes can be moved; a pointer of TOAST_POINTER_SIZE stays.
    internal const int KeptInline = 24, Pointer = 18;

    /// <summary>Off for tables of which no row can be too wide, which is nearly all.</summary>
    private readonly bool _measures;
    private int _width;
    private bool _hasNull;

    private static bool MayExceedPage(ColumnEncoding[] encodings)
    {
        var worst = 0;
        foreach (var encoding in encodings) worst += Fixed(encoding.Kind) is var (width, align) && width > 0 ? width + align - 1 : KeptInline;
        return worst > MaxTuple - Align(TupleHeader + (encodings.Length + 7) / 8, 8);
    }

    private Misfit Measured(in ColumnEncoding encoding, in SourceCell cell, CellLook? look)
    {
        var begin = _length;
        var reason = Encode(encoding, cell, look);
        if (cell.Class == StorageClass.Null) _hasNull = true;
        else if (reason == Misfit.None) Measure(encoding.Kind, _length - begin - 4);
        return reason;
    }

    private void Measure(CellEncoding kind, int fieldBytes)
    {
        var (width, align) = Fixed(kind);
        if (width > 0)
        {
            _width = Align(_width, align) + width;
            return;
        }
        // A short value has a header of one byte and no alignment. A numeric's header is smaller on disk than on the wire; how jsonb stores a
        // value is not known here: as long as may be.
        var stored = kind switch
        {
            CellEncoding.Numeric => Math.Max(3, fieldBytes - 5),
            // Family, bits and the address; the wire has two bytes more, and disk the header of one.
            CellEncoding.Inet => fieldBytes - 1,
            CellEncoding.Jsonb => Math.Max(KeptInline, fieldBytes),
            _ => fieldBytes + 1,
        };
        _width += stored <= KeptInline ? stored : Pointer;
    }

    private bool ExceedsPage() => Align(TupleHeader + (_hasNull ? (_encodings.Length + 7) / 8 : 0), 8) + _width > MaxTuple;

    private static int Align(int offset, int to) => (offset + to - 1) & -to;

    private static (int Width, int Align) Fixed(CellEncoding kind) => kind switch
    {
        CellEncoding.Bool => (1, 1),
        CellEncoding.Int2 => (2, 2),
        CellEncoding.Int4 or CellEncoding.Float4 or CellEncoding.Date or CellEncoding.JulianDate => (4, 4),
        CellEncoding.Uuid => (16, 1),
        CellEncoding.Interval or CellEncoding.IntervalMicroseconds => (16, 8),
        CellEncoding.Text or CellEncoding.Bytea or CellEncoding.Json or CellEncoding.Jsonb or CellEncoding.Numeric or CellEncoding.Inet or CellEncoding.Geometry => (0, 1),
        _ => (8, 8),
    };
}
