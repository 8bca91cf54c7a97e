using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Godwit.Schema;
using Godwit.Source;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>
/// Names the rows of a table whose sums differ. Each server sums its rows anew by bucket of the key's hash; of the buckets that differ, the
/// hashes of rows are fetched, up to a cap, and paired off; what is left over is read in full.
/// </summary>
internal sealed class PairRows(PairSides sides, PairScan scan, RowHash hash, int named)
{
    /// <summary>Rows whose hashes are kept, of one side: 40 bytes each.</summary>
    private const long KeptRows = 500_000;
    private const int MostBuckets = 1 << 16;
    private const int RowsInABucket = 32;
    /// <summary>Before the place of a row in quarantine.</summary>
    private const string Aside = "aside ";

    public sealed record Result(ImmutableArray<RowDifference> Named, long Changed, long Missing, long Extra, bool Complete)
    {
        public long Rows => Changed + Missing + Extra;
    }

    private readonly record struct Seen(long Key, long Row, string Where) : IComparable<Seen>
    {
        public int CompareTo(Seen other) => Key != other.Key ? Key.CompareTo(other.Key) : Row.CompareTo(other.Row);
    }

    public async Task<Result> FindAsync(PairTable table, CancellationToken ct)
    {
        var row = hash.Of(table.Columns);
        var key = table.Key.IsEmpty ? row : hash.Of(table.Key);
        var buckets = 1;
        while (buckets < MostBuckets && (long)buckets * RowsInABucket < Math.Max(table.SourceRows, table.TargetRows)) buckets *= 2;
        var different = await BucketsAsync(table, key, row, buckets, ct);
        var chosen = new List<int>();
        long kept = 0;
        foreach (var (bucket, rows) in different.OrderBy(b => b.Bucket))
        {
            kept += rows;
            if (kept > KeptRows && chosen.Count > 0) break;
            chosen.Add(bucket);
        }
        var (source, target) = await CollectAsync(table, key, row, buckets, chosen, ct);
        var (changed, missing, extra) = PairOff(source, target);
        return new(await NameAsync(table, changed, missing, extra, ct), changed.Count, missing.Count, extra.Count, chosen.Count == different.Count && table.Unreadable is null);
    }

    private async Task<List<(int Bucket, long Rows)>> BucketsAsync(PairTable table, string key, string row, int buckets, CancellationToken ct)
    {
        ConcurrentDictionary<int, RowSum> source = [], target = [];
        await scan.RunAsync([table], async (connection, piece, token) =>
        {
            var sums = piece.IsSource ? source : target;
            var sql = $"SELECT {key} & {buckets - 1}, count(*), sum({row}) FROM {piece.From} AS t{piece.Pages} GROUP BY 1";
            foreach (var line in await TextRows.ReadAsync(connection, sql, token))
            {
                var sum = new RowSum(Number(line[1]), Int128.Parse(line[2]!, CultureInfo.InvariantCulture));
                sums.AddOrUpdate((int)Number(line[0]), sum, (_, before) => before + sum);
            }
        }, _ => { }, _ => { }, ct);
        return [.. source.Keys.Union(target.Keys).Where(b => source.GetValueOrDefault(b) != target.GetValueOrDefault(b))
            .Select(b => (b, Math.Max(source.GetValueOrDefault(b).Rows, target.GetValueOrDefault(b).Rows)))];
    }

    private async Task<(List<Seen> Source, List<Seen> Target)> CollectAsync(PairTable table, string key, string row, int buckets, List<int> chosen, CancellationToken ct)
    {
        List<Seen> source = [], target = [];
        var where = table.IsWhole ? "t.tableoid::int8 || ' ' || t.ctid" : "t.ctid::text";
        var condition = $"{key} & {buckets - 1} = ANY ({SqlText.Literal("{" + string.Join(',', chosen) + "}")}::int8[])";
        await scan.RunAsync([table], async (connection, piece, token) =>
        {
            var sql = $"SELECT {key}, {row}, {(piece.IsAside ? $"'{Aside}' || t.ctid" : where)} FROM {piece.From} AS t{(piece.Pages.Length == 0 ? " WHERE " : piece.Pages + " AND ")}{condition}";
            var found = (await TextRows.ReadAsync(connection, sql, token)).ConvertAll(line => new Seen(Number(line[0]), Number(line[1]), line[2]!));
            lock (table.Gate) (piece.IsSource ? source : target).AddRange(found);
        }, _ => { }, _ => { }, ct);
        return (source, target);
    }

    /// <summary>What each side has that the other does not have as often; of one key on both sides, the row was changed.</summary>
    private static (List<(Seen Source, Seen Target)> Changed, List<Seen> Missing, List<Seen> Extra) PairOff(List<Seen> source, List<Seen> target)
    {
        source.Sort();
        target.Sort();
        List<Seen> left = [], right = [];
        for (int s = 0, t = 0; s < source.Count || t < target.Count;)
        {
            var order = s == source.Count ? 1 : t == target.Count ? -1 : source[s].CompareTo(target[t]);
            if (order == 0) { s++; t++; }
            else if (order < 0) left.Add(source[s++]);
            else right.Add(target[t++]);
        }
        var byKey = right.GroupBy(r => r.Key).ToDictionary(g => g.Key, g => new Queue<Seen>(g));
        var (changed, missing) = (new List<(Seen, Seen)>(), new List<Seen>());
        foreach (var row in left)
            if (byKey.TryGetValue(row.Key, out var others) && others.TryDequeue(out var other)) changed.Add((row, other));
            else missing.Add(row);
        return (changed, missing, [.. byKey.Values.SelectMany(q => q)]);
    }

    private async Task<ImmutableArray<RowDifference>> NameAsync(PairTable table, List<(Seen Source, Seen Target)> changed, List<Seen> missing, List<Seen> extra, CancellationToken ct)
    {
        var source = await FetchAsync(table, sides.Source, [.. changed.Take(named).Select(c => c.Source), .. missing.Take(named)], ct);
        var target = await FetchAsync(table, sides.Target, [.. changed.Take(named).Select(c => c.Target), .. extra.Take(named)], ct);
        var names = ImmutableArray.CreateBuilder<RowDifference>();
        foreach (var (s, t) in changed.Take(named))
        {
            if (!source.TryGetValue(s.Where, out var left) || !target.TryGetValue(t.Where, out var right)) continue;
            for (var i = 0; i < table.Columns.Length; i++)
                if (left[i] != right[i]) names.Add(new(Name(table, left), table.Columns[i].Name, Shown(table.Columns[i], left[i]), Shown(table.Columns[i], right[i])));
        }
        foreach (var row in missing.Take(named))
            if (source.TryGetValue(row.Where, out var values)) names.Add(new(Name(table, values), null, Line(table, values), null));
        foreach (var row in extra.Take(named))
            if (target.TryGetValue(row.Where, out var values)) names.Add(new(Name(table, values), null, null, Line(table, values)));
        return names.ToImmutable();
    }

    private static async Task<Dictionary<string, string?[]>> FetchAsync(PairTable table, PairSide side, List<Seen> rows, CancellationToken ct)
    {
        var aside = rows.Where(r => r.Where.StartsWith(Aside, StringComparison.Ordinal)).Select(r => r.Where[Aside.Length..]).Distinct().ToList();
        if (aside.Count > 0)
        {
            var found = await FetchAsync(table, side, rows.FindAll(r => !r.Where.StartsWith(Aside, StringComparison.Ordinal)), ct);
            var inQuarantine = $"SELECT '{Aside}' || t.ctid, {string.Join(", ", table.Columns.Select(c => c.Printed))} FROM {table.FromAside} AS t WHERE t.ctid = ANY ({Tids(aside)})";
            foreach (var row in await PairSide.RowsAsync(side.Main, inQuarantine, ct)) found[row[0]!] = row[1..];
            return found;
        }
        if (rows.Count == 0) return [];
        var where = table.IsWhole ? "t.tableoid::int8 || ' ' || t.ctid" : "t.ctid::text";
        var these = rows.Select(r => r.Where).Distinct().ToList();
        var condition = table.IsWhole
            ? $"(t.tableoid::int8, t.ctid) IN ({string.Join(", ", these.Select(w => w.Split(' ')).Select(w => $"({w[0]}, '{w[1]}'::tid)"))})"
            : $"t.ctid = ANY ({Tids(these)})";
        var sql = $"SELECT {where}, {string.Join(", ", table.Columns.Select(c => c.Printed))} FROM {table.From} AS t WHERE {condition}";
        return (await PairSide.RowsAsync(side.Main, sql, ct)).ToDictionary(r => r[0]!, r => r[1..], StringComparer.Ordinal);
    }

    private static string Tids(IEnumerable<string> these) => SqlText.Literal("{" + string.Join(',', these.Select(w => $"\"{w}\"")) + "}") + "::tid[]";

    /// <summary>"id=42", in the order of the key; where there is no key, the row's first values.</summary>
    private static string Name(PairTable table, string?[] values) => table.Key.IsEmpty
        ? Line(table, values)
        : string.Join(", ", table.Key.Select(k => $"{k.Name}={Shown(k, values[table.Columns.IndexOf(k)]) ?? "NULL"}"));

    private static string Line(PairTable table, string?[] values) =>
        Clip(string.Join(", ", table.Columns.Select((c, i) => $"{c.Name}={Shown(c, values[i]) ?? "NULL"}")));

    private static string? Shown(PairColumn column, string? value) => value is null ? null : column.Secret ? Secrets.Mask : Clip(value);

    private static string Clip(string text)
    {
        if (text.Length <= FetchedRow.ShownCharacters) return text;
        var end = FetchedRow.ShownCharacters - 1;
        return text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)] + "…";
    }

    private static long Number(string? text) => long.Parse(text!, CultureInfo.InvariantCulture);
}
