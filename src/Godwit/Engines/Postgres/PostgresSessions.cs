using Godwit.Wire;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>Opens sessions on the source, all with the same settings. Nothing is pooled: sources have few connections to spare.</summary>
internal sealed class PostgresSessions(NpgsqlConnectionStringBuilder settings, string display)
{
    internal const string Begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

    private static readonly string Pin = CatalogQuery.Text("pin_session");

    internal NpgsqlConnectionStringBuilder Settings { get; } = new(settings.ConnectionString)
    {
        ApplicationName = "godwit", Pooling = false, CommandTimeout = 0, TcpKeepAlive = true, Enlist = false, IncludeErrorDetail = false,
    };

    internal async Task<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        var connection = new NpgsqlConnection(Settings.ConnectionString);
        try
        {
            await connection.OpenAsync(ct);
            await CatalogQuery.ExecuteAsync(connection, Pin, ct);
            return connection;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (PostgresErrors.IsServerError(e)) throw PostgresErrors.Map(e, "Connecting to " + display);
            throw;
        }
    }

    internal async Task<NpgsqlConnection> OpenAsync(string exported, CancellationToken ct)
    {
        var connection = await OpenAsync(ct);
        try
        {
            await CatalogQuery.ExecuteAsync(connection, Begin, ct);
            await CatalogQuery.ExecuteAsync(connection, $"SET TRANSACTION SNAPSHOT '{exported}'", ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Blocks. Throws what the connection throws.</summary>
    internal WireConnection OpenWire(string exported, CancellationToken ct)
    {
        var connection = WireConnection.Open(Settings, ct);
        try
        {
            connection.Query(Pin);
            connection.Query($"{Begin}; SET TRANSACTION SNAPSHOT '{exported}'");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
