using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Supabase.Rls;

/// <summary>A row to ask for: how it is found, and its values as the server prints them.</summary>
internal sealed record ProbeRow(string Key, ImmutableArray<string?> Values);

/// <summary>
/// The rows by which a table is tested: one of user A's, one of user B's that A has no part in. Users are keys as text.
/// <paramref name="UserA"/> null: the table's rows are nobody's, and any two rows serve.
/// </summary>
internal sealed record ProbeRows(ProbeRow? RowA, ProbeRow? RowB, string? UserA, string? UserB);

/// <summary>Chooses them, as the role that connects: it has to see every row.</summary>
internal sealed class ProbeRowFinder(NpgsqlConnection connection, RlsPlan plan)
{
    /// <summary>Rows in which two users are looked for before the whole table is.</summary>
    private const int FirstLook = 20_000;

    private const int Candidates = 8;

    public async Task<ProbeRows> FindAsync(RlsTable table, CancellationToken ct)
    {
        if (table.Owners.IsEmpty)
        {
            var any = await RowsAsync(table, "true", 2, ct);
            return new(any.ElementAtOrDefault(0), any.ElementAtOrDefault(1), null, null);
        }
        var first = table.Owners[0];
        var users = await UsersAsync(first, $"(SELECT * FROM {table.Relation.Name} LIMIT {FirstLook})", ct);
        if (users.Count < 2) users = await UsersAsync(first, $"{table.Relation.Name}", ct);
        if (users.Count == 0) return new(null, null, null, null);
        foreach (var (a, b) in users.SelectMany((a, i) => users.Skip(i + 1).Select(b => (a, b))))
        {
            // A friendship of A and B is both's: it would tell nothing.
            if ((await RowsAsync(table, $"{Is(first, a)} AND {NotOf(table, b)}", 1, ct)) is [var rowA] && (await RowsAsync(table, $"{Is(first, b)} AND {NotOf(table, a)}", 1, ct)) is [var rowB])
                return new(rowA, rowB, a, b);
        }
        return new((await RowsAsync(table, Is(first, users[0]), 1, ct)).FirstOrDefault(), null, users[0], null);
    }

    private async Task<List<string>> UsersAsync(string owner, string from, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"SELECT DISTINCT ({owner})::text FROM {from} t WHERE ({owner}) IS NOT NULL LIMIT {Candidates}", connection);
        await using var rows = await command.ExecuteReaderAsync(ct);
        var users = new List<string>();
        while (await rows.ReadAsync(ct)) users.Add(rows.GetString(0));
        return users;
    }

    private string Is(string owner, string user) => $"({owner}) = {SqlText.Literal(user)}::{plan.Users.Column(plan.UsersKey)!.Type}";

    private string NotOf(RlsTable table, string user) => string.Join(" AND ", table.Owners.Select(o => $"({Is(o, user)}) IS NOT TRUE"));

    private async Task<List<ProbeRow>> RowsAsync(RlsTable table, string where, int most, CancellationToken ct)
    {
        var columns = table.Relation.Columns;
        var key = table.Relation.PrimaryKey;
        var sql = $"SELECT t.ctid::text, t.tableoid::text{string.Concat(columns.Select(c => $", t.{SqlName.Quote(c.Name)}::text"))} FROM {table.Relation.Name} t WHERE {where} LIMIT {most}";
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var rows = await command.ExecuteReaderAsync(ct);
        var found = new List<ProbeRow>();
        while (await rows.ReadAsync(ct))
        {
            ImmutableArray<string?> values = [.. Enumerable.Range(2, columns.Length).Select(i => rows.IsDBNull(i) ? null : rows.GetString(i))];
            var where1 = key.IsEmpty
                ? $"ctid = {SqlText.Literal(rows.GetString(0))}::tid AND tableoid = {rows.GetString(1)}::oid"
                : string.Join(" AND ", key.Select(k => $"{SqlName.Quote(k)} = {Literal(table.Relation.Column(k)!, values[columns.IndexOf(table.Relation.Column(k)!)])}"));
            found.Add(new(where1, values));
        }
        return found;
    }

    public static string Literal(RlsColumn column, string? value) => value is null ? $"NULL::{column.Type}" : $"{SqlText.Literal(value)}::{column.Type}";
}
