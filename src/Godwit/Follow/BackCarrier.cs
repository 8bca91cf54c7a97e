using System.Collections.Immutable;
using System.Data;
using System.Runtime.CompilerServices;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.TypeMapping;
using Npgsql;

namespace Godwit.Follow;

/// <summary>
/// Carries what was written to the target back into the source: recorded keys are taken from the log, their rows are read as they are now, in one
/// snapshot, and the source gets them in one transaction. The log forgets only after the source's commit: killed in between, the same rows
/// go back once more, which changes nothing.
/// </summary>
public sealed class BackCarrier(ITarget target, Guid run, MigrationPlan plan, DatabaseSchema schema, WayBackPlan back, IChangeFeed feed)
{
    /// <summary>A server that says nothing for longer is taken for gone. What is carried back is small, but a lock may be in the way.</summary>
    internal const int SilenceSeconds = 600;

    /// <summary>Returns how many entries went back; null where none was waiting.</summary>
    public async Task<long?> StepAsync(CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
            await ExecuteAsync(connection, ApplicationPath.Local, ct);
            var touched = new List<TableBack>();
            long entries = 0;
            foreach (var table in back.Tables)
            {
                if (await TakeAsync(connection, table, ct) is not { } taken) continue;
                entries += taken.Entries;
                touched.Add(await BackAsync(connection, table, taken, ct));
            }
            if (touched.Count == 0) return null;
            await feed.WriteBackAsync(touched, ct);
            Failpoints.Hit(Failpoints.BackWritten);
            await FollowJournal.WentBackAsync(connection, run, entries, ct);
            await transaction.CommitAsync(CancellationToken.None);
            Failpoints.Hit(Failpoints.BackForgotten);
            return entries;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "carrying the target's writes back");
        }
    }

    private static string Taken(BackTablePlan table) => $"pg_temp.godwit_taken_{table.Number}";

    /// <summary>Moves a table's entries into a temporary table. Entries of transactions that this snapshot does not see stay.</summary>
    private static async Task<Taking?> TakeAsync(NpgsqlConnection connection, BackTablePlan table, CancellationToken ct)
    {
        var log = BackLog.Name(table.Number);
        if (!await AskAsync<bool>(connection, $"select exists (select from {log})", ct)) return null;
        await ExecuteAsync(connection, $"create temporary table godwit_taken_{table.Number} on commit drop as select distinct * from {log}", ct);
        await ExecuteAsync(connection, $"analyze {Taken(table)}", ct);
        var entries = await ExecuteAsync(connection, $"delete from {log}", ct);
        var whole = table.Key.IsEmpty || await AskAsync<bool>(connection, $"select exists (select from {Taken(table)} where godwit_whole)", ct);
        // Keys of SQLite may be NULL.
        var nulls = !whole && await AskAsync<bool>(connection, $"select exists (select from {Taken(table)} where {string.Join(" or ", BackLog.KeyColumns(table).Select(c => $"{c} is null"))})", ct);
        return new(entries, whole, nulls);
    }

    private readonly record struct Taking(long Entries, bool Whole, bool Nulls);

    private async Task<TableBack> BackAsync(NpgsqlConnection connection, BackTablePlan table, Taking taken, CancellationToken ct)
    {
        var whole = taken.Whole;
        var planned = plan.Tables.First(t => t.Source == table.Source);
        await RefuseChangedAsync(connection, planned, ct);
        ImmutableArray<string> key = whole ? [] : table.Key;
        var keyColumns = key.Select(k => Place(table, k)).ToList();
        var sequence = plan.Sequences.FirstOrDefault(s => s.Table == table.Source);
        return new(schema.FindTable(table.Source)!, key,
            ReadAsync(connection, table, planned, keyColumns, $"from {Taken(table)} t", ct),
            [.. table.Columns.Select(c => c.Source)],
            ReadAsync(connection, table, planned, [.. Enumerable.Range(0, table.Columns.Length)], whole ? $"from {planned.Target} t" : $"from {Taken(table)} k join {planned.Target} t on {Same(table, taken.Nulls)}", ct),
            whole ? await RunJournal.QuarantinedAsync(connection, run, table.Source, ct) : new HashSet<long>(),
            sequence is null ? null : await LastKeyAsync(connection, sequence, ct));
    }

    private static int Place(BackTablePlan table, string column) => table.Columns.Select(c => c.Source).ToList().FindIndex(c => NameComparer.Same(c, column));

    // An index serves plain equality only.
    private static string Same(BackTablePlan table, bool nulls) => string.Join(" and ", BackLog.KeyColumns(table).Select(c => $"t.{c} {(nulls ? "is not distinct from" : "=")} k.{c}"));

    /// <summary>Another column would be lost on the way.</summary>
    private static async Task RefuseChangedAsync(NpgsqlConnection connection, TablePlan planned, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            select a.attname::text from pg_attribute a where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attname <> all ($2)
            union all select c from unnest($2) c where not exists (select from pg_attribute a where a.attrelid = $1::text::regclass and a.attname = c and not a.attisdropped)
            """, connection) { Parameters = { new() { Value = planned.Target.ToString() }, new() { Value = planned.Columns.Select(c => c.Target).ToArray() } } };
        if (await command.ExecuteScalarAsync(ct) is string column)
            throw new GodwitException(ErrorKind.Blocked, "target-schema-changed", $"{planned.Target}: column {column} is not as it was migrated; its values have no place in {planned.Source}.",
                "Take the change of the table back, then run the same command again; or stay with the new side: godwit finish.");
    }

    private async IAsyncEnumerable<SourceValue[]> ReadAsync(NpgsqlConnection connection, BackTablePlan table, TablePlan planned, List<int> places, string from, [EnumeratorCancellation] CancellationToken ct)
    {
        var forms = places.Select(p => (Column: planned.Columns[p], Form: BackForm.Named(planned.Columns[p].Encoding, table.Columns[p].Form))).ToList();
        await using var command = new NpgsqlCommand($"select {string.Join(", ", forms.Select(f => $"t.{SqlName.Quote(f.Column.Target)}::text"))} {from}", connection) { CommandTimeout = SilenceSeconds };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var row = new SourceValue[forms.Count];
            for (var i = 0; i < row.Length; i++)
                if (!reader.IsDBNull(i))
                    row[i] = forms[i].Form.Write(forms[i].Column.Encoding, reader.GetString(i))
                        ?? throw new GodwitException(ErrorKind.Blocked, "way-back-misfit", $"A value of {planned.Target}.{forms[i].Column.Target} has nothing like it in {planned.Source}.{forms[i].Column.Source} (an infinite or very old moment, NaN, more digits than a double holds). Nothing went back.",
                            "Change those values, then run the same command again; or stay with the new side: godwit finish.");
            yield return row;
        }
    }

    private static async Task<long?> LastKeyAsync(NpgsqlConnection connection, SequencePlan sequence, CancellationToken ct)
    {
        await using var find = new NpgsqlCommand($"select pg_get_serial_sequence({SqlText.Literal(sequence.Target.ToString())}, {SqlText.Literal(sequence.TargetColumn)})", connection);
        if (await find.ExecuteScalarAsync(ct) is not string name) return null;
        await using var last = new NpgsqlCommand($"select case when is_called then last_value end from {name}", connection);
        return await last.ExecuteScalarAsync(ct) as long?;
    }

    private static async Task<T> AskAsync<T>(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = SilenceSeconds };
        return (T)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = SilenceSeconds };
        return await command.ExecuteNonQueryAsync(ct);
    }
}
