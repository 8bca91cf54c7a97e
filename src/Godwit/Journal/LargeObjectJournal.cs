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

    /// <summary>Every object that the journal's database has by now. Returns how many the journal did not know.</summary>
    public static async Task<int> AllDoneAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        // As the cast of a number beyond int's does it.
        await using var command = new NpgsqlCommand("""
            insert into godwit.chunk (run_id, source_table, number, rows, misfits)
            select $1, $2, (oid::int8 - case when oid::int8 > 2147483647 then 4294967296 else 0 end)::int, 1, 0 from pg_largeobject_metadata on conflict do nothing
            """, connection) { Parameters = { new() { Value = run }, new() { Value = Table } } };
        return await command.ExecuteNonQueryAsync(ct);
    }

    public static async Task<ImmutableHashSet<uint>> DoneAsync(NpgsqlConnection connection, Guid run, CancellationToken ct) =>
        [.. (await RunJournal.ChunksAsync(connection, run, ct)).Where(c => c.Table == Table).Select(c => unchecked((uint)c.Number))];
}
