using System.Globalization;
using Godwit.TypeMapping;
using Xunit;

namespace Godwit.IntegrationTests.Encodings;

/// <summary>Dates, times and JSON; see <see cref="CopyOracle"/>. The expectations come from DateTime and System.Text.Json.</summary>
public class MomentRoundTripTests(PostgresFixture postgres)
{
    private Task RoundTripsAsync(string pgType, ColumnEncoding encoding, IEnumerable<Case> cases) => CopyOracle.RoundTripsAsync(postgres, pgType, encoding, [.. cases]);

    private static IEnumerable<DateTime> Moments(long stepTicks)
    {
        var random = new Random(CopyOracle.Seed);
        DateTime[] edges = [DateTime.MinValue, new(9999, 12, 31, 23, 59, 59), new(2000, 2, 29), new(1900, 2, 28, 23, 59, 59), new(1582, 10, 10), new(1969, 12, 31, 23, 59, 59), DateTime.UnixEpoch, new(2000, 1, 1), new(1999, 12, 31), new(2038, 1, 19, 3, 14, 8), new(2020, 3, 8, 2, 30, 0)];
        foreach (var edge in edges) yield return edge;
        for (var i = 0; i < CopyOracle.Random; i++)
            yield return new DateTime(random.NextInt64(DateTime.MaxValue.Ticks) / stepTicks * stepTicks);
    }

    private static string Printed(DateTime moment) => moment.ToString(moment.Ticks % TimeSpan.TicksPerSecond == 0 ? "yyyy-MM-dd HH:mm:ss" : "yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);

    private static string Format(DateTime moment, string format) => moment.ToString(format, CultureInfo.InvariantCulture);

    [Fact]
    public Task Timestamp() => RoundTripsAsync("timestamp", new(CellEncoding.Timestamp), Moments(10).SelectMany((m, i) => (Case[])
    [
        new(Format(m, (i % 3) switch { 0 => "yyyy-MM-dd HH:mm:ss.ffffff", 1 => "yyyy-MM-ddTHH:mm:ss.ffffff", _ => "yyyy-MM-dd HH:mm:ss.ffffff000" }), Printed(m)),
        new(Format(m, "yyyy-MM-dd"), Printed(m.Date)),
        new(Format(m, "yyyy-MM-ddTHH:mm"), Printed(m.AddTicks(-(m.Ticks % TimeSpan.TicksPerMinute)))),
        new(Format(m, "yyyy-MM-dd HH:mm:ss"), Printed(m.AddTicks(-(m.Ticks % TimeSpan.TicksPerSecond)))),
    ]));

    [Fact]
    public Task TimestampTz() => RoundTripsAsync("timestamptz", new(CellEncoding.TimestampTz),
        Moments(10).Where(m => m.Year is > 1 and < 9999).SelectMany((m, i) =>
        {
            var minutes = i * 7 % 959 - 479;
            var utc = Printed(m.AddMinutes(-minutes)) + "+00";
            var offset = $"{(minutes < 0 ? "-" : "+")}{Math.Abs(minutes) / 60:00}:{Math.Abs(minutes) % 60:00}";
            return (Case[])
            [
                new(Format(m, "yyyy-MM-dd HH:mm:ss.ffffff") + offset, utc),
                new(Format(m, "yyyy-MM-ddTHH:mm:ss.ffffff") + " " + offset.Replace(":", "", StringComparison.Ordinal), utc),
                new(Format(m, "yyyy-MM-ddTHH:mm:ss.ffffff") + (i % 2 == 0 ? "Z" : " UTC"), Printed(m) + "+00"),
                new(Format(m, "yyyy-MM-dd HH:mm:ss.ffffff"), Printed(m) + "+00"),
            ];
        }));

    [Fact]
    public Task Date() => RoundTripsAsync("date", new(CellEncoding.Date), Moments(TimeSpan.TicksPerDay).SelectMany(m => (Case[])
        [new(Format(m, "yyyy-MM-dd"), Format(m, "yyyy-MM-dd")), new(Format(m.Date, "yyyy-MM-ddTHH:mm:ss.f"), Format(m, "yyyy-MM-dd"))]));

    [Fact]
    public Task Time() => RoundTripsAsync("time", new(CellEncoding.Time), (Case[])
    [
        new("24:00:00", "24:00:00"), new("24:00", "24:00:00"), new("00:00", "00:00:00"), new("23:59:59.999999", "23:59:59.999999"),
        .. Moments(10).Select(m => new Case(Format(m, "HH:mm:ss.ffffff"), Printed(m)[11..])),
        .. Moments(10).Select(m => new Case(Format(m, "HH:mm"), Format(m, "HH:mm:00"))),
    ]);

    private static long UnixMicroseconds(DateTime moment) => (moment.Ticks - DateTime.UnixEpoch.Ticks) / 10;

    [Fact]
    public Task EpochSeconds() => RoundTripsAsync("timestamptz", new(CellEncoding.EpochSeconds), Moments(TimeSpan.TicksPerSecond).Select(m => new Case(UnixMicroseconds(m) / 1_000_000, Printed(m) + "+00"))
        // Below 2^32 seconds a real's step is less than half a microsecond.
        .Concat(Moments(10).Where(m => m.Year is > 1834 and < 2106).Select(m => new Case(UnixMicroseconds(m) / 1e6, Printed(m) + "+00"))));

    [Fact]
    public Task EpochMilliseconds() => RoundTripsAsync("timestamptz", new(CellEncoding.EpochMilliseconds), Moments(TimeSpan.TicksPerMillisecond).Select(m => new Case(UnixMicroseconds(m) / 1000, Printed(m) + "+00")));

    [Fact]
    public Task EpochMicroseconds() => RoundTripsAsync("timestamp", new(CellEncoding.EpochMicroseconds), Moments(10).Select(m => new Case(UnixMicroseconds(m), Printed(m))));

    // SQLite's own julianday() of a moment in milliseconds: milliseconds since -4713-11-24 12:00, divided by those of a day.
    private static double JulianDay(DateTime moment) => (moment.Ticks / TimeSpan.TicksPerMillisecond + 1_721_425 * 86_400_000L + 43_200_000L) / 86_400_000.0;

    [Fact]
    public Task Julian_days() => RoundTripsAsync("timestamp", new(CellEncoding.JulianTimestamp), Moments(TimeSpan.TicksPerMillisecond).Select(m => new Case(JulianDay(m), Printed(m))));

    [Fact]
    public Task Julian_dates() => RoundTripsAsync("date", new(CellEncoding.JulianDate), Moments(TimeSpan.TicksPerDay).Select(m => new Case(JulianDay(m.Date), Format(m, "yyyy-MM-dd"))));

    [Fact]
    public Task Json_keeps_every_letter()
    {
        var nested = new string('[', JsonText.MaxJsonDepth) + new string(']', JsonText.MaxJsonDepth);
        return RoundTripsAsync("json", new(CellEncoding.Json), ((string[])["{}", " [ 1 , 2 ] ", "{\"a\":1,\"a\":2}", "\"\\u0000\"", "[\"\\ud800\"]", "1e400000", nested, .. RandomJson().Select(j => j.Text)]).Select(t => new Case(t, t)));
    }

    [Fact]
    public Task Jsonb_has_equal_structure()
    {
        var nested = new string('[', JsonText.MaxJsonbDepth) + new string(']', JsonText.MaxJsonbDepth);
        return RoundTripsAsync("jsonb", new(CellEncoding.Jsonb),
        [
            new(null, null), new("5", "5"), new("1.50", "1.50"), new(" [1e2, -0, 0.0] ", "[100, 0, 0.0]"), new("{\"b\":1,\"a\":\"\\u00e9\\ud83d\\ude00\\n\"}", "{\"a\": \"é😀\\n\", \"b\": 1}"), new("{\"\":\"\\/\"}", "{\"\": \"/\"}"),
            new(5L, "5"), new(1.5, "1.5"), new(2.0, "2.0"), new(1e22, "1" + new string('0', 22)), new(nested, nested), new("123456789012345678901234567890", "123456789012345678901234567890"),
            .. RandomJson().Select(j => new Case(j.Text, j.Printed)),
        ]);
    }

    /// <summary>Random documents, and how jsonb prints them: keys by length and then by bytes, one space after ':' and ','.</summary>
    private static IEnumerable<(string Text, string Printed)> RandomJson()
    {
        var random = new Random(CopyOracle.Seed);
        for (var i = 0; i < CopyOracle.Random; i++) yield return Value(random, 4);
    }

    private static (string Text, string Printed) Value(Random random, int depth)
    {
        var space = random.Next(3) == 0 ? "\n " : "";
        switch (random.Next(depth > 0 ? 6 : 4))
        {
            case 0: return random.Next(3) switch { 0 => ("null", "null"), 1 => ("true", "true"), _ => ("false", "false") };
            case 1:
                var number = random.NextInt64(-1_000_000, 1_000_000).ToString(CultureInfo.InvariantCulture) + "." + random.Next(10_000).ToString("0000", CultureInfo.InvariantCulture);
                return (number, number.TrimStart('-').Trim('0') == "." ? number.TrimStart('-') : number);
            case 2: return ("\"\\u00e4" + space.Replace("\n", "\\n", StringComparison.Ordinal) + "ß\\\"\"", "\"ä" + space.Replace("\n", "\\n", StringComparison.Ordinal) + "ß\\\"\"");
            case 3: return ("\"x\"", "\"x\"");
            case 4:
                var items = Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth - 1)).ToList();
                return ($"[{space}{string.Join($"{space},", items.Select(x => x.Text))}{space}]", $"[{string.Join(", ", items.Select(x => x.Printed))}]");
            default:
                var members = Enumerable.Range(0, random.Next(4)).Select(n => (Key: new string((char)('z' - n), 4 - n), Value: Value(random, depth - 1))).ToList();
                return ($"{{{string.Join(",", members.Select(m => $"{space}\"{m.Key}\"{space}: {m.Value.Text}"))}{space}}}",
                    $"{{{string.Join(", ", members.OrderBy(m => m.Key.Length).Select(m => $"\"{m.Key}\": {m.Value.Printed}"))}}}");
        }
    }
}
