using System.Collections.Immutable;
using Godwit.Engines.Sqlite;
using Godwit.Source;

namespace Godwit;

/// <summary>Which engine opens which connection string. A static list: no reflection, one line an engine.</summary>
public static class EngineRegistry
{
    private sealed record Engine(string Scheme, Func<string, CancellationToken, Task<ISource>> Open);

    private static readonly ImmutableArray<Engine> Engines =
    [
        new("sqlite", SqliteSource.OpenAsync),
        new("sqlite3", SqliteSource.OpenAsync),
        new("file", SqliteSource.OpenAsync),
    ];

    public static ImmutableArray<string> Schemes { get; } = [.. Engines.Select(e => e.Scheme)];

    /// <summary>A string without a scheme is the path of an SQLite file.</summary>
    /// <exception cref="GodwitException">The scheme is unknown, or the source cannot be opened; codes begin with "source-".</exception>
    public static Task<ISource> OpenAsync(string connection, CancellationToken ct)
    {
        if (Scheme(connection) is not { } scheme || File.Exists(connection)) return SqliteSource.OpenAsync(connection, ct);
        return Engines.FirstOrDefault(e => string.Equals(e.Scheme, scheme, StringComparison.OrdinalIgnoreCase)) is { } engine
            ? engine.Open(connection, ct)
            : throw new GodwitException(ErrorKind.Usage, "source-scheme-unknown", $"no engine reads '{scheme}:' sources",
                $"known are {string.Join(", ", Schemes.Select(s => s + ":"))} and the path of an SQLite file");
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
