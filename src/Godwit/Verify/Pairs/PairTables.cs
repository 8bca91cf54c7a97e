using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Verify.Pairs;

/// <summary>Which tables of the source stand beside which of the target, and what is not read at all.</summary>
internal sealed class PairTables
{
    private static readonly string[] OwnSchemas = ["godwit", "godwit_load"];

    /// <summary>Of the partitioned tables of each side, those that hold their rows.</summary>
    private ILookup<SqlName, SqlName> _sourcePartitions = Array.Empty<SqlName>().ToLookup(n => n), _partitions = Array.Empty<SqlName>().ToLookup(n => n);

    public List<PairTable> Compared { get; } = [];
    /// <summary>On one side only.</summary>
    public List<Relation> Missing { get; } = [];
    public List<Relation> Extra { get; } = [];
    public List<(Relation Relation, string Why)> NotRead { get; } = [];
    /// <summary>Rows that were to stay behind.</summary>
    public List<ExpectedDifference> LeftOut { get; } = [];
    /// <summary>What an application names in its queries, where both sides have it: tables by their root, views, materialized views.</summary>
    public List<PairTable> Named { get; } = [];

    public static async Task<PairTables> ReadAsync(PairSides sides, PairRequest request, CancellationToken ct)
    {
        var (source, target) = (RelationsAsync(sides.Source, request, ct), RelationsAsync(sides.Target, request, ct));
        await Task.WhenAll(source, target);
        var tables = new PairTables();
        var there = await target;
        // Where rows alone were migrated, the plan leaves out every object, and the target has them.
        tables.Match(await source, there, n => !there.ContainsKey(n) && request.Promised.Any(p => p is { Kind: "table", Aspect: null } && p.Covers("table", n.ToString(), null)));
        foreach (var table in tables.Compared.ToList())
            // A partitioned table has no rows of its own: read as a whole, it lacks those of any partition that stays empty or is left out.
            if (request.Promised.FirstOrDefault(p => (p.Aspect == "rows" || table.IsWhole && p is { Kind: "table", Aspect: null }) && (table.IsWhole ? tables._sourcePartitions[table.Source.Name].Select(n => n.ToString()) : [table.Name]).Any(n => p.Covers("table", n, "rows"))) is { } promise)
            {
                tables.Compared.Remove(table);
                tables.LeftOut.Add(new($"table {table.Name}", "its rows are not compared", promise.Reason));
            }
        if (request.Tables.Count > 0) tables.Keep(request.Tables);
        if (request.Aside is { } aside) await tables.AsideAsync(sides.Target, aside, ct);
        return tables;
    }

    /// <summary>Where rows were set aside, how they are read beside those of their table: each value as its type reads what it printed.</summary>
    private async Task AsideAsync(PairSide target, RowsAside aside, CancellationToken ct)
    {
        var filled = (await TextRows.ReadAsync(target.Main, $"SELECT DISTINCT source_table FROM godwit.quarantine WHERE run_id = '{aside.Run}'", ct)).Select(r => r[0]!).ToHashSet(StringComparer.Ordinal);
        if (filled.Count == 0) return;
        await OfAsideAsync(target, aside.Tables.Where(t => filled.Contains(t.Value)).Select(t => t.Key), ct);
        foreach (var table in Compared)
        {
            // Rows of a table that is partitioned on the target alone came in through its root.
            var names = (table.IsWhole ? _partitions[table.Target.Name].Prepend(table.Target.Name) : [table.Target.Name]).Select(n => aside.Tables.GetValueOrDefault(n.ToString())).OfType<string>().Where(filled.Contains).ToList();
            if (names.Count == 0) continue;
            // Of JSON's own types, a record would take the string for a value of theirs. A domain may be what has refused the row.
            var columns = table.Target.Columns.Select(c => c.Column).Where(c => table.Columns.Any(t => t.Name == c.Name)).ToLookup(c => c.Below is "json" or "jsonb");
            var values = columns[true].Select(c => $"(q.row ->> {SqlText.Literal(c.Name)})::{c.Below} AS {SqlName.AlwaysQuote(c.Name)}").Concat(columns[false].Select(c => $"r.{SqlName.AlwaysQuote(c.Name)}"));
            var record = string.Join(", ", columns[false].Select(c => $"{SqlName.AlwaysQuote(c.Name)} {c.Below}"));
            table.FromAside = $"(SELECT {string.Join(", ", values.Append("q.ctid"))} FROM godwit.quarantine q{(record.Length == 0 ? "" : $" CROSS JOIN LATERAL jsonb_to_record(q.row) AS r({record})")} WHERE q.run_id = '{aside.Run}' AND q.source_table IN ({string.Join(", ", names.Select(SqlText.Literal))}))";
        }
    }

    private async Task OfAsideAsync(PairSide target, IEnumerable<string> tables, CancellationToken ct)
    {
        var names = "{" + string.Join(',', tables.Select(t => "\"" + t.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"")) + "}";
        var readers = (await TextRows.ReadAsync(target.Main, PairSql.Read("readers"), ct, names)).ToDictionary(r => new SqlName(r[0], r[1]!), r => new ReadsAside(Stored: r[2] == "t", OnlyWrites: r[3] == "t"));
        foreach (var table in Compared.Concat(Named)) table.OfAside = readers.GetValueOrDefault(table.Target.Name);
    }

    /// <summary>Schemas that are compared: not Godwit's own, not those that were excluded or promised to stay behind.</summary>
    public static bool IsCompared(string schema, PairRequest request) =>
        !OwnSchemas.Contains(schema) && !request.ExcludeSchemas.Any(p => NamePattern.Matches(p, schema)) && !request.Promised.Any(p => p.Aspect is null && p.Kind == "schema" && p.Covers("schema", schema, null));

    private static async Task<Dictionary<SqlName, Relation>> RelationsAsync(PairSide side, PairRequest request, CancellationToken ct)
    {
        var columns = (await TextRows.ReadAsync(side.Main, PairSql.Read("columns"), ct)).ToLookup(c => new SqlName(c[0]!, c[1]!));
        return (await TextRows.ReadAsync(side.Main, PairSql.Read("relations"), ct)).Where(r => IsCompared(r[0]!, request))
            .Select(r => Relation.Read(r, columns[new SqlName(r[0]!, r[1]!)])).ToDictionary(r => r.Name);
    }

    /// <summary><paramref name="isLeftOut"/>: a table of the source that is not to be in the target.</summary>
    private void Match(Dictionary<SqlName, Relation> source, Dictionary<SqlName, Relation> target, Func<SqlName, bool> isLeftOut)
    {
        Named.AddRange(source.Values.Where(r => r is { IsPartition: false, OfExtension: false, Kind: not 'f' } && target.TryGetValue(r.Name, out var other) && other.Kind != 'f').Select(r => new PairTable(r, target[r.Name], whole: true)));
        source = source.Where(r => r.Value.Kind != 'v').ToDictionary();
        target = target.Where(r => r.Value.Kind != 'v').ToDictionary();
        var (sourceLeaves, targetLeaves) = (Leaves(source), Leaves(target));
        (_sourcePartitions, _partitions) = (sourceLeaves, targetLeaves);
        // Roots whose partitions are cut otherwise on the other side, or hold other rows there, are read as a whole.
        var whole = source.Values.Where(r => r.Kind == 'p' && !r.IsPartition || target.TryGetValue(r.Name, out var other) && other.Kind == 'p' && !other.IsPartition)
            .Where(r => r.IsScattered || !sourceLeaves[r.Name].Where(l => !isLeftOut(l)).ToHashSet().SetEquals(targetLeaves[r.Name])).Select(r => r.Name).ToHashSet();
        bool Apart(Dictionary<SqlName, Relation> all, Relation r) => r.IsPartition ? !whole.Contains(Root(all, r)) : r.Kind != 'p' || whole.Contains(r.Name);
        foreach (var relation in source.Values.Where(r => r.Kind != 'p' || !r.IsPartition).Where(r => Apart(source, r)))
        {
            if (!target.TryGetValue(relation.Name, out var other)) Missing.Add(relation);
            else if (relation.OfExtension) NotRead.Add((relation, "it belongs to an extension"));
            else if (relation.Kind == 'f' || other.Kind == 'f') NotRead.Add((relation, "its rows live on another server"));
            else if (relation.Kind == 'm' && !relation.IsPopulated) NotRead.Add((relation, "the source's materialized view was never filled"));
            else Compared.Add(new(relation, other, whole.Contains(relation.Name)));
        }
        Extra.AddRange(target.Values.Where(r => r.Kind != 'p' || !r.IsPartition).Where(r => Apart(target, r) && !source.ContainsKey(r.Name)));
    }

    private static ILookup<SqlName, SqlName> Leaves(Dictionary<SqlName, Relation> all) =>
        all.Values.Where(r => r.IsPartition && r.Kind != 'p').ToLookup(r => Root(all, r), r => r.Name);

    private static SqlName Root(Dictionary<SqlName, Relation> all, Relation relation)
    {
        var name = relation.Name;
        while (all.TryGetValue(name, out var at) && at is { IsPartition: true, Parent: { } parent }) name = parent;
        return name;
    }

    private void Keep(IReadOnlyList<string> names)
    {
        bool Wanted(Relation relation) => names.Any(n => Is(relation.Name, n) || relation.Parent is { } parent && Is(parent, n));
        var known = Compared.Select(t => t.Source).Concat(Missing).Concat(NotRead.Select(n => n.Relation)).ToList();
        if (names.FirstOrDefault(n => !known.Any(r => Is(r.Name, n) || r.Parent is { } parent && Is(parent, n))) is { } unknown)
            throw TableFilter.NoSuchTable(unknown, known.Select(r => r.Name.Schema == "public" ? r.Name.Name : r.Name.ToString()));
        Compared.RemoveAll(t => !Wanted(t.Source));
        Missing.RemoveAll(t => !Wanted(t));
        NotRead.RemoveAll(t => !Wanted(t.Relation));
        Extra.Clear();
    }

    /// <summary>"orders" is any schema's, "sales.orders" one's.</summary>
    private static bool Is(SqlName name, string given) => given == name.Name || given == name.ToString() || given == $"{name.Schema}.{name.Name}";
}
