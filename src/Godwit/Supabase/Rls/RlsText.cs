namespace Godwit.Supabase.Rls;

/// <summary>A plan as SQL to review, edit and run by psql: one transaction, each statement under its reason.</summary>
public static class RlsText
{
    public static string Write(RlsPlan plan, string target)
    {
        using var text = new StringWriter { NewLine = "\n" };
        text.WriteLine($"-- Row-level security for {OneLine(target)}, schema {plan.Options.Schema}, by Godwit. Nothing was changed.");
        text.WriteLine($"-- Users: {plan.Users.Name} ({plan.UsersKey}). Whose a table's rows are:");
        foreach (var table in plan.Tables) text.WriteLine($"--   {OneLine(table.Relation.Name.Name)}: {OneLine(RlsPlan.Describe(table.Ownership))}");
        text.WriteLine("-- Apply: godwit rls apply with the same options, or psql -v ON_ERROR_STOP=1 -f THIS FILE. Then: godwit rls test.");
        text.WriteLine("\nBEGIN;");
        var subject = "";
        foreach (var step in plan.Steps)
        {
            if (step.Subject != subject) text.WriteLine($"\n-- == {OneLine(subject = step.Subject)} ==");
            text.WriteLine($"-- {OneLine(step.Why)}");
            text.WriteLine($"{step.Sql};");
        }
        text.WriteLine("\nCOMMIT;");
        if (!plan.Findings.IsEmpty) text.WriteLine($"\n-- == findings ({plan.Findings.Length}) ==");
        foreach (var finding in plan.Findings.OrderByDescending(f => f.Severity))
        {
            text.WriteLine($"-- {finding.Severity.ToString().ToLowerInvariant()} {finding.Code}: {OneLine(finding.Subject)}: {OneLine(finding.Problem)}");
            if (finding.Hint is { } hint) text.WriteLine($"--   try: {OneLine(hint)}");
        }
        return text.ToString();
    }

    // A line break in a name must not end the comment that it stands in.
    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
