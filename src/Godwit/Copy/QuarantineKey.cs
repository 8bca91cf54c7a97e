using System.Text.Json;
using Godwit.Plan;

namespace Godwit.Copy;

/// <summary>Names a quarantined row by its key: "id=5".</summary>
internal static class QuarantineKey
{
    public static string? Of(TablePlan table, string rowJson)
    {
        if (table.Key.IsEmpty) return null;
        using var row = JsonDocument.Parse(rowJson);
        return string.Join(", ", table.Key.Select(k =>
            table.Columns.FirstOrDefault(c => c.Target == k) is { } column && row.RootElement.TryGetProperty(column.Source, out var value) ? $"{column.Source}={value}" : $"{k}=?"));
    }
}
