using System.Collections.Immutable;
using System.CommandLine;
using Godwit.Cli.Configuration;

namespace Godwit.Cli.Commands;

/// <summary>What is decided where the source is a PostgreSQL server. The command line stands above platform: of godwit.yaml.</summary>
internal static class PlatformFlags
{
    public static void Add(Command command)
    {
        command.Add(MigrationFlags.Choice("--supabase", Words.Supabase, "PostgreSQL source: whether it is a Supabase project; auto asks the server itself"));
        command.Add(MigrationFlags.Choice("--roles", Words.Roles, "PostgreSQL source: make the roles that the target lacks, or use only those that it has"));
        command.Add(MigrationFlags.Choice("--role-passwords", Words.RolePasswords, "PostgreSQL source: take password hashes of roles along, where they can be read"));
        command.Add(MigrationFlags.Choice("--owners", Words.Owners, "PostgreSQL source: keep owners, or give everything to the role that connects to the target"));
        command.Add(MigrationFlags.Choice("--missing-functions", Words.MissingFunctions, "Functions of services that stay behind: stand-ins that raise an error, that do nothing, or none and no triggers that call them"));
        command.Add(MigrationFlags.Choice("--cron", Words.Cron, "pg_cron's jobs: made and switched off, made and running, written to a file, or left"));
        command.Add(MigrationFlags.Choice("--vault", Words.Vault, "The vault's secrets: into the target's vault or else a protected file, always a file, or left"));
        command.Add(MigrationFlags.Choice("--event-triggers", Words.MoveOrOmit, "The application's event triggers"));
        command.Add(MigrationFlags.Choice("--publications", Words.Publications, "Publications, with or without supabase_realtime"));
        command.Add(MigrationFlags.Text("--search-path", "'a, b'|none", "search_path set on the target database (default: as on the source)"));
        command.Add(MigrationFlags.List("--move-schema", "NAME", "A schema of the platform that moves although its service stays behind; repeatable"));
        command.Add(MigrationFlags.List("--leave-schema", "NAME", "A schema that stays behind; repeatable"));
        command.Add(MigrationFlags.List("--leave-extension", "NAME", "An extension that is not made on the target; repeatable"));
        command.Add(MigrationFlags.Text("--storage-files", "DIR|URL", "Copy the files of Supabase storage from a folder or the Storage API (key: SUPABASE_SERVICE_ROLE_KEY)"));
        command.Add(MigrationFlags.Text("--storage-dir", "DIR", "Where these files go (default: godwit-storage)"));
        command.Add(MigrationFlags.Text("--secrets-dir", "DIR", "Where secrets and jobs are written that have no place on the target; only you can read them (default: godwit-secrets)"));
    }

    public static SupabaseChoices Resolve(Invocation invocation)
    {
        var c = invocation.Settings.Project.Platform ?? new SupabaseChoices();
        T Word<T>(string option, ImmutableArray<(string, T)> words, T otherwise) => invocation.Option<string>(option) is { } text && Words.TryParse(words, text, out var value) ? value : otherwise;
        ImmutableArray<string> List(string option, ImmutableArray<string> otherwise) => invocation.Option<string[]>(option) is { Length: > 0 } given ? [.. given] : otherwise;
        var (publications, realtime) = Word("--publications", Words.Publications, (c.Publications, c.RealtimePublication));
        return c with
        {
            Profile = Word("--supabase", Words.Supabase, c.Profile ?? (IsSaid(invocation) ? true : null)),
            CreateRoles = Word("--roles", Words.Roles, c.CreateRoles),
            RolePasswords = Word("--role-passwords", Words.RolePasswords, c.RolePasswords),
            KeepOwners = Word("--owners", Words.Owners, c.KeepOwners),
            MissingFunctions = Word("--missing-functions", Words.MissingFunctions, c.MissingFunctions),
            CronJobs = Word("--cron", Words.Cron, c.CronJobs),
            VaultSecrets = Word("--vault", Words.Vault, c.VaultSecrets),
            EventTriggers = Word("--event-triggers", Words.MoveOrOmit, c.EventTriggers),
            Publications = publications,
            RealtimePublication = realtime,
            SearchPath = invocation.Option<string>("--search-path") is { } path ? path == "none" ? "" : path : c.SearchPath,
            MoveSchemas = List("--move-schema", c.MoveSchemas),
            LeaveSchemas = List("--leave-schema", c.LeaveSchemas),
            LeaveExtensions = List("--leave-extension", c.LeaveExtensions),
            StorageFiles = invocation.Option<string>("--storage-files") ?? c.StorageFiles,
            StorageFolder = invocation.Option<string>("--storage-dir") ?? c.StorageFolder,
            SecretsFolder = invocation.Option<string>("--secrets-dir") ?? c.SecretsFolder,
        };
    }

    private static bool IsSaid(Invocation invocation) =>
        (invocation.Option<string>("SOURCE") ?? invocation.Settings.Source?.Value)?.StartsWith("supabase:", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>The project's service key, under the names that Supabase's own tools and documentation use.</summary>
    public static string? StorageKey(Invocation invocation) =>
        (invocation.Settings.Variable("SUPABASE_SERVICE_ROLE_KEY") ?? invocation.Settings.Variable("SUPABASE_SERVICE_KEY"))?.Value;
}
