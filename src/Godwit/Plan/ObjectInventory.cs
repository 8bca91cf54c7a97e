using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>Every object of the source with the steps that make it in the target, so that a report can set both side by side.</summary>
internal static class ObjectInventory
{
    public static IEnumerable<SourceObject> List(DatabaseSchema schema, IEnumerable<SqlStep> steps)
    {
        var all = steps.ToList();
        foreach (var table in schema.Tables)
        {
            var indexes = table.Indexes.Select(i => $"index {i.Name}").ToHashSet(StringComparer.Ordinal);
            yield return new("table", table.Name, table.Name, table.Sql, false,
                [.. all.Where(s => s.Kind == StepKind.Table && s.Subject == table.Name || s.Table == table.Name && !indexes.Contains(s.Subject) && s.Kind is not (StepKind.Analyze or StepKind.Trigger or StepKind.ForeignKeyValidation)).Select(s => s.Id)]);
            foreach (var index in table.Indexes)
                yield return new("index", index.Name, $"index {index.Name}", index.Sql, index.Predicate is not null || index.Terms.Any(t => t.Column is null || t.Collation is not null),
                    [.. all.Where(s => s.Kind == StepKind.Index && s.Subject == $"index {index.Name}").Select(s => s.Id)]);
        }
        foreach (var view in schema.Views)
            yield return new("view", view.Name, $"view {view.Name}", view.Sql, true, [.. all.Where(s => s.Kind == StepKind.View && s.Subject == $"view {view.Name}").Select(s => s.Id)]);
        foreach (var trigger in schema.Triggers)
            yield return new("trigger", trigger.Name, $"trigger {trigger.Name} of {trigger.Table}", trigger.Sql, true, [.. all.Where(s => s.Id == $"trigger {trigger.Name}").Select(s => s.Id)]);
        foreach (var other in schema.Others)
            yield return new(other.Kind, other.Name, other.Name, other.Sql, false, []);
    }
}
