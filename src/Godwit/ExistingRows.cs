using System.Collections.Immutable;
using System.Globalization;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Npgsql;

namespace Godwit;

/// <summary>Rows that an unfinished run has loaded into tables that were there before, where they stand beside rows of others.</summary>
internal static class ExistingRows
{
    private const int Shown = 5;

    /// <summary>Another run would load them a second time, or find their keys taken.</summary>
    public static async Task RefuseAsync(NpgsqlConnection connection, JournalRun run, MigrationPlan plan, CancellationToken ct)
    {
        var loaded = (await RunJournal.ChunksAsync(connection, run.Id, ct)).Where(c => c.Rows > 0).Select(c => c.Table).ToHashSet(StringComparer.Ordinal);
        var held = new List<SqlName>();
        foreach (var load in plan.Tables.Where(t => loaded.Contains(t.Source)).GroupBy(t => t.Load))
        {
            // One that is not there any more is empty, too.
            if (!await AnswersAsync(connection, $"select to_regclass({SqlText.Literal(load.Key.ToString())}) is not null", ct)) continue;
            if (await AnswersAsync(connection, $"select exists (select from {load.Key} t where t.xmin::text in {Transactions(run, load)})", ct) || await MayHideAsync(connection, run, load.Key, load, ct)) held.Add(load.Key);
        }
        if (held.Count > 0)
            throw Refusal(held, $"A run that began at {run.Started.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC, and cannot go on by this command, has loaded rows into", "this one would load them again", " Or finish that run by its own command.");
    }

    /// <summary>Takes out what the run has loaded into <paramref name="tables"/>, by the transactions that say so in its journal. Belongs to the transaction that forgets these facts.</summary>
    public static async Task RemoveAsync(NpgsqlConnection connection, JournalRun run, ImmutableArray<TablePlan> tables, bool isSuperuser, CancellationToken ct)
    {
        // Triggers and keys have nothing to say about rows that come in again.
        if (isSuperuser && tables.Length > 0) await ExecuteAsync(connection, "set local session_replication_role = replica", ct);
        foreach (var load in tables.GroupBy(t => t.Load))
        {
            var own = $"from {load.Key} t where t.xmin::text in {Transactions(run, load)}";
            var (there, loaded) = (await CountAsync(connection, "select count(*) " + own, ct), await CountAsync(connection, $"select sum(rows)::bigint from godwit.chunk where run_id = '{run.Id}' and source_table in ({Sources(load)})", ct));
            if ((there != 0 && there != loaded) || (there != loaded && await MayHideAsync(connection, run, load.Key, load, ct)) || (!isSuperuser && await IsListenedToAsync(connection, load.Key, ct)))
                throw Refusal([load.Key], "The source was written to since the run was interrupted. It has loaded rows into", "they cannot be told from others there, so that they could be loaded anew", "");
            await ExecuteAsync(connection, "delete " + own, ct);
        }
    }

    /// <summary>
    /// Whether rows of the run may be among others without their transactions' numbers: those that were changed since, or came in one by one beside some that were set
    /// aside. Not where the table is empty; and where it has a key, that would refuse them a second time.
    /// </summary>
    private static Task<bool> MayHideAsync(NpgsqlConnection connection, JournalRun run, SqlName load, IEnumerable<TablePlan> tables, CancellationToken ct) => AnswersAsync(connection, $"""
        select exists (select from {load}) and (not exists (select from pg_index where indrelid = {SqlText.Literal(load.ToString())}::regclass and indisunique and indimmediate)
          or exists (select from godwit.quarantine where run_id = '{run.Id}' and source_table in ({Sources(tables)})))
        """, ct);

    private static string Sources(IEnumerable<TablePlan> tables) => string.Join(", ", tables.Select(t => SqlText.Literal(t.Source)));

    /// <summary>Those that loaded rows: each wrote its fact, too.</summary>
    private static string Transactions(JournalRun run, IEnumerable<TablePlan> tables) => $"(select c.xmin::text from godwit.chunk c where c.run_id = '{run.Id}' and c.source_table in ({Sources(tables)}))";

    /// <summary>By keys that would take other rows along, or by triggers for DELETE (pg_trigger.h: 8).</summary>
    private static Task<bool> IsListenedToAsync(NpgsqlConnection connection, SqlName table, CancellationToken ct) =>
        AnswersAsync(connection, $"select exists (select from pg_trigger where tgrelid in (select {SqlText.Literal(table.ToString())}::regclass union select relid from pg_partition_tree({SqlText.Literal(table.ToString())}::regclass)) and tgtype & 8 <> 0 and tgenabled <> 'D')", ct);

    private static GodwitException Refusal(List<SqlName> tables, string what, string why, string or) =>
        new(ErrorKind.Blocked, "target-rows-loaded", $"{what} {string.Join(", ", tables.Take(Shown))}{(tables.Count > Shown ? " and others" : "")}, which were there before: {why}. Nothing was changed.",
            $"Delete what it has loaded (TRUNCATE {string.Join(", ", tables.Take(Shown))}; where no rows of your own are among them), and type the command again; DROP SCHEMA godwit CASCADE makes Godwit forget the run.{or}");

    private static async Task<bool> AnswersAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
