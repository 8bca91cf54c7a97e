using System.Text.Json;
using Godwit.Plan;
using Godwit.Report;
using Godwit.Schema;
using Godwit.TypeMapping;
using Godwit.Verify;
using Xunit;

namespace Godwit.Tests.Report;

public sealed class ReportWriterTests
{
    private const string Nasty = "<script>alert(1)</script>\u202e&\"'";

    internal static MigrationResult Sample(Verdict verdict = Verdict.Different, string value = Nasty) => new()
    {
        RunId = Guid.Parse("5f0c5a52-3c55-4a0e-9a5b-0a3b2f8a1c11"),
        Source = "tracker.db",
        Target = "postgres://app@localhost:5432/tracker",
        Started = new DateTimeOffset(2025, 6, 30, 12, 0, 0, TimeSpan.Zero),
        Elapsed = TimeSpan.FromSeconds(31.4),
        Stages = [new(Stage.Inspect, TimeSpan.FromSeconds(0.1)), new(Stage.Profile, TimeSpan.FromSeconds(4)), new(Stage.Copy, TimeSpan.FromSeconds(11)), new(Stage.PostData, TimeSpan.FromSeconds(9)), new(Stage.Verify, TimeSpan.FromSeconds(7.3))],
        Plan = new MigrationPlan
        {
            Source = "tracker.db",
            SourcePosition = "p",
            TargetSchema = "public",
            LoadSchema = "godwit_load",
            PreData = [new("t", StepKind.Table, "users", "CREATE TABLE godwit_load.users (\n  id bigint NOT NULL,\n  email varchar(120)\n)", "The table with its types.")],
            Tables = [new() { Source = "users", Load = new SqlName("godwit_load", "users"), Target = new SqlName("public", "users"), Key = ["id"],
                Columns = [new("id", "id", "INTEGER", "bigint", new(CellEncoding.Int8), Fidelity.Exact, "INTEGER PRIMARY KEY: a key that PostgreSQL fills."), new("bio", "bio", "TEXT", "text", new(CellEncoding.Text), Fidelity.Exact, value)] }],
        },
        Tables = [new("users", "public.users", 50_000, 49_998, 2, TimeSpan.FromSeconds(1.2)), new("internships", "public.internships", 2_000_000, 2_000_000, 0, TimeSpan.FromSeconds(9.9))],
        Findings = [new("foreign-key-orphans", Severity.Warning, "internships.user_id", value, "Repair those rows, then VALIDATE CONSTRAINT."), new("type-chosen", Severity.Info, "users.created_at", "ISO text became timestamp.", "--cast users.created_at=timestamptz")],
        Verification = new VerifyReport
        {
            Mode = VerifyMode.Full,
            SampleSeed = 7,
            Tables = [new() { Table = "users", Target = "public.users", Verdict = verdict, SourceRows = 50_000, TargetRows = 49_998, Quarantined = 2, ValuesCompared = 700_000, DifferentRows = verdict == Verdict.Different ? 2 : 0,
                Differences = verdict == Verdict.Different ? [new("id=42", "bio", value, null), new("id=43", null, "id=43, bio=", null)] : [], Checks = [new("row counts", Verdict.Equal, "source 50,000, target 49,998, in quarantine 2")],
                Sample = [new("id=7", [new("id", "7", "7", true), new("bio", value, "", false)])] }],
            Checks = [new("sequences", Verdict.Equal, "3 stand past the data"), new("view family", Verdict.NotChecked, "Its first row did not come within 15 s.")],
        },
    };

    [Fact]
    public void Values_cannot_become_markup()
    {
        var html = ReportWriter.ToHtml(Sample());
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', html);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http:", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_says_what_happened_in_a_numbered_format()
    {
        using var json = JsonDocument.Parse(ReportWriter.ToJson(Sample()));
        Assert.Equal(1, json.RootElement.GetProperty("format_version").GetInt32());
        Assert.Equal("different", json.RootElement.GetProperty("verdict").GetString());
        Assert.True(json.RootElement.GetProperty("has_differences").GetBoolean());
        Assert.Equal(Nasty, json.RootElement.GetProperty("verification").GetProperty("tables")[0].GetProperty("differences")[0].GetProperty("source").GetString());
        Assert.Equal(31.4, json.RootElement.GetProperty("seconds").GetDouble());
    }

    [Fact]
    public async Task Both_files_are_written_to_a_directory_that_is_made()
    {
        var directory = Path.Combine(TestFolder.Create(), "new");
        var (json, html) = await ReportWriter.WriteAsync(Sample(), directory, TestContext.Current.CancellationToken);
        Assert.StartsWith("{", await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.EndsWith("</html>\n", await File.ReadAllTextAsync(html, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(directory)!, recursive: true);
    }
}
