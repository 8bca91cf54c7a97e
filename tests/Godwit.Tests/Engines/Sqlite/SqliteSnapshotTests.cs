using Godwit.Engines.Sqlite;
using Godwit.Source;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.Tests.Engines.Sqlite;

public sealed class SqliteSnapshotTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task All_readers_see_one_moment_while_another_connection_writes(string mode)
    {
        using var database = new TempDatabase($"PRAGMA journal_mode={mode}", "CREATE TABLE a(n)", "CREATE TABLE b(n)", "INSERT INTO a VALUES (0)", "INSERT INTO b VALUES (0)");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var (commits, moments) = (0, new HashSet<string>());
        var writer = Task.Run(() =>
        {
            using var connection = database.Connect();
            connection.Run("PRAGMA synchronous=off");
            connection.Run("PRAGMA wal_autocheckpoint=20");
            for (var n = 1; !stop.IsCancellationRequested; n++)
            {
                try
                {
                    connection.Run($"BEGIN IMMEDIATE; INSERT INTO a VALUES ({n}); UPDATE b SET n = {n}; COMMIT");
                    commits++;
                }
                catch (SqliteException e) when (e.SqliteErrorCode == 5)
                {
                    connection.Run("ROLLBACK"); // A reader's lock outlasted the timeout.
                }
            }
        }, Ct);
        await using (var source = await database.OpenAsync())
        {
            // More rounds where the machine is busy and the writer has not had its turn.
            for (var round = 0; round < 25 || (moments.Count < 2 && round < 2000); round++)
            {
                await using var snapshot = await source.OpenSnapshotAsync(4, Ct);
                var schema = await snapshot.InspectAsync(Ct);
                // Twice as many scans as readers: they queue, and each reader is seen.
                var reads = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => snapshot.RowsAsync(schema.FindTable(i % 2 == 0 ? "a" : "b")!)));
                var b = reads[1][0];
                for (var i = 0; i < 8; i++) Assert.Equal(b[(b.IndexOf(':', StringComparison.Ordinal) + 1)..], reads[i][^1][(reads[i][^1].IndexOf(':', StringComparison.Ordinal) + 1)..]);
                moments.Add(b);
                await Task.Yield();
            }
        }
        await stop.CancelAsync();
        await writer;
        Assert.True(commits > 1, "the writer never wrote");
        Assert.True(moments.Count > 1, "the readers never saw the writer's work");
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task A_position_tells_one_content_from_another(string mode)
    {
        using var database = new TempDatabase($"PRAGMA journal_mode={mode}", "CREATE TABLE t(n)", "INSERT INTO t VALUES (0), (1), (2)");
        var first = await PositionAsync(database);
        Assert.Equal(first, await PositionAsync(database));
        // In WAL mode this leaves the change counter and the size of the file as they were.
        database.Execute("UPDATE t SET n = 5 WHERE n = 1");
        var second = await PositionAsync(database);
        Assert.NotEqual(first, second);
        using var application = database.Connect();
        application.Run("UPDATE t SET n = 6 WHERE n = 5");
        var third = await PositionAsync(database);
        Assert.NotEqual(second, third);
        Assert.Equal(third, await PositionAsync(database));
        application.Run("UPDATE t SET n = 7 WHERE n = 6");
        Assert.NotEqual(third, await PositionAsync(database));
    }

    [Fact]
    public async Task A_checkpoint_does_not_move_a_position_in_the_wal()
    {
        using var database = new TempDatabase("PRAGMA journal_mode=wal", "CREATE TABLE t(n)");
        using var application = database.Connect();
        application.Run("INSERT INTO t VALUES (1)");
        var before = await PositionAsync(database);
        application.Run("PRAGMA wal_checkpoint(PASSIVE)");
        Assert.Equal(before, await PositionAsync(database));
    }

    [Fact]
    public async Task Readers_without_locks_read_the_very_file()
    {
        using var database = new TempDatabase("CREATE TABLE t(n)", "INSERT INTO t VALUES (1)");
        var odd = Path.Combine(database.Folder, "a%20b#c d.db");
        File.Copy(database.File, odd);
        await using var source = await SqliteSource.OpenAsync(odd, Ct);
        await using var snapshot = await source.OpenSnapshotAsync(3, Ct);
        var table = (await snapshot.InspectAsync(Ct)).FindTable("t")!;
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => snapshot.RowsAsync(table))), rows => Assert.Single(rows));
    }

    [Fact]
    public async Task Disposing_releases_the_locks()
    {
        using var database = new TempDatabase("CREATE TABLE t(n)");
        await using var source = await database.OpenAsync();
        using var writer = database.Connect();
        writer.DefaultTimeout = 1;
        await using (await source.OpenSnapshotAsync(2, Ct))
        {
            // The writer's own retries are what takes the second.
            Assert.Equal(5, Assert.Throws<SqliteException>(() => writer.Run("INSERT INTO t VALUES (1)")).SqliteErrorCode);
        }
        writer.Run("INSERT INTO t VALUES (2)");
    }

    [Fact]
    public async Task A_rollback_journal_and_what_it_means_for_writers_is_said()
    {
        using var rollback = new TempDatabase("CREATE TABLE t(n)");
        using var wal = new TempDatabase("PRAGMA journal_mode=wal", "CREATE TABLE t(n)");
        await using var first = await rollback.OpenAsync();
        await using var second = await wal.OpenAsync();
        Assert.Equal("source-blocks-writers", Assert.Single(first.Info.Findings).Code);
        Assert.Empty(second.Info.Findings);
    }

    private static async Task<Position> PositionAsync(TempDatabase database)
    {
        await using var source = await database.OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(2, Ct);
        return snapshot.Position;
    }
}
