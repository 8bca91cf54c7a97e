using System.Collections.Immutable;
using System.Text;
using Godwit.Schema;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Engines.Export;

/// <summary>
/// One CSV file into its table, and the proof that its rows are in it: the server reads the file a second time by itself, into a table of texts, and the two
/// are compared row for row.
/// </summary>
internal sealed class CsvLoad(NpgsqlConnection connection, ExportFile file)
{
    private ExportColumn[] _columns = [];
    private long[] _nulls = [], _empties = [];
    private bool[] _unproven = [];
    private long _before;

    /// <summary>What was read how; the rows are in the table and proven.</summary>
    public async Task<(long Rows, IEnumerable<Finding> Findings)> RunAsync(CancellationToken ct)
    {
        var rows = await LoadAsync(ct);
        await ProveAsync(rows, ct);
        return (rows, Findings());
    }

    private async Task<long> LoadAsync(CancellationToken ct)
    {
        using var reader = Open();
        using var records = new CsvReader(reader, file.Name).Records().GetEnumerator();
        if (!records.MoveNext()) return 0;
        _columns = file.ColumnsOf([.. records.Current.Cells.Select(c => c.Text)]);
        (_nulls, _empties, _unproven) = (new long[_columns.Length], new long[_columns.Length], new bool[_columns.Length]);
        var loaded = _columns.Where(c => !c.Computed).ToList();
        var lines = new List<long>();
        // Those of tables that inherit from it.
        _before = await ExportSql.CountAsync(connection, file.Table.Name, ct);
        try
        {
            await using var copy = await connection.BeginTextImportAsync($"COPY {file.Table.Name} ({string.Join(", ", loaded.Select(c => SqlName.Quote(c.Name)))}) FROM STDIN", ct);
            var line = new StringBuilder();
            while (records.MoveNext())
            {
                ct.ThrowIfCancellationRequested();
                lines.Add(records.Current.Line);
                Row(records.Current, line.Clear());
                await copy.WriteAsync(line, ct);
            }
        }
        catch (PostgresException e)
        {
            throw Refused(e, lines);
        }
        return lines.Count;
    }

    private void Row(CsvRecord record, StringBuilder line)
    {
        if (record.Cells.Count != _columns.Length)
            throw new GodwitException(ErrorKind.SourceFatal, "export-damaged", $"{file.Name}, line {record.Line}: {record.Cells.Count} values, where the first line names {_columns.Length} columns.", "Export the table again.");
        for (var i = 0; i < _columns.Length; i++)
        {
            var (column, cell) = (_columns[i], record.Cells[i]);
            var value = Read(column, cell);
            if (cell.Text.Length == 0)
            {
                if (value is null) _nulls[i]++;
                else _empties[i]++;
            }
            if (column.Computed) continue;
            if (value is null && column.NotNull)
                throw new GodwitException(ErrorKind.SourceFatal, "export-value-missing", $"{file.Name}, line {record.Line}: {column.Name} is empty, and the column ({column.Type} NOT NULL) takes neither NULL nor an empty value.", "Export the table again, or put the value in.");
            if (value is not null && OfJson(record, column, value) is { } read)
            {
                _unproven[i] |= !column.Shape.IsReadBySql;
                value = read;
            }
            if (line.Length > 0) line.Append('\t');
            // PostgreSQL documentation, COPY, text format.
            if (value is null) line.Append("\\N");
            else foreach (var c in value)
                    line.Append(c switch { '\\' => "\\\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => null } ?? c.ToString());
        }
        line.Append('\n');
    }

    private string? OfJson(CsvRecord record, ExportColumn column, string value)
    {
        try
        {
            return column.Shape.OfJson(value);
        }
        catch (FormatException e)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "export-row-refused", $"{file.Name}, line {record.Line}, column {column.Name}: JSON arrays in an array of {column.Type} may be values, or dimensions.", "Write the array as PostgreSQL does: {\"[1, 2]\"} or {{1,2}}.", e);
        }
    }

    /// <summary>Nothing between two commas is NULL, unless the column takes no NULL and '' is a value of it; "" is '' where that is a value of it.</summary>
    private static string? Read(ExportColumn column, CsvCell cell) =>
        cell.Text.Length > 0 ? cell.Text : column.IsText && (cell.Quoted || column.NotNull) ? "" : null;

    private GodwitException Refused(PostgresException e, List<long> lines)
    {
        // "COPY orders, line 5, column total: ..." counts rows, which may go over several lines of the file.
        var at = CopyPlace.Row(e.Where) is { } row && row <= lines.Count ? $", line {lines[(int)row - 1]}" : "";
        var column = CopyPlace.Column(e.Where) is { } named ? $", column {named}" : "";
        // The server's own message may show the value; which rule it breaks says enough.
        var rule = e.ConstraintName is { } constraint ? $"it breaks {constraint}" : $"the value is not of the column's type (SQLSTATE {e.SqlState})";
        return new(ErrorKind.SourceFatal, "export-row-refused", $"{file.Name}{at}{column}: {rule}.", "Correct the row, or the schema.", e);
    }

    /// <summary>PostgreSQL's own CSV reader against this one.</summary>
    private async Task ProveAsync(long rows, CancellationToken ct)
    {
        if (rows == 0) return;
        await ExecuteAsync($"CREATE TEMPORARY TABLE godwit_export ({string.Join(", ", _columns.Select((_, i) => $"c{i} text"))}) ON COMMIT DROP", ct);
        long again, there, lost;
        try
        {
            await ReadAgainAsync(ct);
            (again, there, lost) = await CompareAsync(ct);
        }
        catch (PostgresException e)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "export-unproven", $"{file.Name} can be read, and PostgreSQL's own reader refuses it (SQLSTATE {e.SqlState}): line ends of two kinds, for one.", "Export the table again. Nothing was migrated.", e);
        }
        if (again != rows || there != rows || lost != 0)
            throw new GodwitException(ErrorKind.SourceFatal, "export-unproven", $"{file.Name}: {rows:N0} rows were read, and {again:N0} by PostgreSQL's own reader; {there:N0} are in the table, {lost:N0} of them otherwise: generated columns that the schema computes otherwise, or a file that can be read in two ways.", "Compare the schema with the one that the rows were exported from. Nothing was migrated.");
        await ExecuteAsync("DROP TABLE pg_temp.godwit_export", ct);
    }

    private async Task<(long Again, long There, long Lost)> CompareAsync(CancellationToken ct)
    {
        // An empty value of a computed column, not in quotes, is '' or NULL: the server knows which.
        string Either(int i, string value) => _columns[i] is { Computed: true, IsText: true } && _nulls[i] > 0 ? $"coalesce({value}, '')" : value;
        var compared = Enumerable.Range(0, _columns.Length).Where(i => !_unproven[i]).ToList();
        var expected = string.Join(", ", compared.Select(i => Either(i, ExportSql.Compared(_columns[i], Expected(_columns[i], $"c{i}")))));
        var there = string.Join(", ", compared.Select(i => Either(i, ExportSql.Compared(_columns[i], SqlName.Quote(_columns[i].Name)))));
        await using var command = new NpgsqlCommand($"SELECT (SELECT count(*) FROM pg_temp.godwit_export), (SELECT count(*) FROM {file.Table.Name}) - {_before}, (SELECT count(*) FROM (SELECT {expected} FROM pg_temp.godwit_export EXCEPT ALL SELECT {there} FROM {file.Table.Name}) x)", connection) { CommandTimeout = 0 };
        await using var result = await command.ExecuteReaderAsync(ct);
        await result.ReadAsync(ct);
        return (result.GetInt64(0), result.GetInt64(1), result.GetInt64(2));
    }

    /// <summary>The file as it is, without a byte order mark and, where there are several columns, without empty lines at its end.</summary>
    private async Task ReadAgainAsync(CancellationToken ct)
    {
        using var reader = Open();
        await using var copy = await connection.BeginTextImportAsync("COPY pg_temp.godwit_export FROM STDIN (FORMAT csv, HEADER)", ct);
        if (reader.Peek() == '\ufeff') reader.Read();
        var buffer = new char[64 << 10];
        var held = "";
        for (int read; (read = await reader.ReadAsync(buffer, ct)) > 0;)
        {
            var text = buffer.AsMemory(0, read);
            var body = _columns.Length > 1 ? text[..text.Span.TrimEnd("\r\n").Length] : text;
            if (body.Length > 0 && held.Length > 0)
            {
                await copy.WriteAsync(held.AsMemory(), ct);
                held = "";
            }
            await copy.WriteAsync(body, ct);
            held += text[body.Length..].ToString();
        }
        if (held.Length > 0) await copy.WriteAsync(held.AsMemory(0, held.StartsWith("\r\n", StringComparison.Ordinal) ? 2 : 1), ct);
    }

    private static string Expected(ExportColumn column, string name) =>
        column.Shape.OfJsonSql(name, column.Type) is { } read ? $"CASE WHEN {column.Shape.IsJsonSql(name)} THEN {read} ELSE {Own(column, name)} END" : Own(column, name);

    private static string Own(ExportColumn column, string name) =>
        column.IsText ? column.NotNull ? $"coalesce({name}, '')::{column.Type}" : $"{name}::{column.Type}"
        : $"nullif({name}, '')::{column.Type}";

    private IEnumerable<Finding> Findings()
    {
        // Some programs write nothing at all of a table without rows; an export that failed leaves the same.
        if (_columns.Length == 0)
            yield return new("export-file-empty", Severity.Warning, $"{file.Table}", $"{file.Name} holds nothing, not even the names of the columns: the table stays empty.", "If the table has rows, export it again.");
        for (var i = 0; i < _columns.Length; i++)
        {
            var subject = $"{file.Table}.{_columns[i].Name}";
            if (_unproven[i])
                yield return new("export-value-unproven", Severity.Warning, subject, "hstore within other values was read from JSON, and not compared with a second reading of the file.", "Look at some of them.");
            if (_columns[i].Computed) continue;
            if (_nulls[i] > 0 && _columns[i].IsText)
                yield return new("export-empty-null", Severity.Info, subject, $"{_nulls[i]:N0} empty values are read as NULL: the column allows it, and they are not in quotes.", "An empty text is written as \"\" in the file; or UPDATE afterwards.");
            if (_empties[i] > 0)
                yield return new("export-empty-text", Severity.Info, subject, $"{_empties[i]:N0} empty values are read as '': {(_columns[i].NotNull ? "the column is NOT NULL" : "they are in quotes")}.");
        }
    }

    private StreamReader Open() => new(file.Path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
