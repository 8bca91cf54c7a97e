using System.Collections.Immutable;

namespace Godwit.Check;

public enum Readiness { Pass, Warn, Block }

/// <summary>
/// One thing that was looked at. <paramref name="Code"/> is stable and kebab-case; <paramref name="Subject"/> is "source", "target" or the object
/// in source names; <paramref name="Remedy"/> is what to do, null where nothing is to be done.
/// </summary>
public sealed record ReadinessItem(string Code, Readiness Level, string Subject, string Detail, string? Remedy = null);

/// <summary>Whether a migration can start, and what it will meet. Nothing was changed to find out.</summary>
public sealed record ReadinessReport(string Source, string? Target, ImmutableArray<ReadinessItem> Items)
{
    public Readiness Level => Items.IsEmpty ? Readiness.Block : Items.Max(i => i.Level);
}
