using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>
/// Who asks. PostgREST says it in request.jwt.claims; versions before 9, and many applications' own tests, in one setting a claim. These read both, whatever the
/// project's age; an empty setting is none.
/// </summary>
internal static class AuthFunctions
{
    private static readonly (string Name, string Result, string Body)[] All =
    [
        ("uid", "uuid", Claim("sub", "uuid")),
        ("role", "text", Claim("role", "text")),
        ("email", "text", Claim("email", "text")),
        ("jwt", "jsonb", "select coalesce(nullif(current_setting('request.jwt.claim', true), ''), nullif(current_setting('request.jwt.claims', true), ''))::jsonb"),
    ];

    private static string Claim(string claim, string type) => $"""
        select coalesce(
            nullif(current_setting('request.jwt.claim.{claim}', true), ''),
            (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> '{claim}')
          )::{type}
        """;

    /// <summary>Null where the statement is none of these functions.</summary>
    public static SchemaStatement? Rewrite(SchemaStatement statement)
    {
        if (statement is not { Kind: "FUNCTION", Schema: "auth" } || Find(statement.Name) is not { } function) return null;
        // The project's own may have been replaced by its owner.
        return ReadsBoth(statement.Sql) ? null : statement with { Sql = Sql(function), Rewritten = "reads both forms of the claims" };
    }

    public static IEnumerable<SchemaStatement> Missing(IReadOnlyCollection<SchemaStatement> statements)
    {
        foreach (var function in All)
            if (!statements.Any(s => s is { Kind: "FUNCTION", Schema: "auth" } && s.Name == function.Name + "()"))
                yield return new($"auth:{function.Name}", "FUNCTION", "auth", function.Name + "()", null, Sql(function), DumpSection.PreData) { Drop = $"DROP FUNCTION IF EXISTS auth.{SqlName.Quote(function.Name)}();", Rewritten = "policies and functions may ask it who they work for" };
    }

    private static bool ReadsBoth(string sql) => sql.Contains("request.jwt.claims", StringComparison.Ordinal) && sql.Replace("request.jwt.claims", "", StringComparison.Ordinal).Contains("request.jwt.claim", StringComparison.Ordinal);

    private static (string Name, string Result, string Body)? Find(string tag)
    {
        foreach (var function in All)
            if (tag == function.Name + "()") return function;
        return null;
    }

    private static string Sql((string Name, string Result, string Body) f) =>
        $"CREATE OR REPLACE FUNCTION auth.{SqlName.Quote(f.Name)}() RETURNS {f.Result} LANGUAGE sql STABLE AS $godwit$\n{f.Body}\n$godwit$;\n";
}
