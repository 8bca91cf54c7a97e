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
    /// <summary>Roles that are one with another in the target.</summary>
    public List<string> Merged { get; } = [];
    /// <summary>What a promise names by its role, which has another name in the target.</summary>
    public List<(string Kind, string Identity)> OfRoles { get; } = [];

    /// <summary><paramref name="names"/>: what roles are called on the other side. <paramref name="spelt"/>: text as both sides would spell its names. <paramref name="isPromised"/>: whether an object named by its role was to stay behind.</summary>
    public static async Task<Catalog> ReadAsync(PairSide side, Func<string, bool> isCompared, RoleNames names, Func<string, string> spelt, Func<string, string, bool> isPromised, CancellationToken ct)
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
                    if (catalog.Read(kind, reader, side.Word, names, spelt, isPromised) is { } read && (read.Schema is null || isCompared(read.Schema))) catalog.Keep(read);
            }
            catch (PostgresException e) when (e.SqlState is "42501" or "42P01" or "42703" or "XX000")
            {
                catalog.Unread[kind] = $"the {side.Word} refuses to read it (SQLSTATE {e.SqlState}): {e.MessageText}";
                await PairSide.ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT kind", ct);
            }
        }
        return catalog;
    }

    // Two roles that became one have the default privileges of both.
    private void Keep(CatalogObject read)
    {
        if (Objects.TryGetValue((read.Kind, read.Identity), out var other) && read.Kind == "default-privileges")
            read = read with { Aspects = new Dictionary<string, string>(read.Aspects) { ["acl"] = RoleNames.Together(read.Aspects.GetValueOrDefault("acl"), other.Aspects.GetValueOrDefault("acl")) } };
        Objects[(read.Kind, read.Identity)] = read;
    }

    private CatalogObject? Read(string kind, NpgsqlDataReader reader, string side, RoleNames names, Func<string, string> spelt, Func<string, string, bool> isPromised)
    {
        string? Text(int i) => reader.IsDBNull(i) ? null : spelt(reader.GetString(i));
        var identity = spelt(reader.GetString(0));
        // Those of the target count whether or not anything in its database knows them.
        if (kind == "role" && (names.IsAbsent(identity) || reader.IsDBNull(3) && side == "source")) return null;
        if (kind == "role" && names.IsMerged(identity))
        {
            Merged.Add(identity);
            return null;
        }
        var aspects = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 3; i < reader.FieldCount; i++)
            if (Text(i) is { Length: > 0 } value) aspects[reader.GetName(i)] = value;
        if (kind == "role") aspects.Remove("used");
        names.Apply(aspects);
        if (kind == "role") identity = names.Of(identity);
        if (kind is "default-privileges" or "user-mapping" && identity.IndexOfAny([' ', ':']) is > 0 and var end)
        {
            if (names.IsAbsent(identity[..end])) return null;
            if (isPromised(kind, identity))
            {
                OfRoles.Add((kind, identity));
                return null;
            }
            identity = names.Of(identity[..end]) + identity[end..];
        }
        return new(kind, identity, reader.IsDBNull(1) ? null : reader.GetString(1), Text(2), aspects);
    }
}
