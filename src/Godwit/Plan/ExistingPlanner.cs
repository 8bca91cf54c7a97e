using System.Collections.Immutable;
using System.Globalization;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>--data-only and --if-exists append: rows into tables that are there already, columns found by name, sequences moved past the data.</summary>
internal static class ExistingPlanner
{
    public static MigrationPlan Plan(PlanContext context)
    {
        var tables = ImmutableArray.CreateBuilder<TablePlan>();
        var steps = ImmutableArray.CreateBuilder<SqlStep>();
        foreach (var table in context.Tables)
        {
            if (!context.Input.Existing.TryGetValue(context.Names.Table(table.Name), out var existing))
            {
                context.Find("target-table-missing", Severity.Block, table.Name, $"{context.Target(table)} does not exist, and --data-only creates nothing.", $"Create it, or leave it out: --exclude '{table.Name}'.");
                continue;
            }
            tables.Add(TablePlan(context, table, existing));
            foreach (var column in existing.Columns.Where(c => (c.Identity || c.HasDefault) && c.PgType is ("smallint" or "integer" or "bigint")))
                steps.Add(new($"sequence {table.Name}.{column.Name}", StepKind.Sequence, $"{table.Name}.{column.Name}", Restart(existing.Name, column.Name, KeyOf(context, table, column)), "The next key follows the largest one ever given out."));
            if (existing.Triggers is { IsEmpty: false } triggers)
            {
                var (problem, hint) = ExistingTables.Firing(existing.Name, triggers);
                context.Find("target-triggers-fire", Severity.Warning, table.Name, problem, hint);
            }
            steps.Add(new($"analyze {table.Name}", StepKind.Analyze, table.Name, $"ANALYZE {existing.Name}", "Statistics for the query planner.") { Table = table.Name });
        }
        // The target's foreign keys are alive while rows come in.
        var (ordered, off) = KeyOrder<ExistingKey>.Of(tables, [.. Keys(context, tables)]);
        var cyclic = off.Select(k => (Plan: k.Children[0], k.Key)).ToList();
        foreach (var (plan, key) in cyclic) steps.AddRange(Again(plan, key));
        return new()
        {
            Source = context.Input.Source,
            SourcePosition = context.Input.Position.Value,
            TargetSchema = context.Options.TargetSchema,
            LoadSchema = PlanContext.LoadSchema,
            PreData = [.. cyclic.Select(c => new SqlStep($"off {c.Plan.Source} {c.Key.Name}", StepKind.Constraint, Subject(c.Plan, c.Key), $"ALTER TABLE {c.Plan.Target} DROP CONSTRAINT {SqlName.Quote(c.Key.Name)}",
                "Rows that need each other come in one after the other; the key is made again behind them.", $"ALTER TABLE {c.Plan.Target} ADD CONSTRAINT {SqlName.Quote(c.Key.Name)} {c.Key.Definition}"))],
            Tables = [.. ordered],
            PostData = [.. steps.OrderBy(s => s.Kind)],
            Findings = [.. context.Findings, .. context.Names.Findings],
        };
    }

    // Sequences of serial and identity columns alike, and one that only the default names; a column without one is left alone. Never back.
    private static string Restart(SqlName table, string column, long? lastKey) =>
        $"SELECT setval(s, greatest((SELECT max({SqlName.Quote(column)}) FROM {table}), {(lastKey ?? 1).ToString(CultureInfo.InvariantCulture)}, pg_sequence_last_value(s), 1)) "
        + $"FROM (SELECT coalesce(pg_get_serial_sequence({SqlText.Literal(table.ToString())}, {SqlText.Literal(column)})::regclass, (SELECT d.refobjid::regclass FROM pg_attrdef e "
        + $"JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_class'::regclass "
        + $"JOIN pg_class q ON q.oid = d.refobjid AND q.relkind = 'S' WHERE e.adrelid = {SqlText.Literal(table.ToString())}::regclass AND a.attname = {SqlText.Literal(column)} LIMIT 1)) AS s) AS s "
        + $"WHERE s IS NOT NULL AND {(lastKey is null ? $"EXISTS (SELECT FROM {table})" : "true")}";

    private static long? KeyOf(PlanContext context, Table table, ExistingColumn column) =>
        table.Columns.FirstOrDefault(c => c.IsRowKey) is { } key && context.Input.Existing[context.Names.Table(table.Name)] is var existing && ExistingTables.Match(existing, context.Column(table, key.Name)) == column ? table.LastKey : null;

    private static string Subject(TablePlan plan, ExistingKey key) => $"foreign key {key.Name} of {plan.Source}";

    private static IEnumerable<LiveKey<ExistingKey>> Keys(PlanContext context, IReadOnlyCollection<TablePlan> plans) =>
        plans.SelectMany(child => context.Input.Existing[child.Target.Name].ForeignKeys
            .Select(key => new LiveKey<ExistingKey>(key, MayBeOff: true, [child], [.. plans.Where(p => p.Target.Name == key.Parent).Take(1)])).Where(k => k.Parents.Count > 0));

    private static IEnumerable<SqlStep> Again(TablePlan plan, ExistingKey key)
    {
        var (subject, name) = (Subject(plan, key), SqlName.Quote(key.Name));
        const string Unvalidated = " NOT VALID";
        var definition = key.Definition.EndsWith(Unvalidated, StringComparison.Ordinal) ? key.Definition[..^Unvalidated.Length] : key.Definition;
        yield return new($"foreign key {plan.Source} {key.Name}", StepKind.ForeignKey, subject, $"ALTER TABLE {plan.Target} ADD CONSTRAINT {name} {definition} NOT VALID", "The target's own key, as it was.") { Table = plan.Source };
        if (definition == key.Definition)
            yield return new($"validate {plan.Source} {key.Name}", StepKind.ForeignKeyValidation, subject, $"ALTER TABLE {plan.Target} VALIDATE CONSTRAINT {name}", "Proves that every row has its parent.") { Table = plan.Source, Fallback = "" };
    }

    private static TablePlan TablePlan(PlanContext context, Table table, ExistingTable existing)
    {
        var columns = ImmutableArray.CreateBuilder<ColumnPlan>();
        foreach (var column in table.Columns.Where(c => c.Generated is null))
        {
            var found = ExistingTables.Match(existing, context.Column(table, column.Name));
            var subject = $"{table.Name}.{column.Name}";
            if (found is null)
                context.Find("target-column-missing", Severity.Block, subject, $"{existing.Name} has no such column; its values would be lost.", "Add the column to the target.");
            else if (!found.Generated)
            {
                var type = context.Type(table, column);
                columns.Add(new(column.Name, found.Name, column.DeclaredType, type.PgType, type.Encoding, type.Fidelity, type.Why));
            }
        }
        foreach (var column in existing.Columns.Where(c => c.NotNull && !c.HasDefault && !c.Identity && !c.Generated && columns.All(p => p.Target != c.Name)))
            context.Find("target-column-unfilled", Severity.Block, $"{table.Name}.{column.Name}", "The target column is NOT NULL without a default, and the source has no such column.", "Give it a default.");
        var profile = context.Input.Profiles[table.Name];
        // What is said of definitions is not asked for: none is made.
        var said = context.Findings.Count;
        var whole = TablePlanner.Plan(context, table).Plan;
        context.Findings.RemoveRange(said, context.Findings.Count - said);
        return whole with { Load = existing.Name, Target = existing.Name, Columns = columns.ToImmutable(), Rows = profile.Rows };
    }
}
