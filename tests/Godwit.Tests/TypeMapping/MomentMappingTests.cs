using Godwit.TypeMapping;
using Xunit;
using static Godwit.Tests.TypeMapping.Values;

namespace Godwit.Tests.TypeMapping;

public class MomentMappingTests
{
    private static void Is(TypeChoice choice, string type, CellEncoding encoding, params string[] codes)
    {
        Assert.Equal(type, choice.PgType);
        Assert.Equal(encoding, choice.Encoding.Kind);
        Assert.Equal(codes, Codes(choice));
        Assert.Equal(0, choice.Misfits);
    }

    [Theory]
    [InlineData("2020-02-29 13:14:15")]
    [InlineData("2020-02-29T13:14")]
    [InlineData("2020-02-29 13:14:15.123456")]
    [InlineData("2020-02-29 13:14:15.1234560000")]
    [InlineData("2020-02-29")]
    [InlineData("0001-01-01 00:00:00")]
    [InlineData("9999-12-31 23:59:59.999999")]
    public void Iso_without_offset_is_timestamp(string text) => Is(Choose("DATETIME", text), "timestamp", CellEncoding.Timestamp);

    [Theory]
    [InlineData("2020-02-29T13:14:15Z", false)]
    [InlineData("2020-02-29 13:14:15+00:00", false)]
    [InlineData("2020-02-29 13:14:15.5 UTC", false)]
    [InlineData("2020-02-29 13:14:15 +0200", true)]
    [InlineData("2020-02-29 13:14:15-05:30", true)]
    [InlineData("2020-02-29 13:14:15+05", true)]
    public void Iso_with_offset_is_timestamptz(string text, bool kept) =>
        Is(Choose("TIMESTAMP", text), "timestamptz", CellEncoding.TimestampTz, kept ? ["offset-not-kept"] : []);

    [Theory]
    [InlineData("")]
    [InlineData("now")]
    [InlineData("infinity")]
    [InlineData("0000-00-00 00:00:00")]
    [InlineData("0000-01-01")]
    [InlineData("2021-02-29")]
    [InlineData("2021-02-30 10:00:00")]
    [InlineData("2020-01-01 24:00:00")]
    [InlineData("2016-12-31 23:59:60")]
    [InlineData("2020-1-1")]
    [InlineData("2020-01-01 1:00")]
    [InlineData("2020-01-01 10:00:00.")]
    [InlineData("2020-01-01 10:00:0")]
    [InlineData("2020-01-01x10:00:00")]
    [InlineData("2020-01-01 10:00:00 ")]
    [InlineData(" 2020-01-01 10:00:00")]
    [InlineData("2020-01-01 10:00:00+16:00")]
    [InlineData("2020-01-01 10:00:00+2")]
    [InlineData("2020-01-01 10:00:00+02:0")]
    [InlineData("10000-01-01")]
    [InlineData("-0044-03-15")]
    [InlineData("20200229T131415")]
    [InlineData("29/02/2020 13:14")]
    [InlineData("0001-01-01 00:00:00+01:00")]
    public void Anything_else_keeps_its_text(string text)
    {
        Is(Choose("DATETIME", "2020-01-01 00:00:00", text), "text", CellEncoding.Text, "date-invalid");
        Assert.Equal([Misfit.NotATimestamp], Encode(new(CellEncoding.TimestampTz), text));
        Assert.Equal([Misfit.NotADate], Encode(new(CellEncoding.Date), text));
    }

    [Fact]
    public void A_fraction_finer_than_microseconds_keeps_its_text()
    {
        Is(Choose("DATETIME", "2020-01-01 10:00:00.1234567"), "text", CellEncoding.Text, "fraction-too-fine");
        Assert.Equal([Misfit.WouldRound], Encode(new(CellEncoding.Timestamp), "2020-01-01 10:00:00.1234567"));
    }

    [Fact]
    public void A_date_column_is_date_unless_it_holds_times()
    {
        Is(Choose("DATE", "2020-01-01", "2020-01-02 00:00:00"), "date", CellEncoding.Date);
        Is(Choose("DATE", "2020-01-01", "2020-01-02 00:00:01"), "timestamp", CellEncoding.Timestamp, "date-with-time");
        Is(Choose("DATE", "2020-01-01", ""), "text", CellEncoding.Text, "date-invalid");
        Assert.Equal(Fidelity.Equivalent, Choose("DATETIME", "2020-01-01").Fidelity);
        Assert.Equal(Fidelity.Exact, Choose("DATETIME", "2020-01-01 00:00:00").Fidelity);
    }

    [Fact]
    public void Mixed_zones_keep_their_text()
    {
        Is(Choose("DATETIME", "2020-01-01 10:00:00", "2020-01-01T10:00:00Z"), "text", CellEncoding.Text, "mixed-time-zones");
        var kept = ChooseKeeping("DATETIME", "2020-01-01 10:00:00", "2020-01-01T10:00:00Z", "2020-01-01");
        Assert.Equal(("timestamp", 1L), (kept.PgType, kept.Misfits));
        var mostlyOffset = ChooseKeeping("DATETIME", "2020-01-01 10:00:00", "2020-01-01T10:00:00Z", "2020-01-01T10:00:00Z");
        Assert.Equal(("timestamptz", 0L), (mostlyOffset.PgType, mostlyOffset.Misfits));
        Assert.Equal(["mixed-time-zones"], Codes(mostlyOffset));
    }

    [Fact]
    public void Unix_time_is_told_by_its_magnitude()
    {
        Is(Choose("DATETIME", 1582982055L, 0L, -1L), "timestamptz", CellEncoding.EpochSeconds, "epoch-as-timestamptz");
        Is(Choose("DATETIME", 1582982055.123456, 1600000000L), "timestamptz", CellEncoding.EpochSeconds, "epoch-as-timestamptz");
        Is(Choose("DATE", 1582982055123L, 0L), "timestamptz", CellEncoding.EpochMilliseconds, "epoch-as-timestamptz");
        Is(Choose("TIMESTAMP", 1582982055123456L), "timestamptz", CellEncoding.EpochMicroseconds, "epoch-as-timestamptz");
    }

    [Fact]
    public void Numbers_without_a_certain_unit_stay_numbers()
    {
        Is(Choose("DATETIME", 0L, 5L), "bigint", CellEncoding.Int8, "epoch-ambiguous");
        Is(Choose("DATETIME", 1582982055L, 1582982055123L), "bigint", CellEncoding.Int8, "epoch-ambiguous");
        Is(Choose("DATETIME", 1582982055123L, 1582982055123456L), "bigint", CellEncoding.Int8, "epoch-ambiguous");
        Is(Choose("DATETIME", 50_000_000_000L), "bigint", CellEncoding.Int8, "epoch-ambiguous");
        Is(Choose("DATETIME", 637134336000000000L), "bigint", CellEncoding.Int8, "epoch-ambiguous");
        Is(Choose("DATETIME", 2458909L), "bigint", CellEncoding.Int8, "epoch-ambiguous");
        Is(Choose("DATETIME", 1582982055.1234567), "double precision", CellEncoding.Float8, "epoch-ambiguous");
        Is(Choose("DATETIME", double.PositiveInfinity), "double precision", CellEncoding.Float8, "epoch-ambiguous");
    }

    [Fact]
    public void Julian_days_are_reals_in_their_range()
    {
        Is(Choose("DATETIME", 2458909.05150463, 2440587.5), "timestamp", CellEncoding.JulianTimestamp, "julian-as-timestamp");
        Is(Choose("DATE", 2458908.5, 2440587.5), "date", CellEncoding.JulianDate, "julian-as-timestamp");
        Is(Choose("DATE", 2458908.5, 2440588L), "timestamp", CellEncoding.JulianTimestamp, "julian-as-timestamp");
        Is(Choose("DATE", 2458908.5, 1721059.0), "double precision", CellEncoding.Float8, "epoch-ambiguous");
    }

    [Fact]
    public void Text_among_numbers_is_text() =>
        Is(Choose("DATETIME", "2020-02-29 13:14:15", 1582982055L, 2458909.0515), "text", CellEncoding.Text, "widened", "widened");

    [Fact]
    public void A_zoned_column_without_offsets_is_said() =>
        Is(Choose("TIMESTAMP WITH TIME ZONE", "2020-02-29 13:14:15"), "timestamp", CellEncoding.Timestamp, "no-offsets");

    [Theory]
    [InlineData("00:00", true)]
    [InlineData("23:59:59.999999", true)]
    [InlineData("24:00:00", true)]
    [InlineData("24:00:01", false)]
    [InlineData("25:00", false)]
    [InlineData("10:11:60", false)]
    [InlineData("1:11", false)]
    [InlineData("10:11:12.1234567", false)]
    [InlineData("10:11Z", false)]
    [InlineData("", false)]
    public void Times_of_day(string text, bool fits)
    {
        Is(Choose("TIME", text), fits ? "time" : "text", fits ? CellEncoding.Time : CellEncoding.Text, fits ? [] : ["time-invalid"]);
        Assert.Equal([fits ? Misfit.None : Misfit.NotATime], Encode(new(CellEncoding.Time), text));
    }

    [Fact]
    public void The_date_that_Rails_puts_before_a_time_goes_with_a_word()
    {
        Is(Choose("TIME", "2000-01-01 10:00:00", "2000-01-01 10:00:00.250000"), "time", CellEncoding.Time, "date-not-kept");
        Assert.StartsWith("1 value has ", Choose("TIME", "2000-01-01 10:00:00", "11:00:00").Findings.Single().Problem, StringComparison.Ordinal);
        Is(Cast("DATETIME", "time", "2000-01-01 10:00:00"), "time", CellEncoding.Time, "date-not-kept");
        Is(Cast("TIME", "timestamp", "2000-01-01 10:00:00"), "timestamp", CellEncoding.Timestamp);
    }

    [Theory]
    [InlineData("2000-01-02 10:00:00")]
    [InlineData("1970-01-01 10:00:00")]
    [InlineData("2000-01-01T10:00:00")]
    public void A_date_that_says_something_is_no_time_of_day(string text) =>
        Is(Choose("TIME", "2000-01-01 10:00:00", text), "text", CellEncoding.Text, "time-invalid");

    [Theory]
    [InlineData("2000-01-01 10:00:00", "2000-01-01 09:30:00.250000")]
    [InlineData("10:00:00", "09:30:00.25")]
    [InlineData("2000-01-01 10:00", "2000-01-01 09:30")]
    public void A_time_comes_back_as_it_was(params string[] times)
    {
        var column = new BackColumn(new(CellEncoding.Time));
        foreach (var time in times) column.Cell(Cell(time));
        Assert.Equal(BackVerdict.Exact, column.Verdict);
    }
}
