using System.Globalization;
using Godwit.Verify;

namespace Godwit.Report;

/// <summary>The page of a verification that stands by itself.</summary>
internal sealed class HtmlComparison(ComparisonDocument document, VerifyReport report)
{
    private readonly HtmlWriter _html = new();

    public string Write()
    {
        var (tone, title, detail) = Headline();
        HtmlPage.Begin(_html, $"Godwit: {title} ({HtmlPage.FileName(document.Target)})", "Verification report");
        HtmlPage.Verdict(_html, tone, title, detail, document.Source, document.Target);
        Facts();
        Tables();
        new HtmlVerification(_html).Write(report);
        HtmlPage.End(_html);
        return _html.ToString();
    }

    private (string Tone, string Title, string Detail) Headline()
    {
        if (report.Verdict == Verdict.Different) return ("bad", "Differences found", "What differs is named below; what was announced to differ stands apart.");
        Verdict[] all = [.. report.Tables.Select(t => t.Verdict), .. report.Checks.Select(c => c.Verdict), .. report.Behaviour.Select(b => b.Verdict)];
        var open = all.Count(v => v == Verdict.NotChecked);
        if (open == all.Length) return ("plain", "Not checked", "Nothing could be compared.");
        if (open > 0) return ("plain", "Not everything could be compared", $"What was compared is equal; {HtmlWriter.Count(open)} {(open == 1 ? "was" : "were")} not checked and {(open == 1 ? "is" : "are")} named below.");
        return ("good", "Everything is equal", report.Expected.IsEmpty ? "Nothing differs." : "Nothing differs but what was announced.");
    }

    private void Facts()
    {
        _html.Raw("<dl class=\"facts\">");
        Fact("Tables", HtmlWriter.Count(report.Tables.Length));
        Fact("Rows", HtmlWriter.Count(report.Tables.Sum(t => t.SourceRows)));
        Fact("Values compared", HtmlWriter.Count(report.Tables.Sum(t => t.ValuesCompared)));
        if (!report.Behaviour.IsEmpty) Fact("Commands tried", HtmlWriter.Count(report.Behaviour.Length));
        if (!report.Expected.IsEmpty) Fact("Different as announced", HtmlWriter.Count(report.Expected.Length));
        Fact("Took", HtmlWriter.Duration(report.Elapsed));
        Fact("Finished", document.Finished.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        _html.Raw("</dl>");
    }

    private void Fact(string name, string value) => _html.Raw("<div>").Element("dt", name).Element("dd", value).Raw("</div>");

    private void Tables()
    {
        _html.Raw("<section aria-labelledby=\"tables\"><h2 id=\"tables\">Tables</h2><div class=\"scroll\" role=\"region\" aria-labelledby=\"tables\" tabindex=\"0\"><table><thead><tr>")
            .Raw("<th scope=\"col\">Table</th><th scope=\"col\" class=\"n\">Source</th><th scope=\"col\" class=\"n\">Target</th><th scope=\"col\" class=\"n\">Different</th><th scope=\"col\">Verified</th></tr></thead><tbody>");
        foreach (var table in report.Tables)
        {
            _html.Raw("<tr><th scope=\"row\">").Text(table.Table).Raw("</th>").Element("td", HtmlWriter.Count(table.SourceRows), "n").Element("td", HtmlWriter.Count(table.TargetRows), "n")
                .Element("td", HtmlWriter.Count(table.DifferentRows), table.DifferentRows > 0 ? "n hot" : "n").Raw("<td>");
            HtmlVerification.Mark(_html, table.Verdict);
            _html.Raw("</td></tr>");
        }
        _html.Raw("</tbody></table></div></section>");
    }
}
