namespace Godwit.Engines.Sqlite;

/// <summary>What can be said of the file itself before SQLite reads its tables.</summary>
internal static class SourceFile
{
    internal static long SizeOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>The whole path without any link; .NET resolves a path's last part only.</summary>
    internal static string Resolved(string path)
    {
        path = Path.GetFullPath(path);
        if (Path.GetDirectoryName(path) is not { } parent) return path;
        var here = Path.Combine(Resolved(parent), Path.GetFileName(path));
        return File.ResolveLinkTarget(here, returnFinalTarget: false) is { } target ? Resolved(target.FullName) : here;
    }

    /// <summary>Returns the size in bytes.</summary>
    internal static long RequireFile(string path)
    {
        if (Directory.Exists(path))
            throw new GodwitException(ErrorKind.SourceFatal, "source-is-directory", $"{path} is a folder, not a database file", "name the database file inside it");
        if (!File.Exists(path))
            throw new GodwitException(ErrorKind.SourceFatal, "source-missing", $"{path} does not exist", Nearest(path));
        var size = SizeOf(path);
        if (size == 0)
            throw new GodwitException(ErrorKind.SourceFatal, "source-empty", $"{path} is empty (0 bytes)",
                "check the path: programs that open a wrong path create an empty file there");
        return size;
    }

    private static string Nearest(string path)
    {
        var folder = Path.GetDirectoryName(path);
        if (folder is null || !Directory.Exists(folder)) return $"check the path: the folder {folder} does not exist either";
        var found = Directory.EnumerateFiles(folder).Where(f => Path.GetExtension(f) is ".db" or ".sqlite" or ".sqlite3" or ".db3")
            .Select(Path.GetFileName).Order(StringComparer.Ordinal).Take(5).ToList();
        return found.Count == 0 ? "check the path" : $"check the path; that folder holds {string.Join(", ", found)}";
    }

    /// <summary>Refuses what is no database by its header; <paramref name="display"/> is the path that the user gave.</summary>
    internal static void CheckHeader(Connection connection, string path, string display)
    {
        var start = new byte[Math.Min(SizeOf(path), 4096)];
        connection.ReadHeader(start);
        if (FileHeader.Parse(start).IsSqlite && start.Length >= 512) return;
        if (FileHeader.LooksRandom(start))
            throw new GodwitException(ErrorKind.SourceFatal, "source-encrypted", $"{display} is encrypted, or compressed, or not an SQLite database: its first bytes look random",
                "decrypt it with its application first (SQLCipher: ATTACH a plain file and SELECT sqlcipher_export('plain'))");
        throw new GodwitException(ErrorKind.SourceFatal, "source-not-a-database", $"{display} is not an SQLite 3 database: {Describe(start)}",
            start.AsSpan().StartsWith("** This file contains an SQLite 2"u8) ? "convert it: sqlite old.db .dump | sqlite3 new.db" : "give the application's database file");
    }

    private static string Describe(ReadOnlySpan<byte> start) =>
        start.StartsWith("SQLite format 3\0"u8) ? "the file is cut off or its header is damaged"
        : start.StartsWith("** This file contains an SQLite 2"u8) ? "it is of SQLite 2"
        : start.StartsWith("PGDMP"u8) ? "it is a PostgreSQL dump"
        : start.StartsWith("PRAGMA "u8) || start.StartsWith("BEGIN"u8) || start.StartsWith("CREATE"u8) ? "it is SQL text; load it with sqlite3 first"
        : "its header is of another format";

    internal static GodwitException OpenError(SqliteFailure failure, string path)
    {
        if (failure.Code != Native.Corrupt) return SqliteErrors.Map(failure, path, null);
        var mapped = SqliteErrors.Map(failure, path, null);
        return Truncation(path) is { } cut ? new GodwitException(mapped.Kind, mapped.Code, $"{path}: {cut}", mapped.Hint, failure) : mapped;
    }

    private static string? Truncation(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> start = stackalloc byte[FileHeader.Size];
            var header = FileHeader.Parse(start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
            return header.IsSqlite && header.PageCount * (long)header.PageSize > file.Length
                ? $"the file is cut off: its header says {header.PageCount * (long)header.PageSize} bytes, it has {file.Length}"
                : null;
        }
        catch (IOException)
        {
            return null; // SQLite's own message stands.
        }
    }
}

/// <summary>
/// Opening a database in WAL mode creates -wal and -shm beside it where they are missing, even for reading. They are harmless, but left
/// behind by another user they can lock the application out.
/// </summary>
internal readonly record struct SidecarFiles(string Path, bool HadWal)
{
    internal static SidecarFiles Of(string path) => new(path, File.Exists(path + "-wal"));

    /// <summary>
    /// SQLite itself removes the two when the last connection that may write closes; with an empty WAL that writes nothing to the database.
    /// Where that is not possible (another program has the file open, no permission) they stay.
    /// </summary>
    internal void LeaveAsFound(TimeSpan busyTimeout)
    {
        if (HadWal || !File.Exists(Path + "-wal") || SourceFile.SizeOf(Path + "-wal") > 0) return;
        try
        {
            using var connection = Connection.Open(Path, readOnly: false, busyTimeout);
            _ = connection.Int64("SELECT count(*) FROM sqlite_schema");
        }
        catch (SqliteFailure)
        {
            return;
        }
    }
}
