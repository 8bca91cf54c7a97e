using System.Globalization;
using System.Text.RegularExpressions;

namespace Godwit.Target;

/// <summary>A folder with initdb, pg_ctl and postgres of one major version.</summary>
internal sealed partial record ServerBinaries(string Folder, int Major)
{
    private static readonly string[] Programs = ["initdb", "pg_ctl", "postgres"];

    // Debian and Ubuntu, Red Hat and Fedora (PGDG), Homebrew on both kinds of Mac, Postgres.app; * is a version.
    private static readonly string[] UsualFolders =
    [
        "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin", "/usr/lib64/pgsql*/bin", "/usr/libexec/postgresql*",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
    ];

    internal string Program(string name) => Path.Combine(Folder, name);

    /// <summary>
    /// The newest found, or the newest of <paramref name="major"/>. GODWIT_PG_BIN stands alone: with it, nothing else is looked at.
    /// Null where there is none.
    /// </summary>
    internal static async Task<ServerBinaries?> FindAsync(Func<string, string?> environment, int? major, CancellationToken ct)
    {
        if (environment("GODWIT_PG_BIN") is { Length: > 0 } named)
            return await ReadAsync(Path.GetFullPath(named), ct)
                ?? throw new GodwitException(ErrorKind.Usage, "postgres-not-found", $"GODWIT_PG_BIN names {named}, which has no working initdb, pg_ctl and postgres.", "name the folder that holds them, or unset it");
        var found = new List<ServerBinaries>();
        foreach (var folder in Candidates(environment).Distinct(StringComparer.Ordinal))
            if (await ReadAsync(folder, ct) is { Major: >= TargetDatabase.OldestMajor } binaries && (major is null || binaries.Major == major))
                found.Add(binaries);
        return found.MaxBy(b => b.Major);
    }

    internal static async Task<ServerBinaries> FindOrInstallAsync(LocalServerOptions options, CancellationToken ct)
    {
        if (await FindAsync(options.Environment, null, ct) is { } found) return found;
        if (options.MayInstall && ServerAccount.IsRoot && Tool.FindOnPath("apt-get", options.Environment) is { } apt)
        {
            await InstallAsync(apt, options.Progress, ct);
            if (await FindAsync(options.Environment, null, ct) is { } installed) return installed;
        }
        throw new GodwitException(ErrorKind.Blocked, "postgres-not-found", "No PostgreSQL server (initdb, pg_ctl, postgres; version 14 or later) is installed here.",
            OperatingSystem.IsMacOS() ? "brew install postgresql@17" : "sudo apt-get install postgresql, or set GODWIT_PG_BIN to the folder of another installation's programs");
    }

    private static IEnumerable<string> Candidates(Func<string, string?> environment) => Folders(environment, HasPrograms);

    /// <summary>Folders on the PATH and in the usual places that <paramref name="has"/> what is looked for.</summary>
    internal static IEnumerable<string> Folders(Func<string, string?> environment, Func<string, bool> has)
    {
        foreach (var directory in (environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            if (has(directory)) yield return directory;
        foreach (var pattern in UsualFolders)
        {
            var star = pattern.IndexOf('*', StringComparison.Ordinal);
            var parent = pattern[..pattern.LastIndexOf('/', star)];
            var name = pattern[(parent.Length + 1)..];
            var rest = name.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? name[(slash + 1)..] : "";
            if (!Directory.Exists(parent)) continue;
            foreach (var version in Directory.EnumerateDirectories(parent, rest.Length > 0 ? name[..^(rest.Length + 1)] : name))
                if (has(Path.Combine(version, rest))) yield return Path.Combine(version, rest);
        }
    }

    private static bool HasPrograms(string folder) => Array.TrueForAll(Programs, p => File.Exists(Path.Combine(folder, p)));

    private static async Task<ServerBinaries?> ReadAsync(string folder, CancellationToken ct)
    {
        if (!HasPrograms(folder)) return null;
        var version = await Tool.RunAsync([Path.Combine(folder, "postgres"), "--version"], "/", ct);
        return version.ExitCode == 0 && VersionPattern().Match(version.Output) is { Success: true } match
            ? new ServerBinaries(folder, int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
            : null;
    }

    // The package would make and start a cluster of the system's own, which nobody asked for; a setting of postgresql-common prevents it.
    private static async Task InstallAsync(string apt, IProgress<string>? progress, CancellationToken ct)
    {
        const string folder = "/etc/postgresql-common/createcluster.d";
        var file = Path.Combine(folder, "godwit.conf");
        var (madeParent, madeFolder) = (!Directory.Exists("/etc/postgresql-common"), !Directory.Exists(folder));
        progress?.Report("No PostgreSQL found: installing the distribution's package (apt-get install postgresql), without a system cluster");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(file, "create_main_cluster = false\n", ct);
        try
        {
            var install = await AptAsync("install", "-y", "--no-install-recommends", "postgresql");
            if (install.ExitCode != 0)
            {
                progress?.Report("Reading the package lists first (apt-get update)");
                await AptAsync("update");
                install = await AptAsync("install", "-y", "--no-install-recommends", "postgresql");
            }
            if (install.ExitCode != 0)
                throw new GodwitException(ErrorKind.Blocked, "postgres-not-found", $"PostgreSQL's package could not be installed: {install.LastLine}", "sudo apt-get update && sudo apt-get install postgresql");
        }
        finally
        {
            File.Delete(file);
            if (madeFolder && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
            if (madeParent && Directory.Exists("/etc/postgresql-common") && !Directory.EnumerateFileSystemEntries("/etc/postgresql-common").Any()) Directory.Delete("/etc/postgresql-common");
        }

        Task<ToolResult> AptAsync(params string[] arguments) => Tool.RunAsync([apt, "-q", .. arguments], "/", ct, ("DEBIAN_FRONTEND", "noninteractive"));
    }

    [GeneratedRegex(@"\s(\d+)(\.|devel|beta|rc)")]
    private static partial Regex VersionPattern();
}
