using System.Globalization;
using System.Numerics;
using System.Text;
using Godwit.TypeMapping;
using Xunit;

namespace Godwit.IntegrationTests.Encodings;

/// <summary>
/// PostgreSQL is the codec's oracle: values go through the row encoder and COPY BINARY, and come back as the server's own text, which is
/// compared with an expectation that the base class library computes without any code of the encoder.
/// </summary>
public class EncodingRoundTripTests(PostgresFixture postgres)
{
    private const int Random = CopyOracle.Random;
    private const int Seed = CopyOracle.Seed;

    private Task RoundTripsAsync(string pgType, ColumnEncoding encoding, List<Case> cases) => CopyOracle.RoundTripsAsync(postgres, pgType, encoding, cases);

    private static IEnumerable<long> Longs(Random random, long min, long max)
    {
        foreach (var edge in (long[])[min, max, 0, 1, -1, 9, 10, 9999, 10_000, 10_001, -10_000, 100_000_000, 99_999_999, short.MinValue, short.MaxValue, int.MaxValue, int.MinValue])
            if (edge >= min && edge <= max) yield return edge;
        for (var i = 0; i < Random; i++) yield return Math.Clamp(random.NextInt64(min, max) >> random.Next(63), min, max);
    }

    private static IEnumerable<double> Doubles(Random random)
    {
        double[] edges = [0.0, -0.0, 1, -1, 0.1, 0.1 + 0.2, 1e15, 1e16, 123456789012345.67, 1234567890123456.8, 12345678901234567, 1e-4, 1e-5, 9999.9999, 1e21, 1e22, 1e300, 5e-324, double.MinValue, double.MaxValue,
            double.Epsilon, 1.7976931348623157e308, 2.2250738585072014e-308, 1.0 / 3, 100, 1e100, -2.5e-8, 9007199254740993, 4503599627370497.5, 12.34, 0.01, 1e4, 1e8, 10000.0001];
        foreach (var edge in edges) yield return edge;
        for (var i = 0; i < Random; i++)
        {
            var bits = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            yield return (i % 3) switch { 0 when double.IsFinite(bits) => bits, 1 => Math.Round(random.NextDouble() * 1e6, random.Next(6)), _ => random.NextDouble() * Math.Pow(10, random.Next(-20, 20)) };
        }
    }

    /// <summary>The shortest decimal digits of a double, written out without an exponent.</summary>
    private static string Expanded(double value)
    {
        if (double.IsInfinity(value)) return value > 0 ? "Infinity" : "-Infinity";
        var e = value.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits <= 16; digits++)
        {
            e = value.ToString("E" + digits, CultureInfo.InvariantCulture);
            if (double.Parse(e, CultureInfo.InvariantCulture) == value) break;
        }
        var parts = e.Split('E');
        var mantissa = parts[0].TrimStart('-').Replace(".", "", StringComparison.Ordinal);
        var point = 1 + int.Parse(parts[1], CultureInfo.InvariantCulture);
        mantissa = mantissa.TrimEnd('0');
        if (mantissa.Length == 0) return "0";
        var text = point <= 0 ? "0." + new string('0', -point) + mantissa
            : point >= mantissa.Length ? mantissa + new string('0', point - mantissa.Length)
            : mantissa[..point] + "." + mantissa[point..];
        return value < 0 ? "-" + text : text;
    }

    private static string Text(Random random, int maxLength)
    {
        var text = new StringBuilder();
        for (var n = random.Next(maxLength); n > 0; n--)
            text.Append(random.Next(4) switch { 0 => new Rune(random.Next(0x10000, 0x10FFFF)), 1 => new Rune(random.Next(0x80, 0x7FF)), 2 => new Rune(random.Next(0x800, 0xD7FF)), _ => new Rune(random.Next(1, 127)) });
        return text.ToString();
    }

    [Fact]
    public Task Int2() => RoundTripsAsync("smallint", new(CellEncoding.Int2), [.. Longs(new(Seed), short.MinValue, short.MaxValue).SelectMany(IntegerForms)]);

    [Fact]
    public Task Int4() => RoundTripsAsync("integer", new(CellEncoding.Int4), [.. Longs(new(Seed), int.MinValue, int.MaxValue).SelectMany(IntegerForms)]);

    [Fact]
    public Task Int8() => RoundTripsAsync("bigint", new(CellEncoding.Int8), [new(null, null), .. Longs(new(Seed), long.MinValue, long.MaxValue).SelectMany(IntegerForms)]);

    // As integer, as text, and as real where a real holds it.
    private static IEnumerable<Case> IntegerForms(long value)
    {
        var text = value.ToString(CultureInfo.InvariantCulture);
        yield return new(value, text);
        yield return new(text, text);
        if (Math.Abs((double)value) < 9e15) yield return new((double)value, text);
    }

    [Fact]
    public Task Bool() => RoundTripsAsync("boolean", new(CellEncoding.Bool),
        [new(null, null), new(0L, "false"), new(1L, "true"), .. Words("true", "t", "yes", "y", "on", "1"), .. Words("false", "f", "no", "n", "off", "0")]);

    private static IEnumerable<Case> Words(params string[] words) =>
        words.SelectMany(w => (Case[])[new(w, words[0]), new(w.ToUpperInvariant(), words[0]), new(char.ToUpperInvariant(w[0]) + w[1..], words[0])]);

    // Compared bit by bit: the server's shortest form sometimes has a digit more than the base class library's, and means the same.
    [Fact]
    public Task Float8()
    {
        List<Case> cases = [new(double.PositiveInfinity, Bits(double.PositiveInfinity)), new(double.NegativeInfinity, Bits(double.NegativeInfinity)), new(5L, Bits(5)), new(1L << 62, Bits(Math.Pow(2, 62))),
            new("1.5", Bits(1.5)), new("1e22", Bits(1e22)), new("-0.0001", Bits(-0.0001)), .. Doubles(new(Seed)).Select(d => new Case(d, Bits(d)))];
        return CopyOracle.RoundTripsAsync(postgres, "double precision", new(CellEncoding.Float8), cases, text => Bits(double.Parse(text, CultureInfo.InvariantCulture)));
    }

    private static string Bits(double value) => BitConverter.DoubleToInt64Bits(value).ToString("x16", CultureInfo.InvariantCulture);

    private static int DecimalExponent(string expanded)
    {
        var point = expanded.IndexOf('.', StringComparison.Ordinal);
        if (point < 0) point = expanded.Length;
        if (expanded[0] != '0') return point - 1;
        var zeros = expanded.AsSpan(2).IndexOfAnyExcept('0');
        return -zeros - 1;
    }

    [Fact]
    public Task Float4() => RoundTripsAsync("real", new(CellEncoding.Float4), [new(1.5, "1.5"), new(0.25, "0.25"), new(3L, "3"), new(-0.0, "-0"), new(double.PositiveInfinity, "Infinity"), new((double)0.1f, "0.1"), new((double)1.17549435e-38f, "1.1754944e-38"), new((double)float.MaxValue, "3.4028235e+38")]);

    [Fact]
    public Task Numeric()
    {
        var random = new Random(Seed);
        List<Case> cases = [new(null, null), new(double.PositiveInfinity, "Infinity"), new(double.NegativeInfinity, "-Infinity"), new("0.000", "0.000"), new("-0", "0"), new("+7", "7"), new(".5", "0.5"), new("5.", "5"), new("1e400", "1" + new string('0', 400)), new("1.50", "1.50"), new("1e-20", "0." + new string('0', 19) + "1"), new("0001200.0034000", "1200.0034000"), new("12e3", "12000"), new("9".PadLeft(300, '9'), "9".PadLeft(300, '9'))];
        cases.AddRange(Longs(random, long.MinValue, long.MaxValue).Select(l => new Case(l, l.ToString(CultureInfo.InvariantCulture))));
        cases.AddRange(Doubles(random).Select(d => new Case(d, Expanded(d))));
        for (var i = 0; i < Random; i++)
        {
            var integer = new BigInteger(random.NextInt64()) * random.NextInt64(1, long.MaxValue) >> random.Next(126);
            var scale = random.Next(30);
            var digits = integer.ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
            var text = (integer.IsZero || random.Next(2) == 0 ? "" : "-") + digits[..^scale] + (scale == 0 ? "" : "." + digits[^scale..]);
            cases.Add(new(text, text));
        }
        return RoundTripsAsync("numeric", new(CellEncoding.Numeric), cases);
    }

    [Theory]
    [InlineData(10, 2)]
    [InlineData(18, 4)]
    [InlineData(40, 20)]
    [InlineData(5, 0)]
    [InlineData(12, 12)]
    public Task Constrained_numeric(int precision, int scale)
    {
        var random = new Random(Seed);
        List<Case> cases = [new(0.0, Fixed(0m, scale)), new(-0.0, Fixed(0m, scale)), new(0L, Fixed(0m, scale))];
        var digits = Math.Min(15, precision);
        for (var i = 0; i < Random; i++)
        {
            var value = new decimal(random.NextInt64(-(long)Math.Pow(10, digits) + 1, (long)Math.Pow(10, digits)) >> random.Next(40)) / (decimal)Math.Pow(10, Math.Min(scale, 12));
            if (decimal.Round(value, scale) != value || Math.Abs(value) >= (decimal)Math.Pow(10, Math.Min(20, precision - scale))) continue;
            cases.Add(new((double)value, Fixed(value, scale)));
            cases.Add(new(value.ToString(CultureInfo.InvariantCulture), Fixed(value, scale)));
        }
        Assert.True(cases.Count > 1000);
        return RoundTripsAsync($"numeric({precision},{scale})", new(CellEncoding.Numeric, 0, precision, scale), cases);
    }

    private static string Fixed(decimal value, int scale) => value.ToString("F" + scale, CultureInfo.InvariantCulture) is var s && value == 0 ? s.TrimStart('-') : s;

    [Fact]
    public Task Text_from_every_class()
    {
        var random = new Random(Seed);
        List<Case> cases = [new(null, null), new("", ""), new("\\N", "\\N"), new("\uffff\ufeff", "\uffff\ufeff"), new(new string('é', 100_000), new string('é', 100_000)), new(long.MinValue, "-9223372036854775808"),
            new(1.0, "1.0"), new(-0.0, "-0.0"), new(1e15, "1000000000000000.0"), new(1234567890123456.8, "1234567890123456.8"), new(1e16, "1e+16"), new(1e-5, "1e-05"), new(0.0001, "0.0001"), new(1e300, "1e+300"), new(double.PositiveInfinity, "inf"), new(double.NegativeInfinity, "-inf")];
        for (var i = 0; i < Random; i++) { var text = Text(random, 50); cases.Add(new(text, text)); }
        return RoundTripsAsync("text", new(CellEncoding.Text), cases);
    }

    [Fact]
    public Task Reals_as_text_lead_back_to_the_same_real() => RoundTripsAsync("text", new(CellEncoding.Text), [.. Doubles(new(Seed)).Select(d => new Case(d, PythonRepr(d)))]);

    // Shortest digits, plain from 1e-4 up to 1e16, with ".0" where there is no fraction.
    private static string PythonRepr(double value)
    {
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";
        var expanded = Expanded(value);
        var exponent = DecimalExponent(expanded.TrimStart('-'));
        if (exponent is >= -4 and < 16) return expanded.Contains('.', StringComparison.Ordinal) ? expanded : expanded + ".0";
        var digits = expanded.Replace(".", "", StringComparison.Ordinal).Trim('-').Trim('0');
        return $"{(value < 0 ? "-" : "")}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? "-" : "+")}{Math.Abs(exponent):00}";
    }

    [Fact]
    public Task Limited_text()
    {
        var random = new Random(Seed);
        List<Case> cases = [];
        for (var i = 0; i < Random; i++)
        {
            var text = Text(random, 20);
            cases.Add(new(text, text));
        }
        return RoundTripsAsync("varchar(20)", new(CellEncoding.Text, 20), cases);
    }

    [Fact]
    public Task Bytes_from_every_class()
    {
        var random = new Random(Seed);
        List<Case> cases = [new(null, null), new(Array.Empty<byte>(), "\\x"), new("a\0ß", "\\x6100c39f"), new(5L, "\\x35"), new(1.5, "\\x312e35"), new(Enumerable.Range(0, 256).Select(i => (byte)i).ToArray(), "\\x" + Convert.ToHexStringLower([.. Enumerable.Range(0, 256).Select(i => (byte)i)]))];
        for (var i = 0; i < Random; i++)
        {
            var bytes = new byte[random.Next(60)];
            random.NextBytes(bytes);
            cases.Add(new(bytes, "\\x" + Convert.ToHexStringLower(bytes)));
        }
        return RoundTripsAsync("bytea", new(CellEncoding.Bytea), cases);
    }

    [Fact]
    public Task Uuids()
    {
        var random = new Random(Seed);
        List<Case> cases = [new(null, null)];
        var bytes = new byte[16];
        for (var i = 0; i < Random; i++)
        {
            random.NextBytes(bytes);
            var guid = new Guid(bytes, bigEndian: true);
            var text = guid.ToString("D");
            cases.Add(new((i % 5) switch { 0 => text.ToUpperInvariant(), 1 => guid.ToString("B"), 2 => guid.ToString("N"), 3 => bytes.ToArray(), _ => text }, text));
        }
        return RoundTripsAsync("uuid", new(CellEncoding.Uuid), cases);
    }
}
