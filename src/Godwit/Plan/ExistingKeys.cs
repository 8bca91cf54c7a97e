using System.Collections.Frozen;
using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;
using NpgsqlTypes;

namespace Godwit.Plan;

/// <summary>A foreign key of a target's own table. <paramref name="Children"/> and <paramref name="Parents"/>: the tables and all their partitions.</summary>
public sealed record ExistingForeignKey(SqlName Table, string Name, string Definition, bool MayAlter, bool IsTree, bool ToTree, FrozenSet<SqlName> Children, FrozenSet<SqlName> Parents);

/// <summary>What looks at rows while they come into a PostgreSQL target's own tables, with --data-only and --if-exists append from another PostgreSQL.</summary>
public sealed record ExistingKeys
{
    /// <summary>Those that are checked: none for a superuser, whose rows come in quietly.</summary>
    public ImmutableArray<ExistingForeignKey> ForeignKeys { get; init; } = [];
    public ImmutableArray<(SqlName Table, string Name)> Triggers { get; init; } = [];

    public static async Task<ExistingKeys> ReadAsync(ITarget target, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            var keys = ImmutableArray.CreateBuilder<ExistingForeignKey>();
            if (!target.Profile.IsSuperuser)
            {
                // Definitions name what they reference with its schema, then.
                await using var command = new NpgsqlCommand("SET search_path = pg_catalog; " + EmbeddedSql.Read("Plan/Sql/target_keys.sql"), connection);
                await using var row = await command.ExecuteReaderAsync(ct);
                FrozenSet<SqlName> Names(int i) => row.GetFieldValue<string[]>(i).Zip(row.GetFieldValue<string[]>(i + 1), (s, n) => new SqlName(s, n)).ToFrozenSet();
                while (await row.ReadAsync(ct))
                    keys.Add(new(new(row.GetString(0), row.GetString(1)), row.GetString(2), row.GetString(3), row.GetBoolean(4), row.GetBoolean(5), row.GetBoolean(6), Names(7), Names(9)));
            }
            var triggers = ImmutableArray.CreateBuilder<(SqlName, string)>();
            await using (var command = new NpgsqlCommand(EmbeddedSql.Read("Plan/Sql/target_triggers.sql"), connection) { Parameters = { new() { Value = target.Profile.IsSuperuser, NpgsqlDbType = NpgsqlDbType.Boolean } } })
            await using (var row = await command.ExecuteReaderAsync(ct))
                while (await row.ReadAsync(ct)) triggers.Add((new(row.GetString(0), row.GetString(1)), row.GetString(2)));
            return new() { ForeignKeys = keys.ToImmutable(), Triggers = triggers.ToImmutable() };
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "Looking at " + target.Display);
        }
    }
}
