using Godwit.Follow.Logical;
using Godwit.Schema;
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
        var whole = new WholeTable(from, to, run, ", which is not followed");
        using var source = whole.Open(null, ct);
        return (await whole.BringAsync(source, table.ToString(), ct)).Written;
    }

    private static async Task<List<SqlName>> NamesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Tables, connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        var names = new List<SqlName>();
        while (await row.ReadAsync(ct)) names.Add(new(row.GetString(0), row.GetString(1)));
        return names;
    }
}
