using Godwit.Source;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>
/// PostgreSQL prints one view in several ways, depending on its version (16 leaves out table names where there is one table), and
/// on whether it was made from what was printed of it (VALUES are a part of a query then). The source's text is given to the target, as a
/// temporary view in a transaction that is rolled back, and printed by it.
/// </summary>
internal static class ReparsedViews
{
    public static async Task<Dictionary<string, string>> ReadAsync(PairSide target, IReadOnlyDictionary<string, string> views, CancellationToken ct)
    {
        var printed = new Dictionary<string, string>(StringComparer.Ordinal);
        if (views.Count == 0 || target.Database.Profile.InRecovery) return printed;
        await using var connection = await target.Database.ConnectAsync(ct);
        await PairSide.ExecuteAsync(connection, "BEGIN; SET LOCAL search_path = pg_catalog; SET LOCAL lock_timeout = '2s'", ct);
        foreach (var (name, definition) in views)
        {
            await PairSide.ExecuteAsync(connection, "SAVEPOINT view", ct);
            try
            {
                await PairSide.ExecuteAsync(connection, $"CREATE TEMPORARY VIEW godwit_reparsed AS {definition}", ct);
                printed[name] = (await TextRows.ReadAsync(connection, "SELECT pg_get_viewdef('pg_temp.godwit_reparsed'::regclass)", ct))[0][0]!;
            }
            catch (PostgresException)
            {
                // The target cannot make this view: its own text stands as different.
            }
            await PairSide.ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT view", ct);
        }
        await PairSide.ExecuteAsync(connection, "ROLLBACK", ct);
        return printed;
    }
}
