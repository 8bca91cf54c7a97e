using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// Gives foreign keys the real spelling of the parent's names, and the parent's primary key where the columns are left out
/// (https://www.sqlite.org/foreignkeys.html, section 1 and 4.1). What does not exist keeps the name as written.
/// </summary>
internal static class ForeignKeyParents
{
    internal static Table Resolve(Table table, List<Table> tables) =>
        table.ForeignKeys.IsEmpty ? table : table with { ForeignKeys = [.. table.ForeignKeys.Select(key => Resolve(key, table, tables))] };

    private static ForeignKey Resolve(ForeignKey key, Table child, List<Table> tables)
    {
        key = key with { Columns = [.. key.Columns.Select(c => Spelling(child, c))] };
        if (tables.Find(t => SqliteIdentifier.Same(t.Name, key.ParentTable)) is not { } parent) return key;
        var columns = key.ParentColumns.IsEmpty ? parent.PrimaryKey?.Columns ?? [] : [.. key.ParentColumns.Select(c => Spelling(parent, c))];
        return key with { ParentTable = parent.Name, ParentColumns = columns.Length == key.Columns.Length ? columns : [] };
    }

    private static string Spelling(Table table, string column) => table.Columns.FirstOrDefault(c => SqliteIdentifier.Same(c.Name, column))?.Name ?? column;
}
