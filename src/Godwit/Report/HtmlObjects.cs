using System.Collections.Immutable;

namespace Godwit.Report;

/// <summary>Each object of the source beside what was made of it; what needs a look comes first and is open.</summary>
internal sealed class HtmlObjects(HtmlWriter html)
{
    public void Write(ImmutableArray<ReportedObject> objects)
    {
        if (objects.IsEmpty) return;
        html.Raw("<section aria-labelledby=\"objects\"><h2 id=\"objects\">Object by object</h2>").Element("p", ObjectReport.Counts(objects) + ".", "note");
        foreach (var group in objects.GroupBy(o => o.Outcome).OrderByDescending(g => g.Key)) Group(group.Key, [.. group]);
        html.Raw("</section>");
    }

    private void Group(ObjectOutcome outcome, List<ReportedObject> objects)
    {
        var (tone, title) = outcome switch
        {
            ObjectOutcome.Skipped => ("bad", "Skipped"),
            ObjectOutcome.Changed => ("warn", "Changed"),
            ObjectOutcome.Translated => ("plain", "Translated"),
            _ => ("good", "As it was"),
        };
        html.Raw($"<details{(outcome is ObjectOutcome.Changed or ObjectOutcome.Skipped && objects.Count <= 10 ? " open" : "")}><summary><span class=\"pill {tone}\">").Text(title).Raw("</span> ").Text($"{objects.Count}").Raw("</summary>");
        foreach (var one in objects)
        {
            html.Raw("<details class=\"object\"><summary>").Element("b", one.Name).Text($" {one.Kind}").Raw("</summary>");
            if (!one.How.IsEmpty)
            {
                html.Raw("<ul class=\"how\">");
                foreach (var how in one.How) html.Element("li", how);
                html.Raw("</ul>");
            }
            html.Raw("<div class=\"sides\">");
            Side("Source", one.SourceSql);
            Side("Target", one.TargetSql);
            html.Raw("</div></details>");
        }
        html.Raw("</details>");
    }

    private void Side(string title, string sql)
    {
        html.Raw("<div><span class=\"label\">").Text(title).Raw("</span>");
        if (sql.Length == 0) html.Raw("<p class=\"none\">nothing</p>");
        else html.Raw("<pre tabindex=\"0\">").Text(sql).Raw("</pre>");
        html.Raw("</div>");
    }
}
