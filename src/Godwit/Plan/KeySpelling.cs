using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>
/// '2024-01-01 00:00:00' and '2024-01-01T00:00:00' are two texts and one moment. Where a column's moments are spelled in several ways and a key says that they
/// are unique, the column keeps its text: the key would be refused at the end.
/// </summary>
internal static class KeySpelling
{
    public static void Keep(PlanContext context, TypeOptions options)
    {
        foreach (var table in context.Tables)
            foreach (var column in table.Columns)
                if (KeyOf(table, column) is { } key) KeepOne(context, options, table, column, key);
    }

    private static void KeepOne(PlanContext context, TypeOptions options, Table table, Column column, string key)
    {
        var natural = context.Type(table, column);
        if (natural.Encoding.Kind is not (CellEncoding.Date or CellEncoding.Time or CellEncoding.Timestamp or CellEncoding.TimestampTz) || !context.Profile(table, column).SpelledVariously) return;
        if (options.CastOf(table.Name, column) is { Proposed: null } || !options.WidenAllowed(table.Name, column.Name) || TypePlanner.ExistingColumn(context, table, column) is not null) return;
        var kept = TypeMapper.ChooseAs(table.Name, column, context.Profile(table, column), "text", options, $"its moments are spelled in several ways, which are several keys to {key}");
        if (kept.Misfits > 0) return;
        context.Types[(table.Name, column.Name)] = kept;
        context.Find("moment-spelled-in-key", Severity.Warning, $"{table.Name}.{column.Name}", $"Its values are spelled in several ways, and {key} is unique: rows of one moment that is spelled in two ways would break it, so that the column becomes text instead of {natural.PgType}.",
            $"Spell them in one way in the source; or --cast {table.Name}.{column.Name}={natural.PgType}, which leaves the key out where two rows share a moment.");
    }

    private static string? KeyOf(Table table, Column column)
    {
        if (table.PrimaryKey is { } primary && primary.Columns.Contains(column.Name, NameComparer.Instance)) return "the primary key";
        return table.UniqueConstraints.Concat(table.Indexes.Where(i => i.Unique)).FirstOrDefault(i => i.Terms.Any(t => t.Column is not null && NameComparer.Same(t.Column, column.Name))) is { } index
            ? $"the key ({string.Join(", ", index.Terms.Select(t => t.Column ?? t.Expression))})" : null;
    }
}
