using System.Text;
using System.Text.RegularExpressions;

namespace Godwit.Supabase;

/// <summary>Puts the target's roles into GRANT, REVOKE, ALTER DEFAULT PRIVILEGES and CREATE POLICY as pg_dump writes them.</summary>
internal static partial class Rights
{
    /// <summary>
    /// Grants to roles that the target does not have go; the roles that are one with the target's admin become it. "" where nothing is left.
    /// SET SESSION AUTHORIZATION goes too: on the target the owner grants what others granted on the source. <paramref name="lost"/> is told each role that is
    /// missing, and the statement that goes for want of it.
    /// </summary>
    public static string Rewrite(string sql, RoleMap roles, Action<string, string>? lost = null)
    {
        var kept = new StringBuilder();
        foreach (var statement in Statements(sql))
        {
            if (Session().IsMatch(statement)) continue;
            if (Grantee().Match(statement) is not { Success: true } grantee)
            {
                kept.Append(statement).Append(";\n");
                continue;
            }
            var grantedTo = Unquote(grantee.Groups["role"].Value);
            if (roles.Find(grantedTo) is not { } to)
            {
                lost?.Invoke(grantedTo, statement);
                continue;
            }
            var text = statement[..grantee.Groups["role"].Index] + RoleMap.Quote(to) + grantee.Groups["option"].Value;
            if (DefaultOf().Match(text) is { Success: true } of)
            {
                if (roles.Find(Unquote(of.Groups["role"].Value)) is not { } maker)
                {
                    lost?.Invoke(Unquote(of.Groups["role"].Value), statement);
                    continue;
                }
                text = text[..of.Groups["role"].Index] + RoleMap.Quote(maker) + text[(of.Groups["role"].Index + of.Groups["role"].Length)..];
            }
            kept.Append(text).Append(";\n");
        }
        return kept.ToString();
    }

    /// <summary>The role whose future objects an ALTER DEFAULT PRIVILEGES is about, null where the text is none.</summary>
    public static string? DefaultsOf(string sql) => DefaultOf().Match(sql) is { Success: true } of ? Unquote(of.Groups["role"].Value) : null;

    /// <summary>Null where no role of a policy's TO is on the target: it would apply to nobody.</summary>
    public static string? Policy(string sql, RoleMap roles)
    {
        if (PolicyRoles().Match(sql) is not { Success: true } match) return sql;
        var names = PolicyRolesOf(sql).Select(roles.Find).OfType<string>().Distinct().Select(RoleMap.Quote).ToList();
        return names.Count == 0 ? null : sql[..match.Groups["roles"].Index] + string.Join(", ", names) + sql[(match.Groups["roles"].Index + match.Groups["roles"].Length)..];
    }

    /// <summary>Roles of a policy's TO; none where it is for everybody.</summary>
    public static IEnumerable<string> PolicyRolesOf(string sql) => PolicyRoles().Match(sql) is { Success: true } match ? Name().Matches(match.Groups["roles"].Value).Select(m => Unquote(m.Value)) : [];

    public static string Unquote(string name) => name.StartsWith('"') ? name[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : name;

    /// <summary>Statements without their semicolons; those inside of quotes do not count.</summary>
    public static IEnumerable<string> Statements(string sql)
    {
        var start = 0;
        char quote = default;
        for (var i = 0; i < sql.Length; i++)
        {
            if (quote != default)
            {
                if (sql[i] == quote) quote = default;
            }
            else if (sql[i] is '\'' or '"') quote = sql[i];
            else if (sql[i] == ';')
            {
                if (sql[start..i].Trim() is { Length: > 0 } statement) yield return statement;
                start = i + 1;
            }
        }
        if (sql[start..].Trim() is { Length: > 0 } last) yield return last;
    }

    [GeneratedRegex("""^(?:RE)?SET\s+SESSION\s+AUTHORIZATION\b""", RegexOptions.IgnoreCase)]
    private static partial Regex Session();

    // pg_dump names one grantee a statement, at its end.
    [GeneratedRegex("""^(?:GRANT|REVOKE|ALTER\s+DEFAULT\s+PRIVILEGES)\b.*\s(?:TO|FROM)\s+(?<role>"(?:[^"]|"")+"|[^\s",;]+)(?<option>\s+WITH\s+GRANT\s+OPTION|\s+CASCADE)?(?:\s+GRANTED\s+BY\s+\S+)?$""", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Grantee();

    [GeneratedRegex("""^ALTER\s+DEFAULT\s+PRIVILEGES\s+FOR\s+ROLE\s+(?<role>"(?:[^"]|"")+"|[^\s",;]+)""", RegexOptions.IgnoreCase)]
    private static partial Regex DefaultOf();

    [GeneratedRegex("""^CREATE\s+POLICY\s+(?:"(?:[^"]|"")+"|\S+)\s+ON\s+(?:(?:"(?:[^"]|"")+"|[^\s".]+)\.?)+(?:\s+AS\s+\w+)?(?:\s+FOR\s+\w+)?\s+TO\s+(?<roles>(?:"(?:[^"]|"")+"|[^\s",;]+)(?:\s*,\s*(?:"(?:[^"]|"")+"|[^\s",;]+))*)""", RegexOptions.IgnoreCase)]
    private static partial Regex PolicyRoles();

    [GeneratedRegex("(?:\"(?:[^\"]|\"\")+\")|[^\\s\",;]+")]
    private static partial Regex Name();
}
