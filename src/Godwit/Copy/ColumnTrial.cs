using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Copy;

/// <summary>A generated column or a default of which the server would not have it, and its word.</summary>
public sealed record RefusedColumn(string Table, string Column, string Reason);

/// <summary>
/// Which generated column or default is it that the server refuses? Its error does not say. Each is tried alone, in a temporary table: its
/// definition, and then its value for every row of the source. Only done when something was refused.
/// </summary>
internal sealed class ColumnTrial(ISnapshot snapshot, DatabaseSchema schema, ITarget target)
{
    private const string Table = "pg_temp.godwit_trial";

    /// <summary>Definitions that the server does not accept, in any table.</summary>
    public async Task<ImmutableArray<RefusedColumn>> DefinitionsAsync(MigrationPlan plan, CancellationToken ct)
    {
        await using var connection = await target.ConnectAsync(ct);
        var refused = ImmutableArray.CreateBuilder<RefusedColumn>();
        foreach (var table in plan.Tables)
            foreach (var column in table.Computed)
                if (await RefusalAsync(connection, $"CREATE TABLE {Table} ({string.Join(", ", Definitions(table, column))})", ct) is { } reason)
                    refused.Add(new(table.Source, column.Source, reason));
        return refused.ToImmutable();
    }

    /// <summary>Generated columns of which the server refuses the value of some row of these tables.</summary>
    public async Task<ImmutableArray<RefusedColumn>> ValuesAsync(IEnumerable<TablePlan> tables, CancellationToken ct)
    {
        var refused = ImmutableArray.CreateBuilder<RefusedColumn>();
        foreach (var table in tables.Where(t => t.Computed.Any(c => c.Generated)))
        {
            await using var connection = await target.ConnectAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            if (!await LoadAsync(connection, table, ct)) continue;
            foreach (var column in table.Computed.Where(c => c.Generated))
            {
                await transaction.SaveAsync("trial", ct);
                if (await RefusalAsync(connection, $"SELECT count(({column.Expression})::{column.PgType}) FROM {Table}", ct) is { } reason) refused.Add(new(table.Source, column.Source, reason));
                await transaction.RollbackAsync("trial", ct);
            }
        }
        return refused.ToImmutable();
    }

    private static IEnumerable<string> Definitions(TablePlan table, ComputedColumn? tried) =>
        table.Columns.Where(c => c.Source != tried?.Source).Select(c => $"{SqlName.Quote(c.Target)} {c.PgType}")
            .Concat(tried is null ? [] : [$"{SqlName.Quote(tried.Target)} {tried.PgType} {(tried.Generated ? $"GENERATED ALWAYS AS ({tried.Expression}) STORED" : $"DEFAULT {tried.Expression}")}"]);

    // False where the plain columns are what the server refuses: then the sample was wrong, and this trial says nothing.
    private async Task<bool> LoadAsync(NpgsqlConnection connection, TablePlan table, CancellationToken ct)
    {
        await using (var create = new NpgsqlCommand($"CREATE TABLE {Table} ({string.Join(", ", Definitions(table, null))})", connection)) await create.ExecuteNonQueryAsync(ct);
        var read = new TableRead(schema.FindTable(table.Source)!, [.. table.Columns.Select(c => new ColumnRead(c.Source, c.Encoding))], new(null, null));
        try
        {
            await using var sink = await CopySink.StartAsync(connection, new SqlName("pg_temp", "godwit_trial"), table.Columns.Select(c => c.Target), ct);
            await foreach (var batch in snapshot.ReadAsync(read, ct))
                using (batch) await sink.WriteAsync(batch.Tuples, ct);
            await sink.CompleteAsync(ct);
            return true;
        }
        catch (GodwitException e) when (e.SqlState is not null)
        {
            return false;
        }
    }

    /// <summary>What the server says against a statement, null where it has nothing against it. Nothing of it stays.</summary>
    private static async Task<string?> RefusalAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        try
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(ct);
            if (sql.StartsWith("CREATE ", StringComparison.Ordinal))
                await using (var drop = new NpgsqlCommand($"DROP TABLE {Table}", connection)) await drop.ExecuteNonQueryAsync(ct);
            return null;
        }
        // Of classes 22 and 23 only the code is told: their text quotes values.
        catch (PostgresException e) when (e.SqlState is not PostgresErrorCodes.InsufficientPrivilege && e.SqlState[..2] is "0A" or "22" or "23" or "42" or "54")
        {
            return e.SqlState[..2] is "22" or "23" ? $"SQLSTATE {e.SqlState}" : $"{e.SqlState} {e.MessageText}";
        }
    }
}
