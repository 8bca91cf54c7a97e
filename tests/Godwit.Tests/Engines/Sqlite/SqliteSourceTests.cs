using System.Security.Cryptography;
using Godwit.Engines.Sqlite;
using Microsoft.Data.Sqlite;
using Xunit;
using static Godwit.Tests.Engines.Sqlite.SqliteTesting;

namespace Godwit.Tests.Engines.Sqlite;

public sealed class SqliteSourceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_missing_file_is_named()
    {
        using var database = new TempDatabase();
        var error = await RefusedAsync(() => database.OpenAsync());
        Assert.Equal((ErrorKind.SourceFatal, "source-missing"), (error.Kind, error.Code));
        Assert.False(File.Exists(database.File));
    }

    [Fact]
    public async Task A_folder_is_no_database()
    {
        using var database = new TempDatabase();
        Directory.CreateDirectory(database.File);
        Assert.Equal("source-is-directory", (await RefusedAsync(() => database.OpenAsync())).Code);
    }

    public static TheoryData<string, string> BadFiles => new()
    {
        { "", "source-empty" },
        { "hello, I am a text file", "source-not-a-database" },
        { "SQLite format 3\0", "source-not-a-database" },
        { "SQLite format 3\0" + new string('\xff', 1000), "source-not-a-database" },
        { new string('x', 5000), "source-not-a-database" },
        { "** This file contains an SQLite 2.1 database **" + new string('\0', 2000), "source-not-a-database" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public async Task A_file_that_is_no_database_is_refused(string latin1, string code)
    {
        using var database = new TempDatabase();
        await File.WriteAllBytesAsync(database.File, System.Text.Encoding.Latin1.GetBytes(latin1), Ct);
        Assert.Equal(code, (await RefusedAsync(() => database.OpenAsync())).Code);
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(16384)]
    public async Task Random_bytes_are_taken_for_encrypted(int size)
    {
        using var database = new TempDatabase();
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        await File.WriteAllBytesAsync(database.File, bytes, Ct);
        Assert.Equal("source-encrypted", (await RefusedAsync(() => database.OpenAsync())).Code);
    }

    [Fact]
    public async Task A_file_that_was_cut_off_is_corrupt()
    {
        using var database = new TempDatabase("CREATE TABLE t(v)", "INSERT INTO t VALUES (zeroblob(50000))");
        using (var file = File.OpenWrite(database.File)) file.SetLength(file.Length / 2);
        Assert.Equal("source-corrupt", (await RefusedAsync(() => database.OpenAsync())).Code);
    }

    [Fact]
    public async Task Damage_inside_a_table_names_the_table()
    {
        using var database = new TempDatabase("CREATE TABLE fine(v)", "INSERT INTO fine VALUES (1)", "CREATE TABLE broken(v)",
            "INSERT INTO broken VALUES (1)");
        var bytes = await File.ReadAllBytesAsync(database.File, Ct);
        Array.Fill(bytes, (byte)0xa5, 2 * 4096, 4096);
        await File.WriteAllBytesAsync(database.File, bytes, Ct);

        await using var source = await database.OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
        var schema = await snapshot.InspectAsync(Ct);
        Assert.Equal(["1|I:1"], await snapshot.RowsAsync(schema.FindTable("fine")!));
        var error = await RefusedAsync(() => snapshot.RowsAsync(schema.FindTable("broken")!));
        Assert.Equal("source-corrupt", error.Code);
        Assert.Contains("broken", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exclusive_writer_is_waited_for_then_reported_as_transient()
    {
        using var database = new TempDatabase("CREATE TABLE t(v)");
        using var writer = database.Connect();
        writer.Run("BEGIN EXCLUSIVE");
        var error = await RefusedAsync(() => database.OpenAsync(TimeSpan.FromMilliseconds(100)));
        Assert.Equal((ErrorKind.SourceTransient, "source-locked"), (error.Kind, error.Code));
        writer.Run("ROLLBACK");
        await using var source = await database.OpenAsync();
        Assert.Equal("SQLite", source.Info.Engine);
    }

    [Fact]
    public async Task A_hot_journal_is_rolled_back_on_a_copy_only()
    {
        using var database = new TempDatabase("CREATE TABLE t(v)", "INSERT INTO t VALUES ('before')");
        LeaveHotJournal(database);
        var files = Contents(database.Folder);

        string copy;
        await using (var source = await database.OpenAsync())
        {
            Assert.Contains(source.Info.Findings, f => f.Code == "source-recovered-on-copy");
            await using var snapshot = await source.OpenSnapshotAsync(2, Ct);
            copy = snapshot.Position.Value;
            var table = Assert.Single((await snapshot.InspectAsync(Ct)).Tables);
            Assert.Equal(["1|T:before"], await snapshot.RowsAsync(table));
        }
        Assert.Equal(files, Contents(database.Folder));

        await using var again = await database.OpenAsync();
        await using var second = await again.OpenSnapshotAsync(1, Ct);
        Assert.Equal(copy, second.Position.Value);
    }

    [Fact]
    public async Task A_wal_whose_shared_memory_cannot_be_made_is_read_on_a_copy()
    {
        using var database = new TempDatabase();
        using (var writer = database.Connect())
        {
            writer.Run("PRAGMA journal_mode=wal");
            writer.Run("CREATE TABLE t(v)");
            writer.Run("INSERT INTO t VALUES ('in the wal')");
            File.Copy(database.File, database.File + ".x");
            File.Copy(database.File + "-wal", database.File + ".x-wal");
        }
        File.Move(database.File + ".x", database.File, overwrite: true);
        File.Move(database.File + ".x-wal", database.File + "-wal", overwrite: true);
        File.CreateSymbolicLink(database.File + "-shm", "/nowhere/at/all"); // SQLite follows no link here
        var files = Contents(database.Folder);

        await using (var source = await database.OpenAsync())
        {
            Assert.Contains(source.Info.Findings, f => f.Code == "source-recovered-on-copy");
            await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
            var table = Assert.Single((await snapshot.InspectAsync(Ct)).Tables);
            Assert.Equal(["1|T:in the wal"], await snapshot.RowsAsync(table));
        }
        Assert.Equal(files, Contents(database.Folder));
    }

    // SQLITE_IOERR_SHMOPEN, _SHMSIZE, _SHMLOCK, _SHMMAP: what network file systems answer; SQLITE_IOERR_READ and _FSYNC: a disk that fails.
    [Theory]
    [InlineData(4618, true)]
    [InlineData(4874, true)]
    [InlineData(5130, true)]
    [InlineData(5386, true)]
    [InlineData(266, false)]
    [InlineData(1034, false)]
    public void Shared_memory_that_is_refused_is_a_reason_for_a_copy(int code, bool needed)
    {
        using var database = new TempDatabase("CREATE TABLE t(v)");
        Assert.Equal(needed, RecoveredCopy.IsNeeded(new SqliteFailure(code, "disk I/O error"), database.File));
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("wal")]
    public async Task Reading_leaves_the_folder_as_it_was(string mode)
    {
        using var database = new TempDatabase($"PRAGMA journal_mode={mode}", "CREATE TABLE t(v)", "INSERT INTO t VALUES (1)");
        var files = Contents(database.Folder);
        await using (var source = await database.OpenAsync())
        {
            await using var snapshot = await source.OpenSnapshotAsync(3, Ct);
            Assert.Single((await snapshot.InspectAsync(Ct)).Tables);
        }
        Assert.Equal(files, Contents(database.Folder));
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("sqlite:{0}")]
    [InlineData("sqlite:{0}?mode=ro")]
    [InlineData("sqlite://{0}")]
    [InlineData("file:{0}")]
    public async Task Connection_strings_name_the_file(string form)
    {
        using var database = new TempDatabase("CREATE TABLE t(v)");
        await using var source = await EngineRegistry.OpenAsync(form.Replace("{0}", database.File, StringComparison.Ordinal), Ct);
        Assert.Equal(database.File, source.Info.Display);
    }

    [Fact]
    public async Task Three_slashes_may_begin_a_relative_path()
    {
        using var database = new TempDatabase("CREATE TABLE t(v)");
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, database.File);
        await using var source = await EngineRegistry.OpenAsync("sqlite:///" + relative, Ct);
        Assert.Equal(database.File, source.Info.Display);
    }

    [Theory]
    [InlineData("mysql://localhost/db", "source-scheme-unknown")]
    [InlineData("sqlite:app.db?mode=rw", "source-option-unknown")]
    public async Task What_is_not_known_is_a_usage_error(string connection, string code)
    {
        var error = await RefusedAsync(() => EngineRegistry.OpenAsync(connection, Ct));
        Assert.Equal((ErrorKind.Usage, code), (error.Kind, error.Code));
    }

    private static void LeaveHotJournal(TempDatabase database)
    {
        // A crash in the middle of a transaction: pages spilled to the file, the journal not yet gone.
        using var writer = database.Connect();
        writer.Run("PRAGMA cache_size=1");
        writer.Run("BEGIN");
        writer.Run("UPDATE t SET v = 'after'");
        writer.Run("INSERT INTO t SELECT zeroblob(3000) FROM (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200) SELECT i FROM c)");
        var (db, journal) = (File.ReadAllBytes(database.File), File.ReadAllBytes(database.File + "-journal"));
        writer.Run("ROLLBACK");
        writer.Dispose();
        File.WriteAllBytes(database.File, db);
        File.WriteAllBytes(database.File + "-journal", journal);
        Assert.Contains((byte)0xd9, journal.AsSpan(0, 1).ToArray());
    }

    private static List<string> Contents(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(f => File.ResolveLinkTarget(f, false) is null).Order(StringComparer.Ordinal).Select(f => $"{Path.GetFileName(f)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))}")];
}
