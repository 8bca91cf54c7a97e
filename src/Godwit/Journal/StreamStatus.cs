using Npgsql;

namespace Godwit.Journal;

/// <summary>
/// How a stream between two PostgreSQL databases fares, as its follower noted it last, at <paramref name="At"/>: of the one
/// forward, to the target. Lag: what the origin had written and is not applied. <paramref name="Slope"/>: bytes a second by which that grows; negative
/// where it shrinks. <paramref name="RetainedBytes"/>: log that the origin keeps for the slot.
/// </summary>
public sealed record StreamStatus(string Name, string Slot, string Applied, long Transactions, long Changes, long Conflicts, long LagBytes, double? LagSeconds, double? RowsPerSecond, double? Slope, long RetainedBytes, string? LastError, DateTimeOffset At)
{
    /// <summary>Begins the identity of a feed that is such a stream.</summary>
    public const string FeedPrefix = "pg:";

    /// <summary>Until nothing is waiting, at this slope; null where it does not become less.</summary>
    public double? EtaSeconds => LagBytes == 0 ? 0 : Slope is { } slope and < -1 ? LagBytes / -slope : null;

    /// <summary>Null where there is none.</summary>
    public static async Task<StreamStatus?> ReadAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using (var exists = new NpgsqlCommand("select to_regclass('godwit.stream') is not null", connection))
            if (!(bool)(await exists.ExecuteScalarAsync(ct))!) return null;
        await using var command = new NpgsqlCommand("""
            select name, slot, ('0/0'::pg_lsn + applied)::text, transactions, changes, conflicts, coalesce(case when origin_lsn <= applied then 0 when method = 'triggers' then lag else origin_lsn - applied end, 0), lag_seconds, rate, slope, coalesce(retained, 0), last_error, at
            from godwit.stream where name = 'forward' and applied > 0
            """, connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        if (!await row.ReadAsync(ct)) return null;
        double? Real(int column) => row.IsDBNull(column) ? null : row.GetDouble(column);
        return new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), Real(7), Real(8), Real(9), row.GetInt64(10), row.IsDBNull(11) ? null : row.GetString(11), row.GetFieldValue<DateTimeOffset>(12));
    }
}
