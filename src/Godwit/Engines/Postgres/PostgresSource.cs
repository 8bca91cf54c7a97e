using System.Collections.Immutable;
using Godwit.Source;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>A PostgreSQL database, read by ordinary sessions. Nothing of it is changed.</summary>
internal sealed class PostgresSource : IPostgresSource
{
    private const int OldestMajor = 14;

    private readonly PostgresEndpoint _endpoint;
    private readonly PostgresSessions _sessions;
    private (string Exported, string Position)? _use;

    private PostgresSource(PostgresEndpoint endpoint, PostgresSessions sessions, SourceInfo info) => (_endpoint, _sessions, Info) = (endpoint, sessions, info);

    public SourceInfo Info { get; }

    public ISqlTranslator Translator { get; } = new NoTranslator();

    public NpgsqlConnectionStringBuilder Settings => new(_sessions.Settings.ConnectionString);

    /// <summary>Connects once, to know that it works and what the server is.</summary>
    internal static async Task<ISource> OpenAsync(PostgresEndpoint endpoint, CancellationToken ct)
    {
        var sessions = new PostgresSessions(endpoint.Settings, endpoint.Display);
        await using var connection = await sessions.OpenAsync(ct);
        try
        {
            var (facts, bytes, standby) = (await CatalogQuery.AllAsync(connection, "server", r => (PostgresInspector.Server(r), r.GetInt64(9), r.GetBoolean(11)), ct))[0];
            if (facts.Major < OldestMajor)
                throw new GodwitException(ErrorKind.SourceFatal, "source-too-old", $"{endpoint.Display} runs PostgreSQL {facts.Version}; Godwit reads {OldestMajor} and later.", "upgrade the server first (pg_upgrade)");
            var findings = ImmutableArray.CreateBuilder<Finding>();
            if (standby) findings.Add(new("source-is-standby", Severity.Info, "source", "The source is a standby: its replay of changes may cancel a long read.", "On the standby: max_standby_streaming_delay = -1 while the migration runs."));
            switch (await PoolerProbe.LookAsync(connection, () => sessions.OpenAsync(ct), ct))
            {
                case Pooler.Transaction:
                    throw new GodwitException(ErrorKind.Blocked, "source-transaction-pooler", "A pooler in transaction mode stands before the source: no session keeps its snapshot there.", PoolerProbe.WayOut);
                case Pooler.Session:
                    findings.Add(new("source-pooler", Severity.Info, "source", "A pooler in session mode stands before the source. That works; it costs some speed, and its limits count as well.", "Connect to the server itself where it can be reached."));
                    break;
            }
            return new PostgresSource(endpoint, sessions, new("PostgreSQL", endpoint.Display, facts.Version, bytes) { Findings = findings.ToImmutable() });
        }
        catch (Exception e) when (PostgresErrors.IsServerError(e))
        {
            throw PostgresErrors.Map(e, "Looking at " + endpoint.Display);
        }
    }

    public Task<NpgsqlConnection> ConnectAsync(CancellationToken ct) => _sessions.OpenAsync(ct);

    public GodwitException Explain(Exception e, string doing) => PostgresErrors.Map(e, doing);

    public void UseSnapshot(string exported, string position) => _use = (exported, position);

    public async Task<ISnapshot> OpenSnapshotAsync(int readers, CancellationToken ct)
    {
        var use = _use;
        _use = null;
        var holders = await SnapshotHolders.OpenAsync(_sessions, Info.Display, use?.Exported, ct);
        return new PostgresSnapshot(_endpoint, _sessions, holders, new(use?.Position ?? holders.Transactions), readers);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
