using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

public class LimitsTests(PostgresFixture postgres)
{
    private static string Columns(int count) => string.Join(", ", Enumerable.Range(0, count).Select(i => $"c{i} integer"));

    [Fact]
    public async Task A_table_wider_than_PostgreSQL_allows_is_left_out_and_named_and_the_others_arrive()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, $"create table wide ({Columns(1700)}); insert into wide (c0) values (1); create table ok (id integer primary key); insert into ok values (1);");

        var result = await scenario.MigrateAsync();

        Assert.Contains(result.Findings, f => f is { Code: "table-too-wide", Subject: "wide", Severity: Severity.Warning });
        Assert.True(result.HasDifferences);
        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from ok"));
    }

    [Fact]
    public async Task Integers_are_narrowed_where_a_row_would_not_fit_its_page()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, $"create table wide ({Columns(1500)}); insert into wide values ({string.Join(", ", Enumerable.Range(0, 1500))});");

        var result = await scenario.MigrateAsync();

        Assert.Contains(result.Findings, f => f.Code == "integers-narrowed");
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal("smallint", await WholeMigrationTests.TypeOfAsync(scenario, "wide", "c7"));
    }

    [Fact]
    public async Task A_unique_index_that_the_values_break_is_left_out_and_named_once_with_its_key()
    {
        // Bytes are all that a column of three storage classes can be, and as bytes two of these keys are one.
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (k any primary key, v text) strict, without rowid; insert into t values (1, 'int'), ('1', 'text'), (x'31', 'blob');");

        var result = await scenario.MigrateAsync();

        var refused = Assert.Single(result.Findings, f => f.Code == "step-refused");
        Assert.Equal("primary key of t", refused.Subject);
        Assert.Contains("1 key(s) stand in more than one row: (\"\\\\x31\") (3 rows).", refused.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("redacted", refused.Problem, StringComparison.Ordinal);
        Assert.Equal(3, await scenario.AskAsync<long>("select count(*) from t"));
        Assert.True(result.HasDifferences);
    }

    [Fact]
    public async Task Text_unique_without_case_stays_so_and_accents_stay_distinct()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key, name text collate nocase unique); insert into t values (1, 'Anna'), (2, 'É'), (3, 'é');");

        var result = await scenario.MigrateAsync();

        Assert.False(result.HasDifferences);
        Assert.Equal(3, await scenario.AskAsync<long>("select count(*) from t"));
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => scenario.DoAsync("insert into t values (4, 'ANNA')"));
    }

    [Fact]
    public async Task Generated_columns_that_are_built_on_others_or_on_the_spelling_of_JSON_stay_generated()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table t (id integer primary key, a int, b int as (a + 1), c int as (b * 2) stored, d text as (a || ':' || c), data json, n int as (length(data)), h text as (hex(d)) stored);
            insert into t (a, data) values (1, '{"k": 1}'), (null, null), (7, '[1,2]');
            create table plain (id integer primary key, data json); insert into plain values (1, '{}');
            """);

        var result = await scenario.MigrateAsync();

        Assert.DoesNotContain(result.Findings, f => f.Code == "generated-not-translated");
        Assert.Contains(result.Findings, f => f is { Code: "json-kept-as-json", Subject: "t.data" });
        Assert.Equal(5, await scenario.AskAsync<long>("select count(*) from pg_attribute where attrelid = 't'::regclass and attgenerated = 's'"));
        Assert.Equal("7:16|8|373A3136", await scenario.AskAsync<string>("update t set data = '[1, 22]' where id = 3; select concat_ws('|', d, n + 1, h) from t where id = 3"));
        Assert.Equal("jsonb", await WholeMigrationTests.TypeOfAsync(scenario, "plain", "data"));
    }

    [Fact]
    public async Task A_foreign_key_to_a_key_without_case_stands_where_the_rows_agree_exactly()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table p (id integer primary key, email text collate nocase unique); insert into p values (1, 'A@x'), (2, 'b@x');
            create table c (id integer primary key, e text collate nocase references p(email)); insert into c values (1, 'b@x'), (2, null);
            create table d (id integer primary key, e text references p(email)); insert into d values (1, 'a@X');
            """);

        var result = await scenario.MigrateAsync();

        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from pg_constraint where conrelid = 'c'::regclass and contype = 'f' and convalidated"));
        Assert.Equal("foreign key (e) of d", Assert.Single(result.Findings, f => f.Code == "foreign-key-orphans").Subject);
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => scenario.DoAsync("insert into p values (3, 'B@X')"));
    }

    [Fact]
    public async Task Two_keys_over_the_same_columns_both_arrive_also_where_rows_have_no_parent()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table p (id integer primary key); insert into p values (1);
            create table c (id integer primary key, a integer references p(id), foreign key (a) references p(id) on delete cascade); insert into c values (1, 1);
            create table d (id integer primary key, a integer references p(id), foreign key (a) references p(id) on delete set null); insert into d values (1, 99);
            """);

        var result = await scenario.MigrateAsync();

        Assert.Equal("c a true,c c true,d a false,d n false", await scenario.AskAsync<string>("select string_agg(conrelid::regclass || ' ' || confdeltype::text || ' ' || convalidated, ',' order by conrelid::regclass::text, confdeltype) from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace"));
        Assert.Equal(2, result.Findings.Count(f => f is { Code: "foreign-key-orphans", Subject: "foreign key (a) of d" }));
        Assert.True(result.HasDifferences);
    }

    [Fact]
    public async Task Sequences_make_way_for_tables_of_their_name()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table t (id integer primary key); insert into t values (4); create table t_id_seq (a integer primary key); create table t_pkey (a int)");

        var result = await scenario.MigrateAsync();

        Assert.False(result.HasDifferences);
        Assert.Equal(5, await scenario.AskAsync<long>("insert into t default values returning id"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public async Task Any_number_of_jobs_works(int jobs)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, "create table a (id integer primary key, v text); insert into a values (1, 'x'); create table b (id integer primary key, a_id integer references a); insert into b values (1, 1); create index b_a on b (a_id);");

        var result = await scenario.MigrateAsync(new MigrationOptions { Jobs = jobs });

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }
}
