using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Target;

/// <summary>
/// Restores a dump into a private server of its own, made for it in the folder for temporary files and destroyed when this is disposed. Roles that
/// the dump names are made there, unable to sign in. Statements that the private server refuses (an extension that is not installed here) are
/// findings; rows that cannot be read are an error.
/// </summary>
public sealed class DumpRestore : IAsyncDisposable
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
        var roles = dump.Format == DumpFormat.Plain ? await dump.CheckPlainAsync(ct) : [.. DumpFile.RolesOf(await SchemaAsync(program, dump, ct))];
        var folder = Directory.CreateTempSubdirectory("godwit-dump-");
        // The server's account has to pass where root runs this.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        var restore = new DumpRestore(LocalServer.For("dump", new() { Environment = environment, Root = folder.FullName, Durable = false }), folder);
        try
        {
            await restore._server.StartAsync(ct);
            await restore._server.EnsureDatabaseAsync(Database, fresh: true, ct);
            await restore.MakeRolesAsync(roles, ct);
            await restore.LoadAsync(program, dump, ct);
            return restore;
        }
        catch
        {
            await restore.DisposeAsync();
            throw;
        }
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

    private async Task LoadAsync(string program, DumpFile dump, CancellationToken ct)
    {
        var settings = Settings;
        (string, string)[] variables = [("PGHOST", settings.Host), ("PGPORT", $"{settings.Port}"), ("PGUSER", settings.User), ("PGPASSWORD", settings.Password ?? ""), ("PGDATABASE", Database), ("PGSSLMODE", "disable"), ("PGCLIENTENCODING", "UTF8")];
        string[] command = dump.Format == DumpFormat.Plain
            ? [program, "--no-psqlrc", "--quiet", "--no-password", "--file", dump.Path]
            : [program, "--no-password", "--dbname", Database, dump.Path];
        var said = await Tool.RunAsync(command, "/", ct, variables);
        var findings = ImmutableArray.CreateBuilder<Finding>();
        foreach (var line in said.Error.Split('\n'))
        {
            // Rows that are not there are a loss; a statement that is refused is told.
            if (line.Contains("error: COPY failed", StringComparison.Ordinal) || line.Contains("CONTEXT:  COPY ", StringComparison.Ordinal)) throw DumpFile.Damaged(dump.Path, "rows cannot be loaded: " + said.Error.Split('\n').First(l => l.Contains("error", StringComparison.OrdinalIgnoreCase)).Trim());
            if (line.Contains("error: could not execute query: ERROR:", StringComparison.Ordinal) || line.StartsWith("psql:", StringComparison.Ordinal) && line.Contains("ERROR:", StringComparison.Ordinal))
                findings.Add(new("dump-statement-refused", Severity.Warning, Path.GetFileName(dump.Path), $"A statement of the dump was refused by the private server and is left out: {line[(line.IndexOf("ERROR:", StringComparison.Ordinal) + 6)..].Trim()}", "Where an extension is missing, install it on this machine and run again."));
            else if (line.StartsWith("pg_restore: error:", StringComparison.Ordinal) || line.StartsWith("psql: error:", StringComparison.Ordinal)) throw DumpFile.Damaged(dump.Path, line[(line.IndexOf("error:", StringComparison.Ordinal) + 6)..].Trim());
        }
        if (said.ExitCode != 0 && findings.Count == 0) throw DumpFile.Damaged(dump.Path, said.LastLine);
        Findings = findings.ToImmutable();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DestroyAsync(CancellationToken.None);
        if (_folder.Exists) _folder.Delete(recursive: true);
    }
}
