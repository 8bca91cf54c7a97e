using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>Schema + profiles + options -> plan. Pure: reads nothing, changes nothing, and gives the same plan for the same input.</summary>
public static class Planner
{
    // PostgreSQL's own limit: https://www.postgresql.org/docs/current/limits.html
    private const int MaxColumns = 1600;

    public static MigrationPlan Plan(PlanInput input)
    {
        if (input.Schema.Postgres is not null) return StatementPlanner.Plan(input);
        var tooWide = input.Schema.Tables.Where(t => t.Columns.Length > MaxColumns).ToList();
        var schema = input.Schema;
        input = input with { Schema = input.Schema with { Tables = input.Schema.Tables.RemoveRange(tooWide) } };
        var names = new NameMap(input.Options.Names, input.Taken);
        foreach (var table in input.Schema.Tables) names.AddTable(table);
        var context = new PlanContext(input, names);
        context.Findings.AddRange(input.SourceFindings);
        foreach (var table in tooWide)
            context.Find("table-too-wide", input.Options.Misfits == MisfitPolicy.Fail ? Severity.Block : Severity.Warning, table.Name,
                $"{table.Columns.Length} columns; a PostgreSQL table can have {MaxColumns}. The table and its {input.Profiles[table.Name].Rows} row(s) are left out.", "Split the table in the source.");
        IndexPlanner.MarkByteOrdered(context);
        TypePlanner.Choose(context);
        return input.Options.DataOnly || input.Options.IfExists == IfExists.Append ? ExistingPlanner.Plan(context) : Whole(context, schema);
    }

    private static MigrationPlan Whole(PlanContext context, DatabaseSchema whole)
    {
        var tables = context.Tables.Select(t => TablePlanner.Plan(context, t)).ToList();
        var postData = PostData(context, tables.SelectMany(t => t.Sequences)).ToImmutableArray();
        NameOthers(context);
        ImmutableArray<SqlStep> preData = [.. Prepare(context), .. tables.Select(t => t.Step)];
        return new()
        {
            Source = context.Input.Source,
            SourcePosition = context.Input.Position.Value,
            TargetSchema = context.Options.TargetSchema,
            LoadSchema = PlanContext.LoadSchema,
            PreData = preData,
            Tables = context.Options.SchemaOnly ? [] : [.. tables.Select(t => t.Plan with { Expressions = [.. context.Expressions.Where(e => e.Table == t.Plan.Source).Select(e => e.Expression)] })],
            PostData = postData,
            Publish = [.. Publish(context, postData)],
            Sequences = [.. tables.SelectMany(t => t.Sequences)],
            Views = [.. context.Views.Select(v => new ViewPlan(v.SourceName, new(context.Options.TargetSchema, v.Target.Name), [.. v.Columns.Select(c => new ViewColumnPlan(c.SourceName, c.TargetName, c.PgType, c.NumericTime) { Geometry = c.Geometry })]))],
            Objects = [.. ObjectInventory.List(whole, preData.Concat(postData))],
            Findings = [.. context.Findings, .. context.Names.Findings],
        };
    }

    private static IEnumerable<SqlStep> Prepare(PlanContext context)
    {
        var load = new SqlName(PlanContext.LoadSchema);
        yield return new("schema load", StepKind.Schema, "load schema", $"CREATE SCHEMA {load}", "Everything is built here, unseen, and published at the end in one transaction.", $"DROP SCHEMA {load} CASCADE");
        // Helpers become known while tables, indexes and views are translated: the caller enumerates this after them.
        foreach (var (sql, number) in context.Input.Translator.HelperSql(context.Helpers, CompatSchema).Select((s, i) => (s, i)))
            yield return new($"helper {number}", StepKind.Helper, "godwit_compat", number == 0 ? $"CREATE SCHEMA IF NOT EXISTS {CompatSchema};\n{sql}" : sql, "SQLite's meaning of a function that PostgreSQL defines differently.");
    }

    public const string CompatSchema = "godwit_compat";

    private static IEnumerable<SqlStep> PostData(PlanContext context, IEnumerable<SequencePlan> sequences)
    {
        var steps = new List<SqlStep>();
        foreach (var sequence in sequences)
            steps.Add(new($"sequence {sequence.Table}", StepKind.Sequence, $"{sequence.Table}.{sequence.Column}",
                $"ALTER TABLE {new SqlName(PlanContext.LoadSchema, sequence.Target.Name)} ALTER COLUMN {SqlName.Quote(sequence.TargetColumn)} RESTART WITH {sequence.NextValue}",
                "The next key follows the largest one ever given out."));
        foreach (var table in context.Tables)
        {
            steps.AddRange(IndexPlanner.Plan(context, table));
            steps.AddRange(ConstraintPlanner.Checks(context, table));
            steps.AddRange(ConstraintPlanner.ForeignKeys(context, table));
            steps.Add(new($"analyze {table.Name}", StepKind.Analyze, table.Name, $"ANALYZE {context.Load(table)}", "Statistics for the query planner.") { Table = table.Name });
        }
        steps.AddRange(ViewPlanner.Plan(context));
        steps.AddRange(TriggerPlanner.Plan(context));
        foreach (var table in context.Tables) context.Findings.AddRange(table.Findings);
        return steps.OrderBy(s => s.Kind);
    }

    private static IEnumerable<SqlStep> Publish(PlanContext context, ImmutableArray<SqlStep> postData)
    {
        var schema = new SqlName(context.Options.TargetSchema);
        var names = context.Tables.Select(t => (Name: context.Names.Table(t.Name), Subject: t.Name, Kind: "TABLE"))
            .Concat(postData.Where(s => s.Kind == StepKind.View).Select(s => s.Subject["view ".Length..]).Select(v => (Name: context.Names.Table(v), Subject: v, Kind: "VIEW"))).ToList();
        yield return new("publish schema", StepKind.Publish, context.Options.TargetSchema, $"CREATE SCHEMA IF NOT EXISTS {schema}", "The schema that the application uses.");
        if (context.Options.IfExists == IfExists.Replace)
            foreach (var kind in new[] { "VIEW", "TABLE" })
                if (names.Where(n => n.Kind == kind).Select(n => new SqlName(context.Options.TargetSchema, n.Name).ToString()).ToList() is { Count: > 0 } old)
                    yield return new($"publish drop {kind}", StepKind.Publish, context.Options.TargetSchema, $"DROP {kind} IF EXISTS {string.Join(", ", old)}", "Asked for by --if-exists replace; the old ones are there until this moment.");
        foreach (var (name, subject, kind) in names)
            yield return new($"publish {subject}", StepKind.Publish, subject, $"ALTER {kind} {(kind == "VIEW" ? "IF EXISTS " : "")}{new SqlName(PlanContext.LoadSchema, name)} SET SCHEMA {schema}", "Appears with all the others at once.");
        foreach (var step in TriggerPlanner.Publish(context, postData)) yield return step;
        yield return new("publish done", StepKind.Publish, "load schema", $"DROP SCHEMA {new SqlName(PlanContext.LoadSchema)}", "Nothing is left behind.");
    }

    private static void NameOthers(PlanContext context)
    {
        foreach (var table in context.Tables)
        {
            if (table.Virtual is { } module)
                context.Find("virtual-table-kept", Severity.Info, table.Name, $"The content of a virtual table ({module}) is kept as a plain table. MATCH and the like are not.",
                    table.TextSearch is not null ? "--fts gives it a tsvector column with a GIN index." : "A GiST index on box(point(...), point(...)) finds overlapping rectangles.");
            else if (table.TextSearch is { Index: { } index } && !context.Options.FullTextSearch)
                context.Find("full-text-offered", Severity.Info, table.Name, $"The full-text index {index} holds words of {string.Join(", ", table.TextSearch.Columns)}.", "--fts gives the table a tsvector column with a GIN index, which keeps itself up to date.");
        }
        NameGeometries(context);
        foreach (var other in context.Input.Schema.Others)
            if (SpatialIndexes.Name(context, other)) continue;
            else if (other.Kind.StartsWith("virtual", StringComparison.OrdinalIgnoreCase))
                context.Find("virtual-table-skipped", Severity.Warning, other.Name, $"A {other.Kind} is not a table of rows; it is not carried over. Its SQL: {other.Sql}", "For full-text search use tsvector with a GIN index.");
            else
                context.Find("internal-table-skipped", Severity.Info, other.Name, $"A {other.Kind} of SQLite's own; it has no meaning outside of it.");
    }

    // https://www.geopackage.org/spec/#gpb_format: flags, an envelope of 0, 4, 6 or 8 doubles, then the standard's binary form.
    private static void NameGeometries(PlanContext context)
    {
        if (context.Input.PostGis is not null) return;
        var package = context.Input.Schema.FindTable("gpkg_geometry_columns") is not null;
        if (!package && context.Input.Schema.FindTable("geometry_columns") is null) return;
        foreach (var table in context.Tables)
            foreach (var column in table.Columns.Where(c => IsGeometry(c.DeclaredType) && context.Type(table, c).PgType == "bytea"))
            {
                var name = SqlName.Quote(context.Column(table, column.Name));
                context.Find("geometry-kept-as-bytes", Severity.Warning, $"{table.Name}.{column.Name}", $"A {column.DeclaredType} of {(package ? "a GeoPackage" : "SpatiaLite")} is kept as its bytes.",
                    package ? $"With PostGIS in the target (create extension postgis) a migration makes it a geometry. Later: ALTER TABLE {context.Target(table)} ALTER COLUMN {name} TYPE geometry USING ST_SetSRID(ST_GeomFromWKB(substr({name}, 9 + (ARRAY[0,32,48,48,64])[1 + (get_byte({name}, 3) >> 1 & 7)])), SRS-ID)"
                    : "With PostGIS in the target (create extension postgis) a migration makes it a geometry.");
            }
    }

    private static bool IsGeometry(string type) =>
        type.Split('(')[0].Trim().ToUpperInvariant() is "GEOMETRY" or "POINT" or "LINESTRING" or "POLYGON" or "MULTIPOINT" or "MULTILINESTRING" or "MULTIPOLYGON" or "GEOMETRYCOLLECTION" or "GEOMCOLLECTION"
            or "CIRCULARSTRING" or "COMPOUNDCURVE" or "CURVEPOLYGON" or "MULTICURVE" or "MULTISURFACE" or "CURVE" or "SURFACE";
}
