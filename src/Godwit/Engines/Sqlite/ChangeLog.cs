using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// The statements that make a file record its own changes, whoever writes it: a log of (seq, table, key) and triggers that fill it. Only keys are
/// logged. Plain INSERTs: an outer OR REPLACE overrides any conflict clause of a trigger's body (https://www.sqlite.org/lang_createtrigger.html).
/// </summary>
internal static class ChangeLog
{
    private const string Prefix = "_godwit_";
    internal const string Log = "_godwit_log", Tables = "_godwit_tables", Meta = "_godwit_meta", FencePrefix = "_godwit_fence_", TriggerPrefix = "_godwit_t";

    internal static bool IsOwn(string name) => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The declared primary key; empty where the table must be followed as a whole: it has no key (its rowids are not stable, VACUUM renumbers them),
    /// or a unique index over an expression or a generated column, of which a BEFORE trigger cannot say which row it would displace.
    /// </summary>
    internal static ImmutableArray<string> KeyOf(Table table)
    {
        if (table.PrimaryKey is not { } key || key.Columns.Any(c => table.FindColumn(c)?.Generated is not null)) return [];
        return Uniques(table).All(u => u.All(c => c is not null && table.FindColumn(c) is { Generated: null })) ? key.Columns : [];
    }

    private static IEnumerable<IEnumerable<string?>> Uniques(Table table) =>
        table.UniqueConstraints.Concat(table.Indexes.Where(i => i.Unique)).Select(i => i.Terms.Select(t => t.Column));

    internal static string Create(int keyColumns) =>
        $"CREATE TABLE {Log} (seq INTEGER PRIMARY KEY, t INTEGER NOT NULL, w INTEGER NOT NULL{string.Concat(Enumerable.Range(0, keyColumns).Select(i => $", k{i}"))})";

    internal const string CreateTables = $"CREATE TABLE {Tables} (t INTEGER PRIMARY KEY, name TEXT NOT NULL, columns TEXT NOT NULL)";
    internal const string CreateMeta = $"CREATE TABLE {Meta} (id TEXT NOT NULL)";

    /// <summary>Name and text of each trigger of a table, as sqlite_schema will hold them.</summary>
    internal static IEnumerable<(string Name, string Sql)> Triggers(Table table, long number)
    {
        var on = new SqliteIdentifier(table.Name);
        var key = KeyOf(table);
        string Name(string suffix) => $"{TriggerPrefix}{number}_{suffix}";
        (string, string) Trigger(string suffix, string when, string body) => (Name(suffix), $"CREATE TRIGGER {Name(suffix)} {when} ON {on} BEGIN {body} END");
        if (key.IsEmpty)
        {
            var whole = $"INSERT INTO {Log} (t, w) VALUES ({number}, 1);";
            yield return Trigger("ai", "AFTER INSERT", whole);
            yield return Trigger("au", "AFTER UPDATE", whole);
            yield return Trigger("ad", "AFTER DELETE", whole);
            yield return Trigger("bi", "BEFORE INSERT", whole);
            yield break;
        }
        var into = $"INSERT INTO {Log} (t, w, {string.Join(", ", key.Select((_, i) => $"k{i}"))})";
        string Row(string row) => string.Join(", ", key.Select(c => $"{row}.{new SqliteIdentifier(c)}"));
        var moved = string.Join(" OR ", key.Select(c => $"OLD.{new SqliteIdentifier(c)} COLLATE BINARY IS NOT NEW.{new SqliteIdentifier(c)}"));
        yield return Trigger("ai", "AFTER INSERT", $"{into} VALUES ({number}, 0, {Row("NEW")});");
        yield return Trigger("ad", "AFTER DELETE", $"{into} VALUES ({number}, 0, {Row("OLD")});");
        yield return Trigger("au", "AFTER UPDATE", $"{into} SELECT {number}, 0, {Row("OLD")} WHERE {moved}; {into} VALUES ({number}, 0, {Row("NEW")});");
        var displaced = Displaced(table, key).Select(match => $"{into} SELECT {number}, 0, {Row("x")} FROM {on} AS x WHERE {match};").ToList();
        if (displaced.Count == 0) yield break;
        yield return Trigger("bi", "BEFORE INSERT", string.Join(" ", displaced));
        yield return Trigger("bu", "BEFORE UPDATE", string.Join(" ", displaced));
    }

    /// <summary>
    /// Rows that REPLACE would remove without firing their DELETE triggers: those that equal the new row in a unique key. A key of which the
    /// new row's own entry tells, the rowid, is left out; a declared key may compare without case, and so equal another spelling.
    /// </summary>
    private static IEnumerable<string> Displaced(Table table, ImmutableArray<string> key)
    {
        var keys = Uniques(table).Select(u => u.OfType<string>().ToList()).ToList();
        if (!table.Columns.Any(c => c.IsRowKey)) keys.Add([.. key]);
        return keys.Select(columns => string.Join(" AND ", columns.Select(c => $"x.{new SqliteIdentifier(c)} = NEW.{new SqliteIdentifier(c)}"))).Distinct();
    }

    internal static IEnumerable<string> Fence(Table table, long number, string message)
    {
        var text = "'" + message.Replace("'", "''", StringComparison.Ordinal) + "'";
        foreach (var kind in new[] { "INSERT", "UPDATE", "DELETE" })
            yield return $"CREATE TRIGGER {FencePrefix}{number}_{kind.ToLowerInvariant()} BEFORE {kind} ON {new SqliteIdentifier(table.Name)} BEGIN SELECT RAISE(ABORT, {text}); END";
    }
}
