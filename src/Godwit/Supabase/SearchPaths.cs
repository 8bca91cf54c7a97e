using System.Collections.Immutable;

namespace Godwit.Supabase;

/// <summary>Which schemas a name without one is looked for in.</summary>
public static class SearchPaths
{
    /// <summary>
    /// As the application's sessions have it on the source: the database's setting, else the one for all roles, else on Supabase the admin role's. Schemas of
    /// extensions that Supabase keeps in "extensions" are in it. Empty: nothing but PostgreSQL's default.
    /// </summary>
    public static ImmutableArray<string> OfApplication(SupabaseFacts source)
    {
        var setting = source.Settings.FirstOrDefault(s => s is { Role: "", ThisDatabase: true, Name: "search_path" })
            ?? source.Settings.FirstOrDefault(s => s is { Role: "", ThisDatabase: false, Name: "search_path" })
            ?? (source.IsSupabase ? source.Settings.FirstOrDefault(s => s.Role == source.PlatformAdmin && s.Name == "search_path") : null);
        var path = setting is null ? [] : SettingText.Split(setting.Value);
        if (!source.IsSupabase) return path;
        if (path.IsEmpty) path = ["$user", "public"];
        return source.HasSchema(PlatformNames.ExtensionSchema) && !path.Contains(PlatformNames.ExtensionSchema) ? path.Add(PlatformNames.ExtensionSchema) : path;
    }

    /// <summary>
    /// For the sessions that create views, policies, triggers and checks from pg_dump's text. There every name but PostgreSQL's own is qualified; what cannot be
    /// (the = inside NULLIF, CASE x WHEN, IS DISTINCT FROM, JOIN USING) is found through this. PostgreSQL's own come first, by being implied.
    /// </summary>
    public static ImmutableArray<string> OfDefinitions(SupabaseFacts source) =>
        [.. source.Extensions.Where(e => e.Installed && e.Schema != "pg_catalog" && !PlatformNames.LeftSchemas.Contains(e.Schema!)).Select(e => e.Schema!).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// For the sessions that load rows, build indexes and fill materialized views: functions that these call look names up as they did on the source.
    /// </summary>
    public static ImmutableArray<string> OfData(SupabaseFacts source)
    {
        var path = OfApplication(source).Remove("$user");
        if (path.IsEmpty) path = ["public"];
        return [.. path, .. OfDefinitions(source).Where(s => !path.Contains(s))];
    }

    /// <summary>As SET search_path = takes it.</summary>
    public static string List(ImmutableArray<string> path) => SettingText.List(path);
}
