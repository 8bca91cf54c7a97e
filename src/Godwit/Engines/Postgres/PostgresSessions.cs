using Godwit.Wire;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>Opens sessions on the source, all with the same settings. Nothing is pooled: sources have few connections to spare.</summary>
internal sealed class PostgresSessions(NpgsqlConnectionStringBuilder settings, string display)
{
    internal const string Begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

    private const string Unlimit = "SET statement_timeout = 0";
    private const int Attempts = 5;

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
            await UnlimitAsync(connection, ct);
            await CatalogQuery.ExecuteAsync(connection, Pin, ct);
            return connection;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (PostgresErrors.IsServerError(e)) throw await PostgresErrors.ExplainAsync(e, Settings, "Connecting to " + display, ct);
            throw;
        }
    }

    // The role's own time limit holds until it is lifted, and may be short for a busy server: the lifting is a statement of its own.
    private static async Task UnlimitAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await CatalogQuery.ExecuteAsync(connection, Unlimit, ct);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled && attempt < Attempts)
            {
            }
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
            connection.Query(Unlimit);
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
