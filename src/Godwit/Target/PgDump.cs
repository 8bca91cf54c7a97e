using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Godwit.Target;

/// <summary>
/// Finds and runs pg_dump. It reads servers of its own major version and older ones, never newer: of those that can, the lowest is taken, because
/// what it writes is understood by every later server.
/// </summary>
public sealed partial record PgDump(string Program, int Major)
{
    /// <summary>Throws "pg-dump-missing", which names the package.</summary>
    public static async Task<PgDump> FindAsync(Func<string, string?> environment, int serverMajor, CancellationToken ct)
    {
        var found = await AllAsync(environment, ct);
        if (found.Where(p => p.Major >= serverMajor).MinBy(p => p.Major) is { } right) return right;
        var have = found.Count == 0 ? "none was found" : $"found only {string.Join(", ", found.Select(p => $"{p.Major} ({p.Program})"))}";
        throw new GodwitException(ErrorKind.Blocked, "pg-dump-missing", $"The server whose schema is read runs PostgreSQL {serverMajor}. That takes pg_dump {serverMajor} or later, and {have}.",
            Package(serverMajor) + ", or set GODWIT_PG_DUMP to the program.");
    }

    /// <summary>Every pg_dump that is looked for, of any version.</summary>
    internal static async Task<List<PgDump>> AllAsync(Func<string, string?> environment, CancellationToken ct)
    {
        var found = new List<PgDump>();
        foreach (var program in Candidates(environment).Distinct(StringComparer.Ordinal))
        {
            var version = await Tool.RunAsync([program, "--version"], "/", ct);
            if (version.ExitCode == 0 && VersionPattern().Match(version.Output) is { Success: true } match)
                found.Add(new(program, int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)));
        }
        return found;
    }

    /// <summary>A distribution has one version of its own; the others come from the project's packages.</summary>
    private static string Package(int major) =>
        OperatingSystem.IsMacOS() ? "brew install libpq"
        : File.Exists("/usr/bin/dnf") ? $"sudo dnf install postgresql{major} (from yum.postgresql.org)"
        : $"sudo apt-get install postgresql-client-{major}; where there is none, first sudo apt-get install postgresql-common and sudo /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh";

    private static IEnumerable<string> Candidates(Func<string, string?> environment)
    {
        if (environment("GODWIT_PG_DUMP") is { Length: > 0 } named) return [named];
        var folders = ServerBinaries.Folders(environment, d => File.Exists(Path.Combine(d, "pg_dump")));
        if (environment("GODWIT_PG_BIN") is { Length: > 0 } bin && File.Exists(Path.Combine(bin, "pg_dump"))) folders = folders.Prepend(bin);
        return folders.Select(d => Path.Combine(d, "pg_dump"));
    }

    /// <summary>The schema of a database as it is now, in the custom format.</summary>
    public static async Task<byte[]> SchemaOfAsync(ConnectionSettings settings, Func<string, string?> environment, CancellationToken ct)
    {
        await using var target = await TargetDatabase.OpenAsync(settings, 1, ct);
        await using var connection = await target.ConnectAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        await using var export = new Npgsql.NpgsqlCommand("select pg_catalog.pg_export_snapshot()", connection);
        return await (await FindAsync(environment, target.Profile.Major, ct)).SchemaAsync(settings, (string)(await export.ExecuteScalarAsync(ct))!, ct);
    }

    /// <summary>The schema in the custom format, as of an exported snapshot. The password goes by the environment, which only this user can read.</summary>
    public async Task<byte[]> SchemaAsync(ConnectionSettings settings, string snapshot, CancellationToken ct)
    {
        var start = new ProcessStartInfo(Program) { WorkingDirectory = "/", RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["--format=custom", "--compress=0", "--schema-only", $"--snapshot={snapshot}", "--exclude-schema=godwit", "--exclude-schema=godwit_load", "--lock-wait-timeout=60s", "--no-password"])
            start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToArray()) start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C";
        foreach (var value in settings.Values)
            if (Variables.GetValueOrDefault(value.Name) is { } variable) start.Environment[variable] = value.Value;
        // pg_dump lifts time limits itself; a pooler may not know the parameter that PGOPTIONS becomes.
        if (settings.Get("options") is { } options) start.Environment["PGOPTIONS"] = options;
        start.Environment["PGAPPNAME"] = "godwit";
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new GodwitException(ErrorKind.Blocked, "pg-dump-missing", $"{Program} cannot be run: {e.Message}", "Install PostgreSQL's client programs, or set GODWIT_PG_DUMP to pg_dump.", e);
        }
        process.StandardInput.Close();
        using var output = new MemoryStream();
        var copied = process.StandardOutput.BaseStream.CopyToAsync(output, ct);
        var error = process.StandardError.ReadToEndAsync(ct);
        try
        {
            await process.WaitForExitAsync(ct);
            await copied;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        var said = new ToolResult(process.ExitCode, "", await error);
        if (said.ExitCode != 0)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "pg-dump-failed", $"pg_dump {Major} could not read the schema: {said.Error.Trim()}",
                "The role needs USAGE on every schema and SELECT on every table: GRANT pg_read_all_data TO role.");
        }
        return output.ToArray();
    }

    // PostgreSQL documentation, 34.15: those that libpq reads from the environment.
    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["host"] = "PGHOST", ["hostaddr"] = "PGHOSTADDR", ["port"] = "PGPORT", ["dbname"] = "PGDATABASE", ["user"] = "PGUSER", ["password"] = "PGPASSWORD", ["sslmode"] = "PGSSLMODE",
        ["sslrootcert"] = "PGSSLROOTCERT", ["sslcert"] = "PGSSLCERT", ["sslkey"] = "PGSSLKEY", ["channel_binding"] = "PGCHANNELBINDING", ["gssencmode"] = "PGGSSENCMODE",
        ["krbsrvname"] = "PGKRBSRVNAME", ["connect_timeout"] = "PGCONNECT_TIMEOUT", ["sslcrl"] = "PGSSLCRL",
    };

    [GeneratedRegex(@"pg_dump \(.*?\) (\d+)")]
    private static partial Regex VersionPattern();
}
