using System.Collections.Immutable;

namespace Godwit.Report;

internal sealed class HtmlFindings(HtmlWriter html)
{
    public void Write(ImmutableArray<Finding> findings)
    {
        html.Raw("<section aria-labelledby=\"findings\"><h2 id=\"findings\">Findings</h2>");
        if (findings.IsEmpty) html.Raw("<p class=\"note\">None: nothing was lossy, skipped or surprising.</p>");
        foreach (var group in findings.GroupBy(f => f.Severity).OrderByDescending(g => g.Key)) Group(group.Key, [.. group]);
        html.Raw("</section>");
    }

    private void Group(Severity severity, List<Finding> findings)
    {
        var (tone, title) = severity switch
        {
            Severity.Block => ("bad", "In the way"),
            Severity.Warning => ("warn", "Worth acting on"),
            _ => ("plain", "Good to know"),
        };
        html.Raw($"<details{(severity == Severity.Info && findings.Count > 5 ? "" : " open")}><summary><span class=\"pill {tone}\">").Text(title).Raw("</span> ").Text($"{findings.Count}").Raw("</summary><ul class=\"findings\">");
        foreach (var finding in findings)
        {
            html.Raw($"<li class=\"{tone}\"><p class=\"subject\">").Element("b", finding.Subject).Raw(" ").Element("code", finding.Code).Raw("</p>").Element("p", finding.Problem);
            if (finding.Hint is { Length: > 0 } hint) html.Raw("<p class=\"hint\"><span>try:</span> ").Text(hint).Raw("</p>");
            html.Raw("</li>");
        }
        html.Raw("</ul></details>");
    }
}
