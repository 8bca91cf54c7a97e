using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>--if-exists replace: what the target has under the same name is dropped before anything is made.</summary>
public static class StatementRemoval
{
    internal static IEnumerable<SqlStep> Of(StatementContext context)
    {
        foreach (var statement in context.Facts.Statements.Reverse())
        {
            if (statement.Drop.Length == 0 || !IsThere(context, statement)) continue;
            if (Cascade(statement.Drop) is not { } drop) continue;
            yield return new($"drop {statement.Id}", StepKind.Object, statement.Subject, drop, "Asked for by --if-exists replace.") { Fallback = "" };
        }
    }

    /// <summary>Relations and types by name; functions and the like cannot be told apart without their arguments, and DROP IF EXISTS knows.</summary>
    internal static bool IsThere(StatementContext context, SchemaStatement statement)
    {
        if (context.Target is not { } target) return false;
        var name = new SqlName(statement.Schema, statement.Name).ToString();
        return statement.Kind switch
        {
            "TABLE" or "VIEW" or "MATERIALIZED VIEW" or "FOREIGN TABLE" or "SEQUENCE" => target.Relations.Contains(name),
            "TYPE" or "DOMAIN" => target.Types.Contains(name),
            "FUNCTION" or "PROCEDURE" or "AGGREGATE" or "OPERATOR" or "OPERATOR CLASS" or "OPERATOR FAMILY" or "COLLATION" or "TEXT SEARCH CONFIGURATION" or "TEXT SEARCH DICTIONARY" =>
                statement.Schema is { } schema && target.Schemas.Contains(schema),
            "SERVER" or "EVENT TRIGGER" or "PUBLICATION" => true,
            _ => false,
        };
    }

    private static readonly string[] Kinds =
    [
        "MATERIALIZED VIEW", "FOREIGN TABLE", "OPERATOR CLASS", "OPERATOR FAMILY", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "EVENT TRIGGER", "TABLE", "VIEW", "SEQUENCE", "TYPE",
        "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "OPERATOR", "COLLATION", "SERVER", "PUBLICATION",
    ];

    /// <summary>DROP TABLE a -> DROP TABLE IF EXISTS a CASCADE; null for what goes with its table, and for what others may use (schemas, extensions, roles).</summary>
    public static string? Cascade(string drop)
    {
        var first = SqlScript.Split(drop).FirstOrDefault() ?? "";
        foreach (var kind in Kinds)
            if (first.StartsWith($"DROP {kind} ", StringComparison.Ordinal)) return $"DROP {kind} IF EXISTS {first[$"DROP {kind} ".Length..]} CASCADE";
        return null;
    }

    /// <summary>Kind and name of what <see cref="Cascade"/> drops; null for other statements.</summary>
    public static (string Kind, string Name)? Dropped(string drop)
    {
        foreach (var kind in Kinds)
            if (drop.StartsWith($"DROP {kind} IF EXISTS ", StringComparison.Ordinal) && drop.EndsWith(" CASCADE", StringComparison.Ordinal)) return (kind, drop[$"DROP {kind} IF EXISTS ".Length..^" CASCADE".Length]);
        return null;
    }
}
