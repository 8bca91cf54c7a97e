using Godwit.Plan;
using Godwit.Schema;
using Godwit.TypeMapping;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Verify;

/// <summary>Rows that are missing, extra, swapped or doubled, in every mode; quarantine; what is not about rows.</summary>
public sealed class RowsTests(VerifyFixture fixture) : IClassFixture<VerifyFixture>
{
    private static readonly (string, string, CellEncoding)[] Columns = [("id", "bigint", CellEncoding.Int8), ("name", "text", CellEncoding.Text), ("password_hash", "text", CellEncoding.Text)];

    private static object?[][] Rows(int count) => [.. Enumerable.Range(1, count).Select(i => new object?[] { (long)i, $"name {i}", $"secret {i}" })];

    private async Task<TwoSides> SidesAsync(string table, int rows, string change, bool key = true, bool rowId = true)
    {
        await fixture.SqlAsync($"""
            DROP TABLE IF EXISTS {table} CASCADE;
            CREATE TABLE {table} (id bigint, name text, password_hash text);
            INSERT INTO {table} SELECT i, 'name ' || i, 'secret ' || i FROM generate_series(1, {rows}) i;
            {(key ? $"ALTER TABLE {table} ADD PRIMARY KEY (id);" : "")}
            {change}
            """);
        return new TwoSides(fixture) { HasRowId = rowId }.Table(table, Columns, key ? ["id"] : [], Rows(rows));
    }

    public static TheoryData<string, string?, string?> Corruptions => new()
    {
        { "DELETE FROM corrupt WHERE id = 77", "id=77", null },
        { "INSERT INTO corrupt VALUES (100001, 'x', 'y')", "id=100001", null },
        { "UPDATE corrupt SET name = 'name 77 ' WHERE id = 77", "id=77", "name" },
        { "UPDATE corrupt SET name = NULL WHERE id = 77", "id=77", "name" },
        { "UPDATE corrupt SET password_hash = 'x' WHERE id = 77", "id=77", "password_hash" },
    };

    [Theory]
    [MemberData(nameof(Corruptions))]
    public async Task One_row_among_many_is_named(string change, string? key, string? column)
    {
        var report = await (await SidesAsync("corrupt", 30_000, change)).VerifyAsync();
        Assert.Equal(Verdict.Different, report.Verdict);
        var table = Assert.Single(report.Tables);
        Assert.Equal(1, table.DifferentRows);
        var difference = Assert.Single(table.Differences);
        Assert.Equal((key, column), (difference.Key, difference.Column));
        Assert.DoesNotContain("secret", $"{difference.Source}{difference.Target}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Big_tables_are_read_in_ranges_and_their_sums_agree()
    {
        var sides = await SidesAsync("ranges", 120_000, "");
        var report = await sides.VerifyAsync();
        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.Equal((120_000, 120_000, 360_000), (report.Tables[0].SourceRows, report.Tables[0].TargetRows, report.Tables[0].ValuesCompared));
        Assert.Single(sides.Log.Events.OfType<MigrationEvent.TableStarted>());
        Assert.Equal(0, Assert.Single(sides.Log.Events.OfType<MigrationEvent.TableFinished>()).Misfits);
    }

    [Fact]
    public async Task Ctid_ranges_lose_and_double_no_row()
    {
        const int rows = 60_000;
        await fixture.SqlAsync($"DROP TABLE IF EXISTS wide; CREATE TABLE wide (id bigint PRIMARY KEY, name text); ALTER TABLE wide ALTER name SET STORAGE PLAIN; INSERT INTO wide SELECT i, repeat('x', 700) FROM generate_series(1, {rows}) i; DELETE FROM wide WHERE id % 1000 = 0; INSERT INTO wide SELECT i * 1000, repeat('x', 700) FROM generate_series(1, {rows / 1000}) i");
        var report = await new TwoSides(fixture).Table("wide", [("id", "bigint", CellEncoding.Int8), ("name", "text", CellEncoding.Text)], ["id"],
            [.. Enumerable.Range(1, rows).Select(i => new object?[] { (long)i, new string('x', 700) })]).VerifyAsync();
        Assert.Equal((Verdict.Equal, rows), (report.Verdict, report.Tables[0].TargetRows));
    }

    [Fact]
    public async Task Values_swapped_between_rows_are_found()
    {
        var report = await (await SidesAsync("swapped", 100, "UPDATE swapped SET name = CASE id WHEN 3 THEN 'name 9' ELSE 'name 3' END WHERE id IN (3, 9)")).VerifyAsync();
        Assert.Equal([("id=3", "name 3", "name 9"), ("id=9", "name 9", "name 3")], report.Tables[0].Differences.Select(d => (d.Key, d.Source, d.Target)));
    }

    [Fact]
    public async Task Values_swapped_between_columns_are_found()
    {
        var report = await (await SidesAsync("sideways", 10, "UPDATE sideways SET name = password_hash, password_hash = name WHERE id = 3")).VerifyAsync();
        Assert.Equal(["name", "password_hash"], report.Tables[0].Differences.Select(d => d.Column));
    }

    [Fact]
    public async Task A_changed_key_is_a_missing_and_an_extra_row()
    {
        var report = await (await SidesAsync("rekeyed", 100, "UPDATE rekeyed SET id = 1000 WHERE id = 5")).VerifyAsync();
        Assert.Equal([("id=5", true, false), ("id=1000", false, true)], report.Tables[0].Differences.Select(d => (d.Key, d.Source is not null, d.Target is not null)));
    }

    [Fact]
    public async Task A_row_doubled_in_a_table_without_key_is_found()
    {
        var sides = await SidesAsync("keyless", 100, "", key: false);
        Assert.Equal(Verdict.Equal, (await sides.VerifyAsync()).Verdict);
        await fixture.SqlAsync("UPDATE keyless SET (id, name, password_hash) = (2, 'name 2', 'secret 2') WHERE id = 1");
        var table = (await sides.VerifyAsync()).Tables[0];
        Assert.Equal((Verdict.Different, 100, 100, 2), (table.Verdict, table.SourceRows, table.TargetRows, table.DifferentRows));
    }

    [Fact]
    public async Task Tables_without_positions_are_named_too()
    {
        var report = await (await SidesAsync("nopositions", 100, "UPDATE nopositions SET name = 'x' WHERE id = 50", rowId: false)).VerifyAsync();
        Assert.Equal(("id=50", "name"), report.Tables[0].Differences.Select(d => (d.Key, d.Column)).Single());
    }

    [Fact]
    public async Task Rows_in_quarantine_are_accounted_for()
    {
        await fixture.SqlAsync("""
            CREATE SCHEMA IF NOT EXISTS godwit;
            CREATE TABLE IF NOT EXISTS godwit.quarantine (run_id uuid, source_table text, position bigint, key text, column_name text, reason text, row jsonb, at timestamptz DEFAULT now());
            INSERT INTO godwit.quarantine VALUES ('00000000-0000-0000-0000-000000000001', 'put_aside', 6, NULL, 'name', 'x', '{}', now() - interval '1 day'),
              ('00000000-0000-0000-0000-000000000002', 'put_aside', 5, NULL, 'name', 'x', '{}', now());
            """);
        var sides = await SidesAsync("put_aside", 100, "DELETE FROM put_aside WHERE id = 5");
        var table = (await sides.VerifyAsync()).Tables[0];
        Assert.Equal((Verdict.Equal, 100, 99, 1), (table.Verdict, table.SourceRows, table.TargetRows, table.Quarantined));
        await fixture.SqlAsync("DELETE FROM put_aside WHERE id = 6");
        Assert.Equal(Verdict.Different, (await sides.VerifyAsync()).Verdict);
    }

    [Fact]
    public async Task The_sample_is_the_same_for_the_same_seed_and_masks_secrets()
    {
        var sides = await SidesAsync("sampled", 5_000, "");
        var first = (await sides.VerifyAsync(seed: 3)).Tables[0].Sample;
        Assert.Equal(5, first.Length);
        Assert.All(first, row => Assert.All(row.Values, v => Assert.True(v.Equal)));
        Assert.All(first, row => Assert.Equal("(masked)", row.Values.Single(v => v.Column == "password_hash").Target));
        Assert.Equal(first.Select(r => r.Key), (await sides.VerifyAsync(seed: 3)).Tables[0].Sample.Select(r => r.Key));
        Assert.NotEqual(first.Select(r => r.Key), (await sides.VerifyAsync(seed: 4)).Tables[0].Sample.Select(r => r.Key));
    }

    [Fact]
    public async Task Modes_look_at_what_they_say()
    {
        var sides = await SidesAsync("modes", 5_000, "UPDATE modes SET name = 'x'");
        Assert.Equal(Verdict.Equal, (await sides.VerifyAsync(VerifyMode.Counts)).Verdict);
        var sampled = (await sides.VerifyAsync(VerifyMode.Sample)).Tables[0];
        Assert.Equal(Verdict.Different, sampled.Verdict);
        Assert.InRange(sampled.DifferentRows, 500, 1_000);
        Assert.Equal(5_000, (await sides.VerifyAsync()).Tables[0].DifferentRows);
        await fixture.SqlAsync("DELETE FROM modes WHERE id = 1");
        Assert.Equal(Verdict.Different, (await sides.VerifyAsync(VerifyMode.Counts)).Verdict);
    }

    [Fact]
    public async Task A_missing_table_and_a_missing_column_are_differences()
    {
        var sides = await SidesAsync("gone", 10, "ALTER TABLE gone DROP COLUMN name");
        Assert.Equal(Verdict.Different, (await sides.VerifyAsync()).Verdict);
        await fixture.SqlAsync("DROP TABLE gone");
        Assert.Equal(Verdict.Different, (await sides.VerifyAsync()).Verdict);
        var error = await Assert.ThrowsAsync<GodwitException>(() => sides.VerifyAsync(tables: ["other"]));
        Assert.Equal("no-such-table", error.Code);
    }

    [Fact]
    public async Task Orphans_sequences_and_missing_objects_are_named()
    {
        var sides = await SidesAsync("parents", 3, "");
        await fixture.SqlAsync("""
            DROP TABLE IF EXISTS children CASCADE;
            CREATE TABLE children (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, parent_id bigint);
            INSERT INTO children VALUES (1, 1), (2, 9), (3, NULL);
            ALTER TABLE children ADD CONSTRAINT children_parent FOREIGN KEY (parent_id) REFERENCES parents (id) NOT VALID;
            CREATE OR REPLACE VIEW family AS SELECT 1 / (id - id) AS x FROM children;
            """);
        sides.Table("children", [("id", "bigint", CellEncoding.Int8), ("parent_id", "bigint", CellEncoding.Int8)], ["id"], [[1L, 1L], [2L, 9L], [3L, null]]);
        sides.Sequences.Add(new SequencePlan("children", "id", new SqlName("public", "children"), "id", 4));
        sides.Steps.Add(new SqlStep("i", StepKind.Index, "index by_parent", "CREATE INDEX \"by_parent\" ON godwit_load.children (parent_id)", "") { Table = "children" });
        sides.Steps.Add(new SqlStep("f", StepKind.ForeignKey, "foreign key", "ALTER TABLE godwit_load.children ADD CONSTRAINT children_parent FOREIGN KEY (parent_id) REFERENCES parents", "") { Table = "children" });
        sides.Steps.Add(new SqlStep("v", StepKind.View, "view family", "CREATE VIEW godwit_load.family AS SELECT 1", ""));
        var checks = (await sides.VerifyAsync()).Checks.ToDictionary(c => c.Name);
        Assert.Equal(Verdict.Different, checks["indexes"].Verdict);
        Assert.Equal(Verdict.Equal, checks["constraints"].Verdict);
        Assert.Equal(Verdict.Different, checks["foreign key children_parent"].Verdict);
        Assert.Contains("id=2, parent_id=9", checks["foreign key children_parent"].Detail, StringComparison.Ordinal);
        Assert.Equal(Verdict.Different, checks["sequence of children.id"].Verdict);
        Assert.Equal(Verdict.Different, checks["view family"].Verdict);

        await fixture.SqlAsync("""
            ALTER TABLE children ALTER COLUMN id RESTART WITH 4; CREATE INDEX by_parent ON children (parent_id); DROP VIEW family; CREATE VIEW family AS SELECT 1 AS x;
            UPDATE children SET parent_id = 2 WHERE id = 2; ALTER TABLE children VALIDATE CONSTRAINT children_parent; UPDATE children SET parent_id = 2 WHERE id = 2;
            """);
        Assert.All((await sides.VerifyAsync()).Checks, c => Assert.Equal(Verdict.Equal, c.Verdict));
    }
}
