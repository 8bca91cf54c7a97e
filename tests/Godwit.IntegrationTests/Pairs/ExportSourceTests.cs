using Godwit.Verify;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>A folder of the dashboard's row exports as a source: every value arrives as it was read, and what cannot be read is an error that names file and line.</summary>
public sealed class ExportSourceTests(PostgresFixture postgres) : IDisposable
{
    private const string Schema = """
        CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN short AS text CHECK (length(value) < 20);
        CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, note text, mood mood, tags text[], data jsonb, at timestamptz, paid numeric(8, 2), raw bytea, ok boolean, nick short,
          twice numeric GENERATED ALWAYS AS (paid * 2) STORED);
        CREATE SCHEMA sales; CREATE TABLE sales.orders (id serial PRIMARY KEY, person int REFERENCES people, total numeric NOT NULL);
        CREATE TABLE "Odd Name" (a int, "b c" text); CREATE VIEW named AS SELECT id, name FROM people;
        """;

    private const string People = "\ufeffid,name,note,mood,tags,data,at,paid,raw,ok,nick,twice\r\n"
        + "1,\"O'Brien, \"\"Pat\"\"\",,ok,\"[\"\"a\"\",\"\"b c\"\",\"\"q\\\"\"\\\\\"\"]\",\"{\"\"a\"\": [1, null], \"\"t\"\": \"\"x,y\"\"}\",2024-03-01 10:00:00+01,1.50,\\x00ff,true,p,3.00\r\n"
        + "7,\"two\r\nlines\t\\N\",\"\",,\"{x,\"\"y z\"\"}\",null,,,,f,,\r\n"
        + "3,,NULL,sad,[],\"\"\"text\"\"\",2024-07-01T00:00:00.123456Z,-0.10,,,\"\",-0.20\r\n";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-test-exports-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static string? Environment(string name) => name == "GODWIT_PG_BIN" ? null : System.Environment.GetEnvironmentVariable(name);

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_folder.FullName, name), content);

    private async Task<MigrationResult> MigrateAsync(TestDatabase target, string schema = "", MigrationOptions? options = null)
    {
        await using var source = await EngineRegistry.OpenAsync("csv:" + _folder.FullName + schema, Environment, Pair.Token);
        await using var there = await target.OpenTargetAsync();
        return await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(source, there, options ?? new MigrationOptions { Jobs = 2 }, null, new Progress<MigrationEvent>(), Pair.Token);
    }

    [Fact]
    public async Task Every_value_arrives_and_what_an_empty_one_means_is_said()
    {
        Write("schema.sql", Schema);
        Write("people_rows.csv", People);
        Write("sales.orders.csv", "total,id,person\n10,5,1\n2.5,9,7\n");
        Write("Odd Name.csv", "a,b c\n1,\"x\"\n");
        await using var target = await postgres.CreateDatabaseAsync();
        var result = await MigrateAsync(target);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(
            [
                """1|O'Brien, "Pat"|NULL|ok|{a,"b c","q\"\\"}|{"a": [1, null], "t": "x,y"}|2024-03-01 09:00:00|1.50|\x00ff|true|p|3.00""",
                "3||NULL text|sad|{}|\"text\"|2024-07-01 00:00:00.123456|-0.10|NULL|NULL||-0.20",
                "7|two\r\nlines\t\\N||NULL|{x,\"y z\"}|null|NULL|NULL|NULL|false|NULL|NULL",
            ],
            await target.QueryAsync("""
                SELECT concat_ws('|', id, name, coalesce(CASE WHEN note = 'NULL' THEN 'NULL text' ELSE note END, 'NULL'), coalesce(mood::text, 'NULL'), tags::text, data::text, coalesce((at AT TIME ZONE 'UTC')::text, 'NULL'), coalesce(paid::text, 'NULL'),
                  coalesce(raw::text, 'NULL'), coalesce(ok::text, 'NULL'), coalesce(nick, 'NULL'), coalesce(twice::text, 'NULL')) FROM public.people ORDER BY id
                """));
        Assert.Equal(["8"], await target.QueryAsync("SELECT nextval(pg_get_serial_sequence('public.people', 'id'))"));
        Assert.Equal(["10"], await target.QueryAsync("SELECT nextval(pg_get_serial_sequence('sales.orders', 'id'))"));
        var said = result.Findings.ToLookup(f => f.Code, f => f.Subject);
        Assert.Equal(["public.people.nick", "public.people.note"], said["export-empty-null"].Order());
        Assert.Equal(["public.people.name", "public.people.nick", "public.people.note"], said["export-empty-text"].Order());
    }

    [Fact]
    public async Task Statements_arrive_like_rows_and_a_table_without_a_file_is_named()
    {
        Write("schema.sql", Schema);
        Write("people_rows.sql", """
            INSERT INTO "public"."people" ("id", "name", "note", "mood", "tags", "data", "at", "paid", "raw", "ok", "nick", "twice") VALUES ('1', 'O''Brien; (x) ?:a', null, 'ok', ARRAY['a','b c'], '{"k": "v;"}', '2024-03-01 10:00:00+00', '1.50', '\x00ff', 'true', '', '3.00'),
            ('4', '', '', null, '{}', null, null, -2, null, false, 'n', '-4');
            """);
        await using var target = await postgres.CreateDatabaseAsync();
        var result = await MigrateAsync(target);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(["1|O'Brien; (x) ?:a|{a,\"b c\"}|3.00", "4||{}|-4.00"], await target.QueryAsync("SELECT concat_ws('|', id, name, tags::text, twice) FROM public.people ORDER BY id"));
        Assert.Contains("sales.orders", result.Findings.Single(f => f.Code == "export-table-without-file").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_alone_go_into_tables_that_are_there()
    {
        Write("people.csv", "name,id,note,mood,tags,data,at,paid,raw,ok,nick\nx,2,,,,,,,,,\n");
        // Its schema is read by a pg_dump of its own version.
        await using var target = await postgres.CreateDatabaseAsync(await postgres.SourceAdminAsync());
        await target.ExecuteAsync(Schema);
        var result = await MigrateAsync(target, "?schema=" + target.Url, new MigrationOptions { Jobs = 2, DataOnly = true, Include = ["public.people"] });
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(["2|x"], await target.QueryAsync("SELECT id || '|' || name FROM public.people"));
    }

    [Theory]
    [InlineData("people.csv", "id,nmae,note,mood,tags,data,at,paid,raw,ok,nick\n", "export-columns", "did you mean name")]
    [InlineData("people.csv", "id,name,mood,tags,data,at,paid,raw,ok,nick,extra\n", "export-columns", "column note of public.people is missing")]
    [InlineData("poeple.csv", "id\n1\n", "export-table-unknown", "did you mean people")]
    [InlineData("sales.orders.csv", "id,person,total\n1,1,2\n2,1\n", "export-damaged", "line 3: 2 values")]
    [InlineData("sales.orders.csv", "id,person,total\n1,,\n", "export-value-missing", "line 2: total is empty")]
    [InlineData("sales.orders.csv", "id,person,total\n1,1,2\n2,1,\"a\nb\"\n", "export-row-refused", "line 3, column total")]
    [InlineData("sales.orders.csv", "id,person,total\n1,1,2\n1,1,3\n", "export-row-refused", "orders.csv, line 3: it breaks orders_pkey")]
    [InlineData("people.csv", "id,name,note,mood,tags,data,at,paid,raw,ok,nick\n1,x,,,,{},,,,,\n2,y,,,,{secret},,,,,\n", "export-row-refused", "people.csv, line 3, column data")]
    [InlineData("people.csv", "id,name,note,mood,tags,data,at,paid,raw,ok,nick\n1,x,,,,,,,,,a secret of more than twenty letters\n", "export-row-refused", "people.csv, line 2, column nick: it breaks short_check")]
    [InlineData("sales.orders.csv", "id,person,total\n1,1,\"2\n", "export-damaged", "not closed")]
    [InlineData("people.csv", "id,name,note,mood,tags,data,at,paid,raw,ok,nick,twice\n1,x,,,,,,1,,,,5\n", "export-unproven", "computes otherwise")]
    [InlineData("orders_rows.sql", "INSERT INTO sales.orders (id, person, total) VALUES (1, 1, length(pg_read_file('/etc/passwd')));", "export-statement", "length")]
    [InlineData("orders_rows.sql", "INSERT INTO sales.orders (id, person, total) SELECT 1, 1, 1;", "export-statement", "VALUES is expected")]
    [InlineData("orders_rows.sql", "DROP TABLE sales.orders;", "export-statement", "INSERT is expected")]
    [InlineData("orders_rows.sql", "INSERT INTO people (id, name) VALUES (1, 'x');", "export-statement", "not sales.orders")]
    [InlineData("orders_rows.sql", "INSERT INTO sales.orders (id, totl) VALUES (1, 1);", "export-columns", "did you mean total")]
    [InlineData("orders_rows.sql", "INSERT INTO sales.orders (id, person, total) VALUES (1, 1, 'x", "export-statement", "cut off")]
    [InlineData("orders_rows.sql", "INSERT INTO sales.orders (id, person, total) VALUES (1, 1, $$secret$$);", "export-statement", "a literal")]
    [InlineData("orders_rows.sql", "INSERT INTO sales.orders (id, person, total) VALUES (1, 1, $s$secret$s$);", "export-statement", "a literal")]
    [InlineData("orders_rows.sql", "INSERT INTO sales.orders (id, person, total) VALUES (1, 1, 2) E'secret';", "export-statement", "a literal")]
    public async Task What_does_not_fit_is_an_error_and_nothing_is_written(string name, string content, string code, string said)
    {
        Write("schema.sql", Schema);
        Write(name, content);
        await using var target = await postgres.CreateDatabaseAsync();
        var error = await Assert.ThrowsAsync<GodwitException>(() => MigrateAsync(target));
        Assert.Equal(code, error.Code);
        Assert.Contains(said, error.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Problem, StringComparison.Ordinal);
        Assert.Equal(["0"], await target.QueryAsync("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname IN ('public', 'sales', 'godwit')"));
    }

    [Fact]
    public async Task A_file_that_holds_nothing_is_an_empty_table_and_is_named()
    {
        Write("schema.sql", Schema);
        Write("people_rows.csv", "");
        Write("Odd Name.csv", "a,b c\n");
        await using var target = await postgres.CreateDatabaseAsync();
        var result = await MigrateAsync(target);
        Assert.Equal("public.people", Assert.Single(result.Findings, f => f.Code == "export-file-empty").Subject);
        Assert.Equal(["0"], await target.QueryAsync("SELECT count(*) FROM public.people"));
    }

    [Fact]
    public async Task An_empty_value_is_one_of_every_type_that_has_it()
    {
        Write("schema.sql", """
            CREATE DOMAIN words AS tsvector; CREATE TABLE t (id int PRIMARY KEY, a tsvector, b tsvector NOT NULL, c "char", d xml, e words, f varbit, body text, g tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED, h int);
            """);
        Write("t.csv", "id,a,b,c,d,e,f,body,g,h\n1,\"\",,\"\",\"\",\"\",\"\",\"\",,\n2,,'x':1,,,,,,,\n3,,,,,,,w,'w':1,3\n");
        await using var target = await postgres.CreateDatabaseAsync();
        var result = await MigrateAsync(target);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(["1||||||||", "2|-|'x':1|-|-|-|-|-|-", "3|-||-|-|-|-|w|'w':1"],
            await target.QueryAsync("SELECT concat_ws('|', id, coalesce(a::text, '-'), b, coalesce(c::text, '-'), coalesce(d::text, '-'), coalesce(e::text, '-'), coalesce(f::text, '-'), coalesce(body, '-'), coalesce(g::text, '-')) FROM public.t ORDER BY id"));
    }

    [Fact]
    public async Task Rows_that_the_schema_brings_along_mix_with_none_of_a_file()
    {
        Write("schema.sql", Schema + "INSERT INTO \"Odd Name\" VALUES (1, 'stale');");
        Write("sales.orders.csv", "id,person,total\n1,,2\n");
        await using var target = await postgres.CreateDatabaseAsync();
        var error = await Assert.ThrowsAsync<GodwitException>(() => MigrateAsync(target));
        Assert.Equal("export-schema-has-rows", error.Code);
        Assert.Contains("public.Odd Name", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_locale_of_the_target_is_its_own_affair()
    {
        Write("schema.sql", Schema);
        Write("people_rows.csv", People);
        // The private server has C and C.UTF-8: this is the other way round.
        await using var target = await postgres.CreateDatabaseAsync(postgres.Admin, "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C'");
        Assert.Equal(["C.UTF-8 C"], await target.QueryAsync("SELECT concat_ws(' ', datcollate, datctype) FROM pg_database WHERE datname = current_database()"));
        var result = await MigrateAsync(target);
        var report = result.Verification!;
        Assert.DoesNotContain(report.Checks, c => c.Verdict == Verdict.Different);
        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.False(result.HasDifferences);
        Assert.Contains(report.Expected, e => e.Subject == "database this database" && !e.Seen.Contains("C.UTF-8", StringComparison.Ordinal));

        await using var source = await EngineRegistry.OpenAsync("csv:" + _folder.FullName, Environment, Pair.Token);
        await using var there = await target.OpenTargetAsync();
        var again = await new Migration(TimeProvider.System, NullLogger.Instance).VerifyAsync(source, there, new MigrationOptions { Jobs = 2 }, VerifyMode.Full, [], new Progress<MigrationEvent>(), Pair.Token);
        Assert.Equal(Verdict.Equal, again.Verdict);
    }

    [Fact]
    public async Task Without_a_schema_or_a_folder_there_is_nothing_to_begin_with()
    {
        async Task<string> CodeOf(string source) => (await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync(source, Environment, Pair.Token))).Code;
        Assert.Equal("export-schema-missing", await CodeOf("csv:" + _folder.FullName));
        Write("schema.sql", Schema);
        Assert.Equal("export-missing", await CodeOf("csv:" + _folder.FullName));
        Write("people.csv", "id\n");
        Write("people_rows.csv", "id\n");
        Assert.Equal("export-table-twice", await CodeOf("csv:" + _folder.FullName));
    }
}
