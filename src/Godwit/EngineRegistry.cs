using System.Collections.Immutable;
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

    private static async Task<ISource> OpenPostgresAsync(string connection, Func<string, string?> environment, CancellationToken ct)
    {
        var settings = ConnectionSettings.Parse(connection, environment);
        EndpointDiagnosis.Refuse(settings);
        try
        {
            return await PostgresSource.OpenAsync(new(settings.ToBuilder(), settings.Display, async (version, snapshot, stop) =>
                await (await PgDump.FindAsync(environment, version / 10000, stop)).SchemaAsync(settings, snapshot, stop)), ct);
        }
        catch (GodwitException e) when (EndpointDiagnosis.Explain(settings, e) is { } better && better != e)
        {
            throw better;
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
