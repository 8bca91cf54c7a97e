using Godwit.Plan;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>--on-misfit quarantine between two servers: rows for which a constraint has no place stand in godwit.quarantine, and the constraint holds.</summary>
public sealed class AsideRowsTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions s_options = new() { Jobs = 2, Misfits = MisfitPolicy.Quarantine };
    private const string Past = "SET session_replication_role = replica; ";

    internal static Task<List<string?>> AsideAsync(Pair pair) => pair.Target.QueryAsync("SELECT concat_ws(' | ', source_table, key, column_name, reason) FROM godwit.quarantine ORDER BY 1");

    private static Task<List<string?>> ConstraintsAsync(Pair pair, string types) =>
        pair.Target.QueryAsync($"SELECT conname || ' ' || left(convalidated::text, 1) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ({types}) AND conparentid = 0 ORDER BY 1");

    internal static void AssertEqualBut(MigrationResult result, params (string Table, long Aside)[] aside)
    {
        Assert.Empty(result.Verification!.Checks.Where(c => c.Verdict == Verdict.Different && c.Name != "schema public").Select(c => $"{c.Name}: {c.Detail}"));
        Assert.All(result.Verification.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.Equal(aside, result.Verification.Tables.Where(t => t.Quarantined > 0).Select(t => (t.Table, t.Quarantined)));
        Assert.All(result.Verification.Tables.Where(t => result.Tables.Any(r => r.Table == t.Table)), t => Assert.Equal(t.SourceRows, t.TargetRows + t.Quarantined));
        Assert.Equal(aside, result.Tables.Where(t => t.Quarantined > 0).Select(t => (t.Table, t.Quarantined)).Order());
        Assert.All(result.Tables, t => Assert.Equal(t.RowsRead, t.RowsWritten + t.Quarantined));
        Assert.True(result.HasDifferences);
        Assert.DoesNotContain(result.Findings, f => f.Code is "step-refused" or "foreign-key-orphans" or "check-broken");
    }

    /// <summary>Of every sort of key: rows without a parent, rows that reference such a row, over three tables, in a circle, in part NULL.</summary>
    private const string Orphaned = """
        CREATE TABLE people (id int PRIMARY KEY, boss int CONSTRAINT people_boss REFERENCES people ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, mail text);
        CREATE TABLE orders (id int PRIMARY KEY, person int CONSTRAINT orders_person REFERENCES people ON DELETE CASCADE, total int);
        CREATE TABLE items (orders int CONSTRAINT items_orders REFERENCES orders ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, n int);
        CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE halves (id int PRIMARY KEY, a int, b int, CONSTRAINT halves_pair FOREIGN KEY (a, b) REFERENCES pairs MATCH FULL DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO people VALUES (1, NULL, 'a'), (2, 1, 'b'); INSERT INTO orders VALUES (1, 1, 10), (2, 2, 20), (3, NULL, 30); INSERT INTO items VALUES (1, 1), (2, 1), (NULL, 1);
        INSERT INTO pairs VALUES (1, 1); INSERT INTO halves VALUES (1, 1, 1), (2, NULL, NULL);
        """;
    private const string Orphans = Past + "INSERT INTO people VALUES (3, 99, 'c'), (4, 3, 'd'), (5, 4, 'e'); INSERT INTO orders VALUES (4, 77, 40), (5, 5, 50); INSERT INTO items VALUES (4, 1), (4, 1), (5, 2), (88, 3); INSERT INTO halves VALUES (3, 1, NULL), (4, 9, 9)";

    private static readonly string[] s_orphans =
    [
        "public.halves | id=3 | a, b | foreign key halves_pair: public.pairs has no such row",
        "public.halves | id=4 | a, b | foreign key halves_pair: public.pairs has no such row",
        "public.items | orders | foreign key items_orders: its row of public.orders was set aside",
        "public.items | orders | foreign key items_orders: its row of public.orders was set aside",
        "public.items | orders | foreign key items_orders: its row of public.orders was set aside",
        "public.items | orders | foreign key items_orders: public.orders has no such row",
        "public.orders | id=4 | person | foreign key orders_person: public.people has no such row",
        "public.orders | id=5 | person | foreign key orders_person: its row of public.people was set aside",
        "public.people | id=3 | boss | foreign key people_boss: public.people has no such row",
        "public.people | id=4 | boss | foreign key people_boss: its row of public.people was set aside",
        "public.people | id=5 | boss | foreign key people_boss: its row of public.people was set aside",
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_without_a_parent_and_those_that_reference_them_are_set_aside(bool superuser)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Orphaned);
        await pair.SourceAsync(Orphans);
        var to = superuser ? null : await OrdinaryAsync(pair);

        var result = await pair.MigrateAsync(s_options, to: to);

        AssertEqualBut(result, ("public.halves", 2), ("public.items", 4), ("public.orders", 2), ("public.people", 3));
        // Which of two reasons is told of a row depends on which key is proven first.
        Assert.Equal(s_orphans.Select(Row), (await AsideAsync(pair)).Select(r => Row(r!)));
        Assert.Equal(["halves_pair t", "items_orders t", "orders_person t", "people_boss t"], await ConstraintsAsync(pair, "'f'"));
        Assert.Equal(["1,2,3", "1,2"], await pair.Target.QueryAsync("SELECT string_agg(id::text, ',' ORDER BY id) FROM orders UNION ALL SELECT string_agg(id::text, ',' ORDER BY id) FROM people"));
        // No key has done anything to another row.
        Assert.Equal(["1 ", "2 1"], await pair.Target.QueryAsync("SELECT concat_ws(' ', id, coalesce(boss::text, '')) FROM people ORDER BY id"));
        var told = result.Findings.Where(f => f.Code == "rows-quarantined").ToList();
        Assert.Contains(told, f => f.Subject == "public.halves" && f.Problem.StartsWith("2 row(s) were set aside (foreign key halves_pair: public.pairs has no such row): id=3; id=4.", StringComparison.Ordinal));
        Assert.Equal(11, (await AsideAsync(pair)).Count);

        static string Row(string aside) => aside.Split(" | foreign key", StringSplitOptions.None)[0];
    }

    /// <summary>A role of the target that owns its database and is nothing more: it cannot say that no trigger fires.</summary>
    internal static async Task<string> OrdinaryAsync(Pair pair)
    {
        var role = await pair.RoleAsync("ordinary", "LOGIN PASSWORD 'ordinary'");
        var settings = pair.Target.Settings;
        await pair.TargetAsync($"ALTER DATABASE \"{settings.Database}\" OWNER TO \"{role}\"");
        // From 15 on the owner of the database owns it.
        if ((await pair.Target.QueryAsync("SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'public'"))[0] != "pg_database_owner") await pair.TargetAsync($"GRANT CREATE ON SCHEMA public TO \"{role}\"");
        return $"host={settings.Host} port={settings.Port} dbname={settings.Database} user={role} password=ordinary sslmode=disable";
    }

    [Fact]
    public async Task Rows_that_break_a_check_are_set_aside_and_what_the_source_never_proved_is_proven()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE SCHEMA app; CREATE FUNCTION app.lowest() RETURNS int LANGUAGE sql STABLE AS 'SELECT 0'; CREATE TABLE people (id int PRIMARY KEY); INSERT INTO people VALUES (1);
            CREATE TABLE orders (id int PRIMARY KEY, "The total" int, person int, note text); CREATE TABLE old_orders (closed date) INHERITS (orders);
            ALTER TABLE orders ADD CONSTRAINT "as ever" CHECK ("The total" >= app.lowest());
            INSERT INTO orders VALUES (1, 5, 1, 'a'), (2, 50, 1, NULL), (3, 60, 9, 'c'), (4, NULL, NULL, 'd'), (5, 70, 1, ''); INSERT INTO old_orders VALUES (6, 1, 9, 'e', '2020-01-02'), (7, 77, 9, 'f', NULL);
            ALTER TABLE orders ADD CONSTRAINT orders_note CHECK (length(note) > 0) NOT VALID; ALTER TABLE orders ADD CONSTRAINT orders_person FOREIGN KEY (person) REFERENCES people NOT VALID;
            """);
        await pair.SourceAsync("CREATE OR REPLACE FUNCTION app.lowest() RETURNS int LANGUAGE sql STABLE AS 'SELECT 10'");

        var result = await pair.MigrateAsync(s_options);

        // The foreign key is of the table alone, the check of what inherits from it too.
        Assert.Equal(["public.old_orders | The total | check as ever", "public.orders | id=1 | The total | check as ever", "public.orders | id=3 | person | foreign key orders_person: public.people has no such row", "public.orders | id=5 | note | check orders_note"], await AsideAsync(pair));
        Assert.Equal(["2020-01-02"], await pair.Target.QueryAsync("SELECT row ->> 'closed' FROM godwit.quarantine WHERE source_table = 'public.old_orders'"));
        AssertEqualBut(result, ("public.old_orders", 1), ("public.orders", 3));
        Assert.Equal(["as ever t", "as ever t", "orders_note t", "orders_note t", "orders_person t"], await ConstraintsAsync(pair, "'c', 'f'"));
        Assert.Equal(3, result.Verification!.Expected.Count(e => e.Reason.Contains("--on-misfit", StringComparison.Ordinal) && e.Seen.StartsWith("validated", StringComparison.Ordinal)));
        Assert.Equal(Verdict.Equal, (await VerifyAsync(pair, VerifyMode.Full)).Verdict);
    }

    [Fact]
    public async Task Of_rows_with_one_key_the_first_stays()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE TABLE people (id int PRIMARY KEY, mail text CONSTRAINT people_mail UNIQUE, name text, active bool, nick text COLLATE loose);
            CREATE UNIQUE INDEX people_name ON people (lower(name)) WHERE active; CREATE UNIQUE INDEX "The nick" ON people (nick);
            CREATE TABLE orders (id int PRIMARY KEY, person int REFERENCES people ON DELETE CASCADE, mail text REFERENCES people (mail));
            CREATE TABLE keyless (a int, b text, a_row int DEFAULT 0); CREATE UNIQUE INDEX keyless_a ON keyless (a);
            INSERT INTO people VALUES (1, 'a', 'Ann', true, 'x'), (2, 'b', 'Ben', true, 'y'); INSERT INTO orders VALUES (1, 1, 'a'), (2, 2, 'b'); INSERT INTO keyless VALUES (1, 'z');
            """);
        // The indexes take no rows for a while.
        const string Off = "UPDATE pg_index SET indisready = {0} WHERE indrelid IN ('people'::regclass, 'keyless'::regclass) AND indexrelid <> 'people_pkey'::regclass";
        await pair.SourceAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, Off, "false"));
        await pair.SourceAsync($$"""
            {{Past}}INSERT INTO people VALUES (4, 'b', 'Cid', true, 'u'), (3, 'b', 'Dan', true, 'v'), (0, 'e', 'ANN', true, 'w'), (5, 'f', 'ann', false, 'X'), (6, NULL, 'F', true, NULL), (7, NULL, 'G', true, NULL);
            INSERT INTO orders VALUES (3, 3, 'b'), (4, 1, 'a'); INSERT INTO keyless VALUES (1, 'y'), (1, 'y'), (NULL, 'n'), (NULL, 'n')
            """);
        await pair.SourceAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, Off, "true"));

        var result = await pair.MigrateAsync(s_options);

        Assert.Equal(["0,2,6,7"], await pair.Target.QueryAsync("SELECT string_agg(id::text, ',' ORDER BY id) FROM people"));
        Assert.Equal(["1y", "n", "n"], await pair.Target.QueryAsync("SELECT concat(a, b) FROM keyless ORDER BY 1"));
        // People 3 and 1 are gone: so are their orders.
        Assert.Equal(["2"], await pair.Target.QueryAsync("SELECT string_agg(id::text, ',' ORDER BY id) FROM orders"));
        AssertEqualBut(result, ("public.keyless", 2), ("public.orders", 3), ("public.people", 4));
        Assert.Equal(["public.people | id=1 | lower(name) | unique key people_name: another row with its values stays", "public.people | id=3 | mail | unique key people_mail: another row with its values stays",
            "public.people | id=4 | mail | unique key people_mail: another row with its values stays", "public.people | id=5 | nick | unique key The nick: another row with its values stays"],
            (await AsideAsync(pair)).Where(r => r!.StartsWith("public.people", StringComparison.Ordinal)));
        Assert.Equal(["3"], await pair.Target.QueryAsync("SELECT count(*) FROM pg_index WHERE indrelid = 'people'::regclass AND indisunique AND indisvalid AND NOT indisprimary"));
        Assert.Equal(["t"], await pair.Target.QueryAsync("SELECT to_regclass('godwit.aside_twin') IS NULL"));
    }

    [Fact]
    public async Task Which_row_goes_for_which_key_is_the_plans_order_and_not_who_comes_first()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        // The first index in the plan's order takes longest: the second has found its own twins long before.
        await pair.SourceAsync("""
            CREATE FUNCTION slowly(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_catalog.pg_sleep(0.3); RETURN word; END';
            CREATE TABLE people (id int PRIMARY KEY, mail text, nick text);
            CREATE UNIQUE INDEX people_a ON people (slowly(mail)); CREATE UNIQUE INDEX people_b ON people (nick);
            """);
        await pair.SourceAsync("UPDATE pg_index SET indisready = false WHERE indrelid = 'people'::regclass AND NOT indisprimary");
        await pair.SourceAsync($"{Past}INSERT INTO people VALUES (1, 'x', 'p'), (2, 'x', 'q'), (3, 'y', 'q')");
        await pair.SourceAsync("UPDATE pg_index SET indisready = true WHERE indrelid = 'people'::regclass");

        var result = await pair.MigrateAsync(s_options);

        // Once 2 is gone for people_a, nobody is in the way of 3.
        Assert.Equal(["public.people | id=2 | slowly(mail) | unique key people_a: another row with its values stays"], await AsideAsync(pair));
        AssertEqualBut(result, ("public.people", 1));
    }

    [Fact]
    public async Task Of_rows_that_exclude_each_other_those_stay_that_conflict_with_none_before_them()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE FUNCTION span(a int, b int) RETURNS int4range LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.int4range(a, b)';
            CREATE TABLE bookings (id int PRIMARY KEY, room int4range, "when" int4range, off bool NOT NULL DEFAULT false, CONSTRAINT "not twice" EXCLUDE USING gist (room WITH =, "when" WITH &&) WHERE (NOT off) DEFERRABLE INITIALLY DEFERRED);
            CREATE TABLE guests (id int PRIMARY KEY, booking int REFERENCES bookings ON DELETE CASCADE);
            CREATE TABLE spans (a int, b int, twice int GENERATED ALWAYS AS (a * 2) STORED); ALTER TABLE spans ADD CONSTRAINT spans_apart EXCLUDE USING gist (span(a, b) WITH &&);
            """);
        await pair.SourceAsync("UPDATE pg_index SET indisready = false WHERE indisexclusion AND indrelid IN ('bookings'::regclass, 'spans'::regclass)");
        // 1 conflicts with 0 and goes; so 2, which conflicts with 1 alone, stays, and 3 goes.
        await pair.SourceAsync($"""
            {Past}INSERT INTO bookings VALUES (3, '[1,1]', '[12,14)', false), (2, '[1,1]', '[11,13)', false), (1, '[1,1]', '[10,12)', false), (0, '[1,1]', '[9,11)', false), (4, '[2,2]', '[9,14)', false), (5, '[1,1]', '[9,14)', true), (6, '[1,1]', NULL, false), (7, '[1,1]', NULL, false);
            INSERT INTO guests VALUES (1, 1), (2, 2), (3, 3); INSERT INTO spans VALUES (1, 5), (1, 5), (4, 9), (5, 9)
            """);
        await pair.SourceAsync("UPDATE pg_index SET indisready = true WHERE indisexclusion AND indrelid IN ('bookings'::regclass, 'spans'::regclass)");

        var result = await pair.MigrateAsync(s_options);

        AssertEqualBut(result, ("public.bookings", 2), ("public.guests", 2), ("public.spans", 2));
        Assert.Equal(["0,2,4,5,6,7"], await pair.Target.QueryAsync("SELECT string_agg(id::text, ',' ORDER BY id) FROM bookings"));
        Assert.Equal(["1-5", "5-9"], await pair.Target.QueryAsync("SELECT concat(a, '-', b) FROM spans ORDER BY 1"));
        Assert.Equal(["2"], await pair.Target.QueryAsync("SELECT id FROM guests"));
        Assert.Equal(["public.bookings | id=1 | room, \"when\" | exclusion not twice: a row that it conflicts with stays", "public.bookings | id=3 | room, \"when\" | exclusion not twice: a row that it conflicts with stays"],
            (await AsideAsync(pair)).Where(r => r!.StartsWith("public.bookings", StringComparison.Ordinal)));
        Assert.Equal(["not twice t", "spans_apart t"], await ConstraintsAsync(pair, "'x'"));
        Assert.Equal(["t"], await pair.Target.QueryAsync("SELECT to_regclass('godwit.aside_twin') IS NULL"));
        Assert.Equal(Verdict.Equal, (await VerifyAsync(pair, VerifyMode.Full)).Verdict);
    }

    [Fact]
    public async Task What_a_run_that_is_given_up_had_set_aside_is_no_longer_there()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Orphaned);
        await pair.SourceAsync($"{Past}INSERT INTO orders VALUES (4, 77, 40)");
        await pair.MigrateAsync(s_options);
        // As one that did not come to its end, and whose rows are loaded anew.
        await pair.TargetAsync("UPDATE godwit.run SET state = 'failed'");
        await pair.MigrateAsync(s_options with { IfExists = IfExists.Replace });

        Assert.Equal(["abandoned", "done-with-differences"], (await pair.Target.QueryAsync("SELECT state FROM godwit.run ORDER BY 1")));
        Assert.Equal(["public.orders | id=4 | person | foreign key orders_person: public.people has no such row"], await AsideAsync(pair));
    }

    [Fact]
    public async Task Partitioned_tables_lose_their_orphans_and_their_duplicates()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE TABLE people (id int PRIMARY KEY); INSERT INTO people VALUES (1);
            CREATE TABLE events (id int, k int, person int CONSTRAINT events_person REFERENCES people, CONSTRAINT events_key PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1); CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2);
            CREATE TABLE notes (id int PRIMARY KEY, event int, k int, CONSTRAINT notes_event FOREIGN KEY (event, k) REFERENCES events);
            INSERT INTO events VALUES (1, 1, 1), (2, 2, 1); INSERT INTO notes VALUES (1, 1, 1);
            """);
        await pair.SourceAsync("UPDATE pg_index SET indisready = false WHERE indexrelid = 'events_2_pkey'::regclass");
        await pair.SourceAsync($"{Past}INSERT INTO events VALUES (2, 2, NULL), (3, 2, 99), (4, 1, 98); INSERT INTO notes VALUES (2, 3, 2), (3, 2, 2), (4, 77, 7)");
        await pair.SourceAsync("UPDATE pg_index SET indisready = true WHERE indexrelid = 'events_2_pkey'::regclass");

        var result = await pair.MigrateAsync(s_options);

        AssertEqualBut(result, ("public.events_1", 1), ("public.events_2", 2), ("public.notes", 2));
        Assert.Equal(["events_person t", "notes_event t"], await ConstraintsAsync(pair, "'f'"));
        Assert.Equal(["1 1 1", "2 2 "], await pair.Target.QueryAsync("SELECT concat_ws(' ', id, k, coalesce(person::text, '')) FROM events ORDER BY 1"));
        Assert.Equal(Verdict.Equal, (await VerifyAsync(pair, VerifyMode.Full)).Verdict);
    }

    [Fact]
    public async Task Views_and_policies_over_rows_in_quarantine_are_no_difference()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        var role = await pair.RoleAsync("reader");
        await pair.SourceAsync($"""
            {Orphaned}; CREATE TABLE shown (person int); INSERT INTO shown VALUES (1), (4); CREATE VIEW seen AS SELECT * FROM orders; CREATE MATERIALIZED VIEW sums AS SELECT person, count(*) FROM seen GROUP BY 1;
            GRANT SELECT ON people, orders, seen, shown, pairs TO "{role}"; ALTER TABLE shown ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON shown USING (person IN (SELECT id FROM people)); {Orphans}; REFRESH MATERIALIZED VIEW sums
            """);

        AssertEqualBut(await pair.MigrateAsync(s_options), ("public.halves", 2), ("public.items", 4), ("public.orders", 2), ("public.people", 3));

        var report = await VerifyAsync(pair, VerifyMode.Full, new(BehaviourDepth.Read, [new("reader", role, null)]));
        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.Contains("in quarantine", Assert.Single(report.Tables, t => t.Table == "public.sums").Checks[0].Detail, StringComparison.Ordinal);
        Assert.Equal(["public.orders", "public.people", "public.seen", "public.shown"], report.Behaviour.Where(b => b is { Verdict: Verdict.Equal, Note: not null } && b.Note.Contains("quarantine put back", StringComparison.Ordinal)).Select(b => b.Relation).Order());
        Assert.DoesNotContain(report.Behaviour, b => b.Verdict == Verdict.NotChecked);
        Assert.Contains(report.Behaviour, b => b is { Relation: "public.pairs", Verdict: Verdict.Equal });
    }

    [Fact]
    public async Task Told_to_fail_the_run_ends_at_the_constraint_and_goes_on_when_the_source_is_repaired()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Orphaned);
        await pair.SourceAsync($"{Past}INSERT INTO orders VALUES (4, 77, 40)");
        var broken = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(s_options with { Misfits = MisfitPolicy.Fail }));
        Assert.Equal(("rows-break-constraint", ErrorKind.TargetFatal), (broken.Code, broken.Kind));
        Assert.Contains("1 row(s): id=4, person=77", broken.Problem, StringComparison.Ordinal);
        await pair.SourceAsync("DELETE FROM orders WHERE id = 4");
        var result = await pair.MigrateAsync(s_options with { Misfits = MisfitPolicy.Fail });
        Assert.False(result.HasDifferences);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }

    [Fact]
    public async Task Verified_again_rows_in_quarantine_are_compared_with_the_source_value_by_value()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TYPE place AS (x int, y text); CREATE DOMAIN doc AS jsonb CHECK (jsonb_typeof(VALUE) = 'object');
            CREATE TABLE parents (id int PRIMARY KEY);
            CREATE TABLE wide (id uuid PRIMARY KEY, parent int CONSTRAINT wide_parent REFERENCES parents, n numeric, f float8, r real, t text, "Odd ""Name" varchar(9), c char(5), b bytea, j json, jb jsonb, d doc, a int[], ts timestamptz, i interval,
              day date, m mood, p place, ps place[], mo money, reg regclass, ip inet, tsr tstzrange, x xml, bits bit(3), yes bool, twice int GENERATED ALWAYS AS (parent * 2) STORED, kept int GENERATED ALWAYS AS IDENTITY);
            INSERT INTO parents VALUES (1);
            """);
        const string Row = """
            'NaN', '-0', 0.1, E'line\n"quoted" \\ ü', NULL, 'ab', '\x00ff', '{"b": 1, "a":  1.50, "b": 2}', '{"n": 1.50}', '{"k": [1, null]}', '{1,NULL,3}', 'infinity', '1 mon 2 days 03:04:05.678',
            '0044-03-15 BC', 'bad', '(1,"a b")', '{"(2,)"}', 12.34, 'parents', '10.0.0.1/8', '[2024-01-01,)', '<a>1</a>', B'101', true
            """;
        await pair.SourceAsync($"{Past}INSERT INTO wide SELECT ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, i, {Row} FROM generate_series(1, 3) i");
        await pair.SourceAsync($"{Past}INSERT INTO wide (id, parent) VALUES ('00000000-0000-0000-0000-0000000000ff', 255)");

        AssertEqualBut(await pair.MigrateAsync(s_options), ("public.wide", 3));

        Assert.Equal(Verdict.Equal, (await VerifyAsync(pair, VerifyMode.Full)).Verdict);
        Assert.Equal(Verdict.Equal, (await VerifyAsync(pair, VerifyMode.Counts)).Verdict);
        // A value that was changed where it is kept, and one that was lost there.
        await pair.TargetAsync("UPDATE godwit.quarantine SET row = jsonb_set(row, '{n}', '\"1\"') WHERE key LIKE '%2'");
        var changed = Assert.Single((await VerifyAsync(pair, VerifyMode.Full)).Tables, t => t.Verdict == Verdict.Different);
        Assert.Equal(("public.wide", "n", "NaN", "1"), (changed.Table, Assert.Single(changed.Differences).Column, changed.Differences[0].Source, changed.Differences[0].Target));
        await pair.TargetAsync("DELETE FROM godwit.quarantine WHERE key LIKE '%2'");
        var lost = Assert.Single((await VerifyAsync(pair, VerifyMode.Full)).Tables, t => t.Verdict == Verdict.Different);
        Assert.Equal("id=00000000-0000-0000-0000-000000000002", Assert.Single(lost.Differences).Key);
        Assert.Equal(Verdict.Different, (await VerifyAsync(pair, VerifyMode.Counts)).Verdict);
    }

    internal static async Task<VerifyReport> VerifyAsync(Pair pair, VerifyMode mode, BehaviourRequest? behaviour = null)
    {
        await using var source = await TargetDatabase.OpenAsync(pair.Source.Settings, 5, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(5);
        return await PairVerifying.RunAsync(source, target, new(mode, 2) { Behaviour = behaviour }, new Progress<MigrationEvent>(), TimeProvider.System, Pair.Token);
    }

    [Fact]
    public async Task A_repair_does_not_put_them_back()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Orphaned);
        await pair.SourceAsync(Orphans);
        await pair.MigrateAsync(s_options);
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(5);
        var refused = await Assert.ThrowsAsync<GodwitException>(() => new Repairing(TimeProvider.System).RunAsync(source, target, new(), ["public.orders"], new Progress<MigrationEvent>(), Pair.Token));
        Assert.Equal("repair-aside", refused.Code);
    }

    [Fact]
    public async Task Following_is_refused_before_anything_is_armed()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Orphaned);
        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(s_options with { Follow = true }));
        Assert.Equal("options-conflict", refused.Code);
        Assert.Empty(await pair.Source.QueryAsync("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"));
        Assert.Equal("f", (await pair.Target.QueryAsync("SELECT to_regnamespace('godwit') IS NOT NULL"))[0]);
    }
}
