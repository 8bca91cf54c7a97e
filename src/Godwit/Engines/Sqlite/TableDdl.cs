using System.Collections.Immutable;
using Godwit.Engines.Sqlite.Sql;
using Godwit.Schema;

namespace Godwit.Engines.Sqlite;

/// <summary>What a CREATE TABLE text says beyond the pragmas. Empty, with a finding, where the text cannot be read.</summary>
internal sealed class TableDdl
{
    private readonly CreateTableStatement? _statement;
    private readonly string _sql;

    private TableDdl(CreateTableStatement? statement, string sql)
    {
        _statement = statement;
        _sql = sql;
    }

    internal static TableDdl Read(string table, string sql, ImmutableArray<Finding>.Builder findings)
    {
        try
        {
            var ddl = new TableDdl(CreateTableParser.Parse(sql), sql);
            ddl.ReportConflictClauses(table, findings);
            return ddl;
        }
        catch (SqlParseException e)
        {
            findings.Add(NotUnderstood(table, e));
            return new TableDdl(null, sql);
        }
    }

    internal static Finding NotUnderstood(string subject, SqlParseException e) => new("ddl-not-understood", Severity.Warning, subject,
        $"its definition could not be read: {e.Message}; columns, keys and indexes are known all the same, checks and expressions are not",
        "compare the definition with what godwit plan prints, and report the statement");

    private void ReportConflictClauses(string table, ImmutableArray<Finding>.Builder findings)
    {
        var clauses = _statement!.Columns.SelectMany(c => c.ConflictClauses.Select(clause => (Subject: $"{table}.{c.Name}", Clause: clause)))
            .Concat(_statement.Constraints.Where(c => c.ConflictClause is not null).Select(c => (Subject: table, Clause: c.ConflictClause!)));
        foreach (var (subject, clause) in clauses)
            findings.Add(new Finding("on-conflict-dropped", Severity.Warning, subject, $"{clause}: PostgreSQL decides this in each statement, not in the table",
                "write INSERT ... ON CONFLICT in the application where it relies on this"));
    }

    internal bool AutoIncrement => _statement is null
        ? _sql.Contains("AUTOINCREMENT", StringComparison.OrdinalIgnoreCase)
        : _statement.Columns.Any(c => c.AutoIncrement) || _statement.Constraints.OfType<TableConstraint.PrimaryKey>().Any(k => k.AutoIncrement);

    internal string? PrimaryKeyName => _statement?.Constraints.OfType<TableConstraint.PrimaryKey>().FirstOrDefault()?.Name;

    internal ImmutableArray<CheckConstraint> Checks => _statement is null ? [] :
    [
        .. _statement.Columns.SelectMany(c => c.Checks).Select(c => new CheckConstraint(c.Name, c.Sql)),
        .. _statement.Constraints.OfType<TableConstraint.Check>().Select(c => new CheckConstraint(c.Name, c.Sql)),
    ];

    internal string? Collation(int place, string column) => Column(place, column)?.Collation is { } named && CollationName(named) is var known and not "BINARY" ? known : null;

    /// <summary>The built-in collations in capitals; others as written.</summary>
    internal static string CollationName(string name) => name.ToUpperInvariant() is "BINARY" or "NOCASE" or "RTRIM" ? name.ToUpperInvariant() : name;

    internal string Generated(int place, string column) => Column(place, column)?.GeneratedSql ?? "";

    internal string? UniqueName(ImmutableArray<string> columns) => _statement?.Constraints.OfType<TableConstraint.Unique>().FirstOrDefault(u => u.Name is not null
        && u.Columns.Length == columns.Length && u.Columns.Zip(columns).All(p => p.First.Column is { } c && SqliteIdentifier.Same(c, p.Second)))?.Name;

    /// <summary>SQLite lists foreign keys in the order of the text, those of columns first; with the same count and columns they are the same.</summary>
    internal ForeignKey Complete(int count, int place, ForeignKey key)
    {
        if (_statement is null) return key;
        (string? Name, ImmutableArray<string> Columns, ForeignKeyClause Clause)[] said =
        [
            .. _statement.Columns.Where(c => c.References is not null).Select(c => ((string?)null, ImmutableArray.Create(c.Name), c.References!)),
            .. _statement.Constraints.OfType<TableConstraint.ForeignKey>().Select(f => (f.Name, f.Columns, f.Clause)),
        ];
        if (said.Length != count || !said[place].Columns.SequenceEqual(key.Columns, NameComparer.Instance)) return key;
        return key with { Name = said[place].Name, Deferrable = said[place].Clause.Deferrable, InitiallyDeferred = said[place].Clause.InitiallyDeferred };
    }

    private ColumnDefinition? Column(int place, string name)
    {
        if (_statement is null) return null;
        return place < _statement.Columns.Length && SqliteIdentifier.Same(_statement.Columns[place].Name, name)
            ? _statement.Columns[place]
            : _statement.Columns.FirstOrDefault(c => SqliteIdentifier.Same(c.Name, name));
    }
}

/// <summary>What a CREATE INDEX text says beyond the pragmas.</summary>
internal sealed record IndexDdl(ImmutableArray<string?> Expressions, string? Predicate)
{
    /// <summary>Null, with a finding, where the text cannot be read.</summary>
    internal static IndexDdl? Read(string index, string sql, ImmutableArray<Finding>.Builder findings)
    {
        try
        {
            var statement = CreateIndexParser.Parse(sql);
            return new IndexDdl([.. statement.Terms.Select(t => t.ExpressionSql)], statement.PredicateSql);
        }
        catch (SqlParseException e)
        {
            findings.Add(TableDdl.NotUnderstood($"index {index}", e));
            return null;
        }
    }

    internal string? Expression(int term) => term < Expressions.Length ? Expressions[term] : null;
}
