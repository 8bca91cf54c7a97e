using Godwit.Check;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>
/// Functions that say names without a schema, in all that PostgreSQL plans or executes when a table is looked at or written to: under a search_path of
/// pg_catalog alone each of these statements is refused.
/// </summary>
public sealed class SearchPathTests(PostgresFixture postgres)
{
    // From version 17 on no index can be built on such a function.
    private const string Tables = """
        CREATE SCHEMA ext; CREATE FUNCTION ext.fold(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.lower(t)';
        CREATE FUNCTION plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT fold(t)'; CREATE FUNCTION folded(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT plain(t)';
        CREATE FUNCTION lower(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''another''::text';
        CREATE TYPE mood AS ENUM ('low', 'high'); CREATE TABLE words (word text PRIMARY KEY); INSERT INTO words VALUES ('a'), ('b');
        CREATE FUNCTION known(t text) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM words WHERE word = t)';
        CREATE FUNCTION moody(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN plain(t)::mood IS NOT NULL; END';
        CREATE DOMAIN feeling AS text CHECK (moody(VALUE));
        CREATE TABLE docs (id int PRIMARY KEY, title text, word text, felt feeling, norm text GENERATED ALWAYS AS (folded(title)) STORED, CONSTRAINT docs_word CHECK (known(word)));
        INSERT INTO docs SELECT i, 'Title ' || i, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END, 'Low' FROM generate_series(1, 200) i;
        CREATE STATISTICS docs_norm ON (folded(title)), word FROM docs;
        CREATE TABLE child (id int PRIMARY KEY, doc int CONSTRAINT child_doc REFERENCES docs, t text CONSTRAINT child_t UNIQUE); INSERT INTO child SELECT i, i, 'T' || i FROM generate_series(1, 50) i;
        CREATE TABLE parts (k text, n int) PARTITION BY LIST (folded(k)); CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a'); CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b');
        INSERT INTO parts SELECT CASE i % 2 WHEN 0 THEN 'A' ELSE 'B' END, i FROM generate_series(1, 50) i;
        CREATE TABLE marks (k text, doc int CONSTRAINT marks_doc REFERENCES docs) PARTITION BY LIST (k); CREATE TABLE marks_a PARTITION OF marks FOR VALUES IN ('a'); INSERT INTO marks SELECT 'a', i FROM generate_series(1, 50) i;
        CREATE VIEW names AS SELECT id, folded(title) AS name FROM docs;
        DO $$ BEGIN IF current_setting('server_version_num')::int < 170000 THEN
          CREATE INDEX child_folded ON child (folded(t)); CREATE UNIQUE INDEX docs_folded ON docs (folded(title)) WHERE folded(word) <> ''; CREATE INDEX marks_folded ON marks (folded(k)); CREATE INDEX parts_folded ON parts (folded(k));
        END IF; END $$
        """;
    private const string Unchecked = "SET session_replication_role = replica; ";

    private async Task<Pair> CreateAsync()
    {
        var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = \"$user\", public, ext', current_database()); END $$");
        await pair.SourceAsync(Tables);
        return pair;
    }

    [Fact]
    public async Task All_of_it_moves_and_is_equal()
    {
        await using var pair = await CreateAsync();
        var role = await pair.RoleAsync("reader");
        await pair.SourceAsync($"GRANT USAGE ON SCHEMA public, ext TO {role}; GRANT SELECT ON docs, names TO {role}");
        var result = await pair.MigrateAsync();
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Empty(result.Verification.Behaviour.Where(c => c.Verdict != Verdict.Equal).Select(c => c.ToString()));
        // What it finds of roles is the server's, which other tests use too.
        Assert.Contains("search-path-pinned", result.Findings.Select(f => f.Code));
        Assert.DoesNotContain(result.Findings, f => f.Severity >= Severity.Warning && !f.Code.StartsWith("role-", StringComparison.Ordinal));
        Assert.All(result.Verification!.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.DoesNotContain(result.Verification.Checks, c => c.Verdict == Verdict.Different);
        await pair.AssertEqualAsync();
        Assert.Equal(["true"], await pair.Target.QueryAsync("SELECT (count(*) > 0)::text FROM pg_statistic WHERE starelid = 'public.docs'::regclass"));
    }

    [Fact]
    public async Task What_only_the_owner_of_the_database_may_set_is_named_and_everything_else_is_there()
    {
        await using var pair = await CreateAsync();
        var settings = pair.Target.Settings;
        var role = await pair.RoleAsync("mover", "LOGIN PASSWORD 'mover'");
        await pair.TargetAsync($"GRANT CREATE ON DATABASE \"{settings.Database}\" TO \"{role}\"; GRANT CREATE ON SCHEMA public TO \"{role}\"");
        var result = await pair.MigrateAsync(to: $"host={settings.Host} port={settings.Port} dbname={settings.Database} user={role} password=mover sslmode=disable");
        var refused = Assert.Single(result.Findings, f => f.Code == "step-refused");
        Assert.Contains("42501", refused.Problem, StringComparison.Ordinal);
        Assert.Contains($"ALTER DATABASE {SqlName.Quote(settings.Database)} SET search_path", refused.Problem, StringComparison.Ordinal);
        Assert.Contains("Let the owner", refused.Hint, StringComparison.Ordinal);
        const string Rows = "SET search_path = public, ext; SELECT d::text FROM docs d UNION ALL SELECT p::text FROM parts p UNION ALL SELECT c::text FROM child c ORDER BY 1";
        Assert.Equal(await pair.Source.QueryAsync(Rows), await pair.Target.QueryAsync(Rows));
    }

    [Fact]
    public async Task Check_reads_a_part_of_the_largest_table()
    {
        await using var pair = await CreateAsync();
        await pair.SourceAsync("INSERT INTO docs SELECT i, repeat(i::text, 150), 'a', 'Low' FROM generate_series(1001, 6000) i");
        await using var source = (IPostgresSource)await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        var items = await SourceServerCheck.OfServerAsync(source, await pair.PlanAsync(), new MigrationOptions { Jobs = 1 }, 15, TimeProvider.System, Pair.Token);
        Assert.Contains("docs was read at ", Assert.Single(items, i => i.Code == "estimated-time").Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MisfitPolicy.Widen)]
    [InlineData(MisfitPolicy.Quarantine)]
    public async Task Rows_that_break_constraints_are_named_or_set_aside(MisfitPolicy misfits)
    {
        await using var pair = await CreateAsync();
        await pair.SourceAsync(Unchecked + "INSERT INTO child VALUES (901, 901, 'o1'), (902, 902, 'o2'); ALTER TABLE docs DROP CONSTRAINT docs_word; UPDATE docs SET word = 'c' WHERE id = 7; ALTER TABLE docs ADD CONSTRAINT docs_word CHECK (known(word)) NOT VALID");
        var result = await pair.MigrateAsync(new MigrationOptions { Jobs = 2, Misfits = misfits });
        if (misfits == MisfitPolicy.Quarantine)
        {
            Assert.Equal(["public.child id=7", "public.child id=901", "public.child id=902", "public.docs id=7", "public.marks_a"], await pair.Target.QueryAsync("SELECT concat_ws(' ', source_table, key) FROM godwit.quarantine ORDER BY 1"));
            Assert.Empty(result.Verification!.Tables.Where(t => t.Verdict != Verdict.Equal).Select(t => t.Table + string.Concat(t.Checks.Select(c => ": " + c.Detail))));
            Assert.Equal(["marks_doc t", "docs_word t", "child_doc t"], await pair.Target.QueryAsync("SELECT DISTINCT conname || ' ' || left(convalidated::text, 1) FROM pg_constraint WHERE conname IN ('docs_word', 'child_doc', 'marks_doc') ORDER BY 1 DESC"));
            return;
        }
        Assert.Contains("2 row(s): id=901, doc=901; id=902, doc=902", Assert.Single(result.Findings, f => f.Code == "foreign-key-orphans").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_that_differ_are_named()
    {
        await using var pair = await CreateAsync();
        await pair.MigrateAsync();
        await pair.Target.ExecuteAsync("SET search_path = public, ext; UPDATE docs SET title = 'changed' WHERE id = 3; DELETE FROM parts WHERE n = 4");
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(5);
        var report = await new Migration(TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).VerifyAsync(source, target, new() { Jobs = 2 }, VerifyMode.Full, [], new Progress<MigrationEvent>(), Pair.Token);
        Assert.Equal(["id=3 norm", "id=3 title"], report.Tables.Single(t => t.Table == "public.docs").Differences.Select(d => $"{d.Key} {d.Column}").Order());
        Assert.Equal(1, report.Tables.Single(t => t.Table == "public.parts_a").DifferentRows);
    }
}
