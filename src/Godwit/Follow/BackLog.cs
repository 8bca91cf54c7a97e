using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.Follow;

/// <summary>
/// Makes the target record which rows are written, by triggers and one table of keys for each migrated table: the way that works on every
/// server and for every role that owns its tables. Nothing is recorded while session_replication_role is replica, so that what Godwit itself
/// brings over never comes back.
/// </summary>
public sealed class BackLog(ITarget target, Guid run, MigrationPlan plan)
{
    private const string Whole = "godwit_whole";
    private static readonly (string Suffix, string When)[] s_triggers =
    [
        ("insert", "after insert on {0} referencing new table as godwit_new for each statement"),
        ("update", "after update on {0} referencing old table as godwit_old new table as godwit_new for each statement"),
        ("delete", "after delete on {0} referencing old table as godwit_old for each statement"),
        ("truncate", "after truncate on {0} for each statement"),
    ];

    internal static SqlName Name(int number) => new("godwit", $"back_{number}");

    private TablePlan Of(BackTablePlan table) => plan.Tables.First(t => t.Source == table.Source);

    internal static IEnumerable<string> KeyColumns(BackTablePlan table) => table.Key.Select(k => SqlName.Quote(table.Columns.First(c => NameComparer.Same(c.Source, k)).Target));

    /// <summary>From the commit on every write is recorded. An earlier recording is forgotten.</summary>
    public Task ArmAsync(WayBackPlan back, CancellationToken ct) => InTransactionAsync(async connection =>
    {
        foreach (var table in back.Tables)
        {
            foreach (var sql in Removal(table, Of(table).Target)) await ExecuteAsync(connection, sql, ct);
            foreach (var sql in Creation(table, Of(table).Target)) await ExecuteAsync(connection, sql, ct);
        }
        await FollowJournal.BackArmedAsync(connection, run, back.ToJson(), ct);
    }, ct);

    public Task DisarmAsync(WayBackPlan back, CancellationToken ct) => InTransactionAsync(async connection =>
    {
        foreach (var table in back.Tables)
            foreach (var sql in Removal(table, Of(table).Target)) await ExecuteAsync(connection, sql, ct);
        await FollowJournal.BackDisarmedAsync(connection, run, ct);
    }, ct);

    private static IEnumerable<string> Creation(BackTablePlan table, SqlName on)
    {
        var (log, keys) = (Name(table.Number), string.Join(", ", KeyColumns(table)));
        yield return $"create table {log} as select false as {Whole}{(keys.Length > 0 ? $", {keys}" : "")} from {on} with no data";
        // A column may be called as a variable of the function is: old, new, tg_op.
        string Record(string rows) => keys.Length == 0 ? $"insert into {log} select true where exists (select from {rows});" : $"insert into {log} select false, {string.Join(", ", KeyColumns(table).Select(k => $"{rows}.{k}"))} from {rows};";
        // The function works with its owner's rights: whoever may write the table need not see schema godwit.
        yield return $"""
            create function {log}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $godwit$
            begin
              if tg_op in ('UPDATE', 'DELETE') then {Record("godwit_old")} end if;
              if tg_op in ('INSERT', 'UPDATE') then {Record("godwit_new")} end if;
              if tg_op = 'TRUNCATE' then insert into {log} ({Whole}) values (true); end if;
              return null;
            end $godwit$
            """;
        foreach (var (suffix, when) in s_triggers)
            yield return $"create trigger godwit_back_{suffix} {string.Format(System.Globalization.CultureInfo.InvariantCulture, when, on)} execute function {log}()";
    }

    private static IEnumerable<string> Removal(BackTablePlan table, SqlName on)
    {
        foreach (var (suffix, _) in s_triggers) yield return $"drop trigger if exists godwit_back_{suffix} on {on}";
        yield return $"drop function if exists {Name(table.Number)}()";
        yield return $"drop table if exists {Name(table.Number)}";
    }

    /// <summary>Entries that have not gone back.</summary>
    public async Task<long> PendingAsync(WayBackPlan back, CancellationToken ct)
    {
        long pending = 0;
        await InTransactionAsync(async connection =>
        {
            if (back.Tables.IsEmpty) return;
            await using var count = new NpgsqlCommand(string.Join(" union all ", back.Tables.Select(t => $"select count(*) from {Name(t.Number)}")), connection) { CommandTimeout = BackCarrier.SilenceSeconds };
            await using var reader = await count.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) pending += reader.GetInt64(0);
        }, ct);
        return pending;
    }

    private async Task InTransactionAsync(Func<NpgsqlConnection, Task> work, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await work(connection);
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "recording the target's writes");
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = BackCarrier.SilenceSeconds };
        await command.ExecuteNonQueryAsync(ct);
    }
}
