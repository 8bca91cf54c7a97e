using System.Collections.Immutable;
using Godwit.Source;

namespace Godwit.Verify;

/// <summary>
/// Names what differs in tables whose sums differ. Reads both sides once more, keeps digests of the rows of differing buckets (up to a cap),
/// pairs them off, and looks at what is left over, value by value.
/// </summary>
internal sealed class DifferenceFinder(ISnapshot snapshot, TargetSessions sessions, TableScanner scanner)
{
    /// <summary>Rows whose digests are kept, both sides together: 40 bytes each.</summary>
    private const long KeptRows = 800_000;
    internal const int NamedRows = 50;

    public sealed record Result(ImmutableArray<RowDifference> Named, long Changed, long Missing, long Extra, int BucketsLookedAt, int BucketsDifferent)
    {
        public long Rows => Changed + Missing + Extra;
        public bool Complete => BucketsLookedAt == BucketsDifferent;
    }

    public async Task<Result> FindAsync(ComparedTable table, CancellationToken ct)
    {
        var source = table.SourceSums ?? new BucketSums(table.BucketCount);
        var target = table.TargetSums ?? new BucketSums(table.BucketCount);
        var different = source.Different(target);
        var chosen = new bool[table.BucketCount];
        long kept = 0;
        var lookedAt = 0;
        foreach (var bucket in different)
        {
            kept += source.RowsIn(bucket) + target.RowsIn(bucket);
            if (kept > KeptRows && lookedAt > 0) break;
            chosen[bucket] = true;
            lookedAt++;
        }
        List<FoundRow> sourceRows = [], targetRows = [];
        table.Counting = false;
        await scanner.RunAsync([table], new(WithCtid: true, (_, isSource) => new CollectSink(chosen, isSource ? sourceRows : targetRows), _ => { }, _ => { }, _ => { }), ct);
        PairOff(sourceRows, targetRows);
        return await NameAsync(table, sourceRows, targetRows, lookedAt, different.Count, ct);
    }

    /// <summary>Leaves on each side the rows that the other does not have as often.</summary>
    private static void PairOff(List<FoundRow> source, List<FoundRow> target)
    {
        source.Sort();
        target.Sort();
        int s = 0, t = 0, keptS = 0, keptT = 0;
        while (s < source.Count || t < target.Count)
        {
            var order = s == source.Count ? 1 : t == target.Count ? -1 : source[s].CompareTo(target[t]);
            if (order == 0) { s++; t++; }
            else if (order < 0) source[keptS++] = source[s++];
            else target[keptT++] = target[t++];
        }
        source.RemoveRange(keptS, source.Count - keptS);
        target.RemoveRange(keptT, target.Count - keptT);
    }

    private async Task<Result> NameAsync(ComparedTable table, List<FoundRow> source, List<FoundRow> target, int lookedAt, int different, CancellationToken ct)
    {
        var targetByKey = target.GroupBy(r => r.Key).ToDictionary(g => g.Key, g => new Queue<FoundRow>(g));
        var changed = new List<(FoundRow Source, FoundRow Target)>();
        var missing = new List<FoundRow>();
        foreach (var row in source)
            if (targetByKey.TryGetValue(row.Key, out var others) && others.TryDequeue(out var other)) changed.Add((row, other));
            else missing.Add(row);
        var extra = targetByKey.Values.SelectMany(q => q).OrderBy(r => r.Where).ToList();
        changed.Sort((a, b) => a.Source.Where.CompareTo(b.Source.Where));
        missing.Sort((a, b) => a.Where.CompareTo(b.Where));

        var fetch = new RowFetch(snapshot, table);
        var sourceRows = (await fetch.SourceAsync(changed.Take(NamedRows).Select(c => c.Source.Where).Concat(missing.Take(NamedRows).Select(m => m.Where)), ct)).ToDictionary(r => r.Where);
        var targetRows = (await fetch.TargetByCtidAsync(sessions.Main, [.. changed.Take(NamedRows).Select(c => c.Target.Where).Concat(extra.Take(NamedRows).Select(e => e.Where)).Distinct()], ct)).ToDictionary(r => r.Where);
        var named = ImmutableArray.CreateBuilder<RowDifference>();
        foreach (var (s, t) in changed.Take(NamedRows)) Compare(table, sourceRows[s.Where], targetRows[t.Where], named);
        foreach (var row in missing.Take(NamedRows)) named.Add(new(sourceRows[row.Where].Name(table), null, sourceRows[row.Where].Line(table), null));
        foreach (var row in extra.Take(NamedRows)) named.Add(new(targetRows[row.Where].Name(table), null, null, targetRows[row.Where].Line(table)));
        return new Result(named.ToImmutable(), changed.Count, missing.Count, extra.Count, lookedAt, different);
    }

    /// <summary>Adds each column in which two rows of one key differ; false where none does.</summary>
    public static bool Compare(ComparedTable table, FetchedRow source, FetchedRow target, ImmutableArray<RowDifference>.Builder into)
    {
        var differs = false;
        for (var i = 0; i < table.Columns.Length; i++)
        {
            if (source.Cells[i] == target.Cells[i]) continue;
            differs = true;
            into.Add(new(source.Name(table), table.Columns[i].Source, source.Value(table, i), target.Value(table, i)));
        }
        return differs;
    }
}
