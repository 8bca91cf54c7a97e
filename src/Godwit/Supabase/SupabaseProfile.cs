using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>
/// What becomes of a PostgreSQL source's surroundings, and of a Supabase project's own parts: statements in, statements out, with steps before and after them,
/// and a finding for every decision. Recognised from the server's own catalogs. Pure: the same facts and choices give the same plan.
/// </summary>
public static class SupabaseProfile
{
    public static ProfilePlan Plan(SupabaseFacts source, SupabaseFacts target, IReadOnlyList<SchemaStatement> statements, SupabaseChoices choices)
    {
        if (choices.Profile is { } said) source = source with { IsSupabase = said };
        var roles = new RolePlanner(source, target, choices).Plan();
        var missing = new MissingParts(source, target, choices);
        var sorting = new StatementSort(source, target, roles.Map, missing, choices);
        var sort = sorting.Run(statements);
        var settings = new SettingsPlanner(source, target, roles.Map, choices).Plan();
        var (carriage, carried) = CarriagePlanner.Plan(source, target, roles, settings.Secrets, choices);
        var (fixes, fixed_) = IndexFunctions(source, target, missing.Left);
        return new()
        {
            Roles = roles.Map,
            Statements = LateChecks.Move(Fixed(sort.Statements, fixes), source.FunctionChecks),
            Before = roles.Steps,
            MadeRoles = roles.Made,
            After = settings.Steps,
            Carriage = carriage,
            Departures = sorting.Departures.Done([.. roles.Departures, .. settings.Departures, .. fixes.Keys.Select(f => new Departure("function", $"{SqlName.Quote(f.Item1)}.{f.Item2[..f.Item2.IndexOf('(', StringComparison.Ordinal)]}(*)", "it gets the search_path that it had on the source", "setting search_path"))], choices),
            LeftSchemas = missing.Left,
            DefinitionPath = SearchPaths.OfDefinitions(source),
            DataPath = SearchPaths.OfData(source),
            Findings = [.. Recognised(source), .. Hidden(source, missing.Left), .. roles.Findings, .. sort.Findings, .. fixed_, .. settings.Findings, .. carried, .. Platform.Findings(source, missing.Left, choices)],
        };
    }

    /// <summary>For a plan without a target: a superuser's empty database that has the source's extensions, but for the platform's own.</summary>
    public static SupabaseFacts AnyTarget(SupabaseFacts source) => new()
    {
        Server = source.Server with { VersionNumber = Math.Max(source.Server.VersionNumber, 180000), Role = "postgres", IsSuperuser = true, BypassesRls = true, CanCreateRoles = true, CanReplicate = true, CanCreateDatabases = true, CronDatabase = null },
        Roles = [new("postgres") { Superuser = true, BypassRls = true, Login = true }],
        Extensions = [.. source.Extensions.Where(e => !source.IsSupabase || !PlatformNames.ServiceExtensions.Contains(e.Name)).Select(e => e with { Schema = null })],
        Parameters = source.Parameters,
        DatabaseGrants = source.DatabaseGrants.Where(g => g.Role.Length == 0).ToImmutableArray(),
        Schemas = [new("public", "pg_database_owner", null, true)],
    };

    private static IEnumerable<Finding> Recognised(SupabaseFacts source)
    {
        if (source.IsSupabase)
            yield return new("supabase-recognised", Severity.Info, "source", "Roles and schemas say that this is a Supabase project: auth and storage move as plain tables, the other services stay behind.", "--supabase off treats it as any PostgreSQL server.");
    }

    /// <summary>Such a role reads no error, only fewer rows: none is begun with.</summary>
    private static IEnumerable<Finding> Hidden(SupabaseFacts source, ImmutableHashSet<string> left)
    {
        var tables = source.HiddenTables.Where(t => !left.Contains(t.Schema)).ToList();
        var unseen = tables.Where(t => t.RowSecurity && t.Readable).Select(t => $"{t.Schema}.{t.Name}").ToList();
        if (unseen.Count > 0)
            yield return new("source-row-security", Severity.Block, "role " + source.Server.Role, $"Row-level security hides rows of {List(unseen)} from {source.Server.Role}: they would be missing on the target, without an error.",
                $"Connect to the source as a role with BYPASSRLS (postgres on Supabase), or as a superuser of the source: ALTER ROLE {SqlName.Quote(source.Server.Role)} BYPASSRLS;");
    }

    /// <summary>
    /// From version 17 on, indexes are built and materialized views filled with a search_path of pg_catalog alone: functions that they call and that look up
    /// names otherwise fail there. They get the path that they had.
    /// </summary>
    private static (Dictionary<(string, string), string> Fixes, List<Finding> Findings) IndexFunctions(SupabaseFacts source, SupabaseFacts target, ImmutableHashSet<string> left)
    {
        var fixes = new Dictionary<(string, string), string>();
        var findings = new List<Finding>();
        if (target.Server.Major < 17 || source.Server.Major >= 17) return (fixes, findings);
        var path = SettingText.List(SearchPaths.OfData(source));
        foreach (var group in source.IndexFunctions.Where(f => !left.Contains(f.Schema)).GroupBy(f => (f.Schema, f.Name, f.IdentityArguments)))
        {
            var (schema, name, arguments) = group.Key;
            fixes[(schema, $"{name}({arguments})")] = $"ALTER FUNCTION {new SqlName(schema, name)}({arguments}) SET search_path = {path};\n";
            findings.Add(new("function-search-path", Severity.Info, $"function {schema}.{name}", $"{string.Join(", ", group.Select(f => f.User).Distinct())} call it. PostgreSQL {target.Server.Major} runs it there with pg_catalog alone as its search_path; it gets the path that it had on the source."));
        }
        return (fixes, findings);
    }

    // pg_dump's tag has the types of the arguments and no names; what has the same name and no overload is the same.
    private static ImmutableArray<SchemaStatement> Fixed(ImmutableArray<SchemaStatement> statements, Dictionary<(string Schema, string Tag), string> fixes)
    {
        if (fixes.Count == 0) return statements;
        return [.. statements.Select(s => s.Kind == "FUNCTION" && fixes.Where(f => f.Key.Schema == s.Schema && s.Name.StartsWith(f.Key.Tag[..(f.Key.Tag.IndexOf('(', StringComparison.Ordinal) + 1)], StringComparison.Ordinal))
            .Select(f => f.Value).Where(sql => !sql.Contains(" OUT ", StringComparison.Ordinal)).ToList() is { Count: 1 } one ? s with { Sql = s.Sql.TrimEnd() + "\n" + one[0], Rewritten = "keeps the search_path that it had where indexes and materialized views call it" } : s)];
    }

    internal static string List(IReadOnlyCollection<string> names) => string.Join(", ", names.Take(8)) + (names.Count > 8 ? $" and {names.Count - 8} more" : "");
}
