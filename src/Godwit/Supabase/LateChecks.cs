using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>
/// Checks that call the application's functions are added when the rows are there. pg_dump puts them into CREATE TABLE, where they run while rows arrive: one
/// that reads another table fails or not by the order in which tables are loaded, and with it its rows are lost.
/// </summary>
internal static class LateChecks
{
    private const string Why = "calls a function of the application, which may read other tables: checked when all rows are there";

    public static ImmutableArray<SchemaStatement> Move(ImmutableArray<SchemaStatement> statements, ImmutableArray<FunctionCheck> checks)
    {
        if (checks.IsEmpty) return statements;
        var result = ImmutableArray.CreateBuilder<SchemaStatement>();
        var late = new List<SchemaStatement>();
        foreach (var statement in statements)
        {
            var table = statement;
            foreach (var check in statement.Kind == "TABLE" ? checks.Where(c => c.Schema == statement.Schema && c.Table == statement.Name) : [])
            {
                if (Without(table.Sql, check.Name) is not { } sql) continue;
                table = table with { Sql = sql, Rewritten = "its checks that call functions are added when the rows are there" };
                var name = new SqlName(check.Schema, check.Table);
                late.Add(new($"CHECK CONSTRAINT {check.Schema}.{check.Table} {check.Name}", "CHECK CONSTRAINT", check.Schema, $"{check.Table} {check.Name}", null,
                    $"ALTER TABLE {name} ADD CONSTRAINT {SqlName.Quote(check.Name)} {check.Definition};", DumpSection.PostData)
                {
                    Drop = $"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {SqlName.Quote(check.Name)};",
                    DependsOn = [statement.Id],
                    Table = statement.Table ?? name.ToString(),
                    Rewritten = Why,
                });
            }
            result.Add(table);
        }
        // Before triggers and views, which may need nothing of it, and after every table.
        var at = 0;
        for (var i = 0; i < result.Count; i++)
            if (result[i].Section == DumpSection.PreData) at = i + 1;
        for (var i = 0; i < late.Count; i++) result.Insert(at + i, late[i]);
        return result.ToImmutable();
    }

    /// <summary>The text without the constraint's line, null where it is not found: it is left where it is, then.</summary>
    internal static string? Without(string sql, string constraint)
    {
        foreach (var name in new[] { SqlName.Quote(constraint), SqlName.AlwaysQuote(constraint) }.Distinct())
        {
            var start = sql.IndexOf($"\n    CONSTRAINT {name} CHECK (", StringComparison.Ordinal);
            if (start < 0) continue;
            var end = ClosingParenthesis(sql, sql.IndexOf('(', start));
            if (end < 0) return null;
            // "NO INHERIT" may follow.
            var rest = sql.IndexOfAny([',', '\n'], end);
            if (rest < 0) return null;
            return sql[rest] == ',' ? sql[..start] + sql[(rest + 1)..] : sql[..start].TrimEnd(',') + sql[rest..];
        }
        return null;
    }

    private static int ClosingParenthesis(string sql, int open)
    {
        var depth = 0;
        char quote = default;
        for (var i = open; i < sql.Length; i++)
        {
            if (quote != default)
            {
                if (sql[i] == quote) quote = default;
            }
            else if (sql[i] is '\'' or '"') quote = sql[i];
            else if (sql[i] == '(') depth++;
            else if (sql[i] == ')' && --depth == 0) return i;
        }
        return -1;
    }
}
