using Godwit.Follow;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Godwit.Source;
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

    // What both sides have; the order is the source's. Generated columns are computed here.
    private const string Columns = "select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum";

    /// <summary>Of tables that <paramref name="isKnown"/> tells nothing of: those of both databases, and those that one side alone has.</summary>
    public async Task<(List<SqlName> Both, List<SqlName> Missing)> FindAsync(Func<SqlName, bool> isKnown, CancellationToken ct)
    {
        await using var there = await from.ConnectAsync(ct);
        await using var here = await to.ConnectAsync(ct);
        try
        {
            var target = (await NamesAsync(here, ct)).ToHashSet();
            var unknown = (await NamesAsync(there, ct)).ToLookup(t => !isKnown(t) && target.Contains(t), t => t);
            return ([.. unknown[true]], [.. unknown[false].Where(t => !isKnown(t))]);
        }
        catch (NpgsqlException e)
        {
            throw to.Map(e, "Looking for tables that are not followed");
        }
    }

    /// <summary>Replaces the table's rows by the source's, as they are now, in one transaction; what that changes or removes is kept in godwit.repaired.</summary>
    public async Task<RepairedTable> BringAsync(SqlName table, CancellationToken ct)
    {
        var name = table.ToString();
        string columns;
        bool isPartitioned;
        await using (var there = await from.ConnectAsync(ct))
        {
            columns = string.Join(", ", await ListAsync(there, Columns, name, ct));
            isPartitioned = (await ListAsync(there, "select 1::text from pg_class where oid = $1::regclass and relkind = 'p'", name, ct)).Count > 0;
        }
        // Tables that inherit from it are tables of their own.
        var only = isPartitioned ? name : "only " + name;
        try
        {
            using var source = from.Open(ct);
            using var target = to.Open(ct);
            // Rows that a policy hides from this role are an error then.
            source.Query("set row_security = off");
            source.Query(ApplicationPath.Session);
            // The new side may be behind a fence of its own, and read-only.
            target.Query("begin read write; set local row_security = off; set local session_replication_role = replica; set local godwit.pass = 'on'");
            target.Query(ApplicationPath.Local);
            // The old side has no journal.
            target.Query("create schema if not exists godwit; create table if not exists godwit.repaired (run_id uuid, source_table text not null, row jsonb not null, at timestamptz not null default now())");
            target.Query($"lock table {name} in share row exclusive mode");
            target.Query($"create temporary table godwit_before on commit drop as select to_jsonb(t) as row from {only} t");
            target.Query($"delete from {only}");
            await CopyPump.RunAsync(source, $"copy (select {columns} from {only}) to stdout", target, $"copy {name} ({columns}) from stdin", binary: false, ct);
            var kept = target.Query($"""
                with kept as (insert into godwit.repaired (run_id, source_table, row) select '{run}', {SqlText.Literal(name)}, row from (select row from pg_temp.godwit_before except all select to_jsonb(t) from {only} t) gone returning 1) select count(*)::text from kept
                """)[0][0]!;
            var written = target.Query($"select count(*)::text from (select to_jsonb(t) from {only} t except all select row from pg_temp.godwit_before) come")[0][0]!;
            target.Query("commit");
            return new(name, long.Parse(kept, System.Globalization.CultureInfo.InvariantCulture), long.Parse(written, System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (Target.TargetErrors.IsTargetError(e))
        {
            throw to.Map(e, $"Bringing over {table}, which is not followed");
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
