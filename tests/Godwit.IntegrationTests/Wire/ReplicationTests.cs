using System.Text;
using Godwit.Wire;
using Godwit.Wire.Replication;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Wire;

public sealed class ReplicationTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string NewSlot() => $"godwit_test_{Guid.NewGuid():N}";

    private static CreatedSlot MakeSlot(TestDatabase database)
    {
        using var maker = WireConnection.OpenReplication(database.Settings.ToBuilder(), Ct);
        return maker.CreateSlot(NewSlot(), temporary: false, export: false);
    }

    private static async Task<ReplicationStream> StartAsync(TestDatabase database, ReplicationOptions options)
    {
        // The stream before may not have ended at the server.
        await database.WaitForAsync($"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{options.Slot}' AND active", "0");
        return WireConnection.OpenReplication(database.Settings.ToBuilder(), Ct).StartReplication(options, Silence, TimeProvider.System);
    }

    /// <summary>Everything up to the commit that ends at or after <paramref name="until"/>, or up to where the server says that it has sent all before it; as text.</summary>
    private static List<string> Read(ReplicationStream stream, Lsn until, int memory = 1024 * 1024)
    {
        using var committed = new CommittedStream(stream, Path.GetTempPath(), memory);
        var seen = new List<string>();
        stream.Report(default, default, reply: true);
        while (true)
        {
            var step = committed.Next(out var message, out var keepalive, out _, out _);
            if (step == CommittedStep.Keepalive)
            {
                if (until != default && keepalive >= until) break;
                stream.Report(default, default, reply: true);
                continue;
            }
            Assert.Equal(CommittedStep.Message, step);
            var text = new StringBuilder(message.Kind.ToString());
            foreach (var cell in message.New) text.Append(' ').Append(cell.State == CellState.Text ? Encoding.UTF8.GetString(cell.Value) : cell.State.ToString());
            if (message.Kind is PgOutputKind.Insert or PgOutputKind.Update or PgOutputKind.Delete or PgOutputKind.Origin or PgOutputKind.Begin) seen.Add(message.Text is { } name ? $"{text} {name}" : text.ToString());
            if (message.Kind == PgOutputKind.Commit && message.EndLsn >= until) break;
        }
        Assert.Equal(0, committed.Waiting);
        return seen;
    }

    private static async Task<Lsn> NowAsync(TestDatabase database) => Lsn.Parse((await database.QueryAsync("SELECT pg_logical_emit_message(true, 'godwit', 'now')"))[0]!);

    private static void Drain(ReplicationStream stream)
    {
        while (stream.Next(out _, out _)) { }
    }

    [Fact]
    public async Task The_exported_snapshot_and_the_stream_meet_without_gap_or_overlap()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t; INSERT INTO t VALUES (1)");
        using var maker = WireConnection.OpenReplication(database.Settings.ToBuilder(), Ct);
        var slot = maker.CreateSlot(NewSlot(), temporary: false, export: true);
        await database.ExecuteAsync("INSERT INTO t VALUES (2)");
        await using (var copy = await database.ConnectAsync())
        {
            await using var command = new NpgsqlCommand($"BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '{slot.Snapshot}'; SELECT string_agg(id::text, ',') FROM t", copy);
            Assert.Equal("1", await command.ExecuteScalarAsync(Ct));
        }
        Assert.Equal(["Begin", "Insert 2"], Read(await StartAsync(database, new(slot.Name, slot.Position, ["p"])), default));
    }

    [Fact]
    public async Task What_was_reported_as_durable_does_not_come_again_and_keepalives_tell_of_idle_time()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE unpublished (id int); CREATE PUBLICATION p FOR TABLE t");
        var slot = MakeSlot(database);
        await database.ExecuteAsync("INSERT INTO t VALUES (1)");
        var first = await NowAsync(database);
        await database.ExecuteAsync("INSERT INTO t VALUES (2)");
        var last = await NowAsync(database);
        // Nothing is reported: the next stream begins with it again.
        Assert.Equal(["Begin", "Insert 1"], Read(await StartAsync(database, new(slot.Name, slot.Position, ["p"])), default));
        Assert.Equal(["Begin", "Insert 2"], Read(await StartAsync(database, new(slot.Name, first, ["p"])), last));
        using (var stream = await StartAsync(database, new(slot.Name, last, ["p"])))
        {
            using var committed = new CommittedStream(stream, Path.GetTempPath());
            await database.ExecuteAsync("INSERT INTO unpublished SELECT generate_series(1, 1000)");
            var now = await NowAsync(database);
            Lsn told = default;
            while (told < now)
            {
                stream.Report(default, told, reply: true);
                if (committed.Next(out _, out var keepalive, out _, out _) == CommittedStep.Keepalive) told = keepalive;
            }
            stream.Report(told, told, reply: false);
            await database.WaitForAsync($"SELECT confirmed_flush_lsn >= '{now}' FROM pg_replication_slots WHERE slot_name = '{slot.Name}'", "t");
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(1024 * 1024)]
    public async Task Streamed_transactions_come_whole_and_in_order_without_what_was_rolled_back(int memory)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (id int, body text); ALTER TABLE t REPLICA IDENTITY FULL; CREATE PUBLICATION p FOR TABLE t");
        var slot = MakeSlot(database);
        await using var one = await database.ConnectAsync();
        await using var other = await database.ConnectAsync();
        async Task Do(NpgsqlConnection connection, string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(Ct);
        }
        await Do(one, "BEGIN; INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 2000) i; SAVEPOINT a; INSERT INTO t SELECT -i, repeat('x', 500) FROM generate_series(1, 2000) i; ROLLBACK TO a");
        await Do(other, "BEGIN; INSERT INTO t SELECT 10000 + i, repeat('y', 500) FROM generate_series(1, 2000) i");
        await database.ExecuteAsync("INSERT INTO t VALUES (77, 'between')");
        await Do(one, "INSERT INTO t VALUES (88, 'end')");
        await Do(other, "ROLLBACK");
        await Do(one, "COMMIT");
        await database.ExecuteAsync("INSERT INTO t VALUES (99, 'last')");
        var until = await NowAsync(database);
        var settings = database.Settings.ToBuilder();
        settings.Options = "-c logical_decoding_work_mem=64kB";
        var connection = WireConnection.OpenReplication(settings, Ct);
        var seen = Read(connection.StartReplication(new(slot.Name, slot.Position, ["p"]) { ProtocolVersion = 2, Streaming = true }, Silence, TimeProvider.System), until, memory);
        Assert.Equal(["Begin", "Insert 77 between", "Begin"], seen[..3]);
        Assert.Equal(Enumerable.Range(1, 2000).Select(i => $"Insert {i} {new string('x', 500)}"), seen[3..2003]);
        Assert.Equal(["Insert 88 end", "Begin", "Insert 99 last"], seen[2003..]);
    }

    [Fact]
    public async Task What_came_from_elsewhere_says_so()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var origin = $"godwit_{Guid.NewGuid():N}";
        await database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t");
        var slot = MakeSlot(database);
        await database.ExecuteAsync($"SELECT pg_replication_origin_create('{origin}'); SELECT pg_replication_origin_session_setup('{origin}'); BEGIN; INSERT INTO t VALUES (1); COMMIT; SELECT pg_replication_origin_session_reset()");
        await database.ExecuteAsync("INSERT INTO t VALUES (2)");
        try
        {
            var until = await NowAsync(database);
            Assert.Equal(["Begin", $"Origin {origin}", "Insert 1", "Begin", "Insert 2"], Read(await StartAsync(database, new(slot.Name, slot.Position, ["p"])), until));
            if (int.Parse((await database.QueryAsync("SHOW server_version_num"))[0]!) < 160000) return;
            Assert.Equal(["Begin", "Insert 2"], Read(await StartAsync(database, new(slot.Name, slot.Position, ["p"]) { ProtocolVersion = 2, OriginNone = true }), until));
        }
        finally
        {
            await database.ExecuteAsync($"SELECT pg_replication_origin_drop('{origin}')");
        }
    }

    [Fact]
    public async Task A_slot_that_is_gone_and_a_stream_that_is_ended_say_so()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE PUBLICATION p FOR ALL TABLES");
        using var connection = WireConnection.OpenReplication(database.Settings.ToBuilder(), Ct);
        Assert.Equal("42704", Assert.Throws<PostgresException>(() => connection.StartReplication(new(NewSlot(), default, ["p"]), Silence, TimeProvider.System)).SqlState);
        var slot = connection.CreateSlot(NewSlot(), temporary: false, export: false);
        using var stream = connection.StartReplication(new(slot.Name, slot.Position, ["p"]), Silence, TimeProvider.System);
        await database.ExecuteAsync($"SELECT pg_terminate_backend({connection.ProcessId})");
        var error = Assert.ThrowsAny<Exception>(() => Drain(stream));
        Assert.Equal("target-connection-lost", Godwit.Target.TargetErrors.Map(error, "Streaming").Code);
    }

    [Fact]
    public async Task Silence_is_not_waited_for_without_end()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE PUBLICATION p FOR ALL TABLES");
        var slot = MakeSlot(database);
        using var stream = WireConnection.OpenReplication(database.Settings.ToBuilder(), Ct).StartReplication(new(slot.Name, slot.Position, ["p"]), TimeSpan.FromMilliseconds(300), TimeProvider.System);
        // The first keepalives come by themselves; then the idle server has nothing to say.
        Assert.ThrowsAny<IOException>(() => Drain(stream));
    }
}
