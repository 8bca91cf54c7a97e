using System.Collections.Immutable;
using System.Text;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>
/// A trigger's body as PL/pgSQL. Both run for each row; a body that is left by RAISE(IGNORE) returns NULL, which skips the row before it is written.
/// </summary>
internal sealed partial class TriggerTranslator
{
    /// <summary>The setting that holds the names of the triggers that run, for those that SQLite would not enter again.</summary>
    private const string Firing = "godwit.firing";

    private readonly TranslationContext _context;
    private readonly CreateTriggerStatement _trigger;
    private readonly ScopeTable _table;
    private readonly bool _onceAtATime;
    private readonly NameScope _scope;
    private readonly ExpressionTranslator _expressions;
    private readonly List<TriggerWrite> _writes = [];
    private readonly StringBuilder _body = new();
    private int _indent = 1;
    private bool _needsRow, _needsInserted, _setsRowid;

    public TriggerTranslator(TranslationContext context, CreateTriggerStatement trigger, ScopeTable table, bool onceAtATime)
    {
        (_context, _trigger, _table, _onceAtATime) = (context, trigger, table, onceAtATime);
        _scope = new NameScope(null);
        if (trigger.Event != "DELETE") _scope.Sources.Add(Row("new"));
        if (trigger.Event != "INSERT") _scope.Sources.Add(Row("old"));
        _expressions = new ExpressionTranslator(context, _scope);
        // In an AFTER INSERT trigger, the row that fired it was inserted last.
        if (trigger is { Timing: "AFTER", Event: "INSERT" } && RowKey(table) is { } key) context.LastRowid = new SqlName("new", key.TargetName).ToString();
    }

    private const string LastRowid = "godwit_rowid", Changes = "godwit_changes", Count = "godwit_count";

    private static ScopeColumn? RowKey(ScopeTable table) => table.IsView ? null : table.Columns.FirstOrDefault(c => c.IsRowKey);

    // A statement that inserts nothing leaves last_insert_rowid() as it was; changes() counts each statement anew.
    private void Counted()
    {
        if (!_context.WantsChanges) return;
        Line($"GET DIAGNOSTICS {Changes} = ROW_COUNT;");
        _context.Changes = Changes;
    }

    private static UntranslatableException Refuse(string problem) => ExpressionTranslator.Refuse(problem);

    // Before the row is written, generated columns have no value yet, and a key that the server gives may be missing.
    private SourceTable Row(string name)
    {
        var columns = _trigger.Timing == "BEFORE" && name == "new" ? _table.Columns.RemoveAll(c => c.IsGenerated) : _table.Columns;
        return new SourceTable(name, name, [.. columns.Select(c => SelectTranslator.Reference(new SqlName(name, c.TargetName).ToString(), c) with { NotNull = c.NotNull && name == "old" })], [.. columns.Select(c => c.SourceName)]) { QualifiedOnly = true };
    }

    public TriggerTranslation Translate()
    {
        if (_trigger.Timing == "INSTEAD OF" != _table.IsView) throw Refuse(_table.IsView ? "it belongs to a view and is not INSTEAD OF" : "INSTEAD OF stands on a table");
        if (_trigger.When is { } when)
        {
            // PL/pgSQL ends the condition at the first THEN outside of parentheses, which may be a CASE's.
            Line($"IF ({_expressions.Condition(when)}) THEN");
            _indent++;
        }
        foreach (var step in _trigger.Body) Step(step);
        if (_trigger.When is not null)
        {
            _indent--;
            Line("END IF;");
        }
        Return(_trigger.Timing == "AFTER" ? "NULL" : _trigger.Event == "DELETE" ? "OLD" : "NEW");
        return new TriggerTranslation(Function(), _trigger.Timing, Event(), _trigger.Table, _trigger.Event, Columns(), [.. _writes], null, _context.Helpers, _context.Notes);
    }

    private ImmutableArray<string> Columns() => [.. _trigger.Columns.Select(c => Find(_table, c).SourceName)];

    private string Event()
    {
        if (_trigger.Columns.IsEmpty) return _trigger.Event;
        if (_trigger.Timing != "INSTEAD OF") return $"UPDATE OF {SqlName.List(_trigger.Columns.Select(c => Find(_table, c).TargetName))}";
        _context.Note("INSTEAD OF UPDATE OF names columns, which PostgreSQL does not allow: the trigger fires for every update of the view.");
        return "UPDATE";
    }

    private string Function()
    {
        var sql = new StringBuilder("#variable_conflict use_column\n");
        var counts = _context.Changes is not null;
        if (_onceAtATime || _needsRow || counts || _setsRowid) sql.Append("DECLARE\n");
        if (counts) sql.Append($"  {Changes} bigint := 0;\n  {Count} bigint := 0;\n");
        if (_setsRowid) sql.Append($"  {LastRowid} bigint;\n");
        if (_onceAtATime) sql.Append($"  firing text := coalesce(current_setting('{Firing}', true), '');\n");
        if (_needsRow) sql.Append("  stored record;\n");
        if (_needsInserted) sql.Append("  inserted record;\n");
        sql.Append("BEGIN\n");
        if (_onceAtATime)
        {
            sql.Append($"  -- As in SQLite, a trigger that is running is not entered again (PRAGMA recursive_triggers is off).\n");
            sql.Append($"  IF strpos(firing, {Mark}) > 0 THEN RETURN {(_trigger.Event == "DELETE" ? "OLD" : "NEW")}; END IF;\n");
            sql.Append($"  PERFORM set_config('{Firing}', firing || {Mark}, true);\n");
        }
        return sql.Append(_body).Append("END").ToString();
    }

    private string Mark => SqlText.Literal($"/{_trigger.Name}/");

    private void Line(string sql) => _body.Append(' ', 2 * _indent).Append(sql).Append('\n');

    private void Return(string what)
    {
        if (_onceAtATime) Line($"PERFORM set_config('{Firing}', firing, true);");
        Line($"RETURN {what};");
    }

    private void Step(TriggerStep step)
    {
        switch (step)
        {
            case TriggerStep.Query query: Query(query.Select); break;
            case TriggerStep.Insert insert: Insert(insert); break;
            case TriggerStep.Update update: Update(update); break;
            case TriggerStep.Delete delete: Delete(delete); break;
        }
    }

    private ScopeTable Changed(string name, params ReadOnlySpan<string> events)
    {
        var table = _context.Tables!.Find(name) ?? throw new UntranslatableException($"{name} is not among the migrated tables and views") { Missing = name };
        foreach (var e in events) _writes.Add(new TriggerWrite(table.SourceName, e, []));
        if (_trigger.Timing == "BEFORE" && _trigger.Event != "INSERT" && events[0] != "INSERT" && NameComparer.Same(table.SourceName, _table.SourceName))
            _context.Note("It changes its own table before a row of it is written: where that is the same row, PostgreSQL stops the statement (SQLite leaves the outcome open).");
        return table;
    }

    private static ScopeColumn Find(ScopeTable table, string column) =>
        table.Columns.FirstOrDefault(c => NameComparer.Same(c.SourceName, column))
        ?? (column.ToUpperInvariant() is "ROWID" or "OID" or "_ROWID_" ? table.Columns.FirstOrDefault(c => c.IsRowKey) : null)
        ?? throw Refuse($"there is no column {column} in {table.SourceName}");

    // rowid = new.rowid asks for the row that fired the trigger. Where the number is not carried over, the primary key tells that row as well.
    private Expr ByKey(Expr where, ScopeTable table, string alias)
    {
        if (_trigger.Timing != "AFTER" || RowKey(table) is not null || table.PrimaryKey.IsEmpty || !NameComparer.Same(table.SourceName, _table.SourceName)) return where;
        return Told(where);

        Expr Told(Expr e) => e switch
        {
            Expr.Binary { Op: "AND" } both => both with { Left = Told(both.Left), Right = Told(both.Right) },
            Expr.Binary { Op: "=" } one when IsWritten(one.Left) && IsFired(one.Right) || IsWritten(one.Right) && IsFired(one.Left) =>
                table.PrimaryKey.Select(c => (Expr)new Expr.Binary("=", new Expr.Column(alias, c, true), new Expr.Column(Fired, c, true))).Aggregate((a, b) => new Expr.Binary("AND", a, b)),
            _ => e,
        };

        bool IsNumber(Expr e) => e is Expr.Column c && c.Name.ToUpperInvariant() is "ROWID" or "OID" or "_ROWID_" && !table.Columns.Any(x => NameComparer.Same(x.SourceName, c.Name));
        bool IsWritten(Expr e) => IsNumber(e) && ((Expr.Column)e).Table is var of && (of is null || NameComparer.Same(of, alias));
        // An update that writes columns leaves the number as it was.
        bool IsFired(Expr e) => IsNumber(e) && ((Expr.Column)e).Table is { } of && (NameComparer.Same(of, "new") || NameComparer.Same(of, "old"));
    }

    private string Fired => _trigger.Event == "DELETE" ? "old" : "new";

    private static SourceTable Source(ScopeTable table, string name, bool qualifiedOnly = false) =>
        new(name, name, [.. table.Columns.Select(c => SelectTranslator.Reference(new SqlName(name, c.TargetName).ToString(), c))], [.. table.Columns.Select(c => c.SourceName)]) { QualifiedOnly = qualifiedOnly };

    private void Update(TriggerStep.Update update)
    {
        if (update.Or is "REPLACE" or "IGNORE" && update.From is not null) throw Refuse($"UPDATE OR {update.Or} with FROM has no counterpart in PostgreSQL");
        var table = update.Or == "REPLACE" ? Changed(update.Table, "DELETE", "UPDATE") : Changed(update.Table, "UPDATE");
        _writes[^1] = _writes[^1] with { Columns = [.. update.Set.SelectMany(s => s.Columns)] };
        var alias = update.Alias ?? update.Table;
        var scope = new NameScope(_scope);
        scope.Sources.Add(Source(table, alias));
        var from = update.From is null ? "" : $" FROM {new SelectTranslator(_context).From(update.From, scope)}";
        var expressions = new ExpressionTranslator(_context, scope);
        var where = update.Where is null ? "" : $" WHERE {expressions.Condition(ByKey(update.Where, table, alias))}";
        ReadsOwnTable(update.Set.Select(s => (Expr?)s.Value).Append(update.Where));
        var set = SetList(table, update.Set, expressions);
        if (update.Or is "IGNORE" or "REPLACE") RowByRow(update, table, alias, expressions, set, where);
        else
        {
            Line($"UPDATE {table.Target} AS {SqlName.Quote(alias)} SET {set}{from}{where};");
            Counted();
        }
    }

    // The statement itself may ask for changes(), and means those of the one before.
    private void Looped()
    {
        if (!_context.WantsChanges) return;
        Line($"{Changes} := {Count};");
        _context.Changes = Changes;
    }

    private string SetList(ScopeTable table, ImmutableArray<SetClause> set, ExpressionTranslator expressions) => string.Join(", ", set.Select(s =>
    {
        var columns = s.Columns.Select(c => Find(table, c)).ToList();
        if (columns.Count == 1) return $"{SqlName.Quote(columns[0].TargetName)} = {new StoredValue(expressions, columns[0]).Of(expressions.Translate(s.Value))}";
        var names = SqlName.List(columns.Select(c => c.TargetName));
        if (s.Value is Expr.Row row && row.Items.Length == columns.Count)
            return $"({names}) = ({string.Join(", ", row.Items.Select((v, i) => new StoredValue(expressions, columns[i]).Of(expressions.Translate(v))))})";
        if (s.Value is not Expr.Scalar query) throw Refuse("several columns are set to something that is no row value");
        return $"({names}) = ({new SelectTranslator(_context).Translate(query.Query, expressions.Scope, [], true, (i, t) => i < columns.Count ? new StoredValue(expressions, columns[i]).Of(t) : throw Refuse("more values than columns are set")).Sql})";
    }));

    private void Delete(TriggerStep.Delete delete)
    {
        var table = Changed(delete.Table, "DELETE");
        var alias = delete.Alias ?? delete.Table;
        var scope = new NameScope(_scope);
        scope.Sources.Add(Source(table, alias));
        ReadsOwnTable([delete.Where]);
        Line($"DELETE FROM {table.Target} AS {SqlName.Quote(alias)}{(delete.Where is null ? "" : $" WHERE {new ExpressionTranslator(_context, scope).Condition(ByKey(delete.Where, table, alias))}")};");
        Counted();
    }

    // SQLite runs an AFTER trigger behind each row, PostgreSQL behind the last row of the statement.
    private void ReadsOwnTable(IEnumerable<Expr?> expressions)
    {
        if (_trigger.Timing == "AFTER" && expressions.SelectMany(Tables.In).Contains(_table.SourceName, StringComparer.OrdinalIgnoreCase))
            _context.Note($"It reads {_table.SourceName}. Where one statement writes several rows, SQLite fires after each of them and PostgreSQL after the last: what is read may then include rows that come later.");
    }
}
