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

    /// <summary>
    /// Names in the schema that nothing else can have, whatever becomes of the tables called <paramref name="wanted"/>: what extensions have there, and indexes
    /// and sequences of other tables.
    /// </summary>
    public static async Task<ImmutableArray<string>> TakenAsync(NpgsqlConnection connection, string schema, IEnumerable<string> wanted, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(EmbeddedSql.Read("Target/Sql/taken.sql"), connection) { Parameters = { new() { Value = schema }, new() { Value = wanted.ToArray() } } };
        var found = ImmutableArray.CreateBuilder<string>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) found.Add(reader.GetString(0));
        return found.ToImmutable();
    }

    public sealed record Column(string Table, string Name, string PgType, bool Generated, bool NotNull, bool HasDefault, bool Identity, string? Labels);

    /// <summary>Columns of the schema's ordinary and partitioned tables, in order.</summary>
    public static async Task<ImmutableArray<Column>> ColumnsAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            select c.relname, a.attname, format_type(b.oid, b.typmod), a.attgenerated <> '', a.attnotnull, a.atthasdef and a.attgenerated = '' or b.defaults, a.attidentity <> '',
              (select array_agg(enumlabel::text order by enumsortorder) from pg_enum where enumtypid = b.oid)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
              -- A domain is written as what it is made of.
              cross join lateral (
                with recursive d as (
                  select t.oid, a.atttypmod as typmod, t.typtype, t.typbasetype, t.typtypmod, t.typdefault is not null as defaults from pg_type t where t.oid = a.atttypid
                  union all
                  select t.oid, d.typtypmod, t.typtype, t.typbasetype, t.typtypmod, d.defaults from d join pg_type t on d.typtype = 'd' and t.oid = d.typbasetype)
                select oid, typmod, defaults from d where typtype <> 'd') b
            where n.nspname = $1 and c.relkind in ('r', 'p') order by c.relname, a.attnum
            """, connection) { Parameters = { new() { Value = schema } } };
        var found = ImmutableArray.CreateBuilder<Column>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            found.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), reader.GetBoolean(4), reader.GetBoolean(5), reader.GetBoolean(6),
                reader.IsDBNull(7) ? null : $"\0{string.Join('\0', reader.GetFieldValue<string[]>(7))}\0"));
        return found.ToImmutable();
    }

    /// <summary>Foreign keys between tables of the schema, with the definition that makes them again.</summary>
    public static async Task<ImmutableArray<(string Table, string Name, string Parent, string Definition)>> ForeignKeysAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            select c.relname, k.conname, p.relname, pg_get_constraintdef(k.oid)
            from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace join pg_class p on p.oid = k.confrelid and p.relnamespace = n.oid
            where k.contype = 'f' and k.conparentid = 0 and n.nspname = $1 order by c.relname, k.conname
            """, connection) { Parameters = { new() { Value = schema } } };
        var found = ImmutableArray.CreateBuilder<(string, string, string, string)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) found.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return found.ToImmutable();
    }

    /// <summary>Triggers of users that fire for INSERT.</summary>
    public static async Task<ImmutableArray<(string Table, string Name)>> TriggersAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        // pg_trigger.h: TRIGGER_TYPE_INSERT is 4. O and A: they fire in an ordinary session.
        await using var command = new NpgsqlCommand("""
            select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
            where not t.tgisinternal and t.tgtype & 4 <> 0 and t.tgenabled in ('O', 'A') and n.nspname = $1 order by 1, 2
            """, connection) { Parameters = { new() { Value = schema } } };
        var found = ImmutableArray.CreateBuilder<(string, string)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) found.Add((reader.GetString(0), reader.GetString(1)));
        return found.ToImmutable();
    }
}
