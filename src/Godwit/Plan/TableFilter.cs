using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>--include and --exclude. A pattern that matches nothing is an error: the user meant a table that is not there.</summary>
public static class TableFilter
{
    public static DatabaseSchema Apply(DatabaseSchema schema, MigrationOptions options)
    {
        foreach (var pattern in options.Include.Concat(options.Exclude))
            if (!schema.Tables.Any(t => NamePattern.Matches(pattern, t.Name))) throw NoSuchTable(pattern, schema.Tables.Select(t => t.Name));
        bool Wanted(Table table) =>
            (options.Include.IsEmpty || options.Include.Any(p => NamePattern.Matches(p, table.Name))) && !options.Exclude.Any(p => NamePattern.Matches(p, table.Name));
        return schema with { Tables = [.. schema.Tables.Where(Wanted)] };
    }

    /// <summary>The error for a table name that the user gave and the source does not have.</summary>
    public static GodwitException NoSuchTable(string name, IEnumerable<string> tables)
    {
        var nearest = tables.MinBy(t => Distance(t.ToLowerInvariant(), name.ToLowerInvariant()));
        return new(ErrorKind.Usage, "no-such-table", $"The source has no table {name}.", nearest is null ? "The source has no tables." : $"Did you mean {nearest}? `godwit plan SOURCE` lists them all.");
    }

    /// <summary>Levenshtein's edit distance.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
