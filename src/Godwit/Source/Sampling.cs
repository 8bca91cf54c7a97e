using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Source;

/// <summary>
/// Looks at some rows of every table, spread over its positions. Small tables are seen whole. Good for a first guess, which the look at
/// every value during the copy confirms or refutes (docs/decisions/0005).
/// </summary>
public static class Sampling
{
    /// <summary>Rows of one table that are looked at; a table of fewer is seen whole.</summary>
    public const int Rows = 16_000;
    private const int Pieces = 16;

    /// <summary>By table name. A table whose columns are not all copied (generated ones) is seen whole, since the copy would not see them.</summary>
    public static async Task<ImmutableDictionary<string, TableProfile>> ProfileAsync(
        ISnapshot snapshot, DatabaseSchema schema, TypeOptions types, int jobs, long chunkBytes, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        var profiles = new System.Collections.Concurrent.ConcurrentDictionary<string, TableProfile>();
        await Parallel.ForEachAsync(schema.Tables, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = ct }, async (table, token) =>
        {
            if (table.Columns.All(c => c.Generated is null) && await SampleAsync(snapshot, table, types, jobs, chunkBytes, token) is { } sample) profiles[table.Name] = sample;
        });
        var rest = schema with { Tables = [.. schema.Tables.Where(t => !profiles.ContainsKey(t.Name))] };
        var whole = await Profiling.ProfileAsync(snapshot, rest, types, jobs, chunkBytes, progress, ct);
        foreach (var (table, profile) in profiles) progress.Report(new MigrationEvent.TableFinished(Stage.Profile, table, profile.Rows, 0, TimeSpan.Zero));
        return whole.AddRange(profiles);
    }

    /// <summary>Null where the table must be seen whole, so that it can be cut into chunks.</summary>
    private static async Task<TableProfile?> SampleAsync(ISnapshot snapshot, Table table, TypeOptions types, int jobs, long chunkBytes, CancellationToken ct)
    {
        var ranges = await snapshot.PartitionAsync(table, Pieces, ct);
        var columns = table.Columns.Select(c => c.Name).ToImmutableArray();
        var seen = new List<TableProfile>();
        foreach (var range in ranges)
        {
            var profiler = new TableProfiler(table, table.Columns, chunkBytes, types, Rows / ranges.Length);
            await snapshot.ScanAsync(table, columns, range, profiler, ct);
            seen.Add(profiler.ToProfile());
        }
        var sample = TableProfile.Merge(seen);
        if (sample.Complete) return sample;
        // Few positions, and more bytes than a sample holds; a table without positions is one chunk in any case.
        if (ranges.Length == 1 && table.HasRowId) return null;
        return await EstimateAsync(snapshot, table, ranges, seen, sample, jobs, chunkBytes, ct);
    }

    /// <summary>Rows and bytes as dense as in the sample of each range; chunks of equal spans of positions.</summary>
    private static async Task<TableProfile> EstimateAsync(ISnapshot snapshot, Table table, ImmutableArray<KeyRange> ranges, List<TableProfile> seen, TableProfile sample, int jobs, long chunkBytes, CancellationToken ct)
    {
        long rows = 0;
        for (var i = 0; i < ranges.Length; i++)
        {
            if (seen[i].Complete || seen[i].Chunks.IsEmpty) rows += seen[i].Rows;
            else rows += (long)Math.Min(1e15, (double)Span(ranges, i, seen[i]) * seen[i].Rows / (seen[i].Chunks[^1].To - (double)seen[i].Chunks[0].From + 1));
        }
        var bytes = (long)((double)rows * sample.Bytes / sample.Rows);
        var wanted = Math.Max(Math.Max(bytes / chunkBytes, rows / TableProfiler.MaxChunkRows) + 1, jobs * 2L);
        var pieces = await snapshot.PartitionAsync(table, (int)Math.Min(wanted, 100_000), ct);
        return sample with
        {
            Rows = rows,
            Bytes = bytes,
            Chunks = [.. pieces.Select(p => (p.From ?? long.MinValue, p.To ?? long.MaxValue, rows / pieces.Length, bytes / pieces.Length))],
        };
    }

    // The ranges are of one width, but the ends are open: the first and the last are as wide as those between.
    private static double Span(ImmutableArray<KeyRange> ranges, int i, TableProfile seen) =>
        ranges[i] is { From: { } from, To: { } to } ? (double)to - from + 1
        : i == 0 ? (double)ranges[0].To!.Value - seen.Chunks[0].From + 1
        : ranges.Length > 2 ? (double)ranges[1].To!.Value - ranges[1].From!.Value + 1
        : (double)seen.Chunks[^1].To - ranges[i].From!.Value + 1;
}
