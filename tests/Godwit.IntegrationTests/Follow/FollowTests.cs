using Godwit.IntegrationTests.Migrating;
using Godwit.Verify;
using Godwit.Writer;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

public class FollowTests(PostgresFixture postgres)
{
    internal static readonly MigrationOptions Options = new() { Jobs = 2, Follow = true };

    internal static async Task<FollowResult> CatchUpAsync(Scenario scenario, CancellationToken? stop = null, bool once = true, Action<MigrationEvent>? on = null)
    {
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        return await new Following(TimeProvider.System).RunAsync(source, target, Options, once, new Listener(on), stop ?? Scenario.Token);
    }

    internal sealed class Listener(Action<MigrationEvent>? on) : IProgress<MigrationEvent>
    {
        public void Report(MigrationEvent value) => on?.Invoke(value);
    }

    internal static async Task AssertEqualAsync(Scenario scenario, string when = "")
    {
        var report = await scenario.VerifyAsync();
        Assert.True(report.Verdict == Verdict.Equal, when + string.Join('\n', report.Tables.Where(t => t.Verdict != Verdict.Equal).SelectMany(t => t.Differences.Take(3).Select(d => $"{t.Table} {d}")).Concat(report.Checks.Concat(report.Tables.SelectMany(t => t.Checks)).Where(o => o.Verdict != Verdict.Equal).Select(o => o.ToString()))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_any_writer_does_arrives(int seed)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, RandomWriter.Schema);
        using var one = new RandomWriter(scenario.File, seed);
        using var other = new RandomWriter(scenario.File, seed + 100);
        one.Write(100);
        await scenario.MigrateAsync(Options, e => { if (e is MigrationEvent.StageStarted { Stage: Stage.Copy }) one.Write(50); });
        for (var checkpoint = 0; checkpoint < 20; checkpoint++)
        {
            one.Write(50);
            other.Write(50);
            await CatchUpAsync(scenario);
            await AssertEqualAsync(scenario);
        }
    }

    [Fact]
    public async Task Follows_while_two_writers_write_and_stops_when_asked()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, RandomWriter.Schema);
        await scenario.MigrateAsync(Options);
        using var stop = new CancellationTokenSource();
        var applied = new TaskCompletionSource();
        var follow = Task.Run(() => CatchUpAsync(scenario, stop.Token, once: false, on: e => { if (e is MigrationEvent.Followed { Changes: > 0 }) applied.TrySetResult(); }));
        await Task.WhenAll(Enumerable.Range(1, 2).Select(seed => Task.Run(() =>
        {
            using var writer = new RandomWriter(scenario.File, seed);
            writer.Write(600);
        })));
        await Task.WhenAny(applied.Task, follow);
        await stop.CancelAsync();

        Assert.True((await follow).Changes > 0);
        await CatchUpAsync(scenario);
        await AssertEqualAsync(scenario);
    }

    [Theory]
    [InlineData("insert or replace into t values (1, 'b', 'new')", "select string_agg(id || v, ',' order by id) from t", "1new")]
    [InlineData("update or replace t set u = 'b' where id = 1", "select string_agg(id || u, ',' order by id) from t", "1b")]
    [InlineData("insert into t values (9, 'a', 'x') on conflict (u) do update set v = 'up'", "select v from t where u = 'a'", "up")]
    [InlineData("delete from t", "select count(*)::text from t", "0")]
    [InlineData("update t set id = id + 10", "select string_agg(id::text, ',' order by id) from t", "11,12")]
    [InlineData("delete from p", "select (select count(*) from p) || ',' || (select count(*) from q)", "0,0")]
    [InlineData("update p set id = 7", "select string_agg(p_id::text, ',') from q", "7,7")]
    public async Task One_statement_arrives(string statement, string question, string answer)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table t (id integer primary key, u text unique, v text); insert into t values (1, 'a', 'one'), (2, 'b', 'two');
            create table p (id integer primary key); create table q (id integer primary key, p_id integer references p on delete cascade on update cascade);
            insert into p values (1); insert into q values (1, 1), (2, 1);
            """);
        await scenario.MigrateAsync(Options);
        Write(scenario, statement);

        await CatchUpAsync(scenario);

        Assert.Equal(answer, await scenario.AskAsync<string>(question));
        await AssertEqualAsync(scenario);
    }

    [Theory]
    [InlineData("create table t (k text primary key, v text); insert into t (rowid, k, v) values (5, 'old', 'x')", "insert or replace into t (rowid, k) values (5, 'new')", "select string_agg(k, ',') from t", "new")]
    [InlineData("create table t (k text primary key, v text); insert into t (rowid, k, v) values (5, 'a', 'x'), (6, 'b', 'x')", "update or replace t set rowid = 6 where k = 'a'", "select string_agg(k, ',') from t", "a")]
    [InlineData("create table t (id integer primary key, v text); create unique index t_v on t (v collate nocase); insert into t values (1, 'abc')", "replace into t values (2, 'ABC')", "select string_agg(id || v, ',') from t", "2ABC")]
    [InlineData("create table t (k text, v text, primary key (k collate nocase)) without rowid; insert into t values ('abc', 'x')", "replace into t values ('ABC', 'y')", "select string_agg(k || v, ',') from t", "ABCy")]
    [InlineData("create table t (id integer primary key desc, v text); insert into t values (1, 'a'), (2, 'b')", "insert or replace into t (rowid, id, v) values (1, 9, 'c')", "select string_agg(id || v, ',' order by id) from t", "2b,9c")]
    [InlineData("create virtual table t using fts5 (a, b); insert into t values ('one', 'two')", "insert into t values ('three', 'four'); update t set b = 'five' where a = 'one'", "select string_agg(a || b, ',' order by a) from t", "onefive,threefour")]
    [InlineData("create virtual table t using rtree (id, x1, x2); insert into t values (1, 0, 1), (2, 0, 1)", "update t set x2 = 4 where id = 1; delete from t where id = 2", "select string_agg(id || ':' || x2, ',') from t", "1:4")]
    [InlineData("create table t (id integer primary key, v text) strict; insert into t values (1, 'a')", "insert into t values (1, 'b') on conflict (id) do update set v = excluded.v returning v", "select v from t", "b")]
    [InlineData("create table t (id integer primary key, v text, g text generated always as (hex(unhex(v))) virtual); insert into t (id, v) values (1, '41')", "insert into t (id, v) values (2, 'ab')", "select string_agg(g, ',' order by id) from t", "41,AB")]
    public async Task One_statement_on_an_unusual_table_arrives(string schema, string statement, string question, string answer)
    {
        foreach (var journal in new[] { "wal", "delete" })
        {
            await using var scenario = await Scenario.CreateAsync(postgres, $"pragma journal_mode = {journal}; {schema}");
            await scenario.MigrateAsync(Options);
            Write(scenario, statement);

            await CatchUpAsync(scenario);

            Assert.Equal(answer, await scenario.AskAsync<string>(question));
            await AssertEqualAsync(scenario);
        }
    }

    [Fact]
    public async Task A_trigger_of_the_application_that_comes_later_and_ignores_hides_nothing()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v text)");
        await scenario.MigrateAsync(Options);
        Write(scenario, "create trigger late after insert on t begin select raise(ignore); end; insert into t values (1, 'hidden from the record')");
        await CatchUpAsync(scenario);
        await AssertEqualAsync(scenario);

        Write(scenario, "insert into t values (2, 'recorded')");
        Assert.Equal(1, (await CatchUpAsync(scenario)).Changes);

        await AssertEqualAsync(scenario);
        Assert.Equal(2, await scenario.AskAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task An_older_copy_of_the_file_is_a_gap()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v text)");
        await scenario.MigrateAsync(Options);
        File.Copy(scenario.File, scenario.File + ".old");
        Write(scenario, "insert into t values (1, 'a')");
        await CatchUpAsync(scenario);
        File.Move(scenario.File + ".old", scenario.File, overwrite: true);

        Assert.Equal("follow-gap", (await Assert.ThrowsAsync<GodwitException>(() => CatchUpAsync(scenario))).Code);
    }

    [Fact]
    public async Task The_record_is_forgotten_once_applied()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "pragma journal_mode = wal; create table t (id integer primary key, v text)");
        await scenario.MigrateAsync(Options);
        Write(scenario, "insert into t with recursive i(i) as (select 1 union all select i + 1 from i where i < 12000) select i, 'v' from i");

        await CatchUpAsync(scenario);

        using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select count(*) || ':' || max(seq) from _godwit_log";
        Assert.Equal("1:12000", command.ExecuteScalar());
    }

    private static void Write(Scenario scenario, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False;Foreign Keys=True");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    [Fact]
    public async Task A_source_that_cannot_be_read_is_named_in_the_journal()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key)");
        await scenario.MigrateAsync(Options);
        using var stop = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var follow = Task.Run(() => CatchUpAsync(scenario, stop.Token, once: false, on: e => { if (e is MigrationEvent.Followed) begun.TrySetResult(); }), Scenario.Token);
        await begun.Task;
        await using (var holder = new SqliteConnection($"Data Source={scenario.File};Pooling=False"))
        {
            holder.Open();
            using var hold = holder.CreateCommand();
            hold.CommandText = "begin exclusive";
            hold.ExecuteNonQuery();
            await scenario.Database.WaitForAsync("select (last_error like 'source-%' and coalesce(rate, 0) >= 0)::text from godwit.follow", "true");
        }
        await stop.CancelAsync();
        await follow;
    }

    [Fact]
    public async Task A_rebuilt_table_is_recorded_again_and_brought_in_step()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v text); insert into t values (1, 'a'), (2, 'b')");
        await scenario.MigrateAsync(Options);
        Write(scenario, "create table n (id integer primary key, v text); insert into n select id + 5, v || '!' from t; drop table t; alter table n rename to t; insert into t values (99, 'unseen')");

        await CatchUpAsync(scenario);
        await AssertEqualAsync(scenario);
        Write(scenario, "insert into t values (100, 'seen')");
        await CatchUpAsync(scenario);

        Assert.Equal("6,7,99,100", await scenario.AskAsync<string>("select string_agg(id::text, ',' order by id) from t"));
        await AssertEqualAsync(scenario);
    }

    [Fact]
    public async Task A_changed_column_list_stops_with_a_code()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v text)");
        await scenario.MigrateAsync(Options);
        Write(scenario, "alter table t add column w text; insert into t values (1, 'a', 'b')");

        Assert.Equal("source-schema-changed", (await Assert.ThrowsAsync<GodwitException>(() => CatchUpAsync(scenario))).Code);
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task A_row_that_does_not_fit_is_set_aside_until_it_does()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, n integer); insert into t values (1, 1), (2, 2)");
        await scenario.MigrateAsync(Options);
        Write(scenario, "update t set n = 'many' where id = 2; insert into t values (3, 3)");
        await CatchUpAsync(scenario);
        Assert.Equal("1,3", await scenario.AskAsync<string>("select string_agg(id::text, ',' order by id) from t"));
        Assert.Equal("many", await scenario.AskAsync<string>("select row ->> 'n' from godwit.quarantine"));

        Write(scenario, "update t set n = 22 where id = 2");
        await CatchUpAsync(scenario);

        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from godwit.quarantine"));
        await AssertEqualAsync(scenario);
    }

    [Fact]
    public async Task The_process_that_migrated_can_follow_and_status_tells_how_far()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v text)");
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        await new Migration(TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).RunAsync(source, target, Options, null, new Listener(null), Scenario.Token);
        Write(scenario, "insert into t values (1, 'a'), (2, 'b')");

        Assert.Equal(2, (await new Following(TimeProvider.System).RunAsync(source, target, Options, true, new Listener(null), Scenario.Token)).Changes);

        await using var connection = await target.ConnectAsync(Scenario.Token);
        var status = (await Journal.RunJournal.ReadStatusAsync(connection, Scenario.Token)).Single();
        Assert.Equal((Journal.FollowJournal.Stopped, 2, 0), (status.Follow!.State, status.Follow.Changes, status.Follow.Pending));
        Assert.False(status.Locked);
    }

    [Fact]
    public async Task A_migration_without_follow_cannot_be_followed()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v text)");
        await scenario.MigrateAsync(new() { Jobs = 2 });

        Assert.Equal("follow-not-begun", (await Assert.ThrowsAsync<GodwitException>(() => CatchUpAsync(scenario))).Code);
    }

    [Fact]
    public async Task A_record_that_was_removed_meanwhile_is_a_gap()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v text)");
        await scenario.MigrateAsync(Options);
        await using (var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token)) await source.Changes!.DisarmAsync(Scenario.Token);

        Assert.Equal("follow-gap", (await Assert.ThrowsAsync<GodwitException>(() => CatchUpAsync(scenario))).Code);
    }

    [Fact]
    public async Task Disarming_leaves_the_schema_as_it_was()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, RandomWriter.Schema);
        var before = SchemaText(scenario);
        await scenario.MigrateAsync(Options);
        Assert.NotEqual(before, SchemaText(scenario));
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);

        await source.Changes!.DisarmAsync(Scenario.Token);

        Assert.Equal(before, SchemaText(scenario));
    }

    private static string SchemaText(Scenario scenario)
    {
        using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select group_concat(type || name || tbl_name || coalesce(sql, ''), char(10)) from (select * from sqlite_schema order by type, name)";
        return (string)command.ExecuteScalar()!;
    }
}
