using System.Collections.Immutable;

namespace Godwit.Schema;

/// <summary>The shape of a source database, in source names and source SQL. Pure data, no I/O.</summary>
public sealed record DatabaseSchema
{
    public required string Name { get; init; }
    public ImmutableArray<Table> Tables { get; init; } = [];
    public ImmutableArray<View> Views { get; init; } = [];
    public ImmutableArray<Trigger> Triggers { get; init; } = [];
    /// <summary>What exists in the source and is not migrated as an object of its own: virtual tables, shadow tables, statistics.</summary>
    public ImmutableArray<OtherObject> Others { get; init; } = [];
    /// <summary>The source speaks PostgreSQL itself: its own statements and facts. Null for any other.</summary>
    public PostgresFacts? Postgres { get; init; }

    /// <summary>The exact spelling wins.</summary>
    public Table? FindTable(string name) =>
        Tables.FirstOrDefault(t => t.Name == name) ?? (Postgres is null ? Tables.FirstOrDefault(t => NameComparer.Same(t.Name, name)) : null);
}

public sealed record Table
{
    public required string Name { get; init; }
    public required ImmutableArray<Column> Columns { get; init; }
    public Key? PrimaryKey { get; init; }
    /// <summary>UNIQUE constraints of the table's definition; CREATE UNIQUE INDEX stands in <see cref="Indexes"/>.</summary>
    public ImmutableArray<TableIndex> UniqueConstraints { get; init; } = [];
    public ImmutableArray<TableIndex> Indexes { get; init; } = [];
    public ImmutableArray<ForeignKey> ForeignKeys { get; init; } = [];
    public ImmutableArray<CheckConstraint> Checks { get; init; } = [];
    /// <summary>Rows have a 64-bit position (SQLite's rowid) by which ranges of them can be read.</summary>
    public bool HasRowId { get; init; } = true;
    public bool Strict { get; init; }
    /// <summary>AUTOINCREMENT was said: keys are never reused.</summary>
    public bool AutoIncrement { get; init; }
    /// <summary>The largest key ever given out, where the source remembers it (sqlite_sequence).</summary>
    public long? LastKey { get; init; }
    /// <summary>The module, where this is the content of a virtual table ("fts5", "rtree"); null for a table of its own.</summary>
    public string? Virtual { get; init; }
    /// <summary>The source searches this table's words.</summary>
    public TextSearch? TextSearch { get; init; }
    /// <summary>The source's own CREATE TABLE text.</summary>
    public string Sql { get; init; } = "";
    /// <summary>Schema and name, where the source is PostgreSQL; <see cref="Name"/> is then the same in one string, quoted: <c>app."Full Name"</c>.</summary>
    public SqlName? Relation { get; init; }
    /// <summary>How rows are stored, where the source is PostgreSQL.</summary>
    public TableStorage? Storage { get; init; }
    /// <summary>Things the inspector saw in this table that the records above do not say (ON CONFLICT clauses, odd syntax).</summary>
    public ImmutableArray<Finding> Findings { get; init; } = [];

    /// <summary>The exact spelling wins, as in <see cref="DatabaseSchema.FindTable"/>.</summary>
    public Column? FindColumn(string name) =>
        Columns.FirstOrDefault(c => NameComparer.Same(c.Name, name));
}

/// <summary>Columns that a full-text index holds; <paramref name="Index"/> names it where it stands beside the table. <paramref name="Stems"/>: words count by their English stem.</summary>
public sealed record TextSearch(ImmutableArray<string> Columns, bool Stems, string? Index = null);

public sealed record Column
{
    public required string Name { get; init; }
    /// <summary>The declared type as written, "" where none.</summary>
    public required string DeclaredType { get; init; }
    public bool NotNull { get; init; }
    /// <summary>Source SQL of the default's expression, null where none.</summary>
    public string? Default { get; init; }
    /// <summary>Collation named in the definition; null is the engine's own (SQLite: BINARY).</summary>
    public string? Collation { get; init; }
    public GeneratedColumn? Generated { get; init; }
    /// <summary>The source's bookkeeping says that this column holds geometries; null for any other.</summary>
    public GeometryColumn? Geometry { get; init; }
    /// <summary>No column of the table, but what this yields for its rows, for a scan that asks for it; null for any other.</summary>
    public RowExpression? Computed { get; init; }
    /// <summary>This column is the row's 64-bit key and is filled by the engine when left out (SQLite's INTEGER PRIMARY KEY).</summary>
    public bool IsRowKey { get; init; }
    /// <summary>Where the source is PostgreSQL: the type's binary form means the same on every server from 14 to 18.</summary>
    public bool BinaryStable { get; init; }
    /// <summary>GENERATED ... AS IDENTITY, where the source is PostgreSQL.</summary>
    public bool Identity { get; init; }
}

/// <summary>What is read of an expression: what it yields (folded as <see cref="Column.Collation"/> compares), whether it holds, or whether a check refuses the row.</summary>
public enum Reading { Value, Holds, Refuses }

/// <summary>Source SQL over a table's columns, evaluated for each row that is read.</summary>
public sealed record RowExpression(string Sql, Reading Reading);

public sealed record GeneratedColumn(string Expression, bool Stored);

/// <summary>
/// What the bookkeeping of a GeoPackage (https://www.geopackage.org/spec131/#_geometry_columns) or of SpatiaLite says of a column.
/// <paramref name="Kind"/>: "POINT", "MULTIPOLYGON"; "GEOMETRY" is any. <paramref name="Srs"/>: the file's own number of the reference system;
/// <paramref name="Srid"/>: the authority's (EPSG's) where it is known, 0 where none is. <paramref name="SpatialIndex"/>: the R*Tree table that finds rows by place.
/// </summary>
public sealed record GeometryColumn(string Kind, bool HasZ, bool HasM, int Srs, int Srid, string? SpatialIndex);

public sealed record Key(string? Name, ImmutableArray<string> Columns)
{
    /// <summary>How the key compares, one entry a column, null where as its column does; empty where all do.</summary>
    public ImmutableArray<string?> Collations { get; init; } = [];
}

/// <summary>One term of an index: a column, or an expression in source SQL.</summary>
public sealed record IndexTerm(string? Column, string? Expression, bool Descending, string? Collation);

public sealed record TableIndex
{
    public required string Name { get; init; }
    public required bool Unique { get; init; }
    public required ImmutableArray<IndexTerm> Terms { get; init; }
    /// <summary>Source SQL of the WHERE clause, null where the index is full.</summary>
    public string? Predicate { get; init; }
    public string Sql { get; init; } = "";
}

public enum ReferentialAction { NoAction, Restrict, Cascade, SetNull, SetDefault }

public sealed record ForeignKey
{
    public string? Name { get; init; }
    public required ImmutableArray<string> Columns { get; init; }
    public required string ParentTable { get; init; }
    /// <summary>Resolved from the parent's primary key where the source leaves it out; empty where it cannot be resolved.</summary>
    public required ImmutableArray<string> ParentColumns { get; init; }
    public ReferentialAction OnDelete { get; init; }
    public ReferentialAction OnUpdate { get; init; }
    public bool Deferrable { get; init; }
    public bool InitiallyDeferred { get; init; }
}

public sealed record CheckConstraint(string? Name, string Expression);

public sealed record View(string Name, string Sql);

public sealed record Trigger(string Name, string Table, string Sql);

/// <summary><paramref name="Kind"/> in words: "virtual table (fts5)", "shadow table", "statistics".</summary>
public sealed record OtherObject(string Name, string Kind, string Sql);
