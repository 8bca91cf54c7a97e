using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Follow;

/// <summary><paramref name="Kept"/> rows were overwritten or deleted, and stand whole in godwit.repaired; <paramref name="Written"/> rows are there now that were not.</summary>
public sealed record RepairedTable(string Table, long Kept, long Written);

/// <summary>
/// Puts a table right from the source, in one transaction: its rows are replaced by the source's, and every row that this changed or removed is
/// kept as JSON. Foreign keys and triggers of the target do not fire meanwhile; the comparison afterwards says whether keys hold.
/// </summary>
public sealed class TableRepair(ISnapshot snapshot, DatabaseSchema schema, ITarget target, Guid? run)
{
    public async Task<RepairedTable> RunAsync(TablePlan table, MigrationPlan plan, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await ExecuteAsync(connection, "set local session_replication_role = replica; " + ApplicationPath.Local, ct);
            await RunJournal.EnsureSchemaAsync(connection, ct);
            await ExecuteAsync(connection, $"lock table {table.Target} in share row exclusive mode", ct);
            await ExecuteAsync(connection, ReplacedRows.Remember($"{table.Target}"), ct);
            await ExecuteAsync(connection, $"delete from {table.Target}", ct);
            await CopyAsync(connection, table, ct);
            var kept = await ExecuteAsync(connection, ReplacedRows.Keep(run, table.Source, $"{table.Target}"), ct);
            var written = await CountAsync(connection, ReplacedRows.Written($"{table.Target}"), ct);
            foreach (var sequence in plan.Sequences.Where(s => s.Table == table.Source)) await ChangeApplier.AdvanceAsync(connection, sequence, schema.FindTable(table.Source)?.LastKey ?? 0, ct);
            await transaction.CommitAsync(CancellationToken.None);
            return new(table.Source, kept, written);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, $"repairing {table.Source}");
        }
    }

    private async Task CopyAsync(NpgsqlConnection connection, TablePlan table, CancellationToken ct)
    {
        // What an earlier look at every value has proven says nothing of the source as it is now.
        var read = new TableRead(schema.FindTable(table.Source)!, [.. table.Columns.Select(c => new ColumnRead(c.Source, c.Encoding with { Proven = false }))], KeyRange.All);
        if (run is { } id) await RunJournal.RequarantineAsync(connection, id, table.Source, null, ct);
        var misfits = new List<MisfitRow>();
        await using (var sink = await CopySink.StartAsync(connection, table.Target, table.Columns.Select(c => c.Target), ct))
        {
            await foreach (var batch in snapshot.ReadAsync(read, ct))
                using (batch)
                {
                    await sink.WriteAsync(batch.Tuples, ct);
                    if (batch.Misfits is { } some) misfits.AddRange(some);
                }
            await sink.CompleteAsync(ct);
        }
        if (misfits.Count > 0 && run is null)
            throw new GodwitException(ErrorKind.Blocked, "repair-misfits", $"{misfits.Count} row(s) of {table.Source} do not fit the target's columns, and without a run of Godwit there is no quarantine for them. Nothing of the table was changed.", "Widen the target's columns, or migrate with Godwit.");
        foreach (var misfit in misfits)
            await RunJournal.QuarantineAsync(connection, run!.Value, table.Source, misfit.Position, null, misfit.Column, misfit.Reason.ToString(), misfit.Json, ct);
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync(ct);
    }
}
