using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Godwit.Target;
using Xunit;

namespace Godwit.IntegrationTests.Local;

/// <summary>Each test has servers of its own, in a folder of its own.</summary>
public sealed class LocalServerTests : IAsyncLifetime
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-local-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private LocalServerOptions Options => new() { Root = _root.FullName, Durable = false, MayInstall = false };

    public ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_root.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in LocalServer.Names(Options)) await LocalServer.For(name, Options).DestroyAsync(CancellationToken.None);
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Start_is_idempotent_and_data_outlives_stop()
    {
        var server = LocalServer.For("trial", Options);
        Assert.False(server.Exists);
        await server.StartAsync(Ct);
        await server.StartAsync(Ct);
        await server.EnsureDatabaseAsync("My App", fresh: false, Ct);
        var first = server.Settings("My App");
        await PostgresFixture.ExecuteAsync(first, "CREATE TABLE public.kept (n int)");
        await server.StopAsync(Ct);
        Assert.False(await server.IsRunningAsync(Ct));
        Assert.Equal("local-not-running", Assert.Throws<GodwitException>(() => server.Settings("My App")).Code);

        var again = LocalServer.For("trial", Options);
        await again.StartAsync(Ct);
        await again.EnsureDatabaseAsync("My App", fresh: false, Ct);

        Assert.Equal(["trial"], LocalServer.Names(Options));
        Assert.Equal((first.Port, first.Password), (again.Settings("My App").Port, again.Settings("My App").Password));
        await PostgresFixture.ExecuteAsync(again.Settings("My App"), "SELECT n FROM public.kept");
        await again.EnsureDatabaseAsync("My App", fresh: true, Ct);
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => PostgresFixture.ExecuteAsync(again.Settings("My App"), "SELECT n FROM public.kept"));
        await again.DestroyAsync(Ct);
        Assert.False(Directory.Exists(again.Folder));
    }

    [Fact]
    public async Task It_listens_to_this_machine_only_asks_for_a_password_and_sorts_by_bytes()
    {
        var server = LocalServer.For("closed", Options);
        await server.StartAsync(Ct);
        var settings = server.Settings("postgres");

        await using var target = await TargetDatabase.OpenAsync(settings, 1, Ct);

        Assert.Contains(target.Profile.Collation, new[] { "C.UTF-8", "C" });
        Assert.Equal("UTF8", target.Profile.Encoding);
        Assert.True(settings.Password!.Length >= 32);
        foreach (var host in new[] { "127.0.0.1", Path.Combine(server.Folder, "socket") })
        {
            var without = ConnectionSettings.From(host, settings.Port, settings.User, null, "postgres", "test").With("sslmode", "disable", "test");
            var error = await Assert.ThrowsAsync<GodwitException>(() => TargetDatabase.OpenAsync(without, 1, Ct));
            // Another user's socket folder cannot even be reached.
            Assert.Contains(error.Code, new[] { "target-auth-failed", "target-unreachable" });
        }
        await using var connection = await PostgresFixture.OpenAsync(settings);
        await using var command = new Npgsql.NpgsqlCommand("SHOW listen_addresses", connection);
        Assert.Equal("127.0.0.1", await command.ExecuteScalarAsync(Ct));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(server.Folder, "pgpass")));
        Assert.DoesNotContain(settings.Password, server.PsqlCommand("postgres"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Psql_works_as_printed()
    {
        var server = LocalServer.For("psql", Options);
        await server.StartAsync(Ct);
        await server.EnsureDatabaseAsync("it's", fresh: false, Ct);

        var psql = await Tool.RunAsync(["sh", "-c", server.PsqlCommand("it's") + " -Atc 'SELECT current_database()'"], "/", Ct);

        // Without psql on this machine the shell says 127.
        Assert.True(psql.ExitCode == 127 || psql.Output.Trim() == "it's", psql.Error);
    }

    [Fact]
    public async Task A_killed_server_starts_again_even_where_another_process_has_its_id()
    {
        var server = LocalServer.For("killed", Options);
        await server.StartAsync(Ct);
        await server.EnsureDatabaseAsync("app", fresh: false, Ct);
        var pidFile = Path.Combine(server.Folder, "data", "postmaster.pid");
        var lines = await File.ReadAllLinesAsync(pidFile, Ct);
        var postmaster = Process.GetProcessById(int.Parse(lines[0], System.Globalization.CultureInfo.InvariantCulture));
        postmaster.Kill();
        await postmaster.WaitForExitAsync(Ct);
        Assert.False(await server.IsRunningAsync(Ct));
        // A live process that is not this server: the test itself.
        lines[0] = $"{Environment.ProcessId}";
        await File.WriteAllLinesAsync(pidFile, lines, Ct);
        Assert.False(await server.IsRunningAsync(Ct));

        await server.StartAsync(Ct);

        await PostgresFixture.ExecuteAsync(server.Settings("app"), "SELECT 1");
    }

    [Fact]
    public async Task A_taken_port_is_left_for_another()
    {
        var server = LocalServer.For("port", Options);
        await server.StartAsync(Ct);
        var port = server.Settings("postgres").Port;
        await server.StopAsync(Ct);
        using var taker = new TcpListener(IPAddress.Loopback, port);
        taker.Start();

        await server.StartAsync(Ct);

        Assert.NotEqual(port, server.Settings("postgres").Port);
        await PostgresFixture.ExecuteAsync(server.Settings("postgres"), "SELECT 1");
    }

    [Fact]
    public async Task Two_starts_at_once_make_one_server()
    {
        var servers = Enumerable.Range(0, 3).Select(_ => LocalServer.For("both", Options)).ToArray();

        await Task.WhenAll(servers.Select(s => Task.Run(() => s.StartAsync(Ct), Ct)));

        Assert.Single(servers.Select(s => s.Settings("postgres").Port).Distinct());
    }

    [Fact]
    public async Task Data_of_another_major_is_refused()
    {
        var server = LocalServer.For("old", Options);
        await server.StartAsync(Ct);
        await server.StopAsync(Ct);
        var version = Path.Combine(server.Folder, "data", "PG_VERSION");
        var real = await File.ReadAllTextAsync(version, Ct);
        await File.WriteAllTextAsync(version, "11\n", Ct);

        var error = await Assert.ThrowsAsync<GodwitException>(() => server.StartAsync(Ct));

        Assert.Equal(("local-version-mismatch", ErrorKind.Blocked), (error.Code, error.Kind));
        await File.WriteAllTextAsync(version, real, Ct);
    }

    [Fact]
    public async Task A_running_server_whose_programs_went_away_can_be_destroyed()
    {
        var server = LocalServer.For("orphan", Options);
        await server.StartAsync(Ct);
        await File.WriteAllTextAsync(Path.Combine(server.Folder, "data", "PG_VERSION"), "11\n", Ct);

        await server.DestroyAsync(Ct);

        Assert.False(Directory.Exists(server.Folder));
    }

    [Fact]
    public async Task A_server_that_does_not_start_names_its_log()
    {
        var server = LocalServer.For("broken", Options with { ServerSettings = new Dictionary<string, string> { ["shared_buffers"] = "nonsense" } });

        var error = await Assert.ThrowsAsync<GodwitException>(() => server.StartAsync(Ct));

        Assert.Equal("local-start-failed", error.Code);
        Assert.Contains(server.LogPath, error.Problem, StringComparison.Ordinal);
        Assert.True(File.Exists(server.LogPath));
    }

    [Fact]
    public async Task Without_programs_it_says_what_to_install()
    {
        var nothing = Options with { Environment = n => n == "GODWIT_PG_BIN" ? "/nonexistent" : null };
        Assert.Equal("postgres-not-found", (await Assert.ThrowsAsync<GodwitException>(() => LocalServer.For("none", nothing).StartAsync(Ct))).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../up")]
    [InlineData("a b")]
    [InlineData("a/b")]
    public void A_name_that_is_no_folder_is_refused(string name) =>
        Assert.Equal("local-name-invalid", Assert.Throws<GodwitException>(() => LocalServer.For(name, Options)).Code);

    [Fact]
    public async Task A_long_path_still_has_a_socket()
    {
        var deep = Path.Combine(_root.FullName, new string('d', 90));
        var options = Options with { Root = deep };
        var server = LocalServer.For("deep", options);
        await server.StartAsync(Ct);
        await PostgresFixture.ExecuteAsync(server.Settings("postgres"), "SELECT 1");
        await server.DestroyAsync(Ct);
    }

    [Fact]
    public async Task Tls_works_and_an_untrusted_certificate_is_told()
    {
        var server = LocalServer.For("tls", Options);
        await server.StartAsync(Ct);
        await WriteCertificateAsync(Path.Combine(server.Folder, "data"));
        await PostgresFixture.ExecuteAsync(server.Settings("postgres"), "ALTER SYSTEM SET ssl = on");
        await PostgresFixture.ExecuteAsync(server.Settings("postgres"), "SELECT pg_reload_conf()");
        var settings = server.Settings("postgres").With("sslmode", "require", "test");

        await using var target = await TargetDatabase.OpenAsync(settings, 1, Ct);

        Assert.True(target.Profile.Tls);
        var error = await Assert.ThrowsAsync<GodwitException>(() => TargetDatabase.OpenAsync(settings.With("sslmode", "verify-full", "test"), 1, Ct));
        Assert.Equal("target-tls-refused", error.Code);
        var trusted = settings.With("sslrootcert", Path.Combine(server.Folder, "data", "server.crt"), "test").With("sslmode", "verify-full", "test");
        await using var verified = await TargetDatabase.OpenAsync(trusted, 1, Ct);
        Assert.True(verified.Profile.Tls);
        // The wrong host name: the certificate is of 127.0.0.1 only.
        var renamed = await Assert.ThrowsAsync<GodwitException>(() => TargetDatabase.OpenAsync(trusted.With("host", "localhost", "test"), 1, Ct));
        Assert.Equal("target-tls-refused", renamed.Code);
        // No password, with TLS asked for and given: not a matter of TLS.
        var without = ConnectionSettings.From(settings.Host, settings.Port, settings.User, null, "postgres", "test").With("sslmode", "require", "test");
        Assert.Equal("target-auth-failed", (await Assert.ThrowsAsync<GodwitException>(() => TargetDatabase.OpenAsync(without, 1, Ct))).Code);
    }

    private static async Task WriteCertificateAsync(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var account = await ServerAccount.FindAsync(folder, Environment.GetEnvironmentVariable, Ct);
        foreach (var (name, text) in new[] { ("server.crt", certificate.ExportCertificatePem()), ("server.key", key.ExportPkcs8PrivateKeyPem()) })
        {
            await LocalFiles.WriteSecretAsync(Path.Combine(folder, name), text + "\n", Ct);
            await account.OwnAsync(Path.Combine(folder, name), Ct);
        }
    }
}
