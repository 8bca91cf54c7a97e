using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Target;

/// <summary>
/// Restores a dump into a private server of its own, made for it in the folder for temporary files and destroyed when this is disposed. Roles that
/// the dump names are made there, unable to sign in. Statements that the private server refuses (an extension that is not installed here) are
/// findings; rows that cannot be read are an error. psql runs none of a dump's own commands; its SQL runs with all rights of the private server, which are
/// those of the account that the server runs under: only a dump that is trusted belongs here.
/// </summary>
public sealed partial class DumpRestore : IAsyncDisposable
{
    private const string Database = "restored";

    private readonly LocalServer _server;
    private readonly DirectoryInfo _folder;

    private DumpRestore(LocalServer server, DirectoryInfo folder) => (_server, _folder) = (server, folder);

    public ConnectionSettings Settings => _server.Settings(Database);
    public ImmutableArray<Finding> Findings { get; private set; } = [];

    public static Task<DumpRestore> RunAsync(string path, Func<string, string?> environment, CancellationToken ct) => RunAsync(DumpFile.Open(Path.GetFullPath(path)), environment, ct);

    /// <summary>The schema that a file of SQL, an archive of pg_dump or a database has: <paramref name="from"/> is a path or a connection string.</summary>
    public static async Task<DumpRestore> SchemaAsync(string from, Func<string, string?> environment, CancellationToken ct)
    {
        if (File.Exists(from) || Directory.Exists(from) || !ConnectionSettings.IsPostgres(from)) return await RunAsync(DumpFile.OpenSchema(Path.GetFullPath(from)), environment, ct);
        var settings = ConnectionSettings.Parse(from, environment);
        var folder = Directory.CreateTempSubdirectory("godwit-schema-");
        try
        {
            var file = Path.Combine(folder.FullName, "schema.dump");
            await File.WriteAllBytesAsync(file, await PgDump.SchemaOfAsync(settings, environment, ct), ct);
            return await RunAsync(file, environment, ct);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<DumpRestore> RunAsync(DumpFile dump, Func<string, string?> environment, CancellationToken ct)
    {
        var program = Program(dump, environment);
        var server = await ServerEnvironmentAsync(environment, ct);
        if (dump.Format == DumpFormat.Plain) await RequireRestrictAsync(program, ct);
        var (roles, commands) = dump.Format == DumpFormat.Plain ? await dump.CheckPlainAsync(ct) : ([.. DumpFile.RolesOf(await SchemaAsync(program, dump, ct))], new HashSet<long>());
        var folder = Directory.CreateTempSubdirectory("godwit-dump-");
        // The server's account has to pass where root runs this.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        var restore = new DumpRestore(LocalServer.For("dump", new() { Environment = server, Root = folder.FullName, Durable = false }), folder);
        try
        {
            await restore._server.StartAsync(ct);
            await restore._server.EnsureDatabaseAsync(Database, fresh: true, ct);
            await restore.MakeRolesAsync(roles, ct);
            await restore.LoadAsync(program, dump, commands, ct);
            return restore;
        }
        catch
        {
            await restore.DisposeAsync();
            throw;
        }
    }

    /// <summary>What is restored is read back by pg_dump, which reads no newer server: where GODWIT_PG_BIN names a newer one, another that is installed serves as well.</summary>
    internal static async Task<Func<string, string?>> ServerEnvironmentAsync(Func<string, string?> environment, CancellationToken ct)
    {
        if (environment("GODWIT_PG_BIN") is not { Length: > 0 } named || await ServerBinaries.FindAsync(environment, null, ct) is not { } server) return environment;
        var readers = await PgDump.AllAsync(environment, ct);
        if (readers.Exists(p => p.Major >= server.Major)) return environment;
        string? Without(string name) => name == "GODWIT_PG_BIN" ? null : environment(name);
        for (var major = readers.Select(p => p.Major).DefaultIfEmpty(0).Max(); major >= TargetDatabase.OldestMajor; major--)
            if (await ServerBinaries.FindAsync(Without, major, ct) is { } other) return name => name == "GODWIT_PG_BIN" ? other.Folder : environment(name);
        throw new GodwitException(ErrorKind.Blocked, "pg-dump-missing",
            $"A dump or an export is restored into a private server, which would be PostgreSQL {server.Major} (GODWIT_PG_BIN names {named}), and read from there by pg_dump {server.Major} or later. {(readers.Count == 0 ? "None was found" : $"Found only {string.Join(", ", readers.Select(p => $"{p.Major} ({p.Program})"))}")}.",
            $"Install the client programs of PostgreSQL {server.Major}, or unset GODWIT_PG_BIN and install the server of the version that pg_dump has.");
    }

    private static string Program(DumpFile dump, Func<string, string?> environment)
    {
        var name = dump.Format == DumpFormat.Plain ? "psql" : "pg_restore";
        // The newest of them reads the dumps of all before it.
        return ServerBinaries.Folders(environment, d => File.Exists(Path.Combine(d, name))).Select(d => Path.Combine(d, name)).OrderByDescending(p => p.Contains("/postgresql/", StringComparison.Ordinal)).ThenByDescending(p => p, StringComparer.Ordinal).FirstOrDefault()
            ?? throw new GodwitException(ErrorKind.Blocked, "pg-restore-missing", $"A dump is read by {name}, which is not installed here.", OperatingSystem.IsMacOS() ? "brew install libpq" : "sudo apt-get install postgresql-client");
    }

    private static async Task<string> SchemaAsync(string program, DumpFile dump, CancellationToken ct)
    {
        var said = await Tool.RunAsync([program, "--schema-only", "--file=-", dump.Path], "/", ct);
        if (said.ExitCode == 0) return said.Output;
        if (said.Error.Contains("unsupported version", StringComparison.Ordinal))
            throw new GodwitException(ErrorKind.Blocked, "dump-too-new", $"{dump.Path} was written by a newer pg_dump than {program} can read.", "Install PostgreSQL's client programs of that version or later.");
        throw DumpFile.Damaged(dump.Path, said.LastLine);
    }

    private async Task MakeRolesAsync(IEnumerable<string> roles, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(Settings.ToBuilder().ConnectionString + ";Pooling=false");
        await connection.OpenAsync(ct);
        foreach (var role in roles)
        {
            await using var command = new NpgsqlCommand($"CREATE ROLE {SqlName.AlwaysQuote(role)} NOLOGIN", connection);
            await command.ExecuteNonQueryAsync(ct);
        }
    }

    /// <summary>psql takes commands of its own anywhere in a file, \! among them; \restrict, of August 2025, turns them off.</summary>
    private static async Task RequireRestrictAsync(string program, CancellationToken ct)
    {
        if (!(await Tool.RunAsync([program, "--help=commands"], "/", ct)).Output.Contains("\\restrict", StringComparison.Ordinal))
            throw new GodwitException(ErrorKind.Blocked, "psql-unrestricted", $"{program} would run programs of this machine that a plain dump names: it does not know \\restrict.", "Update PostgreSQL's client programs (14.19, 15.14, 16.10, 17.6 or later), or dump with -Fc.");
    }

    private async Task LoadAsync(string program, DumpFile dump, IReadOnlySet<long> commands, CancellationToken ct)
    {
        var settings = Settings;
        (string, string)[] variables = [("PGHOST", settings.Host), ("PGPORT", $"{settings.Port}"), ("PGUSER", settings.User), ("PGPASSWORD", settings.Password ?? ""), ("PGDATABASE", Database), ("PGSSLMODE", "disable"), ("PGCLIENTENCODING", "UTF8")];
        string[] command = dump.Format == DumpFormat.Plain
            ? [program, "--no-psqlrc", "--quiet", "--no-password", "--echo-errors", "--command", "\\restrict " + RandomNumberGenerator.GetHexString(32), "--file", dump.Path]
            : [program, "--no-password", "--dbname", Database, dump.Path];
        var said = await Tool.RunAsync(command, "/", ct, variables);
        var findings = ImmutableArray.CreateBuilder<Finding>();
        var missing = "";
        foreach (var line in said.Error.Split('\n'))
        {
            if (Unfound().Match(line) is { Success: true } unfound) missing = unfound.Value;
            // Rows that are not there are a loss; another statement that is refused is told.
            if (Loss().Match(line) is { Success: true } loss) throw Lost(dump, loss, findings, missing);
            if (line.StartsWith("pg_restore: error: could not execute query: ERROR:", StringComparison.Ordinal) || line.StartsWith("psql:", StringComparison.Ordinal) && line.Contains(": ERROR:", StringComparison.Ordinal))
                findings.Add(new("dump-statement-refused", Severity.Warning, Path.GetFileName(dump.Path), $"A statement of the dump was refused by the private server and is left out: {line[(line.IndexOf("ERROR:", StringComparison.Ordinal) + 6)..].Trim()}", "Where an extension is missing, install it on this machine and run again."));
            else if (Command().Match(line) is { Success: true } at)
            {
                var number = long.Parse(at.Groups["line"].ValueSpan, CultureInfo.InvariantCulture);
                if (!commands.Contains(number)) throw dump.Unsafe(number, "is a command to psql");
            }
            else if (line.StartsWith("pg_restore: error:", StringComparison.Ordinal) || line.StartsWith("psql: error:", StringComparison.Ordinal)) throw DumpFile.Damaged(dump.Path, line[(line.IndexOf("error:", StringComparison.Ordinal) + 6)..].Trim());
        }
        if (said.ExitCode != 0 && findings.Count == 0) throw DumpFile.Damaged(dump.Path, said.LastLine);
        Findings = findings.ToImmutable();
    }

    /// <summary>The server's words may hold a value of the row: the relation is named, and what was refused before, of which this may come.</summary>
    private static GodwitException Lost(DumpFile dump, Match loss, ImmutableArray<Finding>.Builder refused, string missing)
    {
        // Nothing of a row: it is what a check, a generated column or an index calls.
        if (missing.Length > 0 && refused.Count <= 1)
            return new(ErrorKind.SourceFatal, "dump-damaged", $"Rows of {loss.Groups["relation"].Value} in {dump.Path} cannot be loaded: {missing}. A dump is restored with an empty search_path, under which functions of the database do not find it.",
                "Name its schema in the functions of the source, or ALTER FUNCTION ... SET search_path there, and take the dump again; or migrate from the server itself, where it is found. Nothing was migrated.");
        var place = loss.Groups["row"].Success ? $", from row {loss.Groups["row"].Value} on" : "";
        var before = refused.Count > 1 ? $" Refused before: {refused[0].Problem[(refused[0].Problem.IndexOf(": ", StringComparison.Ordinal) + 2)..]}." : "";
        return new(ErrorKind.SourceFatal, "dump-damaged", $"Rows of {loss.Groups["relation"].Value} in {dump.Path} cannot be loaded{place}.{before}", "Where an extension is missing, install it on this machine; else take the dump again, or copy the file again. Nothing was migrated.");
    }

    [GeneratedRegex("""^(?:(?:Command was:|psql:.*?: STATEMENT:)\s+(?:COPY|INSERT\s+INTO)\s+(?<relation>(?:"(?:[^"]|"")+"|[^\s".(]+)(?:\.(?:"(?:[^"]|"")+"|[^\s".(]+))?)|pg_restore: error: COPY failed for table (?<relation>".+?"): |CONTEXT:  COPY (?<relation>.+?), line (?<row>[0-9]+))""", RegexOptions.IgnoreCase)]
    private static partial Regex Loss();

    [GeneratedRegex("""(?<=: ERROR:  )(?:function|relation|type|operator) .* does not exist$""")]
    private static partial Regex Unfound();

    [GeneratedRegex(@"^psql:.*:(?<line>[0-9]+): error: (?:backslash commands are restricted|\\unrestrict: )")]
    private static partial Regex Command();

    public async ValueTask DisposeAsync()
    {
        await _server.DestroyAsync(CancellationToken.None);
        if (_folder.Exists) _folder.Delete(recursive: true);
    }
}
