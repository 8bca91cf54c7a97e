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
    private static readonly string[] OwnCollations = ["BINARY", "NOCASE", "RTRIM"];

    internal static bool IsOwn(string name) => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The declared primary key; empty where the table must be followed as a whole: it has no key (its rowids are not stable, VACUUM renumbers them),
    /// it is the content of a virtual table, its key is sorted by a collation that only the application knows, or a unique index stands on an
    /// expression or a generated column, of which a BEFORE trigger cannot say which row it would displace.
    /// </summary>
    internal static ImmutableArray<string> KeyOf(Table table)
    {
        if (table.Virtual is not null || table.PrimaryKey is not { } key) return [];
        if (key.Columns.Any(c => table.FindColumn(c) is not { Generated: null } column || !IsKnown(column.Collation)) || !key.Collations.All(IsKnown)) return [];
        return Uniques(table).All(u => u.All(t => t.Column is { } c && table.FindColumn(c) is { Generated: null })) ? key.Columns : [];
    }

    private static bool IsKnown(string? collation) => collation is null || OwnCollations.Contains(collation, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<ImmutableArray<IndexTerm>> Uniques(Table table) => table.UniqueConstraints.Concat(table.Indexes.Where(i => i.Unique)).Select(i => i.Terms);

    /// <summary>
    /// Where the table's triggers stand. Virtual tables take none; the shadow table that a full-text or R*Tree table writes with every row does
    /// (https://www.sqlite.org/fts5.html, section 9; https://www.sqlite.org/rtree.html, section 6).
    /// </summary>
    internal static SqliteIdentifier On(Table table) =>
        new(table.Virtual is null ? table.Name : table.Virtual.StartsWith("fts", StringComparison.Ordinal) ? table.Name + "_content" : table.Name + "_rowid");

    internal static string Create(int keyColumns) =>
        $"CREATE TABLE {Log} (seq INTEGER PRIMARY KEY, t INTEGER NOT NULL, w INTEGER NOT NULL{string.Concat(Enumerable.Range(0, keyColumns).Select(i => $", k{i}"))})";

    internal const string CreateTables = $"CREATE TABLE {Tables} (t INTEGER PRIMARY KEY, name TEXT NOT NULL, columns TEXT NOT NULL)";
    /// <summary><c>known</c>: the tables that there were when the record began, one a line.</summary>
    internal const string CreateMeta = $"CREATE TABLE {Meta} (id TEXT NOT NULL, known TEXT NOT NULL)";

    internal const string OtherTables = $"SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 8) <> '{Prefix}' AND substr(name, 1, 7) <> 'sqlite_'";

    internal static string NameOf(long number, string suffix) => $"{TriggerPrefix}{number}_{suffix}";

    /// <summary>Name and text of each trigger of a table, as sqlite_schema will hold them.</summary>
    internal static IEnumerable<(string Name, string Sql)> Triggers(Table table, long number)
    {
        var on = On(table);
        var key = KeyOf(table);
        (string, string) Trigger(string suffix, string when, string body) => (NameOf(number, suffix), $"CREATE TRIGGER {NameOf(number, suffix)} {when} ON {on} BEGIN {body} END");
        if (key.IsEmpty)
        {
            var whole = $"INSERT INTO {Log} (t, w) VALUES ({number}, 1);";
            yield return Trigger("ai", "AFTER INSERT", whole);
            yield return Trigger("au", "AFTER UPDATE", whole);
            yield return Trigger("ad", "AFTER DELETE", whole);
            yield break;
        }
        var into = $"INSERT INTO {Log} (t, w, {string.Join(", ", key.Select((_, i) => $"k{i}"))})";
        string Row(string row) => string.Join(", ", key.Select(c => $"{row}.{new SqliteIdentifier(c)}"));
        string Moved(string row) => string.Join(" OR ", key.Select(c => $"OLD.{new SqliteIdentifier(c)} COLLATE BINARY IS NOT {row}.{new SqliteIdentifier(c)}"));
        yield return Trigger("ai", "AFTER INSERT", $"{into} VALUES ({number}, 0, {Row("NEW")});");
        yield return Trigger("ad", "AFTER DELETE", $"{into} VALUES ({number}, 0, {Row("OLD")});");
        yield return Trigger("au", "AFTER UPDATE", $"{into} SELECT {number}, 0, {Row("OLD")} WHERE {Moved("NEW")}; {into} VALUES ({number}, 0, {Row("NEW")});");
        var displaced = Displaced(table, key).DistinctBy(d => d.Match).ToList();
        if (displaced.Count == 0) yield break;
        yield return Trigger("bi", "BEFORE INSERT", string.Join(" ", displaced.Select(d => $"{into} SELECT {number}, 0, {Row("x")} FROM {on} AS x WHERE {d.Match};")));
        // An update displaces only by the columns that it sets; the row that is updated is told of by its own entry.
        var set = string.Join(", ", displaced.SelectMany(d => d.Columns).Distinct());
        yield return Trigger("bu", $"BEFORE UPDATE OF {set}", string.Join(" ", displaced.Select(d => $"{into} SELECT {number}, 0, {Row("x")} FROM {on} AS x WHERE {d.Match} AND ({Moved("x")});")));
    }

    /// <summary>
    /// Rows that REPLACE would remove without firing their DELETE triggers: those that equal the new row in a unique key, as that key's index
    /// compares, or that have its rowid. A rowid that is the declared key is told of by the new row's own entry.
    /// </summary>
    private static IEnumerable<(string Match, IEnumerable<string> Columns)> Displaced(Table table, ImmutableArray<string> key)
    {
        foreach (var terms in Uniques(table)) yield return Equal(terms.Select(t => (t.Column!, t.Collation)));
        if (table.Columns.Any(c => c.IsRowKey)) yield break;
        yield return Equal(key.Select((c, i) => (c, table.PrimaryKey!.Collations.ElementAtOrDefault(i))));
        if (TableScan.RowIdName(table) is { } rowId) yield return ($"x.{rowId} = NEW.{rowId}", TableScan.FreeRowIdNames(table));
    }

    private static (string, IEnumerable<string>) Equal(IEnumerable<(string Column, string? Collation)> terms)
    {
        var columns = terms.Select(t => (Name: new SqliteIdentifier(t.Column).ToString(), Collate: t.Collation is null ? "" : $" COLLATE {new SqliteIdentifier(t.Collation)}")).ToList();
        return (string.Join(" AND ", columns.Select(c => $"x.{c.Name} = NEW.{c.Name}{c.Collate}")), columns.Select(c => c.Name));
    }

    internal static IEnumerable<string> Fence(Table table, long number, string message)
    {
        var text = "'" + message.Replace("'", "''", StringComparison.Ordinal) + "'";
        foreach (var kind in new[] { "INSERT", "UPDATE", "DELETE" })
            yield return $"CREATE TRIGGER {FencePrefix}{number}_{kind.ToLowerInvariant()} BEFORE {kind} ON {On(table)} BEGIN SELECT RAISE(ABORT, {text}); END";
    }
}
