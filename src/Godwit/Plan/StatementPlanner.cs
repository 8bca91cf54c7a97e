using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>What the parts of the planner share while a plan of statements is being made.</summary>
internal sealed class StatementContext(PlanInput input)
{
    public PlanInput Input { get; } = input;
    public PostgresFacts Facts { get; } = input.Schema.Postgres!;
    public MigrationOptions Options => Input.Options;
    /// <summary>Null where no target was named: everything is taken to be there.</summary>
    public TargetInventory? Target => Input.Inventory;
    public List<Finding> Findings { get; } = [];

    /// <summary>Roles that statements of the plan itself create.</summary>
    public ImmutableHashSet<string> NewRoles { get; } = [.. input.Schema.Postgres!.Statements.Where(s => s.Kind == "ROLE").Select(s => s.Name)];

    private readonly HashSet<(string, string?, string)> _made = [.. input.Schema.Postgres!.Statements.Select(s => (s.Kind, s.Schema, s.Name))];

    /// <summary>A statement makes the object: what a profile leaves out has no rows and no state to be set.</summary>
    public bool Makes(string kind, SqlName name) => _made.Contains((kind, name.Schema, name.Name));

    public bool HasRole(string role) =>
        Target is null || Target.Roles.Contains(role) || NewRoles.Contains(role) || role is "public" or "PUBLIC" or "CURRENT_USER" or "SESSION_USER" or "CURRENT_ROLE";

    public void Find(string code, Severity severity, string subject, string problem, string? hint = null)
    {
        var finding = new Finding(code, severity, subject, problem, hint);
        if (!Findings.Contains(finding)) Findings.Add(finding);
    }
}

/// <summary>
/// A plan for a source that speaks PostgreSQL: its own statements, each a step with its object. Nothing is translated; what a statement needs
/// of the target (roles, extensions, tablespaces) is looked after, and the order is such that nothing looks finished before it is.
/// </summary>
internal static class StatementPlanner
{
    public static MigrationPlan Plan(PlanInput input)
    {
        var context = new StatementContext(input);
        context.Findings.AddRange(input.SourceFindings);
        foreach (var table in input.Schema.Tables) context.Findings.AddRange(table.Findings);
        StatementHazards.Look(context);
        var existing = input.Options.DataOnly || input.Options.IfExists == IfExists.Append;
        var steps = existing ? [] : StatementSteps.Of(context).ToImmutableArray();
        var order = new StatementOrder(context, input.Options.SchemaOnly ? [] : [.. StatementTables.Of(context)]);
        var tables = order.Tables;
        ImmutableArray<SqlStep> preData = [.. steps.Where(s => s.Kind == StepKind.Object), .. order.Off];
        ImmutableArray<SqlStep> postData = [.. steps.Where(s => s.Kind != StepKind.Object).Concat(order.Again).Concat(AfterRows(context, tables)).OrderBy(s => s.Kind)];
        return new()
        {
            Source = input.Source,
            SourcePosition = input.Position.Value,
            TargetSchema = input.Options.TargetSchema,
            LoadSchema = PlanContext.LoadSchema,
            InPlace = true,
            LoadSearchPath = context.Facts.SearchPath,
            PreData = preData,
            Tables = tables,
            PostData = postData,
            Objects = [.. Objects(context, preData.Concat(postData).Select(s => s.Id).ToHashSet(StringComparer.Ordinal))],
            Findings = [.. context.Findings],
        };
    }

    /// <summary>What no statement of the dump says: statistics, contents of materialized views, where sequences stand.</summary>
    private static IEnumerable<SqlStep> AfterRows(StatementContext context, ImmutableArray<TablePlan> tables)
    {
        if (context.Options.SchemaOnly) yield break;
        var planned = tables.Select(t => t.Source).ToHashSet(StringComparer.Ordinal);
        var byName = context.Input.Schema.Tables.ToDictionary(t => t.Name, StringComparer.Ordinal);
        bool InTree(Table table) => table.Storage?.Parent is { } parent && byName.TryGetValue(parent, out var above) && above.Storage?.Kind == 'p';
        // Analyzing a partitioned table looks at its partitions too.
        foreach (var table in context.Input.Schema.Tables.Where(t => !InTree(t) && (planned.Contains(t.Name) || (t.Storage?.Kind == 'p' && context.Makes("TABLE", t.Relation!.Value)))))
            yield return new($"analyze {table.Name}", StepKind.Analyze, table.Name, StatementSteps.Under(context.Facts.SearchPath) + $"ANALYZE {table.Relation}", "Statistics for the query planner.") { Table = table.Name, Fallback = "" };
        foreach (var view in InOrder(context.Facts.MaterializedViews.Where(v => v.Populated && context.Makes("MATERIALIZED VIEW", v.Name))))
            yield return new($"refresh {view.Name}", StepKind.Refresh, $"MATERIALIZED VIEW {view.Name}", StatementSteps.Under(context.Facts.SearchPath) + $"REFRESH MATERIALIZED VIEW {view.Name};\nANALYZE {view.Name}",
                "Its rows are computed anew, when everything that they are made of is there.") { Fallback = "" };
        foreach (var sequence in context.Facts.Sequences.Where(s => context.Makes("SEQUENCE", s.Name)))
        {
            if (sequence.LastValue is not { } last)
            {
                var owner = sequence.Table is { } known && planned.Contains(known) ? byName[known].Relation : null;
                context.Find("sequence-unread", Severity.Warning, $"SEQUENCE {sequence.Name}", "The role may not read where the sequence stands; " + (owner is null ? "it begins anew." : $"it goes on behind the last value of {owner}.{SqlName.Quote(sequence.Column!)}."), $"GRANT SELECT ON SEQUENCE {sequence.Name} TO role, and migrate again; or set it by hand.");
                if (owner is { } rows) yield return BehindRows(sequence, rows);
                continue;
            }
            if (sequence.Table is { } table && !byName.ContainsKey(table)) continue;
            yield return new($"SEQUENCE SET {sequence.Name}", StepKind.Closing, $"SEQUENCE {sequence.Name}",
                $"SELECT pg_catalog.setval({SqlText.Literal(sequence.Name.ToString())}, {last}, {(sequence.IsCalled ? "true" : "false")})", "The next value is the one that the source would give.")
            { Table = sequence.Table, Fallback = "" };
        }
    }

    /// <summary>A sequence that feeds a column, past the column's values.</summary>
    private static SqlStep BehindRows(SequenceFact sequence, SqlName table)
    {
        var column = SqlName.Quote(sequence.Column!);
        return new($"SEQUENCE SET {sequence.Name}", StepKind.Closing, $"SEQUENCE {sequence.Name}",
            $"SELECT pg_catalog.setval(q.seqrelid::pg_catalog.regclass, l.last) FROM pg_catalog.pg_sequence q, (SELECT max({column}) AS high, min({column}) AS low FROM {table}) v, "
            + $"LATERAL (SELECT (CASE WHEN q.seqincrement > 0 THEN v.high ELSE v.low END)::bigint AS last) l WHERE q.seqrelid = {SqlText.Literal(sequence.Name.ToString())}::pg_catalog.regclass AND l.last BETWEEN q.seqmin AND q.seqmax",
            "Where the source stands may not be read: the next value is one that no row has.")
        { Table = sequence.Table, Fallback = "" };
    }

    private static List<MaterializedViewFact> InOrder(IEnumerable<MaterializedViewFact> views)
    {
        var all = views.ToDictionary(v => v.Name);
        var ordered = new List<MaterializedViewFact>();
        var seen = new HashSet<SqlName>();
        void Visit(MaterializedViewFact view)
        {
            if (!seen.Add(view.Name)) return;
            foreach (var before in view.DependsOn)
                if (all.TryGetValue(before, out var found)) Visit(found);
            ordered.Add(view);
        }
        foreach (var view in all.Values) Visit(view);
        return ordered;
    }

    private static IEnumerable<SourceObject> Objects(StatementContext context, HashSet<string> steps)
    {
        foreach (var statement in context.Facts.Statements.Concat(context.Facts.LeftOut))
            yield return new(statement.Kind.ToLowerInvariant(), statement.Schema is null ? statement.Name : $"{new SqlName(statement.Schema)}.{statement.Name}", statement.Subject, statement.Sql,
                statement.Rewritten is not null, [.. new[] { statement.Id, "validate " + statement.Id }.Where(steps.Contains)]);
    }
}
