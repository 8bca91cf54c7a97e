using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>
/// GeoPackages and SpatiaLite keep an R*Tree table beside each geometry column, and triggers that keep it in step. Where the target has PostGIS, a
/// GiST index does that by itself.
/// </summary>
internal static class SpatialIndexes
{
    public const string Kind = "spatial index";

    /// <summary>The schema without these tables and triggers; they stand in <see cref="DatabaseSchema.Others"/>.</summary>
    public static DatabaseSchema LeaveOut(DatabaseSchema schema, string? postGis)
    {
        if (postGis is null || schema.Postgres is not null) return schema;
        var indexes = (from table in schema.Tables from column in table.Columns where column.Geometry?.SpatialIndex is not null
                       select (Table: table.Name, Column: column.Name, Index: column.Geometry!.SpatialIndex!)).ToList();
        var geometries = (from table in schema.Tables from column in table.Columns where column.Geometry is not null select (Table: table.Name, Column: column.Name)).ToList();
        if (geometries.Count == 0) return schema;
        var tables = schema.Tables.Where(t => indexes.Exists(i => NameComparer.Same(i.Index, t.Name))).ToList();
        var triggers = schema.Triggers.Where(t => geometries.Exists(g => NameComparer.Same(t.Table, g.Table) && IsKeeper(t.Name, g.Table, g.Column))).ToList();
        return schema with
        {
            Tables = schema.Tables.RemoveRange(tables),
            Triggers = schema.Triggers.RemoveRange(triggers),
            Others =
            [
                .. schema.Others,
                .. tables.Select(t => new OtherObject(t.Name, Kind, t.Sql)),
                .. triggers.Select(t => new OtherObject(t.Name, $"trigger of a {Kind}", t.Sql)),
            ],
        };
    }

    /// <summary>By their names: rtree_TABLE_COLUMN_insert and the like of GeoPackages, gii_TABLE_COLUMN (index) and ggi_TABLE_COLUMN (kind and reference system, which the type checks) of SpatiaLite.</summary>
    private static bool IsKeeper(string trigger, string table, string column)
    {
        if (trigger.StartsWith($"rtree_{table}_{column}_", StringComparison.OrdinalIgnoreCase)) return true;
        foreach (var prefix in (ReadOnlySpan<string>)["gii", "giu", "gid", "ggi", "ggu"])
            if (trigger.Equals($"{prefix}_{table}_{column}", StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    /// <summary>For each geometry column that had one.</summary>
    public static IEnumerable<SqlStep> Plan(PlanContext context, Table table)
    {
        foreach (var column in table.Columns)
        {
            if (column.Geometry?.SpatialIndex is not { } index || context.Type(table, column).Encoding.Kind != CellEncoding.Geometry) continue;
            var target = context.Column(table, column.Name);
            var name = context.Names.AddIndex(null, $"{context.Names.Table(table.Name)}_{target}_idx");
            yield return new($"index {name}", StepKind.Index, $"spatial index {index}", $"CREATE INDEX {SqlName.Quote(name)} ON {context.Load(table)} USING gist ({SqlName.Quote(target)})",
                $"Finds rows by place, as {index} did.", $"DROP INDEX {new SqlName(PlanContext.LoadSchema, name)}")
            { Table = table.Name, Fallback = "", Effort = 10 };
        }
    }

    /// <summary>A word on each that <see cref="LeaveOut"/> has left out; false where <paramref name="other"/> is something else.</summary>
    public static bool Name(PlanContext context, OtherObject other)
    {
        if (!other.Kind.EndsWith(Kind, StringComparison.Ordinal)) return false;
        var (table, column) = (from t in context.Tables from c in t.Columns where c.Geometry is not null && (NameComparer.Same(c.Geometry.SpatialIndex ?? "", other.Name) || IsKeeper(other.Name, t.Name, c.Name)) select (t, c)).FirstOrDefault();
        if (table is not null && context.Type(table, column).Encoding.Kind != CellEncoding.Geometry)
            context.Find("spatial-index-left-out", Severity.Warning, other.Name, $"A {other.Kind} of {table.Name}.{column.Name}, which stays bytes: PostgreSQL has no index of their places.", "Make the column a geometry (see geometry-kept-as-bytes), then CREATE INDEX ... USING gist.");
        else
            context.Find("spatial-index-as-gist", Severity.Info, other.Name, $"A {other.Kind}; PostGIS keeps a GiST index and the column's type in its place.", "SELECT ... WHERE geom && ST_MakeEnvelope(...) uses it.");
        return true;
    }
}
