using System.Reflection;
using System.Text.RegularExpressions;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

/// <summary>
/// Gives an empty database the shape of a hosted Supabase project: its roles, its schemas with their tables and functions, default privileges,
/// event triggers, settings, publication. By SQL of our own, on a plain PostgreSQL 14 or later; needs a superuser.
/// </summary>
public static partial class SupabasePlatform
{
    private const string UsualAdmin = "postgres";
    private const string OtherAdmin = "project_admin";

    // What a session of the project's admin starts with. This one began before the database had the setting.
    private const string SessionStart = "RESET ROLE; SET LOCAL search_path = \"$user\", public, extensions";

    /// <summary>All or nothing, in one transaction. Returns the names that it used; <see cref="PlatformOptions.Admin"/> is never null there.</summary>
    public static async Task<PlatformOptions> BuildAsync(NpgsqlConnection superuser, PlatformOptions options, CancellationToken ct)
    {
        if (options.Admin is null) options = options with { Admin = options.RolePrefix + (await IsSuperuserAsync(superuser, options.RolePrefix + UsualAdmin, ct) ? OtherAdmin : UsualAdmin) };
        await using var transaction = await superuser.BeginTransactionAsync(ct);
        foreach (var topic in Topics("Platform/")) await RunAsync(superuser, topic, options, ct);
        await transaction.CommitAsync(ct);
        return options;
    }

    /// <summary>Embedded statements below a folder, in the order of their numbers.</summary>
    internal static IReadOnlyList<string> Topics(string folder) =>
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(n => n.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>Runs one topic inside the caller's transaction; the role and settings that it took end with the topic.</summary>
    internal static async Task RunAsync(NpgsqlConnection connection, string topic, PlatformOptions options, CancellationToken ct)
    {
        try
        {
            await using (var begin = new NpgsqlCommand(SessionStart, connection)) await begin.ExecuteNonQueryAsync(ct);
            await using (var command = new NpgsqlCommand(WithNames(Read(topic), options), connection) { CommandTimeout = 0 }) await command.ExecuteNonQueryAsync(ct);
            await using (var end = new NpgsqlCommand(SessionStart, connection)) await end.ExecuteNonQueryAsync(ct);
        }
        catch (PostgresException e)
        {
            throw new InvalidOperationException($"{topic}: {e.MessageText} ({e.SqlState})", e);
        }
    }

    private static string Read(string topic)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(topic)!);
        return reader.ReadToEnd();
    }

    private static string WithNames(string sql, PlatformOptions options)
    {
        if (options.RolePrefix.Length > 0) sql = RoleName().Replace(sql, options.RolePrefix + "$0");
        return sql.Replace("{admin}", options.Admin, StringComparison.Ordinal)
            .Replace("{password}", options.Password, StringComparison.Ordinal)
            .Replace("{preload}", options.PreloadLibraries ? "supautils, safeupdate" : "", StringComparison.Ordinal);
    }

    private static async Task<bool> IsSuperuserAsync(NpgsqlConnection connection, string role, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = $1", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = role });
        return await command.ExecuteScalarAsync(ct) is true;
    }

    [GeneratedRegex(@"(?<![\w.]|SCHEMA )(?:anon|authenticated|service_role|authenticator|dashboard_user|pgbouncer|supabase_\w+_admin|supabase_admin|supabase_read_only_user|pgsodium_\w+)(?![\w.])")]
    private static partial Regex RoleName();
}
