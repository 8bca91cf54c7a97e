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
        new("P1Y2M3DT4H5M6.7S", "1 year 2 mons 3 days 04:05:06.7"), new("P2W", "14 days"), new("PT36H", "36:00:00"), new("-P1D", "-1 days"), new("PT-1.5S", "-00:00:01.5"), new("PT0.0000005S", "00:00:00.000001"), new("PT-0.0000025S", "-00:00:00.000003"), new("10675199.02:48:05.4775807", "10675199 days 02:48:05.477581"));

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
    [InlineData(CellEncoding.Inet, "[2001:db8::1]:8080", Misfit.NotAnAddress)]
    [InlineData(CellEncoding.Inet, "[::1]", Misfit.NotAnAddress)]
    [InlineData(CellEncoding.Inet, "", Misfit.NotAnAddress)]
    [InlineData(CellEncoding.Interval, "1 day", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "P", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "PT", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "P1.5Y", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "P1D1Y", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "P1D2D", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "PT1S1M", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "PT.5S", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "PT-.5S", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "PT5.S", Misfit.NotADuration)]
    [InlineData(CellEncoding.Interval, "P1.0D", Misfit.NotADuration)]
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

    // One column of each kind after the other, over and over; some need room before them.
    [Theory]
    [InlineData("numeric", 1162, true)]
    [InlineData("numeric", 1163, false)]
    [InlineData("inet", 1162, true)]
    [InlineData("inet", 1163, false)]
    [InlineData("inet6", 428, true)]
    [InlineData("inet6", 429, false)]
    [InlineData("uuid", 508, true)]
    [InlineData("uuid", 509, false)]
    [InlineData("interval", 508, true)]
    [InlineData("interval", 509, false)]
    [InlineData("boolean float8", 1017, true)]
    [InlineData("boolean float8", 1018, false)]
    [InlineData("inet float8", 1017, true)]
    [InlineData("inet float8", 1018, false)]
    [InlineData("boolean interval", 678, true)]
    [InlineData("boolean interval", 679, false)]
    public async Task Rows_of_short_values_wider_than_a_page_are_known(string kinds, int columns, bool fits)
    {
        var cycle = kinds.Split(' ').Select(kind => kind switch
        {
            "boolean" => (Type: kind, Sql: "true", Encode: CellEncoding.Bool),
            "float8" => (Type: kind, Sql: "0.5", Encode: CellEncoding.Float8),
            "numeric" => (Type: kind, Sql: "1234.5", Encode: CellEncoding.Numeric),
            "inet" => (Type: kind, Sql: "192.168.1.1", Encode: CellEncoding.Inet),
            "inet6" => (Type: "inet", Sql: "2001:db8::1", Encode: CellEncoding.Inet),
            "uuid" => (Type: kind, Sql: "b5a8ef8e-6c5e-4d36-9f5a-0c1c4d0e8f11", Encode: CellEncoding.Uuid),
            _ => (Type: kind, Sql: "01:02:03", Encode: CellEncoding.Interval),
        }).ToArray();
        var row = Enumerable.Range(0, columns).Select(i => cycle[i % cycle.Length]).ToList();
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync($"create table t ({string.Join(", ", row.Select((c, i) => $"c{i} {c.Type}"))})");

        using var encoder = new RowEncoder([.. row.Select(c => new ColumnEncoding(c.Encode))], 64);
        encoder.BeginRow(1);
        for (var i = 0; i < columns; i++)
            encoder.Cell(i, row[i].Encode switch { CellEncoding.Bool => SourceCell.OfInteger(1), CellEncoding.Float8 => SourceCell.OfReal(0.5), _ => SourceCell.OfText(System.Text.Encoding.ASCII.GetBytes(row[i].Sql)) });
        encoder.EndRow();
        var refused = encoder.TakeMisfits();
        var sql = $"insert into t values ({string.Join(", ", row.Select(c => $"'{c.Sql}'"))})";

        if (fits) await database.ExecuteAsync(sql);
        else Assert.Equal("54000", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => database.ExecuteAsync(sql))).SqlState);
        Assert.Equal(fits ? null : Misfit.RowTooWide, refused?[0].Reason);
    }

    // Whatever is taken means the same to the server.
    [Fact]
    public async Task No_text_is_taken_for_an_address_that_the_server_refuses_or_reads_otherwise()
    {
        var random = new Random(11);
        string[] seeds = ["192.168.0.1/24", "10.0.0.255", "::1", "2001:db8::8:800:200c:417a/64", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8/128", "fe80::/10", "::"];
        const string Others = "0123456789abfFx:./%[]- +\n";
        var texts = new HashSet<string>();
        while (texts.Count < 20_000)
        {
            var text = seeds[random.Next(seeds.Length)];
            for (var edits = random.Next(5); edits > 0; edits--)
            {
                var at = random.Next(text.Length);
                text = text[..at] + (random.Next(3) == 0 ? "" : Others[random.Next(Others.Length)]) + text[(at + random.Next(2))..];
                if (text.Length == 0) text = "::";
            }
            texts.Add(text);
        }
        var taken = texts.Select(text => (Text: text, Taken: AddressText.TryParse(System.Text.Encoding.ASCII.GetBytes(text), out var address, out var bits), Address: address, Bits: bits)).Where(t => t.Taken).ToList();
        Assert.InRange(taken.Count, 500, 20_000);
        await using var database = await postgres.CreateDatabaseAsync();
        foreach (var chunk in taken.Chunk(500))
            await database.ExecuteAsync("do $$ declare t record; begin for t in select * from (values " + string.Join(", ", chunk.Select(t => $"('{t.Text}', '{t.Address}/{t.Bits}')")) + ") as v (given, meant) loop "
                + "if t.given::inet <> t.meant::inet or masklen(t.given::inet) <> masklen(t.meant::inet) then raise '% is not %', t.given, t.meant; end if; end loop; end $$");
    }

    private static string Noise(int seed, int length)
    {
        var random = new Random(seed);
        return string.Create(length, random, (span, r) => { foreach (ref var c in span) c = (char)('0' + r.Next(75) switch { >= 42 and var n => n + 1, var n => n }); });
    }
}
