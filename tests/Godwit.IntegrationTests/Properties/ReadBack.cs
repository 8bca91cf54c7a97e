using System.Globalization;
using System.Text;
using Godwit.Schema;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Godwit.IntegrationTests.Properties;

/// <summary>
/// Compares values through other clients than Godwit's own: what each server says of a row, key by key. Types whose meaning needs a judgement
/// (moments, JSON, UUIDs) are left to Godwit's verification.
/// </summary>
internal static class ReadBack
{
    public static async Task<(int Compared, List<string> Wrong)> CompareAsync(SqliteConnection source, NpgsqlConnection target, string table, IReadOnlyList<string> columns, CancellationToken ct)
    {
        var types = await TypesAsync(target, table, ct);
        using var select = source.CreateCommand();
        select.CommandText = $"SELECT {string.Join(", ", columns.Select(SqlName.AlwaysQuote))} FROM {SqlName.AlwaysQuote(table)} ORDER BY id";
        await using var query = new NpgsqlCommand($"SELECT {string.Join(", ", columns.Select(c => $"{SqlName.AlwaysQuote(c)}::text"))} FROM {SqlName.AlwaysQuote(table)} ORDER BY id", target);
        using var left = await select.ExecuteReaderAsync(ct);
        await using var right = await query.ExecuteReaderAsync(ct);
        var (compared, wrong) = (0, new List<string>());
        while (await left.ReadAsync(ct))
        {
            if (!await right.ReadAsync(ct)) { wrong.Add("rows are missing"); return (compared, wrong); }
            for (var i = 0; i < columns.Count; i++)
            {
                var value = left.IsDBNull(i) ? null : left.GetValue(i);
                var text = right.IsDBNull(i) ? null : right.GetString(i);
                compared++;
                if (!Same(value, text, types[columns[i]])) wrong.Add($"{table}.{columns[i]} ({types[columns[i]]}): {Show(value)} became {text ?? "NULL"}");
            }
        }
        if (await right.ReadAsync(ct)) wrong.Add("there are more rows");
        return (compared, wrong);
    }

    private static string Show(object? value) => value is byte[] b ? "x" + Convert.ToHexString(b) : value is double d ? d.ToString("R", CultureInfo.InvariantCulture) : $"{value ?? "NULL"}";

    private static async Task<Dictionary<string, string>> TypesAsync(NpgsqlConnection target, string table, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select attname::text, atttypid::regtype::text from pg_attribute where attrelid = $1::regclass and attnum > 0", target) { Parameters = { new() { Value = SqlName.AlwaysQuote(table) } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(ct)) types[reader.GetString(0)] = reader.GetString(1);
        return types;
    }

    private static bool Same(object? value, string? text, string type) => (value, text) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        _ => type switch
        {
            "text" or "character varying" when value is double d => IsReal(text, d),
            "bytea" when value is double d => IsReal(Encoding.UTF8.GetString(Convert.FromHexString(text.AsSpan(2))), d),
            "text" or "character varying" => text == Text(value),
            "bytea" => text == "\\x" + Convert.ToHexStringLower(value as byte[] ?? Encoding.UTF8.GetBytes(Text(value))),
            "smallint" or "integer" or "bigint" => value switch { long n => text == n.ToString(CultureInfo.InvariantCulture), double d => long.Parse(text, CultureInfo.InvariantCulture) == d, string s => s.Trim() == text, _ => false },
            "double precision" => BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)) is var bits && value switch
            {
                double d => bits == BitConverter.DoubleToInt64Bits(d),
                long n => (Int128)double.Parse(text, CultureInfo.InvariantCulture) == n,
                string s => bits == BitConverter.DoubleToInt64Bits(double.Parse(s, CultureInfo.InvariantCulture)),
                _ => false,
            },
            "numeric" => value switch { long n => text == n.ToString(CultureInfo.InvariantCulture) || text.Contains('.', StringComparison.Ordinal) && text.TrimEnd('0').TrimEnd('.') == n.ToString(CultureInfo.InvariantCulture), double d => double.Parse(text, CultureInfo.InvariantCulture).Equals(d) || d == 0 && text.Trim('0', '.', '-').Length == 0, _ => true },
            "boolean" => value switch { long n => text == (n == 1 ? "true" : n == 0 ? "false" : "?"), _ => true },
            _ => true,
        },
    };

    // A real that became text is compared by what it is, not by its spelling.
    private static bool IsReal(string text, double value) => text switch
    {
        "inf" or "Infinity" => double.IsPositiveInfinity(value),
        "-inf" or "-Infinity" => double.IsNegativeInfinity(value),
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var read) && BitConverter.DoubleToInt64Bits(read) == BitConverter.DoubleToInt64Bits(value),
    };

    private static string Text(object? value) => value switch
    {
        string s => s,
        long n => n.ToString(CultureInfo.InvariantCulture),
        byte[] b => Encoding.UTF8.GetString(b),
        _ => "",
    };
}
