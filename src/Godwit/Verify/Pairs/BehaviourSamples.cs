using Godwit.Schema;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>Rows of the source that writes are tried on: some of the whole table, and some that the subject itself can see.</summary>
internal sealed class BehaviourSamples(PairSide source, RowHash hash)
{
    private const int OfTheTable = 20;
    private const int OfTheSubject = 5;
    /// <summary>Rows from which on only some are tried.</summary>
    public const long Large = 200_000;

    private readonly Dictionary<PairTable, List<Row>> _rows = [];
    /// <summary>Of the last table and subject: three commands ask one after the other.</summary>
    private (PairTable? Table, BehaviourSession? Subject, IReadOnlyList<Row> Rows) _own = (null, null, []);

    /// <summary>A row as its columns print, and the condition that finds it on either side.</summary>
    internal sealed record Row(string?[] Values, string Condition)
    {
        public string Literal(PairTable table, PairColumn column) => LiteralOf(column, Values[table.Columns.IndexOf(column)]);
    }

    public async Task<IReadOnlyList<Row>> OfAsync(PairTable table, BehaviourSession subject, CancellationToken ct)
    {
        if (!_rows.TryGetValue(table, out var rows)) _rows[table] = rows = await ReadAsync(table, ct);
        // What it sees of a large table would take a scan to find.
        if (table.Source.Rows > Large) return rows;
        if (_own.Table == table && _own.Subject == subject) return _own.Rows;
        _own = (table, subject, await WithOwnAsync(table, subject, rows, ct));
        return _own.Rows;
    }

    private async Task<IReadOnlyList<Row>> WithOwnAsync(PairTable table, BehaviourSession subject, List<Row> rows, CancellationToken ct)
    {
        try
        {
            var own = (await subject.RowsAsync(Sql(table, "", OfTheSubject), ct)).ConvertAll(v => Of(table, v));
            return [.. rows.Concat(own).DistinctBy(r => r.Condition)];
        }
        catch (PostgresException)
        {
            // It may read nothing, or not all columns: the table's rows alone are tried.
            return rows;
        }
    }

    private async Task<List<Row>> ReadAsync(PairTable table, CancellationToken ct)
    {
        await using var connection = await source.ConnectAsync(ct);
        // Of a large table not every row is worth being hashed for this.
        var some = table.Source.Rows > Large && table.Source.Kind == 'r' ? $" TABLESAMPLE system ({(100.0 * 5000 / table.Source.Rows).ToString("0.######", System.Globalization.CultureInfo.InvariantCulture)}) REPEATABLE (1)" : "";
        try
        {
            return (await PairSide.RowsAsync(connection, Sql(table, some, OfTheTable), ct)).ConvertAll(v => Of(table, v));
        }
        catch (PostgresException)
        {
            return [];
        }
    }

    private string Sql(PairTable table, string sample, int rows) =>
        $"SELECT {string.Join(", ", table.Columns.Select(c => c.Printed))} FROM {table.Name} AS t{sample} ORDER BY {hash.Of(table.Key.IsEmpty ? table.Columns : table.Key)} LIMIT {rows}";

    private static Row Of(PairTable table, string?[] values)
    {
        var by = table.Key.IsEmpty ? table.Columns : table.Key;
        var parts = by.Select(c => values[table.Columns.IndexOf(c)] is { } value
            // Without a key the row is found by how its values print: not every type has an equality.
            ? table.Key.IsEmpty ? $"{c.Printed} = {SqlText.Literal(value)}" : $"{c.Quoted} = {LiteralOf(c, value)}"
            : $"num_nulls({c.Quoted}) = 1");
        return new(values, "(" + string.Join(" AND ", parts) + ")");
    }

    private static string LiteralOf(PairColumn column, string? value) => value is null ? "NULL" : $"{SqlText.Literal(value)}::{column.Type}";
}
