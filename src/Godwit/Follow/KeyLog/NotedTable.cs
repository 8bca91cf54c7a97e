using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.KeyLog;

/// <summary>
/// What became of the noted rows of one table, at the moment of the connection's transaction. Of a key, the row that is there now is read; whether
/// one was there before follows from how often rows of that key came and went, in whichever order that was noted.
/// </summary>
internal sealed class NotedTable
{
    private const int CopyBytes = 64 * 1024;

    // Columns by number; Names of generated ones are not sent.
    private const string Columns = """
        select a.attrelid::text, a.attname::text, a.atttypid::text, a.atttypmod::text, n.nspname::text, coalesce(b.typname, t.typname)::text, format_type(a.atttypid, a.atttypmod), (a.attgenerated <> '')::text
        from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = t.typbasetype and t.typtype = 'd' join pg_namespace n on n.oid = coalesce(b.typnamespace, t.typnamespace)
        where a.attrelid in (@) and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum
        """;

    private sealed record Column(RelationColumn Sent, string Type, bool Generated);

    private readonly WireConnection _data;
    private readonly LoggedTable _table;
    private readonly ImmutableArray<Column> _columns;
    private readonly string _noted;
    private readonly KnownRelations _known;
    private readonly RowText _text = new();
    /// <summary>A second name for the same table: what is done under each name is kept apart, in the order in which they come.</summary>
    private readonly Relation _again;

    private NotedTable(WireConnection data, LoggedTable table, ImmutableArray<Column> columns, string noted, bool emptied, KnownRelations known)
    {
        (_data, _table, _columns, _noted, IsEmptied, _known) = (data, table, columns, noted, emptied, known);
        (Relation, _again) = (Of(columns, RelationUse.Whole), Of(columns, RelationUse.Again));
    }

    public Relation Relation { get; }
    public bool IsEmptied { get; }

    /// <summary><paramref name="emptied"/>: of each, by its number, the last note of a TRUNCATE, 0 for none. What was noted before it does not count.</summary>
    public static List<NotedTable> Read(WireConnection data, KeyLogNames names, IReadOnlyList<LoggedTable> tables, IReadOnlyDictionary<int, long> emptied, string unseen, ConcurrentDictionary<uint, StreamType> types, KnownRelations known)
    {
        if (tables.Count == 0) return [];
        var columns = data.Query(Columns.Replace("@", string.Join(", ", tables.Select(t => Text(t.Id))), StringComparison.Ordinal)).ToLookup(r => uint.Parse(r[0]!, CultureInfo.InvariantCulture));
        return [.. tables.Select(t => new NotedTable(data, t, [.. columns[t.Id].Select(r => Of(t, r, types))], $"{names.Log} where tab = {Text(t.Number)} and id > {Text(emptied[t.Number])} and {unseen}", emptied[t.Number] > 0, known))];
    }

    private static Column Of(LoggedTable table, ImmutableArray<string?> row, ConcurrentDictionary<uint, StreamType> types)
    {
        var type = uint.Parse(row[2]!, CultureInfo.InvariantCulture);
        if (type >= 16384) types[type] = new(type, row[4]!, row[5]!);
        return new(new(row[1]!, table.Key.Count == 0 || table.Key.Contains(row[1]!), type, int.Parse(row[3]!, CultureInfo.InvariantCulture)), row[6]!, row[7] == "true");
    }

    private Relation Of(IEnumerable<Column> columns, RelationUse use) =>
        _known.Same(new(_table.Id, _table.Name.Schema!, _table.Name.Name, _table.Key.Count == 0 ? ReplicaIdentity.Full : ReplicaIdentity.Default, [.. columns.Where(c => !c.Generated).Select(c => c.Sent)]), use);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Rows that have to go, in the widest sense: where something else must be unique too, a row that has changed goes and comes again.</summary>
    public bool SendGone(BatchQueue queue)
    {
        if (_table.Key.Count == 0) return SendWhole(queue);
        if (_table.OneUnique) return SendAll(queue);
        int[] key = [.. Relation.Columns.Select(c => c.IsKey ? _table.Key.ToList().IndexOf(c.Name) : -1)];
        return Copy($"{KeyTexts} from {Noted} left join {_table.From} t on {Match} where {Was}", () =>
            queue.Add(new() { Kind = PgOutputKind.Delete, Relation = Relation, OldKind = OldRow.Key, Old = _text.Row(key) }, ""));
    }

    /// <summary>Rows that come, or come again.</summary>
    public bool SendThere(BatchQueue queue)
    {
        if (_table.Key.Count == 0 || _table.OneUnique) return true;
        int[] all = [.. Enumerable.Range(0, _again.Columns.Length)];
        return Copy($"{Rows} from {Noted} join {_table.From} t on {Match}", () => queue.Add(new() { Kind = PgOutputKind.Insert, Relation = _again, New = _text.Row(all) }, ""));
    }

    private bool SendAll(BatchQueue queue)
    {
        int[] key = [.. Relation.Columns.Select(c => c.IsKey ? 2 + _table.Key.ToList().IndexOf(c.Name) : -1)], all = [.. Enumerable.Range(2 + _table.Key.Count, Relation.Columns.Length)];
        return Copy($"{Was}, {There}, {KeyTexts}, {Rows} from {Noted} left join {_table.From} t on {Match} where {Was} or {There}", () => (_text.IsTrue(0), _text.IsTrue(1)) switch
        {
            (true, true) => queue.Add(new() { Kind = PgOutputKind.Update, Relation = Relation, New = _text.Row(all) }, ""),
            (true, false) => queue.Add(new() { Kind = PgOutputKind.Delete, Relation = Relation, OldKind = OldRow.Key, Old = _text.Row(key) }, ""),
            _ => queue.Add(new() { Kind = PgOutputKind.Insert, Relation = Relation, New = _text.Row(all) }, ""),
        });
    }

    private string Noted
    {
        get
        {
            var keys = string.Join(", ", _table.Key.Select((k, i) => $"key[{Text(i + 1)}]::{_columns.First(c => c.Sent.Name == k).Type} as k{Text(i)}"));
            return $"(select key, {keys}, net from (select key, sum(case op when 'I' then -1 when 'D' then 1 else 0 end) as net from {_noted} group by key) n) c";
        }
    }

    private const string There = "t.tableoid is not null";
    private const string Was = $"c.net + ({There})::int > 0";

    // Equal for the type and for the eye: of 1.0 that became 1.00 the one is gone, the other is there.
    private string Match => string.Join(" and ", _table.Key.Select((k, i) => $"t.{SqlName.Quote(k)} = c.k{Text(i)} and t.{SqlName.Quote(k)}::text = c.key[{Text(i + 1)}]"));

    private string KeyTexts => string.Join(", ", _table.Key.Select((_, i) => $"c.key[{Text(i + 1)}]"));

    private string Rows => string.Join(", ", Relation.Columns.Select(c => $"t.{SqlName.Quote(c.Name)}"));

    /// <summary>
    /// Rows without a key: equal ones stand for each other, so that only their number counts. Rows from before a column was added have fewer
    /// fields, and go first: the others are told of a table that has the column.
    /// </summary>
    private bool SendWhole(BatchQueue queue)
    {
        var net = $"sum(case op when 'I' then 1 else -1 end), key[1] from {_noted} group by key having sum(case op when 'I' then 1 else -1 end) <> 0";
        var widths = new SortedSet<int>();
        Copy(net, () =>
        {
            _text.LoadComposite(1);
            widths.Add(_text.Count);
            return true;
        });
        foreach (var width in widths)
        {
            if (width > _columns.Length) throw Changed("no longer has a column that its rows had when they were noted", "migrate again with --if-exists replace --follow");
            var relation = width == _columns.Length ? Relation : Of(_columns.Take(width), RelationUse.Narrow);
            int[] sent = [.. Enumerable.Range(0, width).Where(i => !_columns[i].Generated)];
            foreach (var sign in new[] { -1, 1 })
            {
                var sentAll = Copy(net, () =>
                {
                    var copies = _text.Number(0);
                    if (Math.Sign(copies) != sign) return true;
                    _text.LoadComposite(1);
                    if (_text.Count != width) return true;
                    for (var i = Math.Abs(copies); i > 0; i--)
                        if (!queue.Add(sign > 0 ? new() { Kind = PgOutputKind.Insert, Relation = relation, New = _text.Row(sent) } : new() { Kind = PgOutputKind.Delete, Relation = relation, OldKind = OldRow.Full, Old = _text.Row(sent) }, "")) return false;
                    return true;
                });
                if (!sentAll) return false;
            }
        }
        return true;
    }

    private GodwitException Changed(string what, string hint) => new(ErrorKind.Blocked, TableResolver.SchemaChanged, $"{_table.Name} {what}. What was written before that is applied; the rest waits in the record of changes.", hint);

    /// <summary>Each row in turn, until one returns false.</summary>
    private bool Copy(string select, Func<bool> row)
    {
        using var copy = _data.BeginCopyOut($"copy (select {select}) to stdout");
        while (copy.Read(CopyBytes, out _) is { IsEmpty: false } block)
        {
            for (var rest = block.Span; !rest.IsEmpty;)
            {
                var end = rest.IndexOf((byte)'\n');
                _text.Load(rest[..end]);
                rest = rest[(end + 1)..];
                if (!row()) return false;
            }
        }
        return true;
    }
}
