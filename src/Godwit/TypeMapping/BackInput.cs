using System.Globalization;
using System.Text;

namespace Godwit.TypeMapping;

/// <summary>A value for the source to store, in one of its five classes.</summary>
public readonly struct SourceValue
{
    public StorageClass Class { get; private init; }
    public long Integer { get; private init; }
    public double Real { get; private init; }
    /// <summary>UTF-8 of a text, or a blob.</summary>
    public byte[] Bytes { get; private init; }

    public static SourceValue Null => default;
    public static SourceValue Of(long value) => new() { Class = StorageClass.Integer, Integer = value };
    public static SourceValue Of(double value) => new() { Class = StorageClass.Real, Real = value };
    public static SourceValue Text(string text) => new() { Class = StorageClass.Text, Bytes = Encoding.UTF8.GetBytes(text) };
    public static SourceValue Blob(byte[] bytes) => new() { Class = StorageClass.Blob, Bytes = bytes };

    /// <summary>Bit for bit what the source holds.</summary>
    public bool Is(in SourceCell cell) => Class == cell.Class && Class switch
    {
        StorageClass.Integer => Integer == cell.Integer,
        StorageClass.Real => BitConverter.DoubleToInt64Bits(Real) == BitConverter.DoubleToInt64Bits(cell.Real),
        StorageClass.Null => true,
        _ => cell.Bytes.SequenceEqual(Bytes),
    };
}

/// <summary>
/// A value between the two databases, free of either's spelling: whole numbers, booleans and microseconds in <see cref="Integer"/>, floats in
/// <see cref="Real"/>, all else as PostgreSQL prints it in <see cref="Text"/>.
/// </summary>
internal readonly record struct BackInput(long Integer, double Real, string Text)
{
    private static BackInput Of(long value) => new(value, 0, "");
    private static BackInput Of(double value) => new(0, value, "");
    private static BackInput Of(string text) => new(0, 0, text);

    /// <summary>From PostgreSQL's text output under the pinned session settings; null where the source's column has nothing like it.</summary>
    public static BackInput? Read(CellEncoding encoding, string text)
    {
        switch (encoding)
        {
            case CellEncoding.Bool:
                return Of(text is "true" or "t" ? 1 : 0);
            case CellEncoding.Int2 or CellEncoding.Int4 or CellEncoding.Int8:
                return Of(long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
            case CellEncoding.Float4:
                // Widened by the server's own value, not by its shortest decimal.
                return text == "NaN" ? null : Of((double)float.Parse(text, CultureInfo.InvariantCulture));
            case CellEncoding.Float8:
                return text == "NaN" ? null : Of(double.Parse(text, CultureInfo.InvariantCulture));
            case CellEncoding.Numeric:
                return text == "NaN" ? null : Of(text);
            case CellEncoding.Time:
                return IsoText.ParseTime(Encoding.UTF8.GetBytes(text), out var clock, out _) ? Of(clock) : null;
            case CellEncoding.Inet or CellEncoding.Interval or CellEncoding.IntervalMicroseconds:
                return null;
            case CellEncoding.Text or CellEncoding.Bytea or CellEncoding.Uuid or CellEncoding.Json or CellEncoding.Jsonb or CellEncoding.Geometry:
                return Of(text);
            default:
                return IsoText.Parse(Encoding.UTF8.GetBytes(text), out var moment) is IsoKind.None or IsoKind.TooFine ? null : Of(moment.UnixMicroseconds);
        }
    }

    /// <summary>What the copy made of a source value that fits its column; null where it does not.</summary>
    public static BackInput? Of(ColumnEncoding column, in SourceCell cell)
    {
        var encoding = column.Kind;
        switch (encoding)
        {
            case CellEncoding.Bool:
                return cell.Class == StorageClass.Integer ? Of(cell.Integer) : cell.Class == StorageClass.Text && BoolText.TryParse(cell.Bytes, out var truth) ? Of(truth ? 1 : 0) : null;
            case CellEncoding.Int2 or CellEncoding.Int4 or CellEncoding.Int8:
                return cell.Class == StorageClass.Integer ? Of(cell.Integer) : cell.Class == StorageClass.Real ? Of((long)cell.Real) : NumberText.TryInteger(cell.Bytes, out var whole) ? Of(whole) : null;
            case CellEncoding.Float4 or CellEncoding.Float8:
                return cell.Class == StorageClass.Real ? Of(cell.Real) : cell.Class == StorageClass.Integer ? Of((double)cell.Integer) : NumberText.TryExactDouble(cell.Bytes, out var real) ? Of(real) : null;
            case CellEncoding.Numeric:
                // A text that PostgreSQL would print otherwise is replaced by one that no such text equals.
                return Of(cell.Class == StorageClass.Text && !IsPlainDecimal(cell.Bytes) ? "0" : Spelled(cell, point: false));
            case CellEncoding.Uuid:
                Span<byte> uuid = stackalloc byte[16];
                if (cell.Class == StorageClass.Blob) cell.Bytes.CopyTo(uuid);
                else if (!UuidText.TryParse(cell.Bytes, uuid, out _)) return null;
                return Of(new Guid(uuid, bigEndian: true).ToString());
            case CellEncoding.Inet or CellEncoding.Interval or CellEncoding.IntervalMicroseconds:
                return null;
            case CellEncoding.Geometry:
                if (cell.Class != StorageClass.Blob || !GeometryBlob.TryRead(cell.Bytes, out var geometry)) return null;
                var binary = new byte[geometry.EwkbLength];
                geometry.WriteEwkb(column.Geometry!.SridOf(geometry.Srs), binary);
                return Of(Convert.ToHexString(binary));
            case CellEncoding.Time:
                return IsoText.ParseTime(cell.Bytes, out var clock, out _) ? Of(clock) : null;
            case CellEncoding.Bytea:
                return Of("\\x" + Convert.ToHexStringLower(cell.Class is StorageClass.Integer or StorageClass.Real ? Encoding.UTF8.GetBytes(Spelled(cell, point: true)) : cell.Bytes));
            case CellEncoding.Text or CellEncoding.Json or CellEncoding.Jsonb:
                return Of(Spelled(cell, point: true));
            case CellEncoding.Date or CellEncoding.Timestamp or CellEncoding.TimestampTz:
                return IsoText.Parse(cell.Bytes, out var moment) is IsoKind.None or IsoKind.TooFine ? null : Of(moment.UnixMicroseconds);
            default:
                long micros = 0;
                var reason = cell.Class == StorageClass.Integer ? NumericTime.ToUnixMicroseconds(cell.Integer, encoding, out micros)
                    : cell.Class == StorageClass.Real ? NumericTime.ToUnixMicroseconds(cell.Real, encoding, out micros) : Misfit.NotATimestamp;
                return reason == Misfit.None ? Of(micros) : null;
        }
    }

    private static bool IsPlainDecimal(ReadOnlySpan<byte> text) => NumberText.TryDecimal(text, new byte[text.Length + 1], out var number) && number.Plain;

    private static string Spelled(in SourceCell cell, bool point)
    {
        if (cell.Class is StorageClass.Text or StorageClass.Blob) return Encoding.UTF8.GetString(cell.Bytes);
        Span<byte> spelled = stackalloc byte[NumberText.MaxLength];
        var text = Encoding.ASCII.GetString(spelled[..(cell.Class == StorageClass.Integer ? NumberText.Format(cell.Integer, spelled) : NumberText.Format(cell.Real, spelled))]);
        if (cell.Class == StorageClass.Real && double.IsInfinity(cell.Real)) return cell.Real > 0 ? "Infinity" : "-Infinity";
        return !point && text.EndsWith(".0", StringComparison.Ordinal) ? text[..^2] : text;
    }
}
