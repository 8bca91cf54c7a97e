using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>
/// A partition that one side has and the other has not. Attaching one that holds rows, detaching and dropping one writes no row, so that a slot brings nothing of it.
/// <paramref name="Bound"/>: of one that the origin has, as PostgreSQL prints it; null where the origin has it no longer. <paramref name="Elsewhere"/>: the table is there on the side that lacks the partition.
/// </summary>
internal sealed record PartitionDrift(SqlName Name, SqlName Parent, string? Bound, bool Elsewhere)
{
    private const string Partitions = """
        select n.nspname, c.relname, pn.nspname, p.relname, pg_get_expr(c.relpartbound, c.oid)
        from unnest($1::text[]) w cross join lateral pg_partition_tree(to_regclass(w)) t
          join pg_class c on c.oid = t.relid join pg_namespace n on n.oid = c.relnamespace join pg_class p on p.oid = t.parentrelid join pg_namespace pn on pn.oid = p.relnamespace
        order by t.level, 1, 2
        """;

    /// <summary>What makes the follower's side as the origin is.</summary>
    public string Remedy => (Bound, Elsewhere) switch
    {
        (null, true) => $"alter table {Parent} detach partition {Name};",
        (null, false) => $"drop table {Name};",
        (_, true) => $"alter table {Parent} attach partition {Name} {Bound};",
        (_, false) => $"create table {Name} partition of {Parent} {Bound};",
    };

    public string Words => Bound is null ? $"{Name} is no longer a partition of {Parent}" : $"{Name} is a partition of {Parent} now";

    /// <summary>Of the tables that are followed. <paramref name="isLeftBehind"/>: partitions that stay with the source's platform, whatever becomes of their parent.</summary>
    public static async Task<ImmutableArray<PartitionDrift>> CompareAsync(NpgsqlConnection origin, NpgsqlConnection here, IEnumerable<SqlName> tables, Func<SqlName, bool> isLeftBehind, CancellationToken ct)
    {
        var names = tables.Select(t => t.ToString()).ToArray();
        var (there, known) = (await ReadAsync(origin, names, ct), await ReadAsync(here, names, ct));
        var fresh = there.Where(p => !isLeftBehind(p.Name) && !known.Exists(k => k.Name == p.Name && k.Parent == p.Parent)).ToList();
        var gone = known.Where(k => !there.Exists(p => p.Name == k.Name && p.Parent == k.Parent)).ToList();
        if (fresh.Count + gone.Count == 0) return [];
        var (left, right) = (await ExistingAsync(origin, gone, ct), await ExistingAsync(here, fresh, ct));
        return [.. gone.Select(p => new PartitionDrift(p.Name, p.Parent, null, left.Contains(p.Name.ToString()))), .. fresh.Select(p => new PartitionDrift(p.Name, p.Parent, p.Bound, right.Contains(p.Name.ToString())))];
    }

    private static async Task<List<(SqlName Name, SqlName Parent, string Bound)>> ReadAsync(NpgsqlConnection connection, string[] tables, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Partitions, connection) { Parameters = { new() { Value = tables } } };
        await using var row = await command.ExecuteReaderAsync(ct);
        var partitions = new List<(SqlName, SqlName, string)>();
        while (await row.ReadAsync(ct)) partitions.Add((new(row.GetString(0), row.GetString(1)), new(row.GetString(2), row.GetString(3)), row.GetString(4)));
        return partitions;
    }

    private static async Task<HashSet<string>> ExistingAsync(NpgsqlConnection connection, IEnumerable<(SqlName Name, SqlName Parent, string Bound)> partitions, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select w from unnest($1::text[]) w where to_regclass(w) is not null", connection) { Parameters = { new() { Value = partitions.Select(p => p.Name.ToString()).ToArray() } } };
        await using var row = await command.ExecuteReaderAsync(ct);
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (await row.ReadAsync(ct)) names.Add(row.GetString(0));
        return names;
    }
}
