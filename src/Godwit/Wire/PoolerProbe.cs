using Npgsql;

namespace Godwit.Wire;

/// <summary>What stands before a server.</summary>
internal enum Pooler { None, Session, Transaction }

/// <summary>
/// Tells whether a pooler stands between. One in session mode is of no harm. In transaction mode sessions have no state of their own: a snapshot or a lock cannot be
/// held, and what is set reaches sessions of others. Told by what happens, not by port or name.
/// </summary>
internal static class PoolerProbe
{
    public const string WayOut = "Connect to the server itself, or to the pooler's session mode. Supabase: port 5432 instead of 6543.";

    private const string Mark = "godwit.probe";

    public static async Task<Pooler> LookAsync(NpgsqlConnection first, Func<Task<NpgsqlConnection>> open, CancellationToken ct)
    {
        // A pooler hands out numbers of its own for cancelling; the server knows its own number.
        var backend = await AskAsync(first, "SELECT pg_backend_pid()::text", ct);
        if (backend == first.ProcessID.ToString(System.Globalization.CultureInfo.InvariantCulture)) return Pooler.None;
        var mark = Guid.NewGuid().ToString("N");
        await AskAsync(first, $"SELECT set_config('{Mark}', '{mark}', false)", ct);
        await using var second = await open();
        // While the first is idle but open, a session of one's own cannot see its settings, and it cannot lose them.
        var shared = await AskAsync(second, $"SELECT coalesce(current_setting('{Mark}', true), '')", ct) == mark || await AskAsync(first, $"SELECT coalesce(current_setting('{Mark}', true), '')", ct) != mark
            || await AskAsync(second, "SELECT pg_backend_pid()::text", ct) == backend;
        return shared ? Pooler.Transaction : Pooler.Session;
    }

    private static async Task<string> AskAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync(ct))!;
    }
}
