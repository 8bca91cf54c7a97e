using System.Security.Cryptography;
using Godwit.Cutover;
using Godwit.Engines.Sqlite;
using Godwit.IntegrationTests.Migrating;
using Godwit.Writer;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

/// <summary>A file that must not be touched is followed by comparing it with a copy: --method diff.</summary>
public sealed class ComparingTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions Options = new() { Jobs = 2, Follow = true, FollowMethod = FollowMethod.Diff };
    private static readonly SwitchOptions How = new(null, [], null, VerifyMode.Full);

    /// <summary>A scenario whose copy goes with it.</summary>
    private sealed class Compared(Scenario scenario) : IAsyncDisposable
    {
        public Scenario Scenario => scenario;
        public ComparedCopy Copy { get; } = new(scenario.File);

        public async ValueTask DisposeAsync()
        {
            Copy.Delete();
            await scenario.DisposeAsync();
        }
    }

    private async Task<Compared> MigratedAsync(string schema, Action<MigrationEvent>? on = null)
    {
        var compared = new Compared(await Scenario.CreateAsync(postgres, schema));
        await compared.Scenario.MigrateAsync(Options, on);
        return compared;
    }

    private static List<string> Read(string sql, string file)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False;Mode=ReadOnly");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var row = command.ExecuteReader();
        var rows = new List<string>();
        while (row.Read()) rows.Add(string.Join('|', Enumerable.Range(0, row.FieldCount).Select(i => row.IsDBNull(i) ? "∅" : row.GetFieldType(i).Name + ":" + (row.GetValue(i) is byte[] bytes ? Convert.ToHexString(bytes) : row.GetValue(i)))));
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    /// <summary>The target is as the copy is, and the copy as the file.</summary>
    private static async Task AssertEqualAsync(Compared compared)
    {
        await FollowTests.AssertEqualAsync(compared.Scenario);
        foreach (var table in Read("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name not like '_godwit_%'", compared.Scenario.File).Select(t => t["String:".Length..]))
            Assert.Equal(Read($"select * from \"{table}\"", compared.Scenario.File), Read($"select * from \"{table}\"", compared.Copy.Path));
    }

    private static void WriteAtOnce(Compared compared, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={compared.Scenario.File};Pooling=False;Default Timeout=1");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string Sha(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));

    [Theory]
    [InlineData(1, "wal")]
    [InlineData(2, "delete")]
    public async Task What_any_writer_does_arrives(int seed, string journal)
    {
        await using var compared = new Compared(await Scenario.CreateAsync(postgres, RandomWriter.Schema.Replace("journal_mode = wal", "journal_mode = " + journal, StringComparison.Ordinal)));
        using var writer = new RandomWriter(compared.Scenario.File, seed);
        writer.Write(100);
        await compared.Scenario.MigrateAsync(Options, e => { if (e is MigrationEvent.StageStarted { Stage: Stage.Copy }) writer.Write(50); });
        for (var checkpoint = 0; checkpoint < 8; checkpoint++)
        {
            writer.Write(50);
            await FollowTests.CatchUpAsync(compared.Scenario);
            await AssertEqualAsync(compared);
        }
    }

    [Theory]
    [InlineData("create table t (a, b); insert into t values (1, 'x'), (1, 'x'), (2, 'y')", "delete from t where rowid = 1; insert into t values (2, 'y')")]
    [InlineData("create table t (k text primary key, v); insert into t values (null, 1), (null, 1), ('a', 1)", "delete from t where rowid = 1")]
    [InlineData("create table t (k text primary key, v); insert into t values ('a', 1)", "update t set v = 1.0")]
    [InlineData("create table t (k text primary key, v); insert into t values ('a', '1')", "update t set v = x'31'")]
    [InlineData("create table t (k text collate nocase primary key, v text collate nocase) without rowid; insert into t values ('a', 'b')", "update t set v = 'B'; insert into t values ('c', 'd'); update t set k = 'A' where k = 'a'")]
    [InlineData("create table t (id integer primary key, u text unique); insert into t values (1, 'a'), (2, 'b')", "update t set u = 'x' where id = 1; update t set u = 'a' where id = 2; update t set u = 'b' where id = 1")]
    [InlineData("create virtual table t using fts5 (a, b); insert into t values ('one', 'two')", "insert into t values ('three', 'four'); update t set b = 'five' where a = 'one'")]
    [InlineData("create virtual table t using rtree (id, x1, x2); insert into t values (1, 0, 1), (2, 0, 1)", "update t set x2 = 4 where id = 1; delete from t where id = 2")]
    [InlineData("create table t (id integer primary key autoincrement, v); insert into t (v) values (zeroblob(100000)), (2)", "update t set v = x'00' || substr(v, 2) where id = 1; vacuum; delete from t where id = 2")]
    public async Task A_change_arrives_and_nothing_is_written_to_the_file(string schema, string change)
    {
        await using var compared = new Compared(await Scenario.CreateAsync(postgres, schema));
        var before = Sha(compared.Scenario.File);
        await compared.Scenario.MigrateAsync(Options);
        await FollowTests.CatchUpAsync(compared.Scenario);
        Assert.Equal(before, Sha(compared.Scenario.File));
        foreach (var statement in change.Split("; ")) compared.Scenario.Source(statement);
        before = Sha(compared.Scenario.File);

        Assert.True((await FollowTests.CatchUpAsync(compared.Scenario)).Changes > 0);

        await AssertEqualAsync(compared);
        Assert.Equal(0, (await FollowTests.CatchUpAsync(compared.Scenario)).Changes);
        Assert.Equal(before, Sha(compared.Scenario.File));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(compared.Scenario.File)!));
    }

    [Fact]
    public async Task Changed_columns_stop_and_new_tables_stop_the_cutover()
    {
        await using var compared = await MigratedAsync("create table t (id integer primary key, v text)");
        compared.Scenario.Source("create table late (id integer primary key)");
        Assert.Equal("cutover-new-tables", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(compared))).Code);
        compared.Scenario.Source("alter table t add column w text");
        Assert.Equal("source-schema-changed", (await Assert.ThrowsAsync<GodwitException>(() => FollowTests.CatchUpAsync(compared.Scenario))).Code);
    }

    private static async Task<CutoverResult> SwitchAsync(Compared compared, bool back = false, Action<StepTime>? on = null, SwitchOptions? how = null)
    {
        await using var source = await EngineRegistry.OpenAsync(compared.Scenario.File, Scenario.Token);
        await using var target = await compared.Scenario.Database.OpenTargetAsync(5);
        var cutting = new CuttingOver(TimeProvider.System);
        return back ? await cutting.RollbackAsync(source, target, Options, how ?? How, on ?? (_ => { }), Scenario.Token) : await cutting.CutoverAsync(source, target, Options, how ?? How, on ?? (_ => { }), Scenario.Token);
    }

    private static async Task FinishAsync(Compared compared, bool abandon = false)
    {
        await using var source = await EngineRegistry.OpenAsync(compared.Scenario.File, Scenario.Token);
        await using var target = await compared.Scenario.Database.OpenTargetAsync(5);
        await new CuttingOver(TimeProvider.System).FinishAsync(source, target, Options, abandon, Scenario.Token);
    }

    private const string Schema = "create table t (id integer primary key, v text); create table nokey (v text); insert into t values (1, 'a'), (2, 'b'); insert into nokey values ('n')";

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task Over_and_back_keeps_writers_out_meanwhile_and_loses_nothing(string journal)
    {
        await using var compared = await MigratedAsync($"pragma journal_mode = {journal}; {Schema}");
        compared.Scenario.Source("insert into t values (3, 'followed'); insert into nokey values ('n')");
        var refused = "";
        await SwitchAsync(compared, on: s =>
        {
            if (s.Step == "drain") refused = Assert.Throws<SqliteException>(() => WriteAtOnce(compared, "insert into t values (4, 'behind the fence')")).Message;
        });
        Assert.Contains("locked", refused);
        Assert.Equal("a,b,followed", await compared.Scenario.AskAsync<string>("select string_agg(v, ',' order by id) from t"));
        await compared.Scenario.DoAsync("insert into t values (9, 'new side'); update nokey set v = 'm'");

        await SwitchAsync(compared, back: true);

        Assert.Equal(["String:a", "String:b", "String:followed", "String:new side"], Read("select v from t", compared.Scenario.File));
        Assert.Equal(["String:m", "String:m"], Read("select v from nokey", compared.Scenario.File));
        Assert.Empty(Read("select name from sqlite_schema where name like '%godwit%'", compared.Scenario.File));
        compared.Scenario.Source("insert into t values (10, 'home')");
        await FollowTests.CatchUpAsync(compared.Scenario);
        await AssertEqualAsync(compared);
        await SwitchAsync(compared);
        await FinishAsync(compared);
        Assert.False(compared.Copy.Exists);
        compared.Scenario.Source("insert into t values (11, 'nobody minds')");
    }

    [Fact]
    public async Task A_write_to_the_old_file_after_the_cutover_is_noticed()
    {
        await using var compared = await MigratedAsync(Schema);
        await SwitchAsync(compared);
        compared.Scenario.Source("insert into t values (5, 'by a program that was forgotten')");
        await compared.Scenario.DoAsync("insert into t values (9, 'new side')");
        Assert.Equal("fence-leaked", (await Assert.ThrowsAsync<GodwitException>(() => FinishAsync(compared))).Code);
        Assert.Equal("fence-leaked", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(compared, back: true))).Code);
        await FinishAsync(compared, abandon: true);
    }

    [Fact]
    public async Task A_failed_switch_lets_writers_in_again()
    {
        await using var compared = await MigratedAsync(Schema);
        Assert.Equal("on-switch-failed", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(compared, how: How with { OnSwitch = "exit 3" }))).Code);
        compared.Scenario.Source("insert into t values (3, 'goes on')");
        await FollowTests.CatchUpAsync(compared.Scenario);
        await AssertEqualAsync(compared);
        await SwitchAsync(compared);
    }

    [Fact]
    public async Task The_method_has_to_fit_the_source()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key)");
        Assert.Equal("options-conflict", (await Assert.ThrowsAsync<GodwitException>(() => scenario.MigrateAsync(Options with { FollowMethod = FollowMethod.Slot }))).Code);
    }
}
