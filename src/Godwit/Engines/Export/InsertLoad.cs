using System.Globalization;
using System.Text;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Engines.Export;

/// <summary>
/// Rows as INSERT statements, as the dashboard writes them. PostgreSQL reads the values itself; what stands here looks at each statement first: only INSERT into the
/// file's own table, of values and nothing that is called, because the private server runs it with all rights.
/// </summary>
internal sealed class InsertLoad(NpgsqlConnection connection, ExportFile file)
{
    public async Task<(long Rows, IEnumerable<Finding> Findings)> RunAsync(CancellationToken ct)
    {
        var text = await ReadAsync(ct);
        var rows = 0L;
        // A table of the same name takes the statements as they are: they may name generated and identity columns, which the real one does not take.
        var real = new SqlName(file.Table.Name.Schema, "godwit_export");
        var before = await ExportSql.CountAsync(connection, file.Table.Name, ct);
        await ExecuteAsync($"ALTER TABLE {file.Table.Name} RENAME TO {SqlName.Quote(real.Name)}; CREATE TABLE {file.Table.Name} (LIKE {real})", ct);
        foreach (var statement in SqlScript.Split(text))
        {
            var tuples = Check(SqlScript.Tokens(statement));
            int inserted;
            try
            {
                // A batch, because colons in values are none of a parameter's.
                await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(statement) }, Timeout = 0 };
                inserted = await batch.ExecuteNonQueryAsync(ct);
            }
            catch (PostgresException e)
            {
                throw new GodwitException(ErrorKind.SourceFatal, "export-row-refused", $"{file.Name}: {(e.ConstraintName is { } constraint ? $"a row breaks {constraint}" : $"a value is not of its column's type (SQLSTATE {e.SqlState})")}, {Line(text, statement, e.Position)}.", "Correct the row, or the schema.", e);
            }
            if (inserted != tuples)
                throw new GodwitException(ErrorKind.SourceFatal, "export-unproven", $"{file.Name}: {tuples:N0} rows stand in a statement, and {inserted:N0} were inserted.", "A rule or trigger of the schema may stand in the way. Nothing was migrated.");
            rows += tuples;
        }
        await PassOnAsync(real, ct);
        if (await ExportSql.CountAsync(connection, file.Table.Name, ct) - before is var there && there != rows)
            throw new GodwitException(ErrorKind.SourceFatal, "export-unproven", $"{file.Name}: {rows:N0} rows were read, and {there:N0} are in the table.", "A rule or trigger of the schema may stand in the way. Nothing was migrated.");
        return (rows, []);
    }

    private async Task PassOnAsync(SqlName real, CancellationToken ct)
    {
        var columns = string.Join(", ", file.Table.Columns.Where(c => !c.Computed).Select(c => SqlName.Quote(c.Name)));
        try
        {
            await ExecuteAsync($"INSERT INTO {real} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {file.Table.Name}", ct);
        }
        catch (PostgresException e)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "export-row-refused", $"{file.Name}: a row breaks {e.ConstraintName ?? $"a rule of the table (SQLSTATE {e.SqlState})"}.", "Correct the row, or the schema.", e);
        }
        // Generated columns among them: the server has computed what the export says.
        var all = string.Join(", ", file.Table.Columns.Select(c => ExportSql.Compared(c, SqlName.Quote(c.Name))));
        await using (var command = new NpgsqlCommand($"SELECT count(*) FROM (SELECT {all} FROM {file.Table.Name} EXCEPT ALL SELECT {all} FROM {real}) x", connection) { CommandTimeout = 0 })
            if (await command.ExecuteScalarAsync(ct) is long and > 0 and var lost)
                throw new GodwitException(ErrorKind.SourceFatal, "export-computed", $"{file.Name}: {lost:N0} rows have values in generated columns that the table's own expression does not give.", "The schema is not the one that the rows were exported from.");
        await ExecuteAsync($"DROP TABLE {file.Table.Name}; ALTER TABLE {real} RENAME TO {SqlName.Quote(file.Table.Name.Name)}", ct);
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task<string> ReadAsync(CancellationToken ct)
    {
        try
        {
            return (await File.ReadAllTextAsync(file.Path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true), ct)).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException e)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "export-damaged", $"{file.Name}: bytes that are no UTF-8.", "Export it again, or convert it: iconv -f WINDOWS-1252 -t UTF-8.", e);
        }
    }

    /// <summary>The number of rows. Names are compared, values are looked at only so far that nothing in them runs.</summary>
    private long Check(IReadOnlyList<string> tokens)
    {
        var at = 0;
        string Next() => at < tokens.Count ? tokens[at] : "";
        bool Word(string word) => Next().Equals(word, StringComparison.OrdinalIgnoreCase);
        void Expect(string word)
        {
            if (!Word(word)) throw Refused($"{word} is expected, not {Shown(Next())}");
            at++;
        }
        Expect("INSERT");
        Expect("INTO");
        var name = SqlScript.NameOf(Next());
        at++;
        string? schema = null;
        if (Next() == ".")
        {
            at++;
            (schema, name) = (name, SqlScript.NameOf(Next()));
            at++;
        }
        if (name != file.Table.Name.Name || schema is not null && schema != file.Table.Name.Schema) throw Refused($"it is about table {(schema is null ? "" : schema + ".")}{name}, not {file.Table}");
        Expect("(");
        var columns = new List<string>();
        for (; ; at++)
        {
            columns.Add(SqlScript.NameOf(Next()));
            at++;
            if (Next() != ",") break;
        }
        Expect(")");
        file.ColumnsOf(columns);
        if (Word("OVERRIDING"))
        {
            at++;
            if (!Word("SYSTEM") && !Word("USER")) throw Refused("OVERRIDING SYSTEM or USER is expected");
            at++;
            Expect("VALUE");
        }
        Expect("VALUES");
        var rows = 0L;
        for (; ; at++)
        {
            at = Tuple(tokens, at, columns.Count);
            rows++;
            if (Next() != ",") break;
        }
        if (at < tokens.Count) throw Refused($"it goes on with {Shown(Next())}");
        return rows;
    }

    // Values: literals, NULL, numbers, TRUE, FALSE, ARRAY[...], with casts. A name before a parenthesis would be a call.
    private int Tuple(IReadOnlyList<string> tokens, int at, int columns)
    {
        string At(int i) => i < tokens.Count ? tokens[i] : "";
        if (At(at) != "(") throw Refused($"a row begins with {Shown(At(at))}");
        var (depth, values) = (1, 1);
        for (at++; depth > 0; at++)
        {
            var token = At(at);
            if (token.Length == 0) throw Refused("it ends inside a row; the file may be cut off");
            if (token is "[") depth++;
            else if (token is ")" or "]") depth--;
            else if (token == ",") values += depth == 1 ? 1 : 0;
            else if (!IsValue(token, At(at - 1))) throw Refused($"a value is made by {Shown(token)}, where only literals are read");
        }
        if (values != columns) throw Refused($"a row has {values} values, where {columns} columns are named");
        return at;
    }

    private static bool IsValue(string token, string before) =>
        token[0] == '\'' || token.Length > 1 && token[0] is 'E' or 'e' && token[1] == '\'' || char.IsAsciiDigit(token[0]) || token is "-" or "+" or "." or ":" or "::"
        || token.ToUpperInvariant() is "NULL" or "TRUE" or "FALSE" or "DEFAULT" or "ARRAY"
        // The name of a cast's type.
        || (before is "::" or ":" && (char.IsAsciiLetter(token[0]) || token[0] is '_' or '"'));

    private GodwitException Refused(string why) => new(ErrorKind.SourceFatal, "export-statement", $"{file.Name}: {why}.", "A .sql file of a folder of exports holds INSERT INTO its table (columns) VALUES (literals) and nothing else. A dump is another source: dump:FILE.");

    /// <summary>A value may be a secret: of a token, its beginning is shown where it is no literal.</summary>
    private static string Shown(string token) => token.Length == 0 ? "the end" : token[0] == '$' || token.Contains('\'', StringComparison.Ordinal) ? "a literal" : token.Length > 30 ? token[..30] + "…" : token;

    private static string Line(string text, string statement, int position)
    {
        var from = text.IndexOf(statement, StringComparison.Ordinal);
        var to = Math.Min(text.Length, Math.Max(0, from) + Math.Max(0, position - 1));
        return string.Create(CultureInfo.InvariantCulture, $"in the statement at line {1 + text.AsSpan(0, to).Count('\n')}");
    }
}
