using Godwit.Plan;
using Godwit.Target;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>--on-misfit quarantine between two servers: rows for which a constraint has no place stand in godwit.quarantine, and the constraint holds.</summary>
public sealed class AsideRowsTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions s_options = new() { Jobs = 2, Misfits = MisfitPolicy.Quarantine };
    private const string Past = "SET session_replication_role = replica; ";

    private static Task<List<string?>> AsideAsync(Pair pair) => pair.Target.QueryAsync("SELECT concat_ws(' | ', source_table, key, column_name, reason) FROM godwit.quarantine ORDER BY 1");

    private static Task<List<string?>> ConstraintsAsync(Pair pair, string types) =>
        pair.Target.QueryAsync($"SELECT conname || ' ' || left(convalidated::text, 1) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ({types}) AND conparentid = 0 ORDER BY 1");

    private static void AssertEqualBut(MigrationResult result, params (string Table, long Aside)[] aside)
    {
        Assert.Empty(result.Verification!.Checks.Where(c => c.Verdict == Verdict.Different && c.Name != "schema public").Select(c => $"{c.Name}: {c.Detail}"));
        Assert.All(result.Verification.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.Equal(aside, result.Verification.Tables.Where(t => t.Quarantined > 0).Select(t => (t.Table, t.Quarantined)));
        Assert.All(result.Verification.Tables, t => Assert.Equal(t.SourceRows, t.TargetRows + t.Quarantined));
        Assert.Equal(aside, result.Tables.Where(t => t.Quarantined > 0).Select(t => (t.Table, t.Quarantined)).Order());
        Assert.All(result.Tables, t => Assert.Equal(t.RowsRead, t.RowsWritten + t.Quarantined));
        Assert.True(result.HasDifferences);
        Assert.DoesNotContain(result.Findings, f => f.Code is "step-refused" or "foreign-key-orphans" or "check-broken");
    }

    /// <summary>Of every sort of key: rows without a parent, rows that reference such a row, over three tables, in a circle, in part NULL.</summary>
    private const string Orphaned = """
        CREATE TABLE people (id int PRIMARY KEY, boss int CONSTRAINT people_boss REFERENCES people ON DELETE SET NULL, mail text);
        CREATE TABLE orders (id int PRIMARY KEY, person int CONSTRAINT orders_person REFERENCES people ON DELETE CASCADE, total int);
        CREATE TABLE items (orders int CONSTRAINT items_orders REFERENCES orders ON DELETE CASCADE, n int);
        CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE halves (id int PRIMARY KEY, a int, b int, CONSTRAINT halves_pair FOREIGN KEY (a, b) REFERENCES pairs MATCH FULL);
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
    private static async Task<string> OrdinaryAsync(Pair pair)
    {
        var role = await pair.RoleAsync("ordinary", "LOGIN PASSWORD 'ordinary'");
        var settings = pair.Target.Settings;
        await pair.TargetAsync($"ALTER DATABASE \"{settings.Database}\" OWNER TO \"{role}\"");
        // From 15 on the owner of the database owns it.
        if ((await pair.Target.QueryAsync("SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'public'"))[0] != "pg_database_owner") await pair.TargetAsync($"GRANT CREATE ON SCHEMA public TO \"{role}\"");
        return $"host={settings.Host} port={settings.Port} dbname={settings.Database} user={role} password=ordinary sslmode=disable";
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

    private static async Task<VerifyReport> VerifyAsync(Pair pair, VerifyMode mode)
    {
        await using var source = await TargetDatabase.OpenAsync(pair.Source.Settings, 5, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(5);
        return await PairVerifying.RunAsync(source, target, new(mode, 2), new Progress<MigrationEvent>(), TimeProvider.System, Pair.Token);
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
