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

    private readonly CopyWhen _copyWhen;
    private SqliteComparing? _comparing;

    private SqliteSource(string path, CopyWhen copyWhen, TimeSpan busyTimeout, RecoveredCopy? copy, SidecarFiles sidecars, SourceInfo info)
    {
        _copyWhen = copyWhen;
        _path = path;
        _busyTimeout = busyTimeout;
        _copy = copy;
        _sidecars = sidecars;
        Info = info;
    }

    public SourceInfo Info { get; private set; }

    public ISqlTranslator Translator { get; } = new SqliteTranslator();

    /// <summary>A recovered copy is nobody's to write: there is nothing to follow. In a file that SQLite opens under its attached name only, no triggers can be made, and no copy of it.</summary>
    public IChangeFeed? Changes => _copy is not null || Info.Findings.Any(f => f.Code == "attached-name") ? null : _comparing ?? (IChangeFeed)new SqliteChanges(_path, _busyTimeout);

    public void FollowBy(FollowMethod method)
    {
        if (method == FollowMethod.Diff) _comparing ??= new(_path, new(_path), _busyTimeout);
        else
        {
            // Of an earlier migration: the next command would take it for this one's.
            _comparing?.Forget();
            _comparing = null;
        }
    }

    internal static Task<ISource> OpenAsync(string connection, CancellationToken ct) => OpenAsync(connection, TimeSpan.FromSeconds(10), ct);

    /// <summary>Waits up to <paramref name="busyTimeout"/> for a lock. Runs on the pool, because SQLite blocks.</summary>
    internal static Task<ISource> OpenAsync(string connection, TimeSpan busyTimeout, CancellationToken ct) =>
        Task.Run<ISource>(() => Open(SqliteLocation.Parse(connection), SqliteLocation.CopyOption(connection), busyTimeout), ct);

    private static SqliteSource Open(string path, CopyWhen copyWhen, TimeSpan busyTimeout)
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
        var source = new SqliteSource(copy?.Path ?? path, copyWhen, busyTimeout, copy, sidecars, info);
        // An earlier command has begun to follow the file by comparing.
        if (copy is null && ComparedCopy.Find(path) is { } compared) source._comparing = new(path, compared, busyTimeout);
        return source;
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
        if (connection.AttachedAs is { } name)
            findings.Add(new Finding("attached-name", Severity.Info, display,
                $"its views or triggers call it {name}, the name under which an application attaches it; they are read as naming the file itself. SQLite runs them under that name only, so that their rows cannot be compared",
                "see docs/how-to/several-files.md"));
        if (path == display && connection.Text("PRAGMA journal_mode") != "wal")
            findings.Add(new Finding("source-blocks-writers", Severity.Info, display,
                "the database is in rollback-journal mode: while Godwit reads, programs that write to it wait or get 'database is locked'",
                $"sqlite:{display}?copy=always reads a private copy, so that they wait only while it is taken; WAL mode lets them write at any time: PRAGMA journal_mode=wal"));
    }

    public Task<ISnapshot> OpenSnapshotAsync(int readers, CancellationToken ct) => Task.Run<ISnapshot>(async () =>
    {
        try
        {
            if (_comparing is { IsArmed: true } comparing) return await comparing.OpenSnapshotAsync(Info, readers, ct);
            return PrivateSnapshot(readers, ct) ?? SqliteSnapshot.Open(_path, Info, readers, _busyTimeout, _copy?.Origin, ct);
        }
        catch (SqliteFailure failure)
        {
            throw SourceFile.OpenError(failure, Info.Display);
        }
    }, ct);

    private SqliteSnapshot? PrivateSnapshot(int readers, CancellationToken ct)
    {
        if (_copyWhen == CopyWhen.Never || Info.Findings.All(f => f.Code is not ("source-blocks-writers" or "source-read-from-copy"))) return null;
        var user = _copyWhen == CopyWhen.Always ? null : PrivateCopy.User(_path);
        if (_copyWhen == CopyWhen.Auto && user is null || PrivateCopy.Take(_path, _busyTimeout, ct) is not { } copy) return null;
        var why = user is null ? "was asked for" : $"another program (process {user}) has the file open";
        Info = Info with
        {
            Findings = [.. Info.Findings.Where(f => f.Code is not ("source-blocks-writers" or "source-read-from-copy")), new Finding("source-read-from-copy", Severity.Info, Info.Display,
                FormattableString.Invariant($"the database is in rollback-journal mode, where a reader keeps writers waiting, and {why}: Godwit reads a private copy, for which writers had to wait {copy.Held.TotalSeconds:0.00} s at most"),
                $"sqlite:{Info.Display}?copy=never reads the file itself")],
        };
        return SqliteSnapshot.Open(copy, Info, readers, _busyTimeout, ct);
    }

    public ValueTask DisposeAsync()
    {
        _copy?.Dispose();
        _comparing?.Dispose();
        if (_copy is null) _sidecars.LeaveAsFound(_busyTimeout);
        return ValueTask.CompletedTask;
    }
}
