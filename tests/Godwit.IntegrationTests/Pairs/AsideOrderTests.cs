using Godwit.Plan;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>Rows that reference each other leave together, also for a role that cannot say that no key acts.</summary>
public sealed class AsideOrderTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions s_options = new() { Jobs = 2, Misfits = MisfitPolicy.Quarantine };

    /// <summary>
    /// Each row of notes is an orphan by its author. Of the others, 4 follows 3, so 5 (an orphan itself) references one that was named after it; orders and items
    /// reference each other in a circle; a row of one partition references one of another.
    /// </summary>
    private static string Knotted(string action) => $"""
        CREATE TABLE authors (id int PRIMARY KEY); INSERT INTO authors VALUES (1);
        CREATE TABLE people (id int PRIMARY KEY, boss int CONSTRAINT people_boss REFERENCES people {action}, mentor int CONSTRAINT people_mentor REFERENCES authors);
        CREATE TABLE orders (id int PRIMARY KEY, first int); CREATE TABLE items (id int PRIMARY KEY, "order" int CONSTRAINT items_order REFERENCES orders {action}, author int CONSTRAINT items_author REFERENCES authors);
        ALTER TABLE orders ADD CONSTRAINT orders_first FOREIGN KEY (first) REFERENCES items {action};
        CREATE TABLE notes (id int, k int, up int, up_k int, author int CONSTRAINT notes_author REFERENCES authors, CONSTRAINT notes_pkey PRIMARY KEY (id, k), CONSTRAINT notes_up FOREIGN KEY (up, up_k) REFERENCES notes {action}) PARTITION BY LIST (k);
        CREATE TABLE notes_1 PARTITION OF notes FOR VALUES IN (1); CREATE TABLE notes_2 PARTITION OF notes FOR VALUES IN (2);
        SET session_replication_role = replica;
        INSERT INTO people VALUES (1, NULL, 1), (2, 1, 1), (3, 1, 99), (4, 3, 1), (5, 4, 98), (6, 5, NULL);
        INSERT INTO orders VALUES (1, NULL), (2, 1), (3, 3), (4, 4); INSERT INTO items VALUES (1, 1, 1), (2, 3, 99), (3, 2, 98), (4, 4, 97);
        INSERT INTO notes VALUES (1, 1, NULL, NULL, 1), (2, 2, 1, 1, 1), (3, 1, 2, 2, 99), (4, 2, 3, 1, 98), (5, 1, 4, 2, 1);
        """;

    [Theory]
    [InlineData("")]
    [InlineData("ON DELETE CASCADE")]
    [InlineData("ON DELETE SET NULL")]
    [InlineData("ON DELETE RESTRICT")]
    public async Task Rows_that_reference_each_other_leave_together(string action)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Knotted(action));

        var result = await pair.MigrateAsync(s_options, to: await AsideRowsTests.OrdinaryAsync(pair));

        AsideRowsTests.AssertEqualBut(result, ("public.items", 3), ("public.notes_1", 2), ("public.notes_2", 1), ("public.orders", 2), ("public.people", 4));
        Assert.Equal(["1 - 1", "2 1 1"], await pair.Target.QueryAsync("SELECT concat_ws(' ', id, coalesce(boss::text, '-'), mentor) FROM people ORDER BY 1"));
        Assert.Equal(["1 -", "2 1"], await pair.Target.QueryAsync("SELECT concat_ws(' ', id, coalesce(first::text, '-')) FROM orders ORDER BY 1"));
        Assert.Equal(["1 1 1"], await pair.Target.QueryAsync("SELECT concat_ws(' ', id, \"order\", author) FROM items ORDER BY 1"));
        Assert.Equal(["1 - 1", "2 1 1"], await pair.Target.QueryAsync("SELECT concat_ws(' ', id, coalesce(up::text, '-'), author) FROM notes ORDER BY 1"));
        Assert.Equal(["t"], await pair.Target.QueryAsync("SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"));
    }
}
