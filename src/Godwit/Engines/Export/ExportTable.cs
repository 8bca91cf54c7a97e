using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Engines.Export;

/// <summary>
/// A column that an export may fill. <paramref name="IsText"/>: '' is a value of it. <paramref name="Computed"/>: the server makes its values.
/// <paramref name="IsOrdered"/>: rows can be sorted by it.
/// </summary>
internal sealed record ExportColumn(string Name, string Type, bool NotNull, bool Computed, bool IsText, ValueShape Shape, bool IsOrdered);

internal static class ExportSql
{
    /// <summary>How a value is compared: as it prints. What the server computes may have more zeros behind the point than what a program made of it.</summary>
    public static string Compared(ExportColumn column, string value) => column.Computed && column.Type.StartsWith("numeric", StringComparison.Ordinal) ? $"trim_scale({value})::text" : $"({value})::text";

    public static async Task<long> CountAsync(NpgsqlConnection connection, SqlName table, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {table}", connection) { CommandTimeout = 0 };
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }
}

/// <summary><paramref name="Key"/>: the columns of its primary key, in order; empty where it has none.</summary>
internal sealed record ExportTable(SqlName Name, ImmutableArray<ExportColumn> Columns, ImmutableArray<string> Key)
{
    public override string ToString() => $"{Name.Schema}.{Name.Name}";
}

/// <summary>A file of the folder, and the table whose rows it holds.</summary>
internal sealed record ExportFile(string Path, ExportTable Table)
{
    public string Name => System.IO.Path.GetFileName(Path);
    public bool IsSql => Path.EndsWith(".sql", StringComparison.OrdinalIgnoreCase);

    /// <summary>The table's columns by these names. All that does not fit is told at once.</summary>
    public ExportColumn[] ColumnsOf(IReadOnlyList<string> names)
    {
        var unknown = names.Where(n => Table.Columns.All(c => c.Name != n)).ToList();
        var missing = Table.Columns.Where(c => !c.Computed && !names.Contains(c.Name)).Select(c => c.Name).ToList();
        List<string> problems =
        [
            .. unknown.Select(n => $"{Name}: {Table} has no column {n}{Nearest.Question(n, Table.Columns.Select(c => c.Name).Except(names))}"),
            .. names.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => $"{Name}: column {g.Key} is there {g.Count()} times"),
            .. missing.Select(n => $"{Name}: column {n} of {Table} is missing{Nearest.Question(n, unknown)}"),
        ];
        return problems.Count == 0 ? [.. names.Select(n => Table.Columns.First(c => c.Name == n))]
            : throw new GodwitException(ErrorKind.SourceFatal, "export-columns", string.Join('\n', problems), "A file names all columns of its table: export it again, or correct the names.");
    }
}

/// <summary>Which file is which table's, by name: "orders.csv", "public.orders.csv", and as the dashboard calls them, "orders_rows.csv" or .sql.</summary>
internal static class ExportFiles
{
    /// <exception cref="GodwitException">export-missing, export-table-unknown, export-table-twice: all problems at once.</exception>
    public static ImmutableArray<ExportFile> Match(string folder, IReadOnlyList<ExportTable> tables, string? schemaFile)
    {
        if (!Directory.Exists(folder))
            throw new GodwitException(ErrorKind.SourceFatal, "export-missing", $"There is no folder {folder}.", "csv: takes the folder that the exports lie in, one file a table.");
        var files = Directory.EnumerateFiles(folder).Where(f => Path.GetExtension(f).ToUpperInvariant() is ".CSV" or ".SQL" && !string.Equals(Path.GetFullPath(f), schemaFile, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0) throw new GodwitException(ErrorKind.SourceFatal, "export-missing", $"{folder} holds no .csv and no .sql files.", "csv: takes the folder that the exports lie in, one file a table.");
        var problems = new List<string>();
        var matched = new List<ExportFile>();
        foreach (var file in files)
        {
            var stem = Path.GetFileNameWithoutExtension(file);
            if (Find(stem, tables) is { } table) matched.Add(new(file, table));
            else problems.Add($"{Path.GetFileName(file)}: the schema has no table {Bare(stem)}{Nearest.Question(Bare(stem), tables.SelectMany(t => new[] { t.Name.Name, t.ToString() }))}");
        }
        if (problems.Count > 0)
            throw new GodwitException(ErrorKind.SourceFatal, "export-table-unknown", string.Join('\n', problems), "Call each file as its table (orders.csv, sales.orders.csv), and move others out of the folder.");
        if (matched.GroupBy(f => f.Table.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new GodwitException(ErrorKind.SourceFatal, "export-table-twice", $"{string.Join(" and ", twice.Select(f => f.Name))} are both of table {twice.First().Table}.", "Keep one of them in the folder.");
        return [.. matched];
    }

    private static ExportTable? Find(string stem, IReadOnlyList<ExportTable> tables)
    {
        foreach (var name in new[] { stem, Bare(stem) }.Distinct())
            foreach (var comparison in (StringComparison[])[StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase])
            {
                var found = tables.Where(t => string.Equals(t.ToString(), name, comparison) || string.Equals(t.Name.Name, name, comparison)).ToList();
                if (found.Count > 1 && found.Where(t => t.Name.Schema == "public").ToList() is [var open]) return open;
                if (found.Count == 1) return found[0];
                if (found.Count > 1)
                    throw new GodwitException(ErrorKind.SourceFatal, "export-table-unknown", $"{stem} may be {string.Join(" or ", found)}.", $"Say which by the file's name: {found[0]}.csv.");
            }
        return null;
    }

    private static string Bare(string stem) => stem.EndsWith("_rows", StringComparison.OrdinalIgnoreCase) ? stem[..^5] : stem;
}
