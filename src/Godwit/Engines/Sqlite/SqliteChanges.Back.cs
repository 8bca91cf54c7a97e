using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite;

/// <summary>What another database has changed is written into the file.</summary>
internal sealed partial class SqliteChanges
{
    public ImmutableArray<string> KeyOf(Table table) => ChangeLog.KeyOf(table);

    public async Task WriteBackAsync(IReadOnlyList<TableBack> tables, CancellationToken ct)
    {
        await Task.Yield();
        try
        {
            using var writer = OpenWriter();
            writer.WriteAsGiven();
            writer.Execute("BEGIN IMMEDIATE");
            try
            {
                foreach (var table in tables) await RemoveAsync(writer, table, ct);
                foreach (var table in tables) await InsertAsync(writer, table, ct);
                foreach (var table in tables) Settle(writer, table);
                writer.Execute("COMMIT");
            }
            catch
            {
                writer.Rollback();
                throw;
            }
        }
        catch (SqliteFailure failure)
        {
            throw SqliteErrors.Map(failure, path, null);
        }
    }

    private static async Task RemoveAsync(Connection writer, TableBack table, CancellationToken ct)
    {
        var name = new SqliteIdentifier(table.Table.Name);
        using var spatial = new SpatialRows(writer, table.Table, table.Columns);
        if (table.Key.IsEmpty)
        {
            if (table.Aside.Count > 0 && TableScan.RowIdName(table.Table) is null)
                throw new GodwitException(ErrorKind.Blocked, "way-back-aside", $"{writer.Path}: {table.Table.Name} has rows that did not fit the target, and no row positions by which they could be kept while the whole table goes back.", "Put those rows right in the source before the cutover.");
            var gone = table.Aside.Count == 0 ? null : $"{TableScan.RowIdName(table.Table)} NOT IN ({string.Join(", ", table.Aside)})";
            foreach (var clear in spatial.Removing(gone ?? "true"))
                using (clear) clear.Run();
            writer.Execute($"DELETE FROM main.{name}{(gone is null ? "" : " WHERE " + gone)}");
            return;
        }
        // The first comparison finds the row by its index, the second tells spellings apart that the key's collation takes as equal.
        var found = string.Join(" AND ", table.Key.Select((k, i) => $"t.{new SqliteIdentifier(k)} IS ?{i + 1} AND t.{new SqliteIdentifier(k)} IS ?{i + 1} COLLATE BINARY"));
        var deletes = spatial.Removing(found).Append(writer.Query($"DELETE FROM main.{name} AS t WHERE {found}")).ToList();
        try
        {
            await foreach (var key in table.Gone.WithCancellation(ct))
                foreach (var delete in deletes)
                {
                    for (var i = 0; i < key.Length; i++) delete.Bind(i + 1, key[i]);
                    delete.Run();
                }
        }
        finally
        {
            foreach (var delete in deletes) delete.Dispose();
        }
    }

    private static async Task InsertAsync(Connection writer, TableBack table, CancellationToken ct)
    {
        using var spatial = new SpatialRows(writer, table.Table, table.Columns);
        var columns = string.Join(", ", table.Columns.Select(c => new SqliteIdentifier(c)));
        using var insert = writer.Query($"INSERT INTO main.{new SqliteIdentifier(table.Table.Name)} ({columns}) VALUES ({string.Join(", ", table.Columns.Select(_ => "?"))})");
        await foreach (var row in table.Rows.WithCancellation(ct))
        {
            for (var i = 0; i < row.Length; i++) insert.Bind(i + 1, row[i]);
            insert.Run();
            spatial.Inserted(row);
        }
    }

    /// <summary>Keys that were given out are not given out again; a full-text index beside the table, which the application's triggers keep, is made anew.</summary>
    private static void Settle(Connection writer, TableBack table)
    {
        if (table.Table.AutoIncrement && table.LastKey is { } last)
        {
            using (var update = writer.Query("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1").Bind(1, table.Table.Name).Bind(2, last)) update.Run();
            if (writer.Int64("SELECT changes()") == 0)
                using (var insert = writer.Query("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)").Bind(1, table.Table.Name).Bind(2, last)) insert.Run();
        }
        if (table.Table.TextSearch?.Index is { } index)
            writer.Execute($"INSERT INTO main.{new SqliteIdentifier(index)} ({new SqliteIdentifier(index)}) VALUES ('rebuild')");
    }
}
