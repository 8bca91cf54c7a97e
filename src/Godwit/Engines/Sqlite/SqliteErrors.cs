namespace Godwit.Engines.Sqlite;

/// <summary>Result codes (https://www.sqlite.org/rescode.html) as errors that a user can act upon.</summary>
internal static class SqliteErrors
{
    /// <summary><paramref name="subject"/>: the table being read, or null while the file is being opened.</summary>
    internal static GodwitException Map(SqliteFailure failure, string path, string? subject)
    {
        var where = subject is null ? path : $"{path}, table {subject}";
        return failure.Code switch
        {
            Native.Busy or Native.Locked or Native.Protocol => new(ErrorKind.SourceTransient, "source-locked",
                $"{where}: the database is locked by another program ({failure.Message})",
                "let the program finish its write, or stop it, and run the same command again", failure),
            Native.NotADatabase => new(ErrorKind.SourceFatal, "source-not-a-database", $"{where}: not an SQLite database ({failure.Message})",
                "give the application's database file", failure),
            Native.Corrupt => new(ErrorKind.SourceFatal, "source-corrupt", $"{where}: the database is damaged ({failure.Message})",
                "restore a backup, or rescue what is readable: sqlite3 old.db .recover | sqlite3 new.db", failure),
            Native.CantOpen or Native.Perm or Native.Auth or Native.IoError or Native.ReadOnly or Native.Full => new(ErrorKind.SourceFatal, "source-unreadable",
                $"{where}: cannot be read ({failure.Message}, code {failure.ExtendedCode})", "check the permissions of the file and of its folder", failure),
            Native.NoMemory or Native.TooBig => new(ErrorKind.SourceFatal, "source-value-too-big", $"{where}: {failure.Message}",
                "leave the table out with --exclude, and move it by other means", failure),
            _ => new(ErrorKind.SourceFatal, "source-query-failed", $"{where}: {failure.Message}",
                "a function or extension that only the application has may be missing here; leave the table out with --exclude", failure),
        };
    }
}
