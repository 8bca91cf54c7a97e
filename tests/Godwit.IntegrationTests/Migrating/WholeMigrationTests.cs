using Godwit.Samples.InternshipTracker;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

public class WholeMigrationTests(PostgresFixture postgres)
{
    [Fact]
    public async Task The_tracker_arrives_typed_keyed_and_equal()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "select 1");
        File.Delete(scenario.File);
        TrackerGenerator.Write(scenario.File, new TrackerOptions(Users: 300));

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.False(result.HasDifferences);
        Assert.Equal(300, await scenario.AskAsync<long>("select count(*) from users"));
        Assert.Equal("boolean", await TypeOfAsync(scenario, "internships", "next_action_completed"));
        Assert.Equal("jsonb", await TypeOfAsync(scenario, "users", "social_media"));
        Assert.Equal("character varying(80)", await TypeOfAsync(scenario, "users", "username"));
        Assert.Equal("date", await TypeOfAsync(scenario, "internships", "application_deadline"));
        Assert.Equal("timestamp without time zone", await TypeOfAsync(scenario, "users", "created_at"));
        Assert.Equal(301, await scenario.AskAsync<long>("insert into users (username, email, password_hash) values ('new', 'new@x', 'h') returning id"));
        Assert.True(await scenario.AskAsync<bool>("select created_at > now() - interval '1 day' from users where id = 301"));
        Assert.Equal(3, await scenario.AskAsync<long>("select count(*) from pg_constraint where contype = 'f' and convalidated and confdeltype = 'c' and connamespace = 'public'::regnamespace"));
        Assert.Equal(3, await scenario.AskAsync<long>("select count(*) from pg_constraint where contype = 'p' and connamespace = 'public'::regnamespace"));
        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from pg_index where indpred is not null and indrelid = 'internships'::regclass"));
        Assert.False(await scenario.AskAsync<bool>("select exists (select from pg_namespace where nspname = 'godwit_load')"));
    }

    [Fact]
    public async Task Nothing_is_visible_before_everything_is()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table a (id integer primary key, v text); insert into a values (1, 'x'); create view w as select v from a;");
        var seen = new List<long>();

        var result = await scenario.MigrateAsync(on: e =>
        {
            if (e is MigrationEvent.StageFinished { Stage: Stage.PostData } or MigrationEvent.StageFinished { Stage: Stage.Publish })
                seen.Add(Task.Run(scenario.TablesInPublicAsync).GetAwaiter().GetResult());
        });

        Assert.Equal([0, 2], seen);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }

    // bytea is read in the binary format, in which an empty table is a message of its own kind.
    [Fact]
    public async Task Tables_without_rows_are_verified_whatever_their_columns_are()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table b (k blob primary key, n integer) without rowid; create table t (id integer primary key, s text); create table full (b blob); insert into full values (x'00')");

        Assert.Equal(Verdict.Equal, (await scenario.MigrateAsync()).Verification!.Verdict);

        scenario.Source("delete from full");
        await scenario.DoAsync("delete from \"full\"");
        Assert.Equal(Verdict.Equal, (await scenario.VerifyAsync()).Verdict);
    }

    [Fact]
    public async Task Sequences_go_on_after_the_largest_key_ever_given()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table ahead (id integer primary key autoincrement, v text); insert into ahead values (1, 'a'), (1000, 'b'); delete from ahead where id = 1000;
            create table emptied (id integer primary key autoincrement, v text); insert into emptied values (77, 'b'); delete from emptied;
            create table plain (id integer primary key, v text); insert into plain values (5, 'b'); create table fresh (id integer primary key, v text);
            """);

        await scenario.MigrateAsync();

        Assert.Equal(1001, await scenario.AskAsync<long>("insert into ahead (v) values ('x') returning id"));
        Assert.Equal(78, await scenario.AskAsync<long>("insert into emptied (v) values ('x') returning id"));
        Assert.Equal(6, await scenario.AskAsync<long>("insert into plain (v) values ('x') returning id"));
        Assert.Equal(1, await scenario.AskAsync<long>("insert into fresh (v) values ('x') returning id"));
    }

    [Fact]
    public async Task Orphans_stay_and_are_named_and_the_key_holds_for_new_rows()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table p (id integer primary key); create table c (id integer primary key, p_id integer references p (id) on delete cascade);
            insert into p values (1); insert into c values (10, 1), (11, 99), (12, null);
            """);

        var result = await scenario.MigrateAsync();

        var finding = Assert.Single(result.Findings, f => f.Code == "foreign-key-orphans");
        Assert.Contains("id=11", finding.Problem, StringComparison.Ordinal);
        Assert.True(result.HasDifferences);
        Assert.Equal(3, await scenario.AskAsync<long>("select count(*) from c"));
        Assert.False(await scenario.AskAsync<bool>("select convalidated from pg_constraint where contype = 'f' and conrelid = 'c'::regclass"));
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => scenario.DoAsync("insert into c values (13, 98)"));
    }

    [Fact]
    public async Task Rows_that_do_not_fit_are_widened_or_quarantined_never_lost()
    {
        const string Sql = "create table t (id integer primary key, n integer); insert into t values (1, 5), (2, 'abc'), (3, null);";
        await using var widened = await Scenario.CreateAsync(postgres, Sql);
        await using var quarantined = await Scenario.CreateAsync(postgres, Sql);

        var wide = await widened.MigrateAsync();
        var strict = await quarantined.MigrateAsync(new MigrationOptions { Misfits = Plan.MisfitPolicy.Quarantine });

        Assert.Equal("text", await TypeOfAsync(widened, "t", "n"));
        Assert.Equal(3, await widened.AskAsync<long>("select count(*) from t"));
        Assert.False(wide.HasDifferences);
        Assert.Equal("bigint", await TypeOfAsync(quarantined, "t", "n"));
        Assert.Equal(2, await quarantined.AskAsync<long>("select count(*) from t"));
        Assert.Equal("abc", await quarantined.AskAsync<string>("select row ->> 'n' from godwit.quarantine where source_table = 't' and column_name = 'n' and key = 'id=2'"));
        Assert.True(strict.HasDifferences);
        Assert.Equal(1, Assert.Single(strict.Tables).Quarantined);
        Assert.NotEqual(Verdict.Different, strict.Verification!.Tables[0].Verdict);
        var refused = await Assert.ThrowsAsync<GodwitException>(() => quarantined.MigrateAsync(new MigrationOptions { Misfits = Plan.MisfitPolicy.Fail, IfExists = IfExists.Replace }));
        Assert.Equal("values-do-not-fit", refused.Code);
    }

    [Fact]
    public async Task An_existing_schema_takes_rows_by_column_name()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table users (id integer primary key, userName text, active boolean); insert into users values (1, 'a', 1), (7, 'b', 0);");
        await scenario.DoAsync("create table users (active boolean, user_name varchar(20) not null, id serial primary key, extra text default 'd')");

        var result = await scenario.MigrateAsync(new MigrationOptions { DataOnly = true });

        Assert.Equal(2, await scenario.AskAsync<long>("select count(*) from users where extra = 'd' and (user_name, active) in (('a', true), ('b', false))"));
        Assert.Equal(8, await scenario.AskAsync<int>("insert into users (user_name) values ('c') returning id"));
        Assert.Equal(2, Assert.Single(result.Tables).RowsWritten);
    }

    // "fail" means before anything is loaded, whatever the type.
    [Theory]
    [InlineData("mood", "glad", "grim")]
    [InlineData("inet", "::1", "[::1]:80")]
    [InlineData("interval", "PT1S", "1 second")]
    [InlineData("time", "10:00", "10 o'clock")]
    public async Task What_an_existing_column_does_not_hold_is_known_before_the_copy(string type, string good, string bad)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, $"create table t (id integer primary key, v text); insert into t values (1, '{good}')");
        await scenario.DoAsync($"create type mood as enum ('glad', 'sad'); create table t (id int primary key, v {type})");
        var options = new MigrationOptions { DataOnly = true, Misfits = Plan.MisfitPolicy.Fail };
        var fitting = await scenario.MigrateAsync(options);
        Assert.Equal(Verdict.Equal, fitting.Verification!.Verdict);
        Assert.DoesNotContain(fitting.Findings, f => f.Code is "type-not-proven" or "cast-misfits");
        await scenario.DoAsync("delete from t");
        scenario.Source($"insert into t values (2, '{bad.Replace("'", "''", StringComparison.Ordinal)}')");

        Assert.Equal("values-do-not-fit", (await Assert.ThrowsAsync<GodwitException>(() => scenario.MigrateAsync(options))).Code);
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task A_row_that_may_not_fit_a_page_blocks_where_nothing_may_be_set_aside()
    {
        var columns = Enumerable.Range(0, 500).Select(i => $"c{i} text");
        await using var scenario = await Scenario.CreateAsync(postgres, $"create table t ({string.Join(", ", columns)}); insert into t values ({string.Join(", ", columns.Select(_ => "'twenty characters long'"))})");

        Assert.Equal("row-too-wide", (await Assert.ThrowsAsync<GodwitException>(() => scenario.MigrateAsync(new MigrationOptions { Misfits = Plan.MisfitPolicy.Fail }))).Code);
        Assert.Equal(1, Assert.Single((await scenario.MigrateAsync()).Tables).RowsRead);
    }

    [Fact]
    public async Task A_finer_time_fits_an_existing_column_and_is_rounded()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, at time); insert into t values (1, '10:00:00.1234567')");
        await scenario.DoAsync("create table t (id int primary key, at time)");

        var result = await scenario.MigrateAsync(new MigrationOptions { DataOnly = true, Misfits = Plan.MisfitPolicy.Fail });

        Assert.Equal("10:00:00.123457", await scenario.AskAsync<string>("select at::text from t"));
        Assert.Contains(result.Findings, f => f is { Code: "fraction-too-fine", Subject: "t.at" });
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }

    internal static Task<string> TypeOfAsync(Scenario scenario, string table, string column) =>
        scenario.AskAsync<string>($"select format_type(atttypid, atttypmod) from pg_attribute where attrelid = '{table}'::regclass and attname = '{column}'");
}
