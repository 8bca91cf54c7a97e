using System.Diagnostics;

namespace Godwit.Engines.Sqlite;

/// <summary>Brings connections into read transactions that see the same content (https://www.sqlite.org/isolation.html).</summary>
internal static class SharedMoment
{
    /// <summary>
    /// Opens the readers. In rollback-journal mode the first one's SHARED lock keeps every writer from committing, and the others read the
    /// file as it then is, without locks of their own: a writer that waits for the first would shut them out. In WAL mode the others open
    /// the first one's snapshot. Where there is no snapshot to open (a WAL without frames, a WAL restarted in between) a connection outside
    /// the transactions watches: if nothing was committed from before the first reader began until after the last did, all saw the same;
    /// else all begin again.
    /// </summary>
    internal static (IReadOnlyList<Connection> Readers, string Position) Enter(string path, int readers, TimeSpan patience, CancellationToken ct)
    {
        var opened = new List<Connection>(readers);
        try
        {
            opened.Add(Reader(path, patience));
            using var watch = Reader(path, patience);
            var clock = Stopwatch.StartNew();
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                try
                {
                    if (TryEnter(opened, readers, watch, patience) is { } position) return (opened, position);
                }
                catch (SqliteFailure failure) when (failure.Code is Native.Busy or Native.Locked && clock.Elapsed < patience)
                {
                    // Another program recovers, checkpoints or restarts the WAL: begin again.
                }
                foreach (var follower in opened.Skip(1)) follower.Dispose();
                opened.RemoveRange(1, opened.Count - 1);
                opened[0].Rollback();
                if (clock.Elapsed > patience) throw new SqliteFailure(Native.Busy, "other programs commit faster than all readers can start");
            }
        }
        catch
        {
            foreach (var reader in opened) reader.Dispose();
            throw;
        }
    }

    private static Connection Reader(string path, TimeSpan patience)
    {
        var reader = Connection.Open(path, readOnly: true, patience);
        try
        {
            reader.Prepare();
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    private static string? TryEnter(List<Connection> opened, int readers, Connection watch, TimeSpan patience)
    {
        var first = opened[0];
        // Looked at outside of transactions, and in WAL mode only: there it blocks nobody and nobody blocks it.
        var watched = IsWal(watch);
        var before = watched ? watch.Int64("PRAGMA data_version") : 0;
        Begin(first);
        if (!IsWal(first))
        {
            while (opened.Count < readers)
            {
                opened.Add(Connection.OpenLocked(first.Path));
                opened[^1].Prepare();
            }
            return FilePosition(first);
        }
        if (!watched) return null;
        var snapshot = WalSnapshot(first, out var walPosition);
        try
        {
            var shared = true;
            while (opened.Count < readers)
            {
                opened.Add(Reader(first.Path, patience));
                shared &= Follow(opened[^1], snapshot);
            }
            var position = walPosition ?? FilePosition(first);
            return shared || watch.Int64("PRAGMA data_version") == before ? position : null;
        }
        finally
        {
            if (snapshot != 0) Native.SnapshotFree(snapshot);
        }
    }

    private static bool IsWal(Connection connection) => connection.Text("PRAGMA journal_mode") == "wal";

    private static void Begin(Connection reader)
    {
        reader.Execute("BEGIN");
        _ = reader.Int64("SELECT count(*) FROM sqlite_schema");
    }

    /// <summary>Returns whether the reader is known to see the snapshot.</summary>
    private static unsafe bool Follow(Connection reader, nint snapshot)
    {
        if (snapshot == 0)
        {
            Begin(reader);
            return false;
        }
        reader.Execute("BEGIN");
        fixed (byte* main = "main\0"u8)
            if (Native.SnapshotOpen(reader.Handle, main, snapshot) != Native.Ok)
            {
                reader.Rollback();
                Begin(reader);
                return false;
            }
        _ = reader.Int64("SELECT count(*) FROM sqlite_schema");
        return true;
    }

    // SQLITE_ERROR: not in WAL mode, or nothing written to this WAL yet (https://www.sqlite.org/c3ref/snapshot_get.html).
    private static unsafe nint WalSnapshot(Connection reader, out string? position)
    {
        position = null;
        fixed (byte* main = "main\0"u8)
            if (Native.SnapshotGet(reader.Handle, main, out var snapshot) == Native.Ok)
            {
                position = SnapshotPosition.OfWal(new ReadOnlySpan<byte>((void*)snapshot, 48));
                return snapshot;
            }
        return 0;
    }

    private static string FilePosition(Connection reader)
    {
        Span<byte> bytes = stackalloc byte[FileHeader.Size];
        reader.ReadHeader(bytes);
        var file = new FileInfo(reader.Path);
        return SnapshotPosition.OfFile(FileHeader.Parse(bytes), file.Length, file.LastWriteTimeUtc, "file");
    }
}
