using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>--include and --exclude. A pattern that matches nothing is an error: the user meant a table that is not there.</summary>
public static class TableFilter
{
    /// <summary><paramref name="postGis"/>: the schema where the target has it, or null (<see cref="SpatialIndexes"/>).</summary>
    public static DatabaseSchema Apply(DatabaseSchema schema, MigrationOptions options, string? postGis)
    {
        schema = SpatialIndexes.LeaveOut(schema, postGis);
        foreach (var pattern in options.Include.Concat(options.Exclude))
            if (!schema.Tables.Any(t => Matches(pattern, t))) throw NoSuchTable(pattern, schema.Tables.Select(t => t.Name));
        bool Wanted(Table table) =>
            (options.Include.IsEmpty || options.Include.Any(p => Matches(p, table))) && !options.Exclude.Any(p => Matches(p, table));
        var filtered = schema with { Tables = [.. schema.Tables.Where(Wanted)] };
        return schema.Postgres is { } facts && filtered.Tables.Length < schema.Tables.Length ? Without(filtered, facts, schema.Tables.Where(t => !Wanted(t))) : filtered;
    }

    /// <summary>A pattern without a dot names a table of any schema.</summary>
    private static bool Matches(string pattern, Table table) => NamePattern.Matches(pattern, table.Name)
        || (table.Relation is { } relation && !pattern.Contains('.', StringComparison.Ordinal) && NamePattern.Matches(pattern, relation.Name));

    /// <summary>What belongs to a table goes with it, and what is made of it (views, keys that refer to it) cannot be.</summary>
    private static DatabaseSchema Without(DatabaseSchema schema, PostgresFacts facts, IEnumerable<Table> unwanted)
    {
        var tables = unwanted.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var gone = new HashSet<string>(StringComparer.Ordinal);
        var kept = new List<SchemaStatement>();
        var views = new HashSet<SqlName>();
        var findings = new List<Finding>();
        foreach (var statement in facts.Statements)
        {
            var own = statement.Table is { } table && tables.Contains(table);
            if (!own && !statement.DependsOn.Any(gone.Contains))
            {
                kept.Add(statement);
                continue;
            }
            gone.Add(statement.Id);
            if (statement.Kind == "MATERIALIZED VIEW") views.Add(new(statement.Schema, statement.Name));
            if (!own && statement.Kind is not ("COMMENT" or "ACL" or "SEQUENCE" or "SEQUENCE OWNED BY" or "DEFAULT"))
                findings.Add(new("left-out-with-table", Severity.Warning, statement.Subject, "It needs a table that --include or --exclude leaves out, and is left out with it.", "Include the table, or make the object by hand."));
        }
        var left = schema.Tables.Select((t, i) => i == 0 ? t with { Findings = [.. t.Findings, .. findings] } : t);
        return schema with
        {
            Tables = [.. left],
            Postgres = facts with
            {
                Statements = [.. kept],
                LeftOut = [.. facts.Statements.Where(s => gone.Contains(s.Id))],
                MaterializedViews = [.. facts.MaterializedViews.Where(v => !views.Contains(v.Name))],
                Sequences = [.. facts.Sequences.Where(s => !gone.Contains($"SEQUENCE {s.Name.Schema}.{s.Name.Name}") && !(s.Table is { } t && tables.Contains(t)))],
            },
        };
    }

    /// <summary>The error for a table name that the user gave and the source does not have.</summary>
    public static GodwitException NoSuchTable(string name, IEnumerable<string> tables)
    {
        string[] all = [.. tables];
        var meant = Nearest.To(name, all) is { } nearest ? $"Did you mean {nearest}? " : "";
        return new(ErrorKind.Usage, "no-such-table", $"The source has no table {name}.", all.Length == 0 ? "The source has no tables." : meant + "`godwit plan SOURCE` lists them all.");
    }
}
