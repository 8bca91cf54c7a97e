using System.Text.Json;
using Xunit;

namespace Godwit.Tests.Cli;

public class FollowCommandTests
{
    private static readonly string[] Ends = ["app.db", "postgres://app@db.example/app"];

    [Fact]
    public async Task Migrate_with_follow_follows_afterwards()
    {
        var setup = new CliSetup();
        var run = await setup.RunAsync(["migrate", .. Ends, "--follow"]);
        Assert.Equal(0, run.ExitCode);
        Assert.True(setup.Backend.Options!.Follow);
        Assert.Equal(["follow False"], setup.Backend.Calls);
    }

    [Fact]
    public async Task Migrate_with_follow_where_the_copy_is_whole_only_follows()
    {
        var setup = new CliSetup();
        setup.Backend.FollowUnderway = true;
        Assert.Equal(0, (await setup.RunAsync(["migrate", .. Ends, "--follow"])).ExitCode);
        Assert.False(setup.Backend.Ran);
        Assert.Equal(["follow False"], setup.Backend.Calls);
    }

    [Fact]
    public async Task Migrate_without_it_does_not()
    {
        var setup = new CliSetup();
        await setup.RunAsync(["migrate", .. Ends]);
        Assert.False(setup.Backend.Options!.Follow);
        Assert.Empty(setup.Backend.Calls);
    }

    [Fact]
    public async Task Follow_once_says_how_much_in_json()
    {
        var setup = new CliSetup();
        var run = await setup.RunAsync(["follow", .. Ends, "--once", "--json"]);
        Assert.Equal(["follow True"], setup.Backend.Calls);
        Assert.Equal(7, JsonDocument.Parse(run.Out).RootElement.GetProperty("changes").GetInt64());
    }

    [Fact]
    public async Task Cutover_asks_first()
    {
        var setup = new CliSetup();
        var run = await setup.RunAsync(["cutover", .. Ends, "--no-input", "--json"]);
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("cutover-unconfirmed", run.Out, StringComparison.Ordinal);
        Assert.Empty(setup.Backend.Calls);
    }

    [Fact]
    public async Task Cutover_hands_over_its_flags_and_prints_the_outage()
    {
        var setup = new CliSetup { Files = { [".env"] = "A=1\n" } };
        var run = await setup.RunAsync(["cutover", .. Ends, "--yes", "--json", "--env", ".env", "--set", "A=2", "--set", "B=$A", "--on-switch", "true", "--verify", "counts"]);
        Assert.Equal([$"cutover {Path.Combine(setup.Folder, ".env")} A,B true Counts"], setup.Backend.Calls);
        Assert.Equal(0.345, JsonDocument.Parse(run.Out).RootElement.GetProperty("outage_seconds").GetDouble());
    }

    [Theory]
    [InlineData("set-invalid", "--env", ".env", "--set", "nonsense")]
    [InlineData("options-conflict", "--set", "A=1")]
    [InlineData("env-missing", "--env", "no.env")]
    public async Task Cutover_refuses_what_it_cannot_do(string code, params string[] flags)
    {
        var setup = new CliSetup { Files = { [".env"] = "A=1\n" } };
        var run = await setup.RunAsync(["cutover", .. Ends, "--yes", "--json", .. flags]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(code, run.Out, StringComparison.Ordinal);
        Assert.Empty(setup.Backend.Calls);
    }

    [Fact]
    public async Task Rollback_and_finish_reach_the_library()
    {
        var setup = new CliSetup();
        Assert.Equal(0, (await setup.RunAsync(["rollback", .. Ends, "--yes"])).ExitCode);
        Assert.Equal(0, (await setup.RunAsync(["finish", .. Ends, "--yes", "--abandon"])).ExitCode);
        Assert.Equal(["rollback    ", "finish True"], setup.Backend.Calls);
    }
}

public class RepairCommandTests
{
    private static readonly string[] Verify = ["verify", "app.db", "postgres://app@db.example/app", "--repair"], VerifyPair = ["verify", "postgres://app@old.example/app", "postgres://app@db.example/app", "--repair"];

    public static TheoryData<string[]> Sources => [Verify, VerifyPair];

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Repairs_what_differs_and_is_0_when_equal_afterwards(string[] verify)
    {
        var setup = new CliSetup { Backend = { Report = Sample.Verified(Godwit.Verify.Verdict.Different), ReportAfterRepair = Sample.Verified() } };
        var run = await setup.RunAsync([.. verify, "--yes", "--json"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(2, JsonDocument.Parse(run.Out).RootElement.GetProperty("repaired")[0].GetProperty("rows_written").GetInt64());
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task A_table_that_the_target_lacks_is_no_matter_of_rows(string[] verify)
    {
        var report = Sample.Verified(Godwit.Verify.Verdict.Different);
        report = report with { Tables = [report.Tables[0] with { Checks = [new(Godwit.Verify.TableVerification.Exists, Godwit.Verify.Verdict.Different, "There is no table public.users in the target.")] }, .. report.Tables[1..]] };
        var setup = new CliSetup { Backend = { Report = report } };
        Assert.Equal(3, (await setup.RunAsync([.. verify, "--no-input"])).ExitCode);
        Assert.Empty(setup.Backend.Calls);
    }

    [Fact]
    public async Task Is_3_where_a_difference_stays() =>
        Assert.Equal(3, (await new CliSetup { Backend = { Report = Sample.Verified(Godwit.Verify.Verdict.Different) } }.RunAsync([.. Verify, "--yes"])).ExitCode);

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Asks_first_and_only_where_something_differs(string[] verify)
    {
        var different = new CliSetup { Backend = { Report = Sample.Verified(Godwit.Verify.Verdict.Different) } };
        Assert.Equal(4, (await different.RunAsync([.. verify, "--no-input"])).ExitCode);
        Assert.Empty(different.Backend.Calls);
        var equal = new CliSetup();
        Assert.Equal(0, (await equal.RunAsync([.. verify, "--no-input"])).ExitCode);
        Assert.Empty(equal.Backend.Calls);
    }
}
