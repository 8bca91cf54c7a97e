using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>Checks and indexes are evaluated for every row on both sides; what the target has instead of the right translation is found.</summary>
public class ExpressionContentTests(PostgresFixture postgres)
{
    private const string Equal = "checks and indexes evaluate alike";

    private const string Schema = """
        create table item (id integer primary key, name text, price real, qty integer, made text, code text collate nocase unique,
          twice integer generated always as (qty * 2) virtual, constraint dear check (price > 1.5 or price is null), check (length(name) < 20 and item.qty is not null));
        create index cheap on item (price) where price < 10 and qty;
        create index by_half on item (qty / 2, lower(name), name collate nocase desc);
        create index by_day on item (date(made), made);
        insert into item (id, name, price, qty, made, code)
          with recursive n(i) as (select 1 union all select i + 1 from n where i < 40)
          select i, case i % 5 when 0 then null else 'Name ' || char(64 + i) end, i * 0.7 + 1, i - 20, date('2024-01-01', i || ' days'), 'Code' || i from n;
        """;

    private static IEnumerable<VerifyCheck> Failures(VerifyReport report) => report.Checks.Where(c => c.Verdict != Verdict.Equal);

    [Fact]
    public async Task Every_expression_is_evaluated_for_every_row()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema);

        var result = await scenario.MigrateAsync();

        Assert.Empty(Failures(result.Verification!));
        // Two checks, a predicate, the folded key, and the terms that are no plain columns.
        Assert.Equal("8 expression(s) of 1 table(s), for each of 40 row(s)", Assert.Single(result.Verification!.Checks, c => c.Name == Equal).Detail);
    }

    [Theory]
    [InlineData("alter table item drop constraint dear, add constraint dear check (price > 5 or price is null) not valid", "check dear of item", "for 5 of 40 row(s): id=1: true in the source only; id=2: ")]
    [InlineData("drop index cheap; create index cheap on item (price) where price < 10 and qty >= 0", "index cheap, its WHERE", "for 12 of 40 row(s): id=1: true in the source only; id=2: ")]
    [InlineData("drop index cheap; create index cheap on item (price) where price < 10.5 and qty <> 0", "index cheap, its WHERE", "for 1 of 40 row(s): id=13: true in the target only.")]
    [InlineData("drop index by_half; create index by_half on item ((floor(qty / 2.0)), lower(name), lower(name) desc)", "index by_half, term 1", "id=1: -9 in the source, -10 in the target")]
    [InlineData("drop index by_half; create index by_half on item ((qty / 2), initcap(name), lower(name) desc)", "index by_half, term 2", "id=1: name a in the source, Name A in the target")]
    [InlineData("drop index item_code_key; create unique index item_code_key on item (upper(code))", "unique (code) of item", "id=1: code1 in the source, CODE1 in the target")]
    public async Task A_wrong_translation_is_found_and_rows_are_named(string change, string subject, string detail)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema);
        await scenario.MigrateAsync();
        await scenario.DoAsync(change);

        var report = await scenario.VerifyAsync();

        // That a constraint is NOT VALID is told besides.
        var found = Assert.Single(Failures(report), c => c.Name != "check dear");
        Assert.Equal((subject, Verdict.Different), (found.Name, found.Verdict));
        Assert.Contains(detail, found.Detail, StringComparison.Ordinal);
        Assert.Equal(Verdict.Different, report.Verdict);
        Assert.All(report.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
    }

    [Fact]
    public async Task An_expression_that_the_target_cannot_evaluate_is_found_and_the_others_are_compared()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema);
        await scenario.MigrateAsync();
        await scenario.DoAsync("create function other(bigint) returns int language plpgsql immutable as $$ begin return 1; end $$; drop index by_half; create index by_half on item (other(qty), lower(name), lower(name) desc)");
        await scenario.DoAsync("create or replace function other(bigint) returns int language plpgsql immutable as $$ begin return 100 / ($1 - 3); end $$");

        var report = await scenario.VerifyAsync();

        var found = Assert.Single(Failures(report));
        Assert.Equal(("index by_half, term 1", Verdict.Different), (found.Name, found.Verdict));
        Assert.Contains("22012", found.Detail, StringComparison.Ordinal);
        Assert.StartsWith("7 expression(s)", Assert.Single(report.Checks, c => c.Name == Equal).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_without_a_key_large_tables_and_rows_set_aside_are_compared_too()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table loose (a integer, b text, check (a <> 3)); insert into loose values (1, 'x'), (1, 'x'), (2, 'y');
            create table big (id integer primary key, v integer check (v >= 0)); create index odd on big (v) where v % 2 = 1;
            insert into big with recursive n(i) as (select 1 union all select i + 1 from n where i < 120000) select i, i * 7 % 1000 from n;
            create table aside (id integer primary key, n integer, check (n <> 100)); insert into aside values (1, 1), (2, 'two'), (3, 3);
            """);

        var result = await scenario.MigrateAsync(new MigrationOptions { Jobs = 2, Misfits = Plan.MisfitPolicy.Quarantine });

        Assert.Empty(Failures(result.Verification!));
        Assert.Equal("4 expression(s) of 3 table(s), for each of 120,005 row(s)", Assert.Single(result.Verification!.Checks, c => c.Name == Equal).Detail);
        await scenario.DoAsync("alter table loose drop constraint loose_check, add constraint loose_check check (a <> 1) not valid; drop index odd; create index odd on big (v) where v % 2 = 1 and id <> 77777");

        var found = Failures(await scenario.VerifyAsync()).Where(c => c.Name != "check loose_check").ToDictionary(c => c.Name, c => c.Detail);

        Assert.Equal(2, found.Count);
        Assert.Contains("2 of 3 row(s)", found["check (a <> 3) of loose"], StringComparison.Ordinal);
        Assert.Contains("for 1 of 120,000 row(s): id=77777: true in the source only.", found["index odd, its WHERE"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_compared_is_said()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v integer check (v > 0)); insert into t values (1, 1), (2, 2)");
        await scenario.MigrateAsync();
        await scenario.DoAsync("update t set v = 5 where id = 2");

        var report = await scenario.VerifyAsync();

        var said = Assert.Single(Failures(report));
        Assert.Equal(("checks and indexes of t", Verdict.NotChecked, "Its rows are not the same."), (said.Name, said.Verdict, said.Detail));
    }

    [Fact]
    public async Task Values_of_secrets_are_masked()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, token text); create index i on t (lower(token)); insert into t values (1, 'S3cret')");
        await scenario.MigrateAsync();
        await scenario.DoAsync("drop index i; create index i on t (upper(token))");

        var found = Assert.Single(Failures(await scenario.VerifyAsync()));

        Assert.DoesNotContain("s3cret", found.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("id=1", found.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_that_knows_of_no_expressions_is_read()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, v integer check (v > 0)); insert into t values (1, 1)");
        await scenario.MigrateAsync();
        Assert.Equal("check", await scenario.AskAsync<string>("select split_part(plan::jsonb #>> '{tables,0,expressions,0,subject}', ' ', 1) from godwit.run"));
        await scenario.DoAsync("update godwit.run set plan = (plan::jsonb #- '{tables,0,expressions}')::text");

        Assert.Equal(Verdict.Equal, (await scenario.VerifyAsync()).Verdict);
    }
}
