using System.Collections.Immutable;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>What a CREATE TABLE text says. All Sql properties are source text as written.</summary>
public sealed record CreateTableStatement(string Name, ImmutableArray<ColumnDefinition> Columns, ImmutableArray<TableConstraint> Constraints, bool WithoutRowId, bool Strict);

public sealed record ColumnDefinition
{
    public required string Name { get; init; }
    /// <summary>The declared type, words joined by single spaces, "" where none.</summary>
    public string TypeText { get; init; } = "";
    public bool NotNull { get; init; }
    /// <summary>With its parentheses where it has some; null where none.</summary>
    public string? DefaultSql { get; init; }
    public string? Collation { get; init; }
    public string? GeneratedSql { get; init; }
    public bool GeneratedStored { get; init; }
    public bool PrimaryKey { get; init; }
    public bool PrimaryKeyDescending { get; init; }
    public bool AutoIncrement { get; init; }
    public bool Unique { get; init; }
    public ImmutableArray<string> ConstraintNames { get; init; } = [];
    public ImmutableArray<(string? Name, string Sql)> Checks { get; init; } = [];
    public ForeignKeyClause? References { get; init; }
    /// <summary>"UNIQUE ON CONFLICT REPLACE" and the like.</summary>
    public ImmutableArray<string> ConflictClauses { get; init; } = [];
}

/// <summary>One term of a key or an index: a column, or an expression. COLLATE, ASC and DESC are taken off.</summary>
public sealed record IndexedTerm(string? Column, string? ExpressionSql, string? Collation, bool Descending);

public abstract record TableConstraint(string? Name)
{
    /// <summary>"UNIQUE ON CONFLICT REPLACE" and the like, null where none.</summary>
    public string? ConflictClause { get; init; }

    public sealed record PrimaryKey(string? Name, ImmutableArray<IndexedTerm> Columns, bool AutoIncrement) : TableConstraint(Name);
    public sealed record Unique(string? Name, ImmutableArray<IndexedTerm> Columns) : TableConstraint(Name);
    public sealed record Check(string? Name, string Sql) : TableConstraint(Name);
    public sealed record ForeignKey(string? Name, ImmutableArray<string> Columns, ForeignKeyClause Clause) : TableConstraint(Name);
}

/// <summary>
/// <paramref name="ParentColumns"/> is empty where left out. The actions are in SQL's words ("SET NULL"), null where left out.
/// </summary>
public sealed record ForeignKeyClause(
    string ParentTable, ImmutableArray<string> ParentColumns, string? OnDelete, string? OnUpdate, bool Deferrable, bool InitiallyDeferred, string? Match);

public sealed record CreateIndexStatement(string Name, string Table, bool Unique, ImmutableArray<IndexedTerm> Terms, string? PredicateSql);
