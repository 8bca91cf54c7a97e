using System.Globalization;
using Godwit.Follow;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Cutover;

/// <summary>
/// Tables of both databases that no stream brings: made by hand on both sides since the migration began, detached from a table that is followed, or unlogged.
/// At a cutover they are fenced and compared like the others, and brought over whole where they differ; at a rollback, what the new side's say comes back.
/// </summary>
internal sealed class StrayTables(StreamEnd from, StreamEnd to, Guid run)
{
    private const string Tables = """
        select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'godwit')
          and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
        order by 1, 2
        """;

    // Generated columns are computed at the other side. The first row says whether the table is partitioned.
    private const string Columns = """
        (select (relkind = 'p')::text from pg_class where oid = $1::regclass)
        union all (select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum)
        """;

    /// <summary>Of tables that <paramref name="isKnown"/> tells nothing of: those of both databases, and those that one side alone has.</summary>
    public async Task<(List<SqlName> Both, List<SqlName> Missing)> FindAsync(Func<SqlName, bool> isKnown, CancellationToken ct)
    {
        await using var there = await from.ConnectAsync(ct);
        await using var here = await to.ConnectAsync(ct);
        try
        {
            var target = (await NamesAsync(here, ct)).ToHashSet();
            var unknown = (await NamesAsync(there, ct)).Where(t => !isKnown(t)).ToLookup(target.Contains);
            return ([.. unknown[true]], [.. unknown[false]]);
        }
        catch (NpgsqlException e)
        {
            throw to.Map(e, "Looking for tables that are not followed");
        }
    }

    /// <summary>Replaces the table's rows by the source's, as they are now, in one transaction; what that changes or removes is kept in godwit.repaired. Returns how many rows are there that were not.</summary>
    public async Task<long> BringAsync(SqlName table, CancellationToken ct)
    {
        var name = table.ToString();
        using var source = from.Open(ct);
        var (only, columns) = await ReadableAsync(source, name, ct);
        try
        {
            using var target = to.Open(ct);
            // The side may be behind a fence of its own, and read-only.
            target.Query("begin read write; set local row_security = off; set local session_replication_role = replica; set local godwit.pass = 'on'");
            target.Query(ApplicationPath.Local);
            target.Query(ReplacedRows.Place);
            target.Query($"lock table {name} in share row exclusive mode");
            target.Query(ReplacedRows.Remember(only));
            target.Query($"delete from {only}");
            await CopyPump.RunAsync(source, $"copy (select {columns} from {only}) to stdout", target, $"copy {name} ({columns}) from stdin", binary: false, ct);
            target.Query(ReplacedRows.Keep(run, name, only));
            var written = long.Parse(target.Query(ReplacedRows.Written(only))[0][0]!, CultureInfo.InvariantCulture);
            target.Query("commit");
            return written;
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw to.Map(e, $"Bringing over {table}, which is not followed");
        }
    }

    /// <summary>The table as it stands behind FROM, and its columns. Where this role may not read all of its rows, the side that refuses says so.</summary>
    private async Task<(string From, string Columns)> ReadableAsync(WireConnection source, string table, CancellationToken ct)
    {
        try
        {
            await using var connection = await from.ConnectAsync(ct);
            var read = await ListAsync(connection, Columns, table, ct);
            // Tables that inherit from it are tables of their own.
            var (only, columns) = (read[0] == "true" ? table : "only " + table, string.Join(", ", read.Skip(1)));
            source.Query("set row_security = off");
            source.Query(ApplicationPath.Session);
            source.Query($"select {columns} from {only} limit 0");
            return (only, columns);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw from.Map(e, $"Reading {table}, which is not followed");
        }
    }

    private static async Task<List<SqlName>> NamesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Tables, connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        var names = new List<SqlName>();
        while (await row.ReadAsync(ct)) names.Add(new(row.GetString(0), row.GetString(1)));
        return names;
    }

    private static async Task<List<string>> ListAsync(NpgsqlConnection connection, string sql, string table, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = table } } };
        await using var row = await command.ExecuteReaderAsync(ct);
        var list = new List<string>();
        while (await row.ReadAsync(ct)) list.Add(row.GetString(0));
        return list;
    }
}
