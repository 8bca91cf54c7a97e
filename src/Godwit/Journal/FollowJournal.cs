using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Npgsql;

namespace Godwit.Journal;

/// <summary>Changes of one table that were brought over, and rows that were written for them.</summary>
public sealed record FollowedTable(string Table, long Changes, long Rows, DateTimeOffset At);

/// <summary>What a target keeps for the way back to its source: a plan (opaque here), whether its writes are recorded at this moment, and how many have gone back.</summary>
public sealed record WayBackFact(string Plan, bool Armed, long Changes);

/// <summary>
/// How far a run has followed its source. <paramref name="Feed"/> is the arming that the run's copy began under; <paramref name="Applied"/> the feed's
/// last entry that is durable here; <paramref name="Pending"/> entries were waiting at <paramref name="At"/>.
/// </summary>
public sealed record FollowFact(Guid Run, string Feed, long Applied, long Changes, long Pending, string State, DateTimeOffset At, DateTimeOffset? Fenced, DateTimeOffset? Switched)
{
    /// <summary>When nothing was waiting for the last time.</summary>
    public DateTimeOffset? InStep { get; init; }
    /// <summary>Changes a second that are applied; and by how many a second those that wait grow (negative: they become fewer).</summary>
    public double? Rate { get; init; }
    public double? Slope { get; init; }
    public string? LastError { get; init; }
    public ImmutableArray<FollowedTable> Tables { get; init; } = [];
    public WayBackFact? WayBack { get; init; }

    /// <summary>For how long what waits has been waiting, at most, as of <see cref="At"/>; zero where nothing waits.</summary>
    public double LagSeconds => Pending == 0 || InStep is not { } since ? 0 : Math.Max(0, (At - since).TotalSeconds);
    /// <summary>When nothing will be waiting, at this slope; null where nothing waits or more and more does.</summary>
    public double? EtaSeconds => Pending > 0 && Slope is < 0 and var slope ? Pending / -slope : null;
    /// <summary>The application uses the target, or may already.</summary>
    [JsonIgnore]
    public bool IsSwitched => State is FollowJournal.Done or FollowJournal.Switching or FollowJournal.RollingBack || IsFinished && Switched is not null;
    /// <summary>Ended for good, or about to be: there is no following and no way back any more.</summary>
    [JsonIgnore]
    public bool IsFinished => State is FollowJournal.Finishing or FollowJournal.Finished;
    /// <summary>The database that the application uses.</summary>
    public string Authoritative => State != FollowJournal.RollingBack && IsSwitched ? "target" : "source";
}

/// <summary>What a follower saw since it last said so.</summary>
public readonly record struct FollowPulse(long Pending, double? Rate, double? Slope, string? Error);

/// <summary>Facts about following, in table godwit.follow: one row a run.</summary>
public static class FollowJournal
{
    public const string Active = "following", Stopped = "stopped", Fencing = "fenced", Switching = "switching", Done = "switched", RollingBack = "rolling back", RolledBack = "rolled back", Finishing = "finishing", Finished = "finished";

    /// <summary>Call before the first row is copied: what the feed records from here on is what the copy may miss. A run that goes on may do so under another feed, its own having ended with its process.</summary>
    public static Task StartAsync(NpgsqlConnection connection, Guid run, string feed, CancellationToken ct) =>
        ExecuteAsync(connection, """
            insert into godwit.follow as f (run_id, feed, applied, changes, pending, state) values ($1, $2, 0, 0, 0, 'stopped')
            on conflict (run_id) do update set feed = excluded.feed, applied = case when f.feed = excluded.feed then f.applied else 0 end
            """, ct, run, feed);

    public static async Task<FollowFact?> ReadAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var exists = new NpgsqlCommand("select to_regclass('godwit.follow') is not null", connection) { CommandTimeout = RunJournal.AnswerSeconds };
        if (!(bool)(await exists.ExecuteScalarAsync(ct))!) return null;
        var fact = await ReadRowAsync(connection, run, ct);
        return fact is null ? null : fact with { Tables = await TablesAsync(connection, run, ct), WayBack = await WayBackAsync(connection, run, ct) };
    }

    private static async Task<FollowFact?> ReadRowAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select feed, applied, changes, pending, state, at, fenced, switched, in_step, rate, slope, last_error from godwit.follow where run_id = $1", connection) { CommandTimeout = RunJournal.AnswerSeconds, Parameters = { new() { Value = run } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct)) return null;
        DateTimeOffset? Moment(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
        double? Number(int column) => reader.IsDBNull(column) ? null : reader.GetDouble(column);
        return new(run, reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetString(4), reader.GetFieldValue<DateTimeOffset>(5), Moment(6), Moment(7))
        {
            InStep = Moment(8),
            Rate = Number(9),
            Slope = Number(10),
            LastError = reader.IsDBNull(11) ? null : reader.GetString(11),
        };
    }

    private static async Task<ImmutableArray<FollowedTable>> TablesAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        var tables = ImmutableArray.CreateBuilder<FollowedTable>();
        await using var command = new NpgsqlCommand("select source_table, changes, rows, at from godwit.follow_table where run_id = $1 order by 1", connection) { CommandTimeout = RunJournal.AnswerSeconds, Parameters = { new() { Value = run } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) tables.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<DateTimeOffset>(3)));
        return tables.ToImmutable();
    }

    private static async Task<WayBackFact?> WayBackAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select plan, armed, changes from godwit.way_back where run_id = $1", connection) { CommandTimeout = RunJournal.AnswerSeconds, Parameters = { new() { Value = run } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? new(reader.GetString(0), reader.GetBoolean(1), reader.GetInt64(2)) : null;
    }

    /// <summary>Call inside the transaction that makes the target record its writes.</summary>
    public static Task BackArmedAsync(NpgsqlConnection connection, Guid run, string plan, CancellationToken ct) =>
        ExecuteAsync(connection, "insert into godwit.way_back (run_id, plan, armed) values ($1, $2, true) on conflict (run_id) do update set plan = excluded.plan, armed = true", ct, run, plan);

    /// <summary>Call inside the transaction that ends it.</summary>
    public static Task BackDisarmedAsync(NpgsqlConnection connection, Guid run, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.way_back set armed = false where run_id = $1", ct, run);

    /// <summary>Call inside the transaction that forgets what has gone back.</summary>
    public static Task WentBackAsync(NpgsqlConnection connection, Guid run, long changes, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.way_back set changes = changes + $2 where run_id = $1", ct, run, changes);

    /// <summary>Call inside the transaction that wrote the rows.</summary>
    public static Task TableAppliedAsync(NpgsqlConnection connection, Guid run, string table, long changes, long rows, CancellationToken ct) =>
        ExecuteAsync(connection, """
            insert into godwit.follow_table as t (run_id, source_table, changes, rows) values ($1, $2, $3, $4)
            on conflict (run_id, source_table) do update set changes = t.changes + excluded.changes, rows = t.rows + excluded.rows, at = now()
            """, ct, run, table, changes, rows);

    /// <summary>Call inside the transaction that applied the changes.</summary>
    public static Task AppliedAsync(NpgsqlConnection connection, Guid run, long upTo, long changes, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.follow set applied = $2, changes = changes + $3, pending = 0, in_step = now(), at = now() where run_id = $1", ct, run, upTo, changes);

    public static Task SetStateAsync(NpgsqlConnection connection, Guid run, string state, FollowPulse pulse, CancellationToken ct) =>
        ExecuteAsync(connection, """
            update godwit.follow set state = $2, pending = $3, at = now(), fenced = case when $2 = 'fenced' then coalesce(fenced, now()) when $2 in ('switching', 'switched', 'rolling back', 'rolled back', 'finishing', 'finished') then fenced end,
              switched = case when $2 = 'switched' then coalesce(switched, now()) when $2 in ('rolling back', 'finishing', 'finished') then switched end,
              in_step = case when $3 = 0 then now() else in_step end, rate = $4, slope = $5, last_error = coalesce($6, case when $3 > 0 then last_error end) where run_id = $1
            """, ct, run, state, pulse.Pending, (object?)pulse.Rate ?? DBNull.Value, (object?)pulse.Slope ?? DBNull.Value, (object?)pulse.Error ?? DBNull.Value);

    /// <summary>An error that the follower waits out, or that ends it. How fast it was stays as it was seen last.</summary>
    public static Task FailAsync(NpgsqlConnection connection, Guid run, string error, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.follow set last_error = $2, at = now() where run_id = $1", ct, run, error);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = RunJournal.AnswerSeconds };
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(ct);
    }
}
