using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Godwit.Engines.Export;

/// <summary>
/// Tables of a data API into a folder of CSV files, page by page behind the last key. Each page is appended before it is noted: a run that is killed goes on behind
/// the last page that was noted. A finished table is not asked for again; removing the folder begins anew.
/// </summary>
internal sealed class RestDownload(RestApi api, string folder, int pageRows)
{
    private readonly List<Finding> _findings = [];

    public async Task<ImmutableArray<Finding>> RunAsync(IReadOnlyList<ExportTable> tables, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var kept = new List<string>();
        foreach (var table in tables)
            if (File.Exists(FileOf(table))) kept.Add(table.ToString());
            else await TableAsync(table, ct);
        // Of what an earlier run has read, too.
        foreach (var table in tables.Where(t => t.Key.IsEmpty))
            _findings.Add(new("api-without-key", Severity.Warning, table.ToString(), "It has no primary key: pages follow each other by their position, and rows that change meanwhile may be missed or doubled.", "Stop the application while it is read."));
        if (kept.Count > 0)
            _findings.Add(new("api-download-kept", Severity.Info, "source", $"{kept.Count:N0} of {tables.Count:N0} tables were downloaded by an earlier run and are read from {folder}.", "Remove that folder to download everything anew."));
        return [.. _findings];
    }

    private string FileOf(ExportTable table) => Path.Combine(folder, string.Concat(table.ToString().Select(c => Path.GetInvalidFileNameChars().Contains(c) ? '_' : c)) + ".csv");

    private async Task TableAsync(ExportTable table, CancellationToken ct)
    {
        var (file, part, note) = (FileOf(table), FileOf(table) + ".part", FileOf(table) + ".note");
        var columns = table.Columns;
        var keyed = table.Key.Length > 0;
        var order = keyed ? table.Key.Select(k => columns.First(c => c.Name == k)).ToImmutableArray() : [.. columns.Where(c => c.IsOrdered)];
        var (at, rows, last) = Noted(note);
        await using (var stream = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None))
        {
            // What came behind the last page that was noted is read again.
            stream.SetLength(at);
            stream.Position = at;
            if (at == 0) await WriteAsync(stream, [columns.Select(c => (string?)c.Name).ToArray()], ct);
            while (true)
            {
                var page = await api.PageAsync(table, columns, order, keyed && last is not null ? RestApi.After(order, last) : "", pageRows, keyed ? 0 : rows, ct);
                if (page.Count == 0) break;
                await WriteAsync(stream, page, ct);
                await stream.FlushAsync(ct);
                rows += page.Count;
                last = keyed ? [.. order.Select(k => page[^1][columns.IndexOf(k)]!)] : null;
                await File.WriteAllTextAsync(note, JsonSerializer.Serialize(new PageNote(stream.Position, rows, last), PageNoteContext.Default.PageNote), ct);
            }
        }
        // An API may cut pages short without a word; what it counts itself is the measure.
        var counted = await api.CountAsync(table, ct);
        if (counted != rows)
        {
            File.Delete(part);
            File.Delete(note);
            throw new GodwitException(ErrorKind.SourceFatal, "api-rows-differ", $"{rows:N0} rows of {table} were read, and the API counts {counted:N0}.", "Stop the application while it is read, and run the same command again: this table is read anew.");
        }
        File.Move(part, file, overwrite: true);
        File.Delete(note);
    }

    private static (long At, long Rows, string[]? Last) Noted(string note)
    {
        if (!File.Exists(note)) return (0, 0, null);
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(note), PageNoteContext.Default.PageNote) is { } noted ? (noted.At, noted.Rows, noted.Last) : (0, 0, null);
        }
        catch (JsonException)
        {
            // Killed while it was written: the table begins anew.
            return (0, 0, null);
        }
    }

    // NULL is nothing, and every value stands in quotes, the empty one too.
    private static async Task WriteAsync(FileStream stream, IEnumerable<string?[]> rows, CancellationToken ct)
    {
        var text = new StringBuilder();
        foreach (var row in rows) text.AppendJoin(',', row.Select(v => v is null ? "" : $"\"{v.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Append('\n');
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), ct);
    }
}

internal sealed record PageNote(long At, long Rows, string[]? Last);

[System.Text.Json.Serialization.JsonSerializable(typeof(PageNote))]
internal sealed partial class PageNoteContext : System.Text.Json.Serialization.JsonSerializerContext;
