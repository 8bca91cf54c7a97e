using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>
/// An object of a catalog by its identity, never by its oid. <paramref name="Of"/>: the table or view that it belongs to.
/// <paramref name="Aspects"/>: each property as text; what is not set is not there.
/// </summary>
internal sealed record CatalogObject(string Kind, string Identity, string? Schema, string? Of, IReadOnlyDictionary<string, string> Aspects);

/// <summary>Everything that a side's catalog holds, by kind, and the kinds that could not be read.</summary>
internal sealed class Catalog
{
    public Dictionary<(string Kind, string Identity), CatalogObject> Objects { get; } = [];
    public Dictionary<string, string> Unread { get; } = [];

    /// <summary><paramref name="names"/>: what roles are called on the other side.</summary>
    public static async Task<Catalog> ReadAsync(PairSide side, Func<string, bool> isCompared, RoleNames names, CancellationToken ct)
    {
        var catalog = new Catalog();
        await using var connection = await side.ConnectAsync(ct);
        foreach (var kind in PairSql.Kinds)
        {
            await PairSide.ExecuteAsync(connection, "SAVEPOINT kind", ct);
            try
            {
                await using var command = new NpgsqlCommand(PairSql.Catalog(kind), connection) { AllResultTypesAreUnknown = true };
                await using var reader = await command.ExecuteReaderAsync(ct);
                while (await reader.ReadAsync(ct))
                    if (Read(kind, reader, names) is { } read && (read.Schema is null || isCompared(read.Schema))) catalog.Objects[(kind, read.Identity)] = read;
            }
            catch (PostgresException e) when (e.SqlState is "42501" or "42P01" or "42703" or "XX000")
            {
                catalog.Unread[kind] = $"the {side.Word} refuses to read it (SQLSTATE {e.SqlState}): {e.MessageText}";
                await PairSide.ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT kind", ct);
            }
        }
        return catalog;
    }

    private static CatalogObject? Read(string kind, NpgsqlDataReader reader, RoleNames names)
    {
        string? Text(int i) => reader.IsDBNull(i) ? null : reader.GetString(i);
        var identity = reader.GetString(0);
        if (kind == "role" && names.IsAbsent(identity)) return null;
        var aspects = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 3; i < reader.FieldCount; i++)
            if (Text(i) is { Length: > 0 } value) aspects[reader.GetName(i)] = value;
        names.Apply(aspects);
        if (kind == "role") identity = names.Of(identity);
        if (kind == "default-privileges" && identity.IndexOfAny([' ', ':']) is > 0 and var end)
        {
            if (names.IsAbsent(identity[..end])) return null;
            identity = names.Of(identity[..end]) + identity[end..];
        }
        return new(kind, identity, Text(1), Text(2), aspects);
    }
}
