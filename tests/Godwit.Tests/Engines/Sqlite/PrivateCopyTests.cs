using System.Diagnostics;
using Godwit.Engines.Sqlite;
using Godwit.Source;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.Tests.Engines.Sqlite;

public sealed class PrivateCopyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static TempDatabase Database() => new("CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES (1, 'before')");

    private static Task<ISource> OpenAsync(TempDatabase database, string copy) => SqliteSource.OpenAsync($"sqlite:{database.File}?copy={copy}", TimeSpan.FromSeconds(10), Ct);

    [Fact]
    public async Task Writers_do_not_wait_for_a_reader_of_the_copy_and_it_does_not_see_them()
    {
        using var database = Database();
        await using var source = await OpenAsync(database, "always");
        await using (var snapshot = await source.OpenSnapshotAsync(3, Ct))
        {
            database.Execute("PRAGMA busy_timeout = 0", "INSERT INTO t VALUES (2, 'after')");

            var table = Assert.Single((await snapshot.InspectAsync(Ct)).Tables);
            Assert.Single(await snapshot.RowsAsync(table));
            Assert.Contains(source.Info.Findings, f => f.Code == "source-read-from-copy");
            Assert.DoesNotContain(source.Info.Findings, f => f.Code == "source-blocks-writers");
        }
        await using var later = await source.OpenSnapshotAsync(1, Ct);
        Assert.Equal(2, (await later.RowsAsync(Assert.Single((await later.InspectAsync(Ct)).Tables))).Count);
    }

    [Fact]
    public async Task The_moment_is_the_originals()
    {
        using var database = Database();
        await using var copied = await OpenAsync(database, "always");
        await using var direct = await OpenAsync(database, "never");
        await using var one = await copied.OpenSnapshotAsync(1, Ct);
        await using var other = await direct.OpenSnapshotAsync(1, Ct);
        Assert.Equal(other.Position, one.Position);
    }

    [Fact]
    public async Task A_reader_of_the_file_itself_keeps_writers_waiting()
    {
        using var database = Database();
        await using var source = await OpenAsync(database, "never");
        await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
        using var writer = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = database.File, Pooling = false, DefaultTimeout = 1 }.ToString());
        writer.Open();
        Assert.Equal(5, Assert.Throws<SqliteException>(() => writer.Run("INSERT INTO t VALUES (2, 'after')")).SqliteErrorCode);
        Assert.Contains(source.Info.Findings, f => f.Code == "source-blocks-writers");
    }

    [Fact]
    public async Task Another_program_that_has_the_file_open_is_seen()
    {
        using var database = Database();
        await using var source = await OpenAsync(database, "auto");
        await using (var alone = await source.OpenSnapshotAsync(1, Ct)) Assert.DoesNotContain(source.Info.Findings, f => f.Code == "source-read-from-copy");
        using var other = Process.Start(new ProcessStartInfo("tail", ["-f", database.File]) { RedirectStandardOutput = true })!;
        try
        {
            // Its first bytes say that it has opened the file.
            Assert.NotEqual(-1, other.StandardOutput.Read());
            Assert.Equal(other.Id, PrivateCopy.User(database.File));
            var folder = Directory.CreateSymbolicLink(database.File + ".link", Path.GetDirectoryName(database.File)!);
            Assert.Equal(other.Id, PrivateCopy.User(Path.Combine(folder.FullName, Path.GetFileName(database.File))));
            folder.Delete();
            await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
            Assert.Contains(source.Info.Findings, f => f.Code == "source-read-from-copy");
        }
        finally
        {
            other.Kill();
            await other.WaitForExitAsync(Ct);
        }
    }
}
