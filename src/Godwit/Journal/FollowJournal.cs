using Npgsql;

namespace Godwit.Journal;

/// <summary>
/// How far a run has followed its source. <paramref name="Feed"/> is the arming that the run's copy began under; <paramref name="Applied"/> the feed's
/// last entry that is durable here; <paramref name="Pending"/> entries were waiting at <paramref name="At"/>.
/// </summary>
public sealed record FollowFact(Guid Run, string Feed, long Applied, long Changes, long Pending, string State, DateTimeOffset At, DateTimeOffset? Fenced, DateTimeOffset? Switched);

/// <summary>Facts about following, in table godwit.follow: one row a run.</summary>
public static class FollowJournal
{
    public const string Active = "following", Stopped = "stopped", Fencing = "fenced", Done = "switched", RolledBack = "rolled back";

    /// <summary>Call before the first row is copied: what the feed records from here on is what the copy may miss.</summary>
    public static Task StartAsync(NpgsqlConnection connection, Guid run, string feed, CancellationToken ct) =>
        ExecuteAsync(connection, "insert into godwit.follow (run_id, feed, applied, changes, pending, state) values ($1, $2, 0, 0, 0, 'stopped') on conflict (run_id) do nothing", ct, run, feed);

    public static async Task<FollowFact?> ReadAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var exists = new NpgsqlCommand("select to_regclass('godwit.follow') is not null", connection);
        if (!(bool)(await exists.ExecuteScalarAsync(ct))!) return null;
        await using var command = new NpgsqlCommand("select feed, applied, changes, pending, state, at, fenced, switched from godwit.follow where run_id = $1", connection) { Parameters = { new() { Value = run } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct)) return null;
        DateTimeOffset? Moment(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
        return new(run, reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetString(4), reader.GetFieldValue<DateTimeOffset>(5), Moment(6), Moment(7));
    }

    /// <summary>Call inside the transaction that applied the changes.</summary>
    public static Task AppliedAsync(NpgsqlConnection connection, Guid run, long upTo, long changes, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.follow set applied = $2, changes = changes + $3, pending = 0, at = now() where run_id = $1", ct, run, upTo, changes);

    public static Task SetStateAsync(NpgsqlConnection connection, Guid run, string state, long pending, CancellationToken ct) =>
        ExecuteAsync(connection, """
            update godwit.follow set state = $2, pending = $3, at = now(), fenced = case when $2 = 'fenced' then coalesce(fenced, now()) when $2 in ('switched', 'rolled back') then fenced end,
              switched = case when $2 = 'switched' then now() end where run_id = $1
            """, ct, run, state, pending);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(ct);
    }
}
