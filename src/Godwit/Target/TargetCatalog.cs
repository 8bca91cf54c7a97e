using System.Collections.Immutable;
using Npgsql;

namespace Godwit.Target;

/// <summary>What a target schema already holds.</summary>
public static class TargetCatalog
{
    /// <summary>Names of all relations of the schema, with their kind in words.</summary>
    public static async Task<ImmutableDictionary<string, string>> RelationsAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            select c.relname, case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialized view' when 'i' then 'index'
              when 'S' then 'sequence' when 'f' then 'foreign table' else 'relation' end
            from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1
            """, connection) { Parameters = { new() { Value = schema } } };
        var found = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) found[reader.GetString(0)] = reader.GetString(1);
        return found.ToImmutable();
    }

    public sealed record Column(string Table, string Name, string PgType, bool Generated, bool NotNull, bool HasDefault, bool Identity);

    /// <summary>Columns of the schema's ordinary and partitioned tables, in order.</summary>
    public static async Task<ImmutableArray<Column>> ColumnsAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '', a.attnotnull, a.atthasdef and a.attgenerated = '', a.attidentity <> ''
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where n.nspname = $1 and c.relkind in ('r', 'p') order by c.relname, a.attnum
            """, connection) { Parameters = { new() { Value = schema } } };
        var found = ImmutableArray.CreateBuilder<Column>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            found.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), reader.GetBoolean(4), reader.GetBoolean(5), reader.GetBoolean(6)));
        return found.ToImmutable();
    }
}
