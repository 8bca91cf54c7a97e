using Godwit.Plan;
using Godwit.Schema;
using Npgsql;

namespace Godwit.PostData;

/// <summary>Rows that break a foreign key, by their keys.</summary>
internal static class Orphans
{
    private const int Shown = 5;

    public static async Task<string> DescribeAsync(NpgsqlConnection connection, TablePlan table, string constraint, CancellationToken ct)
    {
        var (sql, columns) = await QueryAsync(connection, table, constraint, ct);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var keys = new List<string>();
        long count = 0;
        while (await reader.ReadAsync(ct))
        {
            count = reader.GetInt64(0);
            keys.Add(string.Join(", ", columns.Select((c, i) => $"{c}={(reader.IsDBNull(i + 1) ? "NULL" : reader.GetString(i + 1))}")));
        }
        return $"{count} row(s): {string.Join("; ", keys)}{(count > keys.Count ? "; ..." : "")}";
    }

    private static async Task<(string Sql, List<string> Columns)> QueryAsync(NpgsqlConnection connection, TablePlan table, string constraint, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            select pn.nspname, p.relname,
              array(select a.attname::text from unnest(c.conkey) with ordinality k(n, i) join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by i),
              array(select a.attname::text from unnest(c.confkey) with ordinality k(n, i) join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.n order by i)
            from pg_constraint c join pg_class p on p.oid = c.confrelid join pg_namespace pn on pn.oid = p.relnamespace
            where c.conname = $1 and c.conrelid = $2::regclass
            """, connection) { Parameters = { new() { Value = constraint }, new() { Value = table.Load.ToString() } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var parent = new SqlName(reader.GetString(0), reader.GetString(1));
        var from = reader.GetFieldValue<string[]>(2);
        var to = reader.GetFieldValue<string[]>(3);
        var shown = table.Key.Concat(from).Distinct().ToList();
        var join = string.Join(" and ", from.Zip(to, (f, t) => $"p.{SqlName.Quote(t)} = c.{SqlName.Quote(f)}"));
        var notNull = string.Join(" and ", from.Select(f => $"c.{SqlName.Quote(f)} is not null"));
        var list = string.Join(", ", shown.Select(s => $"left(c.{SqlName.Quote(s)}::text, 60)"));
        return ($"select count(*) over (), {list} from {table.Load} c where {notNull} and not exists (select from {parent} p where {join}) limit {Shown}", shown);
    }
}
