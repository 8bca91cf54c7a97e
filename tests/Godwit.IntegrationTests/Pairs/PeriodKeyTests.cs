using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.PostData;
using Godwit.Schema;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>
/// Keys over time (PostgreSQL 18: WITHOUT OVERLAPS, PERIOD). The steps are written here as pg_dump 18 writes them, so that no pg_dump of that version has to be
/// there. An older server has no such keys: there the test says so, and proves only that.
/// </summary>
public sealed class PeriodKeyTests(PostgresFixture postgres)
{
    private const string Overlapping = "('[1,1]', '[5,20)', 1), ";
    private const string Rows = $"""
        CREATE TABLE makers (id int); INSERT INTO makers VALUES (1);
        CREATE TABLE prices (item int4range, during int4range, maker int);
        CREATE TABLE sales (id int, item int4range, during int4range); CREATE TABLE refunds (id int, sale int);
        -- Of the two that overlap the first stays; the second of item 2 has no maker.
        INSERT INTO prices VALUES ('[1,1]', '[1,10)', 1), {Overlapping}('[1,1]', '[20,30)', 1), ('[2,2]', '[1,10)', 1), ('[2,2]', '[10,20)', 9), ('[2,2]', '[20,30)', 1);
        INSERT INTO sales VALUES (1, '[1,1]', '[2,9)'), (2, '[1,1]', '[8,12)'), (3, '[1,1]', '[22,30)'), (4, '[2,2]', '[1,10)'), (5, '[2,2]', '[8,12)'), (6, '[2,2]', '[12,18)'), (7, '[2,2]', '[20,21)'), (8, NULL, '[1,90)'), (9, '[3,3]', '[1,2)'), (10, '[2,2]', '[5,25)');
        INSERT INTO refunds VALUES (1, 1), (2, 2), (5, 5), (7, 7);
        """;

    private static readonly SqlStep[] s_steps =
    [
        Key("makers", "makers_pkey PRIMARY KEY (id)"), Key("prices", "prices_pkey PRIMARY KEY (item, during WITHOUT OVERLAPS)"), Key("sales", "sales_pkey PRIMARY KEY (id)"),
        .. Foreign("prices", "prices_maker", "(maker) REFERENCES public.makers(id)"), .. Foreign("sales", "sales_price", "(item, PERIOD during) REFERENCES public.prices(item, PERIOD during)"),
        .. Foreign("refunds", "refunds_sale", "(sale) REFERENCES public.sales(id)"),
    ];

    private static SqlStep Key(string table, string definition) => new($"CONSTRAINT {definition}", StepKind.Constraint, definition, $"ALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT {definition};", "") { Table = "public." + table, Fallback = "" };

    private static IEnumerable<SqlStep> Foreign(string table, string name, string definition)
    {
        yield return new("FK CONSTRAINT " + name, StepKind.ForeignKey, name, $"ALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT {name} FOREIGN KEY {definition} NOT VALID", "") { Table = "public." + table, Fallback = "" };
        yield return new("validate " + name, StepKind.ForeignKeyValidation, name, $"ALTER TABLE public.{table} VALIDATE CONSTRAINT {name}", "") { Table = "public." + table, Fallback = "", Requires = "FK CONSTRAINT " + name };
    }

    private static TablePlan Table(string name, params string[] key) =>
        new() { Source = "public." + name, Load = new("public", name), Target = new("public", name), Columns = [], Key = [.. key], Rows = 10 };

    /// <summary>The findings; null where the server has no such keys.</summary>
    private static async Task<ImmutableArray<Finding>?> BuildAsync(TestDatabase database, MisfitPolicy misfits, string rows = Rows)
    {
        await using var target = await database.OpenTargetAsync();
        if (target.Profile.Major < 18)
        {
            var unknown = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => database.ExecuteAsync("CREATE TABLE p (a int4range, b int4range, PRIMARY KEY (a, b WITHOUT OVERLAPS))"));
            Assert.Equal("42601", unknown.SqlState);
            TestContext.Current.AddWarning($"PostgreSQL {target.Profile.Major} has no keys over time: nothing of them was tested. Name a server of 18 or later (GODWIT_TEST_PG, GODWIT_PG_BIN).");
            return null;
        }
        await database.ExecuteAsync(rows);
        var plan = new MigrationPlan
        {
            Source = "s", SourcePosition = "p", TargetSchema = "public", LoadSchema = "public", InPlace = true,
            Tables = [Table("makers", "id"), Table("prices", "item", "during"), Table("sales", "id"), Table("refunds")], PostData = [.. s_steps],
        };
        var run = Guid.NewGuid();
        await using (var connection = await target.ConnectAsync(Pair.Token))
        {
            await RunJournal.EnsureSchemaAsync(connection, Pair.Token);
            await RunJournal.StartAsync(connection, new(run, "s", "p", "", "public", PlanJson.Write(plan), RunState.Running, Stage.PostData, TimeProvider.System.GetUtcNow()), Pair.Token);
        }
        return await new StepRunner(target, run, plan, new() { Jobs = 2, Misfits = misfits }, new Progress<MigrationEvent>(), TimeProvider.System).RunAsync(plan.PostData, ImmutableDictionary<string, JournalStep>.Empty, Pair.Token);
    }

    [Fact]
    public async Task Rows_whose_periods_overlap_or_are_not_covered_are_set_aside_with_what_references_them()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        if (await BuildAsync(database, MisfitPolicy.Quarantine) is not { } findings) return;

        Assert.Empty(findings);
        Assert.Equal(["makers_pkey", "prices_maker", "prices_pkey", "refunds_sale", "sales_pkey", "sales_price"], await database.QueryAsync("SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'f') AND convalidated ORDER BY 1"));
        Assert.Equal(["[1,2) [1,10)", "[1,2) [20,30)", "[2,3) [1,10)", "[2,3) [20,30)"], await database.QueryAsync("SELECT item || ' ' || during FROM prices ORDER BY 1"));
        Assert.Equal(["1,3,4,7,8"], await database.QueryAsync("SELECT string_agg(id::text, ',' ORDER BY id) FROM sales"));
        Assert.Equal(["1,7"], await database.QueryAsync("SELECT string_agg(id::text, ',' ORDER BY id) FROM refunds"));
        var aside = await database.QueryAsync("SELECT concat_ws(' | ', source_table, key, reason) FROM godwit.quarantine ORDER BY 1");
        Assert.Equal(["public.prices | item=[1,2), during=[5,20) | exclusion prices_pkey: a row that it conflicts with stays", "public.prices | item=[2,3), during=[10,20) | foreign key prices_maker: public.makers has no such row"], aside.Where(a => a!.StartsWith("public.prices", StringComparison.Ordinal)));
        Assert.Equal(9, aside.Count);
        // Which of two reasons is told of a row depends on which key is proven first.
        Assert.Contains("public.sales | id=9 | foreign key sales_price: public.prices has no rows for all of its period", aside);
        Assert.Equal(["10", "2", "5", "6", "9"], await database.QueryAsync("SELECT row ->> 'id' FROM godwit.quarantine WHERE source_table = 'public.sales' ORDER BY 1"));
    }

    [Fact]
    public async Task Without_the_choice_they_stay_and_those_without_cover_are_listed()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        // The key itself has to stand.
        if (await BuildAsync(database, MisfitPolicy.Widen) is not { } refused) return;
        Assert.Contains(refused, f => f.Code == "step-refused" && f.Problem.Contains("23P01", StringComparison.Ordinal));

        await using var sound = await postgres.CreateDatabaseAsync();
        var findings = (await BuildAsync(sound, MisfitPolicy.Widen, Rows.Replace(Overlapping, "", StringComparison.Ordinal)))!.Value;
        Assert.Contains(findings, f => f.Subject == "sales_price" && f.Code == "foreign-key-orphans" && f.Problem.Contains("2 row(s): id=2, item=[1,2), during=[8,12); id=9, item=[3,4), during=[1,2).", StringComparison.Ordinal));
    }
}
