using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>INSERT with its conflict clauses.</summary>
internal sealed partial class TriggerTranslator
{
    private void Insert(TriggerStep.Insert insert)
    {
        var table = insert.Or == "REPLACE" ? Changed(insert.Table, "INSERT", "DELETE") : insert.Upserts.Any(u => !u.Set.IsEmpty) ? Changed(insert.Table, "INSERT", "UPDATE") : Changed(insert.Table, "INSERT");
        if (insert.Or == "IGNORE") Alone(table, "INSERT", "IGNORE");
        if (insert.Source is null)
        {
            if (insert.Or is "REPLACE" or "IGNORE") throw Refuse($"INSERT OR {insert.Or} with DEFAULT VALUES");
            Inserted(table, $"INSERT INTO {table.Target} DEFAULT VALUES", insert);
            return;
        }
        ReadsOwnTable([new Expr.Scalar(insert.Source)]);
        List<ScopeColumn> columns = insert.Columns.IsEmpty ? [.. table.Columns.Where(c => !c.IsGenerated)] : [.. insert.Columns.Select(c => Find(table, c))];
        var kept = new HashSet<int>();
        // Of several rows, each would see the key of the one before it.
        var rowid = _context.LastRowid;
        if (!IsOneRow(insert.Source)) _context.LastRowid = null;
        var query = new SelectTranslator(_context).Translate(insert.Source, _scope, [], store: (i, t) => Stored(columns, kept, i, t, insert.Or == "REPLACE"));
        _context.LastRowid = rowid;
        if (query.Columns.Length != columns.Count) throw Refuse($"{query.Columns.Length} values are given for {columns.Count} columns");
        var stored = columns.Where((_, i) => kept.Contains(i)).ToList();
        if (insert.Or == "REPLACE") Replace(table, stored, query.Sql, MustInsert(insert, table));
        else if (insert.Or == "IGNORE" && table.MayRefuse) Ignore(table, stored, query.Sql);
        else Inserted(table, $"INSERT INTO {table.Target} AS {SqlName.Quote(insert.Table)} ({SqlName.List(stored.Select(c => c.TargetName))}) {query.Sql}{Conflict(insert, table)}", insert);
    }

    private static bool IsOneRow(Select source) => source.Body is SelectBody.Core { From: null } or SelectBody.Values { Rows.Length: 1 };

    /// <summary>A row at least, which nothing keeps out: it is inserted, or the statement fails.</summary>
    private static bool MustInsert(TriggerStep.Insert insert, ScopeTable table) =>
        insert.Or != "IGNORE" && insert.Upserts.IsEmpty && !table.Triggers.Any(t => t is { Timing: "BEFORE", Event: "INSERT" })
        && insert.Source is null or { Limit: null, Offset: null, Body: SelectBody.Values or SelectBody.Core { From: null, Where: null, Having: null } };

    private void Inserted(ScopeTable table, string sql, TriggerStep.Insert insert)
    {
        // What an upsert changes was not inserted; a key that is not a column is not known.
        var key = insert.Upserts.Any(u => !u.Set.IsEmpty) ? null : RowKey(table);
        if (!_context.WantsRowid || key is null)
        {
            Line(sql + ";");
            Counted();
            _context.LastRowid = null;
            return;
        }
        _needsRow = true;
        if (_context.WantsChanges) Line($"{Count} := 0;");
        Before();
        Line($"FOR stored IN {sql} RETURNING {SqlName.Quote(key.TargetName)} AS at LOOP");
        _indent++;
        Line($"{LastRowid} := stored.at;");
        if (_context.WantsChanges) Line($"{Count} := {Count} + 1;");
        _indent--;
        Line("END LOOP;");
        After(known: true, MustInsert(insert, table));
    }

    /// <summary>The variable holds what last_insert_rowid() was until a row is inserted.</summary>
    private void Before()
    {
        if (!_context.WantsRowid) return;
        _setsRowid = true;
        if (_context.LastRowid is { } known && known != LastRowid) Line($"{LastRowid} := {known};");
    }

    // A statement that may insert nothing leaves last_insert_rowid() as it was, and as unknown as it was.
    private void After(bool known, bool inserts)
    {
        Looped();
        if (_context.WantsRowid) _context.LastRowid = known && (inserts || _context.LastRowid is not null) ? LastRowid : null;
    }

    // OR IGNORE also skips rows that would break NOT NULL or CHECK, for which ON CONFLICT has no word.
    private void Ignore(ScopeTable table, List<ScopeColumn> columns, string query)
    {
        _needsRow = true;
        var names = columns.Select((_, i) => $"v{i + 1}").ToList();
        if (_context.WantsChanges) Line($"{Count} := 0;");
        Before();
        Line($"FOR stored IN SELECT * FROM ({query}) AS r ({string.Join(", ", names)}) LOOP");
        _indent++;
        Line("BEGIN");
        _indent++;
        OneRow(table, columns, names, " ON CONFLICT DO NOTHING");
        _indent--;
        Line("EXCEPTION WHEN not_null_violation OR check_violation THEN NULL;");
        Line("END;");
        _indent--;
        Line("END LOOP;");
        After(RowKey(table) is not null, inserts: false);
    }

    private void OneRow(ScopeTable table, List<ScopeColumn> columns, List<string> names, string conflict)
    {
        var key = _context.WantsRowid ? RowKey(table) : null;
        var sql = $"INSERT INTO {table.Target} ({SqlName.List(columns.Select(c => c.TargetName))}) VALUES ({string.Join(", ", names.Select(n => $"stored.{n}"))}){conflict}";
        if (key is not null)
        {
            Line($"FOR inserted IN {sql} RETURNING {SqlName.Quote(key.TargetName)} AS at LOOP {LastRowid} := inserted.at; END LOOP;");
            _needsInserted = true;
        }
        else Line(sql + ";");
        if (_context.WantsChanges) Line($"IF FOUND THEN {Count} := {Count} + 1; END IF;");
    }

    // NULL for the row key asks SQLite for a new one, as leaving it out does in PostgreSQL.
    private string? Stored(List<ScopeColumn> columns, HashSet<int> kept, int place, Term t, bool replaces)
    {
        if (place >= columns.Count) throw Refuse("more values are inserted than there are columns");
        if (t.Kind == PgKind.Null && columns[place].IsRowKey) return null;
        kept.Add(place);
        var stored = new StoredValue(_expressions, columns[place]).Of(t);
        return replaces && !t.NotNull && columns[place].InPlaceOfNull is { } instead ? $"coalesce({stored}, {instead})" : stored;
    }

    private string Conflict(TriggerStep.Insert insert, ScopeTable table)
    {
        if (insert.Or == "IGNORE") return " ON CONFLICT DO NOTHING";
        if (insert.Upserts.IsEmpty) return "";
        if (insert.Upserts.Length > 1) throw Refuse("several ON CONFLICT clauses stand in one INSERT");
        var upsert = insert.Upserts[0];
        if (upsert.TargetWhere is not null) throw Refuse("ON CONFLICT names a partial index");
        var target = upsert.Target.IsEmpty ? "" : $" ({Key(table, [.. upsert.Target.Select(KeyColumn)]).Sql})";
        if (upsert.Set.IsEmpty) return $" ON CONFLICT{target} DO NOTHING";
        if (target.Length == 0) target = table.UniqueKeys is [var only] ? $" ({only.Sql})" : throw Refuse("ON CONFLICT DO UPDATE does not say on which of several keys");
        var scope = new NameScope(_scope);
        scope.Sources.Add(Source(table, insert.Table));
        scope.Sources.Add(Source(table, "excluded", qualifiedOnly: true));
        var expressions = new ExpressionTranslator(_context, scope);
        return $" ON CONFLICT{target} DO UPDATE SET {SetList(table, upsert.Set, expressions)}{(upsert.Where is null ? "" : $" WHERE {expressions.Condition(upsert.Where)}")}";
    }

    private static string KeyColumn(Expr e) => e switch
    {
        Expr.Column { Table: null } c => c.Name,
        Expr.Collate { Value: Expr.Column { Table: null } c } => c.Name,
        _ => throw Refuse("ON CONFLICT names an expression"),
    };

    private static ScopeKey Key(ScopeTable table, ImmutableArray<string> columns)
    {
        var wanted = columns.Select(c => Find(table, c).SourceName).ToHashSet(StringComparer.Ordinal);
        return table.UniqueKeys.FirstOrDefault(k => wanted.SetEquals(k.Columns)) ?? throw Refuse($"no unique key of {table.SourceName} has exactly the columns of ON CONFLICT");
    }

    // REPLACE deletes whatever stands in the way of any key, then inserts. The loop's query is read before its first row is written.
    private void Replace(ScopeTable table, List<ScopeColumn> columns, string query, bool inserts)
    {
        NobodySeesDeletions(table, "INSERT");
        _needsRow = true;
        var names = columns.Select((_, i) => $"v{i + 1}").ToList();
        if (_context.WantsChanges) Line($"{Count} := 0;");
        Before();
        Line($"FOR stored IN SELECT * FROM ({query}) AS r ({string.Join(", ", names)}) LOOP");
        _indent++;
        var conditions = new List<string>();
        foreach (var key in table.UniqueKeys)
        {
            var places = key.Columns.Select(c => columns.FindIndex(x => x.SourceName == c)).ToList();
            // A key that is not given gets a new value from the server, which is in nobody's way.
            if (places.Contains(-1)) continue;
            conditions.Add(string.Join(" AND ", places.Select(p => _expressions.Compare("=",
                SelectTranslator.Reference(new SqlName("r", columns[p].TargetName).ToString(), columns[p]), SelectTranslator.Reference($"stored.{names[p]}", columns[p])).Sql)));
        }
        if (conditions.Count > 0) Line($"DELETE FROM {table.Target} AS r WHERE {(conditions.Count == 1 ? conditions[0] : string.Join(" OR ", conditions.Select(c => $"({c})")))};");
        OneRow(table, columns, names, "");
        _indent--;
        Line("END LOOP;");
        After(RowKey(table) is not null, inserts);
    }
}
