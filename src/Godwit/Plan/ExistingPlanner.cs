using System.Collections.Immutable;
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
                steps.Add(new($"sequence {table.Name}.{column.Name}", StepKind.Sequence, $"{table.Name}.{column.Name}", Restart(existing.Name, column.Name), "The next key follows the largest one in the table."));
            steps.Add(new($"analyze {table.Name}", StepKind.Analyze, table.Name, $"ANALYZE {existing.Name}", "Statistics for the query planner.") { Table = table.Name });
        }
        return new()
        {
            Source = context.Input.Source,
            SourcePosition = context.Input.Position.Value,
            TargetSchema = context.Options.TargetSchema,
            LoadSchema = PlanContext.LoadSchema,
            Tables = [.. ParentsFirst(context, tables.ToImmutable())],
            PostData = [.. steps.OrderBy(s => s.Kind)],
            Findings = [.. context.Findings, .. context.Names.Findings],
        };
    }

    // Sequences of serial and identity columns alike; a column without one is left alone.
    private static string Restart(SqlName table, string column) =>
        $"SELECT setval(s, greatest((SELECT max({SqlName.Quote(column)}) FROM {table}), 1)) "
        + $"FROM pg_get_serial_sequence({SqlText.Literal(table.ToString())}, {SqlText.Literal(column)}) s WHERE s IS NOT NULL AND EXISTS (SELECT FROM {table})";

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
        var whole = TablePlanner.Plan(context, table).Plan;
        return whole with { Load = existing.Name, Target = existing.Name, Columns = columns.ToImmutable(), Rows = profile.Rows };
    }

    // The target's foreign keys are alive while rows come in: parents go first. A cycle keeps its given order, and the server has the last word.
    private static List<TablePlan> ParentsFirst(PlanContext context, ImmutableArray<TablePlan> plans)
    {
        var ordered = new List<TablePlan>();
        var seen = new HashSet<string>(NameComparer.Instance);
        void Visit(TablePlan plan)
        {
            if (!seen.Add(plan.Source)) return;
            foreach (var key in context.Input.Schema.FindTable(plan.Source)!.ForeignKeys)
                if (plans.FirstOrDefault(p => NameComparer.Same(p.Source, key.ParentTable)) is { } parent) Visit(parent);
            ordered.Add(plan);
        }
        foreach (var plan in plans) Visit(plan);
        return ordered;
    }
}
