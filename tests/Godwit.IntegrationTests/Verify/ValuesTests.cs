using System.Globalization;
using Godwit.TypeMapping;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Verify;

/// <summary>Values of every type: what means the same is Equal, whatever PostgreSQL prints; what does not is Different.</summary>
public sealed class ValuesTests(VerifyFixture fixture) : IClassFixture<VerifyFixture>
{
    private static int _tables;

    /// <summary>type, encoding, source value, the target's value as SQL.</summary>
    public static TheoryData<string, CellEncoding, object?, string> Same => new()
    {
        { "bigint", CellEncoding.Int8, null, "NULL" },
        { "bigint", CellEncoding.Int8, long.MinValue, "-9223372036854775808" },
        { "bigint", CellEncoding.Int8, long.MaxValue, "9223372036854775807" },
        { "bigint", CellEncoding.Int8, 3.0, "3" },
        { "integer", CellEncoding.Int4, -2147483648L, "-2147483648" },
        { "smallint", CellEncoding.Int2, 7L, "7" },
        { "bigint", CellEncoding.Int8, "42", "42" },
        { "boolean", CellEncoding.Bool, 0L, "false" },
        { "boolean", CellEncoding.Bool, 1L, "true" },
        { "boolean", CellEncoding.Bool, "True", "true" },
        { "boolean", CellEncoding.Bool, "f", "false" },
        { "double precision", CellEncoding.Float8, 0.1, "0.1" },
        { "double precision", CellEncoding.Float8, -0.0, "'-0'" },
        { "double precision", CellEncoding.Float8, double.PositiveInfinity, "'Infinity'" },
        { "double precision", CellEncoding.Float8, double.NegativeInfinity, "'-Infinity'" },
        { "double precision", CellEncoding.Float8, double.Epsilon, "'4.94065645841247e-324'" },
        { "double precision", CellEncoding.Float8, double.MaxValue, "'1.7976931348623157e308'" },
        { "double precision", CellEncoding.Float8, 1e300, "1e300" },
        { "double precision", CellEncoding.Float8, 0.30000000000000004, "'0.30000000000000004'" },
        { "double precision", CellEncoding.Float8, 9007199254740992L, "9007199254740992" },
        { "real", CellEncoding.Float4, 0.5, "0.5" },
        { "numeric", CellEncoding.Numeric, "1.5", "1.50" },
        { "numeric", CellEncoding.Numeric, 1.5, "1.5" },
        { "numeric", CellEncoding.Numeric, 100L, "100.00" },
        { "numeric", CellEncoding.Numeric, 1e20, "100000000000000000000" },
        { "numeric", CellEncoding.Numeric, 1e-7, "0.0000001" },
        { "numeric", CellEncoding.Numeric, 0.1, "0.1" },
        { "numeric", CellEncoding.Numeric, -0.0, "0" },
        { "numeric", CellEncoding.Numeric, "-123456789012345678901234567890.123456789012345678901234567890", "-123456789012345678901234567890.12345678901234567890123456789" },
        { "numeric(10,2)", CellEncoding.Numeric, 12.5, "12.50" },
        { "text", CellEncoding.Text, "", "''" },
        { "text", CellEncoding.Text, "O'Brien \u00e9\U0001F600\n\t\\N", "E'O''Brien \u00e9\U0001F600\\n\\t\\\\N'" },
        { "text", CellEncoding.Text, "a\b\f\n\r\t\v\\b\\", "E'a\\b\\f\\n\\r\\t\\x0b\\\\b\\\\'" },
        { "text", CellEncoding.Text, "\\N", "E'\\\\N'" },
        { "text", CellEncoding.Text, "\\.", "E'\\\\.'" },
        { "character(5)", CellEncoding.Text, "ab", "'ab'" },
        { "text", CellEncoding.Text, 42L, "'42'" },
        { "text", CellEncoding.Text, 1.0, "'1.0'" },
        { "text", CellEncoding.Text, 0.1, "'0.1'" },
        { "text", CellEncoding.Text, 1e300, "'1e+300'" },
        { "text", CellEncoding.Text, 1.5e-7, "'1.5e-07'" },
        { "text", CellEncoding.Text, 1e15, "'1000000000000000.0'" },
        { "text", CellEncoding.Text, 0.0001, "'0.0001'" },
        { "varchar(20)", CellEncoding.Text, "trailing ", "'trailing '" },
        { "bytea", CellEncoding.Bytea, new byte[] { 0, 255, 92, 10 }, "'\\x00ff5c0a'" },
        { "bytea", CellEncoding.Bytea, Array.Empty<byte>(), "''" },
        { "bytea", CellEncoding.Bytea, "text", "'text'" },
        { "date", CellEncoding.Date, "2024-02-29", "'2024-02-29'" },
        { "date", CellEncoding.Date, "0001-01-01", "'0001-01-01'" },
        { "date", CellEncoding.Date, "9999-12-31", "'9999-12-31'" },
        { "time", CellEncoding.Time, "23:59:59.999999", "'23:59:59.999999'" },
        { "time", CellEncoding.Time, "07:30", "'07:30:00'" },
        { "timestamp", CellEncoding.Timestamp, "2024-01-02 03:04:05", "'2024-01-02 03:04:05'" },
        { "timestamp", CellEncoding.Timestamp, "2024-01-02T03:04:05.120", "'2024-01-02 03:04:05.12'" },
        { "timestamp", CellEncoding.Timestamp, "2024-01-02", "'2024-01-02 00:00:00'" },
        { "timestamp", CellEncoding.Timestamp, "2024-01-02 03:04", "'2024-01-02 03:04:00'" },
        { "timestamptz", CellEncoding.TimestampTz, "2024-01-02 03:04:05+02:00", "'2024-01-02 01:04:05+00'" },
        { "timestamptz", CellEncoding.TimestampTz, "2024-01-01T00:30:00.000001+0530", "'2023-12-31 19:00:00.000001+00'" },
        { "timestamptz", CellEncoding.TimestampTz, "2024-01-02T03:04:05Z", "'2024-01-02 03:04:05+00'" },
        { "timestamptz", CellEncoding.TimestampTz, "2024-01-02 03:04:05-08", "'2024-01-02 11:04:05+00'" },
        { "timestamp with time zone", CellEncoding.EpochSeconds, 1700000000L, "'2023-11-14 22:13:20+00'" },
        { "timestamptz", CellEncoding.EpochSeconds, -1L, "'1969-12-31 23:59:59+00'" },
        { "timestamptz", CellEncoding.EpochSeconds, 1700000000.123456, "'2023-11-14 22:13:20.123456+00'" },
        { "timestamptz", CellEncoding.EpochMilliseconds, 1700000000123L, "'2023-11-14 22:13:20.123+00'" },
        { "timestamptz", CellEncoding.EpochMicroseconds, 1700000000123456L, "'2023-11-14 22:13:20.123456+00'" },
        { "timestamp", CellEncoding.JulianTimestamp, 2460310.5, "'2024-01-01 00:00:00'" },
        { "timestamp", CellEncoding.JulianTimestamp, 2460310.627836169, "'2024-01-01 03:04:05.045'" },
        { "date", CellEncoding.JulianDate, 2460310.5, "'2024-01-01'" },
        { "uuid", CellEncoding.Uuid, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'" },
        { "uuid", CellEncoding.Uuid, "a0eebc999c0b4ef8bb6d6bb9bd380a11", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'" },
        { "uuid", CellEncoding.Uuid, new byte[] { 0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11 }, "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'" },
        { "jsonb", CellEncoding.Jsonb, """{"b":[1,2.50,-0.0,1e3,true,null],"a":{"x":"\u00e9\n\"\ud83d\ude00\/"}}""", """E'{"a": {"x": "\u00e9\\n\\"\U0001F600/"}, "b": [1, 2.5, 0, 1000, true, null]}'""" },
        { "jsonb", CellEncoding.Jsonb, " [ ] ", "'[]'" },
        { "jsonb", CellEncoding.Jsonb, "{}", "'{}'" },
        { "jsonb", CellEncoding.Jsonb, "\"x\"", "'\"x\"'" },
        { "jsonb", CellEncoding.Jsonb, 5L, "'5'" },
        { "jsonb", CellEncoding.Jsonb, """{"n":123456789012345678901234567890.5}""", """'{"n":123456789012345678901234567890.50}'""" },
        { "json", CellEncoding.Json, """{"a":1, "a":2}""", """'{"a":1, "a":2}'""" },
    };

    [Theory]
    [MemberData(nameof(Same))]
    public async Task What_means_the_same_is_equal(string type, CellEncoding encoding, object? source, string target)
    {
        var report = await CompareAsync(type, encoding, [source], [target]);
        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.Equal(2, report.Tables[0].ValuesCompared);
    }

    public static TheoryData<string, CellEncoding, object?, string> Changed => new()
    {
        { "text", CellEncoding.Text, "\\N", "NULL" },
        { "text", CellEncoding.Text, null, "E'\\\\N'" },
        { "text", CellEncoding.Text, "a\tb", "E'a\\\\tb'" },
        { "text", CellEncoding.Text, "a\nb", "'anb'" },
        { "bigint", CellEncoding.Int8, 1L, "2" },
        { "bigint", CellEncoding.Int8, 0L, "NULL" },
        { "bigint", CellEncoding.Int8, null, "0" },
        { "bigint", CellEncoding.Int8, "forty", "40" },
        { "boolean", CellEncoding.Bool, 1L, "false" },
        { "boolean", CellEncoding.Bool, 2L, "true" },
        { "double precision", CellEncoding.Float8, 0.1, "'0.10000000000000002'" },
        { "double precision", CellEncoding.Float8, -0.0, "0" },
        { "double precision", CellEncoding.Float8, 0.0, "'-0'" },
        { "double precision", CellEncoding.Float8, 9007199254740993L, "9007199254740992" },
        { "real", CellEncoding.Float4, 0.1, "0.1" },
        { "numeric", CellEncoding.Numeric, "1.5", "1.51" },
        { "numeric", CellEncoding.Numeric, "1.5", "15" },
        { "numeric", CellEncoding.Numeric, "1.5", "-1.5" },
        { "numeric", CellEncoding.Numeric, "1234567890123456789012345678", "1234567890123456789012345679" },
        { "numeric", CellEncoding.Numeric, "0.00000000000000000001", "0" },
        { "text", CellEncoding.Text, "", "NULL" },
        { "text", CellEncoding.Text, null, "''" },
        { "text", CellEncoding.Text, "a", "'a '" },
        { "text", CellEncoding.Text, "a", "'A'" },
        { "text", CellEncoding.Text, "e\u0301", "'\u00e9'" },
        { "text", CellEncoding.Text, "abcdefghijklmnopqrstuvwxyz", "'abcdefghijklmnopqrstuvwxyZ'" },
        { "text", CellEncoding.Text, 1.0, "'1'" },
        { "bytea", CellEncoding.Bytea, new byte[] { 1, 2 }, "'\\x0103'" },
        { "bytea", CellEncoding.Bytea, new byte[] { 0 }, "'\\x0000'" },
        { "date", CellEncoding.Date, "2024-01-02", "'2024-01-03'" },
        { "date", CellEncoding.Date, "2024-01-02", "'2024-02-01'" },
        { "date", CellEncoding.Date, "2023-02-29", "'2023-03-01'" },
        { "time", CellEncoding.Time, "10:00:00", "'10:00:00.000001'" },
        { "timestamp", CellEncoding.Timestamp, "2024-01-02 03:04:05.123456", "'2024-01-02 03:04:05.123457'" },
        { "timestamp", CellEncoding.Timestamp, "2024-01-02 03:04:05.1234567", "'2024-01-02 03:04:05.123457'" },
        { "timestamp", CellEncoding.Timestamp, "2024-01-02 03:04:05+02:00", "'2024-01-02 03:04:05'" },
        { "timestamptz", CellEncoding.TimestampTz, "2024-01-02 03:04:05+02:00", "'2024-01-02 03:04:05+00'" },
        { "timestamptz", CellEncoding.EpochSeconds, 1700000000L, "'2023-11-14 22:13:21+00'" },
        { "timestamptz", CellEncoding.EpochMilliseconds, 1700000000L, "'2023-11-14 22:13:20+00'" },
        { "timestamp", CellEncoding.JulianTimestamp, 2460310.5, "'2024-01-01 12:00:00'" },
        { "date", CellEncoding.JulianDate, 2460311.0, "'2024-01-01'" },
        { "uuid", CellEncoding.Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'" },
        { "jsonb", CellEncoding.Jsonb, """{"a":1}""", """'{"a":2}'""" },
        { "jsonb", CellEncoding.Jsonb, """{"a":1}""", """'{"b":1}'""" },
        { "jsonb", CellEncoding.Jsonb, """{"a":1}""", """'{"a":"1"}'""" },
        { "jsonb", CellEncoding.Jsonb, """[1,2]""", """'[2,1]'""" },
        { "jsonb", CellEncoding.Jsonb, """[[1],2]""", """'[[1,2]]'""" },
        { "jsonb", CellEncoding.Jsonb, """[]""", """'{}'""" },
        { "jsonb", CellEncoding.Jsonb, """null""", "NULL" },
        { "jsonb", CellEncoding.Jsonb, """{"a":1,"a":2}""", """'{"a":2}'""" },
        { "jsonb", CellEncoding.Jsonb, """{"a":2,"a":2}""", """'{"a":2}'""" },
        { "jsonb", CellEncoding.Jsonb, """{"a":1.0000000000000000001}""", """'{"a":1}'""" },
        { "json", CellEncoding.Json, """{"a":1}""", """'{"a": 1}'""" },
    };

    [Theory]
    [MemberData(nameof(Changed))]
    public async Task What_means_something_else_is_named(string type, CellEncoding encoding, object? source, string target)
    {
        var report = await CompareAsync(type, encoding, [source], [target]);
        Assert.Equal(Verdict.Different, report.Verdict);
        var table = Assert.Single(report.Tables);
        Assert.Equal(1, table.DifferentRows);
        var difference = Assert.Single(table.Differences);
        Assert.Equal("id=1", difference.Key);
        Assert.Equal("v", difference.Column);
        Assert.Equal(source is null, difference.Source is null);
        Assert.Equal(target == "NULL", difference.Target is null);
    }

    private async Task<VerifyReport> CompareAsync(string type, CellEncoding encoding, object?[] source, string[] target)
    {
        var name = "values_" + Interlocked.Increment(ref _tables).ToString(CultureInfo.InvariantCulture);
        await fixture.SqlAsync($"CREATE TABLE {name} (id bigint PRIMARY KEY, v {type})");
        for (var i = 0; i < target.Length; i++) await fixture.SqlAsync($"INSERT INTO {name} VALUES ({i + 1}, {target[i]})");
        return await new TwoSides(fixture).Table(name, [("id", "bigint", CellEncoding.Int8), ("v", type, encoding)], ["id"],
            [.. source.Select((v, i) => new object?[] { (long)i + 1, v })]).VerifyAsync();
    }
}
