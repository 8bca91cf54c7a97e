using Godwit.TypeMapping;
using Xunit;

namespace Godwit.IntegrationTests.Encodings;

/// <summary>Types that only a target's own columns have; see <see cref="CopyOracle"/>.</summary>
public class ExistingTypeRoundTripTests(PostgresFixture postgres)
{
    private Task RoundTripsAsync(string pgType, ColumnEncoding encoding, params Case[] cases) => CopyOracle.RoundTripsAsync(postgres, pgType, encoding, [.. cases]);

    [Fact]
    public Task Inet() => RoundTripsAsync("inet", new(CellEncoding.Inet),
        new("192.168.1.1", "192.168.1.1/32"), new("10.0.0.0/8", "10.0.0.0/8"), new("0.0.0.0/0", "0.0.0.0/0"), new("2001:DB8::1", "2001:db8::1/128"), new("::/0", "::/0"), new("::ffff:1.2.3.4", "::ffff:1.2.3.4/128"), new(null, null));

    [Fact]
    public Task Durations_of_text() => RoundTripsAsync("interval", new(CellEncoding.Interval),
        new("01:02:03", "01:02:03"), new("1.02:03:04.5", "1 day 02:03:04.5"), new("-1.02:03:04.5000000", "-1 days -02:03:04.5"), new("00:00:00.1234565", "00:00:00.123457"), new("00:00", "00:00:00"),
        new("P1Y2M3DT4H5M6.7S", "1 year 2 mons 3 days 04:05:06.7"), new("P2W", "14 days"), new("PT36H", "36:00:00"), new("-P1D", "-1 days"), new("PT-1.5S", "-00:00:01.5"), new("10675199.02:48:05.4775807", "10675199 days 02:48:05.477581"));

    [Fact]
    public Task Durations_as_microseconds() => RoundTripsAsync("interval", new(CellEncoding.IntervalMicroseconds),
        new(0L, "00:00:00"), new(90_061_000_000L, "1 day 01:01:01"), new(-1L, "-00:00:00.000001"), new(-86_400_000_001L, "-1 days -00:00:00.000001"), new(86_400_000_000L, "1 day"));

    // The server rounds what is sent, as it rounds text.
    [Fact]
    public Task Finer_times_are_rounded() => RoundTripsAsync("timestamp(3)", new(CellEncoding.Timestamp, Scale: 3, Rounds: true),
        new("2024-01-01 10:00:00.1234", "2024-01-01 10:00:00.123"), new("2024-01-01 10:00:00.1235", "2024-01-01 10:00:00.124"), new("1999-12-31 23:59:59.9996", "2000-01-01 00:00:00"), new("1990-01-01 00:00:00.0005", "1990-01-01 00:00:00"), new("2024-01-01", "2024-01-01 00:00:00"));

    [Fact]
    public Task Ticks_are_rounded_to_microseconds() => RoundTripsAsync("timestamptz", new(CellEncoding.TimestampTz, Rounds: true),
        new("2024-01-01 10:00:00.1234567+02:00", "2024-01-01 08:00:00.123457+00"), new("2024-01-01 10:00:00.1234564", "2024-01-01 10:00:00.123456+00"), new("2024-12-31T23:59:59.9999999Z", "2025-01-01 00:00:00+00"));

    [Fact]
    public Task Times_of_day_behind_a_date_of_Rails() => RoundTripsAsync("time(0)", new(CellEncoding.Time, Scale: 6, Rounds: true), new("2000-01-01 08:30:00", "08:30:00"), new("08:30:00.5", "08:30:01"), new("23:59", "23:59:00"));

    [Theory]
    [InlineData(CellEncoding.Inet, "10.1", Misfit.NotAnAddress)]
    [InlineData(CellEncoding.Inet, "010.0.0.1", Misfit.NotAnAddress)]
    [InlineData(CellEncoding.Inet, "10.0.0.1/33", Misfit.NotAnAddress)]
    [InlineData(CellEncoding.Inet, "fe80::1%eth0", Misfit.NotAnAddress)]
    [InlineData(CellEncoding.Inet, "", Misfit.NotAnAddress)]
    [InlineData(CellEncoding.Interval, "1 day", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "P", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "PT", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "P1.5Y", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "2000-01-01 10:00", Misfit.NotADuration)]
    [InlineData(CellEncoding.IntervalMicroseconds, "5", Misfit.NotADuration)]
    [InlineData(CellEncoding.Text, "c", Misfit.NotALabel)]
    [InlineData(CellEncoding.Text, "a\0b", Misfit.NotALabel)]
    [InlineData(CellEncoding.Text, "", Misfit.NotALabel)]
    public void What_does_not_fit_is_set_aside(CellEncoding kind, string text, Misfit expected)
    {
        using var encoder = new RowEncoder([new ColumnEncoding(kind, Labels: kind == CellEncoding.Text ? "\0a\0b\0" : null)], 64);
        encoder.BeginRow(1);
        encoder.Cell(0, SourceCell.OfText(System.Text.Encoding.UTF8.GetBytes(text)));
        encoder.EndRow();
        Assert.Equal(expected, Assert.Single(encoder.TakeMisfits()!).Reason);
    }

    // The encoder and the server agree to the byte on which rows fit a page.
    [Theory]
    [InlineData("boolean", CellEncoding.Bool, 1600, 0, true)]
    [InlineData("double precision", CellEncoding.Float8, 1010, 0, true)]
    [InlineData("double precision", CellEncoding.Float8, 1017, 0, true)]
    [InlineData("double precision", CellEncoding.Float8, 1018, 0, false)]
    [InlineData("double precision", CellEncoding.Float8, 1010, 100, false)]
    [InlineData("text", CellEncoding.Text, 340, 23, false)]
    [InlineData("text", CellEncoding.Text, 339, 23, true)]
    [InlineData("text", CellEncoding.Text, 350, 23, false)]
    [InlineData("text", CellEncoding.Text, 450, 24, true)]
    [InlineData("text", CellEncoding.Text, 453, 5000, false)]
    public async Task Rows_wider_than_a_page_are_known(string pgType, CellEncoding kind, int columns, int textOrNulls, bool fits)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync($"create table t ({string.Join(", ", Enumerable.Range(0, columns + (kind == CellEncoding.Float8 ? textOrNulls : 0)).Select(i => $"c{i} {pgType}"))})");
        var cells = Enumerable.Range(0, columns).Select(i => kind switch
        {
            CellEncoding.Bool => (Sql: "true", Cell: (Func<SourceCell>)(() => SourceCell.OfInteger(1))),
            CellEncoding.Float8 => ("0.5", () => SourceCell.OfReal(0.5)),
            // Not to be compressed: moved out of line, or left as it is.
            _ => ($"'{Noise(i, textOrNulls)}'", () => SourceCell.OfText(System.Text.Encoding.ASCII.GetBytes(Noise(i, textOrNulls)))),
        }).ToList();
        var nulls = kind == CellEncoding.Float8 ? textOrNulls : 0;

        using var encoder = new RowEncoder([.. Enumerable.Repeat(new ColumnEncoding(kind), columns + nulls)], 64);
        encoder.BeginRow(1);
        for (var i = 0; i < columns + nulls; i++) encoder.Cell(i, i < columns ? cells[i].Cell() : SourceCell.Null);
        encoder.EndRow();
        var refused = encoder.TakeMisfits();
        var sql = $"insert into t values ({string.Join(", ", cells.Select(c => c.Sql).Concat(Enumerable.Repeat("null", nulls)))})";

        if (fits) await database.ExecuteAsync(sql);
        else Assert.Equal("54000", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => database.ExecuteAsync(sql))).SqlState);
        Assert.Equal(fits, refused is null);
        Assert.Equal(fits ? null : Misfit.RowTooWide, refused?[0].Reason);
    }

    private static string Noise(int seed, int length)
    {
        var random = new Random(seed);
        return string.Create(length, random, (span, r) => { foreach (ref var c in span) c = (char)('0' + r.Next(75) switch { >= 42 and var n => n + 1, var n => n }); });
    }
}
