using Godwit.Verify;
using Godwit.Verify.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Verify.Pairs;

/// <summary>Rows of two PostgreSQL databases: one changed value among many is named, whatever its type.</summary>
public sealed class PairDataTests(PostgresFixture postgres)
{
    private const string Everything = """
        CREATE EXTENSION citext;
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
        CREATE TYPE pair AS (a int, b text);
        CREATE DOMAIN cents AS numeric CHECK (VALUE >= 0);
        CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE everything (
            id int PRIMARY KEY, i2 int2, i8 int8, b bool, f4 float4, f8 float8, n numeric, money cents, t text, v varchar(40), c char(6), ci citext, icu text COLLATE ci,
            bytes bytea, d date, ts timestamp, tz timestamptz, tm time, ttz timetz, iv interval, u uuid, j json, jb jsonb, m mood, p pair, ints int[], texts text[],
            net inet, mac macaddr, bits varbit(20), r int4range, tsv tsvector, pt point, dollars money, password_hash text, twice int GENERATED ALWAYS AS (id * 2) STORED);
        INSERT INTO everything SELECT i, i % 7, i * 1000000007::int8, i % 2 = 0, i / 3.0, CASE WHEN i % 5 = 0 THEN 0 ELSE i / 7.0 END, i * 1.10, i, 'text ' || i, 'varchar', 'c' || i % 9, 'Citext', 'Icu',
            decode(lpad(to_hex(i), 8, '0'), 'hex'), date '2000-01-01' + i % 9000, timestamp '2001-02-03 04:05:06.000007' + i * interval '1 minute', timestamptz '2001-02-03 04:05:06+05' + i * interval '1 hour',
            time '01:02:03' + i * interval '1 second', '04:05:06+02', make_interval(months => 1, days => i % 3), md5(i::text)::uuid, '{"a": 1}', '{"a": 1.0, "b": [1, null]}',
            'ok', ROW(i, 'b')::pair, ARRAY[[i, 2], [3, 4]], ARRAY['a', NULL], '10.0.0.0/8', '08:00:2b:01:02:03', B'10101', int4range(i, i + 10), 'fat cat'::tsvector, point(i, 1.5), 12.5::money, 'secret ' || i
        FROM generate_series(1, 3000) i;
        INSERT INTO everything (id) VALUES (0);
        """;

    public static TheoryData<string, string> Changes => new()
    {
        { "i2 = i2 + 1", "i2" }, { "i8 = NULL", "i8" }, { "b = NOT b", "b" }, { "b = NULL", "b" }, { "f4 = f4 * 1.0000002", "f4" }, { "f8 = '-0'", "f8" }, { "f8 = 'NaN'", "f8" },
        { "n = n * 1.0", "n" }, { "money = money + 1", "money" }, { "t = t || ' '", "t" }, { "t = ''", "t" }, { "t = NULL", "t" }, { "v = 'Varchar'", "v" }, { "c = 'x'", "c" }, { "ci = 'citext'", "ci" }, { "icu = 'icu'", "icu" },
        { "bytes = ''", "bytes" }, { "d = d + 1", "d" }, { "d = 'infinity'", "d" }, { "ts = ts + interval '1 microsecond'", "ts" }, { "tz = tz + interval '1 microsecond'", "tz" }, { "tm = '0:0'", "tm" },
        { "ttz = '05:05:06+03'", "ttz" }, { "iv = '30 days'", "iv" }, { "u = NULL", "u" }, { "j = '{\"a\":1}'", "j" }, { "jb = '{\"a\": 1.00, \"b\": [1, null]}'", "jb" }, { "jb = 'null'", "jb" }, { "m = 'happy'", "m" },
        { "p = ROW(1, NULL)", "p" }, { "ints = ARRAY[id, 2, 3, 4]", "ints" }, { "ints[2][2] = NULL", "ints" }, { "texts = ARRAY['a', 'NULL']", "texts" }, { "net = '10.0.0.0/9'", "net" }, { "mac = '08:00:2b:01:02:04'", "mac" },
        { "bits = B'101010'", "bits" }, { "r = 'empty'", "r" }, { "tsv = 'fat'::tsvector", "tsv" }, { "pt = '(1,-0)'", "pt" }, { "dollars = 13::money", "dollars" }, { "password_hash = 'other'", "password_hash" },
    };

    [Fact]
    public async Task Equal_content_is_equal_whatever_its_physical_order()
    {
        await using var pair = await Pair.OfAsync(postgres, Everything);
        await pair.Target.ExecuteAsync("UPDATE everything SET t = t WHERE id % 3 = 0; DELETE FROM everything WHERE id = 7");
        var report = await pair.VerifyAsync();
        var table = Assert.Single(report.Tables);
        Assert.Equal([], table.Checks.Where(c => c.Verdict == Verdict.NotChecked));
        Assert.Equal((3001, 3000, 1), (table.SourceRows, table.TargetRows, table.DifferentRows));
        Assert.Equal(("id=7", null), (table.Differences[0].Key, table.Differences[0].Column));
        await pair.Source.ExecuteAsync("DELETE FROM everything WHERE id = 7");
        report = await pair.VerifyAsync();
        Assert.Equal(Verdict.Equal, Assert.Single(report.Tables).Verdict);
        Assert.Equal(3000 * 36, report.Tables[0].ValuesCompared);
        Assert.Single(pair.Log.Events.OfType<MigrationEvent.TableFinished>(), e => e.Rows == 3000);
    }

    // From version 17 on no index can be built on such a function.
    [Fact]
    public async Task A_type_that_only_the_search_path_finds_within_an_index_is_found()
    {
        await using var pair = await Pair.OfAsync(postgres, """
            CREATE DOMAIN code AS text; CREATE FUNCTION coded(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT t::code::text';
            CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t VALUES (1, 'a');
            DO $$ BEGIN IF current_setting('server_version_num')::int < 170000 THEN CREATE INDEX ON t (coded(t)); END IF; END $$
            """);
        var report = await pair.VerifyAsync();
        Assert.Equal(Verdict.Equal, Assert.Single(report.Tables).Verdict);
    }

    [Fact]
    public async Task One_value_of_any_type_is_named_by_key_and_column()
    {
        await using var pair = await Pair.OfAsync(postgres, Everything);
        foreach (var (change, column) in Changes.Select(c => c.Data))
        {
            await pair.Target.ExecuteAsync("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM everything WHERE id = 1500");
            await pair.Source.ExecuteAsync("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM everything WHERE id = 1500");
            await pair.Target.ExecuteAsync($"UPDATE everything SET {change} WHERE id = 1500");
            var report = await pair.VerifyAsync(new PairRequest(VerifyMode.Full, 1) { Tables = ["everything"] });
            var table = Assert.Single(report.Tables);
            Assert.True(table.Verdict == Verdict.Different, $"{change} was not seen");
            Assert.Equal((1, "id=1500", column), (table.DifferentRows, table.Differences.Single().Key, table.Differences.Single().Column));
            Assert.DoesNotContain("secret", $"{table.Differences[0].Source}{table.Differences[0].Target}", StringComparison.Ordinal);
            await pair.Target.ExecuteAsync($"UPDATE everything e SET {column} = k.{column} FROM kept k WHERE e.id = 1500");
        }
        Assert.Equal(Verdict.Equal, (await pair.VerifyAsync()).Tables[0].Verdict);
    }

    /// <summary>Of a column without NULL, or with a fixed number of decimals, less is looked at.</summary>
    [Theory]
    [InlineData("UPDATE t SET n = n + 0.01", "n")]
    [InlineData("UPDATE t SET n = 'NaN'", "n")]
    [InlineData("ALTER TABLE t ALTER n TYPE numeric", null)]
    [InlineData("ALTER TABLE t ALTER n TYPE numeric(12,3)", "n")]
    [InlineData("ALTER TABLE t ALTER n DROP NOT NULL; UPDATE t SET n = NULL", "n")]
    [InlineData("ALTER TABLE t ALTER t DROP NOT NULL; UPDATE t SET t = NULL", "t")]
    [InlineData("UPDATE t SET b = true", "b")]
    [InlineData("ALTER TABLE t ALTER b DROP NOT NULL; UPDATE t SET b = NULL", "b")]
    [InlineData("UPDATE t SET f = '-0'", "f")]
    [InlineData("UPDATE t SET m = '{\"a\": 2}'", "m")]
    [InlineData("ALTER TABLE t ALTER m DROP NOT NULL; UPDATE t SET m = NULL", "m")]
    [InlineData("UPDATE t SET t = 'x', id = 2 WHERE id = 1", "")]
    public async Task A_column_without_NULL_is_compared_in_full(string change, string? column)
    {
        foreach (var isTarget in new[] { true, false })
        {
            await using var pair = await Pair.OfAsync(postgres, "CREATE TABLE t (id int PRIMARY KEY, n numeric(12,2) NOT NULL, t text NOT NULL, b bool NOT NULL, f float8 NOT NULL, m jsonb NOT NULL); INSERT INTO t VALUES (1, 0, '', false, 0, '{}')");
            var (one, other) = isTarget ? (pair.Target, pair.Source) : (pair.Source, pair.Target);
            await one.ExecuteAsync(change);
            var table = Assert.Single((await pair.VerifyAsync(new PairRequest(VerifyMode.Full, 1) { Tables = ["t"] })).Tables);
            if (column is null) Assert.Equal(Verdict.Equal, table.Verdict);
            else if (column.Length > 0) Assert.Equal(column, Assert.Single(table.Differences).Column);
            else Assert.Equal(2, table.DifferentRows);
            await other.ExecuteAsync(change);
            Assert.Equal(Verdict.Equal, Assert.Single((await pair.VerifyAsync(new PairRequest(VerifyMode.Full, 1) { Tables = ["t"] })).Tables).Verdict);
        }
    }

    [Fact]
    public async Task Values_that_change_places_are_seen()
    {
        await using var pair = await Pair.OfAsync(postgres, "CREATE TABLE t (id int PRIMARY KEY, a text, b text, c int, d int); INSERT INTO t SELECT i, 'a' || i, 'b' || i, i, -i FROM generate_series(1, 100) i");
        await pair.Target.ExecuteAsync("UPDATE t SET a = b, b = a WHERE id = 1; UPDATE t SET c = CASE id WHEN 2 THEN 3 ELSE 2 END WHERE id IN (2, 3)");
        var table = (await pair.VerifyAsync()).Tables[0];
        Assert.Equal(3, table.DifferentRows);
        Assert.Equal(["id=1 a", "id=1 b", "id=2 c", "id=3 c"], table.Differences.Select(d => $"{d.Key} {d.Column}").Order());
    }

    [Fact]
    public async Task Without_a_key_duplicates_are_counted()
    {
        await using var pair = await Pair.OfAsync(postgres, "CREATE TABLE t (a int, b text); INSERT INTO t SELECT i / 2, 'x' FROM generate_series(0, 999) i");
        Assert.Equal(Verdict.Equal, (await pair.VerifyAsync()).Tables[0].Verdict);
        // One copy fewer of 5, one more of 6: the number of rows stays.
        await pair.Target.ExecuteAsync("DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE a = 5); INSERT INTO t VALUES (6, 'x')");
        var table = (await pair.VerifyAsync()).Tables[0];
        Assert.Equal((1000, 1000, 2), (table.SourceRows, table.TargetRows, table.DifferentRows));
        Assert.Equal(["a=5, b=x", "a=6, b=x"], table.Differences.Select(d => d.Key).Order());
    }

    [Fact]
    public async Task Partitions_are_compared_by_leaf_or_by_root_where_they_are_cut_otherwise()
    {
        const string sql = """
            CREATE TABLE p (id int, at date, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
            CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
            INSERT INTO p SELECT i, date '2020-01-01' + i, 'n' FROM generate_series(0, 700) i;
            """;
        await using var pair = await Pair.OfAsync(postgres, sql);
        Assert.Equal(["public.p1", "public.p2"], (await pair.VerifyAsync()).Tables.Select(t => t.Table));
        await pair.Target.ExecuteAsync("DROP TABLE p1; CREATE TABLE p1a PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); INSERT INTO p SELECT i, date '2020-01-01' + i, 'n' FROM generate_series(0, 365) i");
        var table = Assert.Single((await pair.VerifyAsync()).Tables);
        Assert.Equal(("public.p", Verdict.Equal), (table.Table, table.Verdict));
        await pair.Target.ExecuteAsync("UPDATE p SET note = 'other' WHERE id = 400");
        Assert.Equal("id=400, at=2021-02-04", Assert.Single((await pair.VerifyAsync()).Tables[0].Differences).Key);
    }

    [Fact]
    public async Task Partitions_by_hash_values_of_the_database_s_own_type_are_compared_by_root()
    {
        const string sql = "CREATE TABLE p (m mood, n int) PARTITION BY HASH (m); CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO p SELECT unnest(enum_range(null::mood)), 1";
        await using var pair = await Pair.OfAsync(postgres, "SELECT");
        // The hash of an enum's label is that of its oid.
        var labels = string.Join(", ", Enumerable.Range(0, 24).Select(n => $"'{n}'"));
        await pair.Source.ExecuteAsync($"CREATE TYPE mood AS ENUM ({labels}); {sql}");
        await pair.Target.ExecuteAsync($"CREATE TYPE before AS ENUM ('one'); CREATE TYPE mood AS ENUM ({labels}); {sql}");
        Assert.NotEqual(await pair.Source.QueryAsync("SELECT m::text FROM p0 ORDER BY 1"), await pair.Target.QueryAsync("SELECT m::text FROM p0 ORDER BY 1"));
        var table = Assert.Single((await pair.VerifyAsync()).Tables);
        Assert.Equal(("public.p", Verdict.Equal), (table.Table, table.Verdict));
        await pair.Target.ExecuteAsync("UPDATE p SET n = 2 WHERE m = '7'");
        Assert.Equal(Verdict.Different, Assert.Single((await pair.VerifyAsync()).Tables).Verdict);
        // A plan that fills one of them alone.
        Assert.Empty((await pair.VerifyAsync(new PairRequest(VerifyMode.Full, 2) { Promised = [new("table", "public.p0", "left out", "rows")] })).Tables);
    }

    [Fact]
    public async Task Materialized_views_sequences_and_large_objects_count()
    {
        const string sql = """
            CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a int);
            INSERT INTO t (a) SELECT i FROM generate_series(1, 10) i;
            CREATE MATERIALIZED VIEW m AS SELECT a % 3 AS k, count(*) AS n FROM t GROUP BY 1;
            CREATE SEQUENCE unused START 42;
            SELECT lo_from_bytea(777001, '\x0102'), lo_from_bytea(777002, convert_to(repeat('x', 5000), 'UTF8'));
            """;
        await using var pair = await Pair.OfAsync(postgres, sql);
        var report = await pair.VerifyAsync();
        Assert.All(report.Tables, t => Assert.Equal(Verdict.Equal, t.Verdict));
        Assert.Equal(["sequence values", "large objects"], report.Checks.Where(c => c.Verdict == Verdict.Equal).Select(c => c.Name).Where(n => n is "sequence values" or "large objects"));
        // The source's copy is stale, the target's is not: what the target holds is right.
        foreach (var side in new[] { pair.Source, pair.Target }) await side.ExecuteAsync("INSERT INTO t (id, a) VALUES (100, 100)");
        await pair.Target.ExecuteAsync("REFRESH MATERIALIZED VIEW m");
        Assert.Equal(Verdict.Equal, (await pair.VerifyAsync()).Tables.Single(t => t.Table == "public.m").Verdict);
        await pair.Target.ExecuteAsync("DELETE FROM t WHERE id = 100; REFRESH MATERIALIZED VIEW m; SELECT setval('unused', 42, true); SELECT lo_put(777002, 4000, 'y')");
        report = await pair.VerifyAsync();
        Assert.Equal(["large objects", "sequence values"], report.Checks.Where(c => c.Verdict == Verdict.Different).Select(c => c.Name).Order());
        Assert.Contains("public.unused", report.Checks.Single(c => c.Name == "sequence values").Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Columns_of_a_materialized_view_that_no_two_moments_agree_on_are_not_called_different()
    {
        await using var pair = await Pair.OfAsync(postgres, """
            CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT i, i FROM generate_series(1, 10) i;
            CREATE MATERIALIZED VIEW stamped AS SELECT id, a, now() AS filled, random() AS chance FROM t; CREATE MATERIALIZED VIEW lot AS SELECT random() AS x FROM t;
            CREATE MATERIALIZED VIEW picked AS SELECT i FROM generate_series(1, 100000) i WHERE random() < 0.5;
            """);
        var tables = (await pair.VerifyAsync()).Tables;
        var check = Assert.Single(tables.Single(t => t.Table == "public.stamped").Checks);
        Assert.Equal((Verdict.NotChecked, "the view's query yields other values from moment to moment (filled, chance); its other columns are equal"), (check.Verdict, check.Detail));
        Assert.Equal(20, tables.Single(t => t.Table == "public.stamped").ValuesCompared);
        Assert.EndsWith("(x)", Assert.Single(tables.Single(t => t.Table == "public.lot").Checks).Detail, StringComparison.Ordinal);
        Assert.Equal("the view's query yields other rows from moment to moment", Assert.Single(tables.Single(t => t.Table == "public.picked").Checks).Detail);
        // How many rows there are is no chance.
        await pair.Target.ExecuteAsync("DELETE FROM t WHERE id = 1; REFRESH MATERIALIZED VIEW lot; INSERT INTO t VALUES (1, 1)");
        Assert.Equal(Verdict.Different, (await pair.VerifyAsync()).Tables.Single(t => t.Table == "public.lot").Verdict);
        // The source's copy is older than its table.
        foreach (var side in new[] { pair.Source, pair.Target }) await side.ExecuteAsync("UPDATE t SET a = 70 WHERE id = 7");
        await pair.Target.ExecuteAsync("REFRESH MATERIALIZED VIEW stamped");
        Assert.Equal(Verdict.NotChecked, (await pair.VerifyAsync()).Tables.Single(t => t.Table == "public.stamped").Verdict);
        // And what is not of the moment is still looked at.
        await pair.Target.ExecuteAsync("UPDATE t SET a = 71 WHERE id = 7; REFRESH MATERIALIZED VIEW stamped; UPDATE t SET a = 70 WHERE id = 7");
        Assert.Equal(Verdict.Different, (await pair.VerifyAsync()).Tables.Single(t => t.Table == "public.stamped").Verdict);
    }

    [Fact]
    public async Task Modes_counts_and_sample_read_less_and_say_so()
    {
        await using var pair = await Pair.OfAsync(postgres, "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT i, 'a' || i FROM generate_series(1, 60000) i; ANALYZE t");
        await pair.Target.ExecuteAsync("UPDATE t SET a = 'other'");
        Assert.Equal(Verdict.Equal, (await pair.VerifyAsync(VerifyMode.Counts)).Tables[0].Verdict);
        Assert.Equal(0, (await pair.VerifyAsync(VerifyMode.Counts)).Tables[0].ValuesCompared);
        Assert.Equal(Verdict.Different, (await pair.VerifyAsync(VerifyMode.Sample)).Tables[0].Verdict);
        await pair.Target.ExecuteAsync("UPDATE t SET a = 'a' || id");
        var table = (await pair.VerifyAsync(VerifyMode.Sample)).Tables[0];
        Assert.Equal(Verdict.Equal, table.Verdict);
        Assert.InRange(table.ValuesCompared / 2, 1, 59_999);
    }

    [Fact]
    public async Task A_table_that_is_missing_or_lacks_a_column_differs_and_one_that_may_not_be_read_is_not_checked()
    {
        await using var pair = await Pair.OfAsync(postgres, "CREATE TABLE a (id int PRIMARY KEY, x int); CREATE TABLE b (id int); INSERT INTO a VALUES (1, 1)");
        await pair.Target.ExecuteAsync("ALTER TABLE a DROP COLUMN x; DROP TABLE b");
        var report = await pair.VerifyAsync();
        Assert.All(report.Tables, t => Assert.Equal(Verdict.Different, t.Verdict));
        Assert.Equal(2, report.Tables.Length);
        var error = await Assert.ThrowsAsync<GodwitException>(() => pair.VerifyAsync(new PairRequest(VerifyMode.Full, 1) { Tables = ["aa"] }));
        Assert.Equal("no-such-table", error.Code);
        var promised = await pair.VerifyAsync(new PairRequest(VerifyMode.Full, 1) { Promised = [new("table", "public.b", "left out by --exclude"), new("column", "public.a.x", "not wanted")] });
        Assert.Equal(["public.a"], promised.Tables.Select(t => t.Table));
        Assert.Equal(Verdict.Equal, promised.Tables[0].Verdict);
    }

    [Fact]
    public async Task A_role_that_row_security_binds_is_told_so()
    {
        await using var pair = await Pair.OfAsync(postgres, "CREATE TABLE t (id int); INSERT INTO t VALUES (1); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE TABLE open (id int)");
        var role = "plain_" + pair.Source.Settings.Database;
        await pair.Source.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT SELECT ON t, open TO {role}");
        try
        {
            await using var from = await Godwit.Target.TargetDatabase.OpenAsync(pair.Source.Settings.With("user", role, "test").With("password", "p", "test"), 4, TestContext.Current.CancellationToken);
            await using var to = await pair.Target.OpenTargetAsync();
            var report = await new PairVerifier(from, to, pair.Log, TimeProvider.System).VerifyAsync(new(VerifyMode.Full, 2) { Tables = ["t", "open"] }, TestContext.Current.CancellationToken);
            Assert.Equal([("public.open", Verdict.Equal), ("public.t", Verdict.NotChecked)], report.Tables.Select(t => (t.Table, t.Verdict)));
            Assert.Equal(Verdict.NotChecked, report.Verdict);
        }
        finally
        {
            await pair.Source.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }
}
