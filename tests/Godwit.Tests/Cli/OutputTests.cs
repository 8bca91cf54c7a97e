using System.Text.Json;
using Godwit.Cli;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Verify;
using Xunit;

namespace Godwit.Tests.Cli;

public class OutputTests
{
    private static readonly string[] Migrate = ["migrate", "app.db", "postgres://app@db.example/app"];

    private static readonly Finding[] Findings =
    [
        new("foreign-key-unindexed", Severity.Warning, "internships.user_id", "Deleting a user scans every internship, because the foreign key has no index.", "--index-foreign-keys creates it"),
        new("foreign-key-unindexed", Severity.Warning, "friendships.friend_id", "No index.", "--index-foreign-keys creates it"),
        new("boolean-from-integer", Severity.Info, "internships.next_action_completed", "0 and 1 became boolean."),
    ];

    [Theory]
    [InlineData(80)]
    [InlineData(200)]
    public async Task The_closing_table_fits_its_terminal(int columns)
    {
        var run = await new CliSetup { Columns = columns, Backend = { Result = Sample.Result(Sample.Verified(Verdict.Different), 2, Findings) } }.RunAsync(Migrate);
        var lines = run.Out.Split('\n');
        Assert.All(lines, l => Assert.True(l.Length <= columns, l));
        Assert.Contains(lines, l => l.Contains("internships", StringComparison.Ordinal) && l.Contains("2,000,000", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("foreign-key-unindexed", StringComparison.Ordinal) && l.Contains("×2", StringComparison.Ordinal));
        Assert.Contains("DIFFERENT", run.Out, StringComparison.Ordinal);
    }

    /// <summary>What is true of one object is not said of another that has the same code.</summary>
    [Fact]
    public async Task Findings_of_one_code_are_told_apart_by_what_they_say()
    {
        Finding[] findings =
        [
            .. Enumerable.Range(1, 6).Select(i => new Finding("fk", Severity.Warning, $"same{i}", "the parent is missing", "make it")),
            new("fk", Severity.Warning, "other", "the parent is not unique", "make it unique"), new("fk", Severity.Warning, "third", "no such column", "make it"),
            new("fk", Severity.Warning, "fourth", "fourth reason", "make it"),
        ];
        async Task<string> Said(params string[] more) => (await new CliSetup { Columns = 200, Backend = { Result = Sample.Result(Sample.Verified(Verdict.Equal), 0, findings) } }.RunAsync([.. Migrate, .. more])).Out;
        static int Line(string text, string part) => Array.FindIndex(text.Split('\n'), l => l.Contains(part, StringComparison.Ordinal));

        var said = await Said();
        Assert.Equal(Line(said, "same1, same2, same3, same4 and 2 more") + 1, Line(said, "the parent is missing"));
        Assert.Equal(Line(said, "other") + 1, Line(said, "the parent is not unique"));
        Assert.Equal(Line(said, "the parent is not unique"), Line(said, "make it unique"));
        Assert.Equal(-1, Line(said, "fourth"));
        Assert.NotEqual(-1, Line(said, "and 1 more"));
        var all = await Said("--verbose");
        Assert.Equal(Line(all, "fourth") + 1, Line(all, "fourth reason"));
        Assert.NotEqual(-1, Line(all, "same6"));
    }

    [Fact]
    public async Task Colour_is_for_terminals_and_can_be_refused()
    {
        const string escape = "\u001b[3";
        CliSetup Terminal() => new() { Terminal = true, Columns = 100, Environment = { ["TERM"] = "xterm-256color" } };
        Assert.Contains(escape, (await Terminal().RunAsync(Migrate)).Out, StringComparison.Ordinal);
        Assert.DoesNotContain(escape, (await Terminal().RunAsync([.. Migrate, "--no-color"])).Out, StringComparison.Ordinal);
        var refused = Terminal();
        refused.Environment["NO_COLOR"] = "1";
        Assert.DoesNotContain(escape, (await refused.RunAsync(Migrate)).Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", (await CliRun.OfAsync(Migrate)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_one_document()
    {
        var run = await new CliSetup { Backend = { Result = Sample.Result(quarantined: 2) } }.RunAsync([.. Migrate, "--json"]);
        using var document = JsonDocument.Parse(run.Out);
        var root = document.RootElement;
        Assert.Equal(1, root.GetProperty("format_version").GetInt32());
        Assert.Equal(3, root.GetProperty("exit_code").GetInt32());
        var users = root.GetProperty("tables")[0];
        Assert.Equal((1234, 1232, 2, "equal"), (users.GetProperty("rows_read").GetInt32(), users.GetProperty("rows_written").GetInt32(),
            users.GetProperty("quarantined").GetInt32(), users.GetProperty("verified").GetString()));
        Assert.Equal("equal", root.GetProperty("verification").GetProperty("verdict").GetString());
    }

    [Fact]
    public async Task Json_events_are_a_line_each_and_end_with_the_result()
    {
        var setup = new CliSetup { Backend = { Events = [new MigrationEvent.StageStarted(Stage.Copy, "copying"), new MigrationEvent.TableStarted(Stage.Copy, "users", 10), new MigrationEvent.Found(Findings[0])] } };
        var run = await setup.RunAsync([.. Migrate, "--json-events"]);
        var lines = run.Out.TrimEnd().Split('\n').Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(["stage_started", "table_started", "found"], lines[..3].Select(l => l.GetProperty("event").GetString()));
        Assert.All(lines, l => Assert.Equal(1, l.GetProperty("format_version").GetInt32()));
        Assert.Equal("migrate", lines[^1].GetProperty("command").GetString());
        Assert.Equal(4, lines.Count);
    }

    [Fact]
    public async Task Quiet_says_nothing_on_stderr()
    {
        var setup = new CliSetup { Backend = { Events = [new MigrationEvent.StageFinished(Stage.Copy, TimeSpan.FromSeconds(1))] } };
        Assert.NotEmpty((await setup.RunAsync(Migrate)).Error);
        Assert.Empty((await setup.RunAsync([.. Migrate, "--quiet"])).Error);
    }

    [Fact]
    public async Task The_log_is_a_line_of_json_for_each_stage()
    {
        var setup = new CliSetup { Backend = { Events = [new MigrationEvent.StageStarted(Stage.Copy, "copying"), new MigrationEvent.TableFinished(Stage.Copy, "users", 10, 1, TimeSpan.FromSeconds(2))] } };
        await setup.RunAsync([.. Migrate, "--log", "log.jsonl"]);
        var lines = setup.Read("log.jsonl").TrimEnd().Split('\n').Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal([1001, 1003], lines.Select(l => l.GetProperty("event_id").GetInt32()));
        Assert.Equal((10, 1, 2.0), (lines[1].GetProperty("Rows").GetInt32(), lines[1].GetProperty("Misfits").GetInt32(), lines[1].GetProperty("Elapsed").GetDouble()));
    }

    [Fact]
    public async Task A_plan_is_shown_as_SQL_with_reasons_and_findings()
    {
        var run = await new CliSetup { Backend = { Plan = Sample.Plan(Findings) } }.RunAsync("plan", "app.db");
        Assert.Contains("-- the table of the source\nCREATE TABLE godwit_load.users (id bigint);\n", run.Out, StringComparison.Ordinal);
        // A line break in a reason or a name must not end its comment.
        Assert.Contains("-- said by the source\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("REFERENCES users;\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("BEGIN;\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("-- warning foreign-key-unindexed: internships.user_id\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_survives_its_JSON()
    {
        var plan = Sample.Plan(Findings);
        var json = PlanJson.Write(plan);
        var read = PlanJson.Read(json);
        Assert.Equal(json, PlanJson.Write(read));
        Assert.Equal(plan.Tables[0].Columns, read.Tables[0].Columns);
        Assert.Equal(plan.Tables[0].Chunks, read.Tables[0].Chunks);
        Assert.Equal((plan.Tables[0].Load, plan.Tables[0].Target), (read.Tables[0].Load, read.Tables[0].Target));
        Assert.Equal(plan.PostData, read.PostData);
        Assert.Equal(plan.Sequences, read.Sequences);
        Assert.Equal(plan.Findings, read.Findings);
    }

    [Theory]
    [InlineData("", "plan-invalid")]
    [InlineData("{", "plan-invalid")]
    [InlineData("[]", "plan-invalid")]
    [InlineData("{}", "plan-invalid")]
    [InlineData("{\"format_version\": 2}", "plan-format")]
    [InlineData("{\"format_version\": 1}", "plan-invalid")]
    public void Text_that_is_no_plan_is_refused(string text, string code) =>
        Assert.Equal(code, Assert.Throws<GodwitException>(() => PlanJson.Read(text)).Code);

    [Fact]
    public void A_plan_with_a_word_that_is_unknown_is_refused()
    {
        var json = PlanJson.Write(Sample.Plan());
        foreach (var (from, to) in new[] { ("\"int8\"", "\"int9\""), ("\"table\"", "\"tabel\""), ("\"pre_data\"", "\"pre_dta\""), ("\"name\": \"users\"", "\"name\": null") })
        {
            Assert.Contains(from, json, StringComparison.Ordinal);
            Assert.Equal("plan-invalid", Assert.Throws<GodwitException>(() => PlanJson.Read(json.Replace(from, to, StringComparison.Ordinal))).Code);
        }
    }

    [Theory]
    [InlineData("migrat", "migrate")]
    [InlineData("vrefiy", "verify")]
    [InlineData("USERS", "users")]
    [InlineData("xyzzy", null)]
    public void The_nearest_is_found_and_only_when_near(string typed, string? meant) =>
        Assert.Equal(meant, Nearest.To(typed, ["migrate", "verify", "users"]));
}
