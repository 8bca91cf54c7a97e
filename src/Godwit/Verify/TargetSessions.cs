using Godwit.Source;
using Godwit.Target;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Verify;

/// <summary>
/// Connections to the target that all see one moment: the first exports its snapshot, the others import it
/// (https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION). Read only.
/// </summary>
internal sealed class TargetSessions : IAsyncDisposable
{
    private readonly ITarget _target;
    private readonly string _snapshot;

    public NpgsqlConnection Main { get; }

    private TargetSessions(ITarget target, NpgsqlConnection main, string snapshot)
    {
        _target = target;
        Main = main;
        _snapshot = snapshot;
    }

    public static Task<TargetSessions> OpenAsync(ITarget target, CancellationToken ct) => OpenAsync(target, null, ct);

    /// <summary><paramref name="snapshot"/>: the moment that another session has exported and holds; null is now.</summary>
    public static async Task<TargetSessions> OpenAsync(ITarget target, string? snapshot, CancellationToken ct)
    {
        var main = await target.ConnectAsync(ct);
        try
        {
            await BeginAsync(main, snapshot, writing: false, ct);
            await using var export = new NpgsqlCommand("SELECT pg_catalog.pg_export_snapshot()", main);
            return new TargetSessions(target, main, (string)(await export.ExecuteScalarAsync(ct))!);
        }
        catch
        {
            await main.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more connection at the same moment. The caller disposes it.</summary>
    public Task<NpgsqlConnection> ConnectAsync(CancellationToken ct) => ConnectAsync(writing: false, ct);

    public async Task<NpgsqlConnection> ConnectAsync(bool writing, CancellationToken ct)
    {
        var connection = await _target.ConnectAsync(ct);
        try
        {
            await BeginAsync(connection, _snapshot, writing, ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same for reading many rows: a plain connection, outside of any pool. Blocks. The caller disposes it.</summary>
    public WireConnection OpenWire(CancellationToken ct)
    {
        var connection = _target.OpenWire(ct);
        try
        {
            connection.Query(BeginSql(_snapshot, writing: false));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static async Task BeginAsync(NpgsqlConnection connection, string? snapshot, bool writing, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(BeginSql(snapshot, writing), connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    // Row security would hide rows in silence: off makes the server refuse instead. The rest is what the text output must look like,
    // whoever opened the connection.
    private static string BeginSql(string? snapshot, bool writing) =>
        $"BEGIN ISOLATION LEVEL REPEATABLE READ {(writing ? "READ WRITE" : "READ ONLY")}; "
        + (snapshot is null ? "" : $"SET TRANSACTION SNAPSHOT {Schema.SqlText.Literal(snapshot)}; ")
        + "SET LOCAL row_security = off; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 1; "
        + "SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL statement_timeout = 0; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off; " + ApplicationPath.Local;

    public ValueTask DisposeAsync() => Main.DisposeAsync();
}
