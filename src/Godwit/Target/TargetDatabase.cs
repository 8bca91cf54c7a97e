using Godwit.Journal;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Target;

/// <summary>
/// One PostgreSQL database, written to through a pool of at most the connections that were asked for: opening more at the same time waits,
/// and fails after the connect timeout. A connection that is given back is reset (DISCARD ALL: session locks and settings go).
/// </summary>
public sealed class TargetDatabase : ITarget
{
    public const int OldestMajor = 14;

    /// <summary>Seconds for the first words on a connection of the pool, which may be dead without a word: settings take a moment, and a new connection costs little.</summary>
    private const int PooledAnswerSeconds = 3;

    private static readonly string PinSession = EmbeddedSql.Read("Target/Sql/pin-session.sql");
    private static readonly string ReadProfile = EmbeddedSql.Read("Target/Sql/profile.sql");

    private readonly NpgsqlDataSource _pool;
    private readonly ConnectionSettings _settings;

    private TargetDatabase(NpgsqlDataSource pool, ConnectionSettings settings) => (_pool, _settings) = (pool, settings);

    public string Display => _settings.Display;
    public ConnectionSettings Settings => _settings;
    public TargetProfile Profile { get; private set; } = null!;

    /// <summary>Connects once, to know that it works and what the server is.</summary>
    public static async Task<TargetDatabase> OpenAsync(ConnectionSettings settings, int maxConnections, CancellationToken ct)
    {
        var target = new TargetDatabase(CreatePool(settings, maxConnections), settings);
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await target.RefusePoolerAsync(connection, ct);
            target.Profile = await target.ReadProfileAsync(connection, ct);
            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    // By another pool: this one may be of one connection.
    private async Task RefusePoolerAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var beside = CreatePool(_settings, 1);
        try
        {
            if (await PoolerProbe.LookAsync(connection, async () => await beside.OpenConnectionAsync(ct), ct) == Pooler.Transaction)
                throw new GodwitException(ErrorKind.Blocked, "target-transaction-pooler", $"A pooler in transaction mode stands before {Display}: no session keeps its lock there, and what one sets reaches the application's.", PoolerProbe.WayOut);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw await ExplainAsync(e, ct);
        }
    }

    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken ct)
    {
        try
        {
            return await OpenPinnedAsync(Profile is null ? RunJournal.AnswerSeconds : PooledAnswerSeconds, ct);
        }
        catch (NpgsqlException e) when (Profile is not null && TargetErrors.Map(e, "").Code is "target-connection-lost" or "target-timeout")
        {
            // An idle connection of the pool may have been ended by the server since. On a new one, a failure is the user's to know.
            _pool.Clear();
            return await OpenMappedAsync(ct);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw await ExplainAsync(e, ct);
        }
    }

    public NpgsqlConnectionStringBuilder ToBuilder() => _settings.ToBuilder();

    public WireConnection OpenWire(CancellationToken ct)
    {
        var settings = _settings.ToBuilder();
        settings.ApplicationName = "godwit";
        WireConnection? connection = null;
        try
        {
            connection = WireConnection.Open(settings, ct);
            connection.Query(PinSession);
            return connection;
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            connection?.Dispose();
            throw TargetErrors.Map(e, "Connecting to " + Display);
        }
    }

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    private async Task<NpgsqlConnection> OpenMappedAsync(CancellationToken ct)
    {
        try
        {
            return await OpenPinnedAsync(RunJournal.AnswerSeconds, ct);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw await ExplainAsync(e, ct);
        }
    }

    private async Task<NpgsqlConnection> OpenPinnedAsync(int seconds, CancellationToken ct)
    {
        var connection = await _pool.OpenConnectionAsync(ct);
        try
        {
            if (connection.PostgreSqlVersion.Major < OldestMajor)
                throw new GodwitException(ErrorKind.TargetFatal, "target-too-old", $"{Display} runs PostgreSQL {connection.PostgreSqlVersion}; Godwit writes to {OldestMajor} and later.",
                    $"upgrade the server, or name one of version {OldestMajor} or later");
            await using var pin = new NpgsqlCommand(PinSession, connection) { CommandTimeout = seconds };
            await pin.ExecuteNonQueryAsync(ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // Npgsql says "no password given" and "the server does not do TLS" by the same exception type without a cause; what the server
    // answers to an SSLRequest tells them apart.
    private async Task<GodwitException> ExplainAsync(Exception e, CancellationToken ct)
    {
        var doing = "Connecting to " + Display;
        if (TlsProbe.MayTell(e))
        {
            var answer = await TlsProbe.AskAsync(_settings.ToBuilder(), ct);
            if (answer == TlsAnswer.NotPostgres)
                return TargetErrors.Error(ErrorKind.TargetFatal, "target-not-postgresql", doing, "what answers there is no PostgreSQL server", "check host and port: PostgreSQL's own is 5432", e);
            if (_settings.TlsMode is SslMode.Require or SslMode.VerifyCA or SslMode.VerifyFull && answer == TlsAnswer.Refused)
                return TargetErrors.Error(ErrorKind.TargetFatal, "target-tls-refused", doing, $"sslmode={_settings.Get("sslmode")} asks for TLS, which the server does not offer",
                    "turn on TLS on the server (ssl = on), or accept an unencrypted connection with sslmode=prefer", e);
            if (_settings.Password is null && e is NpgsqlException { InnerException: null })
                return TargetErrors.Error(ErrorKind.TargetFatal, "target-auth-failed", doing, "the server asks for a password and none was given",
                    "set PGPASSWORD, or add a line to ~/.pgpass (chmod 600)", e);
        }
        return TargetErrors.Map(e, doing);
    }

    private static NpgsqlDataSource CreatePool(ConnectionSettings settings, int maxConnections)
    {
        var connection = settings.ToBuilder();
        connection.ApplicationName = "godwit";
        connection.MaxPoolSize = Math.Max(1, maxConnections);
        connection.CommandTimeout = 0;
        // COPY chunks larger than the buffer go straight to the socket; the buffer serves commands and what verification reads.
        connection.ReadBufferSize = 64 * 1024;
        connection.WriteBufferSize = 64 * 1024;
        connection.TcpKeepAlive = true;
        connection.Enlist = false;
        connection.IncludeErrorDetail = false;
        var builder = new NpgsqlSlimDataSourceBuilder(connection.ConnectionString);
        builder.EnableTransportSecurity().EnableIntegratedSecurity().EnableArrays().EnableJsonTypes();
        return builder.Build();
    }

    private Task<TargetProfile> ReadProfileAsync(NpgsqlConnection connection, CancellationToken ct) => ReadProfileAsync(connection, Display, ct);

    /// <summary>What the server at the other end of any connection is.</summary>
    internal static async Task<TargetProfile> ReadProfileAsync(NpgsqlConnection connection, string display, CancellationToken ct)
    {
        try
        {
            await using var command = new NpgsqlCommand(ReadProfile, connection);
            await using var row = await command.ExecuteReaderAsync(ct);
            await row.ReadAsync(ct);
            return new TargetProfile
            {
                VersionNumber = row.GetInt32(0),
                Version = row.GetString(1),
                Database = row.GetString(2),
                Role = row.GetString(3),
                IsSuperuser = row.GetBoolean(4),
                CanCreateSchema = row.GetBoolean(5),
                Encoding = row.GetString(6),
                Collation = row.GetString(7),
                Tls = row.GetBoolean(8),
                MaxConnections = row.GetInt32(9),
                MaintenanceWorkMemBytes = row.GetInt64(10),
                InRecovery = row.GetBoolean(11),
                PostGis = row.IsDBNull(12) ? null : row.GetString(12),
            };
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "Reading what " + display + " is");
        }
    }
}
