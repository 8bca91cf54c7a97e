using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>Verification runs the views on both sides.</summary>
public class ViewContentTests(PostgresFixture postgres)
{
    private const string Schema = """
        create table t (id integer primary key, name text, price real, made datetime, seen datetime, flag boolean, data json, raw blob);
        insert into t values (1, 'a', 0.1, '2020-01-02 03:04:05', 1577934245, 1, '{"b":1,"a":[1]}', x'00ff'), (2, null, 0.2, '2021-01-01 00:00:00', 1600000000, 0, null, null), (3, '007', 1e100, null, null, null, '[]', x'');
        create view everything as select * from t;
        create view sums as select sum(price) s, avg(price) a, count(*) n, max(made) m, total(id) t, sum(flag) f from t;
        create view texts as select name || '!' as x, strftime('%Y-%m', made) ym, date(made) d, id || '' as i, price * 3 as p, seen / 10 as q, typeof(flag) y from t;
        create view several as select id, json_extract(data, '$.b', '$.c') several from t;
        create view twice as select flag from t union all select flag from t;
        create view quoted as select id from t where name = "a";
        create view chance as select random() r from t;
        """;

    [Fact]
    public async Task Views_that_yield_the_same_rows_are_equal()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema);

        var result = await scenario.MigrateAsync();

        Assert.Equal("6", Assert.Single(result.Verification!.Checks, c => c is { Name: "views yield the same rows", Verdict: Verdict.Equal }).Detail);
        Assert.Equal(Verdict.NotChecked, Assert.Single(result.Verification.Checks, c => c.Name == "view chance").Verdict);
        Assert.Equal(Verdict.Equal, result.Verification.Verdict);
    }

    [Fact]
    public async Task Views_over_columns_of_several_kinds_compare_as_SQLite_does()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table m (id integer primary key, n integer, r real, u, x); insert into m values (1, 5, 1, 'b', 1), (2, 'abc', 2.5, 'a', 2.5), (3, null, null, null, null), (4, '', 'oops', 'c', 'z'), (5, 7.5, 3, 'B', x'00');
            create view a as select id from m where n > 5; create view b as select id from m where r <= 2.5 or n = 7.5; create view c as select min(u) x, max(u) y, typeof(u) t from m where u is not null; create view d as select id from m order by u;
            create view e as select id from m where n = 5 or r <> 1; create view f as select id, 6 < n as g from m;
            create view g as select max(n) a, min(n) b, max(r) c, min(r) d from m; create view h as select typeof(n) a, typeof(r) b from m;
            """);

        var result = await scenario.MigrateAsync();

        Assert.DoesNotContain(result.Findings, f => f.Code == "view-not-translated");
        Assert.Equal("8", Assert.Single(result.Verification!.Checks, c => c is { Name: "views yield the same rows", Verdict: Verdict.Equal }).Detail);
        Assert.Equal(Verdict.Equal, result.Verification.Verdict);
    }

    [Theory]
    [InlineData("create or replace view twice as select flag from t", "view twice")]
    [InlineData("create or replace view sums as select sum(price) * 1.001 s, avg(price) a, count(*) n, max(made)::text m, sum(id)::float8 t, sum(flag::int) f from t", "view sums")]
    [InlineData("update t set raw = 'x' where id = 3", "view everything")]
    public async Task A_view_that_yields_other_rows_is_different(string change, string view)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema);
        await scenario.MigrateAsync();
        // Without a change of type, CREATE OR REPLACE refuses.
        if (change.Contains("sums", StringComparison.Ordinal)) await scenario.DoAsync("drop view sums");
        await scenario.DoAsync(change);

        var report = await scenario.VerifyAsync();

        Assert.Contains(report.Checks, c => c.Name == view && c.Verdict == Verdict.Different);
        Assert.Equal(Verdict.Different, report.Verdict);
    }

    // More rows than are kept: sums tell, and what differs is read again.
    [Fact]
    public async Task Large_views_are_compared_row_for_row()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table n (id integer primary key, v text, r real);
            insert into n with recursive n(i) as (select 1 union all select i + 1 from n where i < 120000) select i, 'text ' || i % 1000, i / 7.0 from n;
            create view big as select id, upper(v) as v from n; create view reals as select id, r * 3 as r from n; create view gone as select v from n; create view all_other as select id from n;
            """);
        var result = await scenario.MigrateAsync();
        Assert.Equal("4", Assert.Single(result.Verification!.Checks, c => c is { Name: "views yield the same rows", Verdict: Verdict.Equal }).Detail);
        await scenario.DoAsync("""
            create or replace view big as select id, (case when id = 77777 then 'other' else upper(v) end) collate "C" as v from n;
            create or replace view reals as select id, r * 3 * (1 + case when id % 1000 = 0 then 1e-11 else 0 end) as r from n;
            create or replace view gone as select v from n where id > 5; create or replace view all_other as select id + 500000 as id from n
            """);

        var checks = (await scenario.VerifyAsync()).Checks.Where(c => c.Verdict != Verdict.Equal || c.Name == "views yield the same rows").ToDictionary(c => c.Name);

        Assert.Equal("1 of 120,000 row(s) of the source and 1 of 120,000 of the target have no counterpart; the values differ in v.", checks["view big"].Detail);
        Assert.Equal("The source yields 120,000 row(s), the target 119,995.", checks["view gone"].Detail);
        Assert.Equal(Verdict.Different, checks["view all_other"].Verdict);
        // Rounding is no difference.
        Assert.Equal("1", checks["views yield the same rows"].Detail);
        Assert.Equal(4, checks.Count);
    }
}
