using Godwit.Follow.Logical;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Cutover;

/// <summary>Brings every sequence of one database to where that of the other stands: logical replication does not. Call while nobody writes.</summary>
public static class PairSequences
{
    private const string All = """
        select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema', 'godwit') and n.nspname !~ '^pg_(toast|temp)'
          and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
        """;

    /// <summary>Returns how many were set. Sequences that the other side does not have are passed over: the catalogs are compared elsewhere.</summary>
    public static async Task<int> CarryAsync(StreamEnd from, StreamEnd to, CancellationToken ct)
    {
        var statements = new List<string>();
        await using (var connection = await from.ConnectAsync(ct))
        {
            try
            {
                var names = new List<SqlName>();
                await using (var command = new NpgsqlCommand(All, connection))
                await using (var row = await command.ExecuteReaderAsync(ct))
                    while (await row.ReadAsync(ct)) names.Add(new(row.GetString(0), row.GetString(1)));
                foreach (var name in names)
                    await using (var command = new NpgsqlCommand($"select format('select setval(to_regclass(%1$L), %2$s, %3$L) where to_regclass(%1$L) is not null', {SqlText.Literal(name.ToString())}, last_value, is_called) from {name}", connection))
                        statements.Add((string)(await command.ExecuteScalarAsync(ct))!);
            }
            catch (NpgsqlException e)
            {
                throw from.Map(e, $"Reading the sequences of {from.Display}");
            }
        }
        await using var there = await to.ConnectAsync(ct);
        try
        {
            var set = 0;
            foreach (var statement in statements)
                await using (var command = new NpgsqlCommand(statement, there))
                    if (await command.ExecuteScalarAsync(ct) is not null) set++;
            return set;
        }
        catch (NpgsqlException e)
        {
            throw to.Map(e, $"Setting the sequences of {to.Display}");
        }
    }
}
