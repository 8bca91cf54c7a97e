using System.Collections.Immutable;
using Godwit.Engines.Export;
using Godwit.Engines.Postgres;
using Godwit.Engines.Sqlite;
using Godwit.Source;
using Godwit.Supabase;
using Godwit.Target;

namespace Godwit;

/// <summary>Which engine opens which connection string. A static list: no reflection, one line an engine.</summary>
public static class EngineRegistry
{
    private sealed record Engine(string Scheme, Func<string, Func<string, string?>, CancellationToken, Task<ISource>> Open);

    private static readonly ImmutableArray<Engine> Engines =
    [
        new("sqlite", (c, _, ct) => SqliteSource.OpenAsync(c, ct)),
        new("sqlite3", (c, _, ct) => SqliteSource.OpenAsync(c, ct)),
        new("file", (c, _, ct) => SqliteSource.OpenAsync(c, ct)),
        new("postgres", OpenPostgresAsync),
        new("postgresql", OpenPostgresAsync),
        new("supabase", (c, environment, ct) => OpenPostgresAsync(c["supabase:".Length..], environment, ct)),
        new("dump", OpenDumpAsync),
        new("csv", OpenExportsAsync),
        new("supabase-api", OpenApiAsync),
    ];

    public static ImmutableArray<string> Schemes { get; } = [.. Engines.Select(e => e.Scheme)];

    public static Task<ISource> OpenAsync(string connection, CancellationToken ct) => OpenAsync(connection, Environment.GetEnvironmentVariable, ct);

    /// <summary>A string without a scheme is the path of an SQLite file. <paramref name="environment"/>: for what a connection string leaves out (PGPASSWORD and the like).</summary>
    /// <exception cref="GodwitException">The scheme is unknown, or the source cannot be opened; codes begin with "source-".</exception>
    public static Task<ISource> OpenAsync(string connection, Func<string, string?> environment, CancellationToken ct)
    {
        if (File.Exists(connection)) return SqliteSource.OpenAsync(connection, ct);
        // libpq's "host=... dbname=..." has no scheme of its own.
        if (ConnectionSettings.IsPostgres(connection)) return OpenPostgresAsync(connection, environment, ct);
        if (Scheme(connection) is not { } scheme) return SqliteSource.OpenAsync(connection, ct);
        return Engines.FirstOrDefault(e => string.Equals(e.Scheme, scheme, StringComparison.OrdinalIgnoreCase)) is { } engine
            ? engine.Open(connection, environment, ct)
            : throw new GodwitException(ErrorKind.Usage, "source-scheme-unknown", $"no engine reads '{scheme}:' sources",
                $"known are {string.Join(", ", Schemes.Select(s => s + ":"))} and the path of an SQLite file");
    }

    private static Task<ISource> OpenPostgresAsync(string connection, Func<string, string?> environment, CancellationToken ct)
    {
        var settings = ConnectionSettings.Parse(connection, environment);
        return EndpointDiagnosis.OpenAsync(settings, "source", () => OpenAsync(settings, environment, ct));
    }

    private static Task<ISource> OpenAsync(ConnectionSettings settings, Func<string, string?> environment, CancellationToken ct) =>
        PostgresSource.OpenAsync(new(settings.ToBuilder(), settings.Display, async (version, snapshot, stop) =>
            await (await PgDump.FindAsync(environment, version / 10000, stop)).SchemaAsync(settings, snapshot, stop)), ct);

    private static async Task<ISource> OpenDumpAsync(string connection, Func<string, string?> environment, CancellationToken ct)
    {
        var restored = await DumpRestore.RunAsync(connection["dump:".Length..], environment, ct);
        return await OpenFilesAsync(restored, "pg_dump archive", connection, () => Task.FromResult<IEnumerable<Finding>>([]), environment, ct);
    }

    /// <summary>csv:FOLDER?schema=FILE-OR-URL: the schema is made in a private server, and the rows of the files are read into it.</summary>
    private static async Task<ISource> OpenExportsAsync(string connection, Func<string, string?> environment, CancellationToken ct)
    {
        var location = ExportLocation.Parse(connection["csv:".Length..]);
        var restored = await DumpRestore.SchemaAsync(location.Schema, environment, ct);
        return await OpenFilesAsync(restored, "row exports", location.Display, async () => await new ExportLoad(restored.Settings.ToBuilder()).RunAsync(location.Folder, location.SchemaFile, ct), environment, ct);
    }

    /// <summary>supabase-api:URL?schema=FILE: tables are downloaded page by page into a folder, and read from there as exports are.</summary>
    private static async Task<ISource> OpenApiAsync(string connection, Func<string, string?> environment, CancellationToken ct)
    {
        var (project, location, schemas, pageRows) = ExportLocation.ParseApi(connection["supabase-api:".Length..]);
        using var http = RestApi.Client();
        var api = RestApi.Open(http, project, environment(RestApi.KeyVariable), TimeProvider.System);
        var restored = await DumpRestore.SchemaAsync(location.Schema, environment, ct);
        return await OpenFilesAsync(restored, "data API", $"supabase-api:{project}", async () =>
        {
            var load = new ExportLoad(restored.Settings.ToBuilder());
            var tables = (await load.TablesAsync(ct)).ToLookup(t => schemas.Contains(t.Name.Schema));
            var findings = (await new RestDownload(api, location.Folder, pageRows).RunAsync([.. tables[true]], ct)).ToList();
            if (tables[false].Any())
                findings.Add(new("api-schema-left", Severity.Warning, "source", $"Rows of {string.Join(", ", tables[false].Take(10))}{(tables[false].Count() > 10 ? $" and {tables[false].Count() - 10} more" : "")} are not read: their schemas are not among those that were asked for.", "?schemas=public,NAME, where the project's API exposes them; those of the platform it does not show at all."));
            return findings.Concat((await load.RunAsync(location.Folder, null, ct)).Where(f => f.Code != "export-table-without-file"));
        }, environment, ct);
    }

    /// <summary>A source that a private server stands in for, which goes with it. <paramref name="load"/> fills the server and tells what was found.</summary>
    private static async Task<ISource> OpenFilesAsync(DumpRestore restored, string engine, string display, Func<Task<IEnumerable<Finding>>> load, Func<string, string?> environment, CancellationToken ct)
    {
        try
        {
            var findings = await load();
            return new FilesSource((IPostgresSource)await OpenAsync(restored.Settings, environment, ct), restored, engine, display, [.. restored.Findings, .. findings]);
        }
        catch
        {
            await restored.DisposeAsync();
            throw;
        }
    }

    // Two letters at least: "C:\app.db" is a path.
    private static string? Scheme(string connection)
    {
        var colon = connection.IndexOf(':', StringComparison.Ordinal);
        if (colon < 2 || !char.IsAsciiLetter(connection[0])) return null;
        var scheme = connection[..colon];
        return scheme.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.') ? scheme : null;
    }
}
