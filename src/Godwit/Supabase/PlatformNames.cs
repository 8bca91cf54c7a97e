using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Godwit.Supabase;

/// <summary>The names that the platform gives its own things. Which of them are in a database is read from the server.</summary>
internal static partial class PlatformNames
{
    /// <summary>Roles that requests run as. They are the application's too: its grants and policies name them.</summary>
    public static FrozenSet<string> ApiRoles { get; } = Set("anon", "authenticated", "service_role", "authenticator");

    private static readonly FrozenSet<string> ServiceRoles = Set(
        "postgres", "dashboard_user", "pgbouncer", "pgtle_admin", "cli_login_postgres");

    /// <summary>Schemas of the platform whose tables and rows move: the application joins them and its triggers stand on them.</summary>
    public static FrozenSet<string> MovedSchemas { get; } = Set("auth", "storage");

    /// <summary>Schemas of services that stay behind.</summary>
    public static FrozenSet<string> LeftSchemas { get; } = Set(
        "realtime", "_realtime", "graphql", "graphql_public", "net", "cron", "vault", "pgsodium", "pgsodium_masks", "supabase_functions", "pgbouncer", "_analytics", "_supavisor", "pgtle");

    /// <summary>Extensions that serve the platform, and are missing on most other servers.</summary>
    public static FrozenSet<string> ServiceExtensions { get; } = Set("pg_graphql", "pg_net", "supabase_vault", "pgsodium", "pg_cron", "pgjwt", "pg_tle", "wrappers", "pg_stat_monitor", "pg_stat_statements", "hypopg", "index_advisor", "plpgsql_check");

    public const string ExtensionSchema = "extensions";
    public const string RealtimePublication = "supabase_realtime";

    /// <summary>Libraries that only the platform has. A login with one of them in its settings fails elsewhere.</summary>
    public static FrozenSet<string> Libraries { get; } = Set("supautils", "safeupdate", "$libdir/plugins/safeupdate");

    private static readonly FrozenSet<string> EventTriggers = Set(
        "issue_graphql_placeholder", "issue_pg_cron_access", "issue_pg_graphql_access", "issue_pg_net_access", "pgrst_ddl_watch", "pgrst_drop_watch");

    private static readonly FrozenSet<string> ExtensionSchemaFunctions = Set(
        "grant_pg_cron_access", "grant_pg_graphql_access", "grant_pg_net_access", "set_graphql_placeholder", "pgrst_ddl_watch", "pgrst_drop_watch");

    /// <summary>A role of the platform's services: nobody's application signs in as it.</summary>
    public static bool IsServiceRole(string name) => ServiceRoles.Contains(name) || name.StartsWith("supabase_", StringComparison.Ordinal) || name.StartsWith("pgsodium_", StringComparison.Ordinal);

    public static bool IsOwn(EventTriggerFact trigger) => trigger.FromExtension || EventTriggers.Contains(trigger.Name)
        || (trigger.FunctionSchema == ExtensionSchema && ExtensionSchemaFunctions.Contains(trigger.Function)) || LeftSchemas.Contains(trigger.FunctionSchema);

    public static bool IsOwnFunction(string schema, string name) => schema == ExtensionSchema && ExtensionSchemaFunctions.Contains(name);

    public static bool LooksSecret(string name) => Secret().IsMatch(name);

    /// <summary>Finds "schema.name" in the text of a function, quoted or not; for PostgreSQL's regular expressions.</summary>
    public static string MentionPattern(IEnumerable<string> schemas) => @"\m(" + string.Join('|', schemas.Select(Regex.Escape)) + @")""?\s*\.\s*""?([a-z_][a-z0-9_]*)";

    private static FrozenSet<string> Set(params string[] names) => names.ToFrozenSet(StringComparer.Ordinal);

    [GeneratedRegex("secret|passw|token|api_?key|private_?key|service_?key|credential", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();
}
