namespace Godwit.Engines.Sqlite;

/// <summary>When a file in rollback-journal mode is read from a private copy; auto: when another program has it open.</summary>
internal enum CopyWhen { Auto, Always, Never }

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

    /// <summary>The copy option of a connection string that <see cref="Parse"/> has accepted.</summary>
    internal static CopyWhen CopyOption(string connection)
    {
        if (WithoutScheme(connection) is not { } rest || File.Exists(rest) || rest.LastIndexOf('?') is not (>= 0 and var query)) return CopyWhen.Auto;
        var options = rest[(query + 1)..].Split('&');
        return options.Contains("copy=always") ? CopyWhen.Always : options.Contains("copy=never") ? CopyWhen.Never : CopyWhen.Auto;
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
        if (option is "mode=ro" or "copy=auto" or "copy=always" or "copy=never") return;
        throw new GodwitException(ErrorKind.Usage, "source-option-unknown", $"SQLite source: unknown option '{option}'",
            "the options are mode=ro (Godwit never writes to a source) and copy=auto, copy=always, copy=never");
    }
}
