using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>UPDATE with a conflict clause: row by row, as SQLite does it (https://www.sqlite.org/lang_conflict.html).</summary>
internal sealed partial class TriggerTranslator
{
    // In SQLite, the clause holds for what the table's own triggers do as well (https://www.sqlite.org/lang_createtrigger.html), and the row
    // stays; here, what they refuse would take the row with it. A trigger is not entered again from its own body.
    private void Alone(ScopeTable table, string happens, string clause)
    {
        if (table.Triggers.Any(t => t.Event == happens && !NameComparer.Same(t.Name, _trigger.Name)))
            throw Refuse($"{happens} OR {clause} writes {table.SourceName}, which has triggers of its own");
    }

    // Deleting for REPLACE fires triggers in SQLite only where PRAGMA recursive_triggers is on, which it is not by itself.
    private static void NobodySeesDeletions(ScopeTable table, string statement)
    {
        if (table.HasOtherUniqueIndexes) throw Refuse($"{statement} OR REPLACE into {table.SourceName}, which has a unique index that is partial or on an expression");
        if (table.Triggers.Any(t => t.Event == "DELETE")) throw Refuse($"{statement} OR REPLACE into {table.SourceName}, which has DELETE triggers: SQLite does not fire them for the rows that are replaced");
    }

    // The rows are known before the first of them changes; one that has gone by then is passed over. OR IGNORE skips those that would break a key, NOT NULL or CHECK.
    private void RowByRow(TriggerStep.Update update, ScopeTable table, string alias, ExpressionTranslator expressions, string set, string where)
    {
        if (table.IsView) throw Refuse($"UPDATE OR {update.Or} changes a view");
        Alone(table, "UPDATE", update.Or!);
        var row = RowKey(table);
        if (update.Or == "REPLACE" && row is null) throw Refuse($"UPDATE OR REPLACE changes {table.SourceName}, whose rows have no number by which the order is known");
        _needsRow = true;
        var name = SqlName.Quote(alias);
        var key = row is null ? "ctid" : SqlName.Quote(row.TargetName);
        if (_context.WantsChanges) Line($"{Count} := 0;");
        Line($"FOR stored IN SELECT {name}.{key} AS at FROM {table.Target} AS {name}{where} ORDER BY 1 LOOP");
        _indent++;
        if (update.Or == "REPLACE") MakeRoom(update, table, name, key, expressions);
        else Line("BEGIN");
        Line($"  UPDATE {table.Target} AS {name} SET {set} WHERE {name}.{key} = stored.at;");
        if (_context.WantsChanges) Line($"  IF FOUND THEN {Count} := {Count} + 1; END IF;");
        if (update.Or == "IGNORE")
        {
            Line("EXCEPTION WHEN unique_violation OR not_null_violation OR check_violation THEN NULL;");
            Line("END;");
        }
        _indent--;
        Line("END LOOP;");
        Looped();
    }

    /// <summary>Deletes what would stand in the way of a row's new values.</summary>
    private void MakeRoom(TriggerStep.Update update, ScopeTable table, string name, string key, ExpressionTranslator expressions)
    {
        NobodySeesDeletions(table, "UPDATE");
        if (update.Set.Any(s => s.Columns.Length != 1)) throw Refuse("UPDATE OR REPLACE sets several columns to a row value");
        // The last of several that name one column counts.
        var given = update.Set.GroupBy(s => Find(table, s.Columns[0])).ToDictionary(g => g.Key, g => g.Last().Value);
        var keys = table.UniqueKeys.Where(k => given.Keys.Any(c => k.Columns.Contains(c.SourceName))).ToList();
        if (keys.Count == 0) return;
        _needsInserted = true;
        var columns = keys.SelectMany(k => k.Columns).Distinct().Select(c => table.Columns.First(x => x.SourceName == c)).ToList();
        if (columns.Any(c => c.IsGenerated)) throw Refuse($"UPDATE OR REPLACE changes {table.SourceName}, which has a key of generated columns");
        var values = columns.Select((c, i) => $"{(given.TryGetValue(c, out var value) ? new StoredValue(expressions, c).Of(expressions.Translate(value)) : $"{name}.{SqlName.Quote(c.TargetName)}")} AS v{i + 1}");
        Line($"FOR inserted IN SELECT {string.Join(", ", values)} FROM {table.Target} AS {name} WHERE {name}.{key} = stored.at LOOP");
        var conditions = keys.Select(k => string.Join(" AND ", k.Columns.Select(c => columns.FindIndex(x => x.SourceName == c)).Select(p => _expressions.Compare("=",
            SelectTranslator.Reference(new SqlName("r", columns[p].TargetName).ToString(), columns[p]), SelectTranslator.Reference($"inserted.v{p + 1}", columns[p])).Sql)));
        Line($"  DELETE FROM {table.Target} AS r WHERE r.{key} <> stored.at AND ({string.Join(" OR ", conditions.Select(c => $"({c})"))});");
        Line("END LOOP;");
    }
}
