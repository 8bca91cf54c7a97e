using Godwit.Engines.Postgres;
using Godwit.Samples.ClientPortal;
using Godwit.Supabase;
using Godwit.Target;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Supabase;

/// <summary>
/// Two servers of these tests' own, because roles belong to a whole server: the hosted one, and the new home. Tests of the collection run one after the other,
/// and each begins with a new home without roles.
/// </summary>
public sealed class TwoServers : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-two-");
    private LocalServer? _hosted;
    private LocalServer? _home;
    private int _databases;

    public ConnectionSettings Hosted => _hosted!.Settings("postgres");
    public ConnectionSettings Home => _home!.Settings("postgres");

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        _home = await StartAsync("home", Environment.GetEnvironmentVariable);
        _hosted = await StartAsync("hosted", await SourceEnvironmentAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (_hosted is not null) await _hosted.DestroyAsync(CancellationToken.None);
        if (_home is not null) await _home.DestroyAsync(CancellationToken.None);
        _folder.Delete(recursive: true);
    }

    /// <summary>A database with the platform's shape, and the settings of its admin, who is no superuser.</summary>
    public async Task<(ConnectionSettings Superuser, ConnectionSettings Admin)> CreateProjectAsync()
    {
        await using (var server = await PostgresFixture.OpenAsync(Hosted))
        {
            // A project of the test before; its roles stay, as those of a hosted server do.
            foreach (var old in await ListAsync(server, "select datname from pg_database where datname like 'project%'")) await ExecuteAsync(server, $"drop database \"{old}\" with (force)");
            foreach (var role in await ListAsync(server, "select rolname from pg_roles where rolname in ('reporting', 'Auditors', 'passer', 'plain_reader')")) await ExecuteAsync(server, $"drop owned by \"{role}\"; drop role \"{role}\"");
        }
        var settings = await CreateAsync(Hosted, "project");
        await using var connection = await PostgresFixture.OpenAsync(settings);
        var names = await SupabasePlatform.BuildAsync(connection, new PlatformOptions(Password: "sample"), TestContext.Current.CancellationToken);
        return (settings, ConnectionSettings.From(settings.Host, settings.Port, names.Admin!, "sample", settings.Database, "test").With("sslmode", "disable", "test"));
    }

    /// <summary>An empty database on a server without roles but its own.</summary>
    public async Task<ConnectionSettings> CreateHomeAsync()
    {
        await using var connection = await PostgresFixture.OpenAsync(Home);
        foreach (var database in await ListAsync(connection, "select datname from pg_database where datname like 'home%'"))
            await ExecuteAsync(connection, $"drop database \"{database}\" with (force)");
        // At once: since 16, a role that granted another to somebody cannot go before it.
        var roles = await ListAsync(connection, "select quote_ident(rolname) from pg_roles where rolname !~ '^pg_' and rolname <> current_user");
        if (roles.Count > 0) await ExecuteAsync(connection, $"drop role {string.Join(", ", roles)}");
        return await CreateAsync(Home, "home");
    }

    public static async Task<SupabaseFacts> FactsAsync(ConnectionSettings settings)
    {
        await using var connection = await PostgresFixture.OpenAsync(settings);
        return await FactsReader.ReadAsync(connection, TestContext.Current.CancellationToken);
    }

    public static async Task<List<string>> QueryAsync(ConnectionSettings settings, string sql)
    {
        await using var connection = await PostgresFixture.OpenAsync(settings);
        return await ListAsync(connection, sql);
    }

    private async Task<ConnectionSettings> CreateAsync(ConnectionSettings server, string prefix)
    {
        var name = $"{prefix}_{Interlocked.Increment(ref _databases)}";
        await PostgresFixture.ExecuteAsync(server, $"create database {name} template template0 encoding 'UTF8'");
        return server.WithDatabase(name);
    }

    // A source is read by a pg_dump of its own version; where the tested one has none, the hosted server is of the installed programs: an upgrade on the way, as it mostly is.
    private async Task<Func<string, string?>> SourceEnvironmentAsync()
    {
        await using var connection = await PostgresFixture.OpenAsync(Home);
        try
        {
            await PgDump.FindAsync(Environment.GetEnvironmentVariable, connection.PostgreSqlVersion.Major, TestContext.Current.CancellationToken);
            return Environment.GetEnvironmentVariable;
        }
        catch (GodwitException e) when (e.Code == "pg-dump-missing")
        {
            return name => name == "GODWIT_PG_BIN" ? null : Environment.GetEnvironmentVariable(name);
        }
    }

    private async Task<LocalServer> StartAsync(string name, Func<string, string?> environment)
    {
        var server = LocalServer.For(name, new LocalServerOptions
        {
            Root = _folder.FullName,
            Durable = false,
            Environment = environment,
            ServerSettings = new Dictionary<string, string> { ["max_connections"] = "60", ["shared_buffers"] = "32MB", ["wal_level"] = "logical" },
        });
        await server.StartAsync(CancellationToken.None);
        return server;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<string>> ListAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync()) values.Add(await reader.IsDBNullAsync(0) ? "" : reader.GetString(0));
        return values;
    }
}

[CollectionDefinition(Name)]
public sealed class SupabaseServers : ICollectionFixture<TwoServers>
{
    public const string Name = "two servers";
}
