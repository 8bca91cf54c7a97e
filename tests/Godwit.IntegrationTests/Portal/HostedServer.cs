using Godwit.Samples.ClientPortal;
using Godwit.Target;
using Npgsql;

namespace Godwit.IntegrationTests.Portal;

/// <summary>
/// A server of its own on which <c>postgres</c> is what it is on the hosted service: the project's admin, no superuser, who may not set
/// session_replication_role. The superuser is <c>supabase_admin</c>. Dispose destroys it.
/// </summary>
internal sealed class HostedServer : IAsyncDisposable
{
    private const string Database = "postgres";
    private const string Superuser = "supabase_admin";

    private readonly LocalServer _server;
    private readonly DirectoryInfo _folder;

    private HostedServer(LocalServer server, DirectoryInfo folder) => (_server, _folder) = (server, folder);

    /// <summary>As <c>postgres</c>.</summary>
    public ConnectionSettings Settings => _server.Settings(Database);

    public static async Task<HostedServer> StartAsync(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("godwit-hosted-");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        var hosted = new HostedServer(LocalServer.For("hosted", new() { Root = folder.FullName, Durable = false }), folder);
        try
        {
            await hosted._server.StartAsync(ct);
            await hosted.DemoteAsync(ct);
            await using var superuser = await hosted.ConnectAsync(Superuser);
            await SupabasePlatform.BuildAsync(superuser, new PlatformOptions(Password: hosted.Settings.Password), ct);
            return hosted;
        }
        catch
        {
            await hosted.DisposeAsync();
            throw;
        }
    }

    public async Task<NpgsqlConnection> ConnectAsync(string user = LocalServer.User)
    {
        var builder = Settings.ToBuilder();
        builder.Username = user;
        builder.Pooling = false;
        var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>As the superuser.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync(Superuser);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of every row, as the superuser sees it.</summary>
    public async Task<List<string>> QueryAsync(string sql)
    {
        await using var connection = await ConnectAsync(Superuser);
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var rows = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await rows.ReadAsync()) values.Add(rows.GetString(0));
        return values;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DestroyAsync(CancellationToken.None);
        _folder.Delete(recursive: true);
    }

    // The role that initdb made cannot lose its rights, but it can be called something else. Not by itself, so that a helper does it.
    private async Task DemoteAsync(CancellationToken ct)
    {
        await using (var postgres = await ConnectAsync())
        await using (var make = new NpgsqlCommand($"CREATE ROLE renamer SUPERUSER LOGIN PASSWORD '{Settings.Password}'", postgres)) await make.ExecuteNonQueryAsync(ct);
        await using (var renamer = await ConnectAsync("renamer"))
        await using (var rename = new NpgsqlCommand($"ALTER ROLE {LocalServer.User} RENAME TO {Superuser}", renamer)) await rename.ExecuteNonQueryAsync(ct);
        await ExecuteAsync("DROP ROLE renamer");
    }
}
