using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.TypeMapping;
using Xunit;
using static Godwit.Tests.TypeMapping.Values;

namespace Godwit.Tests.TypeMapping;

public class TableProfilerTests
{
    private static TableProfile Run(long chunkBytes, bool rowId, IEnumerable<(long Position, object? Value)> rows, string type = "TEXT")
    {
        var profiler = new TableProfiler(new Table { Name = "t", Columns = [Column(type)], HasRowId = rowId }, [Column(type)], chunkBytes);
        foreach (var (position, value) in rows)
        {
            profiler.BeginRow(position);
            profiler.Cell(0, Cell(value));
            Assert.True(profiler.EndRow());
        }
        return profiler.ToProfile();
    }

    [Fact]
    public void Counts_classes_and_extremes()
    {
        var p = Profile("X", null, 5L, -7L, 0L, 40000L, 3_000_000_000L, (1L << 53) + 1, 0.5, 3.0, double.NegativeInfinity, 1e300, 0.1f + 0.0, "", "abc", "42", "日本", new byte[16], new byte[3]);
        Assert.Equal((1, 6, 5, 4, 2), (p[ValueFact.Null], p[ValueFact.Integer], p[ValueFact.Real], p[ValueFact.Text], p[ValueFact.Blob]));
        Assert.Equal((5, 3, 2, 1), (p[ValueFact.NotBit], p[ValueFact.BeyondInt2], p[ValueFact.BeyondInt4], p[ValueFact.BeyondDouble]));
        Assert.Equal((-7, (1L << 53) + 1), (p.MinInteger, p.MaxInteger));
        Assert.Equal((1, 3, 1), (p[ValueFact.Infinite], p[ValueFact.Fractional], p[ValueFact.RealBeyondInt8]));
        Assert.Equal((double.NegativeInfinity, 1e300), (p.MinReal, p.MaxReal));
        Assert.Equal((1, 3, 42, 42), (p[ValueFact.EmptyText], p[ValueFact.NotIntegerText], p.MinIntegerText, p.MaxIntegerText));
        Assert.Equal((3, 6, 16), (p.MaxCharacters, p.MaxTextBytes, p.MaxBlobBytes));
        Assert.Equal(1, p[ValueFact.NotUuidBlob]);
        Assert.Equal([2L, 3, 5, 6, 7], p.Examples(ValueFact.NotBit));
    }

    [Fact]
    public void Chunks_end_at_the_byte_budget()
    {
        var profile = Run(100, true, Enumerable.Range(1, 10).Select(i => ((long)i * 10, (object?)new string('x', 40))));
        Assert.Equal([(10, 30, 3, 120), (40, 60, 3, 120), (70, 90, 3, 120), (100, 100, 1, 40)], profile.Chunks);
        Assert.Equal((10L, 400L), (profile.Rows, profile.Bytes));
    }

    [Fact]
    public void Chunks_end_at_the_row_budget()
    {
        var profile = Run(long.MaxValue, true, Enumerable.Range(1, 500_001).Select(i => ((long)i, (object?)null)));
        Assert.Equal([(1, 500_000, 500_000, 0), (500_001, 500_001, 1, 0)], profile.Chunks);
    }

    [Fact]
    public void A_table_without_row_positions_has_no_chunks() => Assert.Empty(Run(1, false, [(1, "x"), (2, "y")]).Chunks);

    [Fact]
    public void An_empty_table()
    {
        var profile = Run(1, true, []);
        Assert.Equal((0L, 0), (profile.Rows, profile.Chunks.Length));
        Assert.Equal("text", TypeMapper.Choose("t", Column("TEXT"), profile.Columns[0], TypeOptions.Default).PgType);
    }

    [Theory]
    [InlineData("DATETIME")]
    [InlineData("DECIMAL(6,2)")]
    [InlineData("JSON")]
    [InlineData("BOOL")]
    [InlineData("VARCHAR(3)")]
    public void Merged_ranges_equal_one_scan(string type)
    {
        var random = new Random(11);
        object?[] pool = [null, 0L, 1L, 99999L, long.MinValue, 0.5, 1e300, 12.345, "", "true", "5", "1.50", "2020-01-01", "2020-01-01 10:00:00+02:00", "{}", "{\"a\":1,\"a\":2}", "日本語日本語", new byte[16], new RawText([0xff])];
        var rows = Enumerable.Range(1, 500).Select(i => ((long)i, pool[random.Next(pool.Length)])).ToArray();
        var whole = Run(200, true, rows, type);
        var merged = TableProfile.Merge([Run(200, true, rows[..100], type), Run(200, true, rows[100..101], type), Run(200, true, rows[101..], type), Run(200, true, [], type)]);
        Assert.Equal((whole.Rows, whole.Bytes), (merged.Rows, merged.Bytes));
        ColumnProfile a = whole.Columns[0], b = merged.Columns[0];
        foreach (var fact in Enum.GetValues<ValueFact>())
        {
            Assert.Equal((fact, a[fact]), (fact, b[fact]));
            Assert.Equal(a.Examples(fact), b.Examples(fact));
        }
        Assert.Equal((a.MinInteger, a.MaxInteger, a.MinReal, a.MaxReal, a.MaxCharacters, a.MaxTextBytes, a.MaxBlobBytes), (b.MinInteger, b.MaxInteger, b.MinReal, b.MaxReal, b.MaxCharacters, b.MaxTextBytes, b.MaxBlobBytes));
        Assert.Equal((a.IntegerDigits, a.Scale, a.MinIntegerText, a.MaxIntegerText, a.Probed), (b.IntegerDigits, b.Scale, b.MinIntegerText, b.MaxIntegerText, b.Probed));
        Assert.Equal(merged.Chunks.Sum(c => c.Rows), whole.Rows);
    }

    [Fact]
    public void A_profile_allocates_nothing_per_row()
    {
        ImmutableArray<Column> columns = [Column("INTEGER"), Column("VARCHAR(80)"), Column("JSON"), Column("DATETIME"), Column("DECIMAL(10,2)"), Column("BOOL")];
        var profiler = new TableProfiler(new Table { Name = "t", Columns = columns }, columns);
        void Rows(int n)
        {
            for (var i = 0; i < n; i++)
            {
                profiler.BeginRow(i);
                profiler.Cell(0, SourceCell.OfInteger(i));
                profiler.Cell(1, SourceCell.OfText("some text, ä"u8));
                profiler.Cell(2, SourceCell.OfText("{\"a\":[1,2.5],\"b\\u0041\":null,\"a\":1}"u8));
                profiler.Cell(3, SourceCell.OfText("2020-01-01 10:00:00"u8));
                profiler.Cell(4, SourceCell.OfReal(12.25 + i));
                profiler.Cell(5, SourceCell.OfInteger(1));
                profiler.EndRow();
            }
        }
        Rows(1000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Rows(1000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
