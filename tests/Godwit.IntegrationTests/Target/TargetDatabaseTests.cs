using System.Net;
using System.Net.Sockets;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Target;

public sealed class TargetDatabaseTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_profile_says_what_the_server_is()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await using var target = await database.OpenTargetAsync();

        Assert.Equal(await database.QueryAsync("SHOW server_version_num"), [$"{target.Profile.VersionNumber}"]);
        Assert.Equal((database.Settings.Database, database.Settings.User, "UTF8"), (target.Profile.Database, target.Profile.Role, target.Profile.Encoding));
        Assert.True(target.Profile is { IsSuperuser: true, CanCreateSchema: true, Tls: false, InRecovery: false });
        Assert.Equal(await database.QueryAsync("SELECT datcollate FROM pg_database WHERE datname = current_database()"), [target.Profile.Collation]);
        Assert.Equal(await database.QueryAsync("SHOW max_connections"), [$"{target.Profile.MaxConnections}"]);
        Assert.Equal(await database.QueryAsync("SELECT pg_size_bytes(current_setting('maintenance_work_mem'))"), [$"{target.Profile.MaintenanceWorkMemBytes}"]);
        Assert.DoesNotContain(database.Settings.Password!, target.Display, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_settings_are_pinned_on_new_and_on_reused_connections()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync($"""
            ALTER DATABASE {new SqlName(database.Settings.Database)} SET DateStyle = 'German';
            ALTER DATABASE {new SqlName(database.Settings.Database)} SET TimeZone = 'Asia/Tokyo';
            ALTER DATABASE {new SqlName(database.Settings.Database)} SET statement_timeout = '1s';
            ALTER DATABASE {new SqlName(database.Settings.Database)} SET bytea_output = 'escape';
            """);
        await using var target = await database.OpenTargetAsync(1);
        int process;
        await using (var first = await target.ConnectAsync(Ct))
        {
            process = first.ProcessID;
            await using var change = new NpgsqlCommand("SET TimeZone = 'Europe/Paris'; SET work_mem = '77MB'", first);
            await change.ExecuteNonQueryAsync(Ct);
        }

        await using var second = await target.ConnectAsync(Ct);

        Assert.Equal(process, second.ProcessID);
        await using var show = new NpgsqlCommand("""
            SELECT current_setting('DateStyle') || '|' || current_setting('TimeZone') || '|' || current_setting('statement_timeout') || '|' || current_setting('bytea_output')
                || '|' || current_setting('search_path') || '|' || current_setting('application_name') || '|' || (current_setting('work_mem') = '77MB')
            """, second);
        Assert.Equal("ISO, YMD|UTC|0|hex|pg_catalog|godwit|false", await show.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task No_time_limit_of_the_database_holds()
    {
        // transaction_timeout came with PostgreSQL 17.
        const string Limits = "FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')";
        await using var database = await postgres.CreateDatabaseAsync();
        foreach (var limit in await database.QueryAsync("SELECT name " + Limits))
            await database.ExecuteAsync($"ALTER DATABASE {new SqlName(database.Settings.Database)} SET {limit} = '5min'");
        await using var target = await database.OpenTargetAsync(1);

        await using var connection = await target.ConnectAsync(Ct);

        await using var show = new NpgsqlCommand($"SELECT count(*) FILTER (WHERE setting <> '0') || ' of ' || count(*) {Limits}", connection);
        Assert.Equal(target.Profile.Major < 17 ? "0 of 4" : "0 of 5", await show.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task A_pool_whose_idle_connections_were_ended_opens_new_ones()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await using var target = await database.OpenTargetAsync();
        var connections = new[] { await target.ConnectAsync(Ct), await target.ConnectAsync(Ct), await target.ConnectAsync(Ct) };
        foreach (var connection in connections) await connection.DisposeAsync();
        await database.ExecuteAsync("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

        await using var again = await target.ConnectAsync(Ct);

        await using var one = new NpgsqlCommand("SELECT 1", again);
        Assert.Equal(1, await one.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task A_wrong_password_is_told()
    {
        var error = await RefusedAsync(postgres.Admin.With("password", "hunter2", "test"));

        Assert.Equal(("target-auth-failed", ErrorKind.TargetFatal, "28P01"), (error.Code, error.Kind, error.SqlState));
        Assert.DoesNotContain("hunter2", error.Problem + error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_password_is_told() =>
        Assert.Equal("target-auth-failed", (await RefusedAsync(ConnectionSettings.From(postgres.Admin.Host, postgres.Admin.Port, postgres.Admin.User, null, "postgres", "test"))).Code);

    [Fact]
    public async Task An_unknown_role_is_told() =>
        Assert.Equal("target-auth-failed", (await RefusedAsync(postgres.Admin.With("user", "nobody_of_this_name", "test"))).Code);

    [Fact]
    public async Task A_missing_database_is_told() =>
        Assert.Equal("target-database-missing", (await RefusedAsync(postgres.Admin.WithDatabase("no_such_database"))).Code);

    [Fact]
    public async Task An_unknown_host_is_told() =>
        Assert.Equal("target-unreachable", (await RefusedAsync(postgres.Admin.With("host", "no-such-host.invalid", "test"))).Code);

    [Fact]
    public async Task A_closed_port_is_told()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var error = await RefusedAsync(postgres.Admin.With("host", "127.0.0.1", "test").With("port", $"{port}", "test"));

        Assert.Equal(("target-unreachable", ErrorKind.TargetTransient), (error.Code, error.Kind));
    }

    [Fact]
    public async Task A_missing_socket_is_told() =>
        Assert.Equal("target-unreachable", (await RefusedAsync(postgres.Admin.With("host", "/nonexistent", "test"))).Code);

    [Fact]
    public async Task A_silent_server_is_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var error = await RefusedAsync(postgres.Admin.With("host", "127.0.0.1", "test").With("port", $"{port}", "test").With("connect_timeout", "2", "test"));

        Assert.Equal(("target-timeout", ErrorKind.TargetTransient), (error.Code, error.Kind));
    }

    [Fact]
    public async Task Something_that_is_no_postgres_is_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener);

        var error = await RefusedAsync(postgres.Admin.With("host", "127.0.0.1", "test").With("port", $"{((IPEndPoint)listener.LocalEndpoint).Port}", "test"));

        Assert.Equal(("target-not-postgresql", ErrorKind.TargetFatal), (error.Code, error.Kind));
        error = await RefusedAsync(postgres.Admin.With("host", "127.0.0.1", "test").With("port", $"{((IPEndPoint)listener.LocalEndpoint).Port}", "test").With("sslmode", "disable", "test"));
        Assert.Equal("target-not-postgresql", error.Code);
        // The source's own words for the same.
        error = await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync($"postgres://nobody@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/none", Ct));
        Assert.Equal("source-not-postgresql", error.Code);
        listener.Stop();
        await answering;

        static async Task AnswerAsync(TcpListener listener)
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync(Ct);
                    await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), Ct);
                }
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                // Stopped, while it waited or before it began to.
            }
        }
    }

    [Fact]
    public async Task A_server_without_tls_is_told_where_tls_is_asked_for()
    {
        foreach (var mode in new[] { "require", "verify-ca", "verify-full" })
            Assert.Equal("target-tls-refused", (await RefusedAsync(postgres.Admin.With("sslmode", mode, "test"))).Code);
    }

    [Fact]
    public async Task A_full_server_is_told()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var role = new SqlName(database.Settings.Database + "_one");
        await database.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'p' CONNECTION LIMIT 1");
        var settings = database.Settings.With("user", role.Name, "test").With("password", "p", "test");
        try
        {
            await using var target = await TargetDatabase.OpenAsync(settings, 2, Ct);
            await using var held = await target.ConnectAsync(Ct);

            var error = await Assert.ThrowsAsync<GodwitException>(() => target.ConnectAsync(Ct));

            Assert.Equal(("target-too-many-connections", ErrorKind.TargetTransient), (error.Code, error.Kind));
        }
        finally
        {
            await database.ExecuteAsync($"DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task A_role_without_create_is_told()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var role = new SqlName(database.Settings.Database + "_poor");
        await database.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'p'");
        try
        {
            await using var target = await TargetDatabase.OpenAsync(database.Settings.With("user", role.Name, "test").With("password", "p", "test"), 2, Ct);
            Assert.False(target.Profile.CanCreateSchema || target.Profile.IsSuperuser);
            await using var connection = await target.ConnectAsync(Ct);

            var error = TargetErrors.Map(await Assert.ThrowsAsync<PostgresException>(() => RunAsync(connection, "CREATE SCHEMA mine")), "Preparing");

            Assert.Equal("target-no-privilege", error.Code);
        }
        finally
        {
            await database.ExecuteAsync($"DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task A_read_only_target_is_told()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync($"CREATE TABLE t (n int4); ALTER DATABASE {new SqlName(database.Settings.Database)} SET default_transaction_read_only = on");
        await using var target = await database.OpenTargetAsync();
        await using var connection = await target.ConnectAsync(Ct);

        var error = await Assert.ThrowsAsync<GodwitException>(() => CopySink.StartAsync(connection, new SqlName("public", "t"), ["n"], Ct));

        Assert.Equal(("target-read-only", "25006"), (error.Code, error.SqlState));
    }

    [Fact]
    public async Task Cancelling_is_not_an_error_of_the_target()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TargetDatabase.OpenAsync(postgres.Admin, 1, cancelled.Token));
    }

    private static Task<GodwitException> RefusedAsync(ConnectionSettings settings) =>
        Assert.ThrowsAsync<GodwitException>(async () => await (await TargetDatabase.OpenAsync(settings, 1, Ct)).DisposeAsync());

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
