using System.Collections.Immutable;
using System.Globalization;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Follow.KeyLog;

/// <summary>
/// A stream that is read from triggers: they note the key of each row that is written, and the reader looks up what those rows are at a moment.
/// For servers whose write-ahead log cannot be read: wal_level below logical, or a role without REPLICATION. See docs/decisions/0008-follow-by-keys.md.
/// </summary>
public sealed class KeyLogOrigin(StreamEnd from, StreamFeed feed) : StreamOrigin(from, feed)
{
    private const string Server = "select pg_is_in_recovery(), current_user::text, has_database_privilege(current_database(), 'create') or coalesce(has_schema_privilege(to_regnamespace('godwit')::oid, 'create'), false)";

    private const int Attempts = 4;

    private readonly KeyLogNames _names = new(feed.Slot);

    public override async Task<ImmutableArray<Finding>> RequireAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Server, connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        if (row.GetBoolean(0)) throw new GodwitException(ErrorKind.Blocked, "follow-standby", $"{From.Display} is a standby, on which no triggers can be made.", "Follow the primary.");
        if (!row.GetBoolean(2)) throw new GodwitException(ErrorKind.Blocked, "follow-no-schema", $"{From.Display} does not let the role {row.GetString(1)} make a schema for the record of changes.", $"GRANT CREATE ON DATABASE ... TO {SqlName.Quote(row.GetString(1))};");
        return [];
    }

    public override async Task<ImmutableArray<Finding>> PublishAsync(IReadOnlyCollection<SqlName> tables, CancellationToken ct)
    {
        await using var connection = await From.DefineAsync(ct);
        try
        {
            var findings = await RequireAsync(connection, ct);
            await DropAsync(connection, ct);
            var logged = await KeyLogSchema.ReadAsync(connection, tables, ct);
            foreach (var bare in logged.Where(t => t.Key.Count == 0))
                findings = findings.Add(new("follow-whole-rows", Severity.Warning, $"{bare.Name}", "The table has no key to tell its rows by: each write to it notes the whole row, as it was and as it is.", "A primary key is smaller and faster."));
            await ExecuteAsync(connection, KeyLogSchema.Create(_names), ct);
            foreach (var table in logged) await LockingAsync(connection, $"{table.Name}", async () => await KeyLogSchema.ArmAsync(connection, _names, table, Feed.Skip, ct), ct);
            return findings;
        }
        catch (NpgsqlException e)
        {
            throw From.Map(e, $"Making the triggers of {From.Display}");
        }
    }

    /// <summary>One table at a time: its lock waits for the transactions that have written to it, and makes others wait.</summary>
    private async Task LockingAsync(NpgsqlConnection connection, string table, Func<Task<string>> sql, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(ct);
                await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"set local lock_timeout = {(int)TableWait.TotalMilliseconds}"), ct);
                await ExecuteAsync(connection, await sql(), ct);
                await transaction.CommitAsync(CancellationToken.None);
                return;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                if (attempt < Attempts) continue;
                throw new GodwitException(ErrorKind.Blocked, "follow-table-locked", $"{From.Display}: {table} is in use by a long transaction; its triggers could not be changed within {Attempts} times {TableWait.TotalSeconds:0} s.",
                    "Try again when it has ended: select pid, usename, xact_start, query from pg_stat_activity order by xact_start; shows it.", e);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                throw new GodwitException(ErrorKind.Blocked, "follow-not-owner", $"{table} belongs to another role: no trigger can be made on it.", "Follow as the tables' owner or as a superuser.", e);
            }
        }
    }

    public override async Task<ArmedOrigin> BeginAsync(CancellationToken ct) => (await MomentAsync(begins: true, ct))!;

    public override async Task<ArmedOrigin?> MomentAsync(TimeSpan patience, CancellationToken ct)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(patience);
            return await MomentAsync(begins: false, limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<ArmedOrigin> MomentAsync(bool begins, CancellationToken ct)
    {
        while (true)
        {
            if (await TryMomentAsync(begins, ct) is { } moment) return moment;
            await Task.Delay(100, ct);
        }
    }

    /// <summary>
    /// Null where partitions were found that could be emptied unnoticed after the moment; now they no longer can. Also where some have come or gone that
    /// the follower has to settle first; a stream that <paramref name="begins"/> here knows all that are there.
    /// </summary>
    private async Task<ArmedOrigin?> TryMomentAsync(bool begins, CancellationToken ct)
    {
        var connection = await From.ConnectAsync(ct);
        try
        {
            await using var holder = await From.DefineAsync(ct);
            // The lock comes before the snapshot, so that moments have their numbers in the order of time.
            await ExecuteAsync(holder, $"begin isolation level repeatable read; {KeyLogSchema.Lock(_names)}", ct);
            await ExecuteAsync(connection, "begin isolation level repeatable read, read only", ct);
            await using var export = new NpgsqlCommand("select pg_export_snapshot(), pg_current_snapshot()::text", connection);
            string exported, snapshot;
            await using (var row = await export.ExecuteReaderAsync(ct))
            {
                await row.ReadAsync(ct);
                (exported, snapshot) = (row.GetString(0), row.GetString(1));
            }
            if (await UnarmedAsync(connection, ct) is { Count: > 0 } unarmed)
            {
                await ExecuteAsync(connection, "rollback", ct);
                await ExecuteAsync(holder, "rollback", ct);
                foreach (var (partition, table) in unarmed) await LockingAsync(holder, partition, () => Task.FromResult(KeyLogSchema.Emptied(_names, table, partition)), ct);
                await connection.DisposeAsync();
                return null;
            }
            if (!begins && await HaveChangedAsync(connection, ct))
            {
                await ExecuteAsync(connection, "rollback", ct);
                await connection.DisposeAsync();
                return null;
            }
            if (begins)
            {
                await using var read = new NpgsqlCommand(KeyLogPartitions.Read(_names), connection);
                await ExecuteAsync(holder, KeyLogPartitions.Know(_names, (string)(await read.ExecuteScalarAsync(ct))!), ct);
            }
            await using var mark = new NpgsqlCommand($"insert into {_names.Ticks} (snapshot, exported) values ({SqlText.Literal(snapshot)}, {SqlText.Literal(exported)}) returning id", holder);
            var position = new Lsn((ulong)(long)(await mark.ExecuteScalarAsync(ct))!);
            await ExecuteAsync(holder, "commit", ct);
            return new(connection, position, exported);
        }
        catch (NpgsqlException e)
        {
            await connection.DisposeAsync();
            throw From.Map(e, $"Fixing a moment of {From.Display}");
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> HaveChangedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        // A stream of a version before knows of none until its follower has begun anew.
        await using (var exists = new NpgsqlCommand($"select to_regclass({SqlText.Literal(_names.Partitions.ToString())}) is not null", connection))
            if (!(bool)(await exists.ExecuteScalarAsync(ct))!) return false;
        await using var changes = new NpgsqlCommand($"select exists ({KeyLogPartitions.Changes(_names)})", connection);
        return (bool)(await changes.ExecuteScalarAsync(ct))!;
    }

    private async Task<List<(string Partition, int Table)>> UnarmedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(KeyLogSchema.Unarmed(_names), connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        var unarmed = new List<(string, int)>();
        while (await row.ReadAsync(ct)) unarmed.Add((row.GetString(0), int.Parse(row.GetString(1), CultureInfo.InvariantCulture)));
        return unarmed;
    }

    protected override async Task<Lsn> NowAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"set default_transaction_read_only = off; begin isolation level repeatable read; {KeyLogSchema.Lock(_names)}; insert into {_names.Ticks} (snapshot) values (pg_current_snapshot()) returning id; commit", connection);
        return new((ulong)(long)(await command.ExecuteScalarAsync(ct))!);
    }

    public override async Task DropAsync(CancellationToken ct)
    {
        await using var connection = await From.DefineAsync(ct);
        try
        {
            await DropAsync(connection, ct);
        }
        catch (NpgsqlException e)
        {
            throw From.Map(e, $"Removing the triggers of {From.Display}");
        }
    }

    /// <summary>By what is there, not by what is known: the triggers first, for without its log a table could not be written to.</summary>
    private async Task DropAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        foreach (var (table, sql) in await KeyLogSchema.TriggersAsync(connection, _names, ct)) await LockingAsync(connection, table, () => Task.FromResult(sql), ct);
        Failpoints.Hit(Failpoints.TriggersDropped);
        foreach (var sql in await KeyLogSchema.DropAsync(connection, _names, ct)) await ExecuteAsync(connection, sql, ct);
    }

    // A copy does not bring triggers of Godwit's along.
    public override Task RestoreAsync(StreamEnd other, CancellationToken ct) => Task.CompletedTask;

    public override async Task<List<SqlName>> TablesAsync(CancellationToken ct)
    {
        await using var connection = await From.ConnectAsync(ct);
        try
        {
            return [.. (await KeyLogSchema.LoggedAsync(connection, _names, ct)).Select(t => t.Name)];
        }
        catch (NpgsqlException e)
        {
            throw From.Map(e, "Reading which tables are followed");
        }
    }

    public override async Task<bool> RequireWholeAsync(NpgsqlConnection connection, Lsn applied, int targetMajor, CancellationToken ct)
    {
        if (await KeyLogSchema.MissingAsync(connection, _names, (long)applied.Value, ct) is { } missing)
            throw new GodwitException(ErrorKind.Blocked, "follow-log-lost", $"{From.Display}: {missing}. What was written meanwhile is not known.",
                "Migrate again with --if-exists replace --follow; godwit verify names the rows that differ until then.");
        return false;
    }

    public override async Task<OriginState?> StateAsync(NpgsqlConnection connection, Lsn applied, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(KeyLogSchema.State(_names, (long)applied.Value), connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        return await row.ReadAsync(ct) ? new(new((ulong)row.GetInt64(0)), row.GetInt64(1), row.GetInt64(2)) : null;
    }

    internal override IChangeReader Open(Lsn applied, bool binary, StreamLimits limits, TimeProvider clock, ICollection<int> opened, CancellationToken ct) =>
        KeyLogReader.Open(From, _names, applied, limits, clock, opened, ct);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
