namespace Godwit.Engines.Sqlite;

/// <summary>A private copy of a database with its WAL or journal, on which SQLite may do the recovery that the original must not suffer.</summary>
internal sealed class RecoveredCopy : IDisposable
{
    private static readonly string[] Suffixes = ["", "-wal", "-journal"];
    private readonly string _folder;

    private RecoveredCopy(string folder, string path, string origin)
    {
        _folder = folder;
        Path = path;
        Origin = origin;
    }

    internal string Path { get; }

    /// <summary>Names the original's state: each copy has times of its own.</summary>
    internal string Origin { get; }

    // SQLITE_READONLY: a hot journal would have to be rolled back (READONLY_ROLLBACK), or the WAL index rebuilt (READONLY_RECOVERY,
    // READONLY_CANTINIT). SQLITE_CANTOPEN with a file that can be read: the -shm beside it can be neither opened nor made. SQLITE_IOERR_SHM...:
    // it cannot be opened, extended, locked or mapped, as on network file systems (https://www.sqlite.org/rescode.html).
    internal static bool IsNeeded(SqliteFailure failure, string path) =>
        failure.Code == Native.ReadOnly || failure.Code == Native.CantOpen && CanRead(path)
        || failure.ExtendedCode is Native.IoErrorShmOpen or Native.IoErrorShmSize or Native.IoErrorShmLock or Native.IoErrorShmMap;

    private static bool CanRead(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    internal static RecoveredCopy Make(string path, SqliteFailure why)
    {
        // SQLite looks for journals beside the file that a link points to.
        var real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        var folder = Directory.CreateTempSubdirectory("godwit-").FullName; // mode 0700
        try
        {
            var before = State(real);
            var copy = System.IO.Path.Combine(folder, "copy.db");
            foreach (var suffix in Suffixes)
                if (File.Exists(real + suffix)) CopyBytes(real + suffix, copy + suffix);
            if (State(real) != before)
                throw new GodwitException(ErrorKind.SourceTransient, "source-locked", $"{path}: changed while it was being copied for recovery",
                    "stop the program that writes to it, and run the same command again", why);
            return new RecoveredCopy(folder, copy, before);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Directory.Delete(folder, recursive: true);
            throw new GodwitException(ErrorKind.SourceFatal, "source-unreadable",
                $"{path}: needs recovery on a private copy ({why.Message}), and copying to {folder} failed: {e.Message}",
                "free space in the temporary folder, or name another with TMPDIR", e);
        }
        catch (GodwitException)
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    // A new file with this process's own permissions: File.Copy would carry over a read-only mode.
    private static void CopyBytes(string from, string to)
    {
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        using var target = new FileStream(to, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        source.CopyTo(target, 1 << 20);
    }

    private static string State(string path) => string.Join(':', Suffixes.Select(suffix => new FileInfo(path + suffix))
        .Select(file => file.Exists ? $"{file.Length}.{file.LastWriteTimeUtc.Ticks}" : "-"));

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}
