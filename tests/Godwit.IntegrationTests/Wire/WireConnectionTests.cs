using Godwit.Target;
using Godwit.Wire;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Wire;

public sealed class WireConnectionTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static WireConnection Open(TestDatabase database) => WireConnection.Open(database.Settings.ToBuilder(), Ct);

    [Fact]
    public async Task Answers_of_the_last_statement_come_as_text()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        using var connection = Open(database);
        Assert.Equal(["1", null, ""], connection.Query("SELECT 2; SELECT 1, NULL, ''")[0]);
        Assert.Empty(connection.Query("SELECT 1 WHERE false"));
        Assert.Equal("42P01", Assert.Throws<PostgresException>(() => connection.Query("TABLE missing")).SqlState);
        Assert.Equal("still there", connection.Query("SELECT 'still there'")[0][0]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_arrive_as_they_were(bool binary)
    {
        await using var from = await postgres.CreateDatabaseAsync();
        await using var to = await postgres.CreateDatabaseAsync();
        // Rows of every size around the buffer's: empty, small, 300 kB, 3 MB.
        await from.ExecuteAsync("""
            CREATE TABLE t (id int, body text, bytes bytea);
            INSERT INTO t SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE repeat(chr(64 + i % 60), i % 500) END, NULL FROM generate_series(1, 20000) i;
            INSERT INTO t VALUES (-1, repeat('x', 300000), '\xffff'), (-2, repeat('ä', 1500000), '\x00'), (-3, '', '');
            """);
        await to.ExecuteAsync("CREATE TABLE t (id int, body text, bytes bytea)");
        using var reader = Open(from);
        using var writer = Open(to);
        var format = binary ? "binary" : "text";
        var (rows, bytes) = await CopyPump.RunAsync(reader, $"COPY t TO STDOUT (FORMAT {format})", writer, $"COPY t FROM STDIN (FORMAT {format})", binary, Ct);
        Assert.Equal(20_003, rows);
        Assert.InRange(bytes, 5_000_000, 20_000_000);
        const string Sum = "SELECT count(*), sum(hash_record_extended(t, 0)) FROM t";
        Assert.Equal(reader.Query(Sum)[0], writer.Query(Sum)[0]);
    }

    // In the binary format, header and trailer of an empty table are one message.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_table_without_rows_arrives_too(bool binary)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE here (bytes bytea); CREATE TABLE there (bytes bytea)");
        using var reader = Open(database);
        using var writer = Open(database);
        var format = binary ? "binary" : "text";
        Assert.Equal(0, (await CopyPump.RunAsync(reader, $"COPY here TO STDOUT (FORMAT {format})", writer, $"COPY there FROM STDIN (FORMAT {format})", binary, Ct)).Rows);
        Assert.Equal("0", writer.Query("SELECT count(*) FROM there")[0][0]);
    }

    [Fact]
    public async Task Chunks_hold_whole_rows_and_count_them()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        using var connection = Open(database);
        using (var rows = connection.BeginCopyOut("COPY (SELECT i, repeat('x', i % 100) FROM generate_series(1, 50000) i) TO STDOUT"))
        {
            var lines = 0;
            while (rows.Read(64 * 1024, out var messages) is { IsEmpty: false } chunk)
            {
                Assert.Equal((byte)'\n', chunk.Span[^1]);
                Assert.Equal(messages, chunk.Span.Count((byte)'\n'));
                lines += messages;
            }
            Assert.Equal(50_000, lines);
            Assert.Equal(50_000, rows.Rows);
        }
        Assert.Equal("1", connection.Query("SELECT 1")[0][0]);
    }

    [Fact]
    public async Task An_empty_binary_table_is_a_header_alone()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        using var connection = Open(database);
        using var rows = connection.BeginCopyOut("COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT binary)");
        var bytes = 0;
        while (rows.Read(1024, out _) is { IsEmpty: false } chunk) bytes += chunk.Length;
        // Header and trailer come in one message where there is no row.
        Assert.Contains(bytes, new[] { BinaryCopy.Header.Length, BinaryCopy.Header.Length + BinaryCopy.Trailer.Length });
        Assert.Equal(0, rows.Rows);
    }

    [Fact]
    public async Task An_error_on_either_side_is_the_servers_own()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE narrow (id smallint CHECK (id < 5))");
        using var from = Open(database);
        using var to = Open(database);
        Task Pump(string outSql, string inSql) => CopyPump.RunAsync(from, outSql, to, inSql, binary: false, Ct);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => Pump("COPY (SELECT i FROM generate_series(1, 9) i) TO STDOUT", "COPY narrow FROM STDIN"));
        Assert.Equal("23514", refused.SqlState);
        Assert.Equal("target-constraint-violated", TargetErrors.Map(refused, "Copying").Code);
        from.Query("SELECT 1");
        var failed = await Assert.ThrowsAsync<PostgresException>(() => Pump("COPY (SELECT 10 / (5 - i) FROM generate_series(1, 9) i) TO STDOUT", "COPY narrow FROM STDIN"));
        Assert.Equal("22012", failed.SqlState);
        // Neither left a row, and the writer can be used again.
        Assert.Equal("0", to.Query("SELECT count(*) FROM narrow")[0][0]);
    }

    [Fact]
    public async Task Cancelling_ends_a_copy_that_waits()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (id int)");
        using var from = Open(database);
        using var to = Open(database);
        using var cancel = new CancellationTokenSource();
        var pump = CopyPump.RunAsync(from, "COPY (SELECT 1 FROM pg_sleep(600)) TO STDOUT", to, "COPY t FROM STDIN", binary: false, cancel.Token);
        await database.WaitForAsync($"SELECT count(*) FROM pg_stat_activity WHERE pid = {from.ProcessId} AND wait_event = 'PgSleep'", "1");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pump);
        await database.WaitForAsync($"SELECT count(*) FROM pg_stat_activity WHERE pid IN ({from.ProcessId}, {to.ProcessId})", "0");
    }

    [Fact]
    public async Task A_reader_that_is_ended_says_so()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        using var connection = Open(database);
        using var rows = connection.BeginCopyOut("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT");
        Assert.False(rows.Read(1024, out _).IsEmpty);
        await database.ExecuteAsync($"SELECT pg_terminate_backend({connection.ProcessId})");
        var error = Assert.ThrowsAny<Exception>(() =>
        {
            while (!rows.Read(1024 * 1024, out _).IsEmpty) { }
        });
        Assert.Equal("target-connection-lost", TargetErrors.Map(error, "Reading").Code);
    }

    [Fact]
    public async Task Passwords_are_proven_by_scram()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var role = $"wire_{Guid.NewGuid():N}";
        const string Password = "right, and ünusual";
        await database.ExecuteAsync($"SET password_encryption = 'scram-sha-256'; CREATE ROLE {role} LOGIN PASSWORD '{Password}'");
        try
        {
            var settings = database.Settings.ToBuilder();
            (settings.Username, settings.Password) = (role, Password);
            using (var connection = WireConnection.Open(settings, Ct)) Assert.Equal(role, connection.Query("SELECT current_user")[0][0]);
            if (!await AsksForPasswordsAsync(database, role)) return;
            settings.Password = "wrong";
            var refused = Assert.Throws<PostgresException>(() => WireConnection.Open(settings, Ct));
            Assert.Equal("target-auth-failed", TargetErrors.Map(refused, "Connecting").Code);
            settings.Password = null;
            Assert.Equal("sign-in-unsupported", Assert.Throws<GodwitException>(() => WireConnection.Open(settings, Ct)).Code);
        }
        finally
        {
            await database.ExecuteAsync($"DROP ROLE {role}");
        }
    }

    // A server given by GODWIT_TEST_PG may trust everyone.
    private static async Task<bool> AsksForPasswordsAsync(TestDatabase database, string role)
    {
        var settings = database.Settings.ToBuilder();
        (settings.Username, settings.Password, settings.Pooling) = (role, "wrong", false);
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(Ct);
            return false;
        }
        catch (PostgresException e) when (e.SqlState == "28P01")
        {
            return true;
        }
    }
}
