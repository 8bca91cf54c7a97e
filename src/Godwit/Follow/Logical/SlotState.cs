using System.Globalization;
using Godwit.Schema;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>A slot as its server shows it, and what it holds back of the write-ahead log.</summary>
public sealed record SlotState(string Name, bool Active, string? WalStatus, Lsn? Confirmed, long RetainedBytes, long? SafeBytes, Lsn Now)
{
    private const string Sql = """
        select s.active, s.wal_status, s.confirmed_flush_lsn::text, (pg_current_wal_lsn() - s.restart_lsn)::bigint, s.safe_wal_size, pg_current_wal_lsn()::text,
          coalesce(nullif(to_jsonb(s) ->> 'invalidation_reason', ''), case when (to_jsonb(s) ->> 'conflicting')::boolean then 'conflicting' end)
        from pg_catalog.pg_replication_slots s where s.slot_name = $1 and s.database = current_database()
        """;

    /// <summary>Null where there is none.</summary>
    public static async Task<SlotState?> ReadAsync(NpgsqlConnection connection, string slot, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = slot } } };
        await using var row = await command.ExecuteReaderAsync(ct);
        if (!await row.ReadAsync(ct)) return null;
        return new(slot, row.GetBoolean(0), row.IsDBNull(6) ? row.IsDBNull(1) ? null : row.GetString(1) : "lost", row.IsDBNull(2) ? null : Lsn.Parse(row.GetString(2)),
            row.IsDBNull(3) ? 0 : row.GetInt64(3), row.IsDBNull(4) ? null : row.GetInt64(4), Lsn.Parse(row.GetString(5)));
    }

    /// <summary>A slot that is gone, or that has moved on without Godwit, has lost changes: nothing is made anew behind the user's back.</summary>
    public static SlotState Require(SlotState? slot, string name, Lsn applied, StreamEnd from)
    {
        if (slot is null || slot.WalStatus == "lost")
            throw new GodwitException(ErrorKind.Blocked, "follow-slot-lost", $"The replication slot {name} of {from.Display} {(slot is null ? "is gone" : "was invalidated: the server no longer has the changes that it stood for")}. What was written since {applied} is not known.",
                "Migrate again with --if-exists replace --follow; godwit verify names the rows that differ until then. To keep it from happening again: max_slot_wal_keep_size = -1 on the source.");
        if (slot.Confirmed is { } confirmed && confirmed > applied)
            throw new GodwitException(ErrorKind.Blocked, "follow-gap", $"The replication slot {name} of {from.Display} was read up to {confirmed} by someone else; here, changes are known up to {applied}.",
                "Migrate again with --if-exists replace --follow; godwit verify names the rows that differ until then.");
        return slot;
    }
}

/// <summary>How far a stream is, at the side where it is applied: a row of godwit.stream. <paramref name="Committed"/>: when the last transaction that is here was committed at the origin.</summary>
public sealed record StreamFact(string Name, string Feed, string Slot, string Publication, Lsn Applied, DateTimeOffset? Committed, FollowMethod Method);

/// <summary>Reads and writes godwit.stream outside of the transactions of changes.</summary>
public static class StreamFacts
{
    public static async Task StartAsync(NpgsqlConnection connection, StreamFeed feed, string id, Lsn position, CancellationToken ct)
    {
        await ExecuteAsync(connection, StreamPosition.Table, ct);
        await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"""
            insert into godwit.stream (name, feed, method, slot, publication, applied) values ({SqlText.Literal(feed.Name)}, {SqlText.Literal(id)}, {SqlText.Literal(Word(feed.Method))}, {SqlText.Literal(feed.Slot)}, {SqlText.Literal(feed.Publication)}, {(long)position.Value})
            on conflict (name) do update set feed = excluded.feed, method = excluded.method, slot = excluded.slot, publication = excluded.publication, applied = excluded.applied, transactions = 0, changes = 0, conflicts = 0, dropped = 0, committed = null, last_error = null
            """), ct);
    }

    /// <summary>Changes before the position are none of the stream's: they came from Godwit, or from before the fence.</summary>
    public static Task MoveAsync(NpgsqlConnection connection, string stream, Lsn position, CancellationToken ct) =>
        ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"update godwit.stream set applied = greatest(applied, {(long)position.Value}), at = now() where name = {SqlText.Literal(stream)}"), ct);

    /// <summary>Nothing waits any more, and nothing is kept for it: for status, after its end.</summary>
    public static Task EndAsync(NpgsqlConnection connection, string stream, CancellationToken ct) =>
        ExecuteAsync(connection, $"update godwit.stream set origin_lsn = applied, lag = 0, retained = 0, lag_seconds = null, rate = null, slope = null where name = {SqlText.Literal(stream)}", ct);

    /// <summary>The stream is no more. One of that name that is another migration's (<paramref name="id"/>) stays.</summary>
    public static Task ForgetAsync(NpgsqlConnection connection, string stream, string id, CancellationToken ct) =>
        ExecuteAsync(connection, $"do $godwit$ begin if to_regclass('godwit.stream') is not null then delete from godwit.stream where name = {SqlText.Literal(stream)} and feed = {SqlText.Literal(id)}; end if; end $godwit$", ct);

    /// <summary>That of one migration; null also where the name is another's.</summary>
    public static async Task<StreamFact?> ReadAsync(NpgsqlConnection connection, string stream, string id, CancellationToken ct) => await ReadAsync(connection, stream, ct) is { } fact && fact.Feed == id ? fact : null;

    public static async Task<StreamFact?> ReadAsync(NpgsqlConnection connection, string stream, CancellationToken ct)
    {
        await using (var exists = new NpgsqlCommand("select to_regclass('godwit.stream') is not null", connection))
            if (!(bool)(await exists.ExecuteScalarAsync(ct))!) return null;
        await using var command = new NpgsqlCommand("select feed, slot, publication, applied, committed, method from godwit.stream where name = $1", connection) { Parameters = { new() { Value = stream } } };
        await using var row = await command.ExecuteReaderAsync(ct);
        if (!await row.ReadAsync(ct)) return null;
        return new(stream, row.GetString(0), row.GetString(1), row.GetString(2), new((ulong)row.GetInt64(3)), row.IsDBNull(4) ? null : row.GetFieldValue<DateTimeOffset>(4), row.GetString(5) == Word(FollowMethod.Triggers) ? FollowMethod.Triggers : FollowMethod.Slot);
    }

    private static string Word(FollowMethod method) => method == FollowMethod.Triggers ? "triggers" : "slot";

    /// <summary>What ended a follower, for status; not the position, which its transactions tell.</summary>
    public static async Task FailAsync(NpgsqlConnection connection, string stream, string error, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("update godwit.stream set last_error = $2, at = clock_timestamp() where name = $1", connection) { Parameters = { new() { Value = stream }, new() { Value = error } } };
        await command.ExecuteNonQueryAsync(ct);
    }

    internal static async Task BeatAsync(NpgsqlConnection connection, string stream, StreamPulse pulse, CancellationToken ct)
    {
        // The stream's own transactions write this row too: they must not wait until a figure is on the disk.
        await using var command = new NpgsqlCommand("""
            update godwit.stream set origin_lsn = $2, retained = $3, rate = coalesce($4, rate), slope = coalesce($5, slope), lag_seconds = $6, lag = $7, last_error = null, at = clock_timestamp()
            from (select pg_catalog.set_config('synchronous_commit', 'off', true)) lazily where name = $1
            """, connection);
        foreach (var value in new object[] { stream, (long)pulse.OriginNow.Value, pulse.RetainedBytes, Real(pulse.RowsPerSecond), Real(pulse.BytesPerSecond), pulse.LagSeconds, pulse.LagBytes })
            command.Parameters.Add(value is DBNull ? new() { Value = value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Double } : new() { Value = value, NpgsqlDbType = Infer(value) });
        await command.ExecuteNonQueryAsync(ct);
    }

    private static object Real(double? value) => (object?)value ?? DBNull.Value;

    private static NpgsqlTypes.NpgsqlDbType Infer(object value) => value switch { long => NpgsqlTypes.NpgsqlDbType.Bigint, double => NpgsqlTypes.NpgsqlDbType.Double, _ => NpgsqlTypes.NpgsqlDbType.Text };

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>What the follower notes of itself every few seconds. <paramref name="BytesPerSecond"/>: by which the lag grows, negative where it shrinks.</summary>
internal sealed record StreamPulse(Lsn OriginNow, long LagBytes, long RetainedBytes, double? RowsPerSecond, double? BytesPerSecond, double LagSeconds);
