namespace Godwit.Engines.Sqlite;

/// <summary>Where a connection string points: "app.db", "sqlite:app.db?mode=ro", "sqlite:///app.db", "file:app.db".</summary>
internal static class SqliteLocation
{
    internal static string Parse(string connection)
    {
        var rest = WithoutScheme(connection);
        if (rest is null) return Path.GetFullPath(connection);
        var query = File.Exists(rest) ? -1 : rest.LastIndexOf('?');
        if (query >= 0)
        {
            foreach (var option in rest[(query + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries)) CheckOption(option);
            rest = rest[..query];
        }
        return Path.GetFullPath(LocalPath(rest));
    }

    private static string? WithoutScheme(string connection)
    {
        foreach (var scheme in (ReadOnlySpan<string>)["sqlite:", "sqlite3:", "file:"])
            if (connection.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return connection[scheme.Length..];
        return null;
    }

    // Three slashes begin a relative path for SQLAlchemy (Flask, FastAPI) and an absolute one for everybody else: the file that exists wins.
    private static string LocalPath(string rest)
    {
        if (rest.StartsWith("////", StringComparison.Ordinal)) rest = rest[3..];
        else if (rest.StartsWith("///", StringComparison.Ordinal)) rest = Exists(rest[2..]) || !Exists(rest[3..]) ? rest[2..] : rest[3..];
        else if (rest.StartsWith("//", StringComparison.Ordinal)) rest = rest[2..];
        return Exists(rest) || !rest.Contains('%', StringComparison.Ordinal) ? rest : Uri.UnescapeDataString(rest);

        static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);
    }

    private static void CheckOption(string option)
    {
        if (option is "mode=ro") return;
        throw new GodwitException(ErrorKind.Usage, "source-option-unknown", $"SQLite source: unknown option '{option}'",
            "the one option is mode=ro; Godwit never writes to a source");
    }
}
