using System.Diagnostics;

namespace Godwit.Engines.Sqlite;

/// <summary>Brings connections into read transactions that see the same content (https://www.sqlite.org/isolation.html).</summary>
internal static class SharedMoment
{
    /// <summary>
    /// Returns the position. In rollback-journal mode the first reader's SHARED lock keeps every writer from committing, so the others see the
    /// same. In WAL mode the others open the first one's snapshot. Where there is no snapshot to open (a WAL without frames, a WAL
    /// restarted in between) a connection outside the transactions watches: if nothing was committed from before the first reader
    /// began until after the last did, all saw the same; else all begin again.
    /// </summary>
    internal static string Enter(List<Connection> readers, TimeSpan patience, CancellationToken ct)
    {
        var first = readers[0];
        using var watch = Connection.Open(first.Path, readOnly: true, patience);
        watch.Prepare();
        // A writer with the PENDING lock waits for the first reader while it shuts out the others: they must give up at once, not wait for it.
        foreach (var reader in readers.Skip(1)) reader.Execute("PRAGMA busy_timeout=20");
        var clock = Stopwatch.StartNew();
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            try
            {
                if (TryEnter(readers, watch) is { } position) return position;
            }
            catch (SqliteFailure failure) when (failure.Code is Native.Busy or Native.Locked && clock.Elapsed < patience)
            {
                // A writer that waits for the first reader's lock shuts the others out: give way and begin again.
            }
            foreach (var reader in readers) reader.Rollback();
            if (clock.Elapsed > patience) throw new SqliteFailure(Native.Busy, "other programs commit faster than all readers can start");
        }
    }

    private static string? TryEnter(List<Connection> readers, Connection watch)
    {
        var first = readers[0];
        // Looked at outside of transactions, and in WAL mode only: there it blocks nobody and nobody blocks it.
        var wal = watch.Text("PRAGMA journal_mode") == "wal";
        var before = wal ? watch.Int64("PRAGMA data_version") : 0;
        Begin(first);
        var snapshot = WalSnapshot(first, out var walPosition);
        try
        {
            var shared = true;
            foreach (var reader in readers.Skip(1)) shared &= Follow(reader, snapshot);
            var position = walPosition ?? FilePosition(first);
            return shared || !wal || watch.Int64("PRAGMA data_version") == before ? position : null;
        }
        finally
        {
            if (snapshot != 0) Native.SnapshotFree(snapshot);
        }
    }

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
