using System.Collections.Immutable;
using System.Text;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.IntegrationTests.Verify;

/// <summary>A source made of arrays: null, long, double, string and byte[] are SQLite's five classes. Positions are 1, 2, 3 ...</summary>
internal sealed class FakeSnapshot(DatabaseSchema schema, IReadOnlyDictionary<string, object?[][]> rows) : ISnapshot
{
    public Position Position => new("fake");

    public Task<DatabaseSchema> InspectAsync(CancellationToken ct) => Task.FromResult(schema);

    public Task<ImmutableArray<KeyRange>> PartitionAsync(Table table, int pieces, CancellationToken ct)
    {
        var count = rows[table.Name].Length;
        var size = Math.Max(1, count / pieces);
        var ranges = ImmutableArray.CreateBuilder<KeyRange>();
        for (long from = 1; from <= count; from += size) ranges.Add(new(from == 1 ? null : from, from + size > count ? null : from + size - 1));
        return Task.FromResult(ranges.Count == 0 ? [KeyRange.All] : ranges.ToImmutable());
    }

    public Task ScanAsync(Table table, ImmutableArray<string> columns, KeyRange range, IRowVisitor visitor, CancellationToken ct)
    {
        var ordinals = columns.Select(c => table.Columns.IndexOf(table.FindColumn(c)!)).ToArray();
        var all = rows[table.Name];
        for (long position = Math.Max(1, range.From ?? 1); position <= Math.Min(all.Length, range.To ?? long.MaxValue); position++)
        {
            visitor.BeginRow(position);
            for (var i = 0; i < ordinals.Length; i++)
            {
                var cell = all[position - 1][ordinals[i]] switch
                {
                    null => SourceCell.Null,
                    long l => SourceCell.OfInteger(l),
                    int l => SourceCell.OfInteger(l),
                    double d => SourceCell.OfReal(d),
                    string s => SourceCell.OfText(Encoding.UTF8.GetBytes(s)),
                    byte[] b => SourceCell.OfBlob(b),
                    var other => throw new ArgumentException($"{other}"),
                };
                visitor.Cell(i, cell);
            }
            if (!visitor.EndRow()) break;
        }
        return Task.CompletedTask;
    }

    public IAsyncEnumerable<RowBatch> ReadAsync(TableRead read, CancellationToken ct) => throw new NotSupportedException("Verification reads raw values.");

    public ValueTask DisposeAsync() => default;
}
