using System.Globalization;
using System.Text;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Copy;

/// <summary>Which row of a chunk a constraint of the target refused: the server counts the rows of a COPY, and the same read of the same moment yields them in the same order.</summary>
internal static class RefusedRow
{
    private const int BatchBytes = 256 * 1024;

    /// <summary>What the target's server said, with the row's key. Without it where the table has none, or the server does not say which row (a foreign key is checked when all are there).</summary>
    public static async Task<GodwitException> DescribeAsync(ISnapshot snapshot, Table source, TablePlan table, PlannedChunk chunk, string? searchPath, PostgresException refused)
    {
        var told = TargetErrors.Map(refused, $"loading {table.Source}");
        if (await KeyAsync(snapshot, source, table, chunk, searchPath, refused) is not { } key) return told;
        return new(told.Kind, told.Code, $"{told.Problem.TrimEnd('.')}: the row {key}.",
            "Correct that row in the source; or drop the constraint, and add it again with NOT VALID afterwards. Then run the same command again: it resumes where it stopped.", refused) { SqlState = told.SqlState };
    }

    private static async Task<string?> KeyAsync(ISnapshot snapshot, Table source, TablePlan table, PlannedChunk chunk, string? searchPath, PostgresException refused)
    {
        if (table.Key.IsEmpty || !long.TryParse(refused.Where, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return null;
        // All columns: of fewer, the server may read an index, which has another order.
        var read = new TableRead(source, [.. table.Columns.Select(c => new ColumnRead(c.Source, c.Encoding))], new(chunk.From, chunk.To), BatchBytes) { Format = RowFormat.Text, SearchPath = searchPath };
        try
        {
            await foreach (var batch in snapshot.ReadAsync(read, CancellationToken.None))
                using (batch)
                {
                    if (number > batch.Rows)
                    {
                        number -= batch.Rows;
                        continue;
                    }
                    var cells = Encoding.UTF8.GetString(batch.Tuples.Span).Split('\n')[(int)number - 1].Split('\t');
                    return string.Join(", ", table.Columns.Select((c, i) => (c.Target, c.Source, Text: Unescape(cells[i]))).Where(c => table.Key.Contains(c.Target)).Select(c => $"{c.Source}={c.Text}"));
                }
        }
        catch (GodwitException)
        {
            // The source is gone meanwhile; what the target said is the news.
        }
        return null;
    }

    // PostgreSQL documentation, COPY, text format.
    private static string Unescape(string cell)
    {
        if (!cell.Contains('\\', StringComparison.Ordinal)) return cell;
        var text = new StringBuilder();
        for (var i = 0; i < cell.Length; i++)
            text.Append(cell[i] != '\\' || i + 1 == cell.Length ? cell[i] : cell[++i] switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', 'v' => '\v', var other => other });
        return text.ToString();
    }
}
