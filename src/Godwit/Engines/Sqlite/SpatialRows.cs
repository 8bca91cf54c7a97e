using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// Keeps the R*Tree of a geometry column in step while rows are written with triggers off: the file's own call functions that only GeoPackage
/// and SpatiaLite libraries have. Both kinds of tree hold rowid, smallest and largest x, smallest and largest y.
/// </summary>
internal sealed class SpatialRows : IDisposable
{
    private readonly Connection _writer;
    private readonly List<(int Column, string Index, Statement Insert)> _indexes = [];
    private readonly string _rowId, _table;

    /// <summary><paramref name="columns"/>: of the rows that <see cref="Inserted"/> is told of.</summary>
    public SpatialRows(Connection writer, Table table, IReadOnlyList<string> columns)
    {
        _writer = writer;
        _table = $"main.{new SqliteIdentifier(table.Name)}";
        _rowId = TableScan.RowIdName(table) ?? "rowid";
        for (var i = 0; i < columns.Count; i++)
        {
            if (table.FindColumn(columns[i])?.Geometry?.SpatialIndex is not { } index) continue;
            var name = $"main.{new SqliteIdentifier(index)}";
            _indexes.Add((i, name, writer.Query($"INSERT OR REPLACE INTO {name} VALUES (?1, ?2, ?3, ?4, ?5)")));
        }
    }

    /// <summary>Rows of this condition on the table, called t, are about to be deleted; the statements are the caller's to run and dispose.</summary>
    public IReadOnlyList<Statement> Removing(string condition) => [.. _indexes.Select(i => _writer.Query($"DELETE FROM {i.Index} WHERE rowid IN (SELECT t.{_rowId} FROM {_table} AS t WHERE {condition})"))];

    /// <summary>The row was the last to be inserted.</summary>
    public void Inserted(SourceValue[] row)
    {
        foreach (var (column, _, insert) in _indexes)
        {
            if (row[column].Class != StorageClass.Blob || GeometryBack.BoxOf(row[column].Bytes) is not { } box) continue;
            insert.Bind(1, SourceValue.Of(_writer.Int64("SELECT last_insert_rowid()")));
            insert.Bind(2, SourceValue.Of(box.X.Min)).Bind(3, SourceValue.Of(box.X.Max)).Bind(4, SourceValue.Of(box.Y.Min)).Bind(5, SourceValue.Of(box.Y.Max));
            insert.Run();
        }
    }

    public void Dispose()
    {
        foreach (var index in _indexes) index.Insert.Dispose();
    }
}
