using System.Collections.Immutable;
using Godwit.Plan;

namespace Godwit.Report;

/// <summary>What became of an object of the source.</summary>
public enum ObjectOutcome
{
    AsIs,
    /// <summary>Said in other words that mean the same.</summary>
    Translated,
    /// <summary>It is there and differs; <see cref="ReportedObject.How"/> says in what.</summary>
    Changed,
    Skipped,
}

/// <summary><paramref name="How"/>: codes and sentences of the findings about it. <paramref name="TargetSql"/> is empty where it was skipped.</summary>
public sealed record ReportedObject(string Kind, string Name, ObjectOutcome Outcome, ImmutableArray<string> How, string SourceSql, string TargetSql);

public static class ObjectReport
{
    /// <summary>In the order of the plan. Empty for plans that create nothing (--data-only).</summary>
    public static ImmutableArray<ReportedObject> Of(MigrationPlan plan, ImmutableArray<Finding> findings)
    {
        var steps = plan.PreData.Concat(plan.PostData).DistinctBy(s => s.Id).ToDictionary(s => s.Id, StringComparer.Ordinal);
        var refused = findings.Where(f => f.Code == "step-refused").Select(f => f.Subject).ToHashSet(StringComparer.Ordinal);
        var inexact = plan.Tables.Where(t => t.Columns.Any(c => c.Fidelity != TypeMapping.Fidelity.Exact)).Select(t => t.Source).ToHashSet(StringComparer.Ordinal);
        return [.. plan.Objects.Select(o => One(o, steps, refused, inexact.Contains(o.Name), findings))];
    }

    private static ReportedObject One(SourceObject source, Dictionary<string, SqlStep> steps, HashSet<string> refused, bool inexact, ImmutableArray<Finding> findings)
    {
        var made = source.Steps.Select(steps.GetValueOrDefault).OfType<SqlStep>().Where(s => !refused.Contains(s.Subject)).ToList();
        var about = findings.Where(f => IsAbout(f, source)).ToList();
        var outcome = made.Count == 0 ? ObjectOutcome.Skipped
            : about.Any(f => f.Severity == Severity.Warning) ? ObjectOutcome.Changed
            : source.Rewritten || source.Kind == "table" && (inexact || about.Count > 0) ? ObjectOutcome.Translated
            : ObjectOutcome.AsIs;
        return new(source.Kind, source.Name, outcome, [.. about.Select(f => f.Subject == source.Subject ? $"{f.Code}: {f.Problem}" : $"{f.Code}: {f.Subject}: {f.Problem}")],
            source.Sql, string.Join(";\n", made.Select(s => s.Sql)));
    }

    private static bool IsAbout(Finding finding, SourceObject source) => finding.Subject == source.Subject
        || source.Kind == "table" && (finding.Subject.StartsWith(source.Name + ".", StringComparison.Ordinal)
            || finding.Subject.EndsWith(" of " + source.Name, StringComparison.Ordinal) && !finding.Subject.StartsWith("trigger ", StringComparison.Ordinal));

    /// <summary>"12 as they are, 3 translated, 1 changed, 2 skipped"; empty where there are none.</summary>
    public static string Counts(ImmutableArray<ReportedObject> objects) => string.Join(", ", objects.GroupBy(o => o.Outcome).OrderBy(g => g.Key).Select(g => $"{g.Count():N0} {Word(g.Key)}"));

    public static string Word(ObjectOutcome outcome) => outcome switch
    {
        ObjectOutcome.AsIs => "as they are",
        ObjectOutcome.Translated => "translated",
        ObjectOutcome.Changed => "changed",
        _ => "skipped",
    };
}
