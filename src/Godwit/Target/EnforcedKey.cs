using System.Collections.Immutable;
using Npgsql;
using NpgsqlTypes;

namespace Godwit.Target;

/// <summary>A foreign key as the target's catalog has it; names are quoted. <paramref name="Child"/> and <paramref name="Parent"/> are what a FROM says.</summary>
internal sealed record EnforcedKey(uint Oid, string Name, string Child, string Parent, bool ParentIsTree, bool MatchFull, ImmutableArray<string> From, ImmutableArray<string> To, ImmutableArray<string> Operators, bool OverTime)
{
    private string ParentFrom => ParentIsTree ? Parent : "ONLY " + Parent;

    /// <summary>A row c of the child has the row p of the parent; over time, p is one of those whose periods make up its own.</summary>
    private string Match(string p) => string.Join(" and ", From.Select((f, i) => $"{p}.{To[i]} {Operators[i]} c.{f}"));

    /// <summary>Says of a row c of the child that it has its parent. A key over time (PostgreSQL 18) asks for rows whose periods together hold its own (CREATE TABLE, PERIOD).</summary>
    private string HasParent(string but) => OverTime
        ? $"coalesce((select c.{From[^1]} operator(pg_catalog.<@) pg_catalog.range_agg(s.{To[^1]}) from {ParentFrom} s where {Match("s")}{but}), false)"
        : $"exists (select from {ParentFrom} s where {Match("s")})";

    /// <summary>Rows c that the key asks a parent of: with MATCH FULL those that are NULL in part, too, which have none (CREATE TABLE, REFERENCES).</summary>
    private string Asks => $"{(MatchFull ? "num_nonnulls" : "num_nulls")}({string.Join(", ", From.Select(f => "c." + f))}) {(MatchFull ? "> 0" : "= 0")}";

    /// <summary>Rows of the child that have no parent: what follows SELECT.</summary>
    public string Orphans => $"from {Child} c where {Asks} and not {HasParent("")}";

    /// <summary>The same of rows that are not in the child yet: those of a table of its form. Where the child references itself, one may be another's parent. Not for keys over time.</summary>
    public string OrphansAmong(string rows) => (this with { Child = rows }).Orphans + (Child == ParentFrom ? $" and not exists (select from {rows} s where {Match("s")})" : "");

    /// <summary>Rows of the child whose parent is among the rows <paramref name="aside"/> (rel, id) a.</summary>
    public string ChildrenOf(string aside) => $"from {Child} c join {ParentFrom} p on {Match("p")} join {aside} a on a.rel = p.tableoid and a.id = p.ctid"
        // What the others leave of a period may be all that a row asks for.
        + (OverTime ? $" and not {HasParent($" and not exists (select from {aside} b where b.rel = s.tableoid and b.id = s.ctid)")}" : "");

    /// <summary>What a row without a parent lacks, and what one lost.</summary>
    public string Lacks => OverTime ? $"{Parent} has no rows for all of its period" : $"{Parent} has no such row";
    public string Lost => OverTime ? $"rows of {Parent} for its period were set aside" : $"its row of {Parent} was set aside";

    /// <summary>That of a table (as SQL names it), by its name; null where there is none that is held to.</summary>
    public static async Task<EnforcedKey?> FindAsync(NpgsqlConnection connection, string table, string name, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select oid from pg_constraint where contype = 'f' and conname = $1 and conrelid = $2::regclass", connection) { Parameters = { new() { Value = name }, new() { Value = table } } };
        return await command.ExecuteScalarAsync(ct) is uint oid ? (await ReadAsync(connection, oid, [], ct)).FirstOrDefault() : null;
    }

    /// <summary>Those that reference one of the tables.</summary>
    public static Task<List<EnforcedKey>> ReferencingAsync(NpgsqlConnection connection, uint[] tables, CancellationToken ct) => ReadAsync(connection, null, tables, ct);

    private static async Task<List<EnforcedKey>> ReadAsync(NpgsqlConnection connection, uint? key, uint[] tables, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(EmbeddedSql.Read("Target/Sql/foreign-keys.sql"), connection) { CommandTimeout = 0 };
        command.Parameters.Add(new() { Value = (object?)key ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Oid });
        command.Parameters.Add(new() { Value = tables, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var keys = new List<EnforcedKey>();
        while (await reader.ReadAsync(ct))
            keys.Add(new(reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(3), reader.GetString(4), reader.GetBoolean(5), reader.GetBoolean(6),
                [.. reader.GetFieldValue<string[]>(7)], [.. reader.GetFieldValue<string[]>(8)], [.. reader.GetFieldValue<string[]>(9)], reader.GetBoolean(10)));
        return keys;
    }
}
