using System.Collections.Immutable;
using Godwit.Engines.Sqlite.Sql;
using Godwit.Source;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// An SQLite file, opened for reading only. The file, its WAL and its journal are never changed: what needs recovery is recovered on a
/// private copy, which is deleted on dispose.
/// </summary>
internal sealed class SqliteSource : ISource
{
    private readonly string _path;
    private readonly TimeSpan _busyTimeout;
    private readonly RecoveredCopy? _copy;
    private readonly SidecarFiles _sidecars;

    private SqliteSource(string path, TimeSpan busyTimeout, RecoveredCopy? copy, SidecarFiles sidecars, SourceInfo info)
    {
        _path = path;
        _busyTimeout = busyTimeout;
        _copy = copy;
        _sidecars = sidecars;
        Info = info;
    }

    public SourceInfo Info { get; }

    public ISqlTranslator Translator { get; } = new SqliteTranslator();

    /// <summary>A recovered copy is nobody's to write: there is nothing to follow.</summary>
    public IChangeFeed? Changes => _copy is null ? new SqliteChanges(_path, _busyTimeout) : null;

    internal static Task<ISource> OpenAsync(string connection, CancellationToken ct) => OpenAsync(connection, TimeSpan.FromSeconds(10), ct);

    /// <summary>Waits up to <paramref name="busyTimeout"/> for a lock. Runs on the pool, because SQLite blocks.</summary>
    internal static Task<ISource> OpenAsync(string connection, TimeSpan busyTimeout, CancellationToken ct) =>
        Task.Run<ISource>(() => Open(SqliteLocation.Parse(connection), busyTimeout), ct);

    private static SqliteSource Open(string path, TimeSpan busyTimeout)
    {
        var size = SourceFile.RequireFile(path);
        var sidecars = SidecarFiles.Of(path);
        var findings = ImmutableArray.CreateBuilder<Finding>();
        RecoveredCopy? copy = null;
        try
        {
            Probe(path, path, busyTimeout, findings);
        }
        catch (SqliteFailure failure) when (RecoveredCopy.IsNeeded(failure, path))
        {
            copy = Recover(path, busyTimeout, failure, findings);
        }
        catch (SqliteFailure failure)
        {
            throw SourceFile.OpenError(failure, path);
        }
        var info = new SourceInfo("SQLite", path, Connection.LibraryVersion, size + SourceFile.SizeOf(path + "-wal")) { Findings = findings.ToImmutable() };
        return new SqliteSource(copy?.Path ?? path, busyTimeout, copy, sidecars, info);
    }

    private static RecoveredCopy Recover(string path, TimeSpan busyTimeout, SqliteFailure why, ImmutableArray<Finding>.Builder findings)
    {
        var copy = RecoveredCopy.Make(path, why);
        try
        {
            using (var writer = Connection.Open(copy.Path, readOnly: false, busyTimeout)) writer.Prepare();
            findings.Add(new Finding("source-recovered-on-copy", Severity.Info, path,
                $"the database needs recovery or a shared-memory file, which would write beside it ({why.Message}); Godwit reads a recovered private copy",
                "open the file once with its application, or with sqlite3, where that may write"));
            Probe(copy.Path, path, busyTimeout, findings);
            return copy;
        }
        catch (SqliteFailure failure)
        {
            copy.Dispose();
            throw SourceFile.OpenError(failure, path);
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>The shallow look: header, schema, journal mode.</summary>
    private static void Probe(string path, string display, TimeSpan busyTimeout, ImmutableArray<Finding>.Builder findings)
    {
        using var connection = Connection.Open(path, readOnly: true, busyTimeout);
        SourceFile.CheckHeader(connection, path, display);
        connection.Prepare();
        if (path == display && connection.Text("PRAGMA journal_mode") != "wal")
            findings.Add(new Finding("source-blocks-writers", Severity.Info, display,
                "the database is in rollback-journal mode: while Godwit reads, programs that write to it wait or get 'database is locked'",
                "stop the application for the copy, or switch it to WAL: sqlite3 app.db 'PRAGMA journal_mode=wal'"));
    }

    public Task<ISnapshot> OpenSnapshotAsync(int readers, CancellationToken ct) => Task.Run<ISnapshot>(() =>
    {
        try
        {
            return SqliteSnapshot.Open(_path, Info, readers, _busyTimeout, _copy?.Origin, ct);
        }
        catch (SqliteFailure failure)
        {
            throw SourceFile.OpenError(failure, Info.Display);
        }
    }, ct);

    public ValueTask DisposeAsync()
    {
        _copy?.Dispose();
        if (_copy is null) _sidecars.LeaveAsFound(_busyTimeout);
        return ValueTask.CompletedTask;
    }
}
