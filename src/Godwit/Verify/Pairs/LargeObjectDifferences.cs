using System.Collections.Immutable;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Godwit.Verify.Pairs;

/// <summary>Large objects of two databases, by their numbers: how many the first has, which the second lacks, which it alone has, and which hold other bytes.</summary>
internal sealed record LargeObjectDifferences(int Count, ImmutableArray<uint> Missing, ImmutableArray<uint> Extra, ImmutableArray<uint> Changed)
{
    private const string MayReadPages = "select has_table_privilege('pg_catalog.pg_largeobject', 'select')";

    public static async Task<LargeObjectDifferences> FindAsync(NpgsqlConnection source, NpgsqlConnection target, CancellationToken ct)
    {
        var byPage = await MayAsync(source, ct) && await MayAsync(target, ct);
        var (there, here) = (await SumsAsync(source, byPage, null, ct), await SumsAsync(target, byPage, null, ct));
        // The same bytes may lie on other pages where an object was written with gaps.
        var doubtful = byPage ? there.Keys.Where(k => here.TryGetValue(k, out var other) && other != there[k]).ToList() : [];
        if (doubtful.Count > 0)
        {
            foreach (var (oid, hash) in await SumsAsync(source, false, doubtful, ct)) there[oid] = hash;
            foreach (var (oid, hash) in await SumsAsync(target, false, doubtful, ct)) here[oid] = hash;
        }
        return new(there.Count, [.. there.Keys.Except(here.Keys).Order()], [.. here.Keys.Except(there.Keys).Order()], [.. there.Keys.Where(o => here.TryGetValue(o, out var other) && other != there[o]).Order()]);
    }

    /// <summary>Objects that cannot be read at once (a gigabyte is too much) or not at all.</summary>
    public static bool IsTooMuch(PostgresException e) => e.SqlState is "42501" or "54000" or "53200" or "22023";

    private static async Task<bool> MayAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(MayReadPages, connection);
        return await command.ExecuteScalarAsync(ct) is true;
    }

    // As long as it takes: all bytes of them are read.
    private static async Task<Dictionary<uint, string>> SumsAsync(NpgsqlConnection connection, bool byPage, List<uint>? these, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(PairSql.Read(byPage ? "large-objects" : "large-objects-whole"), connection) { AllResultTypesAreUnknown = true, CommandTimeout = 0 };
        if (!byPage) command.Parameters.Add(new() { Value = these is null ? DBNull.Value : "{" + string.Join(',', these) + "}", NpgsqlDbType = NpgsqlDbType.Unknown });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new Dictionary<uint, string>();
        while (await reader.ReadAsync(ct)) found[uint.Parse(reader.GetString(0), CultureInfo.InvariantCulture)] = reader.GetString(1);
        return found;
    }
}
