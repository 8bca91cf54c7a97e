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
    public async Task Every_format_arrives_whole(string name, string format)
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
    public async Task What_is_no_dump_or_would_run_programs_is_refused()
    {
        async Task<string> CodeOf(string name, string? content)
        {
            var file = Path.Combine(_folder.FullName, name);
            if (content is not null) await File.WriteAllTextAsync(file, content, Pair.Token);
            return (await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync("dump:" + file, Environment, Pair.Token))).Code;
        }
        Assert.Equal("dump-missing", await CodeOf("nothing", null));
        Assert.Equal("dump-unknown", await CodeOf("letter.txt", "Dear reader"));
        Assert.Equal("dump-unsafe", await CodeOf("bad.sql", "--\n-- PostgreSQL database dump\n--\n\\! id\n-- PostgreSQL database dump complete\n"));
    }
}
