using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>Tables of a PostgreSQL source as parts of the copy: in which format, and in which ranges of pages.</summary>
internal static class StatementTables
{
    private const int SmallestPages = 16;

    public static IEnumerable<TablePlan> Of(StatementContext context)
    {
        var byName = context.Input.Schema.Tables.ToDictionary(t => t.Name, StringComparer.Ordinal);
        foreach (var table in context.Input.Schema.Tables.Where(t => t.Storage is { Kind: 'r' }))
        {
            var storage = table.Storage!;
            if (!context.Makes(storage.Extension is null ? "TABLE" : "EXTENSION", storage.Extension is null ? table.Relation!.Value : new(storage.Extension))) continue;
            var columns = table.Columns.Where(c => c.Generated is null).ToImmutableArray();
            var text = columns.FirstOrDefault(c => !c.BinaryStable);
            var target = table.Relation!.Value;
            if (context.Options.DataOnly && context.Target is { } there && !there.Relations.Contains(table.Name) && storage.Extension is null)
            {
                context.Find("target-table-missing", Severity.Block, table.Name, $"{target} does not exist, and --data-only creates nothing.", $"Create it, or leave it out: --exclude '{table.Name}'.");
                continue;
            }
            yield return new()
            {
                Source = table.Name,
                Load = storage.LoadThrough ?? target,
                Target = target,
                Format = text is null ? RowFormat.Binary : RowFormat.Text,
                Columns = [.. columns.Select(c => new ColumnPlan(c.Name, c.Name, c.DeclaredType, c.DeclaredType, new(CellEncoding.Text), Fidelity.Exact,
                    c.BinaryStable ? "the source's own type" : "the source's own type; travels as text, because its binary form may differ from server to server"))],
                Key = table.PrimaryKey?.Columns ?? NotNullKey(table),
                Rows = (long)Math.Max(0, storage.EstimatedRows),
                Bytes = storage.Bytes,
                Tree = Tree(byName, table),
                SourceFile = storage.FileNode,
                Chunks = [.. Chunks(storage, context.Options.ChunkBytes)],
            };
        }
    }

    private static string? Tree(Dictionary<string, Table> all, Table table)
    {
        string? top = null;
        while (table.Storage?.Parent is { } parent && all.TryGetValue(parent, out var above) && above.Storage?.Kind == 'p') (top, table) = (parent, above);
        return top;
    }

    private static ImmutableArray<string> NotNullKey(Table table) =>
        table.UniqueConstraints.Select(u => u.Terms.Select(t => t.Column!).ToImmutableArray()).FirstOrDefault(k => k.All(c => table.FindColumn(c)?.NotNull == true), []);

    // Only heaps have ranges of pages. Sizes count TOAST: a small heap may hold a large table.
    private static IEnumerable<PlannedChunk> Chunks(TableStorage storage, long chunkBytes)
    {
        var rows = (long)Math.Max(0, storage.EstimatedRows);
        var count = storage.AccessMethod == "heap" && storage.Condition is not { Length: > 0 } ? (int)Math.Min(storage.Bytes / chunkBytes + 1, Math.Max(1, storage.Pages / SmallestPages)) : 1;
        for (var i = 0; i < count; i++)
            yield return new(i, i == 0 ? null : storage.Pages * i / count, i == count - 1 ? null : storage.Pages * (i + 1) / count - 1, rows / count);
    }
}
