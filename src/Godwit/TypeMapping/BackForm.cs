using System.Collections.Immutable;
using System.Globalization;

namespace Godwit.TypeMapping;

/// <summary>One way to write a column's values into the source again. <see cref="Name"/> is durable: the journal keeps it.</summary>
public sealed class BackForm
{
    private readonly Func<BackInput, SourceValue?> _write;

    private BackForm(string name, Func<BackInput, SourceValue?> write) => (Name, _write) = (name, write);

    public string Name { get; }

    internal SourceValue? Write(in BackInput value) => _write(value);

    /// <summary>What the source would hold for a value as PostgreSQL prints it; null where the source's column has nothing like it.</summary>
    public SourceValue? Write(ColumnEncoding encoding, string text) => BackInput.Read(encoding.Kind, text) is { } value ? _write(value) : null;

    /// <summary>The ways to write an encoding's values back, the likeliest first.</summary>
    public static ImmutableArray<BackForm> Of(ColumnEncoding encoding) => encoding.Kind switch
    {
        CellEncoding.Text or CellEncoding.Json or CellEncoding.Jsonb => [s_text, s_numbers],
        CellEncoding.Bytea => [s_blob, s_blobText],
        CellEncoding.Bool => s_booleans,
        CellEncoding.Int2 or CellEncoding.Int4 or CellEncoding.Int8 => s_integers,
        CellEncoding.Float4 or CellEncoding.Float8 => s_floats,
        CellEncoding.Numeric => s_numerics,
        CellEncoding.Uuid => s_uuids,
        CellEncoding.Time => s_times,
        CellEncoding.Date => s_dates,
        CellEncoding.Timestamp => s_timestamps,
        CellEncoding.TimestampTz => s_zoned,
        CellEncoding.EpochSeconds => Counts("seconds", 1e6),
        CellEncoding.EpochMilliseconds => Counts("milliseconds", 1e3),
        CellEncoding.EpochMicroseconds => Counts("microseconds", 1),
        CellEncoding.Geometry => Geometries(encoding.Geometry!),
        CellEncoding.Inet or CellEncoding.Interval or CellEncoding.IntervalMicroseconds => [s_none],
        _ => [s_julian],
    };

    public static BackForm Named(ColumnEncoding encoding, string name) => Of(encoding).FirstOrDefault(f => f.Name == name)
        ?? throw new GodwitException(ErrorKind.Internal, "back-form-unknown", $"The journal names the form {name}, which this Godwit does not know for {encoding.Kind}.", "Use the version that made the cutover.");

    // Nothing is known to lead back: the way back names the column as lost.
    private static readonly BackForm s_none = new("none", _ => null);

    private static readonly BackForm s_text = new("text", v => SourceValue.Text(v.Text)),
        s_blob = new("blob", v => SourceValue.Blob(Convert.FromHexString(v.Text.AsSpan(2)))),
        s_blobText = new("blob-text", v => SourceValue.Text(System.Text.Encoding.UTF8.GetString(Convert.FromHexString(v.Text.AsSpan(2))))),
        // Columns whose affinity makes numbers of texts that look like one.
        s_numbers = new("numbers", v => !LooksNumeric(v.Text) ? SourceValue.Text(v.Text)
            : long.TryParse(v.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? SourceValue.Of(whole)
            : double.TryParse(v.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? SourceValue.Of(real) : SourceValue.Text(v.Text)),
        // A count of milliseconds divided by a day's length, as SQLite makes it (https://www.sqlite.org/lang_datefunc.html); else from microseconds.
        s_julian = new("julian", v => v.Integer % 1000 == 0 ? SourceValue.Of((v.Integer / 1000 + 210_866_760_000_000) / 86_400e3) : SourceValue.Of(v.Integer / 86_400e6 + 2_440_587.5));

    private static readonly ImmutableArray<BackForm> s_booleans =
    [
        new("0/1", v => SourceValue.Of(v.Integer)),
        .. new[] { "true/false", "True/False", "TRUE/FALSE", "t/f", "T/F", "yes/no", "Yes/No", "YES/NO", "y/n", "Y/N", "on/off", "1/0" }
            .Select(words => new BackForm(words, v => SourceValue.Text(words.Split('/')[v.Integer == 0 ? 1 : 0]))),
    ];

    private static readonly ImmutableArray<BackForm> s_integers =
    [
        new("integer", v => SourceValue.Of(v.Integer)),
        new("real", v => (long)(double)v.Integer == v.Integer ? SourceValue.Of((double)v.Integer) : null),
        new("digits", v => SourceValue.Text(v.Integer.ToString(CultureInfo.InvariantCulture))),
    ];

    private static readonly ImmutableArray<BackForm> s_floats =
    [
        new("real", v => SourceValue.Of(v.Real)),
        new("integer", v => Math.Floor(v.Real) == v.Real && Math.Abs(v.Real) < 9e18 ? SourceValue.Of((long)v.Real) : null),
        new("digits", v => SourceValue.Text(v.Real.ToString("R", CultureInfo.InvariantCulture))),
    ];

    private static readonly ImmutableArray<BackForm> s_numerics =
    [
        new("number", v => Whole(v.Text) ?? AsReal(v.Text)),
        new("digits", v => SourceValue.Text(v.Text)),
        new("real", v => AsReal(v.Text)),
    ];

    private static bool LooksNumeric(string text) => text.Length > 0 && LooksNumeric(text[0]);

    internal static bool LooksNumeric(char first) => char.IsAsciiDigit(first) || first is '-' or '+' or '.' or ' ' or '\t' or '\n' or '\r';

    private static SourceValue? Whole(string text)
    {
        if (text.Contains('e', StringComparison.Ordinal)) text = decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var large) ? large.ToString(CultureInfo.InvariantCulture) : text;
        else if (text.Contains('.', StringComparison.Ordinal)) text = text.TrimEnd('0').TrimEnd('.');
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? SourceValue.Of(whole) : null;
    }

    /// <summary>Null where a double would not say the same number.</summary>
    private static SourceValue? AsReal(string text)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)) return null;
        if (double.IsInfinity(real)) return text.EndsWith("Infinity", StringComparison.Ordinal) ? SourceValue.Of(real) : null;
        return Digits(text).Length <= 15 || Digits(real.ToString("E16", CultureInfo.InvariantCulture)) == Digits(text) || Digits(real.ToString("R", CultureInfo.InvariantCulture)) == Digits(text) ? SourceValue.Of(real) : null;
    }

    private static string Digits(string number)
    {
        var end = number.IndexOfAny(['e', 'E']);
        return new string([.. (end < 0 ? number : number[..end]).Where(char.IsAsciiDigit)]).Trim('0');
    }

    private static readonly ImmutableArray<BackForm> s_uuids =
    [
        new("lower", v => SourceValue.Text(v.Text)),
        new("upper", v => SourceValue.Text(v.Text.ToUpperInvariant())),
        new("plain", v => SourceValue.Text(v.Text.Replace("-", "", StringComparison.Ordinal))),
        new("upper-plain", v => SourceValue.Text(v.Text.Replace("-", "", StringComparison.Ordinal).ToUpperInvariant())),
        new("bytes", v => SourceValue.Blob(Guid.Parse(v.Text).ToByteArray(bigEndian: true))),
    ];

    private static ImmutableArray<BackForm> Counts(string unit, double perSecond) =>
    [
        new(unit, v => v.Integer % (long)perSecond == 0 ? SourceValue.Of(v.Integer / (long)perSecond) : null),
        new("real-" + unit, v => SourceValue.Of(v.Integer / perSecond)),
    ];

    private static ImmutableArray<BackForm> Geometries(GeometryLimits limits) =>
    [
        new("package", v => GeometryBack.ToPackage(limits, v.Text, GeometryBack.Boxes.FlatButPoints)),
        new("package-heights", v => GeometryBack.ToPackage(limits, v.Text, GeometryBack.Boxes.HeightsButPoints)),
        new("package-boxed", v => GeometryBack.ToPackage(limits, v.Text, GeometryBack.Boxes.Flat)),
        new("package-bare", v => GeometryBack.ToPackage(limits, v.Text, GeometryBack.Boxes.Never)),
        new("spatialite", v => GeometryBack.ToSpatialite(limits, v.Text)),
    ];

    private static readonly ImmutableArray<BackForm> s_times =
    [
        .. Clocks().Select(c => new BackForm("time" + c.Name, v => SourceValue.Text(c.Write(v.Integer)))),
        .. Clocks().Select(c => new BackForm("2000-01-01 time" + c.Name, v => SourceValue.Text("2000-01-01 " + c.Write(v.Integer)))),
    ];

    private static readonly ImmutableArray<BackForm> s_dates =
    [
        new("date", v => SourceValue.Text(Day(v.Integer))),
        new("date 00:00:00", v => SourceValue.Text(Day(v.Integer) + " 00:00:00")),
        new("dateT00:00:00", v => SourceValue.Text(Day(v.Integer) + "T00:00:00")),
        new("date 00:00:00.000000", v => SourceValue.Text(Day(v.Integer) + " 00:00:00.000000")),
        new("date 00:00:00.000", v => SourceValue.Text(Day(v.Integer) + " 00:00:00.000")),
    ];

    private static readonly ImmutableArray<BackForm> s_timestamps = [.. Moments([""]), new("date", v => v.Integer % IsoText.Day == 0 ? SourceValue.Text(Day(v.Integer)) : null)];

    private static readonly ImmutableArray<BackForm> s_zoned = Moments(["+00:00", "Z", "", "+00", "+0000", " UTC", " +00:00"]);

    private static ImmutableArray<BackForm> Moments(string[] offsets) =>
    [
        .. from offset in offsets from separator in new[] { " ", "T" } from clock in Clocks()
           select new BackForm($"{separator}{clock.Name}{offset}", v => SourceValue.Text(Day(v.Integer) + separator + clock.Write(v.Integer - Floor(v.Integer)) + offset)),
    ];

    private static long Floor(long micros) => (long)Math.Floor((decimal)micros / IsoText.Day) * IsoText.Day;

    private static string Day(long micros) => DateTime.UnixEpoch.AddTicks(Floor(micros) * 10).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Fractions as needed; six digits or none, as Python writes; always three; always six; no seconds where they are zero.</summary>
    private static IEnumerable<(string Name, Func<long, string> Write)> Clocks()
    {
        static string Clock(long micros) => string.Create(CultureInfo.InvariantCulture, $"{micros / 3_600_000_000:00}:{micros / 60_000_000 % 60:00}:{micros / 1_000_000 % 60:00}");
        static string Six(long micros) => (micros % 1_000_000).ToString("000000", CultureInfo.InvariantCulture);
        yield return ("", m => m % 1_000_000 == 0 ? Clock(m) : $"{Clock(m)}.{Six(m).TrimEnd('0')}");
        yield return (".6?", m => m % 1_000_000 == 0 ? Clock(m) : $"{Clock(m)}.{Six(m)}");
        yield return (".3", m => m % 1_000 == 0 ? $"{Clock(m)}.{Six(m)[..3]}" : $"{Clock(m)}.{Six(m)}");
        yield return (".6", m => $"{Clock(m)}.{Six(m)}");
        yield return (".7", m => $"{Clock(m)}.{Six(m)}0");
        yield return ("hh:mm", m => m % 60_000_000 == 0 ? Clock(m)[..5] : m % 1_000_000 == 0 ? Clock(m) : $"{Clock(m)}.{Six(m).TrimEnd('0')}");
    }
}
