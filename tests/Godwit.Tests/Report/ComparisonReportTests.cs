using System.Text.Json;
using System.Xml.Linq;
using Godwit.Report;
using Godwit.Verify;
using Xunit;

namespace Godwit.Tests.Report;

public sealed class ComparisonReportTests
{
    private const string Nasty = "<script>alert(1)</script>&\"'";

    private static readonly VerifyReport Report = new()
    {
        Mode = VerifyMode.Full,
        SampleSeed = 0,
        Tables = [new() { Table = "public.notes", Target = "public.notes", Verdict = Verdict.Equal, SourceRows = 30, TargetRows = 30, ValuesCompared = 120 }],
        Checks = [new("catalog: policy", Verdict.Equal, "all 3 equal")],
        Expected = [new("schema vault", "is not in the target", Nasty)],
        Behaviour =
        [
            new("anon", "public.notes", "SELECT", "0 rows", "0 rows", Verdict.Equal), new("anon", "public.notes", "INSERT", "refused by a policy (42501)", "each of 6 rows admitted", Verdict.Different),
            new("anon", "public.view", "SELECT", "2 rows", "2 rows", Verdict.Equal, Nasty), new("admin", "public.notes", "SELECT", "took too long", "took too long", Verdict.NotChecked),
        ],
    };

    [Fact]
    public async Task A_comparison_by_itself_is_a_page_and_a_document()
    {
        var (json, html) = await ReportWriter.WriteAsync(Report, "postgres://a@old/app", "postgres://b@new/app", DateTimeOffset.UnixEpoch, TestFolder.Create(), TestContext.Current.CancellationToken);
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken));
        Assert.Equal("different", document.RootElement.GetProperty("verdict").GetString());
        Assert.Equal("postgres://b@new/app", document.RootElement.GetProperty("target").GetString());
        Assert.Equal(4, document.RootElement.GetProperty("verification").GetProperty("behaviour").GetArrayLength());
        var page = await File.ReadAllTextAsync(html, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("Differences found", page, StringComparison.Ordinal);
        Assert.Equal("verification.html", Path.GetFileName(html));
    }

    [Theory]
    [InlineData(Verdict.Equal, Verdict.Equal, Verdict.Equal, "Everything is equal")]
    [InlineData(Verdict.NotChecked, Verdict.Equal, Verdict.Equal, "1 was not checked and is named below")]
    [InlineData(Verdict.Equal, Verdict.NotChecked, Verdict.NotChecked, "2 were not checked and are named below")]
    [InlineData(Verdict.NotChecked, Verdict.NotChecked, Verdict.NotChecked, "Nothing could be compared.")]
    public async Task What_was_not_compared_is_counted_and_not_called_equal(Verdict table, Verdict check, Verdict tried, string said)
    {
        var report = Report with { Tables = [Report.Tables[0] with { Verdict = table }], Checks = [new("catalog: policy", check, "")], Behaviour = [new("anon", "public.notes", "SELECT", "", "", tried)] };
        var (_, html) = await ReportWriter.WriteAsync(report, "a", "b", DateTimeOffset.UnixEpoch, TestFolder.Create(), TestContext.Current.CancellationToken);
        Assert.Contains(said, await File.ReadAllTextAsync(html, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_role_is_one_table_of_relations_by_commands()
    {
        var writer = new HtmlWriter();
        new HtmlVerification(writer).Write(Report);
        var page = writer.ToString();
        var from = page.IndexOf("<section aria-labelledby=\"behaviour\">", StringComparison.Ordinal);
        var section = XElement.Parse(page[from..(page.IndexOf("</section>", from, StringComparison.Ordinal) + "</section>".Length)].Replace("<br>", "<br/>", StringComparison.Ordinal).Replace(" open>", " open=\"\">", StringComparison.Ordinal));
        var roles = section.Elements("details").ToList();
        Assert.Equal(["anon", "admin"], roles.Select(r => r.Element("summary")!.Element("b")!.Value));
        // The one that differs is open.
        Assert.Equal([true, false], roles.Select(r => r.Attribute("open") is not null));
        var rows = roles[0].Descendants("tbody").Single().Elements("tr").Select(tr => tr.Elements().Select(c => c.Value).ToList()).ToList();
        Assert.Equal(["public.notes", "public.view"], rows.Select(r => r[0]));
        Assert.Contains("0 rows", rows[0][1], StringComparison.Ordinal);
        Assert.Contains("refused by a policy (42501) → each of 6 rows admitted", rows[0][2], StringComparison.Ordinal);
        Assert.Equal("", rows[1][2]);
    }
}
