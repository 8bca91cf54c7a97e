using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Postgres;

/// <summary>
/// Tables in ranges of pages (PostgreSQL documentation, 5.5, ctid; since 14 a range of them is read without looking at the others). The first
/// and the last range are open: a table that has grown since its pages were counted is read to its end.
/// </summary>
internal static class PageRanges
{
    internal static ImmutableArray<KeyRange> Cut(Table table, int pieces)
    {
        if (table.Storage is not { AccessMethod: "heap", Pages: > 1 } storage || pieces < 2) return [KeyRange.All];
        var count = (int)Math.Min(pieces, storage.Pages);
        long Start(int piece) => storage.Pages * piece / count;
        return [.. Enumerable.Range(0, count).Select(i => new KeyRange(i == 0 ? null : Start(i), i == count - 1 ? null : Start(i + 1) - 1))];
    }

    internal static string CopySql(TableRead read)
    {
        var options = read.Format == RowFormat.Binary ? " (FORMAT binary)" : "";
        return $"COPY (SELECT {SqlName.List(read.Columns.Select(c => c.Name))} FROM {PageRange.From(read.Table, read.Range)}) TO STDOUT{options}";
    }
}
