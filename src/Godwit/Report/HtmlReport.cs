using System.Globalization;
using Godwit.Verify;

namespace Godwit.Report;

/// <summary>The page, section by section, in the order in which a reader asks: is it good, what was moved, what do I have to know, the proof.</summary>
internal sealed class HtmlReport(MigrationResult result)
{
    private readonly HtmlWriter _html = new();
    private VerifyReport? Verification => result.Verification;

    public string Write()
    {
        Head();
        Verdict();
        Facts();
        Stages();
        Tables();
        new HtmlFindings(_html).Write(result.Findings);
        new HtmlObjects(_html).Write(ObjectReport.Of(result.Plan, result.Findings));
        if (Verification is { } verification) new HtmlVerification(_html).Write(verification);
        new HtmlPlan(_html).Write(result.Plan);
        HtmlPage.End(_html);
        return _html.ToString();
    }

    private void Head() => HtmlPage.Begin(_html, $"Godwit: {Headline().Title} ({HtmlPage.FileName(result.Source)})", "Migration report");

    private (string Tone, string Title, string Detail) Headline()
    {
        var put = result.Tables.Sum(t => t.Quarantined);
        if (Verification is null)
            return result.HasDifferences ? ("warn", "Finished with differences", "The data was not verified.") : ("plain", "Finished, not verified", "Verification was not asked for. godwit verify compares every value.");
        var different = Verification.Tables.Sum(t => t.DifferentRows);
        if (Verification.Verdict == Godwit.Verify.Verdict.Different)
            return ("bad", "Differences found", different > 0 ? $"{HtmlWriter.Count(different)} row(s) of the target differ from the source. They are named below." : "Something that was promised is not there, or does not hold. It is named below.");
        if (Verification.Verdict == Godwit.Verify.Verdict.NotChecked) return ("plain", "Finished, not checked", "Nothing could be compared.");
        var what = Verification.Mode switch
        {
            VerifyMode.Full => "Every value of every row was compared with the source and is equal.",
            VerifyMode.Sample => "Counts and a random sample of the rows were compared with the source and are equal.",
            _ => "The number of rows of every table is equal. Values were not compared.",
        };
        if (put > 0) return ("warn", "Equal, with rows in quarantine", $"{what} {HtmlWriter.Count(put)} row(s) did not fit and stand in godwit.quarantine.");
        return result.HasDifferences ? ("warn", "Equal, with differences in the schema", what + " See the findings.") : ("good", "Everything is equal", what);
    }

    private void Verdict()
    {
        var (tone, title, detail) = Headline();
        HtmlPage.Verdict(_html, tone, title, detail, result.Source, result.Target);
    }

    private void Facts()
    {
        _html.Raw("<dl class=\"facts\">");
        Fact("Tables", HtmlWriter.Count(result.Tables.Length));
        Fact("Rows", HtmlWriter.Count(result.Tables.Sum(t => t.RowsWritten)));
        if (Verification is { } v) Fact("Values compared", HtmlWriter.Count(v.Tables.Sum(t => t.ValuesCompared)));
        Fact("In quarantine", HtmlWriter.Count(result.Tables.Sum(t => t.Quarantined)));
        Fact("Took", HtmlWriter.Duration(result.Elapsed));
        Fact("Started", result.Started.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        _html.Raw("</dl>");
    }

    private void Fact(string name, string value) => _html.Raw("<div>").Element("dt", name).Element("dd", value).Raw("</div>");

    private void Stages()
    {
        if (result.Stages.IsEmpty) return;
        var total = Math.Max(0.001, result.Stages.Sum(s => s.Elapsed.TotalSeconds));
        _html.Raw("<section aria-labelledby=\"stages\"><h2 id=\"stages\">Where the time went</h2><div class=\"bar\" aria-hidden=\"true\">");
        foreach (var stage in result.Stages)
            _html.Raw($"<span class=\"s{(int)stage.Stage}\" style=\"flex-grow:{Math.Max(0.004, stage.Elapsed.TotalSeconds / total).ToString("0.####", CultureInfo.InvariantCulture)}\"></span>");
        _html.Raw("</div><ul class=\"legend\">");
        foreach (var stage in result.Stages)
            _html.Raw($"<li><span class=\"dot s{(int)stage.Stage}\" aria-hidden=\"true\"></span>").Text(Name(stage.Stage)).Raw(" ").Element("b", HtmlWriter.Duration(stage.Elapsed)).Raw("</li>");
        _html.Raw($"</ul><p class=\"note\">Run {result.RunId}</p></section>");
    }

    private static string Name(Stage stage) => stage switch
    {
        Stage.Inspect => "Inspect",
        Stage.Profile => "Profile",
        Stage.Plan => "Plan",
        Stage.Prepare => "Prepare",
        Stage.Copy => "Copy",
        Stage.PostData => "Indexes and keys",
        Stage.Publish => "Publish",
        _ => "Verify",
    };

    private void Tables()
    {
        _html.Raw("<section aria-labelledby=\"tables\"><h2 id=\"tables\">Tables</h2><div class=\"scroll\" role=\"region\" aria-labelledby=\"tables\" tabindex=\"0\"><table><thead><tr>")
            .Raw("<th scope=\"col\">Table</th><th scope=\"col\">Target</th><th scope=\"col\" class=\"n\">Read</th><th scope=\"col\" class=\"n\">Written</th><th scope=\"col\" class=\"n\">Quarantined</th><th scope=\"col\">Verified</th><th scope=\"col\" class=\"n\">Copy</th></tr></thead><tbody>");
        foreach (var table in result.Tables)
        {
            _html.Raw("<tr><th scope=\"row\">").Text(table.Table).Raw("</th><td>").Text(table.Target).Raw("</td>");
            Number(table.RowsRead);
            Number(table.RowsWritten);
            Number(table.Quarantined, table.Quarantined > 0 ? " hot" : "");
            _html.Raw("<td>");
            HtmlVerification.Mark(_html, result.VerificationOf(table.Table)?.Verdict ?? Godwit.Verify.Verdict.NotChecked);
            _html.Raw("</td>").Element("td", HtmlWriter.Duration(table.Elapsed), "n").Raw("</tr>");
        }
        _html.Raw("</tbody>");
        if (result.Tables.Length > 1)
        {
            _html.Raw("<tfoot><tr><th scope=\"row\" colspan=\"2\">Together</th>");
            Number(result.Tables.Sum(t => t.RowsRead));
            Number(result.Tables.Sum(t => t.RowsWritten));
            Number(result.Tables.Sum(t => t.Quarantined));
            _html.Raw("<td></td><td></td></tr></tfoot>");
        }
        _html.Raw("</table></div></section>");
    }

    private void Number(long number, string css = "") => _html.Element("td", HtmlWriter.Count(number), "n" + css);
}
