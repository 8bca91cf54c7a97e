using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// Follows a file by triggers and a log of keys in the file itself, the only way that sees every writing process. Writes in short
/// transactions of its own: no writer waits longer for it than for a small write of another program.
/// </summary>
internal sealed partial class SqliteChanges(string path, TimeSpan busyTimeout) : IChangeFeed
{
    /// <summary>Entries that one transaction forgets: the application's next write waits for no more than these.</summary>
    private const int PrunedAtOnce = 5_000;
    private long _checkedVersion = -1;

    public Task<FeedState?> StateAsync(CancellationToken ct) => Task.Run<FeedState?>(() => Guard(() =>
    {
        using var reader = Connection.Open(path, readOnly: true, busyTimeout);
        if (!Exists(reader, ChangeLog.Meta)) return (FeedState?)null;
        return new FeedState(reader.Text($"SELECT id FROM {ChangeLog.Meta}") ?? "", LastEntry(reader), CountTriggers(reader, ChangeLog.FencePrefix) > 0) { Unfollowed = Newcomers(reader) };
    }), ct);

    /// <summary>Tables that were made since the record began: nobody follows them.</summary>
    private static ImmutableArray<string> Newcomers(Connection reader)
    {
        var known = (reader.Text($"SELECT known FROM {ChangeLog.Meta}") ?? "").Split('\n').ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. TableNames(reader).Where(name => !known.Contains(name))];
    }

    private static List<string> TableNames(Connection reader)
    {
        var names = new List<string>();
        using var list = reader.Query(ChangeLog.OtherTables);
        while (list.Step()) names.Add(list.Text(0));
        return names;
    }

    public Task<ImmutableArray<Finding>> ArmAsync(DatabaseSchema schema, CancellationToken ct) => Task.Run(() => Guard(() =>
    {
        try
        {
            using var writer = OpenWriter();
            InTransaction(writer, () => Arm(writer, schema));
        }
        catch (SqliteFailure failure) when (failure.Code is Native.ReadOnly or Native.CantOpen or Native.Perm)
        {
            throw NotWritable(path, failure);
        }
        return schema.Tables.Where(t => ChangeLog.KeyOf(t).IsEmpty).Select(t => new Finding("followed-whole", Severity.Info, t.Name,
            "It has no key that a change could be recorded by, so that each change brings the whole table over again.", "Give the table a primary key, or stop writing to it while Godwit follows.")).ToImmutableArray();
    }), ct);

    internal static GodwitException NotWritable(string path, SqliteFailure failure) => new(ErrorKind.Blocked, "follow-file-read-only", $"{path} cannot be written to ({failure.Message}): no triggers can be made in it that record its changes.",
        "--method diff follows it without writing to it: by comparing it with a copy each time that it has changed.", failure);

    private static void Arm(Connection writer, DatabaseSchema schema)
    {
        var keyColumns = Math.Max(1, schema.Tables.Select(t => ChangeLog.KeyOf(t).Length).DefaultIfEmpty().Max());
        if (!Exists(writer, ChangeLog.Log)) writer.Execute(ChangeLog.Create(keyColumns));
        for (var i = (int)writer.Int64($"SELECT count(*) FROM pragma_table_info('{ChangeLog.Log}')") - 3; i < keyColumns; i++) writer.Execute($"ALTER TABLE {ChangeLog.Log} ADD COLUMN k{i}");
        if (!Exists(writer, ChangeLog.Tables)) writer.Execute(ChangeLog.CreateTables);
        if (!Exists(writer, ChangeLog.Meta))
        {
            writer.Execute(ChangeLog.CreateMeta);
            using var insert = writer.Query($"INSERT INTO {ChangeLog.Meta} VALUES (?, ?)").Bind(1, Guid.NewGuid().ToString("N")).Bind(2, string.Join('\n', TableNames(writer)));
            insert.Step();
        }
        foreach (var table in schema.Tables)
        {
            var known = Number(writer, table.Name);
            var number = known ?? Register(writer, table);
            var mended = false;
            var overtaken = IsOvertaken(writer, table, number);
            foreach (var (name, sql) in ChangeLog.Triggers(table, number))
            {
                if (SqlOf(writer, name) == sql && !overtaken) continue;
                writer.Execute($"DROP TRIGGER IF EXISTS {name}");
                writer.Execute(sql);
                mended = true;
            }
            // The table was rebuilt, and its triggers went with it: what was written since then is not recorded.
            if (mended && known is not null) writer.Execute($"INSERT INTO {ChangeLog.Log} (t, w) VALUES ({number}, 1)");
        }
    }

    private static long Register(Connection writer, Table table)
    {
        using (var insert = writer.Query($"INSERT INTO {ChangeLog.Tables} (name, columns) VALUES (?, ?)").Bind(1, table.Name).Bind(2, Columns(table))) insert.Step();
        return writer.Int64("SELECT last_insert_rowid()");
    }

    public Task<IChangeSet?> ReadAsync(DatabaseSchema schema, long after, CancellationToken ct) => Task.Run<IChangeSet?>(async () =>
    {
        while (true)
        {
            var reader = Connection.Open(path, readOnly: true, busyTimeout);
            try
            {
                reader.Prepare();
                var blocksWriters = reader.Text("PRAGMA journal_mode") != "wal";
                reader.Execute("BEGIN");
                if (!IsIntact(reader, schema))
                {
                    reader.Dispose();
                    await ArmAsync(schema, ct);
                    continue;
                }
                var last = LastEntry(reader);
                if (last < after)
                    throw new GodwitException(ErrorKind.Blocked, "follow-gap", $"{path}: its record of changes ends before what was applied: an older copy of the file was put back.", "Migrate again with --if-exists replace --follow, or bring the target in step with godwit verify --repair.");
                if (last > after) return SqliteChangeSet.Of(reader, schema, after, last, blocksWriters);
                reader.Dispose();
                return null;
            }
            catch (SqliteFailure failure)
            {
                reader.Dispose();
                throw SqliteErrors.Map(failure, path, null);
            }
            catch
            {
                reader.Dispose();
                throw;
            }
        }
    }, ct);

    /// <summary>Looked at only when the schema's version has moved: a rebuilt table has lost its triggers, an altered one its columns.</summary>
    private bool IsIntact(Connection reader, DatabaseSchema schema)
    {
        var version = reader.Int64("PRAGMA schema_version");
        if (version == _checkedVersion) return true;
        foreach (var table in schema.Tables)
        {
            using (var columns = reader.Query($"SELECT (SELECT group_concat(name, char(10)) FROM (SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid)), (SELECT columns FROM {ChangeLog.Tables} WHERE name = ?1)").Bind(1, table.Name))
                // The columns of a virtual table are those of its definition, and its rowid.
                if (!columns.Step() || table.Virtual is null && columns.TextOrNull(0) != Columns(table) || columns.TextOrNull(1) is { } armed && armed != Columns(table))
                    throw new GodwitException(ErrorKind.Blocked, "source-schema-changed", $"{path}: the columns of {table.Name} are no longer those that were migrated.",
                        "A changed schema is not followed: godwit finish, then godwit migrate --follow --if-exists replace.");
            if (Number(reader, table.Name) is not { } number || IsOvertaken(reader, table, number) || ChangeLog.Triggers(table, number).Any(t => SqlOf(reader, t.Name) != t.Sql)) return false;
        }
        _checkedVersion = version;
        return true;
    }

    /// <summary>
    /// The newest trigger fires first, and one that says RAISE(IGNORE) keeps the others from firing although its row is written: ours must be newer.
    /// </summary>
    private static bool IsOvertaken(Connection reader, Table table, long number)
    {
        using var newer = reader.Query($"""
            SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE AND substr(name, 1, length(?2)) <> ?2 AND sql LIKE '%ignore%'
            AND rowid > (SELECT min(rowid) FROM sqlite_schema WHERE type = 'trigger' AND name GLOB ?3)
            """).Bind(1, table.Name).Bind(2, ChangeLog.TriggerPrefix).Bind(3, ChangeLog.NameOf(number, "*"));
        return newer.Step();
    }

    public Task PruneAsync(long upTo, CancellationToken ct) => Task.Run(() => Guard(() =>
    {
        using var writer = OpenWriter();
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            // The last entry stays, so that its number is never given out again.
            var end = writer.Int64($"SELECT min({upTo} + 1, max(seq), min(seq) + {PrunedAtOnce}) FROM {ChangeLog.Log}");
            writer.Execute($"DELETE FROM {ChangeLog.Log} WHERE seq < {end}");
            if (writer.Int64("SELECT changes()") == 0) return true;
        }
    }), ct);

    public Task FenceAsync(DatabaseSchema schema, string message, CancellationToken ct) => Writing(writer =>
    {
        if (CountTriggers(writer, ChangeLog.FencePrefix) == 0)
            // IMMEDIATE waits for the writer that is at work; those that come after it meet the fence.
            InTransaction(writer, () =>
            {
                foreach (var (table, number) in schema.Tables.Select((t, i) => (t, i)))
                    foreach (var sql in ChangeLog.Fence(table, number, message)) writer.Execute(sql);
            });
        foreach (var table in schema.Tables) ProveFenced(writer, table);
    }, ct);

    /// <summary>A write is tried, and taken back should it succeed. Where it fails for another reason than the fence, the fence's own text is looked at.</summary>
    private void ProveFenced(Connection writer, Table table)
    {
        writer.Execute("BEGIN IMMEDIATE");
        try
        {
            writer.Execute($"INSERT INTO {ChangeLog.On(table)} DEFAULT VALUES");
        }
        catch (SqliteFailure failure)
        {
            if (failure.ExtendedCode == Native.ConstraintTrigger || Fences(writer, table) == 3) return;
        }
        finally
        {
            writer.Rollback();
        }
        throw new GodwitException(ErrorKind.SourceFatal, "fence-open", $"{path}: a row could be written to {table.Name} although it is fenced.", "Stop the application, then try again.");
    }

    private static long Fences(Connection reader, Table table)
    {
        using var count = reader.Query($"SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1 AND sql LIKE '% ON ' || ?2 || ' BEGIN SELECT RAISE(ABORT,%'")
            .Bind(1, ChangeLog.FencePrefix).Bind(2, ChangeLog.On(table).ToString());
        return count.Step() ? count.Int64(0) : 0;
    }

    public Task UnfenceAsync(CancellationToken ct) => Writing(writer => InTransaction(writer, () => DropTriggers(writer, ChangeLog.FencePrefix)), ct);

    public Task DisarmAsync(CancellationToken ct) => Writing(writer => InTransaction(writer, () => Disarm(writer)), ct);

    internal static void Disarm(Connection writer)
    {
        DropTriggers(writer, ChangeLog.FencePrefix);
        DropTriggers(writer, ChangeLog.TriggerPrefix);
        foreach (var table in new[] { ChangeLog.Log, ChangeLog.Tables, ChangeLog.Meta }) writer.Execute($"DROP TABLE IF EXISTS {table}");
    }

    /// <summary>Schemas that hold strings in double quotes must be readable for the writer too.</summary>
    private Connection OpenWriter()
    {
        var writer = Connection.Open(path, readOnly: false, busyTimeout);
        try
        {
            writer.AllowDoubleQuotedStrings();
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    private Task<bool> Writing(Action<Connection> work, CancellationToken ct) => Task.Run(() => Guard(() =>
    {
        using var writer = OpenWriter();
        work(writer);
        return true;
    }), ct);

    private static void InTransaction(Connection writer, Action work)
    {
        writer.Execute("BEGIN IMMEDIATE");
        try
        {
            work();
            writer.Execute("COMMIT");
        }
        catch
        {
            writer.Rollback();
            throw;
        }
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

    private static void DropTriggers(Connection writer, string prefix)
    {
        var names = new List<string>();
        using (var list = writer.Query("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1").Bind(1, prefix))
            while (list.Step()) names.Add(list.Text(0));
        foreach (var name in names) writer.Execute($"DROP TRIGGER {new SqliteIdentifier(name)}");
    }

    internal static long? Number(Connection reader, string table)
    {
        using var found = reader.Query($"SELECT t FROM {ChangeLog.Tables} WHERE name = ?").Bind(1, table);
        return found.Step() ? found.Int64(0) : null;
    }

    private static string Columns(Table table) => string.Join('\n', table.Columns.Select(c => c.Name));

    private static bool Exists(Connection reader, string table)
    {
        using var found = reader.Query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").Bind(1, table);
        return found.Step();
    }

    private static string? SqlOf(Connection reader, string trigger)
    {
        using var found = reader.Query("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?").Bind(1, trigger);
        return found.Step() ? found.Text(0) : null;
    }

    private static long CountTriggers(Connection reader, string prefix)
    {
        using var count = reader.Query("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1").Bind(1, prefix);
        return count.Step() ? count.Int64(0) : 0;
    }

    private static long LastEntry(Connection reader) => reader.Int64($"SELECT coalesce(max(seq), 0) FROM {ChangeLog.Log}");
}
