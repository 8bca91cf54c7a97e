using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;
using NpgsqlTypes;

namespace Godwit.Journal;

/// <summary>A run as the journal holds it; <paramref name="Plan"/> is the plan's JSON, opaque here.</summary>
public sealed record JournalRun(Guid Id, string Source, string Position, string Options, string TargetSchema, string Plan, RunState State, Stage Stage, DateTimeOffset Started);

public enum StepOutcome { Done, Fallback, Refused }

public sealed record JournalStep(string Id, StepOutcome Outcome, string? Detail);

public sealed record JournalChunk(string Table, int Number, long Rows, long Misfits);

/// <summary>
/// Durable facts about runs, in schema <c>godwit</c> of the target. Facts about rows and steps are written by the caller's transaction, the
/// one that does the work, so that work and fact are there together or not at all. One writer at a time, by advisory lock; any number of readers.
/// </summary>
public static class RunJournal
{
    public const string SchemaName = "godwit";

    // Two int4 keys, "gdwt" and a format number: pg_locks shows them as classid and objid.
    private const int LockClass = 0x67647774;

    /// <summary>Small statements, which wait for nothing but a server that is gone without a word.</summary>
    public const int AnswerSeconds = 30;
    private const int LockObject = 1;

    /// <summary>Takes the run lock on this session, or returns false when another session of the same database holds it.</summary>
    public static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select pg_try_advisory_lock({LockClass}, {LockObject})", connection) { CommandTimeout = AnswerSeconds };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>The server's process that holds the run lock; null where nobody does.</summary>
    public static async Task<int?> LockHolderAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"""
            select pid from pg_locks where locktype = 'advisory' and classid = {LockClass}::oid and objid = {LockObject}::oid and objsubid = 2 and granted and database = (select oid from pg_database where datname = current_database())
            """, connection);
        return (int?)await command.ExecuteScalarAsync(ct);
    }

    /// <summary>A pooled connection keeps its locks until somebody else takes it. False: this session did not hold it, or is no more.</summary>
    public static async Task<bool> UnlockAsync(NpgsqlConnection connection)
    {
        if (connection.State != System.Data.ConnectionState.Open) return false;
        await using var command = new NpgsqlCommand($"select pg_advisory_unlock({LockClass}, {LockObject})", connection) { CommandTimeout = AnswerSeconds };
        return (bool)(await command.ExecuteScalarAsync(CancellationToken.None))!;
    }

    public static Task EnsureSchemaAsync(NpgsqlConnection connection, CancellationToken ct) =>
        ExecuteAsync(connection, JournalSql.Create, ct);

    private const string RunColumns = "id, source, position, options, target_schema, plan, state, stage, started";

    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        // In an application's own table of that name, nothing is to be looked for.
        await using var command = new NpgsqlCommand($"""
            select case when to_regclass('godwit.run') is not null then
              (select bool_and(exists (select from pg_attribute where attrelid = to_regclass('godwit.run') and attname = c)) from unnest(string_to_array('{RunColumns}', ', ')) c) end
            """, connection) { CommandTimeout = AnswerSeconds };
        return await command.ExecuteScalarAsync(ct) switch
        {
            null or DBNull => false,
            true => true,
            _ => throw new GodwitException(ErrorKind.Blocked, "target-journal-foreign", "The target has a table godwit.run that is not Godwit's journal, and nothing was changed.", "The schema godwit is where the journal goes: ALTER SCHEMA godwit RENAME TO another_name; or name another database."),
        };
    }

    /// <summary>The newest run, finished or not; null where there is none.</summary>
    public static async Task<JournalRun?> LatestAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"select {RunColumns} from godwit.run where state <> 'abandoned' order by started desc limit 1", connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct)) return null;
        return new(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
            ParseState(reader.GetString(6)), Enum.Parse<Stage>(reader.GetString(7)), reader.GetFieldValue<DateTimeOffset>(8));
    }

    public static Task StartAsync(NpgsqlConnection connection, JournalRun run, CancellationToken ct) =>
        ExecuteAsync(connection, """
            insert into godwit.run (id, source, position, options, target_schema, plan, state, stage, started)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """, ct, run.Id, run.Source, run.Position, run.Options, run.TargetSchema, run.Plan, StateText(run.State), run.Stage.ToString(), run.Started.ToUniversalTime());

    public static Task SetStateAsync(NpgsqlConnection connection, Guid run, RunState state, string? error, DateTimeOffset? ended, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.run set state = $2, last_error = $3, ended = $4 where id = $1", ct,
            run, StateText(state), (object?)error ?? DBNull.Value, (object?)ended?.ToUniversalTime() ?? DBNull.Value);

    public static Task SetStageAsync(NpgsqlConnection connection, Guid run, Stage stage, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.run set stage = $2, state = 'running' where id = $1", ct, run, stage.ToString());

    /// <summary>Forgets every unfinished run: what they loaded is about to be dropped, and rows that they set aside are the source's still.</summary>
    public static async Task AbandonAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await ExecuteAsync(connection, "update godwit.run set state = 'abandoned' where state in ('running', 'interrupted', 'failed')", ct);
        await ExecuteAsync(connection, "delete from godwit.quarantine q using godwit.run r where r.id = q.run_id and r.state = 'abandoned'", ct);
    }

    public static Task SetReportAsync(NpgsqlConnection connection, Guid run, string json, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.run set report = $2 where id = $1", ct, run, json);

    /// <summary>Another plan for the run. Call inside the transaction that drops the tables (source names) which are to be loaded again.</summary>
    public static Task ReplanAsync(NpgsqlConnection connection, Guid run, string plan, string[] tables, string[] steps, CancellationToken ct) =>
        ExecuteAsync(connection, """
            with c as (delete from godwit.chunk where run_id = $1 and source_table = any ($3)),
              q as (delete from godwit.quarantine where run_id = $1 and source_table = any ($3)),
              s as (delete from godwit.step where run_id = $1 and id = any ($4))
            update godwit.run set plan = $2 where id = $1
            """, ct, run, plan, tables, steps);

    /// <summary>The run's rows are of another moment from now on. Call inside the transaction that makes it so.</summary>
    public static Task MoveAsync(NpgsqlConnection connection, Guid run, string position, CancellationToken ct) =>
        ExecuteAsync(connection, "update godwit.run set position = $2 where id = $1", ct, run, position);

    /// <summary>Call inside the transaction that loaded the chunk's rows.</summary>
    public static Task ChunkDoneAsync(NpgsqlConnection connection, Guid run, JournalChunk chunk, CancellationToken ct) =>
        ExecuteAsync(connection, "insert into godwit.chunk (run_id, source_table, number, rows, misfits) values ($1, $2, $3, $4, $5)", ct,
            run, chunk.Table, chunk.Number, chunk.Rows, chunk.Misfits);

    /// <summary>The same as text, for a connection that only speaks simple queries.</summary>
    public static string ChunkDoneSql(Guid run, JournalChunk chunk) =>
        $"insert into godwit.chunk (run_id, source_table, number, rows, misfits) values ('{run}', {SqlText.Literal(chunk.Table)}, {chunk.Number}, {chunk.Rows}, {chunk.Misfits})";

    /// <summary>Rows and misfits of a chunk that is done; no row where it is not.</summary>
    public static string ChunkSql(Guid run, string table, int number) =>
        $"select rows, misfits from godwit.chunk where run_id = '{run}' and source_table = {SqlText.Literal(table)} and number = {number}";

    /// <summary>Call inside the transaction that executed the step.</summary>
    public static Task StepDoneAsync(NpgsqlConnection connection, Guid run, JournalStep step, CancellationToken ct) =>
        ExecuteAsync(connection, JournalSql.StepDone, ct, run, new[] { step.Id }, step.Outcome.ToString(), (object?)step.Detail ?? DBNull.Value);

    /// <summary>The same, to be sent along with the statements of the steps, whose outcome is one.</summary>
    public static NpgsqlBatchCommand StepsDone(Guid run, IEnumerable<string> ids, StepOutcome outcome, string? detail) => new(JournalSql.StepDone)
    {
        Parameters = { new() { Value = run }, new() { Value = ids.ToArray() }, new() { Value = outcome.ToString() }, new() { Value = (object?)detail ?? DBNull.Value } },
    };

    /// <summary>Call inside the transaction that loaded the chunk's other rows.</summary>
    public static Task QuarantineAsync(NpgsqlConnection connection, Guid run, string table, long position, string? key, string column, string reason, string json, CancellationToken ct) =>
        ExecuteAsync(connection, """
            insert into godwit.quarantine (run_id, source_table, position, key, column_name, reason, row) values ($1, $2, $3, $4, $5, $6, $7::text::jsonb)
            """, ct, run, table, position, (object?)key ?? DBNull.Value, column, reason, json);

    /// <summary>Forgets a row that is about to be judged anew, or all rows of a table. Call inside the transaction that writes it.</summary>
    public static Task RequarantineAsync(NpgsqlConnection connection, Guid run, string table, long? position, CancellationToken ct) =>
        ExecuteAsync(connection, "delete from godwit.quarantine where run_id = $1 and source_table = $2 and ($3::bigint is null or position = $3)", ct, run, table, (object?)position ?? DBNull.Value);

    /// <summary>Positions of a table's rows that did not fit.</summary>
    public static async Task<HashSet<long>> QuarantinedAsync(NpgsqlConnection connection, Guid run, string table, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select position from godwit.quarantine where run_id = $1 and source_table = $2", connection) { Parameters = { new() { Value = run }, new() { Value = table } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var positions = new HashSet<long>();
        while (await reader.ReadAsync(ct)) positions.Add(reader.GetInt64(0));
        return positions;
    }

    public static async Task<ImmutableArray<JournalChunk>> ChunksAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select source_table, number, rows, misfits from godwit.chunk where run_id = $1", connection) { Parameters = { new() { Value = run } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var chunks = ImmutableArray.CreateBuilder<JournalChunk>();
        while (await reader.ReadAsync(ct)) chunks.Add(new(reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3)));
        return chunks.ToImmutable();
    }

    public static async Task<ImmutableArray<JournalStep>> StepsAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select id, outcome, detail from godwit.step where run_id = $1", connection) { Parameters = { new() { Value = run } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var steps = ImmutableArray.CreateBuilder<JournalStep>();
        while (await reader.ReadAsync(ct))
            steps.Add(new(reader.GetString(0), Enum.Parse<StepOutcome>(reader.GetString(1)), reader.IsDBNull(2) ? null : reader.GetString(2)));
        return steps.ToImmutable();
    }

    /// <summary>Every run, newest first, also while one is going on. Empty where Godwit never ran.</summary>
    public static async Task<ImmutableArray<RunStatus>> ReadStatusAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        if (!await ExistsAsync(connection, ct)) return [];
        var runs = new List<RunStatus>();
        await using (var command = new NpgsqlCommand(JournalSql.Status, connection) { Parameters = { new() { Value = LockClass }, new() { Value = LockObject } } })
        await using (var reader = await command.ExecuteReaderAsync(ct))
            while (await reader.ReadAsync(ct)) runs.Add(ReadRun(reader));
        for (var i = 0; i < runs.Count; i++)
            runs[i] = runs[i] with { Tables = await ReadTablesAsync(connection, runs[i].Id, ct), Follow = await FollowJournal.ReadAsync(connection, runs[i].Id, ct) };
        // One target follows one source: the newest run that follows at all.
        if (runs.FindIndex(r => r.Follow is { } follow && follow.Feed.StartsWith(StreamStatus.FeedPrefix, StringComparison.Ordinal)) is var streamed and >= 0)
            runs[streamed] = runs[streamed] with { Stream = await StreamStatus.ReadAsync(connection, ct) };
        return [.. runs];
    }

    private static RunStatus ReadRun(NpgsqlDataReader reader)
    {
        var alive = reader.GetBoolean(8);
        var state = ParseState(reader.GetString(3));
        return new()
        {
            Id = reader.GetGuid(0),
            Source = reader.GetString(1),
            TargetSchema = reader.GetString(2),
            // The process died without a word when its run says running and nobody holds the lock.
            State = state == RunState.Running && !alive ? RunState.Interrupted : state,
            Stage = Enum.Parse<Stage>(reader.GetString(4)),
            Started = reader.GetFieldValue<DateTimeOffset>(5),
            Ended = reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6),
            LastError = reader.IsDBNull(7) ? null : reader.GetString(7),
            Alive = alive && state == RunState.Running,
            Locked = alive,
            StepsDone = reader.GetInt32(9),
            Steps = reader.GetInt32(10),
        };
    }

    private static async Task<ImmutableArray<TableStatus>> ReadTablesAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(JournalSql.StatusTables, connection) { Parameters = { new() { Value = run } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var tables = ImmutableArray.CreateBuilder<TableStatus>();
        while (await reader.ReadAsync(ct))
            tables.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetInt64(5)));
        return tables.ToImmutable();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(value is DateTimeOffset moment ? new() { Value = moment, NpgsqlDbType = NpgsqlDbType.TimestampTz } : new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(ct);
    }

    private static string StateText(RunState state) => state switch
    {
        RunState.Running => "running",
        RunState.Interrupted => "interrupted",
        RunState.Failed => "failed",
        RunState.Done => "done",
        _ => "done-with-differences",
    };

    private static RunState ParseState(string text) => text switch
    {
        "running" => RunState.Running,
        "interrupted" => RunState.Interrupted,
        "failed" => RunState.Failed,
        "done" => RunState.Done,
        _ => RunState.DoneWithDifferences,
    };
}
