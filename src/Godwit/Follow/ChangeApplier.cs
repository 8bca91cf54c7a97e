using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Follow;

/// <summary>
/// Brings a set of changes into the target: touched keys are deleted, the rows that those keys have now are copied in, and the set's end is
/// written to the journal, all in one transaction. Applying a set twice leaves the same rows. Foreign keys and triggers of the target do not
/// fire meanwhile (session_replication_role = replica): the source has checked and fired its own.
/// </summary>
public sealed class ChangeApplier(ITarget target, Guid run, MigrationPlan plan, DatabaseSchema schema, TimeProvider clock)
{
    private readonly ImmutableDictionary<string, TablePlan> _tables = plan.Tables.ToImmutableDictionary(t => t.Source);

    /// <summary>For how long nothing may move on the way to the target while changes are applied.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(60);
    // The watch has spoken by then, where it is a stall.
    private TimeSpan Silence => Patience * 2;

    /// <summary>Seconds for a statement, however busy the server is with it: the driver may miss that it was cancelled while it waits for a way that is dead.</summary>
    private int Longest => Math.Max(1, (int)(Patience * 10).TotalSeconds);

    /// <summary>Refuses a target on which rows cannot be applied as they are.</summary>
    public static async Task RequireAsync(ITarget target, CancellationToken ct)
    {
        await using var connection = await target.ConnectAsync(ct);
        try
        {
            await ExecuteAsync(connection, "set session_replication_role = replica", ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new GodwitException(ErrorKind.Blocked, "target-cannot-follow", $"{target.Display}: the role {target.Profile.Role} may not set session_replication_role, without which foreign keys and triggers would act on every change a second time.",
                target.Profile.Major >= 15 ? $"Let an administrator run: GRANT SET ON PARAMETER session_replication_role TO {SqlName.Quote(target.Profile.Role)}" : "Follow with a superuser.", e) { SqlState = e.SqlState };
        }
    }

    /// <summary>
    /// Returns the number of rows written. <paramref name="after"/>: where the set begins. Refused where the journal stands elsewhere: another follower,
    /// one whose lock the server has lost with its connection, has gone on from there, and this set is older than what it brought.
    /// </summary>
    public async Task<long> ApplyAsync(IChangeSet set, long after, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await using var watch = new StallWatch(target, connection.ProcessID, Patience, clock, ct);
            try
            {
                return await ApplyAsync(connection, set, after, watch.Token);
            }
            catch (Exception e) when (watch.Stalled && !ct.IsCancellationRequested && e is not GodwitException { Kind: ErrorKind.Blocked })
            {
                throw Stalled($"nothing came through for {Patience.TotalSeconds:0} s, and the server waits for this side.", e);
            }
            catch (NpgsqlException e) when (e.InnerException is TimeoutException && !ct.IsCancellationRequested)
            {
                throw Stalled("a statement was not answered for too long.", e);
            }
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "applying changes");
        }
    }

    private GodwitException Stalled(string problem, Exception e) =>
        new(ErrorKind.TargetTransient, "target-stalled", $"{target.Display}: {problem}", "Look at the network between here and the server; Godwit tries again, and waits twice as long.", e);

    private async Task<long> ApplyAsync(NpgsqlConnection connection, IChangeSet set, long after, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await DoAsync(connection, "set local session_replication_role = replica; " + ApplicationPath.Local, ct);
        if (!await AskAsync(connection, $"select coalesce((select applied from godwit.follow where run_id = '{run}' for update), -1) = {after}", ct))
            throw new GodwitException(ErrorKind.TargetTransient, "follow-overtaken", "Another follower has applied changes meanwhile.", "Stop one of the two.");
        // Every delete comes before every copy: a unique value may have moved from one row to another.
        var touched = new List<(ChangedTable Change, TablePlan Plan, SqlName Keys)>();
        foreach (var change in set.Tables.Where(t => _tables.ContainsKey(t.Table)))
            touched.Add((await WidenAsync(connection, change, ct), _tables[change.Table], new SqlName("pg_temp", $"godwit_keys_{touched.Count}")));
        foreach (var (change, table, keys) in touched) await DeleteAsync(connection, set, change, table, keys, ct);
        long rows = 0;
        foreach (var (change, table, _) in touched)
        {
            var written = await CopyAsync(connection, set, change, table, ct);
            await FollowJournal.TableAppliedAsync(connection, run, table.Source, change.Keys, written, ct);
            rows += written;
        }
        foreach (var sequence in plan.Sequences.Where(s => touched.Any(t => t.Plan.Source == s.Table))) await AdvanceAsync(connection, sequence, 0, ct);
        await FollowJournal.AppliedAsync(connection, run, set.UpTo, set.Tables.Sum(t => t.Keys), ct);
        Failpoints.Hit(Failpoints.ChangesWritten);
        await transaction.CommitAsync(ct);
        Failpoints.Hit(Failpoints.ChangesApplied);
        return rows;
    }

    private async Task DeleteAsync(NpgsqlConnection connection, IChangeSet set, ChangedTable change, TablePlan table, SqlName keys, CancellationToken ct)
    {
        if (change.Whole)
        {
            await DoAsync(connection, $"delete from {table.Target}", ct);
            await RunJournal.RequarantineAsync(connection, run, table.Source, null, ct);
            return;
        }
        var columns = change.Key.Select(k => table.Columns.First(c => NameComparer.Same(c.Source, k))).ToList();
        var list = SqlName.List(columns.Select(c => c.Target));
        await DoAsync(connection, $"create temporary table {keys.Name} on commit drop as select {list} from {table.Target} with no data", ct);
        await using (var sink = await CopySink.StartAsync(connection, keys, columns.Select(c => c.Target), ct))
        {
            await foreach (var batch in set.ReadKeysAsync(change, [.. columns.Select(Unproven)], ct))
                // A key that does not fit its column has no row in the table.
                using (batch) await sink.WriteAsync(batch.Tuples, ct);
            await sink.CompleteAsync(ct, Silence);
        }
        await DoAsync(connection, $"analyze {keys}", ct);
        var equal = string.Join(" and ", columns.Select(c => $"t.{SqlName.Quote(c.Target)} = k.{SqlName.Quote(c.Target)}"));
        await DoAsync(connection, $"delete from {table.Target} t using {keys} k where {equal}", ct);
        // SQLite allows NULL in keys other than the rowid.
        var same = string.Join(" and ", columns.Select(c => $"t.{SqlName.Quote(c.Target)} is not distinct from k.{SqlName.Quote(c.Target)}"));
        var anyNull = string.Join(" or ", columns.Select(c => $"k.{SqlName.Quote(c.Target)} is null"));
        if (await AskAsync(connection, $"select exists (select from {keys} k where {anyNull})", ct))
            await DoAsync(connection, $"delete from {table.Target} t using {keys} k where ({anyNull}) and {same}", ct);
        if (IsRowKey(table)) await DoAsync(connection, $"delete from godwit.quarantine q using {keys} k where q.run_id = '{run}' and q.source_table = {SqlText.Literal(table.Source)} and q.position = k.{list}", ct);
    }

    private bool IsRowKey(TablePlan table) => schema.FindTable(table.Source) is { } source && source.Columns.Any(c => c.IsRowKey);

    /// <summary>Rows in quarantine are known by their position: where that is not the key, the table is brought over anew, so that none is judged twice.</summary>
    private async Task<ChangedTable> WidenAsync(NpgsqlConnection connection, ChangedTable change, CancellationToken ct) =>
        change.Whole || IsRowKey(_tables[change.Table]) || !await AskAsync(connection, $"select exists (select from godwit.quarantine where run_id = '{run}' and source_table = {SqlText.Literal(change.Table)})", ct)
            ? change : change with { Whole = true };

    private async Task<long> CopyAsync(NpgsqlConnection connection, IChangeSet set, ChangedTable change, TablePlan table, CancellationToken ct)
    {
        long rows = 0;
        var misfits = new List<MisfitRow>();
        await using (var sink = await CopySink.StartAsync(connection, table.Target, table.Columns.Select(c => c.Target), ct))
        {
            await foreach (var batch in set.ReadRowsAsync(change, schema.FindTable(table.Source)!, [.. table.Columns.Select(Unproven)], ct))
                using (batch)
                {
                    await sink.WriteAsync(batch.Tuples, ct);
                    rows += batch.Rows;
                    if (batch.Misfits is { } some) misfits.AddRange(some);
                }
            await sink.CompleteAsync(ct, Silence);
        }
        foreach (var misfit in misfits)
        {
            await RunJournal.RequarantineAsync(connection, run, table.Source, misfit.Position, ct);
            await RunJournal.QuarantineAsync(connection, run, table.Source, misfit.Position, null, misfit.Column, misfit.Reason.ToString(), misfit.Json, ct);
        }
        return rows;
    }

    /// <summary>The next key follows the largest one there is, or that was ever given out; a sequence never goes back.</summary>
    public static async Task AdvanceAsync(NpgsqlConnection connection, SequencePlan sequence, long lastKey, CancellationToken ct)
    {
        var (table, column) = (SqlText.Literal(sequence.Target.ToString()), SqlText.Literal(sequence.TargetColumn));
        await using var find = new NpgsqlCommand($"select pg_get_serial_sequence({table}, {column})", connection);
        // Quoted by the server. Null where somebody has taken the identity away.
        if (await find.ExecuteScalarAsync(ct) is not string name) return;
        await ExecuteAsync(connection, $"""
            select setval({SqlText.Literal(name)}, l.key, true)
            from (select greatest((select max({SqlName.Quote(sequence.TargetColumn)}) from {sequence.Target}), {lastKey}) as key) l, {name} s
            where l.key >= 1 and l.key >= s.last_value + case when s.is_called then 1 else 0 end
            """, ct);
    }

    // What the copy's look at every value has proven says nothing of values that were written since.
    private static ColumnRead Unproven(ColumnPlan column) => new(column.Source, column.Encoding with { Proven = false });

    private async Task<bool> AskAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Longest };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private Task DoAsync(NpgsqlConnection connection, string sql, CancellationToken ct) => ExecuteAsync(connection, sql, ct, Longest);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct, int seconds = 0)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = seconds };
        await command.ExecuteNonQueryAsync(ct);
    }
}
