using System.Collections.Immutable;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>
/// Tells whether a pooler stands between. One in session mode is of no harm. In transaction mode sessions have no state of their own: a
/// snapshot cannot be held, and reading would be of many moments. Told by what happens, not by port or name.
/// </summary>
internal static class PoolerProbe
{
    private const string Mark = "godwit.probe";

    /// <summary>Throws "source-transaction-pooler".</summary>
    internal static async Task<ImmutableArray<Finding>> LookAsync(PostgresSessions sessions, NpgsqlConnection first, CancellationToken ct)
    {
        // A pooler hands out numbers of its own for cancelling; the server knows its own number.
        var backend = await AskAsync(first, "SELECT pg_backend_pid()::text", ct);
        if (backend == first.ProcessID.ToString(System.Globalization.CultureInfo.InvariantCulture)) return [];
        var mark = Guid.NewGuid().ToString("N");
        await AskAsync(first, $"SELECT set_config('{Mark}', '{mark}', false)", ct);
        await using var second = await sessions.OpenAsync(ct);
        // While the first is idle but open, a session of one's own cannot see its settings, and it cannot lose them.
        var shared = await AskAsync(second, $"SELECT coalesce(current_setting('{Mark}', true), '')", ct) == mark || await AskAsync(first, $"SELECT coalesce(current_setting('{Mark}', true), '')", ct) != mark
            || await AskAsync(second, "SELECT pg_backend_pid()::text", ct) == backend;
        if (shared)
        {
            throw new GodwitException(ErrorKind.Blocked, "source-transaction-pooler", "A pooler in transaction mode stands before the source: no session keeps its snapshot there.",
                "Connect to the server itself, or to the pooler's session mode. Supabase: port 5432 instead of 6543.");
        }
        return [new("source-pooler", Severity.Info, "source", "A pooler in session mode stands before the source. That works; it costs some speed, and its limits count as well.", "Connect to the server itself where it can be reached.")];
    }

    private static async Task<string> AskAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync(ct))!;
    }
}
