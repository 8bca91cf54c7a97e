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
    private static readonly HashSet<string> RoleLists = ["acl", "roles", "member of"];

    public Dictionary<(string Kind, string Identity), CatalogObject> Objects { get; } = [];
    public Dictionary<string, string> Unread { get; } = [];

    /// <summary><paramref name="roles"/>: what roles are called on the other side.</summary>
    public static async Task<Catalog> ReadAsync(PairSide side, Func<string, bool> isCompared, IReadOnlyDictionary<string, string> roles, CancellationToken ct)
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
                    if (Read(kind, reader, roles) is var read && (read.Schema is null || isCompared(read.Schema))) catalog.Objects[(kind, read.Identity)] = read;
            }
            catch (PostgresException e) when (e.SqlState is "42501" or "42P01" or "42703" or "XX000")
            {
                catalog.Unread[kind] = $"the {side.Word} refuses to read it (SQLSTATE {e.SqlState}): {e.MessageText}";
                await PairSide.ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT kind", ct);
            }
        }
        return catalog;
    }

    private static CatalogObject Read(string kind, NpgsqlDataReader reader, IReadOnlyDictionary<string, string> roles)
    {
        string? Text(int i) => reader.IsDBNull(i) ? null : reader.GetString(i);
        var aspects = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 3; i < reader.FieldCount; i++)
        {
            if (Text(i) is not { Length: > 0 } value) continue;
            var name = reader.GetName(i);
            aspects[name] = name == "owner" ? Called(value, roles) : RoleLists.Contains(name) ? RoleList(value, roles) : value;
        }
        var identity = reader.GetString(0);
        if (kind is "role" or "default-privileges") identity = Renamed(identity, roles);
        return new(kind, identity, Text(1), Text(2), aspects);
    }

    private static string Called(string role, IReadOnlyDictionary<string, string> roles) => roles.GetValueOrDefault(role, role);

    /// <summary>"role=SELECT,UPDATE; other=SELECT", "role; other (admin)": the names mapped, the order that of the new names. Roles that became one are one.</summary>
    private static string RoleList(string list, IReadOnlyDictionary<string, string> roles) =>
        string.Join("; ", list.Split("; ").Select(entry => Renamed(entry, roles)).Distinct().Order(StringComparer.Ordinal));

    private static string Renamed(string entry, IReadOnlyDictionary<string, string> roles)
    {
        foreach (var (from, to) in roles)
            if (entry == from || entry.StartsWith(from, StringComparison.Ordinal) && entry[from.Length] is '=' or ' ' or ':') return to + entry[from.Length..];
        return entry;
    }
}
