using Godwit.Follow;
using Godwit.IntegrationTests.Migrating;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

public class RepairTests(PostgresFixture postgres)
{
    private const string Tables = """
        create table p (id integer primary key, name text unique, price real, born date);
        create table c (id integer primary key, p_id integer not null references p on delete cascade, twice integer generated always as (id * 2) stored);
        create table keyless (v text, t integer);
        insert into p values (1, 'a', 0.1, '2024-01-02'), (2, 'b', -0.0, null), (3, 'c', 1e300, '0001-01-01');
        insert into c (id, p_id) values (1, 1), (2, 2), (3, 3);
        insert into keyless values ('x', 1), ('x', 1), ('y', 2);
        """;

    private static async Task<IReadOnlyList<RepairedTable>> RepairAsync(Scenario scenario)
    {
        var wrong = (await scenario.VerifyAsync()).Tables.Where(t => t.Verdict == Verdict.Different).Select(t => t.Table).ToList();
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        return await new Repairing(TimeProvider.System).RunAsync(source, target, new() { Jobs = 2 }, wrong, new FollowTests.Listener(null), Scenario.Token);
    }

    [Fact]
    public async Task Missing_changed_and_extra_rows_are_put_right_and_what_was_there_is_kept()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync();
        await scenario.DoAsync("""
            update p set price = 7 where id = 1; insert into p values (9, 'extra', null, null); delete from c where id = 2; insert into keyless values ('x', 1);
            create table fired (t text); create function public.fire() returns trigger language plpgsql as 'begin insert into public.fired values (tg_op); return null; end';
            create trigger fire after insert or update or delete on p for each row execute function public.fire();
            """);

        var repaired = await RepairAsync(scenario);

        Assert.Equal([("c", 0L, 1L), ("keyless", 1L, 0L), ("p", 2L, 1L)], repaired.OrderBy(r => r.Table).Select(r => (r.Table, r.Kept, r.Written)));
        Assert.Equal(Verdict.Equal, (await scenario.VerifyAsync()).Verdict);
        Assert.Equal("7,9", await scenario.AskAsync<string>("select string_agg(case row ->> 'id' when '1' then row ->> 'price' else row ->> 'id' end, ',' order by row ->> 'id') from godwit.repaired where source_table = 'p'"));
        Assert.Equal("x", await scenario.AskAsync<string>("select row ->> 'v' from godwit.repaired where source_table = 'keyless'"));
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from fired"));
        // Replacing the parents has not cascaded to the children.
        Assert.Equal("1:2,2:4,3:6", await scenario.AskAsync<string>("select string_agg(id || ':' || twice, ',' order by id) from c"));
    }

    [Fact]
    public async Task Nothing_is_touched_where_nothing_differs()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync();
        Assert.Empty(await RepairAsync(scenario));
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from godwit.repaired"));
    }

    [Fact]
    public async Task What_the_source_holds_now_counts()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync();
        scenario.Source("update p set name = 'renamed' where id = 1; insert into p values (100, 'new', 2, null)");

        await RepairAsync(scenario);

        Assert.Equal(Verdict.Equal, (await scenario.VerifyAsync()).Verdict);
        Assert.Equal(101, await scenario.AskAsync<long>("insert into p (name) values ('next') returning id"));
    }

    [Fact]
    public async Task Without_a_journal_tables_are_matched_by_name()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync();
        await scenario.DoAsync("drop schema godwit cascade; delete from c");

        await RepairAsync(scenario);

        Assert.Equal(3, await scenario.AskAsync<long>("select count(*) from c"));
        Assert.Equal(Verdict.Equal, (await scenario.VerifyAsync()).Verdict);
    }

    [Fact]
    public async Task A_row_that_no_longer_fits_goes_to_quarantine()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.MigrateAsync();
        scenario.Source("update p set price = 'dear' where id = 1");

        await RepairAsync(scenario);

        Assert.Equal("dear", await scenario.AskAsync<string>("select row ->> 'price' from godwit.quarantine"));
        Assert.Equal("2,3", await scenario.AskAsync<string>("select string_agg(id::text, ',' order by id) from p"));
    }
}
