using System.Globalization;
using System.Text;
using Godwit.Plan;
using Godwit.TypeMapping;

namespace Godwit.Verify;

/// <summary>
/// A computed value in a form in which both sides can be compared. A view's expression may be an integer here and a real or text there, and a sum of
/// reals depends on the order of the rows: 1, 1.0 and '1' are one, reals count to twelve digits, moments and JSON by what they mean.
/// </summary>
internal sealed class LooseCell
{
    private const string Null = "0";

    private readonly JsonMeaning _json = new();
    private GeometryMeaning? _geometry;

    public string OfSource(ViewColumnPlan column, in SourceCell cell) => cell.Class switch
    {
        StorageClass.Null => Null,
        StorageClass.Integer when column.NumericTime is { } time => OfCount(time, cell.Integer) ?? OfNumber(cell.Integer),
        StorageClass.Real when column.NumericTime is { } time && Math.Abs(cell.Real) < 1e19 => OfCount(time, (decimal)cell.Real) ?? OfNumber(cell.Real),
        StorageClass.Integer => OfNumber(cell.Integer),
        StorageClass.Real => OfNumber(cell.Real),
        StorageClass.Text => OfTime(column, cell.Bytes) ?? OfText(cell.Bytes),
        _ when column.Geometry is { } limits && (_geometry ??= new()).OfBlob(limits, cell.Bytes) is { } geometry => $"g{geometry}",
        _ => "x" + Convert.ToHexStringLower(cell.Bytes),
    };

    /// <summary><paramref name="text"/> is PostgreSQL's text output, null for NULL.</summary>
    public string OfTarget(ViewColumnPlan column, string? text) => (text, column.PgType) switch
    {
        (null, _) => Null,
        ("true", "boolean") => "n1",
        ("false", "boolean") => "n0",
        (_, "bytea") => "x" + text[2..],
        _ when column.Geometry is not null && (_geometry ??= new()).OfText(Encoding.ASCII.GetBytes(text)) is { } geometry => $"g{geometry}",
        _ => OfTime(column, Encoding.UTF8.GetBytes(text)) ?? OfText(Encoding.UTF8.GetBytes(text)),
    };

    /// <summary>Reals that differ by no more than rounding.</summary>
    public static bool Near(string a, string b) =>
        a == b || a[0] == 'n' && b[0] == 'n'
        && double.TryParse(a.AsSpan(1), NumberStyles.Float, CultureInfo.InvariantCulture, out var x) && double.TryParse(b.AsSpan(1), NumberStyles.Float, CultureInfo.InvariantCulture, out var y)
        && Math.Abs(x - y) <= 1e-9 * Math.Max(Math.Abs(x), Math.Abs(y));

    public static Digest Digest(string cell) => Verify.Digest.OfBytes(Tag.Value, Encoding.UTF8.GetBytes(cell));

    private static string OfNumber(long value) => "n" + value.ToString(CultureInfo.InvariantCulture);

    private static string OfNumber(double value) =>
        double.IsInfinity(value) ? value > 0 ? "sInfinity" : "s-Infinity"
        : value == Math.Floor(value) && Math.Abs(value) < 1e15 ? OfNumber((long)value) : "n" + value.ToString("G12", CultureInfo.InvariantCulture);

    private static string? OfCount(string unit, decimal count) => Moment.OfUnixMicros(decimal.Round(unit switch
    {
        "EpochSeconds" => count * 1_000_000m,
        "EpochMilliseconds" => count * 1_000m,
        "EpochMicroseconds" => count,
        _ => (count - 2440587.5m) * 86_400_000_000m,
    })) is { } moment ? OfMoment(moment) : null;

    // To the millisecond, which is what a julian day holds.
    private static string OfMoment(Moment moment) => $"d{moment.Date}:{moment.Micros / 1000}";

    // A column of times of day, which may stand behind the date that Rails puts before them.
    private static string? OfTime(ViewColumnPlan column, ReadOnlySpan<byte> utf8)
    {
        if (column.PgType != "time" && !column.PgType.StartsWith("time(", StringComparison.Ordinal)) return null;
        var reader = new MomentReader(utf8);
        return reader.TimeOfDay(out var micros) ? $"t{micros}" : null;
    }

    private string OfText(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty) return "s";
        if (IsNumber(utf8))
            return long.TryParse(utf8, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? OfNumber(whole) : OfNumber(double.Parse(utf8, NumberStyles.Float, CultureInfo.InvariantCulture));
        if (utf8[0] is (byte)'{' or (byte)'[' && _json.TryRead(utf8, out var json)) return $"j{json}";
        return MomentOf(utf8) is { } moment ? OfMoment(moment) : "s" + Encoding.UTF8.GetString(utf8);
    }

    private static bool IsNumber(ReadOnlySpan<byte> text) =>
        (char.IsAsciiDigit((char)text[^1]) || text[^1] == '.') && (char.IsAsciiDigit((char)text[0]) || text[0] is (byte)'-' or (byte)'+' or (byte)'.')
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static Moment? MomentOf(ReadOnlySpan<byte> text)
    {
        var reader = new MomentReader(text);
        if (!reader.Date(out var date)) return null;
        long micros = 0;
        if (!reader.AtEnd && (!reader.Separator() || !reader.Time(out micros))) return null;
        return reader.Offset(out var offset) && reader.AtEnd && offset is null or 0 ? new Moment(date, micros) : null;
    }
}
