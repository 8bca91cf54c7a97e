using System.Text.Json;
using Godwit.Plan;
using Xunit;

namespace Godwit.Tests.Cli;

public class ParsingTests
{
    private const string Target = "postgres://app@db.example/app";

    [Theory]
    [InlineData("migrate", "migrat")]
    [InlineData("verify", "verfy")]
    [InlineData("local", "loca")]
    public async Task A_misspelt_command_is_answered_with_the_nearest_and_exit_2(string meant, string typed)
    {
        var run = await CliRun.OfAsync(typed, "app.db");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"'{meant}'", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Theory]
    [InlineData("--jobs", "--jbos", "3")]
    [InlineData("--if-exists", "--ifexists", "replace")]
    [InlineData("--schema-only", "--shema-only")]
    [InlineData("--no-color", "--no-colour")]
    public async Task A_misspelt_option_is_answered_with_the_nearest(string meant, params string[] typed)
    {
        var run = await CliRun.OfAsync(["migrate", "app.db", Target, .. typed]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"'{meant}'", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--jobs", "many")]
    [InlineData("--jobs", "0")]
    [InlineData("--if-exists", "replaces")]
    [InlineData("--names", "lower")]
    [InlineData("--verify", "fast")]
    [InlineData("--cast", "users.born")]
    [InlineData("--on-misfit", "users.bio=quarantin")]
    [InlineData("--json", "--json-events")]
    [InlineData("--schema-only", "--data-only")]
    public async Task A_value_that_means_nothing_is_exit_2_and_nothing_runs(params string[] options)
    {
        var setup = new CliSetup();
        var run = await setup.RunAsync(["migrate", "app.db", Target, .. options]);
        Assert.Equal(2, run.ExitCode);
        Assert.False(setup.Backend.Ran);
    }

    [Fact]
    public async Task All_usage_problems_are_named_at_once()
    {
        var run = await CliRun.OfAsync("migrate", "app.db", Target, "--jobs", "many", "--names", "flod");
        Assert.Contains("--jobs", run.Error, StringComparison.Ordinal);
        Assert.Contains("--names", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_source_and_a_missing_target_are_exit_2()
    {
        Assert.Equal("source-missing-argument", await CodeAsync("migrate"));
        Assert.Equal("target-missing", await CodeAsync("migrate", "app.db"));
        Assert.Equal("target-missing", await CodeAsync("status"));
    }

    [Fact]
    public async Task Options_reach_the_migration()
    {
        var setup = new CliSetup();
        await setup.RunAsync("migrate", "app.db", Target, "--schema", "crm", "--jobs", "3", "--names", "fold", "--json-type", "json", "--index-foreign-keys",
            "--include", "us*", "--include", "intern*", "--exclude", "tmp_*", "--cast", "users.bio=citext", "--on-misfit", "quarantine", "--on-misfit", "*.notes=fail", "--verify", "off", "--data-only");
        var options = setup.Backend.Options!;
        Assert.Equal("crm", options.TargetSchema);
        Assert.Equal(3, options.Jobs);
        Assert.Equal(NameStyle.Fold, options.Names);
        Assert.True(options.JsonAsText);
        Assert.True(options.IndexForeignKeys);
        Assert.True(options.DataOnly);
        Assert.Equal(["us*", "intern*"], options.Include);
        Assert.Equal(["tmp_*"], options.Exclude);
        Assert.Equal([new CastRule("users.bio", "citext")], options.Casts);
        Assert.Equal(MisfitPolicy.Quarantine, options.Misfits);
        Assert.Equal([new MisfitRule("*.notes", MisfitPolicy.Fail)], options.MisfitRules);
        Assert.Null(options.Verify);
    }

    [Fact]
    public async Task A_column_pattern_that_matches_nothing_is_answered_with_the_nearest()
    {
        var run = await CliRun.OfAsync("plan", "app.db", "--on-misfit", "users.boi=quarantine", "--json");
        Assert.Equal(2, run.ExitCode);
        Assert.Equal("pattern-unmatched", CodeOf(run));
        Assert.Contains("users.bio", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_to_verify_that_is_not_there_is_answered_with_the_nearest()
    {
        var run = await CliRun.OfAsync("verify", "app.db", Target, "--table", "user", "--json");
        Assert.Equal("no-such-table", CodeOf(run));
        Assert.Contains("'users'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_lists_the_commands_that_work_and_no_hidden_one()
    {
        var run = await CliRun.OfAsync("--help");
        Assert.Equal(0, run.ExitCode);
        foreach (var name in new[] { "demo", "check", "plan", "migrate", "verify", "status", "follow", "cutover", "rollback", "finish", "local", "config", "completion" })
            Assert.Contains($"\n  {name} ", run.Out, StringComparison.Ordinal);
        foreach (var name in new[] { "docs", "dashboard" })
            Assert.DoesNotContain($"\n  {name} ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_after_a_local_name_belongs_to_psql()
    {
        // No such server: what matters is that psql's own options are not taken for Godwit's.
        var run = await new CliSetup { Environment = { ["XDG_DATA_HOME"] = "/nonexistent", ["HOME"] = "/nonexistent" } }.RunAsync("local", "psql", "nowhere", "-c", "select 1", "--unknown-to-godwit");
        Assert.Contains("local-missing", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sqlite:///app.db", "app.db")]
    [InlineData("sqlite:////var/app.db", "/var/app.db")]
    [InlineData("sqlite:app.db?mode=ro", "sqlite:app.db?mode=ro")]
    public async Task A_source_may_be_written_as_SQLAlchemy_does(string typed, string opened)
    {
        var setup = new CliSetup();
        await setup.RunAsync("plan", typed);
        Assert.Equal(opened, setup.Backend.SourceOpened);
    }

    private static async Task<string> CodeAsync(params string[] args)
    {
        var run = await CliRun.OfAsync([.. args, "--json"]);
        Assert.Equal(2, run.ExitCode);
        return CodeOf(run);
    }

    internal static string CodeOf(CliRun run)
    {
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(1, document.RootElement.GetProperty("format_version").GetInt32());
        Assert.Equal(run.ExitCode, document.RootElement.GetProperty("exit_code").GetInt32());
        return document.RootElement.GetProperty("error").GetProperty("code").GetString()!;
    }
}
