using System.Text.Json;
using Godwit.Cli.Configuration;
using Godwit.Plan;
using Xunit;

namespace Godwit.Tests.Cli;

public class ConfigurationTests
{
    [Fact]
    public async Task The_environment_wins_over_dotenv_and_dotenv_over_yaml()
    {
        var setup = new CliSetup { Files = { ["godwit.yaml"] = "source: yaml.db\ntarget: postgres://u@yaml/db\n" } };
        Assert.Equal(("postgres://u@yaml/db", "godwit.yaml line 2"), await ShownAsync(setup, "target"));
        Assert.Equal(("yaml.db", "godwit.yaml line 1"), await ShownAsync(setup, "source"));
        setup.Files[".env"] = "# the app's\nexport DATABASE_URL=\"postgres://u@dotenv/db\"\n";
        Assert.Equal(("postgres://u@dotenv/db", ".env line 2: DATABASE_URL"), await ShownAsync(setup, "target"));
        setup.Environment["DATABASE_URL"] = "postgres://u@real/db";
        Assert.Equal(("postgres://u@real/db", "environment: DATABASE_URL"), await ShownAsync(setup, "target"));
        setup.Environment["SUPABASE_DB_URL"] = "postgres://u@supabase/db";
        Assert.Equal(("postgres://u@supabase/db", "environment: SUPABASE_DB_URL"), await ShownAsync(setup, "target"));
    }

    [Fact]
    public async Task A_sqlite_DATABASE_URL_is_the_source_and_POSTGRES_parts_are_the_target()
    {
        var setup = new CliSetup
        {
            Environment = { ["DATABASE_URL"] = "sqlite:///instance/app.db", ["POSTGRES_HOST"] = "db", ["POSTGRES_PORT"] = "5433", ["POSTGRES_DB"] = "my app", ["POSTGRES_USER"] = "me", ["POSTGRES_PASSWORD"] = "p@ss/word" },
        };
        Assert.Equal("instance/app.db", (await ShownAsync(setup, "source")).Value);
        Assert.Equal("postgres://me:***@db:5433/my%20app", (await ShownAsync(setup, "target")).Value);
        await setup.RunAsync("migrate");
        Assert.Equal("instance/app.db", setup.Backend.SourceOpened);
        Assert.Equal("postgres://me:p%40ss%2Fword@db:5433/my%20app", setup.Backend.TargetOpened);
    }

    [Fact]
    public async Task The_command_line_wins_over_all()
    {
        var setup = new CliSetup { Environment = { ["DATABASE_URL"] = "postgres://u@env/db" }, Files = { ["godwit.yaml"] = "schema: fromyaml\njobs: 7\nsource: yaml.db\n" } };
        await setup.RunAsync("migrate", "cli.db", "postgresql+psycopg2://u@cli/db", "--schema", "fromcli");
        Assert.Equal("cli.db", setup.Backend.SourceOpened);
        Assert.Equal("postgresql://u@cli/db", setup.Backend.TargetOpened);
        Assert.Equal("fromcli", setup.Backend.Options!.TargetSchema);
        Assert.Equal(7, setup.Backend.Options.Jobs);
    }

    [Fact]
    public async Task The_one_end_that_is_given_may_be_the_target()
    {
        var setup = new CliSetup { Files = { ["godwit.yaml"] = "source: yaml.db\n" } };
        await setup.RunAsync("migrate", "local:trial");
        Assert.Equal(("yaml.db", "local:trial"), (setup.Backend.SourceOpened, setup.Backend.TargetOpened));
    }

    [Fact]
    public async Task Yaml_holds_what_flags_hold()
    {
        var setup = new CliSetup
        {
            Files =
            {
                ["godwit.yaml"] = """
                    names: fold
                    json: json
                    verify: off
                    index-foreign-keys: true
                    tables: { include: [us*, internships], exclude: tmp }
                    casts:
                      users.bio: citext
                      DATETIME: timestamptz
                    on-misfit: { default: quarantine, users.bio: fail }
                    indexes:
                      - { table: users, on: lower(bio), name: users_bio, unique: true }
                    """,
            },
        };
        await setup.RunAsync("migrate", "app.db", "local");
        var options = setup.Backend.Options!;
        Assert.Equal((NameStyle.Fold, true, true, (VerifyMode?)null), (options.Names, options.JsonAsText, options.IndexForeignKeys, options.Verify));
        Assert.Equal(["us*", "internships"], options.Include);
        Assert.Equal(["tmp"], options.Exclude);
        Assert.Equal([new("users.bio", "citext"), new("DATETIME", "timestamptz")], options.Casts);
        Assert.Equal(MisfitPolicy.Quarantine, options.Misfits);
        Assert.Equal([new MisfitRule("users.bio", MisfitPolicy.Fail)], options.MisfitRules);
        Assert.Equal([new ExtraIndex("users", "(lower(bio))", "users_bio", true)], options.ExtraIndexes);
    }

    [Fact]
    public async Task All_problems_of_yaml_are_reported_at_once_with_line_and_nearest_key()
    {
        var setup = new CliSetup { Files = { ["godwit.yaml"] = "tabels:\n  include: [a]\njobs: many\ntables:\n  exlude: [b]\nindexes:\n  - table: users\n" } };
        var run = await setup.RunAsync("migrate", "app.db", "local", "--json");
        Assert.Equal(2, run.ExitCode);
        Assert.Equal("config-invalid", ParsingTests.CodeOf(run));
        foreach (var expected in new[] { "line 1", "'tables'", "line 3", "line 5", "'exclude'", "line 7" })
            Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(setup.Backend.Ran);
    }

    [Theory]
    [InlineData("jobs: [")]
    [InlineData("- a\n- b\n")]
    [InlineData("jobs: 1\njobs: 2\n")]
    public void Text_that_is_no_map_is_one_problem_with_a_line(string text)
    {
        var problems = new List<string>();
        ProjectFileReader.Parse(text, problems);
        Assert.Matches("^godwit.yaml line [1-9]", Assert.Single(problems));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    public void An_empty_yaml_says_nothing(string text)
    {
        var problems = new List<string>();
        Assert.Equal(new ProjectFile(), ProjectFileReader.Parse(text, problems));
        Assert.Empty(problems);
    }

    [Theory]
    [InlineData("A=b", "b")]
    [InlineData("export A=b", "b")]
    [InlineData("A = b # comment", "b")]
    [InlineData("A=p#ss", "p#ss")]
    [InlineData("A=\"two\\nlines\"", "two\nlines")]
    [InlineData("A=\"two\nlines\"", "two\nlines")]
    [InlineData("A='as $is\\n'", "as $is\\n")]
    [InlineData("A=", "")]
    [InlineData("A=\r\nB=c", "")]
    [InlineData("\uFEFFA=b", "b")]
    public void DotEnv_reads_the_common_forms(string text, string value)
    {
        var problems = new List<string>();
        Assert.Equal(value, DotEnv.Parse(text, problems).First(e => e.Name == "A").Value);
        Assert.Empty(problems);
    }

    [Fact]
    public void DotEnv_names_a_broken_line_by_number_and_never_shows_it()
    {
        var problems = new List<string>();
        var entries = DotEnv.Parse("A=\"x\ny\"\nhunter2 is no assignment\nB=2\nC='open", problems);
        Assert.Equal([("A", 1), ("B", 4)], entries.Select(e => (e.Name, e.Line)));
        Assert.Equal(2, problems.Count);
        Assert.Contains("line 3", problems[0], StringComparison.Ordinal);
        Assert.Contains("line 5", problems[1], StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", string.Concat(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void The_template_names_every_variable_with_a_comment()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, ".env.template"));
        foreach (var name in Effective.Variables)
            Assert.Contains(lines, l => l.StartsWith($"#{name}=", StringComparison.Ordinal));
        var problems = new List<string>();
        Assert.Empty(DotEnv.Parse(string.Join('\n', lines), problems));
        Assert.Empty(problems);
    }

    private static async Task<(string? Value, string Origin)> ShownAsync(CliSetup setup, string name)
    {
        var run = await setup.RunAsync("config", "show", "--json");
        Assert.Equal(0, run.ExitCode);
        using var document = JsonDocument.Parse(run.Out);
        var line = document.RootElement.GetProperty("settings").EnumerateArray().First(s => s.GetProperty("name").GetString() == name);
        return (line.GetProperty("value").GetString(), line.GetProperty("origin").GetString()!);
    }
}
