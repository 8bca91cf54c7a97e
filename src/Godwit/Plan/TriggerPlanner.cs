using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>Triggers with a function each, made when all rows are loaded, so that none fires for them. What cannot be translated is a finding with its SQL.</summary>
internal static class TriggerPlanner
{
    private sealed record Planned(Trigger Source, TriggerTranslation Translation);

    public static IEnumerable<SqlStep> Plan(PlanContext context)
    {
        var scope = Scope(context);
        var planned = new List<Planned>();
        foreach (var trigger in context.Input.Schema.Triggers)
        {
            var translation = context.Input.Translator.Trigger(trigger, scope, onceAtATime: false);
            if (translation.Body is not null) planned.Add(new(trigger, translation));
            else if (context.Input.Schema.FindTable(trigger.Table)?.TextSearch?.Index is { } index && trigger.Sql.Contains(index, StringComparison.OrdinalIgnoreCase))
                context.Find("trigger-keeps-index", Severity.Info, Subject(trigger), $"It keeps the full-text index {index} up to date, which is not carried over. Its SQL: {trigger.Sql}", "--fts makes a tsvector column, which keeps itself up to date.");
            else
                context.Find("trigger-not-translated", Severity.Warning, Subject(trigger), $"{translation.Problem}. Its SQL: {trigger.Sql}", ViewPlanner.Remedy(context, translation.Missing) ?? "Write it as a PL/pgSQL trigger, or do its work in the application.");
        }
        foreach (var group in planned.GroupBy(p => (p.Translation.Table.ToUpperInvariant(), p.Translation.Timing, p.Translation.Event)))
        {
            // SQLite fires the newest first, PostgreSQL in the order of the names.
            var order = group.Reverse().ToList();
            var sorted = order.Select(p => p.Source.Name).SequenceEqual(order.Select(p => p.Source.Name).Order(StringComparer.Ordinal));
            if (!sorted)
                context.Find("trigger-order", Severity.Info, $"triggers of {group.First().Source.Table}", $"Several triggers fire {group.Key.Timing} {group.Key.Event}: PostgreSQL goes by name, so they are numbered in the order in which SQLite fires them. SQLite does not promise that order.");
            foreach (var (p, place) in order.Select((p, i) => (p, i)))
                yield return Step(context, scope, p, IsCyclic(p, planned), sorted ? p.Source.Name : $"{place + 1:00}_{p.Source.Name}");
        }
    }

    private static string Subject(Trigger trigger) => $"trigger {trigger.Name} of {trigger.Table}";

    // The names that stand in a function's text are looked up when it runs: the tables are published by then.
    private static TranslationScope Scope(PlanContext context)
    {
        var triggers = context.Input.Schema.Triggers.ToLookup(t => t.Table, context.Input.Translator.Fires, NameComparer.Instance);
        return new(
        [
            .. context.Tables.Select(t => context.Scope(t) with
            {
                Target = context.Target(t),
                Columns = [.. t.Columns.Select(c => context.ScopeColumn(t, c) with { InPlaceOfNull = InPlaceOfNull(context, t, c) })],
                UniqueKeys = IndexPlanner.Keys(context, t),
                PrimaryKey = t.PrimaryKey is { } key && key.Columns.All(c => t.FindColumn(c) is { } column && context.Profile(t, column)[ValueFact.Null] == 0) ? key.Columns : [],
                HasOtherUniqueIndexes = t.Indexes.Any(i => i.Unique && !IndexPlanner.IsPlainKey(i)),
                MayRefuse = t.Checks.Length > 0 || t.Columns.Any(c => c.NotNull && !c.IsRowKey),
                Triggers = [.. triggers[t.Name].OfType<ScopeTrigger>()],
            }),
            .. context.Views.Select(v => v with { Target = new SqlName(context.Options.TargetSchema, v.Target.Name), IsView = true, Triggers = [.. triggers[v.SourceName].OfType<ScopeTrigger>()] }),
        ]);
    }

    // https://www.sqlite.org/lang_conflict.html, REPLACE: "it replaces the NULL value with the default value for that column".
    private static string? InPlaceOfNull(PlanContext context, Table table, Column column) =>
        column is { NotNull: true, Default: { } given } ? context.Input.Translator.Expression(given, context.Scope(table), context.ScopeColumn(table, column), ExpressionUse.Default).Sql : null;

    private static SqlStep Step(PlanContext context, TranslationScope scope, Planned planned, bool cyclic, string name)
    {
        var translation = cyclic ? context.Input.Translator.Trigger(planned.Source, scope, onceAtATime: true) : planned.Translation;
        var subject = Subject(planned.Source);
        context.Helpers.UnionWith(translation.Helpers);
        foreach (var note in translation.Notes) context.Find("translated-with-note", Severity.Info, subject, note);
        var table = scope.Find(translation.Table)!;
        var load = new SqlName(PlanContext.LoadSchema, table.Target.Name);
        var function = new SqlName(PlanContext.LoadSchema, context.Names.AddFunction(planned.Source.Name));
        var trigger = context.Names.AddTrigger(translation.Table, name);
        var quote = "$trigger$";
        for (var n = 1; translation.Body!.Contains(quote, StringComparison.Ordinal); n++) quote = $"$trigger{n}$";
        var sql = $"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS {quote}\n{translation.Body}\n{quote};\n"
            + $"CREATE TRIGGER {SqlName.Quote(trigger)} {translation.Timing} {translation.When} ON {load} FOR EACH ROW EXECUTE FUNCTION {function}()";
        return new($"trigger {planned.Source.Name}", StepKind.Trigger, subject, sql, cyclic ? "A trigger of the source, which does not fire for what it does itself." : "A trigger of the source.", $"DROP FUNCTION {function}() CASCADE")
        {
            Fallback = "",
            Table = table.IsView ? null : table.SourceName,
            Requires = table.IsView ? $"view {table.SourceName}" : null,
        };
    }

    private static bool IsCyclic(Planned start, List<Planned> all)
    {
        var seen = new HashSet<Planned>(ReferenceEqualityComparer.Instance);
        var open = new Stack<Planned>(all.Where(p => Fires(start, p)));
        while (open.TryPop(out var next))
        {
            if (ReferenceEquals(next, start)) return true;
            if (seen.Add(next))
                foreach (var p in all.Where(p => Fires(next, p))) open.Push(p);
        }
        return false;
    }

    private static bool Fires(Planned writer, Planned fired) => writer.Translation.Writes.Any(w =>
        NameComparer.Same(w.Table, fired.Translation.Table) && w.Event == fired.Translation.Event
        && (w.Columns.IsEmpty || fired.Translation.Columns.IsEmpty || w.Columns.Intersect(fired.Translation.Columns, StringComparer.OrdinalIgnoreCase).Any()));

    /// <summary>Moves the functions; a trigger goes with its table. A function is missing where its trigger was refused.</summary>
    public static IEnumerable<SqlStep> Publish(PlanContext context, ImmutableArray<SqlStep> postData)
    {
        foreach (var step in postData.Where(s => s.Kind == StepKind.Trigger))
        {
            var name = context.Names.Function(step.Id["trigger ".Length..]);
            var load = new SqlName(PlanContext.LoadSchema, name);
            var replace = context.Options.IfExists == IfExists.Replace ? $"DROP FUNCTION IF EXISTS {new SqlName(context.Options.TargetSchema, name)}(); " : "";
            var move = $"ALTER FUNCTION {load}() SET SCHEMA {new SqlName(context.Options.TargetSchema)};";
            yield return new($"publish {step.Id}", StepKind.Publish, step.Subject,
                $"DO $move$ BEGIN IF to_regprocedure({SqlText.Literal($"{load}()")}) IS NOT NULL THEN {replace}{move} END IF; END $move$", "Appears with its table.");
        }
    }
}
