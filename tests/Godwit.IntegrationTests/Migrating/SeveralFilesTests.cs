using Godwit.Verify;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>Files that an application attaches to each other: each is a migration of its own, into a schema of its own.</summary>
public class SeveralFilesTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Two_files_become_two_schemas_and_views_made_while_one_was_attached_arrive()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table entry (id integer primary key, v text); insert into entry values (1, 'here')");
        using var other = new OtherFile(scenario.File);
        using (var sqlite = new SqliteConnection($"Data Source={scenario.File};Pooling=False"))
        {
            sqlite.Open();
            using var command = sqlite.CreateCommand();
            command.CommandText = $"attach '{other.Path}' as archive; create table archive.entry (id integer primary key, v text); insert into archive.entry values (7, 'there'), (8, 'there too'); "
                + "create view archive.late as select archive.entry.id from archive.entry where archive.entry.id > 7; create view both as select v from entry union all select v from archived";
            command.ExecuteNonQuery();
        }

        var first = await scenario.MigrateAsync(new MigrationOptions { TargetSchema = "app" });
        var second = await MigrateAsync(other.Path, scenario, new MigrationOptions { TargetSchema = "archive" });

        Assert.Contains("several-files.md", Assert.Single(first.Findings, f => f is { Code: "view-not-translated", Subject: "view both" }).Hint, StringComparison.Ordinal);
        Assert.Contains("archive", Assert.Single(second.Findings, f => f.Code == "attached-name").Problem, StringComparison.Ordinal);
        Assert.Equal(Verdict.Equal, second.Verification!.Verdict);
        Assert.Contains(second.Verification.Checks, c => c is { Name: "view late", Verdict: Verdict.NotChecked });
        Assert.Equal(8, await scenario.AskAsync<long>("select id from archive.late"));
        Assert.Equal("here,there,there too", await scenario.AskAsync<string>("select string_agg(v, ',' order by v) from (select v from app.entry union all select v from archive.entry) e"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(FollowMethod.Diff)]
    public async Task A_file_that_SQLite_opens_under_its_attached_name_only_is_not_followed(FollowMethod? method)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table good (id integer primary key); insert into good values (1); pragma writable_schema = on; insert into sqlite_schema values ('view', 'v', 'v', 0, 'CREATE VIEW v AS SELECT * FROM other.good')");

        Assert.Equal("source-cannot-follow", (await Assert.ThrowsAsync<GodwitException>(() => scenario.MigrateAsync(new MigrationOptions { Follow = true, FollowMethod = method }))).Code);
    }

    // Only what names the attachment may be passed over.
    [Fact]
    public async Task A_table_that_cannot_be_read_is_damage_still()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table good (id integer primary key); pragma writable_schema = on;
            insert into sqlite_schema values ('view', 'v', 'v', 0, 'CREATE VIEW v AS SELECT * FROM other.good');
            insert into sqlite_schema values ('table', 'bad', 'bad', 1, 'CREATE TABLE bad (id integer primary');
            """);

        Assert.Equal("source-corrupt", (await Assert.ThrowsAsync<GodwitException>(() => scenario.MigrateAsync())).Code);
    }

    private static async Task<MigrationResult> MigrateAsync(string file, Scenario scenario, MigrationOptions options)
    {
        await using var source = await EngineRegistry.OpenAsync(file, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        return await new Migration(TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).RunAsync(source, target, options, null, new Progress<MigrationEvent>(), Scenario.Token);
    }

    // In the scenario's folder, which goes with it.
    private sealed class OtherFile(string beside) : IDisposable
    {
        public string Path { get; } = beside + ".archive.db";

        public void Dispose() => File.Delete(Path);
    }
}
