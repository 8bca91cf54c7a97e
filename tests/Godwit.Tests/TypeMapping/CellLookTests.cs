using Godwit.Schema;
using Godwit.TypeMapping;
using Xunit;
using static Godwit.Tests.TypeMapping.Values;

namespace Godwit.Tests.TypeMapping;

/// <summary>An encoder that is told what the profile saw writes what it would have written alone.</summary>
public class CellLookTests
{
    private static readonly object?[] Cells =
    [
        null, 0, 1, -7, 1_700_000_000L, long.MaxValue, 0.5, 2460310.5, double.PositiveInfinity, "", "a", "Zürich", "5", "05", "true", "f", "1.50",
        "2024-02-29", "2023-02-29", "2024-02-29 10:20:30", "2024-02-29T10:20:30.123456", "2024-02-29 10:20:30.1234567", "2024-02-29T10:20:30+02:00", "0001-01-01", "9999-12-31 23:59:59", "10:20", "24:00:00",
        "{}", "{\"a\":1}", "{\"a\":1,\"a\":2}", "[\"\\u0000\"]", "[\"\\u00e9\"]", "{", "nul\0", "{\"nul\":\"\0\"}", new RawText([0xFF]), new RawText([(byte)'"', 0xC3, (byte)'"']),
        new RawText([0, 0xFF]), new byte[] { 1, 2 }, new byte[16], "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    ];

    [Theory]
    [InlineData("TEXT")]
    [InlineData("VARCHAR(3)")]
    [InlineData("JSON")]
    [InlineData("DATE")]
    [InlineData("DATETIME")]
    [InlineData("TIMESTAMP WITH TIME ZONE")]
    [InlineData("TIME")]
    [InlineData("BOOLEAN")]
    [InlineData("INTEGER")]
    [InlineData("DECIMAL(4,2)")]
    [InlineData("REAL")]
    [InlineData("BLOB")]
    [InlineData("UUID")]
    public void An_encoder_that_is_told_what_the_profile_saw_writes_the_same(string declared)
    {
        foreach (var kind in Enum.GetValues<CellEncoding>())
        {
            var encoding = new ColumnEncoding(kind, Length: kind == CellEncoding.Text ? 3 : 0, Precision: kind == CellEncoding.Numeric ? 4 : 0, Scale: kind == CellEncoding.Numeric ? 2 : 0);
            var (told, toldMisfits) = Encode(declared, encoding, withLook: true);
            var (alone, aloneMisfits) = Encode(declared, encoding, withLook: false);
            Assert.Equal(aloneMisfits, toldMisfits);
            Assert.Equal(alone, told);
        }
    }

    private static (string Bytes, EncodedMisfit[] Misfits) Encode(string declared, ColumnEncoding encoding, bool withLook)
    {
        var column = Column(declared);
        var profiler = new TableProfiler(new Table { Name = "t", Columns = [column] }, [column]);
        using var encoder = new RowEncoder([encoding], 64);
        for (var i = 0; i < Cells.Length; i++)
        {
            profiler.BeginRow(i);
            encoder.BeginRow(i);
            var cell = Cell(Cells[i]);
            profiler.Cell(0, cell);
            if (withLook) encoder.Cell(0, cell, profiler.Look(0));
            else encoder.Cell(0, cell);
            profiler.EndRow();
            encoder.EndRow();
        }
        var misfits = encoder.TakeMisfits()?.ToArray() ?? [];
        var buffer = encoder.Detach(out var length, out _);
        return (Convert.ToHexString(buffer.AsSpan(0, length)), misfits);
    }
}
