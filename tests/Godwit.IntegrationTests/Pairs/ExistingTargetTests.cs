using Godwit.Plan;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>Rows into tables that were there before, by the role that owns them: their keys are alive, and rows of others may stand beside.</summary>
public sealed class ExistingTargetTests(PostgresFixture postgres)
{
    // The child is larger than its parent, people need each other across chunks, and teams and people each other's tables.
    private const string Tables = """
        create table teams (id int primary key, lead int); create table people (id int primary key, team int, boss int, filler text); create table notes (id int primary key, person int, filler text)
        """;

    private const string Keys = """
        alter table teams add constraint leads foreign key (lead) references people; alter table people add constraint teams foreign key (team) references teams, add constraint bosses foreign key (boss) references people;
        alter table notes add constraint authors foreign key (person) references people
        """;

    private const string Rows = """
        insert into teams select i, i * 10 from generate_series(1, 50) i; insert into people select i, i % 50 + 1, case when i < 600 then i + 1 end, repeat('x', 500) from generate_series(1, 600) i;
        insert into notes select i, i % 600 + 1, repeat('y', 400) from generate_series(1, 2000) i
        """;

    private static readonly MigrationOptions Options = new() { Jobs = 2, DataOnly = true, Verify = VerifyMode.Full, ChunkBytes = 100_000 };

    /// <summary>Connection words of a role that owns the target's <paramref name="tables"/> and is no superuser.</summary>
    internal static async Task<string> OwnerAsync(Pair pair, params string[] tables)
    {
        var settings = pair.Target.Settings;
        var role = await pair.RoleAsync("mover", "login password 'mover'");
        await pair.TargetAsync($"grant create on database \"{settings.Database}\" to \"{role}\"");
        foreach (var table in tables) await pair.TargetAsync($"alter table {table} owner to \"{role}\"");
        return $"host={settings.Host} port={settings.Port} dbname={settings.Database} user={role} password=mover sslmode=disable";
    }

    [Theory]
    [InlineData(IfExists.Fail)]
    [InlineData(IfExists.Append)]
    public async Task Parents_come_first_and_keys_of_rows_that_need_each_other_are_made_again_behind_them(IfExists ifExists)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; {Keys}");
        var to = await OwnerAsync(pair, "teams", "people", "notes");

        var result = await pair.MigrateAsync(Options with { DataOnly = ifExists == IfExists.Fail, IfExists = ifExists }, to: to);

        Assert.All(result.Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.Equal(2650, result.Tables.Sum(t => t.RowsWritten));
        Assert.Equal(["authors t", "bosses t", "leads t", "teams t"], await pair.Target.QueryAsync("select conname || ' ' || left(convalidated::text, 1) from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace order by 1"));
        var off = result.Plan.PreData.Select(s => s.Subject).ToList();
        Assert.Contains("CONSTRAINT public.people.bosses", off);
        Assert.DoesNotContain("CONSTRAINT public.notes.authors", off);
        // One of the two that close the circle between tables is enough.
        Assert.Equal(2, off.Count);
    }

    [Fact]
    public async Task A_partitioned_table_waits_for_its_parents_too()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Parts = """
            create table parent (id int primary key); create table part (id int, up int, parent int, filler text, primary key (id)) partition by range (id);
            create table part_1 partition of part for values from (0) to (500); create table part_2 partition of part for values from (500) to (10000)
            """;
        await pair.SourceAsync(Parts + "; insert into parent select generate_series(1, 900); insert into part select i, nullif(i - 1, 0), i, repeat('x', 500) from generate_series(1, 900) i");
        await pair.TargetAsync(Parts + "; alter table part add constraint parents foreign key (parent) references parent, add constraint ups foreign key (up) references part");
        var to = await OwnerAsync(pair, "parent", "part", "part_1", "part_2");

        var result = await pair.MigrateAsync(Options, to: to);

        Assert.All(result.Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.Equal(["parents t", "ups t"], await pair.Target.QueryAsync("select distinct conname || ' ' || left(convalidated::text, 1) from pg_constraint where contype = 'f' and conname in ('parents', 'ups') order by 1"));
    }

    [Fact]
    public async Task A_circle_of_tables_that_the_role_does_not_own_is_told_before_anything_is_done()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; {Keys}");
        var to = await OwnerAsync(pair, "notes");
        await pair.TargetAsync("grant all on people, teams to public");

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(Options, to: to));

        Assert.Equal(("target-keys-circle", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.Equal(["4"], await pair.Target.QueryAsync("select count(*) from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace"));
    }

    [Theory]
    [InlineData("teams", "public.teams.leads")]
    [InlineData("people", "public.people.bosses, public.people.teams")]
    public async Task Of_the_keys_of_a_circle_one_that_the_role_may_take_off_is(string owned, string off)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; {Keys}; grant all on people, teams to public");
        var to = await OwnerAsync(pair, owned, "notes");

        var result = await pair.MigrateAsync(Options with { Verify = null }, to: to);

        Assert.Equal(2650, result.Tables.Sum(t => t.RowsWritten));
        Assert.Equal(off, string.Join(", ", result.Plan.PreData.Select(s => s.Subject["CONSTRAINT ".Length..]).Order()));
        Assert.Equal(["4"], await pair.Target.QueryAsync("select count(*) from pg_constraint where contype = 'f' and convalidated and connamespace = 'public'::regnamespace"));
    }

    [Fact]
    public async Task A_table_of_rows_that_need_each_other_comes_in_whole_where_the_role_does_not_own_it()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; alter table people add constraint bosses foreign key (boss) references people; alter table notes add constraint authors foreign key (person) references people; grant all on people to public");
        var to = await OwnerAsync(pair, "teams", "notes");

        var result = await pair.MigrateAsync(Options with { Verify = null }, to: to);

        Assert.Equal(2650, result.Tables.Sum(t => t.RowsWritten));
        Assert.Empty(result.Plan.PreData);
        Assert.Single(result.Plan.Tables.Single(t => t.Source == "public.people").Chunks);
    }

    [Theory]
    [InlineData(false, "disable trigger never", "public.teams has triggers that fire for each row which comes in: audit.")]
    [InlineData(true, "enable always trigger audit", "public.teams has triggers that fire for each row which comes in: audit.")]
    [InlineData(true, "disable trigger never", null)]
    public async Task Triggers_that_fire_are_told(bool isSuperuser, string how, string? told)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; insert into teams values (1, null)");
        await pair.TargetAsync($"{Tables}; create table log (id int); create function log() returns trigger language plpgsql security definer as $$ begin insert into public.log values (new.id); return new; end $$; "
            + $"create trigger audit after insert on teams for each row execute function log(); create trigger never before insert on teams for each row execute function log(); create trigger other before update on people for each row execute function log(); alter table teams disable trigger never; alter table teams {how}");
        var to = await OwnerAsync(pair, "teams", "people", "notes");

        var result = await pair.MigrateAsync(Options, to: isSuperuser ? null : to);

        Assert.Equal(told, result.Findings.SingleOrDefault(f => f.Code == "target-triggers-fire")?.Problem);
        Assert.Equal([told is null ? "0" : "1"], await pair.Target.QueryAsync("select count(*) from log"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_that_is_interrupted_with_keys_off_goes_on_and_makes_them_again(bool written)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; {Keys}");
        var to = await OwnerAsync(pair, "teams", "people", "notes");
        await InterruptAsync(pair, Options, to);
        Assert.Equal(["2"], await pair.Target.QueryAsync("select count(*) from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace"));
        // In a table that has not come in.
        if (written) await pair.SourceAsync("insert into notes values (3000, 1, 'later')");

        var result = await pair.MigrateAsync(Options, to: to);

        Assert.All(result.Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.Equal(["4"], await pair.Target.QueryAsync("select count(*) from pg_constraint where contype = 'f' and convalidated and connamespace = 'public'::regnamespace"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_that_were_there_before_stay_where_the_run_loads_its_own_again(bool isSuperuser)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; insert into people values (9999, null, null, 'of the target')");
        // What references them for a superuser stays as it is.
        if (isSuperuser) await pair.TargetAsync($"{Keys}; create table mine (person int references people on delete cascade); set session_replication_role = replica; insert into mine values (5)");
        var to = isSuperuser ? null : await OwnerAsync(pair, "teams", "people", "notes");
        var options = Options with { Verify = null };
        await InterruptAsync(pair, options, to);
        await pair.SourceAsync("update people set filler = 'later' where id = 5");

        Assert.Equal(2650, (await pair.MigrateAsync(options, to: to)).Tables.Sum(t => t.RowsWritten));

        Assert.Equal(["601", "later", "of the target"], await pair.Target.QueryAsync("select count(*)::text from people union all (select filler from people where id in (5, 9999) order by id)"));
        if (isSuperuser) Assert.Equal(["5"], await pair.Target.QueryAsync("select person from mine"));
    }

    [Fact]
    public async Task Rows_in_the_partitions_of_a_table_that_the_source_has_whole_are_loaded_again()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync(Tables.Replace("filler text); create table notes", """
            filler text) partition by range (id); create table people_1 partition of people for values from (0) to (300); create table people_2 partition of people for values from (300) to (20000); create table notes
            """, StringComparison.Ordinal) + "; insert into people values (9999, null, null, 'of the target')");
        var options = Options with { Verify = null };
        await InterruptAsync(pair, options, null);
        await pair.SourceAsync("update people set filler = 'later' where id = 5");

        await pair.MigrateAsync(options);

        Assert.Equal(["601", "later"], await pair.Target.QueryAsync("select count(*)::text from people union all select filler from people where id = 5"));
    }

    [Theory]
    [InlineData("update people set boss = null where id = 17")]
    [InlineData("delete from people where id = 17")]
    public async Task Rows_that_somebody_has_touched_since_are_not_loaded_again(string touched)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; insert into people values (9999, null, null, 'of the target')");
        var options = Options with { Verify = null };
        await InterruptAsync(pair, options, null);
        await pair.SourceAsync("update people set filler = 'later' where id = 5");
        await pair.TargetAsync(touched);
        var held = await pair.Target.QueryAsync("select count(*) from people");

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(options));

        Assert.Equal(("target-rows-loaded", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.Contains("public.people", refused.Problem, StringComparison.Ordinal);
        Assert.Equal(held, await pair.Target.QueryAsync("select count(*) from people"));
        await pair.TargetAsync("delete from people where id <> 9999");
        Assert.Equal(2650, (await pair.MigrateAsync(options)).Tables.Sum(t => t.RowsWritten));
        Assert.Equal(["601", "later"], await pair.Target.QueryAsync("select count(*)::text from people union all select filler from people where id = 5"));
    }

    [Fact]
    public async Task Rows_that_keys_would_take_others_along_with_are_not_loaded_again_by_a_role_that_is_no_superuser()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; create table mine (person int references people on delete cascade)");
        var to = await OwnerAsync(pair, "teams", "people", "notes");
        await InterruptAsync(pair, Options, to);
        await pair.TargetAsync("insert into mine values (5)");
        await pair.SourceAsync("update people set filler = 'later' where id = 5");

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(Options, to: to));

        Assert.Equal(("target-rows-loaded", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.Equal(["5"], await pair.Target.QueryAsync("select person from mine"));
    }

    [Theory]
    [InlineData("")]
    // Their transactions' numbers are others then.
    [InlineData("update t set filler = filler")]
    public async Task Another_command_does_not_load_a_second_time_what_an_unfinished_run_has_loaded(string touched)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        // Without a key, nothing else would refuse them.
        await pair.SourceAsync("create table t (n int, filler text); create table u (n int, filler text); insert into t select i, repeat('x', 2000) from generate_series(1, 300) i; insert into u select i, 'u' from generate_series(1, 300) i");
        await pair.TargetAsync("create table t (n int, filler text); create table u (n int, filler text)");
        await InterruptAsync(pair, Options, null, "public.t");
        await pair.TargetAsync(touched);

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(Options with { Misfits = MisfitPolicy.Quarantine }));

        Assert.Equal(("target-rows-loaded", ErrorKind.Blocked), (refused.Code, refused.Kind));
        await pair.TargetAsync("truncate t");
        Assert.All((await pair.MigrateAsync(Options with { Misfits = MisfitPolicy.Quarantine })).Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
    }

    [Theory]
    [InlineData("", true)]
    // A row of the target's own that lacks what it references.
    [InlineData("insert into people values (9999, null, 7777, null)", false)]
    public async Task Keys_that_a_run_has_taken_off_are_back_when_it_is_given_up(string own, bool isProven)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync($"{Tables}; {Rows}");
        await pair.TargetAsync($"{Tables}; {Keys}");
        var to = await OwnerAsync(pair, "teams", "people", "notes");
        await InterruptAsync(pair, Options, to);
        await pair.TargetAsync("delete from notes; delete from people; delete from teams");
        await pair.TargetAsync(own);

        await pair.MigrateAsync(Options with { Include = ["public.notes"], Misfits = MisfitPolicy.Quarantine }, to: to);

        Assert.Equal(["authors", "bosses", "leads", "teams"], await pair.Target.QueryAsync("select conname from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace order by 1"));
        Assert.Equal([isProven ? "t" : "f"], await pair.Target.QueryAsync("select convalidated from pg_constraint where conname = 'bosses'"));
        Assert.Equal(["2000"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine q join godwit.run r on r.id = q.run_id where r.state <> 'abandoned'"));
    }

    /// <summary>Stops when people (or <paramref name="table"/>) are there.</summary>
    private static async Task InterruptAsync(Pair pair, MigrationOptions options, string? to, string table = "public.people")
    {
        await pair.SettledAsync();
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.MigrateAsync(options with { Jobs = 1 }, e => { if (e is MigrationEvent.TableFinished { Stage: Stage.Copy } f && f.Table == table) stop.Cancel(); }, stop.Token, to: to));
    }
}
