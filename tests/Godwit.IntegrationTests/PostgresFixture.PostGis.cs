using Godwit.Target;
using Npgsql;

namespace Godwit.IntegrationTests;

public sealed partial class PostgresFixture
{
    private readonly SemaphoreSlim _spatialGate = new(1, 1);
    private LocalServer? _spatialServer;
    private ConnectionSettings? _spatialAdmin;

    /// <summary>
    /// An empty database on a server that has PostGIS: this one where it can, else one of the installed version. Root has the package installed where it is missing, as
    /// Godwit has PostgreSQL itself; anybody else is told which one it is.
    /// </summary>
    internal async Task<TestDatabase> CreateSpatialDatabaseAsync()
    {
        await _spatialGate.WaitAsync();
        try
        {
            _spatialAdmin ??= await SpatialAdminAsync();
        }
        finally
        {
            _spatialGate.Release();
        }
        return await CreateDatabaseAsync(_spatialAdmin);
    }

    private async Task<ConnectionSettings> SpatialAdminAsync()
    {
        if (await HasPostGisAsync(Admin) is not { } installed) return Admin;
        if (Environment.GetEnvironmentVariable("GODWIT_PG_BIN") is { Length: > 0 })
        {
            _spatialServer = await StartInstalledAsync("spatial");
            if (await HasPostGisAsync(_spatialServer.Settings("postgres")) is not { } other) return _spatialServer.Settings("postgres");
            installed = other;
        }
        var package = $"postgresql-{installed}-postgis-3";
        var apt = Tool.FindOnPath("apt-get", Environment.GetEnvironmentVariable);
        if (apt is null || !ServerAccount.IsRoot) throw new InvalidOperationException($"The tests of geometries need PostGIS: sudo apt-get install {package}");
        if ((await InstallAsync()).ExitCode != 0)
        {
            await Tool.RunAsync([apt, "-q", "update"], "/", CancellationToken.None);
            var tried = await InstallAsync();
            if (tried.ExitCode != 0) throw new InvalidOperationException($"{package} could not be installed: {tried.LastLine}");
        }
        return _spatialServer?.Settings("postgres") ?? Admin;

        Task<ToolResult> InstallAsync() => Tool.RunAsync([apt, "-q", "install", "-y", "--no-install-recommends", package], "/", CancellationToken.None, ("DEBIAN_FRONTEND", "noninteractive"));
    }

    /// <summary>Null where the server can create the extension, else its major version.</summary>
    private static async Task<int?> HasPostGisAsync(ConnectionSettings admin)
    {
        await using var connection = await OpenAsync(admin);
        await using var command = new NpgsqlCommand("select count(*) from pg_available_extensions where name = 'postgis'", connection);
        return (long)(await command.ExecuteScalarAsync())! > 0 ? null : connection.PostgreSqlVersion.Major;
    }
}
