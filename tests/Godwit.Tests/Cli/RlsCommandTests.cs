using System.Text.Json;
using Godwit.Supabase.Rls;
using Godwit.Tests.Rls;
using Xunit;

namespace Godwit.Tests.Cli;

public sealed class RlsCommandTests
{
    private const string Target = "postgres://app@db.example/app";

    private static CliSetup Setup()
    {
        var setup = new CliSetup();
        setup.Backend.RlsFacts = RlsPlannerTests.Facts(RlsPlannerTests.Table("users", "email", "password_hash"), RlsPlannerTests.Table("posts", "user_id"));
        return setup;
    }

    [Fact]
    public async Task Plan_prints_sql_and_changes_nothing()
    {
        var setup = Setup();
        var printed = await setup.RunAsync("rls", "plan", Target);
        Assert.Equal(0, printed.ExitCode);
        Assert.Contains("CREATE POLICY", printed.Out, StringComparison.Ordinal);
        await setup.RunAsync("rls", "plan", Target, "--owner", "posts=user_id");
        Assert.Equal(["user_id"], setup.Backend.RlsOptions!.Owners.Single().Columns);
        Assert.Empty(setup.Backend.Calls);
    }

    [Fact]
    public async Task Plan_writes_a_file_that_holds_the_same_sql()
    {
        var setup = Setup();
        var printed = await setup.RunAsync("rls", "plan", Target);
        Assert.Equal(0, (await setup.RunAsync("rls", "plan", Target, "-o", "rls.sql")).ExitCode);
        Assert.Equal(printed.Out, setup.Read("rls.sql"));
        Assert.Empty(setup.Backend.Calls);
    }

    [Fact]
    public async Task A_server_without_the_platform_is_exit_4()
    {
        var setup = Setup();
        setup.Backend.RlsFacts = setup.Backend.RlsFacts! with { HasAuthUid = false };
        Assert.Equal(4, (await setup.RunAsync("rls", "plan", Target)).ExitCode);
        Assert.Equal(0, (await setup.RunAsync("rls", "plan", Target, "--auth-shim")).ExitCode);
    }

    [Fact]
    public async Task Apply_asks_first()
    {
        var setup = Setup();
        var refused = await setup.RunAsync("rls", "apply", Target);
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("rls-unconfirmed", refused.Error, StringComparison.Ordinal);
        Assert.Empty(setup.Backend.Calls);
        Assert.Equal(0, (await setup.RunAsync("rls", "apply", Target, "--yes")).ExitCode);
        Assert.Equal(["rls apply"], setup.Backend.Calls);
    }

    [Theory]
    [InlineData(Reach.Own, 0)]
    [InlineData(Reach.All, 3)]
    [InlineData(null, 0)]
    public async Task Test_ends_with_3_where_an_answer_is_not_as_planned(Reach? found, int exit)
    {
        var setup = Setup();
        setup.Backend.RlsCells = [new("posts", RlsRole.UserA, RlsAction.Select, Reach.Own, found, found is null ? "the table is empty" : null)];
        Assert.Equal(exit, (await setup.RunAsync("rls", "test", Target)).ExitCode);
        var run = await setup.RunAsync("rls", "test", Target, "--json");
        Assert.Equal(exit, run.ExitCode);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal("user_a", document.RootElement.GetProperty("matrix")[0].GetProperty("role").GetString());
        Assert.Equal(found is null ? 1 : 0, document.RootElement.GetProperty("not_checked").GetInt32());
    }

    [Theory]
    [InlineData("posts")]
    [InlineData("=user_id")]
    [InlineData("posts=")]
    public async Task An_owner_that_is_not_table_and_column_is_exit_2(string owner) =>
        Assert.Equal(2, (await Setup().RunAsync("rls", "plan", Target, "--owner", owner)).ExitCode);
}
