using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.PostData;

/// <summary>Rows that break a foreign key, by their keys.</summary>
internal static class Orphans
{
    private const int Shown = 5;

    public static async Task<string> DescribeAsync(NpgsqlConnection connection, TablePlan table, string constraint, CancellationToken ct) =>
        await EnforcedKey.FindAsync(connection, table.Load.ToString(), constraint, ct) is { } key ? await ListAsync(connection, table, key, ct) ?? "0 row(s)" : "its rows were not listed";

    /// <summary>How many, and the first keys; null where there are none.</summary>
    public static async Task<string?> ListAsync(NpgsqlConnection connection, TablePlan table, EnforcedKey key, CancellationToken ct)
    {
        var columns = table.Key.Concat(key.From.Select(SqlScript.NameOf)).Distinct().ToList();
        await using var command = new NpgsqlCommand($"select count(*) over (), {string.Join(", ", columns.Select(c => $"left(c.{SqlName.AlwaysQuote(c)}::text, 60)"))} {key.Orphans} order by {string.Join(", ", columns.Select(c => "c." + SqlName.AlwaysQuote(c)))} limit {Shown}", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var keys = new List<string>();
        long count = 0;
        while (await reader.ReadAsync(ct))
        {
            count = reader.GetInt64(0);
            keys.Add(string.Join(", ", columns.Select((c, i) => $"{c}={(reader.IsDBNull(i + 1) ? "NULL" : reader.GetString(i + 1))}")));
        }
        return count == 0 ? null : $"{count} row(s): {string.Join("; ", keys)}{(count > keys.Count ? "; ..." : "")}";
    }
}
