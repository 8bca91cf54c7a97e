using System.Collections.Frozen;
using Godwit.Schema;
using Godwit.Source;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>Rows of the source that writes are tried on: some of the whole table, and some that the subject itself can see.</summary>
internal sealed class BehaviourSamples(PairSide source, RowHash hash)
{
    private const int OfTheTable = 20;
    private const int OfTheSubject = 5;
    /// <summary>Rows from which on only some are tried.</summary>
    public const long Large = 200_000;

    // Types whose equality may be asked before policies are (pg_proc.proleakproof).
    private static readonly FrozenSet<string> LeakproofTypes = FrozenSet.ToFrozenSet(
        ["smallint", "integer", "bigint", "uuid", "date", "timestamp with time zone", "timestamp without time zone"], StringComparer.Ordinal);

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
        if (_own.Table == table && _own.Subject == subject) return _own.Rows;
        _own = (table, subject, await WithOwnAsync(table, subject, rows, ct));
        return _own.Rows;
    }

    // Whichever it sees first: to sort them, the server would have to ask a policy about every row of the table.
    private static async Task<IReadOnlyList<Row>> WithOwnAsync(PairTable table, BehaviourSession subject, List<Row> rows, CancellationToken ct)
    {
        try
        {
            var own = (await subject.RowsAsync($"SELECT {Columns(table)} FROM {table.Name} AS t LIMIT {OfTheSubject}", BehaviourLimits.OwnRows, ct)).ConvertAll(v => Of(table, v));
            return [.. rows.Concat(own).DistinctBy(r => r.Condition)];
        }
        catch (PostgresException)
        {
            // It may read nothing, or not all columns, or sees so little that it takes long to find: the table's rows alone are tried.
            return rows;
        }
    }

    /// <summary>
    /// The rows that are meant, so written that a policy is asked about few others. PostgreSQL asks a condition before a policy where it is leakproof and cheap (less
    /// than ten operators: order_qual_clauses of its planner); one list of values a column is both.
    /// </summary>
    public static string Where(PairTable table, IReadOnlyList<Row> rows)
    {
        var whole = string.Join(" OR ", rows.Select(r => r.Condition));
        if (!table.Key.IsEmpty) return whole;
        var lists = table.Columns.Where(c => LeakproofTypes.Contains(c.Type)).Select(c => (Column: c, Values: rows.Select(r => r.Values[table.Columns.IndexOf(c)]).Distinct().ToList())).Where(l => l.Values.All(v => v is not null))
            .Select(l => $"{l.Column.Quoted} = ANY ({SqlText.Literal("{" + string.Join(',', l.Values.Select(v => $"\"{v}\"")) + "}")}::{l.Column.Type}[])");
        return string.Join(" AND ", [.. lists, $"({whole})"]);
    }

    private async Task<List<Row>> ReadAsync(PairTable table, CancellationToken ct)
    {
        await using var connection = await source.ConnectAsync(ct);
        await PairSide.ExecuteAsync(connection, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"SET LOCAL statement_timeout = {(int)BehaviourLimits.Some.TotalMilliseconds}"), ct);
        // Of a large table not every row is worth being hashed for this.
        var some = table.Source.Rows > Large && table.Source.Kind == 'r' ? $" TABLESAMPLE system ({(100.0 * 5000 / table.Source.Rows).ToString("0.######", System.Globalization.CultureInfo.InvariantCulture)}) REPEATABLE (1)" : "";
        try
        {
            return (await PairSide.RowsAsync(connection, Sql(table, some), ct)).ConvertAll(v => Of(table, v));
        }
        catch (PostgresException)
        {
            return [];
        }
    }

    private string Sql(PairTable table, string sample) =>
        $"SELECT {Columns(table)} FROM {table.Name} AS t{sample} ORDER BY {hash.Of(table.Key.IsEmpty ? table.Columns : table.Key)} LIMIT {OfTheTable}";

    private static string Columns(PairTable table) => string.Join(", ", table.Columns.Select(c => c.Printed));

    private static Row Of(PairTable table, string?[] values)
    {
        var by = table.Key.IsEmpty ? table.Columns : table.Key;
        var parts = by.Select(c => values[table.Columns.IndexOf(c)] is not { } value ? $"num_nulls({c.Quoted}) = 1"
            // Without a key the row is found by how its values print too: not every type has an equality.
            : !table.Key.IsEmpty || LeakproofTypes.Contains(c.Type) ? $"{c.Quoted} = {LiteralOf(c, value)}" : $"{c.Printed} = {SqlText.Literal(value)}");
        return new(values, "(" + string.Join(" AND ", parts) + ")");
    }

    private static string LiteralOf(PairColumn column, string? value) => value is null ? "NULL" : $"{SqlText.Literal(value)}::{column.Type}";
}
