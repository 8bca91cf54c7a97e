using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>Keys of a large table: their indexes are built beside its others, and nothing else of them is different.</summary>
public sealed class LargeKeyTests(PostgresFixture postgres)
{
    /// <summary>Some 20 MB.</summary>
    private const string Large = """
        create table large (id int, a int, b int, filler text default repeat('x', 200), constraint large_pkey primary key (id), constraint "a (b)" unique (b, a) include (id) with (fillfactor = 70),
          constraint late unique (a) deferrable initially deferred, exclude using btree (id with =));
        create index on large (b); create unique index whole on large ((a + 1)) where a > 5;
        insert into large (id, a, b) select i, i, i % 7 from generate_series(1, 80000) i; analyze large
        """;

    private static readonly string[] Ahead = ["build CONSTRAINT public.large a (b)", "build CONSTRAINT public.large large_pkey"];

    [Fact]
    public async Task Keys_whose_index_was_built_ahead_are_the_same()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Large);
        var steps = new Steps();

        var result = await pair.MigrateAsync(new() { Jobs = 2 }, steps.See);

        Assert.Equal(Ahead, steps.Ahead);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        await pair.AssertEqualAsync();
        // Valid, in use, and gone with the key.
        Assert.Equal(["t t t", "t t t"], await pair.Target.QueryAsync("select concat_ws(' ', left(indisvalid::text, 1), left(indisready::text, 1), left(indimmediate::text, 1)) from pg_index where indexrelid in ('large_pkey'::regclass, '\"a (b)\"'::regclass)"));
        await pair.TargetAsync("alter table large drop constraint large_pkey, drop constraint \"a (b)\"");
        Assert.Equal([""], await pair.Target.QueryAsync("select concat(to_regclass('large_pkey'), to_regclass('\"a (b)\"'))"));
    }

    [Fact]
    public async Task So_they_are_of_partitions_and_of_tables_that_inherit()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            create table whole (id int, d int, filler text default repeat('x', 200), primary key (id, d), unique (d, id)) partition by range (d); create index on whole (filler);
            create table part partition of whole for values from (0) to (10); create index on part (d); insert into whole (id, d) select i, i % 10 from generate_series(1, 80000) i;
            create table child (id int, d int not null); insert into child values (1, 1);
            create table heir (primary key (id), constraint u unique (d, id)) inherits (child); alter table heir add filler text default repeat('x', 200), replica identity using index u; create index on heir (filler);
            insert into heir select i, i from generate_series(1, 80000) i; analyze
            """);
        var steps = new Steps();

        var result = await pair.MigrateAsync(new() { Jobs = 2 }, steps.See);

        // The statement of the key u goes on to say that it is the table's identity.
        Assert.Equal(["build CONSTRAINT public.heir heir_pkey", "build CONSTRAINT public.part part_d_id_key", "build CONSTRAINT public.part part_pkey"], steps.Ahead);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        await pair.AssertEqualAsync("--inserts");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rows_that_break_one_are_told_as_they_are_of_a_small_table(bool aside)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Large);
        await pair.SourceAsync("update pg_index set indisready = false where indexrelid = '\"a (b)\"'::regclass");
        await pair.SourceAsync("alter table large drop constraint late; drop index whole; insert into large (id, a, b) values (90001, 8, 1), (90002, 9, 2)");
        await pair.SourceAsync("update pg_index set indisready = true where indexrelid = '\"a (b)\"'::regclass");

        var result = await pair.MigrateAsync(new() { Jobs = 2, Misfits = aside ? Godwit.Plan.MisfitPolicy.Quarantine : Godwit.Plan.MisfitPolicy.Widen });

        if (aside)
        {
            Assert.Equal(["90001", "90002"], await pair.Target.QueryAsync("select row ->> 'id' from godwit.quarantine order by 1"));
            Assert.Equal(["large_pkey", "a (b)"], await pair.Target.QueryAsync("select conname from pg_constraint where conrelid = 'large'::regclass and contype in ('p', 'u') order by contype"));
            return;
        }
        var refused = Assert.Single(result.Findings, f => f.Code == "step-refused");
        Assert.Contains("2 value(s) stand in more than one row: ", refused.Problem, StringComparison.Ordinal);
        Assert.Contains("ADD CONSTRAINT \"a (b)\" UNIQUE (b, a) INCLUDE (id)", refused.Problem, StringComparison.Ordinal);
        Assert.Equal(["large_pkey"], await pair.Target.QueryAsync("select conname from pg_constraint where conrelid = 'large'::regclass and contype in ('p', 'u')"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_index_that_is_there_already_is_taken_over_by_the_run_that_goes_on(bool changed)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Large);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.MigrateAsync(new() { Jobs = 1 }, e =>
        {
            if (e is MigrationEvent.StepFinished { Id: var id } && id == Ahead[1]) stop.Cancel();
        }, stop.Token));
        Assert.Equal(["0"], await pair.Target.QueryAsync("select count(*) from pg_constraint where conname = 'large_pkey'"));
        if (changed) await pair.SourceAsync("update large set b = 100 where id = 3");
        var steps = new Steps();

        var result = await pair.MigrateAsync(new() { Jobs = 1 }, steps.See);

        // Built on rows that were written to since, it is built again with all the rest.
        Assert.Equal(changed, steps.Ahead.Contains(Ahead[1]));
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        await pair.AssertEqualAsync("--inserts");
    }

    private sealed class Steps
    {
        private readonly List<string> _seen = [];

        public List<string> Ahead
        {
            get
            {
                lock (_seen) return [.. _seen.Where(id => id.StartsWith("build ", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
            }
        }

        public void See(MigrationEvent e)
        {
            if (e is not MigrationEvent.StepStarted started) return;
            lock (_seen) _seen.Add(started.Id);
        }
    }
}
