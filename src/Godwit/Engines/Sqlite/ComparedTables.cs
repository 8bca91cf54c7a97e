using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// Notes in a new copy which rows differ from those of the copy before it, after what that one had noted. Rows are paired by their key, or by their
/// place where the table is followed as a whole; values are equal when their bytes and their storage class are.
/// </summary>
internal sealed class ComparedTables(Connection writer, string display, string before)
{
    internal void Note(DatabaseSchema followed, CancellationToken ct)
    {
        using (var attach = writer.Query("ATTACH ? AS old").Bind(1, before)) attach.Step();
        foreach (var table in followed.Tables) RequireColumns(table);
        writer.Execute("BEGIN");
        writer.Execute(ChangeLog.Create((int)writer.Int64($"SELECT count(*) FROM pragma_table_info('{ChangeLog.Log}', 'old')") - 3));
        writer.Execute(ChangeLog.CreateTables);
        writer.Execute(ChangeLog.CreateMeta);
        foreach (var own in new[] { ChangeLog.Log, ChangeLog.Tables, ChangeLog.Meta }) writer.Execute($"INSERT INTO main.{own} SELECT * FROM old.{own}");
        foreach (var table in followed.Tables)
        {
            ct.ThrowIfCancellationRequested();
            var number = SqliteChanges.Number(writer, table.Name)!.Value;
            if (ChangeLog.KeyOf(table) is { IsEmpty: false } key) NoteKeys(table, number, key);
            else if (!IsSame(table)) NoteWhole(number);
            // They never fire here; the record's own checks look for them.
            foreach (var (_, sql) in ChangeLog.Triggers(table, number)) writer.Execute(sql);
        }
        writer.Execute("COMMIT");
        writer.Execute("DETACH old");
    }

    private void RequireColumns(Table table)
    {
        string? Columns(string schema)
        {
            using var columns = writer.Query($"SELECT group_concat(name || ' ' || type || ' ' || hidden, char(10)) FROM (SELECT name, type, hidden FROM pragma_table_xinfo(?1, '{schema}') ORDER BY cid)").Bind(1, table.Name);
            return columns.Step() ? columns.TextOrNull(0) : null;
        }
        if (Columns("main") != Columns("old"))
            throw new GodwitException(ErrorKind.Blocked, "source-schema-changed", $"{display}: the columns of {table.Name} are no longer those that were migrated.", "A changed schema is not followed: godwit finish, then godwit migrate --follow --if-exists replace.");
    }

    private void NoteWhole(long number) => writer.Execute($"INSERT INTO main.{ChangeLog.Log} (t, w) VALUES ({number}, 1)");

    private void NoteKeys(Table table, long number, ImmutableArray<string> key)
    {
        var name = new SqliteIdentifier(table.Name);
        var columns = key.Select(c => new SqliteIdentifier(c)).ToList();
        // Found by the key's index; spellings that its collation takes as equal are told apart.
        var paired = string.Join(" AND ", columns.Select(c => $"n.{c} IS o.{c} AND n.{c} IS o.{c} COLLATE BINARY"));
        var into = $"INSERT INTO main.{ChangeLog.Log} (t, w, {string.Join(", ", columns.Select((_, i) => $"k{i}"))}) SELECT DISTINCT {number}, 0, ";
        writer.Execute($"{into}{Of("n")} FROM main.{name} AS n WHERE NOT EXISTS (SELECT 1 FROM old.{name} AS o WHERE {paired} AND {Same(table)})");
        writer.Execute($"{into}{Of("o")} FROM old.{name} AS o WHERE NOT EXISTS (SELECT 1 FROM main.{name} AS n WHERE {paired})");
        // Where a key may hold NULL, equal rows may be there several times.
        if (key.Any(c => table.FindColumn(c) is { NotNull: false, IsRowKey: false }))
        {
            var incomplete = string.Join(" OR ", columns.Select(c => $"{c} IS NULL"));
            if (writer.Int64($"SELECT count(*) FROM main.{name} WHERE {incomplete}") != writer.Int64($"SELECT count(*) FROM old.{name} WHERE {incomplete}")) NoteWhole(number);
        }

        string Of(string row) => string.Join(", ", columns.Select(c => $"{row}.{c}"));
    }

    private static string Same(Table table) => string.Join(" AND ", table.Columns.Where(c => c.Generated is null).Select(c => Equal(new SqliteIdentifier(c.Name).ToString())));

    private static string Equal(string column) => $"n.{column} IS o.{column} COLLATE BINARY AND typeof(n.{column}) = typeof(o.{column})";

    /// <summary>Of a virtual table, what it keeps its rows in.</summary>
    private bool IsSame(Table table)
    {
        var name = ChangeLog.On(table);
        try
        {
            if (writer.Int64($"SELECT count(*) FROM main.{name}") != writer.Int64($"SELECT count(*) FROM old.{name}")) return false;
            var columns = new List<string>();
            using (var list = writer.Query("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0").Bind(1, table.Virtual is null ? table.Name : name.Name))
                while (list.Step()) columns.Add(new SqliteIdentifier(list.Text(0)).ToString());
            return writer.Int64($"SELECT EXISTS (SELECT 1 FROM main.{name} AS n LEFT JOIN old.{name} AS o ON o.rowid = n.rowid WHERE o.rowid IS NULL OR NOT ({string.Join(" AND ", columns.Select(Equal))}))") == 0;
        }
        catch (SqliteFailure failure) when (failure.Code == Native.Error)
        {
            // No rowid, or a function or collation that only the application knows: it cannot be told, and one time too many is harmless.
            return false;
        }
    }
}
