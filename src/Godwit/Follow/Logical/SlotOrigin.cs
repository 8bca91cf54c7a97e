using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Godwit.Schema;
using Godwit.Wire;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>
/// A stream that is read from the write-ahead log. What it needs is a publication, replica identities, and a slot; everything is asked before anything is changed.
/// </summary>
public sealed class SlotOrigin(StreamEnd from, StreamFeed feed) : StreamOrigin(from, feed)
{
    private const string Server = """
        select current_setting('wal_level'), (select rolsuper or rolreplication or coalesce((select pg_has_role(current_user, r.oid, 'member') from pg_roles r where r.rolname = 'rds_replication'), false) from pg_roles where rolname = current_user),
          current_setting('max_replication_slots')::int - (select count(*)::int from pg_replication_slots), current_setting('max_wal_senders')::int - (select count(*)::int from pg_stat_replication),
          pg_size_bytes(nullif(current_setting('max_slot_wal_keep_size'), '-1')), pg_is_in_recovery(),
          (select (wal_bytes / greatest(extract(epoch from clock_timestamp() - stats_reset), 60) * 3600)::bigint from pg_stat_wal), current_user::text, has_database_privilege(current_database(), 'create')
        """;

    // A deferrable primary key is no replica identity: updates would be refused.
    private const string Tables = """
        select n.nspname, c.relname, c.relkind::text, c.relpersistence::text, c.relreplident::text,
          exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indimmediate), pg_has_role(c.relowner, 'usage'),
          exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident)
        from unnest($1::text[], $2::text[]) w(schema, name) join pg_namespace n on n.nspname = w.schema join pg_class c on c.relnamespace = n.oid and c.relname = w.name
        where c.relkind in ('r', 'p') and not c.relispartition order by 1, 2
        """;

    // Types whose binary form is the same on both sides: of the server itself and not built of other types, but for names and what is kept as numbers of the catalogue.
    private const string BinaryFits = """
        select not exists (
          select from pg_publication_tables p join pg_namespace n on n.nspname = p.schemaname join pg_class c on c.relname = p.tablename and c.relnamespace = n.oid
            join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid
          where p.pubname = $1 and not (t.typtype = 'e' or (t.typtype = 'b' and t.oid < 16384 and t.typarray <> 0 and t.typcategory <> 'A' and t.typname !~ '^reg' and t.typname <> 'xml')))
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private sealed record Published(SqlName Name, bool Partitioned, bool Unlogged, char Identity, bool HasKey, bool Owned);

    /// <summary>Publishes the tables, and sets the identity of those whose updates would be refused otherwise. Repeated, it makes the same anew.</summary>
    public override async Task<ImmutableArray<Finding>> PublishAsync(IReadOnlyCollection<SqlName> tables, CancellationToken ct)
    {
        await using var connection = await From.DefineAsync(ct);
        try
        {
            var findings = await RequireAsync(connection, ct);
            var published = await ReadAsync(connection, tables, ct);
            findings = findings.AddRange(published.Where(t => t.Unlogged).Select(t => new Finding("follow-unlogged", Severity.Warning, $"{t.Name}", "The table is unlogged: its rows are copied once and not followed; a cutover brings them over whole.", $"ALTER TABLE {t.Name} SET LOGGED; before migrate --follow.")));
            published.RemoveAll(t => t.Unlogged);
            if (published.FirstOrDefault(t => !t.Owned) is { } foreign)
                throw new GodwitException(ErrorKind.Blocked, "follow-not-owner", $"{foreign.Name} belongs to another role: it cannot be published.", "Follow as the tables' owner or as a superuser.");
            var bare = published.Where(t => t.Identity == 'n' || (t.Identity == 'd' && !t.HasKey)).ToList();
            findings = findings.AddRange(bare.Select(t => new Finding("follow-identity-full", Severity.Warning, $"{t.Name}", "The table has no key to tell its rows by: its replica identity is FULL while it is followed, so that its log entries grow by the old row.",
                "A primary key is smaller and faster. godwit finish puts the identity back.")));
            // What an earlier publication of this name has changed is no table's own identity. One transaction: an identity is never changed without the note of what it was.
            var before = await ReadNoteAsync(connection, ct);
            await ExecuteAsync(connection, $"begin; set local lock_timeout = {(int)TableWait.TotalMilliseconds}; drop publication if exists {SqlName.Quote(Feed.Publication)}", ct);
            foreach (var table in bare) await IdentityAsync(connection, table.Name, "full", ct);
            var list = published.Count == 0 ? "" : $" for table {string.Join(", ", published.Select(t => t.Partitioned ? $"{t.Name}" : $"only {t.Name}"))}";
            await ExecuteAsync(connection, $"create publication {SqlName.Quote(Feed.Publication)}{list} with (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)", ct);
            var note = JsonSerializer.Serialize([.. before, .. bare.Select(t => new[] { t.Name.Schema!, t.Name.Name, t.Identity.ToString() })], NoteJson.Default.StringArrayArray);
            await ExecuteAsync(connection, $"comment on publication {SqlName.Quote(Feed.Publication)} is {SqlText.Literal(note)}; commit", ct);
            return findings;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new GodwitException(ErrorKind.Blocked, "follow-table-locked", $"{From.Display}: a table that is to be followed is in use by a long transaction; its replica identity could not be changed within {TableWait.TotalSeconds:0} s, and nothing was.",
                "Try again when it has ended: select pid, usename, xact_start, query from pg_stat_activity order by xact_start; shows it. A primary key makes the change unnecessary.", e);
        }
        catch (NpgsqlException e)
        {
            throw From.Map(e, $"Publishing the tables of {From.Display}");
        }
    }

    /// <summary>Makes the slot; waits for the end of every transaction that runs at the origin. One that is there already is dropped: call only where nothing follows it yet.</summary>
    public override async Task<ArmedOrigin> BeginAsync(CancellationToken ct)
    {
        await DropSlotAsync(ct);
        WireConnection? connection = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            return await Task.Run(() =>
            {
                connection = From.OpenReplication(limit.Token);
                using var abort = limit.Token.Register(connection.Abort);
                var slot = connection.CreateSlot(Feed.Slot, temporary: false, export: true);
                return new ArmedOrigin(connection, slot.Position, slot.Snapshot!);
            }, CancellationToken.None);
        }
        catch (Exception e) when (Target.TargetErrors.IsTargetError(e) || e is OperationCanceledException or ObjectDisposedException)
        {
            connection?.Dispose();
            ct.ThrowIfCancellationRequested();
            if (!limit.IsCancellationRequested) throw From.Map(e, $"Making a replication slot at {From.Display}");
            throw new GodwitException(ErrorKind.Blocked, "follow-slot-waits", $"{From.Display}: a replication slot begins when the transactions that run on the server, in whichever database, have ended; that took longer than {Patience.TotalSeconds:0} s.",
                "select pid, datname, usename, xact_start, query from pg_stat_activity where backend_xid is not null order by xact_start; shows them.", e);
        }
    }

    /// <summary>Removes slot and publication, and puts replica identities back.</summary>
    public override async Task DropAsync(CancellationToken ct)
    {
        await DropSlotAsync(ct);
        Failpoints.Hit(Failpoints.SlotDropped);
        await using var connection = await From.DefineAsync(ct);
        try
        {
            foreach (var (table, identity) in await ChangedAsync(connection, ct)) await IdentityAsync(connection, table, identity, ct);
            Failpoints.Hit(Failpoints.IdentitiesRestored);
            await ExecuteAsync(connection, $"drop publication if exists {SqlName.Quote(Feed.Publication)}", ct);
        }
        catch (NpgsqlException e)
        {
            throw From.Map(e, $"Removing the publication of {From.Display}");
        }
    }

    /// <summary>
    /// At the other side, to which a copy has brought them: puts the replica identities back that <see cref="PublishAsync"/> has changed at the origin. Call before <see cref="DropAsync"/>.
    /// </summary>
    public override async Task RestoreAsync(StreamEnd other, CancellationToken ct)
    {
        await using var connection = await From.ConnectAsync(ct);
        await using var there = await other.DefineAsync(ct);
        try
        {
            foreach (var (table, identity) in await ChangedAsync(connection, ct))
                await using (var exists = new NpgsqlCommand("select to_regclass($1) is not null", there) { Parameters = { new() { Value = table.ToString() } } })
                    if ((bool)(await exists.ExecuteScalarAsync(ct))!) await IdentityAsync(there, table, identity, ct);
        }
        catch (NpgsqlException e)
        {
            throw other.Map(e, $"Putting replica identities of {other.Display} back");
        }
    }

    private async Task<List<(SqlName Table, string Identity)>> ChangedAsync(NpgsqlConnection connection, CancellationToken ct) =>
        [.. (await ReadNoteAsync(connection, ct)).Select(t => (new SqlName(t[0], t[1]), t[2] == "n" ? "nothing" : "default"))];

    /// <summary>Schema, name and former identity of each table whose identity the publication has changed.</summary>
    private async Task<string[][]> ReadNoteAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select obj_description(oid, 'pg_publication') from pg_publication where pubname = $1", connection) { Parameters = { new() { Value = Feed.Publication } } };
        return await command.ExecuteScalarAsync(ct) is string note ? JsonSerializer.Deserialize(note, NoteJson.Default.StringArrayArray) ?? [] : [];
    }

    public async Task DropSlotAsync(CancellationToken ct)
    {
        await using var connection = await From.ConnectAsync(ct);
        try
        {
            await ExecuteAsync(connection, $"select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '{SlotName.Check(Feed.Slot)}' and active_pid is not null", ct);
            for (var attempt = 0; ; attempt++)
            {
                try
                {
                    await ExecuteAsync(connection, $"select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '{Feed.Slot}'", ct);
                    return;
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectInUse && attempt < 100)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
                }
            }
        }
        catch (NpgsqlException e)
        {
            throw From.Map(e, $"Dropping the replication slot of {From.Display}");
        }
    }

    /// <summary>Whether the server and the role can do it at all; what to know beforehand.</summary>
    public override async Task<ImmutableArray<Finding>> RequireAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Server, connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        GodwitException Refusal(ErrorKind kind, string code, string problem, string hint) => new(kind, code, $"{From.Display} {problem}.", hint);
        if (row.GetString(0) != "logical") throw Refusal(ErrorKind.Blocked, "follow-wal-level", $"writes its log with wal_level = {row.GetString(0)}: changes cannot be read from it", "ALTER SYSTEM SET wal_level = logical; and restart the server; or migrate without --follow, while nobody writes.");
        if (row.GetBoolean(5) && connection.PostgreSqlVersion.Major < 16) throw Refusal(ErrorKind.Blocked, "follow-standby", "is a standby, which gives no changes before PostgreSQL 16", "Follow the primary.");
        if (!row.GetBoolean(1)) throw Refusal(ErrorKind.Blocked, "follow-no-replication", $"does not let the role {row.GetString(7)} replicate", $"ALTER ROLE {SqlName.Quote(row.GetString(7))} REPLICATION;");
        if (row.GetInt32(2) < 1) throw Refusal(ErrorKind.Blocked, "follow-no-slot", "has no free replication slot", "Raise max_replication_slots, or drop a slot that nobody needs (pg_replication_slots).");
        if (row.GetInt32(3) < 1) throw Refusal(ErrorKind.Blocked, "follow-no-sender", "has no free place for a replication connection", "Raise max_wal_senders.");
        if (!row.GetBoolean(8)) throw Refusal(ErrorKind.Blocked, "follow-no-publication", $"does not let the role {row.GetString(7)} make a publication", $"GRANT CREATE ON DATABASE ... TO {SqlName.Quote(row.GetString(7))};");
        var findings = ImmutableArray.CreateBuilder<Finding>();
        var hourly = row.IsDBNull(6) ? 0 : row.GetInt64(6);
        var limit = row.IsDBNull(4) ? (long?)null : row.GetInt64(4);
        var pace = string.Create(CultureInfo.InvariantCulture, $"The server has written about {hourly / 1048576.0:0} MB of log an hour; while nothing follows, all of it is kept");
        findings.Add(limit is null
            ? new("follow-wal-kept", Severity.Info, From.Side, $"{pace}.", "Watch the free disk space of the source; godwit finish lets go of it.")
            : new("follow-wal-limit", Severity.Warning, From.Side, string.Create(CultureInfo.InvariantCulture, $"{pace}, up to max_slot_wal_keep_size = {limit.Value / 1048576.0:0} MB{(hourly > 0 ? $", about {(double)limit.Value / hourly:0.0} hours" : "")}. Beyond it the changes are lost, and the copy has to be made again."),
                "Raise max_slot_wal_keep_size, or set it to -1, where the disk allows."));
        return findings.ToImmutable();
    }

    public override async Task<List<SqlName>> TablesAsync(CancellationToken ct)
    {
        await using var connection = await From.ConnectAsync(ct);
        try
        {
            await using var command = new NpgsqlCommand("select schemaname, tablename from pg_publication_tables where pubname = $1 order by 1, 2", connection) { Parameters = { new() { Value = Feed.Publication } } };
            await using var row = await command.ExecuteReaderAsync(ct);
            var tables = new List<SqlName>();
            while (await row.ReadAsync(ct)) tables.Add(new(row.GetString(0), row.GetString(1)));
            return tables;
        }
        catch (NpgsqlException e)
        {
            throw From.Map(e, "Reading the publication");
        }
    }

    protected override async Task<Lsn> NowAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        // A message of its own: the bare position may lie in a page's header, which nothing that is read ever ends in.
        await using var command = new NpgsqlCommand("set default_transaction_read_only = off; select pg_logical_emit_message(true, 'godwit', 'here')::text", connection);
        return Lsn.Parse((string)(await command.ExecuteScalarAsync(ct))!);
    }

    public override async Task<bool> RequireWholeAsync(NpgsqlConnection connection, Lsn applied, int targetMajor, CancellationToken ct)
    {
        SlotState.Require(await SlotState.ReadAsync(connection, Feed.Slot, ct), Feed.Slot, applied, From);
        if (connection.PostgreSqlVersion.Major != targetMajor) return false;
        await using var command = new NpgsqlCommand(BinaryFits, connection) { Parameters = { new() { Value = Feed.Publication } } };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    public override async Task<OriginState?> StateAsync(NpgsqlConnection connection, Lsn applied, CancellationToken ct) =>
        await SlotState.ReadAsync(connection, Feed.Slot, ct) is { } slot ? new(slot.Now, (long)Math.Max(0, (double)slot.Now.Value - applied.Value), slot.RetainedBytes) : null;

    /// <summary>By a temporary slot, which waits for every transaction that runs, and takes a free slot and sender.</summary>
    public override async Task<ArmedOrigin?> MomentAsync(TimeSpan patience, CancellationToken ct)
    {
        WireConnection? connection = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        try
        {
            return await Task.Run(() =>
            {
                connection = From.OpenReplication(limit.Token);
                using var abort = limit.Token.Register(connection.Abort);
                var slot = connection.CreateSlot($"godwit_moment_{Guid.NewGuid():N}"[..30], temporary: true, export: true);
                return new ArmedOrigin(connection, slot.Position, slot.Snapshot!);
            }, CancellationToken.None);
        }
        catch (Exception e) when (Target.TargetErrors.IsTargetError(e) || e is OperationCanceledException or ObjectDisposedException)
        {
            connection?.Dispose();
            ct.ThrowIfCancellationRequested();
            return null;
        }
    }

    internal override IChangeReader Open(Lsn applied, bool binary, StreamLimits limits, TimeProvider clock, ICollection<int> opened, CancellationToken ct)
    {
        var connection = From.OpenReplication(ct);
        try
        {
            opened.Add(connection.ProcessId);
            connection.LimitSilence(limits.Answer);
            var stream = connection.StartReplication(new(Feed.Slot, applied, [Feed.Publication]) { ProtocolVersion = 2, Streaming = true, Binary = binary }, limits.Silence, clock);
            return new SlotReader(stream, new(stream, limits.Folder, limits.SpillBytes), Feed.Skip);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static async Task<List<Published>> ReadAsync(NpgsqlConnection connection, IReadOnlyCollection<SqlName> tables, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Tables, connection);
        command.Parameters.Add(new() { Value = tables.Select(t => t.Schema ?? "public").ToArray() });
        command.Parameters.Add(new() { Value = tables.Select(t => t.Name).ToArray() });
        await using var row = await command.ExecuteReaderAsync(ct);
        var published = new List<Published>();
        while (await row.ReadAsync(ct))
            published.Add(new(new(row.GetString(0), row.GetString(1)), row.GetString(2) == "p", row.GetString(3) != "p", row.GetString(4)[0], row.GetBoolean(5) || row.GetBoolean(7), row.GetBoolean(6)));
        return published;
    }

    // The identity of a partitioned table is that of each partition.
    private static Task IdentityAsync(NpgsqlConnection connection, SqlName table, string identity, CancellationToken ct) =>
        ExecuteAsync(connection, $"""
            do $godwit$ declare t regclass; begin
              for t in select coalesce(p.relid, {SqlText.Literal(table.ToString())}::regclass) from (select 1) one left join pg_partition_tree({SqlText.Literal(table.ToString())}) p on true loop
                execute pg_catalog.format('alter table only %s replica identity {identity}', t);
              end loop;
            end $godwit$
            """, ct);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string[][]))]
internal sealed partial class NoteJson : System.Text.Json.Serialization.JsonSerializerContext;
