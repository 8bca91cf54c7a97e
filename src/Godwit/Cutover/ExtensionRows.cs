using Godwit.Schema;
using Godwit.Source;
using Npgsql;

namespace Godwit.Cutover;

/// <summary>
/// Rows of users in tables that belong to an extension (pg_extension_config_dump: jobs, queues, reference systems of their own). They are copied, and no stream
/// brings what is written to them afterwards: the extension's own code may be all that can write them.
/// </summary>
internal static class ExtensionRows
{
    private const string Tables = """
        select n.nspname, c.relname, coalesce(e.extcondition[array_position(e.extconfig, c.oid)], '')
        from pg_extension e join pg_class c on c.oid = any (e.extconfig) join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') order by 1, 2
        """;

    /// <summary>Tables of both databases whose rows of users are not the same.</summary>
    public static async Task<List<SqlName>> DifferentAsync(NpgsqlConnection source, NpgsqlConnection target, Func<SqlName, bool> isLeftBehind, CancellationToken ct)
    {
        var there = await TextRows.ReadAsync(target, Tables, ct);
        var different = new List<SqlName>();
        foreach (var row in await TextRows.ReadAsync(source, Tables, ct))
        {
            var name = new SqlName(row[0]!, row[1]!);
            if (isLeftBehind(name) || there.Find(r => r[0] == row[0] && r[1] == row[1]) is null) continue;
            var sum = $"select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) from {name} t {row[2]}";
            if ((await TextRows.ReadAsync(source, sum, ct))[0][0] != (await TextRows.ReadAsync(target, sum, ct))[0][0]) different.Add(name);
        }
        return different;
    }
}
