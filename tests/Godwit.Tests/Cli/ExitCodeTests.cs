using System.Text.Json;
using Godwit.Plan;
using Godwit.Verify;
using Xunit;

namespace Godwit.Tests.Cli;

public class ExitCodeTests
{
    private static readonly string[] Migrate = ["migrate", "app.db", "postgres://app@db.example/app"];
    private static readonly string[] VerifyOnly = ["verify", "app.db", "postgres://app@db.example/app"];

    [Fact]
    public async Task Done_and_equal_is_0() => Assert.Equal(0, (await CliRun.OfAsync(Migrate)).ExitCode);

    [Fact]
    public async Task Differences_are_3_and_their_key_is_named()
    {
        var run = await new CliSetup { Backend = { Result = Sample.Result(Sample.Verified(Verdict.Different)) } }.RunAsync(Migrate);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("id=42", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quarantined_rows_are_3() =>
        Assert.Equal(3, (await new CliSetup { Backend = { Result = Sample.Result(quarantined: 2) } }.RunAsync(Migrate)).ExitCode);

    [Fact]
    public async Task A_table_that_was_not_checked_is_no_success() =>
        Assert.Equal(3, (await new CliSetup { Backend = { Result = Sample.Result(Sample.Verified(Verdict.NotChecked)) } }.RunAsync(Migrate)).ExitCode);

    [Fact]
    public async Task Verify_says_3_for_different_and_for_not_checked()
    {
        Assert.Equal(0, (await CliRun.OfAsync(VerifyOnly)).ExitCode);
        Assert.Equal(3, (await new CliSetup { Backend = { Report = Sample.Verified(Verdict.Different) } }.RunAsync(VerifyOnly)).ExitCode);
        Assert.Equal(3, (await new CliSetup { Backend = { Report = Sample.Verified(Verdict.NotChecked) } }.RunAsync(VerifyOnly)).ExitCode);
    }

    [Theory]
    [InlineData(ErrorKind.Usage, 2)]
    [InlineData(ErrorKind.Blocked, 4)]
    [InlineData(ErrorKind.SourceFatal, 1)]
    [InlineData(ErrorKind.SourceTransient, 1)]
    [InlineData(ErrorKind.TargetFatal, 1)]
    [InlineData(ErrorKind.TargetTransient, 1)]
    public async Task An_error_exits_by_its_kind_and_is_said_once(ErrorKind kind, int exit)
    {
        var run = await new CliSetup { Backend = { SourceFails = new(kind, "some-code", "it broke here", "try this") } }.RunAsync(Migrate);
        Assert.Equal(exit, run.ExitCode);
        Assert.Equal(2, run.Error.Split("error:").Length);
        Assert.Contains("some-code", run.Error, StringComparison.Ordinal);
        Assert.Contains("try: try this", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bug_is_1_and_shows_its_stack_only_when_asked()
    {
        var setup = new CliSetup { Backend = { DuringRun = () => throw new InvalidOperationException("oops") } };
        var quiet = await setup.RunAsync(Migrate);
        Assert.Equal(1, quiet.ExitCode);
        Assert.DoesNotContain("   at ", quiet.Error, StringComparison.Ordinal);
        Assert.Contains("   at ", (await setup.RunAsync([.. Migrate, "--verbose"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_is_130_and_says_how_to_resume()
    {
        using var source = new CancellationTokenSource();
        var setup = new CliSetup { Cancel = source.Token, Backend = { Events = Copying, DuringRun = source.Cancel } };
        var run = await setup.RunAsync([.. Migrate, "--json"]);
        Assert.Equal(130, run.ExitCode);
        Assert.Equal("interrupted", ParsingTests.CodeOf(run));
        Assert.Contains("resumes", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_run_says_whether_anything_was_changed()
    {
        var failure = new GodwitException(ErrorKind.TargetTransient, "target-connection-lost", "the server went away", "again");
        Assert.Contains("nothing was changed", await StateAsync([new MigrationEvent.StageStarted(Stage.Profile, "")], failure), StringComparison.Ordinal);
        var copying = await StateAsync(Copying, failure);
        // 160 of the 800 rows that were sent are of an unfinished chunk: the server has rolled them back.
        Assert.Contains("640", copying, StringComparison.Ordinal);
        Assert.Contains("schema public is as it was", copying, StringComparison.Ordinal);
        Assert.Contains("stay in their tables", await StateAsync(Copying, failure, "--data-only"), StringComparison.Ordinal);
        Assert.Contains("in place", await StateAsync([.. Copying, new MigrationEvent.StageFinished(Stage.Publish, default), new MigrationEvent.StageStarted(Stage.Verify, "")], failure), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_blocking_finding_makes_plan_exit_4()
    {
        var setup = new CliSetup { Backend = { Plan = Sample.Plan(new Finding("name-too-long", Severity.Block, "users", "no")) } };
        Assert.Equal(4, (await setup.RunAsync("plan", "app.db")).ExitCode);
        Assert.Equal(0, (await CliRun.OfAsync("plan", "app.db")).ExitCode);
    }

    [Fact]
    public async Task Replace_asks_and_refuses_where_nobody_can_answer()
    {
        string[] replace = [.. Migrate, "--if-exists", "replace"];
        var setup = new CliSetup();
        Assert.Equal(4, (await setup.RunAsync(replace)).ExitCode);
        Assert.Equal(4, (await new CliSetup { Terminal = true, Input = "yes\n" }.RunAsync([.. replace, "--no-input"])).ExitCode);
        Assert.Equal(4, (await new CliSetup { Terminal = true, Input = "no\n" }.RunAsync(replace)).ExitCode);
        Assert.False(setup.Backend.Ran);
        Assert.Equal(0, (await new CliSetup { Terminal = true, Input = "yes\n" }.RunAsync(replace)).ExitCode);
        Assert.Equal(0, (await setup.RunAsync([.. replace, "--yes"])).ExitCode);
        Assert.True(setup.Backend.Ran);
    }

    [Fact]
    public async Task A_dry_run_runs_nothing()
    {
        var setup = new CliSetup();
        var run = await setup.RunAsync([.. Migrate, "--dry-run", "--if-exists", "replace"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("CREATE TABLE", run.Out, StringComparison.Ordinal);
        Assert.False(setup.Backend.Ran);
    }

    [Fact]
    public async Task Check_names_what_it_cannot_reach_and_exits_4()
    {
        var setup = new CliSetup { Backend = { TargetFails = new(ErrorKind.TargetFatal, "target-auth-failed", "no", "PGPASSWORD") } };
        var run = await setup.RunAsync("check", "app.db", "postgres://app@db.example/app", "--json", "--html", "check.html");
        Assert.Equal(4, run.ExitCode);
        using var document = JsonDocument.Parse(run.Out);
        var items = document.RootElement.GetProperty("items").EnumerateArray().ToDictionary(i => i.GetProperty("code").GetString()!, i => i.GetProperty("level").GetString());
        Assert.Equal("block", items["target-auth-failed"]);
        Assert.Equal("pass", items["source-readable"]);
        Assert.Contains("target-auth-failed", setup.Read("check.html"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reviewed_plan_is_executed_as_it_is()
    {
        var setup = new CliSetup();
        await setup.RunAsync("plan", "app.db", "-o", "plan.json");
        Assert.Equal(0, (await setup.RunAsync([.. Migrate, "--plan", "plan.json"])).ExitCode);
        Assert.Equal(PlanJson.Write(Sample.Plan()), PlanJson.Write(setup.Backend.PlanGiven!));
    }

    private static readonly System.Collections.Immutable.ImmutableArray<MigrationEvent> Copying =
        [new MigrationEvent.StageStarted(Stage.Copy, "copying"), new MigrationEvent.TableStarted(Stage.Copy, "users", 1000), 
            new MigrationEvent.RowsCommitted("users", 0), new MigrationEvent.RowsCommitted("users", 640), new MigrationEvent.TableProgress(Stage.Copy, "users", 800, 9000)];

    private static async Task<string> StateAsync(System.Collections.Immutable.ImmutableArray<MigrationEvent> events, GodwitException failure, params string[] more)
    {
        var run = await new CliSetup { Backend = { Events = events, DuringRun = () => throw failure } }.RunAsync([.. Migrate, .. more]);
        Assert.Equal(1, run.ExitCode);
        return run.Error;
    }
}
