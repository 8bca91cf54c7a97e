using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

public class GeneratedColumnTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_generated_column_that_the_server_cannot_compute_becomes_a_plain_one()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table wide (id integer primary key, a int, twice as (a * 2), plus as (id + 1)); insert into wide (id, a) values (1, 9223372036854775807), (2, 5);
            create table fine (id integer primary key, t text, u as (upper(t))); insert into fine (id, t) values (1, 'x');
            """);

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal("wide.twice", Assert.Single(result.Findings, f => f.Code == "generated-not-translated").Subject);
        Assert.Equal("plus,u", await scenario.AskAsync<string>("select string_agg(column_name, ',' order by column_name) from information_schema.columns where is_generated = 'ALWAYS'"));
        Assert.Equal("1.8446744073709552e+19|10", await scenario.AskAsync<string>("select string_agg(twice::text, '|' order by id) from wide"));
    }

    [Fact]
    public async Task A_generated_column_that_computes_something_else_becomes_a_plain_one()
    {
        // Beyond the year 9999 SQLite knows no date.
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, a date, g date as (date(a, '+1 day'))); insert into t (id, a) values (1, '9999-12-31'), (2, '2024-01-01')");

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal("t.g", Assert.Single(result.Findings, f => f.Code == "generated-not-translated").Subject);
        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from t where g is null"));
    }

    [Fact]
    public async Task Expressions_of_JSON_are_constant_enough_for_generated_columns_and_indexes()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table t (id integer primary key, a text, q text as (json_quote(a)), o text as (json_object('a', a, 'id', id)), r text as (json_array(id, a, null, 1.5)));
            insert into t (id, a) values (1, 'say "x"'), (2, null);
            create index t_q on t (json_quote(a)); create index t_o on t (json_set('{}', '$.a', a));
            """);

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.DoesNotContain(result.Findings, f => f.Severity == Severity.Warning);
        Assert.Equal("""{"a":"say \"x\"","id":1}""", await scenario.AskAsync<string>("select o from t where id = 1"));
    }
}
