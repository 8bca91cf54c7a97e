using System.Security.Cryptography;
using Godwit.IntegrationTests.Crash;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>A file and a folder that may be read and not written. Permission bits bind root too where it gives up the right to pass by them.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public class ReadOnlyMediaTests(PostgresFixture postgres)
{
    private static string[]? Launcher => Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"] : null;

    [Theory]
    [InlineData("rollback", false)]
    [InlineData("hot-journal", true)]
    [InlineData("wal", false)]
    [InlineData("wal-without-shm", true)]
    [InlineData("wal-mode-without-wal", true)]
    public async Task What_may_only_be_read_arrives_and_stays_as_it_is(string state, bool copied)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v text); insert into t values (1, 'in the file')");
        var rows = Arrange(scenario, state);
        var folder = Path.GetDirectoryName(scenario.File)!;
        var elsewhere = Directory.CreateTempSubdirectory("godwit-report-");
        foreach (var file in Directory.GetFiles(folder)) File.SetUnixFileMode(file, UnixFileMode.UserRead);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            var before = Contents(folder);

            var (code, said) = await GodwitProcess.RunAsync(scenario, ["migrate"], more: ["--report", elsewhere.FullName], launcher: Launcher);

            Assert.True(code == 0, said);
            Assert.Equal(copied, said.Contains("source-recovered-on-copy", StringComparison.Ordinal));
            Assert.Equal(rows, await scenario.AskAsync<string>("select string_agg(v, ',' order by id) from t"));
            Assert.Equal(before, Contents(folder));
        }
        finally
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            elsewhere.Delete(recursive: true);
        }
    }

    /// <summary>Leaves the file in that state; returns the rows that it holds.</summary>
    private static string Arrange(Scenario scenario, string state)
    {
        if (state == "rollback") return "in the file";
        var hot = state == "hot-journal";
        var suffix = hot ? "-journal" : "-wal";
        var kept = new Dictionary<string, byte[]>();
        using (var writer = new SqliteConnection($"Data Source={scenario.File};Pooling=False"))
        {
            writer.Open();
            void Run(string sql)
            {
                using var command = writer.CreateCommand();
                command.CommandText = sql;
                command.ExecuteNonQuery();
            }
            if (hot)
            {
                Run("PRAGMA cache_size = 1");
                Run("BEGIN; UPDATE t SET v = 'never committed'");
                Run("INSERT INTO t (v) SELECT zeroblob(3000) FROM (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200) SELECT i FROM c)");
            }
            else
            {
                Run("PRAGMA journal_mode = wal");
                Run("PRAGMA wal_checkpoint(truncate)");
                Run("INSERT INTO t (v) VALUES ('in the wal')");
            }
            foreach (var part in new[] { "", suffix, "-shm" })
                if (File.Exists(scenario.File + part)) kept[part] = ReadShared(scenario.File + part);
            if (hot) Run("ROLLBACK");
        }
        if (state == "wal-mode-without-wal") return "in the file,in the wal";
        if (state == "wal-without-shm") kept.Remove("-shm");
        foreach (var (part, bytes) in kept) File.WriteAllBytes(scenario.File + part, bytes);
        return hot ? "in the file" : "in the file,in the wal";
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static List<string> Contents(string folder) =>
        [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(f => $"{Path.GetFileName(f)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))}")];
}
