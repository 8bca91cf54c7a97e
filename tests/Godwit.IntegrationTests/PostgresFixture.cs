using System.Collections.Concurrent;
using Godwit.IntegrationTests;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Godwit.IntegrationTests;

/// <summary>
/// The server of a test run: the one that GODWIT_TEST_PG names (a superuser's connection string in any form that Godwit reads), else a
/// private one, made anew and destroyed at the end. Without a server every test fails. Take it by the constructor:
/// <c>public class ThingTests(PostgresFixture postgres)</c>.
/// </summary>
public sealed partial class PostgresFixture : IAsyncLifetime
{
    private const string FolderPrefix = "godwit-test-";

    private const string InMemory = "/dev/shm";
    private const long MemoryWanted = 8L << 30;

    /// <summary>Where servers are made, the first of these by preference: databases come and go by the thousand, and an eighth of a server's time went into their files where those lie on a disk.</summary>
    private static readonly string[] Folders = Directory.Exists(InMemory) && new DriveInfo(InMemory).AvailableFreeSpace >= MemoryWanted ? [InMemory, Path.GetTempPath()] : [Path.GetTempPath()];

    private readonly ConcurrentDictionary<string, KeptSessions> _admins = new(StringComparer.Ordinal);
    private int _databases;
    private LocalServer? _server;
    private DirectoryInfo? _folder;
    private ConnectionSettings? _admin;
    private readonly SemaphoreSlim _sourceGate = new(1, 1);
    private LocalServer? _sourceServer;
    private ConnectionSettings? _sourceAdmin;

    /// <summary>A superuser's settings for the maintenance database.</summary>
    public ConnectionSettings Admin => _admin ?? throw new InvalidOperationException("The fixture has not started.");

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("GODWIT_TEST_PG") is { Length: > 0 } given)
        {
            _admin = ConnectionSettings.Parse(given, Environment.GetEnvironmentVariable, "GODWIT_TEST_PG");
        }
        else
        {
            await DestroyLeftoversAsync();
            _folder = MakeFolder();
            _server = LocalServer.For("test", Options(_folder.FullName));
            await StartAsync(_server);
            _admin = _server.Settings("postgres");
        }
        await using var connection = await OpenAsync(_admin);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var sessions in _admins.Values) await sessions.DisposeAsync();
        if (_spatialServer is not null) await _spatialServer.DestroyAsync(CancellationToken.None);
        if (_sourceServer is not null) await _sourceServer.DestroyAsync(CancellationToken.None);
        if (_server is not null) await _server.DestroyAsync(CancellationToken.None);
        _folder?.Delete(recursive: true);
    }

    /// <summary>An empty database of the test's own, dropped when disposed.</summary>
    public Task<TestDatabase> CreateDatabaseAsync() => CreateDatabaseAsync(Admin);

    /// <summary>The same on another server: that of <see cref="SourceAdminAsync"/>.</summary>
    internal async Task<TestDatabase> CreateDatabaseAsync(ConnectionSettings admin, string options = "")
    {
        var name = $"godwit_test_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        var sessions = _admins.GetOrAdd(admin.DisplayWithPassword, _ => new(admin));
        await sessions.ExecuteAsync($"CREATE DATABASE {new SqlName(name)} TEMPLATE template0 ENCODING 'UTF8' {options}");
        return new TestDatabase(sessions, admin.WithDatabase(name));
    }

    /// <summary>
    /// A server whose schemas can be dumped: this one, where there is a pg_dump for its version, else one of the version that pg_dump has.
    /// </summary>
    internal async Task<ConnectionSettings> SourceAdminAsync()
    {
        await _sourceGate.WaitAsync();
        try
        {
            if (_sourceAdmin is not null) return _sourceAdmin;
            await using (var connection = await OpenAsync(Admin))
            {
                try
                {
                    await PgDump.FindAsync(Environment.GetEnvironmentVariable, connection.PostgreSqlVersion.Major, CancellationToken.None);
                    return _sourceAdmin = Admin;
                }
                catch (GodwitException e) when (e.Code == "pg-dump-missing")
                {
                    _sourceServer = await StartInstalledAsync("source");
                    return _sourceAdmin = _sourceServer.Settings("postgres");
                }
            }
        }
        finally
        {
            _sourceGate.Release();
        }
    }

    // Of the installed programs, whatever GODWIT_PG_BIN names for the tests' own server.
    private async Task<LocalServer> StartInstalledAsync(string name)
    {
        _folder ??= MakeFolder();
        var server = LocalServer.For(name, Options(_folder.FullName) with { Environment = Installed });
        await StartAsync(server);
        return server;
    }

    private static async Task StartAsync(LocalServer server)
    {
        await server.StartAsync(CancellationToken.None);
        // As many origins as slots; from 18 on they have a setting of their own, which an older server refuses.
        await using (var connection = await OpenAsync(server.Settings("postgres")))
        {
            if (connection.PostgreSqlVersion.Major < 18) return;
            await using var command = new NpgsqlCommand("alter system set max_active_replication_origins = 1000", connection);
            await command.ExecuteNonQueryAsync();
        }
        await server.StopAsync(CancellationToken.None);
        await server.StartAsync(CancellationToken.None);
    }

    private static string? Installed(string name) => name == "GODWIT_PG_BIN" ? null : Environment.GetEnvironmentVariable(name);

    /// <summary>For servers of a test's own, called "test" and "source": what a killed run leaves there is destroyed by the next.</summary>
    internal static DirectoryInfo MakeFolder()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folders[0], FolderPrefix + Path.GetRandomFileName()));
        // The server's account has to pass where root runs the tests.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        File.WriteAllText(Path.Combine(folder.FullName, "owner"), $"{Environment.ProcessId}");
        return folder;
    }

    internal static async Task<NpgsqlConnection> OpenAsync(ConnectionSettings settings)
    {
        var builder = settings.ToBuilder();
        builder.Pooling = false;
        builder.IncludeErrorDetail = true;
        // A machine that is busy with other things is no failure.
        builder.Timeout = Math.Max(builder.Timeout, 60);
        var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    internal static async Task ExecuteAsync(ConnectionSettings settings, string sql)
    {
        await using var connection = await OpenAsync(settings);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static LocalServerOptions Options(string root) => new()
    {
        Root = root,
        Durable = false,
        // A test that ends without `finish` leaves a replication origin to the server, and there may be as many as slots.
        ServerSettings = new Dictionary<string, string> { ["max_connections"] = "200", ["shared_buffers"] = "128MB", ["wal_level"] = "logical", ["max_wal_senders"] = "60", ["max_replication_slots"] = "1000", ["max_prepared_transactions"] = "20" },
    };

    // Servers of test runs that were killed.
    private static async Task DestroyLeftoversAsync()
    {
        foreach (var folder in Folders.SelectMany(f => Directory.EnumerateDirectories(f, FolderPrefix + "*")))
        {
            try
            {
                if (int.TryParse(await File.ReadAllTextAsync(Path.Combine(folder, "owner")), out var owner) && !Directory.Exists($"/proc/{owner}"))
                {
                    foreach (var name in (string[])["test", "source", "spatial"]) await LocalServer.For(name, Options(folder)).DestroyAsync(CancellationToken.None);
                    Directory.Delete(folder, recursive: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's, or being made right now.
            }
        }
    }
}

/// <summary>One test's database.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly KeptSessions _admin;
    private readonly KeptSessions _sessions;

    internal TestDatabase(KeptSessions admin, ConnectionSettings settings) => (_admin, _sessions, Settings) = (admin, new(settings), settings);

    public ConnectionSettings Settings { get; }
    /// <summary>For Npgsql; holds the password.</summary>
    public string ConnectionString => Settings.ToBuilder().ConnectionString;
    /// <summary>For a command line; holds the password.</summary>
    public string Url => Settings.DisplayWithPassword;

    public Task<TargetDatabase> OpenTargetAsync(int maxConnections = 8) => TargetDatabase.OpenAsync(Settings, maxConnections, TestContext.Current.CancellationToken);

    public Task<NpgsqlConnection> ConnectAsync() => PostgresFixture.OpenAsync(Settings);

    public Task ExecuteAsync(string sql) => _sessions.ExecuteAsync(sql);

    /// <summary>The first column of every row, as PostgreSQL prints it; NULL is null.</summary>
    public Task<List<string?>> QueryAsync(string sql) => _sessions.QueryAsync(sql);

    /// <summary>Asks again and again until the first value is that; fails with the test's own time limit of 30 s.</summary>
    public async Task WaitForAsync(string sql, string expected)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await QueryAsync(sql)).FirstOrDefault() != expected) await Task.Delay(20, limit.Token);
    }

    // A database with a slot, or with a prepared transaction, cannot be dropped.
    private const string DropSlots = """
        DO $$ DECLARE s record; p record; BEGIN
          FOR s IN SELECT slot_name, active_pid FROM pg_replication_slots WHERE database = current_database() LOOP
            FOR i IN 1..1000 LOOP
              PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = s.slot_name AND active_pid IS NOT NULL;
              BEGIN PERFORM pg_drop_replication_slot(s.slot_name); EXIT; EXCEPTION WHEN object_in_use THEN PERFORM pg_sleep(0.01); END;
            END LOOP;
          END LOOP;
        END $$
        """;

    public async ValueTask DisposeAsync()
    {
        var name = SqlText.Literal(Settings.Database);
        if (await _admin.QueryAsync($"SELECT 1 FROM pg_replication_slots WHERE database = {name}") is { Count: > 0 }) await ExecuteAsync(DropSlots);
        foreach (var prepared in await _admin.QueryAsync($"SELECT quote_literal(gid) FROM pg_prepared_xacts WHERE database = {name}")) await ExecuteAsync($"ROLLBACK PREPARED {prepared}");
        await _sessions.DisposeAsync();
        await _admin.ExecuteAsync($"DROP DATABASE IF EXISTS {new SqlName(Settings.Database)} WITH (FORCE)");
    }
}
