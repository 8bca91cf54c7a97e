using System.Collections.Frozen;
using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.Plan;

/// <summary>What a target already has that statements of another PostgreSQL may name or clash with.</summary>
public sealed record TargetInventory
{
    public required int VersionNumber { get; init; }
    public required string Role { get; init; }
    public bool IsSuperuser { get; init; }
    /// <summary>Roles of the server; those that the own role may act for.</summary>
    public FrozenSet<string> Roles { get; init; } = [];
    public FrozenSet<string> OwnRoles { get; init; } = [];
    public FrozenSet<string> Tablespaces { get; init; } = [];
    public FrozenSet<string> AccessMethods { get; init; } = [];
    public FrozenSet<string> Schemas { get; init; } = [];
    /// <summary>Tables, views, sequences, types that somebody made, quoted with their schema.</summary>
    public FrozenSet<string> Relations { get; init; } = [];
    public FrozenSet<string> Types { get; init; } = [];
    /// <summary>No table or view may be called as one of them.</summary>
    public FrozenSet<string> Indexes { get; init; } = [];
    /// <summary>Functions, procedures and aggregates, extensions' own too: schema.name(types), as a dump calls them.</summary>
    public FrozenSet<string> Functions { get; init; } = [];
    /// <summary>Extensions that could be created, with their newest version.</summary>
    public ImmutableDictionary<string, string> Available { get; init; } = ImmutableDictionary<string, string>.Empty;
    public ImmutableDictionary<string, string> Installed { get; init; } = ImmutableDictionary<string, string>.Empty;

    public static async Task<TargetInventory> ReadAsync(ITarget target, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await using var command = new NpgsqlCommand(EmbeddedSql.Read("Plan/Sql/target_inventory.sql"), connection);
            await using var reader = await command.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            FrozenSet<string> Set(int i) => reader.GetFieldValue<string[]>(i).ToFrozenSet(StringComparer.Ordinal);
            ImmutableDictionary<string, string> Pairs(int i) => reader.GetFieldValue<string[]>(i).Zip(reader.GetFieldValue<string[]>(i + 1)).ToImmutableDictionary(p => p.First, p => p.Second);
            ImmutableArray<SqlName> Names(int i) => [.. reader.GetFieldValue<string[]>(i).Zip(reader.GetFieldValue<string[]>(i + 1), (s, n) => new SqlName(s, n))];
            return new()
            {
                VersionNumber = target.Profile.VersionNumber,
                Role = target.Profile.Role,
                IsSuperuser = target.Profile.IsSuperuser,
                Roles = Set(0),
                OwnRoles = Set(1),
                Tablespaces = Set(2),
                AccessMethods = Set(3),
                Schemas = Set(4),
                Relations = Names(5).Select(n => n.ToString()).ToFrozenSet(StringComparer.Ordinal),
                Types = Names(7).Select(n => n.ToString()).ToFrozenSet(StringComparer.Ordinal),
                Available = Pairs(9),
                Installed = Pairs(11),
                Indexes = Names(13).Select(n => n.ToString()).ToFrozenSet(StringComparer.Ordinal),
                Functions = Set(15),
            };
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "Looking at " + target.Display);
        }
    }
}
