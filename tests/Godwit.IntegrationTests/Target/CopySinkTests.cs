using System.Buffers.Binary;
using Godwit.Schema;
using Godwit.Target;
using Xunit;

namespace Godwit.IntegrationTests.Target;

public sealed class CopySinkTests(PostgresFixture postgres)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_arrive_and_names_are_quoted()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("""CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema"."Odd ""table" ("select" int4, "Ünï" text)""");
        await using var target = await database.OpenTargetAsync();
        await using var connection = await target.ConnectAsync(Ct);

        await using (var sink = await CopySink.StartAsync(connection, new SqlName("My Schema", "Odd \"table"), ["select", "Ünï"], Ct))
        {
            await sink.WriteAsync(Tuple(7, "seven"u8), Ct);
            await sink.WriteAsync(Tuple(8, "eight"u8), Ct);
            await sink.CompleteAsync(Ct);
        }

        Assert.Equal(["7 seven", "8 eight"], await database.QueryAsync("""SELECT "select" || ' ' || "Ünï" FROM "My Schema"."Odd ""table" ORDER BY 1"""));
    }

    [Fact]
    public async Task Many_megabytes_in_large_writes_arrive_whole()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (n int4, v text)");
        await using var target = await database.OpenTargetAsync();
        await using var connection = await target.ConnectAsync(Ct);
        var tuples = new List<byte>();
        for (var i = 0; i < 20_000; i++) tuples.AddRange(Tuple(i, "some text of a row"u8));
        var chunk = tuples.ToArray();

        await using (var sink = await CopySink.StartAsync(connection, new SqlName("public", "t"), ["n", "v"], Ct))
        {
            for (var i = 0; i < 5; i++) await sink.WriteAsync(chunk, Ct);
            await sink.CompleteAsync(Ct);
            Assert.Equal(5L * chunk.Length, sink.BytesWritten);
        }

        Assert.Equal(["100000"], await database.QueryAsync("SELECT count(*) FROM t"));
        Assert.Equal(["999950000"], await database.QueryAsync("SELECT sum(n) FROM t"));
    }

    [Fact]
    public async Task Disposed_without_completing_leaves_no_row_and_a_usable_connection()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (n int4, v text)");
        await using var target = await database.OpenTargetAsync();
        await using var connection = await target.ConnectAsync(Ct);

        await using (var sink = await CopySink.StartAsync(connection, new SqlName("public", "t"), ["n", "v"], Ct))
            await sink.WriteAsync(Tuple(1, "gone"u8), Ct);

        Assert.Equal(["0"], await database.QueryAsync("SELECT count(*) FROM t"));
        await using var again = connection.CreateCommand();
        again.CommandText = "SELECT 42";
        Assert.Equal(42, await again.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task A_missing_table_is_a_mapped_error()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await using var target = await database.OpenTargetAsync();
        await using var connection = await target.ConnectAsync(Ct);

        var error = await Assert.ThrowsAsync<GodwitException>(() => CopySink.StartAsync(connection, new SqlName("public", "nothing"), ["n"], Ct));

        Assert.Equal(("target-refused", "42P01"), (error.Code, error.SqlState));
    }

    [Fact]
    public async Task A_refused_value_is_reported_without_the_value()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (n int4, v jsonb)");
        await using var target = await database.OpenTargetAsync();
        await using var connection = await target.ConnectAsync(Ct);

        var error = await Assert.ThrowsAsync<GodwitException>(async () =>
        {
            await using var sink = await CopySink.StartAsync(connection, new SqlName("public", "t"), ["n", "v"], Ct);
            await sink.WriteAsync(Tuple(1, "\u0001secretword{"u8), Ct);
            await sink.CompleteAsync(Ct);
        });

        Assert.Equal("target-value-refused", error.Code);
        Assert.DoesNotContain("secretword", error.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public async Task A_connection_that_is_killed_during_the_copy_is_lost_and_leaves_no_row(int chunks)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (n int4, v text)");
        await using var target = await database.OpenTargetAsync();
        var error = await Assert.ThrowsAsync<GodwitException>(async () =>
        {
            await using var connection = await target.ConnectAsync(Ct);
            await using var sink = await CopySink.StartAsync(connection, new SqlName("public", "t"), ["n", "v"], Ct);
            await sink.WriteAsync(Tuple(1, "first"u8), Ct);
            await database.ExecuteAsync($"SELECT pg_terminate_backend({connection.ProcessID}, 5000)");
            var large = Tuple(2, new byte[512 * 1024]);
            for (var i = 0; i < chunks; i++) await sink.WriteAsync(large, Ct);
            await sink.CompleteAsync(Ct);
        });

        Assert.Equal(("target-connection-lost", ErrorKind.TargetTransient), (error.Code, error.Kind));
        Assert.True(TargetErrors.IsTransient(error));
        Assert.Equal(["0"], await database.QueryAsync("SELECT count(*) FROM t"));
        await using var next = await target.ConnectAsync(Ct);
        Assert.Equal(System.Data.ConnectionState.Open, next.State);
    }

    private static byte[] Tuple(int number, ReadOnlySpan<byte> text)
    {
        var tuple = new byte[2 + 4 + 4 + 4 + text.Length];
        BinaryPrimitives.WriteInt16BigEndian(tuple, 2);
        BinaryPrimitives.WriteInt32BigEndian(tuple.AsSpan(2), 4);
        BinaryPrimitives.WriteInt32BigEndian(tuple.AsSpan(6), number);
        BinaryPrimitives.WriteInt32BigEndian(tuple.AsSpan(10), text.Length);
        text.CopyTo(tuple.AsSpan(14));
        return tuple;
    }
}
