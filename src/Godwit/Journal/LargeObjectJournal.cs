using System.Collections.Immutable;
using Npgsql;

namespace Godwit.Journal;

/// <summary>Facts about large objects: one chunk each, numbered by its oid.</summary>
public static class LargeObjectJournal
{
    public const string Table = "large objects";

    /// <summary>Call inside the transaction that wrote the object.</summary>
    public static Task ObjectDoneAsync(NpgsqlConnection connection, Guid run, uint oid, CancellationToken ct) =>
        RunJournal.ChunkDoneAsync(connection, run, new(Table, unchecked((int)oid), 1, 0), ct);

    public static async Task<ImmutableHashSet<uint>> DoneAsync(NpgsqlConnection connection, Guid run, CancellationToken ct) =>
        [.. (await RunJournal.ChunksAsync(connection, run, ct)).Where(c => c.Table == Table).Select(c => unchecked((uint)c.Number))];
}
