using System.Collections.Immutable;
using System.Diagnostics;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// Follows a file in which nothing may be written: a copy of it is kept, and when the file has changed, a new copy is compared with the old one. What
/// differs goes into a record that lies in the copy, of the same form as the one that triggers make (<see cref="SqliteChanges"/>), and rows are read from the copy.
/// </summary>
internal sealed class SqliteComparing(string path, ComparedCopy copy, TimeSpan busyTimeout) : IChangeFeed, IDisposable
{
    /// <summary>Between looks at a file that changes all the time: this many times what a look takes.</summary>
    private const int Rest = 3;

    private Connection? _fence;
    private TimeSpan _took;
    private long _looked;

    private SqliteChanges Record => new(copy.Path, busyTimeout);

    public bool IsArmed => copy.Exists;

    public async Task<FeedState?> StateAsync(CancellationToken ct)
    {
        if (!copy.Exists) return null;
        await LookAsync(always: false, ct);
        return await Record.StateAsync(ct) is { } state ? state with { Fenced = copy.IsFenced } : null;
    }

    public async Task<ImmutableArray<Finding>> ArmAsync(DatabaseSchema schema, CancellationToken ct)
    {
        if (!copy.Exists) await Task.Run(() => Guard(() => Renew(null, ct)), ct);
        var whole = await Record.ArmAsync(schema, ct);
        return [.. whole, new Finding("followed-by-comparing", Severity.Info, path, "Nothing is written to the file: what changes in it is found by comparing it with a copy, each time that it has changed. Nothing keeps other programs from writing to it after the cutover.",
            "Such writes are noticed, not prevented: take the old application's write permission away at the cutover.")];
    }

    /// <summary>
    /// Renews the copy where the file has changed. The snapshot of the copy that is opened next is as new. Unless <paramref name="always"/>, not after a cutover:
    /// what is written then belongs to nobody, and must be noticed.
    /// </summary>
    internal Task LookAsync(bool always, CancellationToken ct) => Task.Run(() => Guard(() =>
    {
        if (copy.IsFenced && _fence is null && !always) return false;
        using var alone = copy.Lock(busyTimeout + busyTimeout, ct);
        var began = Stopwatch.GetTimestamp();
        var schema = Followed(ct);
        if (Renew(schema, ct)) (_took, _looked) = (Stopwatch.GetElapsedTime(began), Stopwatch.GetTimestamp());
        return true;
    }), ct);

    /// <summary>The copy as it is after a look; the moment is the file's.</summary>
    internal async Task<ISnapshot> OpenSnapshotAsync(SourceInfo info, int readers, CancellationToken ct)
    {
        await LookAsync(always: false, ct);
        return SqliteSnapshot.Open(copy.Path, info, readers, busyTimeout, copy.Position, ct);
    }

    /// <summary>The tables that the record knows, as they are in the copy.</summary>
    private DatabaseSchema Followed(CancellationToken ct)
    {
        using var reader = Connection.Open(copy.Path, readOnly: true, busyTimeout);
        reader.Prepare();
        var schema = new SqliteInspector(reader, Path.GetFileNameWithoutExtension(path)).Inspect();
        ct.ThrowIfCancellationRequested();
        return schema with { Tables = [.. schema.Tables.Where(t => SqliteChanges.Number(reader, t.Name) is not null)] };
    }

    /// <summary>Returns whether there was anything new. <paramref name="followed"/>: null for the first copy.</summary>
    private bool Renew(DatabaseSchema? followed, CancellationToken ct)
    {
        var (readers, position) = SharedMoment.Enter(path, 1, busyTimeout, ct);
        using var reader = readers[0];
        if (followed is not null && position == copy.Position) return false;
        using var alone = followed is null ? copy.Lock(busyTimeout, ct) : null;
        copy.Renew(position, SourceFile.SizeOf(path) + SourceFile.SizeOf(path + "-wal"), next =>
        {
            using var writer = Connection.Open(next, readOnly: false, busyTimeout);
            writer.CopyFrom(reader);
            reader.Dispose();
            writer.AllowDoubleQuotedStrings();
            // One file, which can be put in another's place.
            writer.Execute("PRAGMA journal_mode=delete");
            writer.WriteAsGiven();
            SqliteChanges.Disarm(writer);
            if (followed is null) return;
            new ComparedTables(writer, path, copy.Path).Note(followed, ct);
        });
        return true;
    }

    public async Task<IChangeSet?> ReadAsync(DatabaseSchema schema, long after, CancellationToken ct)
    {
        // Behind the fence everybody waits for this.
        if (_fence is null && _took > TimeSpan.Zero && _took * Rest - Stopwatch.GetElapsedTime(_looked) is { Ticks: > 0 } rest) await Task.Delay(rest, ct);
        await LookAsync(always: true, ct);
        return await Record.ReadAsync(schema, after, ct);
    }

    public Task PruneAsync(long upTo, CancellationToken ct) => Record.PruneAsync(upTo, ct);

    /// <summary>Holds the file's write lock, which every program respects, for as long as this process lives: behind it the last changes are read. Nothing is written.</summary>
    public Task FenceAsync(DatabaseSchema schema, string message, Action held, CancellationToken ct) => Task.Run(() => Guard(() =>
    {
        if (_fence is null)
        {
            try
            {
                var fence = Connection.Open(path, readOnly: false, busyTimeout);
                fence.Execute("BEGIN IMMEDIATE");
                _fence = fence;
            }
            catch (SqliteFailure failure) when (failure.Code is Native.ReadOnly or Native.CantOpen or Native.Perm)
            {
                // Not for this role to write. Whoever may is noticed by the last look, and after it.
            }
        }
        held();
        copy.IsFenced = true;
        return true;
    }), ct);

    public Task UnfenceAsync(CancellationToken ct)
    {
        Release();
        copy.IsFenced = false;
        return Task.CompletedTask;
    }

    public ImmutableArray<string> KeyOf(Table table) => ChangeLog.KeyOf(table);

    public async Task WriteBackAsync(IReadOnlyList<TableBack> tables, CancellationToken ct)
    {
        if (await WrittenBehindAsync(ct))
            throw new GodwitException(ErrorKind.Blocked, "fence-leaked", $"{path} was written to after the cutover: what came from the new side would meet rows that nobody knows there.", "Stop the program that writes to the old file, carry over by hand what it wrote (godwit verify names the rows), then godwit finish --abandon.");
        Release();
        await new SqliteChanges(path, busyTimeout).WriteBackAsync(tables, ct);
        await LookAsync(always: true, ct);
    }

    /// <summary>The file is not as it was when the fence was raised, and not by Godwit.</summary>
    public Task<bool> WrittenBehindAsync(CancellationToken ct) => Task.Run(() => Guard(() =>
    {
        if (!copy.IsFenced) return false;
        var (readers, position) = SharedMoment.Enter(path, 1, busyTimeout, ct);
        readers[0].Dispose();
        return position != copy.Position;
    }), ct);

    public Task DisarmAsync(CancellationToken ct) => Task.Run(Forget, ct);

    internal void Forget()
    {
        Release();
        copy.Delete();
    }

    public void Dispose() => Release();

    private void Release()
    {
        _fence?.Dispose();
        _fence = null;
    }

    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteFailure failure)
        {
            throw SqliteErrors.Map(failure, path, null);
        }
    }
}
