using System.Collections.Immutable;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>
/// Keeps one moment of the source alive. An exported snapshot ends with the session that exported it; a session that imported it can export it
/// again. So several sessions hold the same moment, and when one dies another takes its place: only the death of all (a restart of the server)
/// ends it. Methods may be called concurrently.
/// </summary>
internal sealed class SnapshotHolders : IAsyncDisposable
{
    private const int Count = 2;

    private sealed record Holder(NpgsqlConnection Connection, string Exported);

    private readonly PostgresSessions _sessions;
    private readonly string _display;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ImmutableArray<Holder> _holders = [];

    private SnapshotHolders(PostgresSessions sessions, string display) => (_sessions, _display) = (sessions, display);

    /// <summary>xmin:xmax:xip of the moment, as pg_current_snapshot() says it.</summary>
    internal string Transactions { get; private set; } = "";

    /// <summary><paramref name="exported"/>: the moment of another session, null for now.</summary>
    internal static async Task<SnapshotHolders> OpenAsync(PostgresSessions sessions, string display, string? exported, CancellationToken ct)
    {
        var holders = new SnapshotHolders(sessions, display);
        try
        {
            var first = await holders.HoldAsync(exported, ct);
            holders._holders = [first];
            await using (var command = new NpgsqlCommand("SELECT pg_current_snapshot()::text", first.Connection)) holders.Transactions = (string)(await command.ExecuteScalarAsync(ct))!;
            while (holders._holders.Length < Count) holders._holders = holders._holders.Add(await holders.HoldAsync(first.Exported, ct));
            return holders;
        }
        catch (Exception e)
        {
            await holders.DisposeAsync();
            if (PostgresErrors.IsServerError(e)) throw PostgresErrors.Map(e, "Fixing a moment of " + display);
            throw;
        }
    }

    /// <summary>A name under which the moment can be imported now. Replaces sessions that have died.</summary>
    internal async Task<string> ExportedAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            var alive = new List<Holder>();
            foreach (var holder in _holders)
            {
                if (await IsAliveAsync(holder, ct)) alive.Add(holder);
                else await holder.Connection.DisposeAsync();
            }
            _holders = [.. alive];
            if (alive.Count == 0)
                throw new GodwitException(ErrorKind.SourceTransient, "source-snapshot-lost", $"Every session that held the moment of {_display} is gone: the server was restarted, or an administrator ended them.",
                    "Type the same command again: what is loaded and unchanged since is kept, the rest is loaded at a new moment.");
            while (_holders.Length < Count) _holders = _holders.Add(await HoldAsync(alive[0].Exported, ct));
            return alive[0].Exported;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<Holder> HoldAsync(string? exported, CancellationToken ct)
    {
        var connection = exported is null ? await _sessions.OpenAsync(ct) : await _sessions.OpenAsync(exported, ct);
        try
        {
            if (exported is null) await CatalogQuery.ExecuteAsync(connection, PostgresSessions.Begin, ct);
            await using var command = new NpgsqlCommand("SELECT pg_export_snapshot()", connection);
            return new(connection, (string)(await command.ExecuteScalarAsync(ct))!);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<bool> IsAliveAsync(Holder holder, CancellationToken ct)
    {
        try
        {
            await CatalogQuery.ExecuteAsync(holder.Connection, "SELECT 1", ct);
            return true;
        }
        catch (Exception e) when (PostgresErrors.IsServerError(e) || e is InvalidOperationException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var holder in _holders) await holder.Connection.DisposeAsync();
        _holders = [];
    }
}
