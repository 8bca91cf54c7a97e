using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Plan;

/// <summary>Views in the order in which they build on each other; what cannot be translated is a finding with its SQL.</summary>
internal static class ViewPlanner
{
    public static IEnumerable<SqlStep> Plan(PlanContext context)
    {
        var scope = new TranslationScope([.. context.Tables.Select(context.Scope)]);
        foreach (var view in Ordered(context.Input.Schema.Views, context.Input.Translator))
        {
            var subject = $"view {view.Name}";
            var translation = context.Input.Translator.View(view, scope);
            if (translation.Query is null)
            {
                context.Find("view-not-translated", Severity.Warning, subject, $"{translation.Problem} Its SQL: {view.Sql}", Remedy(context, translation.Missing) ?? "Rewrite it for PostgreSQL and create it by hand.");
                continue;
            }
            context.Helpers.UnionWith(translation.Helpers);
            foreach (var note in translation.Notes) context.Find("translated-with-note", Severity.Info, subject, note);
            var name = context.Names.AddView(view.Name);
            var load = new SqlName(PlanContext.LoadSchema, name);
            var columns = context.Names.ViewColumns(view.Name, translation.Columns.Select(c => c.TargetName));
            var renamed = !columns.SequenceEqual(translation.Columns.Select(c => c.TargetName), StringComparer.Ordinal);
            context.Views.Add(new(view.Name, load, [.. translation.Columns.Zip(columns, (c, n) => c with { TargetName = n })]));
            scope = new(scope.Tables.Add(context.Views[^1]));
            yield return new($"view {view.Name}", StepKind.View, subject, $"CREATE VIEW {load}{(renamed ? $" ({SqlName.List(columns)})" : "")} AS\n{translation.Query}", "A view of the source.", $"DROP VIEW {load}") { Fallback = "" };
        }
    }

    /// <summary>What to do where a view or trigger names something that is not migrated with it.</summary>
    public static string? Remedy(PlanContext context, string? missing) => missing is null ? null
        : context.Input.Schema.Others.Any(o => NameComparer.Same(o.Name, missing) && o.Kind.StartsWith("virtual", StringComparison.OrdinalIgnoreCase))
        ? $"{missing} is a virtual table, which is not carried over. What only fills it has no use in PostgreSQL: for full-text search --fts makes a tsvector column that keeps itself up to date."
        : $"Where {missing} was left out, leave it in. Where it stands in another file that the application attaches, migrate that file too, into a schema of its own (--schema), and create this by hand: docs/how-to/several-files.md.";

    private static List<View> Ordered(ImmutableArray<View> views, ISqlTranslator translator)
    {
        var byName = views.ToDictionary(v => v.Name, NameComparer.Instance);
        var done = new HashSet<string>(NameComparer.Instance);
        var ordered = new List<View>();
        void Visit(View view)
        {
            if (!done.Add(view.Name)) return;
            foreach (var name in translator.References(view))
                if (byName.TryGetValue(name, out var other)) Visit(other);
            ordered.Add(view);
        }
        foreach (var view in views) Visit(view);
        return ordered;
    }
}
