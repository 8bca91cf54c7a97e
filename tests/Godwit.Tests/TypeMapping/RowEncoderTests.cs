using System.Buffers;
using Godwit.TypeMapping;
using Xunit;
using static Godwit.Tests.TypeMapping.Values;

namespace Godwit.Tests.TypeMapping;

public class RowEncoderTests
{
    private static byte[] Tuples(RowEncoder encoder)
    {
        var buffer = encoder.Detach(out var length, out _);
        var tuples = buffer.AsSpan(0, length).ToArray();
        ArrayPool<byte>.Shared.Return(buffer);
        return tuples;
    }

    private static void Row(RowEncoder encoder, long position, params object?[] values)
    {
        encoder.BeginRow(position);
        for (var i = 0; i < values.Length; i++) encoder.Cell(i, Cell(values[i]));
        encoder.EndRow();
    }

    [Fact]
    public void A_tuple_is_a_count_and_length_prefixed_fields()
    {
        using var encoder = new RowEncoder([new(CellEncoding.Int4), new(CellEncoding.Text), new(CellEncoding.Bool)], 16);
        Row(encoder, 1, 258L, "hé", null);
        Assert.Equal([0, 3, 0, 0, 0, 4, 0, 0, 1, 2, 0, 0, 0, 3, (byte)'h', 0xc3, 0xa9, 0xff, 0xff, 0xff, 0xff], Tuples(encoder));
        Assert.Equal((0, 0), (encoder.Length, encoder.Rows));
    }

    [Fact]
    public void A_row_that_does_not_fit_leaves_no_byte_behind()
    {
        using var encoder = new RowEncoder([new(CellEncoding.Int8), new(CellEncoding.Int2), new(CellEncoding.Bool)], 16);
        Row(encoder, 1, 1L, 1L, 1L);
        var one = encoder.Length;
        Row(encoder, 2, 1L, 70000L, 5L);
        Assert.Equal((one, 1), (encoder.Length, encoder.Rows));
        Row(encoder, 7, "x", 1L, 1L);
        Row(encoder, 8, 2L, 2L, 0L);
        Assert.Equal((2 * one, 2), (encoder.Length, encoder.Rows));
        Assert.Equal([new(2, 1, Misfit.OutOfRange), new(7, 0, Misfit.NotAnInteger)], encoder.TakeMisfits()!);
        Assert.Null(encoder.TakeMisfits());
        Assert.Equal(2 * one, Tuples(encoder).Length);
    }

    [Fact]
    public void Rows_survive_growth_and_detaching_begins_anew()
    {
        using var encoder = new RowEncoder([new(CellEncoding.Bytea)], 1);
        for (var i = 0; i < 100; i++) Row(encoder, i, new byte[1000]);
        var buffer = encoder.Detach(out var length, out var rows);
        Assert.Equal((100 * 1006, 100), (length, rows));
        Assert.Equal([0, 1, 0, 0, 3, 0xe8], buffer[..6]);
        Row(encoder, 1, new byte[1]);
        Assert.Equal(7, encoder.Length);
    }

    public static TheoryData<CellEncoding, Misfit, object[]> Refused { get; } = new()
    {
        { CellEncoding.Text, Misfit.BlobInText, [new byte[] { 65 }] },
        { CellEncoding.Text, Misfit.NulInText, ["a\0"] },
        { CellEncoding.Text, Misfit.InvalidUtf8, [new RawText([0xff]), new RawText([0xed, 0xa0, 0x80]), new RawText([0xc0, 0x80])] },
        { CellEncoding.Bool, Misfit.NotABoolean, [2L, -1L, 1.0, "", "maybe", " true", "truely", new byte[] { 1 }] },
        { CellEncoding.Int2, Misfit.OutOfRange, [32768L, -32769L, "40000", 1e6] },
        { CellEncoding.Int4, Misfit.OutOfRange, [1L << 31, -(1L << 31) - 1] },
        { CellEncoding.Int8, Misfit.OutOfRange, [9.3e18, -1e300, 9223372036854775808.0] },
        { CellEncoding.Int8, Misfit.NotAnInteger, ["", "1.0", "+1", "01", "-0", " 1", "1 ", "0x1F", "9223372036854775808", 1.5, double.NaN, double.PositiveInfinity, new byte[] { 49 }] },
        { CellEncoding.Float8, Misfit.WouldRound, [(1L << 53) + 1, long.MaxValue] },
        { CellEncoding.Float8, Misfit.NotANumber, ["", "abc", "0x10", "inf", "1e999", "0.10000000000000001", "--1", "1e", new byte[] { 49 }] },
        { CellEncoding.Float4, Misfit.WouldRound, [0.1, 16777217L, 1e300] },
        { CellEncoding.Numeric, Misfit.NotANumber, ["", "$5", "NaN", "inf", "1e200000", "1e-16384", "1,5", " 1", ".", "-", "e5", new byte[] { 49 }] },
        { CellEncoding.Uuid, Misfit.NotAUuid, ["", "not-a-uuid", "6f9619ff-8b86-d011-b42d-00c04fc964fg", "6f9619ff8b86-d011-b42d-00c04fc964ff-", new byte[15], 5L] },
        { CellEncoding.Json, Misfit.InvalidJson, ["", " ", "{'a':1}", "{a:1}", "[1,]", "{\"a\":1,}", "[NaN]", "\ufeff{}", "// c\n{}", "01", "1.", "-", "\"\t\"", "\"\\x\"", "\"\\u12\"", "[1 2]", "{\"a\" 1}", "{\"a\":1", "nul", "[]]", "\"", double.PositiveInfinity] },
        { CellEncoding.Json, Misfit.InvalidUtf8, [new RawText([0x22, 0xff, 0x22])] },
        { CellEncoding.Json, Misfit.BlobInText, ["{}"u8.ToArray()] },
        { CellEncoding.Jsonb, Misfit.DuplicateJsonKeys, ["{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", "{\"a\":1,\"\\u0061\":1}", "{\"a\":{\"a\":1},\"a\":1}", "{\"\\ud83d\\ude00\":1,\"😀\":2}", "{\"\":1,\"\":2}"] },
        { CellEncoding.Jsonb, Misfit.UnsupportedJson, ["\"\\u0000\"", "\"\\ud800\"", "\"\\ude00\\ud83d\"", "\"\\ud83dx\"", "1e200000", "1e-20000", new string('[', 501) + new string(']', 501)] },
        { CellEncoding.EpochSeconds, Misfit.OutOfRange, [long.MaxValue, 253402300800L, -62135596801L, double.PositiveInfinity] },
        { CellEncoding.EpochSeconds, Misfit.WouldRound, [0.1234567] },
        { CellEncoding.EpochSeconds, Misfit.NotATimestamp, ["1582982055", new byte[8]] },
        { CellEncoding.JulianTimestamp, Misfit.OutOfRange, [1e6, 5373484.5, 0L] },
        { CellEncoding.JulianDate, Misfit.NotADate, [2458908.75] },
        { CellEncoding.Timestamp, Misfit.NotATimestamp, ["2020-01-01 00:00:00Z", 5L, 1.5, new byte[8]] },
        { CellEncoding.Date, Misfit.NotADate, ["2020-01-01 00:00:01", "2020-01-01T00:00:00Z", 5L] },
        { CellEncoding.Time, Misfit.NotATime, [5L, new byte[8]] },
    };

    [Theory, MemberData(nameof(Refused))]
    public void What_does_not_fit_is_refused_with_its_reason(CellEncoding encoding, Misfit reason, object[] values)
    {
        var refused = Encode(new(encoding), values);
        for (var i = 0; i < values.Length; i++) Assert.Equal((values[i], reason), (values[i], refused[i]));
    }

    [Fact]
    public void Limits_of_length_precision_and_scale()
    {
        Assert.Equal([Misfit.None, Misfit.TooLong, Misfit.TooLong], Encode(new(CellEncoding.Text, 3), "日本語", "abcd", 1234L));
        var numeric = new ColumnEncoding(CellEncoding.Numeric, 0, 4, 2);
        Assert.Equal([Misfit.None, Misfit.None, Misfit.OutOfRange, Misfit.WouldRound, Misfit.WouldRound, Misfit.OutOfRange, Misfit.OutOfRange, Misfit.None],
            Encode(numeric, 99L, 99.99, 100L, 0.125, "0.001", "100.5", double.PositiveInfinity, "0.1000"));
    }

    [Fact]
    public void Proven_skips_content_but_not_type()
    {
        Assert.Equal([Misfit.None, Misfit.BlobInText], Encode(new(CellEncoding.Text, Proven: true), new RawText([0xff]), new byte[1]));
        Assert.Equal([Misfit.None, Misfit.BlobInText], Encode(new(CellEncoding.Jsonb, Proven: true), "x", new byte[1]));
        Assert.Equal([Misfit.NotAnInteger], Encode(new(CellEncoding.Int8, Proven: true), "x"));
    }

    [Fact]
    public void Objects_of_one_document_may_share_keys_and_many_keys_are_told_apart()
    {
        var many = "{" + string.Join(",", Enumerable.Range(0, 5000).Select(i => $"\"key{i}\":[{{\"key{i}\":1}}]")) + "}";
        Assert.Equal([Misfit.None, Misfit.None, Misfit.DuplicateJsonKeys], Encode(new(CellEncoding.Jsonb), "[{\"a\":1},{\"a\":1},{\"a\":{\"a\":1}}]", many, many[..^1] + ",\"key77\":0}"));
    }

    [Fact]
    public void A_row_allocates_nothing()
    {
        using var encoder = new RowEncoder([new(CellEncoding.Int8), new(CellEncoding.Text), new(CellEncoding.Jsonb), new(CellEncoding.Timestamp), new(CellEncoding.Numeric, 0, 10, 2), new(CellEncoding.Numeric), new(CellEncoding.Text)], 1 << 20);
        void Rows()
        {
            for (var i = 0; i < 1000; i++)
            {
                encoder.BeginRow(i);
                encoder.Cell(0, SourceCell.OfInteger(i));
                encoder.Cell(1, SourceCell.OfText("some text, ä"u8));
                encoder.Cell(2, SourceCell.OfText("{\"a\":[1,2.5],\"b\\u0041\":null}"u8));
                encoder.Cell(3, SourceCell.OfText("2020-01-01 10:00:00"u8));
                encoder.Cell(4, SourceCell.OfReal(12.25 + i));
                encoder.Cell(5, SourceCell.OfReal(0.1 * i));
                encoder.Cell(6, SourceCell.OfReal(0.1 * i));
                encoder.EndRow();
            }
        }
        Rows();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Rows();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
