using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Godwit.TypeMapping;

/// <summary>A row that was left out: its position, the first column whose value does not fit, and why.</summary>
public readonly record struct EncodedMisfit(long Position, int Column, Misfit Reason);

/// <summary>
/// Appends rows as tuples of the binary COPY format (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format") to a pooled
/// buffer. A row with a value that does not fit is taken back whole and recorded. Allocates nothing per row once the buffer has grown.
/// Not thread-safe.
/// </summary>
public sealed partial class RowEncoder : IRowVisitor, IDisposable
{
    private readonly ColumnEncoding[] _encodings;
    private readonly int _initialBytes;
    private JsonText? _json;
    private byte[] _buffer;
    private int _length, _rowStart, _rows;
    private long _position;
    private int _misfitColumn;
    private Misfit _misfit;
    private List<EncodedMisfit>? _misfits;

    /// <summary><paramref name="encodings"/>: one for each column of the scan, at most 1600, PostgreSQL's limit.</summary>
    public RowEncoder(ImmutableArray<ColumnEncoding> encodings, int initialBytes)
    {
        _encodings = [.. encodings];
        _measures = MayExceedPage(_encodings);
        _initialBytes = Math.Max(initialBytes, 256);
        _buffer = ArrayPool<byte>.Shared.Rent(_initialBytes);
    }

    /// <summary>Bytes of the complete rows in the buffer.</summary>
    public int Length => _rowStart;

    public int Rows => _rows;

    public void BeginRow(long position)
    {
        _position = position;
        _misfit = Misfit.None;
        if (_measures) (_width, _hasNull) = (0, false);
        Reserve(2);
        BinaryPrimitives.WriteInt16BigEndian(_buffer.AsSpan(_length), (short)_encodings.Length);
        _length += 2;
    }

    public void Cell(int column, in SourceCell cell) => Cell(column, cell, null);

    /// <summary><paramref name="look"/>: what a profile found out about this value, null where none has seen it.</summary>
    internal void Cell(int column, in SourceCell cell, CellLook? look)
    {
        if (_misfit != Misfit.None) return;
        var reason = _measures ? Measured(_encodings[column], cell, look) : Encode(_encodings[column], cell, look);
        if (reason == Misfit.None) return;
        _misfit = reason;
        _misfitColumn = column;
    }

    public bool EndRow()
    {
        if (_measures && _misfit == Misfit.None && ExceedsPage()) (_misfit, _misfitColumn) = (Misfit.RowTooWide, _encodings.Length - 1);
        if (_misfit == Misfit.None)
        {
            _rowStart = _length;
            _rows++;
        }
        else
        {
            _length = _rowStart;
            (_misfits ??= []).Add(new EncodedMisfit(_position, _misfitColumn, _misfit));
        }
        return true;
    }

    /// <summary>Gives the complete rows away, in an array of <see cref="ArrayPool{T}.Shared"/> that the caller returns, and begins anew.</summary>
    public byte[] Detach(out int length, out int rows)
    {
        var full = _buffer;
        length = _rowStart;
        rows = _rows;
        _buffer = ArrayPool<byte>.Shared.Rent(_initialBytes);
        _length = _rowStart = _rows = 0;
        return full;
    }

    /// <summary>The rows left out since the last call, null where there are none.</summary>
    public List<EncodedMisfit>? TakeMisfits()
    {
        var taken = _misfits;
        _misfits = null;
        return taken;
    }

    public void Dispose()
    {
        if (_buffer.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private Misfit Encode(in ColumnEncoding encoding, in SourceCell cell, CellLook? look)
    {
        if (cell.Class == StorageClass.Null)
        {
            Reserve(4);
            Put32(-1);
            return Misfit.None;
        }
        switch (encoding.Kind)
        {
            case CellEncoding.Text: return Text(encoding, cell, look);
            case CellEncoding.Int8: return Int8(cell);
            case CellEncoding.Int4: return Int4(cell);
            case CellEncoding.Int2: return Int2(cell);
            case CellEncoding.Bool: return Bool(cell);
            case CellEncoding.Float8: return Float8(cell);
            case CellEncoding.Float4: return Float4(cell);
            case CellEncoding.Bytea: return Bytea(cell);
            case CellEncoding.Numeric: return Numeric(encoding, cell);
            case CellEncoding.Uuid: return Uuid(cell);
            case CellEncoding.Json or CellEncoding.Jsonb: return Json(encoding, cell, look);
            case CellEncoding.Date: return Date(cell, look);
            case CellEncoding.Time: return Time(encoding, cell);
            case CellEncoding.Timestamp: return Timestamp(encoding, cell, withZone: false, look);
            case CellEncoding.TimestampTz: return Timestamp(encoding, cell, withZone: true, look);
            case CellEncoding.Inet: return Inet(cell);
            case CellEncoding.Interval or CellEncoding.IntervalMicroseconds: return Interval(encoding.Kind, cell);
            case CellEncoding.Geometry: return Geometry(encoding.Geometry!, cell);
            default: return NumericMoment(encoding, cell);
        }
    }

    private Misfit Text(in ColumnEncoding encoding, in SourceCell cell, CellLook? look)
    {
        if (encoding.Labels is { } labels && (cell.Class != StorageClass.Text || !IsLabel(labels, cell.Bytes))) return Misfit.NotALabel;
        switch (cell.Class)
        {
            case StorageClass.Text:
                var text = cell.Bytes;
                if (!encoding.Proven)
                {
                    if ((look is null ? Utf8Text.Check(text) : look.Text) is var reason and not Misfit.None) return reason;
                    if (encoding.Length > 0 && text.Length > encoding.Length && Utf8Text.CountCharacters(text) > encoding.Length) return Misfit.TooLong;
                }
                return PutBytes(text);
            case StorageClass.Blob:
                return Misfit.BlobInText;
            default:
                Span<byte> spelled = stackalloc byte[NumberText.MaxLength];
                var length = Spell(cell, spelled);
                return encoding.Length > 0 && length > encoding.Length ? Misfit.TooLong : PutBytes(spelled[..length]);
        }
    }

    private Misfit Bytea(in SourceCell cell)
    {
        if (cell.Class is StorageClass.Blob or StorageClass.Text) return PutBytes(cell.Bytes);
        Span<byte> spelled = stackalloc byte[NumberText.MaxLength];
        return PutBytes(spelled[..Spell(cell, spelled)]);
    }

    private static int Spell(in SourceCell cell, Span<byte> into) =>
        cell.Class == StorageClass.Integer ? NumberText.Format(cell.Integer, into) : NumberText.Format(cell.Real, into);

    private Misfit Bool(in SourceCell cell)
    {
        bool value;
        switch (cell.Class)
        {
            case StorageClass.Integer when (ulong)cell.Integer <= 1: value = cell.Integer != 0; break;
            case StorageClass.Text when BoolText.TryParse(cell.Bytes, out value): break;
            default: return Misfit.NotABoolean;
        }
        Reserve(5);
        Put32(1);
        _buffer[_length++] = value ? (byte)1 : (byte)0;
        return Misfit.None;
    }

    private Misfit Uuid(in SourceCell cell)
    {
        Span<byte> uuid = stackalloc byte[16];
        if (cell.Class == StorageClass.Text && UuidText.TryParse(cell.Bytes, uuid, out _)) return PutBytes(uuid);
        return cell.Class == StorageClass.Blob && cell.Bytes.Length == 16 ? PutBytes(cell.Bytes) : Misfit.NotAUuid;
    }

    private Misfit Json(in ColumnEncoding encoding, in SourceCell cell, CellLook? look)
    {
        Span<byte> spelled = stackalloc byte[NumberText.MaxLength];
        scoped ReadOnlySpan<byte> json;
        switch (cell.Class)
        {
            case StorageClass.Text:
                json = cell.Bytes;
                if (!encoding.Proven && CheckJson(encoding.Kind, json, look) is var reason and not Misfit.None) return reason;
                break;
            case StorageClass.Blob:
                return Misfit.BlobInText;
            default:
                if (cell.Class == StorageClass.Real && double.IsInfinity(cell.Real)) return Misfit.InvalidJson;
                json = spelled[..Spell(cell, spelled)];
                break;
        }
        if (encoding.Kind == CellEncoding.Json) return PutBytes(json);
        // jsonb_recv: a version byte, then the text.
        if (!TryReserve(5L + json.Length)) return Misfit.TooLong;
        Put32(json.Length + 1);
        _buffer[_length++] = 1;
        json.CopyTo(_buffer.AsSpan(_length));
        _length += json.Length;
        return Misfit.None;
    }

    private Misfit CheckJson(CellEncoding kind, ReadOnlySpan<byte> json, CellLook? look)
    {
        if (look is null ? !Utf8Text.IsValid(json) : look.Text == Misfit.InvalidUtf8) return Misfit.InvalidUtf8;
        return (look is { HasJson: true } ? look.Json : (_json ??= new JsonText()).Check(json)) switch
        {
            JsonVerdict.Invalid => Misfit.InvalidJson,
            JsonVerdict.DuplicateKeys when kind == CellEncoding.Jsonb => Misfit.DuplicateJsonKeys,
            JsonVerdict.JsonOnly when kind == CellEncoding.Jsonb => Misfit.UnsupportedJson,
            _ => Misfit.None,
        };
    }

    private Misfit PutBytes(ReadOnlySpan<byte> bytes)
    {
        if (!TryReserve(4L + bytes.Length)) return Misfit.TooLong;
        Put32(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
        return Misfit.None;
    }

    // The callers of Put* have reserved the room.
    private void Put16(int value) => Put(BinaryPrimitives.ReverseEndianness((short)value));

    private void Put32(int value) => Put(BinaryPrimitives.ReverseEndianness(value));

    private void Put64(long value) => Put(BinaryPrimitives.ReverseEndianness(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put<T>(T bigEndian) where T : unmanaged
    {
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buffer), _length), bigEndian);
        _length += Unsafe.SizeOf<T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes) Grow((long)_length + bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReserve(long bytes)
    {
        if (_buffer.Length - _length >= bytes) return true;
        if (_length + bytes > Array.MaxLength) return false;
        Grow(_length + bytes);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(long needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(needed, _buffer.Length * 2L)));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
