using Godwit.Schema;

namespace Godwit.Source;

/// <summary>Ranges of pages of a PostgreSQL table, as SQL.</summary>
public static class PageRange
{
    /// <summary>What stands after FROM. ONLY: rows of children are another table's.</summary>
    public static string From(Table table, KeyRange range)
    {
        var conditions = new List<string>();
        if (range.From is { } from) conditions.Add($"ctid >= '({from},0)'::tid");
        if (range.To is { } to) conditions.Add($"ctid < '({to + 1},0)'::tid");
        var where = conditions.Count == 0 ? "" : " WHERE " + string.Join(" AND ", conditions);
        // An extension says which rows of its table are the user's by a whole WHERE clause; such a table is one range.
        return $"ONLY {table.Relation}{(table.Storage?.Condition is { Length: > 0 } condition ? " " + condition : where)}";
    }
}
