using Godwit.Verify;

namespace Godwit.Report;

internal sealed class HtmlVerification(HtmlWriter html)
{
    public static void Mark(HtmlWriter html, Verdict verdict)
    {
        var (tone, sign, text) = verdict switch
        {
            Verdict.Equal => ("good", "✓", "equal"),
            Verdict.Different => ("bad", "✗", "different"),
            _ => ("plain", "–", "not checked"),
        };
        html.Raw($"<span class=\"mark-{tone}\"><span aria-hidden=\"true\">{sign}</span> {text}</span>");
    }

    public void Write(VerifyReport report)
    {
        Differences(report);
        Checks(report);
        Behaviour(report);
        Expected(report);
        Samples(report);
    }

    private void Behaviour(VerifyReport report)
    {
        if (report.Behaviour.IsEmpty) return;
        html.Raw("<section aria-labelledby=\"behaviour\"><h2 id=\"behaviour\">What roles may see and do</h2>").Element("p", "Each command was tried on both sides, in transactions that were rolled back. What came of it is shown once where both sides agree.", "note");
        var commands = report.Behaviour.Select(b => b.Command).Distinct().ToList();
        foreach (var subject in report.Behaviour.GroupBy(b => b.Subject))
        {
            int Count(Verdict verdict) => subject.Count(c => c.Verdict == verdict);
            html.Raw(Count(Verdict.Different) > 0 ? "<details open><summary>" : "<details><summary>").Element("b", subject.Key)
                .Text($" {HtmlWriter.Count(Count(Verdict.Equal))} equal, {HtmlWriter.Count(Count(Verdict.Different))} different, {HtmlWriter.Count(Count(Verdict.NotChecked))} not checked").Raw("</summary>");
            Open(subject.Key, ["Table or view", .. commands]);
            foreach (var relation in subject.GroupBy(c => c.Relation))
            {
                html.Raw(relation.Any(c => c.Verdict == Verdict.Different) ? "<tr class=\"hot\">" : "<tr>").Raw("<th scope=\"row\">").Text(relation.Key).Raw("</th>");
                foreach (var command in commands) Cell(relation.FirstOrDefault(c => c.Command == command));
                html.Raw("</tr>");
            }
            Close();
            html.Raw("</details>");
        }
        html.Raw("</section>");
    }

    private void Cell(BehaviourCell? cell)
    {
        html.Raw("<td>");
        if (cell is not null)
        {
            Mark(html, cell.Verdict);
            html.Raw("<br>").Text(cell.Source == cell.Target ? cell.Source : $"{cell.Source} → {cell.Target}");
            if (cell.Note is not null) html.Raw("<br>").Element("span", cell.Note, "none");
        }
        html.Raw("</td>");
    }

    private void Expected(VerifyReport report)
    {
        if (report.Expected.IsEmpty) return;
        html.Raw("<section aria-labelledby=\"expected\"><h2 id=\"expected\">Different, as announced</h2>");
        Open("Expected differences", "Object", "Seen", "Why");
        foreach (var expected in report.Expected)
            html.Raw("<tr><th scope=\"row\">").Text(expected.Subject).Raw("</th>").Element("td", expected.Seen, "v").Element("td", expected.Reason).Raw("</tr>");
        Close();
        html.Raw("</section>");
    }

    private void Differences(VerifyReport report)
    {
        var tables = report.Tables.Where(t => !t.Differences.IsEmpty).ToList();
        if (tables.Count == 0) return;
        html.Raw("<section aria-labelledby=\"differences\"><h2 id=\"differences\">Rows that differ</h2>");
        foreach (var table in tables)
        {
            html.Raw("<h3>").Text(table.Table).Raw("</h3>");
            var named = table.Differences.Select(d => d.Key).Distinct().Count();
            if (named < table.DifferentRows) html.Element("p", $"The first {HtmlWriter.Count(named)} of {HtmlWriter.Count(table.DifferentRows)} rows.", "note");
            Open(table.Table + ": rows that differ", "Key", "Column", "Source", "Target");
            foreach (var difference in table.Differences)
            {
                html.Raw("<tr>").Element("th", difference.Key, "v").Raw("<td>").Text(difference.Column ?? "whole row").Raw("</td>");
                if (difference.Column is null)
                {
                    Whole(difference.Source, "not in the source");
                    Whole(difference.Target, "missing in the target");
                }
                else
                {
                    Value(difference.Source);
                    Value(difference.Target);
                }
                html.Raw("</tr>");
            }
            Close();
        }
        html.Raw("</section>");
    }

    private void Checks(VerifyReport report)
    {
        html.Raw("<section aria-labelledby=\"checks\"><h2 id=\"checks\">What was checked</h2>");
        Open("Checks", "Of", "Check", "Result", "Seen");
        foreach (var table in report.Tables)
            foreach (var check in table.Checks) Check(table.Table, check);
        foreach (var check in report.Checks) Check("database", check);
        Close();
        html.Raw("</section>");
    }

    private void Check(string of, VerifyCheck check)
    {
        html.Raw("<tr><th scope=\"row\">").Text(of).Raw("</th>").Element("td", check.Name).Raw("<td>");
        Mark(html, check.Verdict);
        html.Raw("</td>").Element("td", check.Detail, "v").Raw("</tr>");
    }

    private void Samples(VerifyReport report)
    {
        var tables = report.Tables.Where(t => !t.Sample.IsEmpty).ToList();
        if (tables.Count == 0) return;
        html.Raw("<section aria-labelledby=\"samples\"><h2 id=\"samples\">Rows side by side</h2>").Element("p", $"Chosen at random with seed {report.SampleSeed}; the same seed chooses the same rows.", "note");
        foreach (var table in tables)
        {
            html.Raw("<details><summary>").Element("b", table.Table).Text($" {table.Sample.Length} row(s)").Raw("</summary>");
            foreach (var row in table.Sample) Sample(row);
            html.Raw("</details>");
        }
        html.Raw("</section>");
    }

    private void Sample(SampleRow row)
    {
        html.Raw("<h4>").Text(row.Key).Raw("</h4>");
        Open(row.Key, "Column", "Source", "Target", "");
        foreach (var value in row.Values)
        {
            html.Raw(value.Equal ? "<tr>" : "<tr class=\"hot\">").Raw("<th scope=\"row\">").Text(value.Column).Raw("</th>");
            Value(value.Source);
            Value(value.Target);
            html.Raw("<td>");
            Mark(html, value.Equal ? Verdict.Equal : Verdict.Different);
            html.Raw("</td></tr>");
        }
        Close();
    }

    private void Open(string label, params ReadOnlySpan<string> columns)
    {
        html.Raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"").Text(label).Raw("\"><table><thead><tr>");
        foreach (var column in columns) html.Raw(column.Length == 0 ? "<td></td>" : $"<th scope=\"col\">{column}</th>");
        html.Raw("</tr></thead><tbody>");
    }

    private void Close() => html.Raw("</tbody></table></div>");

    private void Whole(string? value, string absent)
    {
        if (value is null) html.Raw("<td>").Element("span", absent, "none").Raw("</td>");
        else Value(value);
    }

    private void Value(string? value)
    {
        html.Raw("<td class=\"v\">");
        if (value is null) html.Raw("<span class=\"none\">NULL</span>");
        else if (value.Length == 0) html.Raw("<span class=\"none\">(empty text)</span>");
        else html.Text(value);
        html.Raw("</td>");
    }
}
