using Godwit.IntegrationTests.Migrating;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

/// <summary>A SQLite file and tables of the target whose generated columns, checks and indexes call functions that count on the application's search_path.</summary>
public sealed class SearchPathFollowTests(PostgresFixture postgres)
{
    private const string File = "create table t (id integer primary key, title text); insert into t values (1, 'One'), (2, 'Two'), (3, 'Three');";

    private const string Functions = """
        create schema ext; create function ext.fold(t text) returns text language sql immutable as 'select pg_catalog.lower(t)'; set search_path = public, ext;
        create function plain(t text) returns text language sql immutable as 'select fold(t)'; create function folded(t text) returns text language sql immutable as 'select plain(t)';
        create function good(t text) returns boolean language plpgsql immutable as 'begin return plain(t) <> ''bad''; end';
        do $$ begin execute format('alter database %I set search_path = public, ext', current_database()); end $$;
        """;

    // From version 17 on no index can be built on such a function.
    private const string Index = "do $$ begin if current_setting('server_version_num')::int < 170000 then create index t_folded on t (folded(title)); end if; end $$;";

    [Fact]
    public async Task Rows_go_into_such_tables_are_compared_and_put_right()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, File);
        await scenario.DoAsync(Functions + "create table t (id int primary key, title text check (good(title)), norm text generated always as (folded(title)) stored);" + Index);
        var result = await scenario.MigrateAsync(new MigrationOptions { Jobs = 2, DataOnly = true });
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        await scenario.DoAsync("set search_path = public, ext; update t set title = 'other' where id = 1; delete from t where id = 2");
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        var repaired = await new Repairing(TimeProvider.System).RunAsync(source, target, new() { Jobs = 2 }, ["t"], new FollowTests.Listener(null), Scenario.Token);
        Assert.Equal([("t", 1L, 2L)], repaired.Select(r => (r.Table, r.Kept, r.Written)));
        Assert.Equal(Verdict.Equal, (await scenario.VerifyAsync()).Verdict);
        Assert.Equal("one,two,three", await scenario.AskAsync<string>("select string_agg(norm, ',' order by id) from t"));
    }

    [Fact]
    public async Task Changes_arrive_in_such_tables()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, File);
        await scenario.MigrateAsync(FollowTests.Options);
        await scenario.DoAsync(Functions + "alter table t add check (good(title)), add norm text generated always as (folded(title)) stored;" + Index);
        scenario.Source("update t set title = 'Changed' where id = 1; delete from t where id = 2; insert into t values (4, 'Four')");
        await FollowTests.CatchUpAsync(scenario);
        Assert.Equal("changed,three,four", await scenario.AskAsync<string>("select string_agg(norm, ',' order by id) from t"));
    }
}
