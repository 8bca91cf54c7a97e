using Godwit.Plan;

namespace Godwit.Cli.Terminal;

/// <summary>A plan as SQL to read: what runs, in order, each statement under its reason. Plain text, also where it is piped.</summary>
internal static class PlanText
{
    public static void Write(TextWriter output, MigrationPlan plan)
    {
        output.WriteLine(plan.InPlace ? $"-- Godwit's plan for {OneLine(plan.Source)}" : $"-- Godwit's plan for {OneLine(plan.Source)} -> schema {plan.TargetSchema}");
        if (plan.InPlace) output.WriteLine("-- Objects are made where they belong, each in a transaction of its own; rights come when everything is there. Nothing was changed.");
        else output.WriteLine($"-- Built in schema {plan.LoadSchema}, moved to {plan.TargetSchema} in one transaction at the end. Nothing was changed.");
        Section(output, "before the data", plan.PreData);
        Data(output, plan);
        Section(output, "after the data", plan.PostData);
        if (plan.Publish.Length > 0)
        {
            Head(output, "publish, in one transaction");
            output.WriteLine("BEGIN;");
            foreach (var step in plan.Publish) Step(output, step);
            output.WriteLine("COMMIT;");
        }
        Findings(output, plan);
    }

    private static void Section(TextWriter output, string title, IReadOnlyCollection<SqlStep> steps)
    {
        if (steps.Count == 0) return;
        Head(output, title);
        foreach (var step in steps) Step(output, step);
    }

    private static void Data(TextWriter output, MigrationPlan plan)
    {
        if (plan.Tables.IsEmpty) return;
        Head(output, "the data, by COPY");
        foreach (var table in plan.Tables)
        {
            output.WriteLine();
            output.WriteLine($"-- {OneLine(table.Source)} -> {table.Target}: {Units.Plural(table.Rows, "row")}, {Units.Bytes(table.Bytes)}, {Units.Plural(Math.Max(1, table.Chunks.Length), "chunk")}" +
                (table.ExpectedMisfits > 0 ? $", {Units.Plural(table.ExpectedMisfits, "row")} to quarantine" : ""));
            if (plan.InPlace)
            {
                output.WriteLine(table.Format == Source.RowFormat.Binary ? "--   undecoded, in the binary format" : $"--   as text, because of {string.Join(", ", table.Columns.Where(c => c.Why.Contains("as text", StringComparison.Ordinal)).Select(c => OneLine(c.Source)))}");
                continue;
            }
            foreach (var column in table.Columns)
                output.WriteLine($"--   {OneLine(column.Target)} {column.PgType}: {(column.DeclaredType.Length == 0 ? "no type declared" : OneLine(column.DeclaredType))}; {OneLine(column.Why)}");
        }
    }

    private static void Step(TextWriter output, SqlStep step)
    {
        output.WriteLine();
        output.WriteLine($"-- {OneLine(step.Why)}");
        if (step.Fallback is { } fallback) output.WriteLine(fallback.Length == 0 ? "-- left out if the data refuse it" : $"-- if the data refuse it: {OneLine(fallback)}");
        var sql = step.Sql.TrimEnd();
        output.WriteLine(sql.EndsWith(';') ? sql : sql + ";");
    }

    private static void Findings(TextWriter output, MigrationPlan plan)
    {
        if (plan.Findings.IsEmpty) return;
        Head(output, $"findings ({plan.Findings.Length})");
        foreach (var finding in plan.Findings.OrderByDescending(f => f.Severity))
        {
            output.WriteLine();
            output.WriteLine($"-- {finding.Severity.ToString().ToLowerInvariant()} {finding.Code}: {OneLine(finding.Subject)}");
            output.WriteLine($"--   {OneLine(finding.Problem)}");
            if (finding.Hint is { } hint) output.WriteLine($"--   try: {OneLine(hint)}");
        }
    }

    private static void Head(TextWriter output, string title)
    {
        output.WriteLine();
        output.WriteLine($"-- == {title} ==");
    }

    // A line break in a name must not end the comment that it stands in.
    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
