using Godwit.Plan;
using Godwit.Schema;
using Npgsql;

namespace Godwit.PostData;

/// <summary>Rows that share a key that must be unique, by their values. Nothing is deleted: which of them is right only the user knows.</summary>
internal static class Duplicates
{
    private const int Shown = 5;

    /// <summary><paramref name="key"/>: as a step of the plan says it.</summary>
    public static async Task<string> DescribeAsync(NpgsqlConnection connection, UniqueKey key, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select count(*) over (), count(*), left(row({key.Terms})::text, 120) from {key.Table} where row({key.Terms}) is not null{(key.Predicate is null ? "" : $" and ({key.Predicate})")} group by {key.Terms} having count(*) > 1 order by 2 desc, 3 limit {Shown}", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var keys = new List<string>();
        long count = 0;
        while (await reader.ReadAsync(ct))
        {
            count = reader.GetInt64(0);
            keys.Add($"{reader.GetString(2)} ({reader.GetInt64(1)} rows)");
        }
        return $"{count} key(s) stand in more than one row: {string.Join("; ", keys)}{(count > keys.Count ? "; ..." : "")}.";
    }

    /// <summary>Null where the key's columns cannot be told from the statement (expressions), or the table is not the plan's.</summary>
    public static async Task<string?> DescribeAsync(NpgsqlConnection connection, TablePlan table, string sql, CancellationToken ct)
    {
        if (Columns(sql) is not { Count: > 0 } columns || columns.Any(c => table.Columns.All(t => t.Target != c))) return null;
        var list = string.Join(", ", columns.Select(SqlName.Quote));
        var where = string.Join(" and ", columns.Select(c => $"{SqlName.Quote(c)} is not null"));
        await using var command = new NpgsqlCommand($"select count(*) over (), count(*), {string.Join(", ", columns.Select(c => $"left({SqlName.Quote(c)}::text, 60)"))} from {table.Target} where {where} group by {list} having count(*) > 1 order by 2 desc limit {Shown}", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var keys = new List<string>();
        long count = 0;
        while (await reader.ReadAsync(ct))
        {
            count = reader.GetInt64(0);
            keys.Add($"{string.Join(", ", columns.Select((c, i) => $"{c}={reader.GetString(i + 2)}"))} ({reader.GetInt64(1)} rows)");
        }
        return keys.Count == 0 ? null : $"{count} value(s) stand in more than one row: {string.Join("; ", keys)}{(count > keys.Count ? "; ..." : "")}.";
    }

    /// <summary>The list after PRIMARY KEY, UNIQUE or USING btree, where it holds nothing but names.</summary>
    private static List<string>? Columns(string sql)
    {
        var tokens = SqlScript.Tokens(sql);
        for (var i = 1; i + 2 < tokens.Length; i++)
        {
            if (tokens[i] != "(" || tokens[i - 1].ToUpperInvariant() is not ("KEY" or "UNIQUE" or "BTREE" or "DISTINCT")) continue;
            var names = new List<string>();
            for (var k = i + 1; k < tokens.Length; k += 2)
            {
                names.Add(SqlScript.NameOf(tokens[k]));
                if (k + 1 >= tokens.Length) return null;
                if (tokens[k + 1] == ")") return names;
                if (tokens[k + 1] != ",") return null;
            }
        }
        return null;
    }
}
