using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>A source whose rows break its own keys (an index that a newer collation has damaged, rows that came in past the triggers): they stay, and are named by their keys.</summary>
public sealed class BrokenRowsTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Rows_that_break_a_key_or_constraint_stay_and_are_named()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE TABLE people (id int PRIMARY KEY, mail text, CONSTRAINT people_mail UNIQUE (mail)); INSERT INTO people VALUES (1, 'a'), (2, 'b');
            CREATE TABLE orders (id int PRIMARY KEY, person int CONSTRAINT orders_person REFERENCES people, total int); INSERT INTO orders VALUES (1, 1, 1), (2, 2, 2);
            CREATE FUNCTION fits(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'; ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (fits(total));
            """);
        // The index takes no rows for a while.
        await pair.SourceAsync("UPDATE pg_index SET indisready = false WHERE indexrelid = 'people_mail'::regclass");
        await pair.SourceAsync("SET session_replication_role = replica; INSERT INTO people VALUES (3, 'b'), (4, 'b'), (5, 'c'); INSERT INTO orders VALUES (3, 77, 1), (4, NULL, 1), (5, 88, -1)");
        await pair.SourceAsync("UPDATE pg_index SET indisready = true WHERE indexrelid = 'people_mail'::regclass");

        var result = await pair.MigrateAsync(new MigrationOptions { Jobs = 2, MisfitRules = [new("*", Godwit.Plan.MisfitPolicy.Quarantine)] });

        var refused = Assert.Single(result.Findings, f => f.Code == "step-refused");
        Assert.Contains("1 value(s) stand in more than one row: mail=b (3 rows)", refused.Problem, StringComparison.Ordinal);
        Assert.Contains("ADD CONSTRAINT people_mail UNIQUE", refused.Problem, StringComparison.Ordinal);
        var orphans = Assert.Single(result.Findings, f => f.Code == "foreign-key-orphans");
        Assert.Contains("2 row(s): id=3, person=77; id=5, person=88.", orphans.Problem, StringComparison.Ordinal);
        Assert.Contains(result.Findings, f => f.Code == "misfit-option-unused");
        Assert.Equal(["5", "5"], await pair.Target.QueryAsync("SELECT count(*) FROM people UNION ALL SELECT count(*) FROM orders"));
        Assert.Equal(["orders_person f", "orders_pkey t", "orders_total t", "people_pkey t"], await pair.Target.QueryAsync("SELECT conname || ' ' || left(convalidated::text, 1) FROM pg_constraint WHERE conrelid IN ('people'::regclass, 'orders'::regclass) AND contype <> 'n' ORDER BY 1"));
        Assert.All(result.Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        // The key that stands looks at new rows.
        Assert.Equal("23503", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => pair.TargetAsync("INSERT INTO orders VALUES (6, 99, 1)"))).SqlState);
    }

    [Fact]
    public async Task A_key_that_is_NULL_in_part_is_listed_where_the_key_asks_for_all_of_it()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE TABLE pairs ("A" int, b int, PRIMARY KEY ("A", b)); INSERT INTO pairs VALUES (1, 1);
            CREATE TABLE halves (id int PRIMARY KEY, "A" int, b int, CONSTRAINT halves_pair FOREIGN KEY ("A", b) REFERENCES pairs MATCH FULL);
            """);
        await pair.SourceAsync("SET session_replication_role = replica; INSERT INTO halves VALUES (1, 1, 1), (2, NULL, NULL), (3, 1, NULL), (4, 9, 9)");

        var result = await pair.MigrateAsync();

        Assert.Contains("2 row(s): id=3, A=1, b=NULL; id=4, A=9, b=9.", Assert.Single(result.Findings, f => f.Code == "foreign-key-orphans").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_that_break_a_check_stay_and_the_check_looks_at_new_ones()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("CREATE FUNCTION lowest() RETURNS int LANGUAGE sql STABLE AS 'SELECT 0'; CREATE TABLE orders (id int PRIMARY KEY, total int); ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= public.lowest()); INSERT INTO orders VALUES (1, 5), (2, 50)");
        // What a check calls may change its mind; PostgreSQL does not look at the rows again.
        await pair.SourceAsync("CREATE OR REPLACE FUNCTION lowest() RETURNS int LANGUAGE sql STABLE AS 'SELECT 10'");
        var result = await pair.MigrateAsync();
        Assert.Contains("orders_total", Assert.Single(result.Findings, f => f.Code == "check-broken").Subject, StringComparison.Ordinal);
        Assert.Equal(["f"], await pair.Target.QueryAsync("SELECT convalidated FROM pg_constraint WHERE conname = 'orders_total'"));
        Assert.Equal(["2"], await pair.Target.QueryAsync("SELECT count(*) FROM orders"));
        Assert.Equal("23514", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => pair.TargetAsync("INSERT INTO orders VALUES (3, 5)"))).SqlState);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_that_references_a_partitioned_table_arrives_proven_for_each_partition(bool orphaned)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE TABLE events (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10); CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
            CREATE TABLE notes (id int PRIMARY KEY, event int CONSTRAINT notes_event REFERENCES events); INSERT INTO events VALUES (1), (11); INSERT INTO notes VALUES (1, 1), (2, 11);
            """);
        if (orphaned) await pair.SourceAsync("SET session_replication_role = replica; INSERT INTO notes VALUES (3, 5)");

        var result = await pair.MigrateAsync();

        Assert.Equal([orphaned ? "f" : "t"], await pair.Target.QueryAsync("SELECT DISTINCT convalidated FROM pg_constraint WHERE contype = 'f' AND conrelid = 'notes'::regclass"));
        if (orphaned) Assert.Contains("1 row(s): id=3, event=5.", Assert.Single(result.Findings, f => f.Code == "foreign-key-orphans").Problem, StringComparison.Ordinal);
        else Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }
}
