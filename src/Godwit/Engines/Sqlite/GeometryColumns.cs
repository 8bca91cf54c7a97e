using System.Globalization;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite;

/// <summary>Which columns hold geometries, by the bookkeeping of GeoPackages and of SpatiaLite.</summary>
internal static class GeometryColumns
{
    public static void Mark(Connection connection, List<Table> tables)
    {
        string[] queries = Has(tables, "gpkg_geometry_columns") ? ["gpkg_geometry_columns"]
            : Has(tables, "geometry_columns") ? ["spatialite_geometry_columns", "spatialite3_geometry_columns"] : [];
        foreach (var query in queries)
            if (TryMark(connection, query, tables)) return;
    }

    private static bool Has(List<Table> tables, string name) => tables.Exists(t => SqliteIdentifier.Same(t.Name, name));

    // Tables of these names may be anybody's: what has other columns is no bookkeeping.
    private static bool TryMark(Connection connection, string query, List<Table> tables)
    {
        try
        {
            using var rows = Catalog.Query(connection, query);
            while (rows.Step()) Mark(tables, rows);
            return true;
        }
        catch (SqliteFailure)
        {
            return false;
        }
    }

    private static void Mark(List<Table> tables, Statement row)
    {
        var place = tables.FindIndex(t => SqliteIdentifier.Same(t.Name, row.Text(0)));
        if (place < 0 || tables[place].FindColumn(row.Text(1)) is not { } column) return;
        var kind = row.Text(2);
        if (int.TryParse(kind, CultureInfo.InvariantCulture, out var number)) kind = number is >= 0 and <= 7 ? GeometryLimits.Kinds[number] : $"kind {number}";
        var (srs, srid) = (row.Int64(5), row.Int64(6));
        var geometry = new GeometryColumn(kind.ToUpperInvariant(), row.Int64(3) == 1, row.Int64(4) == 1, (int)srs, srid is > 0 and <= GeometryLimits.MaxSrid ? (int)srid : 0, row.TextOrNull(7));
        tables[place] = tables[place] with { Columns = tables[place].Columns.Replace(column, column with { Geometry = geometry }) };
    }
}
