using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// Reads the shape of a database. The pragmas are the truth for columns, keys and indexes; the DDL text adds what they do not tell:
/// checks, generated expressions, collations, names of constraints, deferrability, AUTOINCREMENT, conflict clauses.
/// </summary>
internal sealed class SqliteInspector(Connection connection, string name)
{
    private readonly List<(string Name, string Sql, VirtualTable Parsed)> _virtual = [];
    private readonly List<(VirtualTable Index, string Name)> _indexes = [];
    private readonly Dictionary<string, string> _shadows = new(StringComparer.OrdinalIgnoreCase);
    private readonly ImmutableArray<OtherObject>.Builder _others = ImmutableArray.CreateBuilder<OtherObject>();

    internal DatabaseSchema Inspect()
    {
        var tables = ListTables().Select(InspectTable).OfType<Table>().ToList();
        tables.AddRange(_virtual.Select(InspectVirtual).OfType<Table>());
        foreach (var (shadow, sql) in _shadows) Skip(shadow, "shadow table", sql);
        foreach (var (index, name) in _indexes) OfferSearch(tables, index, name);
        GeometryColumns.Mark(connection, tables);
        var lastKeys = LastKeys();
        var (views, triggers) = ViewsAndTriggers();
        return new DatabaseSchema
        {
            Name = name,
            Tables = [.. tables.Select(table => ForeignKeyParents.Resolve(WithLastKey(table, lastKeys), tables))],
            Views = views,
            Triggers = triggers,
            Others = _others.ToImmutable(),
        };
    }

    private sealed record Listed(string Name, bool WithoutRowId, bool Strict, string Sql);

    private List<Listed> ListTables()
    {
        var tables = new List<Listed>();
        using var list = Catalog.Query(connection, "table_list");
        while (list.Step())
        {
            var (table, type, sql) = (list.Text(0), list.Text(1), list.Text(4));
            if (ChangeLog.IsOwn(table)) continue;
            if (type == "virtual") ListVirtual(table, sql);
            else if (type == "shadow") _shadows[table] = sql;
            else if (type != "table") continue;
            else if (table.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase)) Skip(table, "statistics", sql);
            else if (!list.IsUtf8(0)) Skip(table, "table with a name that is not UTF-8", sql);
            else tables.Add(new Listed(table, list.Bool(2), list.Bool(3), sql));
        }
        return tables;
    }

    private void ListVirtual(string table, string sql)
    {
        var parsed = VirtualTable.Read(sql);
        if (parsed.IsFullText && parsed.Content is { Length: > 0 }) _indexes.Add((parsed, table));
        if (parsed.IsSpatial || parsed.IsFullText && parsed.Content is null) _virtual.Add((table, sql, parsed));
        else Skip(table, $"virtual table ({parsed.Module}{(!parsed.IsFullText ? "" : parsed.Content is "" ? ", an index that holds no texts" : $", an index over {parsed.Content}, which holds the texts")})", sql);
    }

    /// <summary>The content of a full-text or R*Tree table as a plain table. Null where this library cannot open it (an application's own tokenizer).</summary>
    private Table? InspectVirtual((string Name, string Sql, VirtualTable Parsed) listed)
    {
        var columns = ImmutableArray.CreateBuilder<Column>();
        try
        {
            using var rows = Catalog.Query(connection, "table_columns").Bind(1, listed.Name);
            while (rows.Step())
                if (rows.Int64(5) == 0) columns.Add(new Column { Name = rows.Text(0), DeclaredType = listed.Parsed.IsSpatial && columns.Count == 0 ? "INTEGER" : rows.Text(1) });
        }
        catch (SqliteFailure)
        {
            columns.Clear();
        }
        if (columns.Count == 0) return Content(listed);
        // Other tables refer to a text by its rowid.
        var numbered = listed.Parsed.IsFullText && !columns.Any(c => SqliteIdentifier.Same(c.Name, "rowid"));
        if (numbered) columns.Insert(0, new Column { Name = "rowid", DeclaredType = "INTEGER", NotNull = true, IsRowKey = true });
        return new Table
        {
            Name = listed.Name,
            Columns = columns.ToImmutable(),
            PrimaryKey = numbered || listed.Parsed.IsSpatial ? new Key(null, [columns[0].Name]) : null,
            HasRowId = TableScan.HasPositions(columns, withoutRowId: false),
            Sql = listed.Sql,
            Virtual = listed.Parsed.Module,
            TextSearch = listed.Parsed.IsFullText ? new TextSearch([.. columns.Where(c => !c.IsRowKey && !listed.Parsed.LeavesOut(c.Name)).Select(c => c.Name)], listed.Parsed.Stems) : null,
        };
    }

    // A tokenizer of the application's own: the table cannot be opened, but the texts stand in a plain table of FTS itself.
    private Table? Content((string Name, string Sql, VirtualTable Parsed) listed)
    {
        var content = listed.Name + "_content";
        if (listed.Parsed.IsFullText && _shadows.Remove(content, out var sql) && InspectTable(new Listed(content, false, false, sql)) is { } table)
        {
            var finding = new Finding("virtual-table-kept", Severity.Warning, listed.Name,
                $"A full-text table ({listed.Parsed.Module}) with a tokenizer of the application's own, which only the application can open. Its texts are kept as {content}, where FTS itself stores them: {string.Join(", ", table.Columns.Select(c => c.Name))}. Its SQL: {listed.Sql}",
                "For full-text search use tsvector with a GIN index.");
            return table with { Findings = [.. table.Findings, finding] };
        }
        Skip(listed.Name, $"virtual table ({listed.Parsed.Module})", listed.Sql);
        return null;
    }

    private static void OfferSearch(List<Table> tables, VirtualTable index, string name)
    {
        var place = tables.FindIndex(t => SqliteIdentifier.Same(t.Name, index.Content!));
        if (place < 0) return;
        var columns = index.Arguments.Select(a => a.Split([' ', '='], 2)[0].Trim('"', '`', '[', ']', '\'')).Select(tables[place].FindColumn).OfType<Column>().Select(c => c.Name).ToImmutableArray();
        if (columns.Length > 0) tables[place] = tables[place] with { TextSearch = new TextSearch(columns, index.Stems, name) };
    }

    private void Skip(string table, string kind, string sql) => _others.Add(new OtherObject(table, kind, sql));

    private Table? InspectTable(Listed listed)
    {
        var findings = ImmutableArray.CreateBuilder<Finding>();
        var ddl = TableDdl.Read(listed.Name, listed.Sql, findings);
        if (ReadColumns(listed, ddl) is not { } columns) return null;
        var indexes = ReadIndexes(listed.Name, columns.Columns, ddl, findings);
        var keyed = columns.PrimaryKey.Count == 1 && !listed.WithoutRowId && indexes.PrimaryKey.IsDefault
            ? columns.Columns.FindIndex(c => c.Name == columns.PrimaryKey[0] && SqliteIdentifier.Same(c.DeclaredType, "INTEGER")) : -1;
        // A rowid alias is what has no index of its own: "INTEGER PRIMARY KEY DESC" has one (https://www.sqlite.org/lang_createtable.html, section 5).
        if (keyed >= 0) columns.Columns[keyed] = columns.Columns[keyed] with { IsRowKey = true };
        return new Table
        {
            Name = listed.Name,
            Columns = [.. columns.Columns],
            PrimaryKey = columns.PrimaryKey.Count == 0 ? null : new Key(ddl.PrimaryKeyName, [.. columns.PrimaryKey]) { Collations = indexes.PrimaryKey.IsDefault ? [] : [.. indexes.PrimaryKey.Select(t => t.Collation)] },
            UniqueConstraints = indexes.Constraints,
            Indexes = indexes.Indexes,
            ForeignKeys = ReadForeignKeys(listed.Name, ddl),
            Checks = ddl.Checks,
            HasRowId = TableScan.HasPositions(columns.Columns, listed.WithoutRowId),
            Strict = listed.Strict,
            AutoIncrement = ddl.AutoIncrement,
            Sql = listed.Sql,
            Findings = findings.ToImmutable(),
        };
    }

    private (List<Column> Columns, List<string> PrimaryKey)? ReadColumns(Listed listed, TableDdl ddl)
    {
        var columns = new List<Column>();
        var key = new List<(long Ordinal, string Name)>();
        using var rows = Catalog.Query(connection, "table_columns").Bind(1, listed.Name);
        while (rows.Step())
        {
            if (!rows.IsUtf8(0))
            {
                Skip(listed.Name, "table with a column name that is not UTF-8", listed.Sql);
                return null;
            }
            var column = rows.Text(0);
            var hidden = rows.Int64(5);
            if (rows.Int64(4) is > 0 and var ordinal) key.Add((ordinal, column));
            columns.Add(new Column
            {
                Name = column,
                DeclaredType = rows.Text(1),
                NotNull = rows.Bool(2),
                Default = rows.TextOrNull(3),
                Collation = ddl.Collation(columns.Count, column),
                Generated = hidden is 2 or 3 ? new GeneratedColumn(ddl.Generated(columns.Count, column), hidden == 3) : null,
            });
        }
        return (columns, [.. key.OrderBy(k => k.Ordinal).Select(k => k.Name)]);
    }

    /// <summary><paramref name="PrimaryKey"/>: the terms of its index; default where it has none.</summary>
    private sealed record IndexSet(ImmutableArray<TableIndex> Constraints, ImmutableArray<TableIndex> Indexes, ImmutableArray<IndexTerm> PrimaryKey);

    private IndexSet ReadIndexes(string table, List<Column> columns, TableDdl ddl, ImmutableArray<Finding>.Builder findings)
    {
        var constraints = ImmutableArray.CreateBuilder<TableIndex>();
        var indexes = ImmutableArray.CreateBuilder<TableIndex>();
        ImmutableArray<IndexTerm> primaryKey = default;
        using var rows = Catalog.Query(connection, "table_indexes").Bind(1, table);
        while (rows.Step())
        {
            var (index, origin, sql) = (rows.Text(0), rows.Text(2), rows.Text(3));
            if (origin == "pk")
            {
                primaryKey = ReadTerms(index, columns, null);
                continue;
            }
            var text = origin == "c" ? IndexDdl.Read(index, sql, findings) : null;
            var terms = ReadTerms(index, columns, text);
            var found = new TableIndex
            {
                Name = origin == "u" ? ddl.UniqueName([.. terms.Select(t => t.Column ?? "")]) ?? index : index,
                Unique = rows.Bool(1),
                Terms = terms,
                Predicate = text?.Predicate,
                Sql = sql,
            };
            (origin == "u" ? constraints : indexes).Add(found);
        }
        return new IndexSet(constraints.ToImmutable(), indexes.ToImmutable(), primaryKey);
    }

    private ImmutableArray<IndexTerm> ReadTerms(string index, List<Column> columns, IndexDdl? text)
    {
        var terms = ImmutableArray.CreateBuilder<IndexTerm>();
        using var rows = Catalog.Query(connection, "index_terms").Bind(1, index);
        while (rows.Step())
        {
            var place = rows.Int64(0);
            var column = place == -2 ? null : rows.TextOrNull(1);
            var expression = column is null ? text?.Expression(terms.Count) ?? (place == -1 ? "rowid" : "") : null;
            terms.Add(new IndexTerm(column, expression, rows.Bool(2), Collation(rows.TextOrNull(3), columns.Find(c => c.Name == column))));
        }
        return terms.ToImmutable();
    }

    // The effective collation: null where it is BINARY and the column says nothing else.
    private static string? Collation(string? effective, Column? column)
    {
        var known = effective is null ? "BINARY" : TableDdl.CollationName(effective);
        return known == "BINARY" && column?.Collation is null ? null : known;
    }

    private ImmutableArray<ForeignKey> ReadForeignKeys(string table, TableDdl ddl)
    {
        var keys = new List<(long Id, string Parent, List<string> From, List<string> To, string OnUpdate, string OnDelete)>();
        using var rows = Catalog.Query(connection, "table_foreign_keys").Bind(1, table);
        while (rows.Step())
        {
            if (keys.Count == 0 || keys[^1].Id != rows.Int64(0)) keys.Add((rows.Int64(0), rows.Text(1), [], [], rows.Text(4), rows.Text(5)));
            keys[^1].From.Add(rows.Text(2));
            if (rows.TextOrNull(3) is { } parent) keys[^1].To.Add(parent);
        }
        return [.. keys.Select((key, i) => ddl.Complete(keys.Count, i, new ForeignKey
        {
            Columns = [.. key.From],
            ParentTable = key.Parent,
            ParentColumns = [.. key.To],
            OnUpdate = Action(key.OnUpdate),
            OnDelete = Action(key.OnDelete),
        }))];
    }

    private static ReferentialAction Action(string words) => words switch
    {
        "RESTRICT" => ReferentialAction.Restrict,
        "CASCADE" => ReferentialAction.Cascade,
        "SET NULL" => ReferentialAction.SetNull,
        "SET DEFAULT" => ReferentialAction.SetDefault,
        _ => ReferentialAction.NoAction,
    };

    private Dictionary<string, long> LastKeys()
    {
        var keys = new Dictionary<string, long>(StringComparer.Ordinal);
        using (var has = Catalog.Query(connection, "has_sequences"))
            if (!has.Step() || has.Int64(0) == 0) return keys;
        using var rows = Catalog.Query(connection, "sequences");
        while (rows.Step())
            if (!rows.IsNull(0)) keys[rows.Text(0)] = rows.Int64(1);
        return keys;
    }

    private static Table WithLastKey(Table table, Dictionary<string, long> keys) => keys.TryGetValue(table.Name, out var last) ? table with { LastKey = last } : table;

    private (ImmutableArray<View>, ImmutableArray<Trigger>) ViewsAndTriggers()
    {
        var views = ImmutableArray.CreateBuilder<View>();
        var triggers = ImmutableArray.CreateBuilder<Trigger>();
        using var rows = Catalog.Query(connection, "views_and_triggers");
        while (rows.Step())
        {
            if (ChangeLog.IsOwn(rows.Text(1))) continue;
            if (rows.Text(0) == "view") views.Add(new View(rows.Text(1), rows.Text(3)));
            else triggers.Add(new Trigger(rows.Text(1), rows.Text(2), rows.Text(3)));
        }
        return (views.ToImmutable(), triggers.ToImmutable());
    }
}
