using System.Buffers;
using System.Globalization;
using System.Text;
using Godwit.TypeMapping;

namespace Godwit.Verify;

/// <summary>
/// What a source value means in its column's PostgreSQL type, written without a look at the encoder. A value that means nothing there
/// (text in an integer column) gets a digest that equals no target value.
/// </summary>
internal sealed class SourceMeaning
{
    private readonly JsonMeaning _json = new();
    private LooseCell? _loose;
    private GeometryMeaning? _geometry;

    public Digest Of(ComparedColumn column, in SourceCell cell)
    {
        if (cell.Class == StorageClass.Null) return Digest.Null;
        var known = column.Form switch
        {
            CellForm.Text or CellForm.JsonText => OfText(cell),
            CellForm.Bytes => OfText(cell),
            CellForm.Integer => Whole(cell) is { } i ? Digest.OfWord((ulong)i) : null,
            CellForm.Boolean => Truth(cell) is { } b ? Digest.OfWord(b ? 1u : 0u) : null,
            CellForm.Float8 => Double(cell) is { } d ? Digest.OfWord(BitConverter.DoubleToUInt64Bits(d)) : null,
            CellForm.Float4 => Double(cell) is { } d ? Single(d, column.Lossy) : null,
            CellForm.Numeric => Number(cell),
            CellForm.Uuid => Uuids.TryRead(cell.Bytes, cell.Class == StorageClass.Blob, out var uuid) ? uuid : null,
            CellForm.Json => Json(cell),
            CellForm.Inet => cell.Class == StorageClass.Text ? Addresses.Read(cell.Bytes) : null,
            CellForm.Computed => LooseCell.Digest((_loose ??= new()).OfSource(column.Yields!, cell)),
            CellForm.Geometry => cell.Class == StorageClass.Blob ? (_geometry ??= new()).OfBlob(column.Geometry!, cell.Bytes) : null,
            CellForm.Interval => Durations.Read(column.Encoding, cell),
            _ => OfMoment(column, cell)?.Digest,
        };
        return known ?? Unreadable(cell);
    }

    private static Digest Unreadable(in SourceCell cell) => cell.Class switch
    {
        StorageClass.Integer => Digest.OfWords(Tag.SourceOnly, (ulong)cell.Integer, 1),
        StorageClass.Real => Digest.OfWords(Tag.SourceOnly, BitConverter.DoubleToUInt64Bits(cell.Real), 2),
        _ => Digest.OfBytes(Tag.SourceOnly, cell.Bytes),
    };

    private static Digest? OfText(in SourceCell cell)
    {
        switch (cell.Class)
        {
            case StorageClass.Integer:
                Span<byte> digits = stackalloc byte[24];
                cell.Integer.TryFormat(digits, out var length);
                return Digest.OfBytes(Tag.Value, digits[..length]);
            case StorageClass.Real:
                return Digest.OfBytes(Tag.Value, Encoding.ASCII.GetBytes(RealText(cell.Real)));
            default:
                return Digest.OfBytes(Tag.Value, cell.Bytes);
        }
    }

    /// <summary>
    /// A real widened to text: the fewest digits that read back as the same value, always with a point or an exponent. The exponent is written
    /// where it is below -4 or above 15, with a sign and two digits at least: 0.1, 2.0, 1e+16, 1.5e-07.
    /// </summary>
    public static string RealText(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        var scientific = "";
        for (var precision = 0; precision <= 16; precision++)
        {
            scientific = value.ToString("E" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (double.Parse(scientific, CultureInfo.InvariantCulture).Equals(value)) break;
        }
        var e = scientific.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(scientific.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = double.IsNegative(value) ? "-" : "";
        var digits = scientific[(scientific[0] == '-' ? 1 : 0)..e].Replace(".", "", StringComparison.Ordinal).TrimEnd('0');
        if (digits.Length == 0) digits = "0";
        if (exponent is < -4 or > 15)
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        if (exponent < 0) return sign + "0." + new string('0', -exponent - 1) + digits;
        if (digits.Length <= exponent + 1) return sign + digits.PadRight(exponent + 1, '0') + ".0";
        return sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\r\n\f\v"u8);

    private static long? Whole(in SourceCell cell)
    {
        switch (cell.Class)
        {
            case StorageClass.Integer:
                return cell.Integer;
            case StorageClass.Real:
                return cell.Real is >= -9.2233720368547758E18 and < 9.2233720368547758E18 && Math.Floor(cell.Real) == cell.Real ? (long)cell.Real : null;
            case StorageClass.Text:
                return long.TryParse(Trim(cell.Bytes), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
            default:
                return null;
        }
    }

    private static bool? Truth(in SourceCell cell)
    {
        switch (cell.Class)
        {
            case StorageClass.Integer:
                return cell.Integer switch { 0 => false, 1 => true, _ => null };
            case StorageClass.Real:
                return cell.Real switch { 0 => false, 1 => true, _ => null };
            case StorageClass.Text:
                var text = Trim(cell.Bytes);
                foreach (var word in (ReadOnlySpan<string>)["true", "t", "yes", "y", "on", "1"])
                    if (Ascii.EqualsIgnoreCase(text, word)) return true;
                foreach (var word in (ReadOnlySpan<string>)["false", "f", "no", "n", "off", "0"])
                    if (Ascii.EqualsIgnoreCase(text, word)) return false;
                return null;
            default:
                return null;
        }
    }

    private static double? Double(in SourceCell cell)
    {
        switch (cell.Class)
        {
            case StorageClass.Real:
                return cell.Real;
            case StorageClass.Integer:
                return ExactInDouble(cell.Integer) ? cell.Integer : null;
            case StorageClass.Text:
                return double.TryParse(Trim(cell.Bytes), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
            default:
                return null;
        }
    }

    /// <summary>At most 53 bits between the first and the last one that is set.</summary>
    private static bool ExactInDouble(long value)
    {
        var magnitude = value < 0 ? unchecked((ulong)-value) : (ulong)value;
        return magnitude == 0 || 64 - System.Numerics.BitOperations.LeadingZeroCount(magnitude) - System.Numerics.BitOperations.TrailingZeroCount(magnitude) <= 53;
    }

    private static Digest? Single(double value, bool lossy)
    {
        var single = (float)value;
        return lossy || (double)single == value || double.IsNaN(value) ? Digest.OfWord(BitConverter.SingleToUInt32Bits(single)) : null;
    }

    private static Digest? Number(in SourceCell cell) => cell.Class switch
    {
        StorageClass.Integer => Decimals.OfInteger(cell.Integer, Tag.Value),
        StorageClass.Real => Decimals.OfReal(cell.Real, Tag.Value),
        StorageClass.Text => Decimals.TryRead(Trim(cell.Bytes), Tag.Value, out var digest) ? digest : null,
        _ => null,
    };

    private Digest? Json(in SourceCell cell) => cell.Class switch
    {
        StorageClass.Integer => Decimals.OfInteger(cell.Integer, Tag.Number),
        StorageClass.Real => double.IsFinite(cell.Real) ? Decimals.OfReal(cell.Real, Tag.Number) : null,
        _ => _json.TryRead(cell.Bytes, out var digest) ? digest : null,
    };

    /// <summary>The moment that a value means, or null.</summary>
    public static Moment? OfMoment(ComparedColumn column, in SourceCell cell)
    {
        if (cell.Class == StorageClass.Text) return IsoMoment(column, Trim(cell.Bytes)) ?? (Number(cell.Bytes) is { } n ? OfCount(column, n) : null);
        if (cell.Class == StorageClass.Integer) return OfCount(column, cell.Integer);
        if (cell.Class == StorageClass.Real && (IsJulian(column) ? Whole(cell.Real) : Exact(cell.Real)) is { } real) return OfCount(column, real);
        return null;

        static bool IsJulian(ComparedColumn column) => column.Encoding is CellEncoding.JulianTimestamp or CellEncoding.JulianDate;

        static decimal? Number(ReadOnlySpan<byte> text) =>
            decimal.TryParse(Trim(text), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var d) ? d : null;
    }

    /// <summary>By the shortest decimal: a cast to decimal keeps 15 digits only.</summary>
    private static decimal? Exact(double real) =>
        Math.Abs(real) < 1e20 && decimal.TryParse(real.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? d : null;

    /// <summary>Every digit that the double holds: a julian day's step is 40 us, so the shortest decimal that leads back to it is some us away.</summary>
    private static decimal? Whole(double real) =>
        Math.Abs(real) < 1e9 && decimal.TryParse(real.ToString("F17", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? d : null;

    private static Moment? OfCount(ComparedColumn column, decimal count)
    {
        if (decimal.Abs(count) > 1e19m) return null;
        decimal? micros = column.Encoding switch
        {
            CellEncoding.EpochSeconds => count * 1_000_000m,
            CellEncoding.EpochMilliseconds => count * 1_000m,
            CellEncoding.EpochMicroseconds => count,
            CellEncoding.JulianTimestamp or CellEncoding.JulianDate => JulianMicros(count),
            _ => null,
        };
        if (micros is null) return null;
        var whole = decimal.Round(micros.Value, MidpointRounding.ToEven);
        var moment = Moment.OfUnixMicros(column.Rounds ? Kept(column, (long)whole) : whole);
        if (moment is null) return null;
        return column.Form switch
        {
            CellForm.Date => moment.Value.Micros == 0 ? moment : null,
            CellForm.Time => moment.Value with { Date = 0 },
            _ => moment,
        };
    }

    /// <summary>
    /// SQLite counts julian days in whole milliseconds (https://www.sqlite.org/lang_datefunc.html): where such a count divided by a day's length
    /// is the number, it is meant. Else the nearest microsecond.
    /// </summary>
    private static decimal JulianMicros(decimal days)
    {
        const decimal unixEpochMillis = 210_866_760_000_000m;
        var millis = decimal.Round(days * 86_400_000m);
        if ((double)millis / 86_400_000d == double.Parse(days.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)) return (millis - unixEpochMillis) * 1_000m;
        return decimal.Round(days * 86_400_000_000m) - unixEpochMillis * 1_000m;
    }

    // To the digits that the type keeps, half away from zero, as timestamp(p) does from the server's own epoch.
    private static long Kept(ComparedColumn column, long micros)
    {
        var unit = (long)Math.Pow(10, 6 - column.Digits);
        const long epoch = 946_684_800_000_000;
        return column.Digits == 6 ? micros : (long)decimal.Round((micros - epoch) / (decimal)unit, MidpointRounding.AwayFromZero) * unit + epoch;
    }

    private static Moment? IsoMoment(ComparedColumn column, ReadOnlySpan<byte> text)
    {
        var form = column.Form;
        var reader = new MomentReader(text) { Rounds = column.Rounds };
        long date = 0, micros = 0;
        if (form == CellForm.Time) return reader.TimeOfDay(out micros) ? new Moment(0, column.Rounds ? Kept(column, micros + 946_684_800_000_000) - 946_684_800_000_000 : micros) : null;
        if (!reader.Date(out date)) return null;
        if (!reader.AtEnd && (!reader.Separator() || !reader.Time(out micros))) return null;
        if (!reader.Offset(out var offset) || !reader.AtEnd) return null;
        switch (form)
        {
            case CellForm.Date:
                return micros == 0 && offset is null ? new Moment(date, 0) : null;
            case CellForm.Timestamp:
                return offset is null or 0 ? Kept(column, date, micros, 0) : null;
            default:
                return Kept(column, date, micros, offset ?? 0);
        }
    }

    private static Moment? Kept(ComparedColumn column, long date, long micros, int offset)
    {
        if (!column.Rounds) return offset == 0 ? new Moment(date, micros) : ToUtc(date, micros, offset);
        if (date is < 10101 or > 99991230) return null;
        var ticks = new DateTime((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100), 0, 0, 0, DateTimeKind.Unspecified).Ticks - DateTime.UnixEpoch.Ticks;
        return Moment.OfUnixMicros(Kept(column, ticks / 10 + micros - offset * 1_000_000L));
    }

    private static Moment? ToUtc(long date, long micros, int offset)
    {
        if (date is < 10102 or > 99991230) return null;
        var utc = new DateTime((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100), 0, 0, 0, DateTimeKind.Unspecified).AddTicks(micros * 10).AddSeconds(-offset);
        return new Moment(utc.Year * 10000L + utc.Month * 100 + utc.Day, utc.TimeOfDay.Ticks / 10);
    }
}
