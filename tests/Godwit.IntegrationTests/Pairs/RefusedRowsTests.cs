using Godwit.Plan;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>Rows that a constraint of an existing table refuses: with --on-misfit quarantine they are set aside, and the others come in.</summary>
public sealed class RefusedRowsTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions Options = new() { Jobs = 2, DataOnly = true, Misfits = MisfitPolicy.Quarantine, Verify = VerifyMode.Full };

    [Theory]
    [InlineData("alter table t add constraint strict unique (n)", "unique key strict: another row with its values stays", "n", 2)]
    [InlineData("create unique index strict on t (abs(n))", "unique key strict: another row with its values stays", "abs(n)", 2)]
    [InlineData("alter table t add constraint strict unique (n) deferrable initially deferred", "unique key strict: another row with its values stays", "n", 2)]
    [InlineData("alter table t add constraint strict check (n < 2990)", "check strict", "n", 11)]
    [InlineData("alter table t alter s set not null", "NOT NULL s", "s", 30)]
    [InlineData("alter table t add constraint strict exclude using btree (n with =)", "exclusion strict: a row that it conflicts with stays", "n", 2)]
    public async Task Rows_that_a_constraint_refuses_are_set_aside(string constraint, string reason, string columns, int rows)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Table = "create table t (n int, id text primary key, s text, k int generated always as identity, twice int generated always as (n * 2) stored, j json, f float8)";
        await pair.SourceAsync(Table + """; insert into t (n, id, s, j, f) select case when i in (151, 2000) then 150 else i end, E'a\tb ' || i, case when i % 100 <> 0 then 's' end, '{"a":  1}', i / 7.0 from generate_series(1, 3000) i""");
        await pair.TargetAsync($"{Table}; {constraint}");

        var result = await pair.MigrateAsync(Options);

        var moved = Assert.Single(result.Tables);
        Assert.Equal((3000, 3000 - rows, rows), (moved.RowsRead, moved.RowsWritten, moved.Quarantined));
        Assert.Equal([$"{rows}", $"{3000 - rows}"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine union all select count(*) from t"));
        Assert.Equal([$"{columns}: {reason}"], await pair.Target.QueryAsync("select distinct column_name || ': ' || reason from godwit.quarantine"));
        Assert.Equal([$"{rows}"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine where key = 'id=' || (row ->> 'id') and (row ->> 'twice')::int = 2 * (row ->> 'n')::int"));
        Assert.Contains(reason, Assert.Single(result.Findings, f => f.Code == "rows-quarantined").Problem, StringComparison.Ordinal);
        Assert.True(result.HasDifferences);
        var verified = Assert.Single(result.Verification!.Tables);
        Assert.Equal((Verdict.Equal, rows), (verified.Verdict, verified.Quarantined));
    }

    [Fact]
    public async Task Rows_that_a_domain_refuses_are_set_aside()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int primary key, n numeric(8,2), s text, u varchar(9), twice numeric generated always as (n * 2) stored, j jsonb); insert into t (id, n, s, u, j) select i, i + 0.25, case when i % 100 <> 0 then 's' || i end, 'u' || i, case when i = 5 then '[1]' else jsonb_build_object('a', 1) end from generate_series(1, 1000) i");
        await pair.TargetAsync("""
            create domain "amount (EUR)" as numeric(8,2); create domain few as "amount (EUR)" constraint "few?" check (value < 990); create domain said as text not null; create domain code as varchar(9) check (value ~ '^u'); create domain doc as jsonb check (jsonb_typeof(value) = 'object');
            create table t (id int primary key, n few, s said, u code, twice numeric generated always as (n * 2) stored, j doc)
            """);

        var result = await pair.MigrateAsync(Options);

        Assert.Equal(["j: check doc_check 1", "n: check few? 11", "s: NOT NULL s 9"], await pair.Target.QueryAsync("select column_name || ': ' || reason || ' ' || count(*) from godwit.quarantine group by column_name, reason order by 1"));
        Assert.Equal(["979 1 1000", "t"], await pair.Target.QueryAsync("select concat_ws(' ', count(*), min(id), (select max((row ->> 'id')::int) from godwit.quarantine)) from t union all select left(bool_and(twice = n * 2)::text, 1) from t"));
        var moved = Assert.Single(result.Tables);
        Assert.Equal((979, 21), ((int)moved.RowsWritten, (int)moved.Quarantined));
        var verified = Assert.Single(result.Verification!.Tables);
        Assert.Equal((Verdict.Equal, 21, 6000), (verified.Verdict, (int)verified.Quarantined, (int)verified.ValuesCompared));
    }

    [Fact]
    public async Task Rows_go_into_a_partitioned_table_and_those_without_a_partition_are_set_aside()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int primary key, n int); insert into t select i, i from generate_series(1, 300) i");
        await pair.TargetAsync("create table t (id int primary key, n int check (n <> 7)) partition by range (id); create table t_1 partition of t for values from (1) to (200); create table t_2 partition of t for values from (200) to (296)");

        var result = await pair.MigrateAsync(Options);

        Assert.Equal(["check t_n_check 1", "no partition of relation \"t\" found for row 5"], await pair.Target.QueryAsync("select reason || ' ' || count(*) from godwit.quarantine group by reason order by 1"));
        Assert.Equal(["294"], await pair.Target.QueryAsync("select count(*) from t"));
        Assert.Equal(Verdict.Equal, Assert.Single(result.Verification!.Tables).Verdict);
    }

    [Fact]
    public async Task Rows_without_a_parent_are_set_aside_and_so_are_those_whose_parent_was()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Tables = "create table parent (id int primary key, kind int); create table child (id int primary key, parent int, filler text)";
        await pair.SourceAsync(Tables + "; insert into parent select i, i % 100 from generate_series(1, 1500) i; insert into child select i, i, repeat('x', 500) from generate_series(1, 2000) i");
        await pair.TargetAsync(Tables + "; alter table parent add check (kind <> 7); alter table child add constraint parents foreign key (parent) references parent");
        var to = await ExistingTargetTests.OwnerAsync(pair, "child", "parent");

        var result = await pair.MigrateAsync(Options with { ChunkBytes = 200_000 }, to: to);

        Assert.Equal(["public.child foreign key parents: public.parent has no such row 515", "public.parent check parent_kind_check 15"], await pair.Target.QueryAsync("select source_table || ' ' || reason || ' ' || count(*) from godwit.quarantine group by source_table, reason order by source_table"));
        Assert.All(result.Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.Equal([(1485, 15), (1485, 515)], result.Tables.OrderBy(t => t.Quarantined).Select(t => ((int)t.RowsWritten, (int)t.Quarantined)));
    }

    [Fact]
    public async Task A_constraint_that_is_looked_at_when_the_chunk_ends_sets_rows_aside_too()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Table = "create table t (id int primary key, n int)";
        await pair.SourceAsync(Table + "; insert into t select i, i % 290 from generate_series(1, 300) i");
        await pair.TargetAsync(Table + "; alter table t add constraint strict unique (n) deferrable initially deferred");

        var result = await pair.MigrateAsync(Options, to: await ExistingTargetTests.OwnerAsync(pair, "t"));

        Assert.Equal(["10"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine where reason = 'unique key strict: another row with its values stays'"));
        Assert.Equal(Verdict.Equal, Assert.Single(result.Verification!.Tables).Verdict);
    }

    [Fact]
    public async Task Rows_that_need_each_other_are_set_aside_when_their_key_is_made_again()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Table = "create table t (id int primary key, boss int, filler text)";
        // 3000 lacks its boss; the line of those that need it is set aside with it.
        await pair.SourceAsync(Table + "; insert into t select i, case when i > 2990 then i + 1 when i > 1 then i - 1 end, repeat('x', 300) from generate_series(1, 3000) i");
        await pair.TargetAsync(Table + "; alter table t add constraint bosses foreign key (boss) references t");
        var to = await ExistingTargetTests.OwnerAsync(pair, "t");

        var result = await pair.MigrateAsync(Options with { ChunkBytes = 200_000 }, to: to);

        Assert.Equal(["10", "2990"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine union all select count(*) from t"));
        Assert.Equal(["t"], await pair.Target.QueryAsync("select convalidated from pg_constraint where conname = 'bosses'"));
        Assert.Equal(Verdict.Equal, Assert.Single(result.Verification!.Tables).Verdict);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_nobody_checks_while_a_superusers_rows_come_in_is_set_aside_afterwards_but_not_beside_rows_of_others(bool shared)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Tables = "create table parent (id int primary key, n int, during int4range); create table child (id int primary key, parent int)";
        await pair.SourceAsync(Tables + "; insert into parent select i, i / 2, int4range(i * 10, i * 10 + case i when 5 then 15 else 10 end) from generate_series(2, 21) i; insert into child select i, i from generate_series(1, 25) i");
        await pair.TargetAsync(Tables + "; alter table parent add constraint late unique (n) deferrable, add constraint apart exclude using gist (during with &&) deferrable; alter table child add constraint parents foreign key (parent) references parent");
        if (shared) await pair.TargetAsync("insert into parent values (100, 100)");

        var result = await pair.MigrateAsync(Options with { Verify = shared ? null : VerifyMode.Full });

        if (shared)
        {
            Assert.Equal(["CONSTRAINT public.child.parents", "CONSTRAINT public.parent.apart", "CONSTRAINT public.parent.late"], result.Findings.Where(f => f.Code is "foreign-key-orphans" or "unique-unchecked").Select(f => f.Subject).Order());
            Assert.All(result.Findings.Where(f => f.Code is "foreign-key-orphans" or "unique-unchecked"), f => Assert.EndsWith("They could not be set aside: public.parent holds rows that this run has not loaded, which are not its to move.", f.Problem, StringComparison.Ordinal));
            Assert.Equal(["0"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine"));
            return;
        }
        Assert.DoesNotContain(result.Findings, f => f.Code is "foreign-key-orphans" or "unique-unchecked");
        Assert.Equal(["20", "25"], await pair.Target.QueryAsync("select (select count(*) from parent) + count(*) from godwit.quarantine where source_table = 'public.parent' union all select (select count(*) from child) + count(*) from godwit.quarantine where source_table = 'public.child'"));
        await pair.TargetAsync("alter table parent drop constraint late, drop constraint apart, add unique (n), add exclude using gist (during with &&)");
        await pair.TargetAsync("alter table child drop constraint parents, add foreign key (parent) references parent");
        Assert.All(result.Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
    }

    [Fact]
    public async Task A_constraint_that_somebody_adds_between_two_runs_of_one_migration_sets_rows_aside_too()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int primary key, n int); create table big (filler text); insert into big select repeat('x', 1000) from generate_series(1, 2000); insert into t select i, i / 2 from generate_series(1, 100) i");
        var options = Options with { DataOnly = false, Jobs = 1 };
        using (var stop = new CancellationTokenSource())
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.MigrateAsync(options, e => { if (e is MigrationEvent.TableFinished { Stage: Stage.Copy, Table: "public.big" }) stop.Cancel(); }, stop.Token));
        await pair.TargetAsync("alter table t add constraint mine unique (n)");

        var result = await pair.MigrateAsync(options);

        Assert.Equal(["49"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine q join godwit.run r on r.id = q.run_id where reason like 'unique key mine: %' and r.state <> 'abandoned'"));
        Assert.All(result.Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.Contains(result.Verification.Checks, c => c.Verdict == Verdict.Different && c.Name.Contains("mine", StringComparison.Ordinal));
    }
}
