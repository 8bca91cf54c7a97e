using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.TypeMapping;

namespace Godwit.Report;

internal sealed class HtmlPlan(HtmlWriter html)
{
    public void Write(MigrationPlan plan)
    {
        Types(plan);
        html.Raw("<section aria-labelledby=\"sql\"><h2 id=\"sql\">What was run</h2>");
        Steps("Before the data", plan.PreData);
        Steps("After the data", plan.PostData);
        Steps("Publishing, in one transaction", plan.Publish);
        html.Raw("</section>");
    }

    private void Types(MigrationPlan plan)
    {
        if (plan.Tables.IsEmpty) return;
        html.Raw("<section aria-labelledby=\"types\"><h2 id=\"types\">Types and why</h2>");
        foreach (var table in plan.Tables)
        {
            html.Raw("<details><summary>").Element("b", table.Source).Text($" {table.Columns.Length} column(s)")
                .Raw("</summary><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Types of ").Text(table.Source)
                .Raw("\"><table><thead><tr><th scope=\"col\">Column</th><th scope=\"col\">Declared</th><th scope=\"col\">PostgreSQL</th><th scope=\"col\">Keeps</th><th scope=\"col\">Why</th></tr></thead><tbody>");
            foreach (var column in table.Columns)
            {
                html.Raw("<tr><th scope=\"row\">").Text(column.Source);
                if (column.Target != column.Source) html.Raw(" <span class=\"none\">as</span> ").Text(column.Target);
                html.Raw("</th><td><code>").Text(column.DeclaredType).Raw("</code></td><td><code>").Text(column.PgType).Raw("</code></td>")
                    .Element("td", Kept(column.Fidelity), column.Fidelity == Fidelity.Lossy ? "hot" : null).Element("td", column.Why).Raw("</tr>");
            }
            html.Raw("</tbody></table></div></details>");
        }
        html.Raw("</section>");
    }

    private static string Kept(Fidelity fidelity) => fidelity switch
    {
        Fidelity.Exact => "every bit",
        Fidelity.Equivalent => "the meaning",
        _ => "not everything",
    };

    private void Steps(string title, ImmutableArray<SqlStep> steps)
    {
        if (steps.IsEmpty) return;
        html.Raw("<details><summary>").Element("b", title).Text($" {steps.Length} statement(s)").Raw("</summary>");
        foreach (var step in steps)
            html.Raw("<p class=\"why\"><b>").Text(step.Subject).Raw("</b> ").Text(step.Why).Raw("</p><pre tabindex=\"0\">").Text(step.Sql).Raw("</pre>");
        html.Raw("</details>");
    }
}
