using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>GRANT, REVOKE and default privileges, as far as the target has the roles.</summary>
internal static class StatementRights
{
    public static string Of(StatementContext context, SchemaStatement statement)
    {
        var kept = new List<string>();
        foreach (var sql in SqlScript.Split(statement.Sql))
        {
            var tokens = SqlScript.Tokens(sql);
            if (tokens.Length > 1 && tokens[0].ToUpperInvariant() is "SET" or "RESET")
            {
                // Grants of another grantor: only a superuser may act as that one.
                if (context.Target is { IsSuperuser: false }) continue;
                if (tokens[0] == "SET" && !context.HasRole(SqlScript.NameOf(tokens[^1])))
                {
                    Missing(context, statement, SqlScript.NameOf(tokens[^1]));
                    return "";
                }
            }
            else if (RolesOf(tokens).FirstOrDefault(r => !context.HasRole(r)) is { } missing)
            {
                Missing(context, statement, missing);
                continue;
            }
            kept.Add(sql + ";");
        }
        return kept.Any(k => !k.StartsWith("SET ", StringComparison.Ordinal) && !k.StartsWith("RESET ", StringComparison.Ordinal)) ? string.Join("\n", kept) : "";
    }

    private static void Missing(StatementContext context, SchemaStatement statement, string role)
    {
        // What belongs to the platform's own server role is told once, with its owner.
        context.Find("role-missing", Severity.Warning, $"ROLE {role}", "The target has no such role; what it may do in the source is left out.", $"CREATE ROLE {SqlName.Quote(role)}; on the target before the migration.");
    }

    /// <summary>Who gets or loses: what follows the last TO or FROM; and whose defaults they are: what follows FOR ROLE.</summary>
    private static IEnumerable<string> RolesOf(IReadOnlyList<string> tokens)
    {
        for (var i = tokens.Count - 2; i > 0; i--)
        {
            if (tokens[i].ToUpperInvariant() is not ("TO" or "FROM")) continue;
            yield return SqlScript.NameOf(tokens[i + 1]);
            break;
        }
        for (var i = 0; i + 2 < tokens.Count; i++)
            if (tokens[i].Equals("FOR", StringComparison.OrdinalIgnoreCase) && tokens[i + 1].Equals("ROLE", StringComparison.OrdinalIgnoreCase)) yield return SqlScript.NameOf(tokens[i + 2]);
    }
}
