using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Source;

/// <summary>Looks at every value of every table once, in parallel ranges, under the snapshot that will be copied.</summary>
public static class Profiling
{
    // Below this span of keys a table is scanned in one piece: a seek costs more than it saves.
    private const int PiecesPerJob = 2;

    public static async Task<ImmutableDictionary<string, TableProfile>> ProfileAsync(
        ISnapshot snapshot, DatabaseSchema schema, TypeOptions types, int jobs, long chunkBytes, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        var pieces = new List<Piece>();
        foreach (var table in schema.Tables)
            foreach (var range in await snapshot.PartitionAsync(table, jobs > 1 ? jobs * PiecesPerJob : 1, ct))
                pieces.Add(new(table, range, new TableProfiler(table, table.Columns, chunkBytes, types)));

        var options = new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = ct };
        // Pieces of large tables first: the last worker to finish then has a small one.
        await Parallel.ForEachAsync(pieces.OrderByDescending(p => p.Range == KeyRange.All ? 0 : 1), options, async (piece, token) =>
            await snapshot.ScanAsync(piece.Table, [.. piece.Table.Columns.Select(c => c.Name)], piece.Range, piece.Profiler, token));

        var profiles = ImmutableDictionary.CreateBuilder<string, TableProfile>();
        foreach (var group in pieces.GroupBy(p => p.Table.Name))
            profiles[group.Key] = TableProfile.Merge(group.Select(p => p.Profiler.ToProfile()));
        foreach (var (table, profile) in profiles) progress.Report(new MigrationEvent.TableFinished(Stage.Profile, table, profile.Rows, 0, TimeSpan.Zero));
        return profiles.ToImmutable();
    }

    private sealed record Piece(Table Table, KeyRange Range, TableProfiler Profiler);
}
