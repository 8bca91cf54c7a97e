using Godwit.Target;
using Godwit.Verify;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>A dump as a source: every format arrives whole; what is cut off is an error before anything is written.</summary>
public sealed class DumpSourceTests(PostgresFixture postgres) : IDisposable
{
    private const string Content = """
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, mood mood, at timestamptz, data jsonb);
        INSERT INTO people (name, mood, at, data) SELECT 'name ' || i || E' \\ ''quoted''\t', 'ok', timestamptz '2024-01-01 00:00+00' + i * interval '1 hour', '{"a": [1, null]}' FROM generate_series(1, 500) i;
        CREATE VIEW named AS SELECT id, name FROM people; CREATE INDEX ON people (name);
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-test-dumps-");

    public void Dispose() => _folder.Delete(recursive: true);

    // The installed server, whatever GODWIT_PG_BIN names for the tests' own: its programs come without pg_restore.
    private static string? Environment(string name) => name == "GODWIT_PG_BIN" ? null : System.Environment.GetEnvironmentVariable(name);

    private async Task<string> DumpAsync(TestDatabase source, string name, params string[] options)
    {
        var file = Path.Combine(_folder.FullName, name);
        var dump = await PgDump.FindAsync(Environment, 14, Pair.Token);
        var settings = source.Settings;
        var said = await Tool.RunAsync([dump.Program, "--no-password", "--file", file, .. options], "/", Pair.Token,
            ("PGHOST", settings.Host), ("PGPORT", $"{settings.Port}"), ("PGUSER", settings.User), ("PGDATABASE", settings.Database), ("PGPASSWORD", settings.Password ?? ""));
        Assert.True(said.ExitCode == 0, said.Error);
        return file;
    }

    private static async Task<MigrationResult> MigrateAsync(string file, TestDatabase target)
    {
        await using var source = await EngineRegistry.OpenAsync("dump:" + file, Environment, Pair.Token);
        await using var there = await target.OpenTargetAsync();
        return await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(source, there, new MigrationOptions { Jobs = 2 }, null, new Progress<MigrationEvent>(), Pair.Token);
    }

    [Theory]
    [InlineData("custom", "-Fc")]
    [InlineData("folder", "-Fd")]
    [InlineData("plain.sql", "-Fp")]
    [InlineData("created.sql", "-Fp", "--create")]
    [InlineData("inserts.sql", "-Fp", "--inserts")]
    [InlineData("archive.tar", "-Ft")]
    public async Task Every_format_arrives_whole(string name, params string[] format)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        var role = await pair.RoleAsync("owner");
        await pair.SourceAsync(Content);
        await pair.SourceAsync($"ALTER TABLE people OWNER TO \"{role}\"; GRANT SELECT ON named TO \"{role}\"");
        var result = await MigrateAsync(await DumpAsync(pair.Source, name, format), pair.Target);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(["500"], await pair.Target.QueryAsync("SELECT count(*) FROM public.people"));
        const string rows = "SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM public.people p";
        Assert.Equal(await pair.Source.QueryAsync(rows), await pair.Target.QueryAsync(rows));
        Assert.Equal([role], await pair.Target.QueryAsync("SELECT tableowner FROM pg_tables WHERE tablename = 'people'"));
    }

    [Theory]
    [InlineData("-Fc")]
    [InlineData("-Fp")]
    [InlineData("-Ft")]
    public async Task A_file_that_is_cut_off_is_an_error_and_the_target_stays_empty(string format)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Content);
        var file = await DumpAsync(pair.Source, "cut", format);
        await using (var stream = File.OpenWrite(file)) stream.SetLength(stream.Length * 2 / 3);
        var error = await Assert.ThrowsAsync<GodwitException>(() => MigrateAsync(file, pair.Target));
        Assert.Equal("dump-damaged", error.Code);
        Assert.Equal(["0"], await pair.Target.QueryAsync("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname IN ('public', 'godwit')"));
    }

    [Fact]
    public async Task What_is_no_dump_is_refused()
    {
        async Task<string> CodeOf(string name, string? content)
        {
            var file = Path.Combine(_folder.FullName, name);
            if (content is not null) await File.WriteAllTextAsync(file, content, Pair.Token);
            return (await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync("dump:" + file, Environment, Pair.Token))).Code;
        }
        Assert.Equal("dump-missing", await CodeOf("nothing", null));
        Assert.Equal("dump-unknown", await CodeOf("letter.txt", "Dear reader"));
    }

    [Theory]
    [InlineData("\\! touch {0}")]
    [InlineData(" \\! touch {0}")]
    [InlineData("SELECT 1; \\! touch {0}")]
    [InlineData("SELECT 1 \\g |touch {0}")]
    [InlineData("SELECT 1 \\o |touch {0}")]
    [InlineData("\\unrestrict a\nSELECT 1 \\g |touch {0}")]
    [InlineData("CREATE TABLE t (c text);\nCOPY t (c) FROM PROGRAM 'touch {0}';")]
    public async Task Programs_of_this_machine_are_not_run(string content)
    {
        var (file, trace) = (Path.Combine(_folder.FullName, "bad.sql"), Path.Combine(_folder.FullName, "trace"));
        await File.WriteAllTextAsync(file, $"--\n-- PostgreSQL database dump\n--\n\\restrict a\n{content.Replace("{0}", trace, StringComparison.Ordinal)}\n-- PostgreSQL database dump complete\n", Pair.Token);
        Assert.Equal("dump-unsafe", (await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync("dump:" + file, Environment, Pair.Token))).Code);
        Assert.False(File.Exists(trace));
    }

    [Theory]
    [InlineData("COPY public.\"lost rows\" (a) FROM stdin;\nsecret\n\\! id\n\\.", "public.\"lost rows\"")]
    [InlineData("INSERT INTO public.\"lost rows\" VALUES ('secret');", "public.\"lost rows\"")]
    [InlineData("CREATE TABLE public.there (a int);\nCOPY public.there (a) FROM stdin;\n1\nsecret\n\\.", "row 2")]
    public async Task Rows_that_are_refused_are_a_loss_and_not_shown(string content, string said)
    {
        var file = Path.Combine(_folder.FullName, "lost.sql");
        await File.WriteAllTextAsync(file, $"--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.\"lost rows\" (a no_such_type);\n{content}\n-- PostgreSQL database dump complete\n", Pair.Token);
        var error = await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync("dump:" + file, Environment, Pair.Token));
        Assert.Equal("dump-damaged", error.Code);
        Assert.Contains(said, error.Problem, StringComparison.Ordinal);
        Assert.Contains("no_such_type", error.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Problem + error.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-Fc")]
    [InlineData("-Fp")]
    public async Task What_a_function_does_not_find_without_the_search_path_of_the_database_is_named(string format)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("CREATE FUNCTION inner_one(text) RETURNS text LANGUAGE sql AS 'SELECT $1'; CREATE FUNCTION outer_one(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN inner_one($1); END'; CREATE TABLE posts (title text CHECK (outer_one(title) <> '')); INSERT INTO posts VALUES ('secret')");
        var error = await Assert.ThrowsAsync<GodwitException>(async () => await MigrateAsync(await DumpAsync(pair.Source, "unfound", format), pair.Target));
        Assert.Equal("dump-damaged", error.Code);
        Assert.Contains("function inner_one(text) does not exist", error.Problem, StringComparison.Ordinal);
        Assert.Contains("posts", error.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Problem + error.Hint, StringComparison.Ordinal);
    }

    // A type that the dump does not bring: the table cannot be made.
    [Theory]
    [InlineData("-Fc")]
    [InlineData("-Fc", "--inserts")]
    public async Task Rows_of_a_table_that_an_archive_cannot_make_are_a_loss(params string[] format)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("CREATE SCHEMA away; CREATE TYPE away.mood AS ENUM ('secret'); CREATE TABLE public.felt (mood away.mood); INSERT INTO felt VALUES ('secret')");
        var error = await Assert.ThrowsAsync<GodwitException>(async () => await MigrateAsync(await DumpAsync(pair.Source, "lost", [.. format, "--schema=public"]), pair.Target));
        Assert.Equal("dump-damaged", error.Code);
        Assert.Contains("public.felt", error.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Problem, StringComparison.Ordinal);
    }
}
