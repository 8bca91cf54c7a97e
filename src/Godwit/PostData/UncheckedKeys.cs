using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.PostData;

/// <summary>
/// Foreign keys, and deferrable keys of other kinds, of tables that were there before. Triggers look at them, which do not fire while rows come in as a superuser
/// (session_replication_role = replica), and PostgreSQL takes them for proven all the same. Each is looked at, as each that Godwit makes itself is validated.
/// </summary>
internal static class UncheckedKeys
{
    // Of what rows went into, and of what that is a partition of.
    private const string Proven = """
        select k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), min(w.name)
        from unnest($1::text[]) w(name) cross join lateral (select w.name::regclass union select a.relid from pg_partition_ancestors(w.name::regclass) a) t(oid) join pg_constraint k on k.conrelid = t.oid
        where k.contype = 'f' and k.convalidated and k.conparentid = 0 group by k.oid, k.conrelid, k.conname order by 1, 2
        """;

    private const string Deferrable = """
        select k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), w.name from unnest($1::text[]) w(name) join pg_constraint k on k.conrelid = w.name::regclass
        where k.contype in ('p', 'u', 'x') and k.condeferrable order by 1, 2
        """;

    /// <summary>A finding for each that rows break, or of which it is not known.</summary>
    public static async Task<ImmutableArray<Finding>> FindAsync(ITarget target, MigrationPlan plan, CancellationToken ct)
    {
        if (!plan.LoadsQuietly(target)) return [];
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            var findings = ImmutableArray.CreateBuilder<Finding>();
            foreach (var (table, name, definition, loaded) in await KeysAsync(connection, plan, Proven, ct))
            {
                if (await EnforcedKey.FindAsync(connection, table, name, ct) is not { } key || await Orphans.ListAsync(connection, plan.Tables.First(t => t.Load.ToString() == loaded), key, ct) is not { } rows) continue;
                var quoted = SqlName.Quote(name);
                findings.Add(new("foreign-key-orphans", Severity.Warning, $"CONSTRAINT {table}.{quoted}", $"Its table holds rows without a parent: {rows}. The key was there before and was not checked while rows came in: PostgreSQL takes it for proven.",
                    $"Repair those rows; or say that it is not proven: ALTER TABLE {table} DROP CONSTRAINT {quoted}, ADD CONSTRAINT {quoted} {definition} NOT VALID;"));
            }
            foreach (var (table, name, definition, loaded) in await KeysAsync(connection, plan, Deferrable, ct))
            {
                // Of periods and of other operators than "=", only the constraint itself can tell.
                var isEquality = !definition.StartsWith("EXCLUDE", StringComparison.Ordinal) && !definition.Contains(" WITHOUT OVERLAPS", StringComparison.Ordinal);
                var rows = isEquality ? await Duplicates.DescribeAsync(connection, plan.Tables.First(t => t.Load.ToString() == loaded), definition, ct) : "Whether rows break it is not known.";
                if (rows is null) continue;
                var quoted = SqlName.Quote(name);
                findings.Add(new("unique-unchecked", Severity.Warning, $"CONSTRAINT {table}.{quoted}", $"{rows} The constraint was there before, is DEFERRABLE and was not checked while rows came in: PostgreSQL takes it for proven.",
                    $"Repair such rows, then have it proven: ALTER TABLE {table} DROP CONSTRAINT {quoted}, ADD CONSTRAINT {quoted} {definition};"));
            }
            return findings.ToImmutable();
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "looking for rows without a parent");
        }
    }

    private static async Task<List<(string Table, string Name, string Definition, string Rows)>> KeysAsync(NpgsqlConnection connection, MigrationPlan plan, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = plan.Tables.Select(t => t.Load.ToString()).ToArray() } } };
        await using var row = await command.ExecuteReaderAsync(ct);
        var keys = new List<(string, string, string, string)>();
        while (await row.ReadAsync(ct)) keys.Add((row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3)));
        return keys;
    }
}
