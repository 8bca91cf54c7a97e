using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.IntegrationTests.Migrating;
using Godwit.Journal;
using Godwit.Verify;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

/// <summary>What is written to the target after the cutover is in the source after the rollback.</summary>
public sealed class WayBackTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions Options = new() { Jobs = 2, Follow = true };

    private const string Tables = """
        pragma journal_mode = wal;
        create table p (id integer primary key autoincrement, u text unique, ok boolean, at timestamp, day date, price decimal(10,2), f real, doc json, raw blob, uid uuid, secs timestamp, t time, s string);
        insert into p (u, ok, at, day, price, f, doc, raw, uid, secs, t, s) values
          ('a', 1, '2024-01-02 03:04:05', '2024-01-02', 1.5, 0.1, '{"b":1,"a":[1,2]}', x'00ff', '00000000-0000-0000-0000-00000000000a', 1700000000, '10:00:00', 'word'),
          ('b', 0, '2024-01-02 03:04:05.250000', null, 2, 1e300, null, null, null, null, null, 17),
          ('c', null, null, null, null, null, '[]', null, null, null, null, '');
        create table c (p_id integer references p (id) on delete cascade, n integer, note text, primary key (p_id, n)) without rowid;
        insert into c values (1, 1, 'one'), (1, 2, 'two'), (3, 1, 'three');
        create table keyless (v text, n integer);
        insert into keyless values ('x', 1), ('x', 1), ('y', 2);
        create table "old" ("new" integer, tg_op text, primary key ("new", tg_op)) without rowid;
        insert into "old" values (1, 'x'), (2, 'y');
        create table trail (id integer primary key, what text);
        create trigger p_trail after insert on p begin insert into trail (what) values ('new ' || new.u); end;
        create virtual table words using fts5 (u, content = 'p', content_rowid = 'id');
        create trigger p_words after insert on p begin insert into words (rowid, u) values (new.id, new.u); end;
        insert into words (words) values ('rebuild');
        """;

    private static async Task<CutoverResult> SwitchAsync(Scenario scenario, bool back, bool noWayBack = false)
    {
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        var how = new SwitchOptions(null, [], null, VerifyMode.Full) { NoWayBack = noWayBack };
        var cutting = new CuttingOver(TimeProvider.System);
        return back ? await cutting.RollbackAsync(source, target, Options, how, _ => { }, Scenario.Token) : await cutting.CutoverAsync(source, target, Options, how, _ => { }, Scenario.Token);
    }

    private static async Task<Scenario> SwitchedAsync(PostgresFixture postgres, string sql)
    {
        var scenario = await Scenario.CreateAsync(postgres, sql);
        await scenario.MigrateAsync(Options);
        await SwitchAsync(scenario, back: false);
        return scenario;
    }

    [Fact]
    public async Task Every_kind_of_write_comes_back_as_the_source_would_have_stored_it()
    {
        await using var scenario = await SwitchedAsync(postgres, Tables);
        await scenario.DoAsync("""
            insert into p (u, ok, at, day, price, f, doc, raw, uid, secs, t, s) values ('new', true, '2025-05-06 07:08:09.5', '2025-05-06', 7.25, -0.5, '{"k": "v"}', '\x0102', '00000000-0000-0000-0000-00000000000b', '2023-11-14 22:13:21+00', '11:30', '42');
            update p set ok = not ok, price = price + 1, u = u || '!' where id < 3;
            delete from p where id = 3;
            update c set n = 9 where n = 2;
            insert into keyless values ('z', 3); delete from keyless where v = 'y';
            update "old" set tg_op = 'z' where "new" = 1; delete from "old" where "new" = 2; insert into "old" values (3, 'w');
            with gone as (insert into p (u) values ('never') returning id) select 1;
            """);
        await scenario.DoAsync("delete from p where u = 'never'");

        var result = await SwitchAsync(scenario, back: true);

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.True(result.CarriedBack > 0);
        Assert.Equal("4|new|1|2025-05-06 07:08:09.500000|2025-05-06|7.25|-0.5|{\"k\": \"v\"}|0102|00000000-0000-0000-0000-00000000000b|1700000001|11:30:00|42",
            scenario.AskSource("select id || '|' || u || '|' || ok || '|' || at || '|' || day || '|' || price || '|' || f || '|' || doc || '|' || hex(raw) || '|' || uid || '|' || secs || '|' || t || '|' || s from p where u = 'new'"));
        Assert.Equal("integer text integer real integer", scenario.AskSource("select typeof(ok) || ' ' || typeof(at) || ' ' || typeof(secs) || ' ' || typeof(price) || ' ' || typeof(s) from p where u = 'new'"));
        Assert.Equal("a!:0:2.5,b!:1:3", scenario.AskSource("select group_concat(u || ':' || ok || ':' || price) from (select * from p where id < 3 order by id)"));
        Assert.Equal("1:1,1:9", scenario.AskSource("select group_concat(p_id || ':' || n) from (select * from c order by 1, 2)"));
        // Columns that are called as variables of a trigger's function are.
        Assert.Equal("1z,3w", scenario.AskSource("select group_concat(\"new\" || tg_op) from (select * from \"old\" order by 1)"));
        Assert.Equal("x1,x1,z3", scenario.AskSource("select group_concat(v || n) from (select * from keyless order by v)"));
        // The key that was given out and deleted on the new side is not given out again; the full-text index knows the new row.
        Assert.Equal("5", scenario.AskSource("select seq from sqlite_sequence where name = 'p'"));
        Assert.Equal("4", scenario.AskSource("select rowid from words where words match 'new'"));
        Assert.Equal("0", scenario.AskSource("select count(*) from _godwit_log where seq > 0 and t is null"));
        Assert.Equal("ok", scenario.AskSource("pragma integrity_check"));
    }

    [Fact]
    public async Task The_old_database_is_kept_in_step_after_the_cutover_and_back_and_forth_loses_nothing()
    {
        await using var scenario = await SwitchedAsync(postgres, Tables);
        await scenario.DoAsync("insert into p (u) values ('one')");
        var followed = await FollowTests.CatchUpAsync(scenario);
        Assert.True(followed.IsBack);
        Assert.Equal("one", scenario.AskSource("select u from p where id = 4"));
        Assert.Equal(0, (await FollowTests.CatchUpAsync(scenario)).Changes);

        await scenario.DoAsync("insert into p (u) values ('two')");
        await SwitchAsync(scenario, back: true);
        Assert.Equal("two", scenario.AskSource("select u from p where id = 5"));
        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => scenario.DoAsync("truncate p cascade"))).SqlState);

        scenario.Source("insert into p (u) values ('three')");
        Assert.False((await FollowTests.CatchUpAsync(scenario)).IsBack);
        await SwitchAsync(scenario, back: false);
        Assert.Equal("three", await scenario.AskAsync<string>("select u from p where id = 6"));
        await scenario.DoAsync("truncate c; insert into p (u) values ('four')");
        await SwitchAsync(scenario, back: true);

        Assert.Equal("four", scenario.AskSource("select u from p order by id desc limit 1"));
        Assert.Equal("0", scenario.AskSource("select count(*) from c"));
        await FollowTests.AssertEqualAsync(scenario);
    }

    [Fact]
    public async Task A_time_of_day_comes_back_behind_the_date_that_Rails_puts_before_it()
    {
        await using var scenario = await SwitchedAsync(postgres, """
            pragma journal_mode = wal;
            create table shops (id integer primary key, opens time);
            insert into shops values (1, '2000-01-01 08:30:00'), (2, '2000-01-01 09:00:00.250000'), (3, null);
            """);
        await scenario.DoAsync("update shops set opens = '10:15' where id = 1; insert into shops values (4, '23:59:59.5')");

        await SwitchAsync(scenario, back: true);

        Assert.Equal("2000-01-01 10:15:00,2000-01-01 09:00:00.250000,2000-01-01 23:59:59.500000", scenario.AskSource("select group_concat(opens) from (select * from shops order by id)"));
    }

    [Fact]
    public async Task A_role_that_may_only_write_the_tables_is_recorded_too()
    {
        await using var scenario = await SwitchedAsync(postgres, Tables);
        var role = $"app_{Guid.NewGuid():N}";
        await scenario.DoAsync($"create role {role}; grant all on all tables in schema public to {role}; grant all on all sequences in schema public to {role}");
        try
        {
            await scenario.DoAsync($"set role {role}; insert into p (u) values ('by the application')");

            await SwitchAsync(scenario, back: true);

            Assert.Equal("by the application", scenario.AskSource("select u from p order by id desc limit 1"));
        }
        finally
        {
            await scenario.DoAsync($"drop owned by {role}; drop role {role}");
        }
    }

    [Theory]
    [InlineData("create table t (id integer primary key, v); insert into t values (1, '7'), (2, 5)")]
    [InlineData("create table t (id integer primary key, v blob); insert into t values (1, x'00'), (2, 'text')")]
    public async Task Values_that_would_come_back_changed_refuse_the_cutover_unless_told(string sql)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, sql);
        await scenario.MigrateAsync(Options);

        var refused = await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(scenario, back: false));

        Assert.Equal("way-back-lossy", refused.Code);
        scenario.Source("insert into t values (3, 'goes on')");
        await SwitchAsync(scenario, back: false, noWayBack: true);
        await scenario.DoAsync("delete from t where id = 1");
        Assert.Equal("rollback-would-lose", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(scenario, back: true))).Code);
        Assert.Equal("already-switched", (await Assert.ThrowsAsync<GodwitException>(() => FollowTests.CatchUpAsync(scenario))).Code);
    }

    [Theory]
    [InlineData("update p set at = 'infinity' where id = 1", "way-back-misfit")]
    [InlineData("alter table p add column extra text; update p set extra = 'x'", "target-schema-changed")]
    public async Task What_has_no_place_in_the_source_stops_the_rollback_and_the_new_side_stays_in_use(string sql, string code)
    {
        await using var scenario = await SwitchedAsync(postgres, Tables);
        await scenario.DoAsync(sql);

        Assert.Equal(code, (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(scenario, back: true))).Code);

        await scenario.DoAsync("insert into p (u) values ('goes on')");
        Assert.Equal("3", scenario.AskSource("select count(*) from p"));
    }

    [Fact]
    public async Task A_table_that_is_new_in_the_source_stops_the_cutover()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync(Options);
        scenario.Source("create table late (id integer primary key)");
        Assert.Equal("cutover-new-tables", (await Assert.ThrowsAsync<GodwitException>(() => SwitchAsync(scenario, back: false))).Code);

        scenario.Source("drop table late");
        await SwitchAsync(scenario, back: false);
    }

    [Fact]
    public async Task Status_tells_which_side_is_in_use_and_what_waits()
    {
        await using var scenario = await SwitchedAsync(postgres, Tables);
        await scenario.DoAsync("insert into p (u) values ('one')");
        await FollowTests.CatchUpAsync(scenario);
        await using var target = await scenario.Database.OpenTargetAsync(2);
        await using var connection = await target.ConnectAsync(Scenario.Token);

        var follow = (await RunJournal.ReadStatusAsync(connection, Scenario.Token)).Single().Follow!;

        Assert.Equal(("target", FollowJournal.Done, 0L), (follow.Authoritative, follow.State, follow.Pending));
        Assert.True(follow.WayBack is { Armed: true, Changes: > 0 });
    }
}
