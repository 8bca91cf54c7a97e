using System.Collections.Immutable;
using System.Text;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>Statements of a dump as steps: when, under which settings, by which owner, and what happens when the server refuses.</summary>
internal static class StatementSteps
{
    public static IEnumerable<SqlStep> Of(StatementContext context)
    {
        var late = new HashSet<string>(StringComparer.Ordinal);
        if (context.Options.IfExists == IfExists.Replace)
            foreach (var step in StatementRemoval.Of(context)) yield return step;
        foreach (var statement in context.Facts.Statements.Select(s => Logged(context, s)))
        {
            if (statement.Kind == "SUBSCRIPTION")
            {
                context.Find("subscription-left-out", Severity.Warning, statement.Subject, "A subscription would take changes from its publisher a second time; it is left out.", "Create it by hand when the source has been switched off.");
                continue;
            }
            var kind = KindOf(statement);
            // What needs an object that is made late (a view over a key, say) comes after it.
            if (kind is > StepKind.Object and < StepKind.Late && statement.DependsOn.Any(late.Contains)) kind = StepKind.Late;
            if (kind == StepKind.Late) late.Add(statement.Id);
            foreach (var step in Of(context, statement, kind)) yield return step;
        }
    }

    /// <summary>A partitioned table has no rows of its own, so that UNLOGGED meant nothing for it; from PostgreSQL 18 on it is refused.</summary>
    private static SchemaStatement Logged(StatementContext context, SchemaStatement statement)
    {
        const string Unlogged = "CREATE UNLOGGED TABLE ";
        return context.Input.TargetMajor >= 18 && statement.Kind == "TABLE" && statement.Sql.StartsWith(Unlogged, StringComparison.Ordinal) && statement.Sql.Contains("\nPARTITION BY ", StringComparison.Ordinal)
            ? statement with { Sql = "CREATE TABLE " + statement.Sql[Unlogged.Length..], Rewritten = "a partitioned table cannot be unlogged from PostgreSQL 18 on; its partitions are as they were" } : statement;
    }

    private static IEnumerable<SqlStep> Of(StatementContext context, SchemaStatement statement, StepKind kind)
    {
        switch (kind)
        {
            case StepKind.Grant:
                if (StatementRights.Of(context, statement) is { Length: > 0 } grants)
                    yield return Step(statement, kind, grants, "Who may do what; given when everything is in place.") with { Fallback = "" };
                break;
            case StepKind.Check when !statement.Sql.Contains("NOT VALID", StringComparison.Ordinal):
                // Rows that break it stay, and are named.
                var check = Whole(context, statement, kind).TrimEnd().TrimEnd(';');
                yield return Step(statement, kind, check, statement.Rewritten ?? Why(kind)) with { Fallback = check + Unproven };
                break;
            // By choice it is proven here: rows that break it are set aside.
            case StepKind.Check when context.Options.Misfits == MisfitPolicy.Quarantine && statement.Table is not null && Proven(Whole(context, statement, kind)) is { } proven:
                TellProven(context, statement, inherited: true);
                yield return Step(statement, kind, proven, "NOT VALID in the source; proven here, by --on-misfit quarantine.") with { Fallback = proven + Unproven };
                break;
            case StepKind.ForeignKey:
                foreach (var step in ForeignKey(context, statement)) yield return step;
                break;
            default:
                yield return Step(statement, kind, Whole(context, statement, kind), statement.Rewritten ?? Why(kind)) with { Fallback = MustBe(statement) ? null : "" };
                break;
        }
    }

    private static SqlStep Step(SchemaStatement statement, StepKind kind, string sql, string why) =>
        new(statement.Id, kind, statement.Subject, sql, why, statement.Drop.Length > 0 ? statement.Drop : null) { Table = statement.Table };

    /// <summary>Added without looking at rows, then validated, so that orphans are found and named. A partitioned table takes it only whole before PostgreSQL 18.</summary>
    private static IEnumerable<SqlStep> ForeignKey(StatementContext context, SchemaStatement statement)
    {
        var sql = statement.Sql.TrimEnd().TrimEnd(';');
        var partitioned = statement.Table is { } name && context.Input.Schema.FindTable(name) is { Storage.Kind: 'p' };
        var prove = context.Options.Misfits == MisfitPolicy.Quarantine && Proven(sql) is not null;
        if ((!prove && sql.EndsWith(Unproven, StringComparison.Ordinal)) || sql.EndsWith("NOT ENFORCED", StringComparison.Ordinal) || partitioned)
        {
            yield return Step(statement, StepKind.ForeignKey, Whole(context, statement, StepKind.ForeignKey), "As in the source.") with { Fallback = "" };
            yield break;
        }
        var table = statement.Table is { } t ? context.Input.Schema.FindTable(t) : null;
        var constraint = table is null ? null : ConstraintOf(table, statement);
        if (constraint is null)
        {
            yield return Step(statement, StepKind.ForeignKey, Whole(context, statement, StepKind.ForeignKey), "As in the source.") with { Fallback = "" };
            yield break;
        }
        yield return Step(statement, StepKind.ForeignKey, (Proven(sql) ?? sql) + Unproven, "Added first, validated next: validations of different tables run side by side.") with { Fallback = "" };
        if (prove) TellProven(context, statement, inherited: false);
        // Beside a key that references a partitioned table stands one for each partition; VALIDATE CONSTRAINT may leave these unproven (PostgreSQL 15 does).
        var toTree = table!.ForeignKeys.Any(f => f.Name == constraint && context.Input.Schema.FindTable(f.ParentTable) is { Storage.Kind: 'p' });
        var proof = toTree ? $"ALTER TABLE {table.Relation} DROP CONSTRAINT {SqlName.Quote(constraint)};\n{Proven(sql) ?? sql}" : $"ALTER TABLE {table.Relation} VALIDATE CONSTRAINT {SqlName.Quote(constraint)}";
        yield return new($"validate {statement.Id}", StepKind.ForeignKeyValidation, statement.Subject, Under(context.Facts.SearchPath) + proof, "Proves that every row has its parent.")
        { Table = statement.Table, Fallback = "", Requires = statement.Id };
    }

    /// <summary>"people people_boss_fkey": the constraint's name is what follows the table's.</summary>
    private static string? ConstraintOf(Table table, SchemaStatement statement) =>
        table.Relation is { } relation && statement.Name.StartsWith(relation.Name + " ", StringComparison.Ordinal) ? statement.Name[(relation.Name.Length + 1)..] : null;

    /// <summary>Of each table that has the constraint, by its own statement or by inheritance.</summary>
    private static void TellProven(StatementContext context, SchemaStatement statement, bool inherited)
    {
        if (context.Input.Schema.FindTable(statement.Table!) is not { } table || ConstraintOf(table, statement) is not { } name) return;
        var having = new List<Table> { table };
        for (var i = 0; inherited && i < having.Count; i++) having.AddRange(context.Input.Schema.Tables.Where(t => t.Storage?.Parent == having[i].Name));
        foreach (var one in having)
            context.Find("constraint-proven", Severity.Info, $"CONSTRAINT {one.Relation}.{SqlName.Quote(name)}", "It is NOT VALID in the source; here it is proven, by --on-misfit quarantine, and rows that break it are set aside.");
    }

    private const string Unproven = " NOT VALID";

    /// <summary>A statement of a constraint that is NOT VALID, without that; null where it is not.</summary>
    private static string? Proven(string sql)
    {
        var trimmed = sql.TrimEnd().TrimEnd(';');
        return trimmed.EndsWith(Unproven, StringComparison.Ordinal) ? trimmed[..^Unproven.Length] : null;
    }

    private static string Whole(StatementContext context, SchemaStatement statement, StepKind kind)
    {
        var sql = new StringBuilder();
        var path = statement.SearchPath ?? (kind is StepKind.Index or StepKind.Constraint or StepKind.Check or StepKind.ForeignKey || statement.LooksInside ? context.Facts.SearchPath : null) ?? EqualityPath(context, statement);
        if (path is not null) sql.Append(Under(path));
        if (statement.Kind is "FUNCTION" or "PROCEDURE" or "AGGREGATE") sql.Append("SET LOCAL check_function_bodies = off;\n");
        if (statement.Tablespace is { } space && HasTablespace(context, statement, space)) sql.Append("SET LOCAL default_tablespace = ").Append(SqlText.Literal(space)).Append(";\n");
        if (statement.AccessMethod is { } method and not "heap" && HasAccessMethod(context, statement, method)) sql.Append("SET LOCAL default_table_access_method = ").Append(SqlText.Literal(method)).Append(";\n");
        sql.Append(statement.Kind == "SCHEMA" ? IfNotExists(statement.Sql) : statement.Sql);
        if (Owner(context, statement) is { } owner) sql.Append('\n').Append("ALTER ").Append(statement.OwnedObject).Append(" OWNER TO ").Append(SqlName.Quote(owner)).Append(';');
        return sql.ToString();
    }

    /// <summary>
    /// NULLIF, CASE x WHEN, IS DISTINCT FROM and USING compare by an "=" for which SQL has no place to name a schema: under pg_catalog alone they
    /// would bind to another operator (text's instead of citext's) without an error.
    /// </summary>
    private static string? EqualityPath(StatementContext context, SchemaStatement statement)
    {
        if (context.Facts.EqualitySchemas.IsEmpty || statement.Kind is "FUNCTION" or "PROCEDURE" or "COMMENT" or "SCHEMA" or "EXTENSION" or "TYPE") return null;
        var words = SqlScript.Tokens(statement.Sql).Select(t => t.ToUpperInvariant()).ToList();
        var compares = words.Contains("NULLIF") || words.Contains("CASE") || (statement.Kind is "VIEW" or "MATERIALIZED VIEW" && words.Contains("USING"))
            || words.Zip(words.Skip(1)).Any(p => p is ("DISTINCT", "FROM"));
        return compares ? "pg_catalog, " + string.Join(", ", context.Facts.EqualitySchemas.Select(SqlName.Quote)) : null;
    }

    internal static string Under(string searchPath) => $"SET LOCAL search_path = {searchPath};\n";

    private static string IfNotExists(string sql) => sql.Replace("CREATE SCHEMA ", "CREATE SCHEMA IF NOT EXISTS ", StringComparison.Ordinal);

    private static string? Owner(StatementContext context, SchemaStatement statement)
    {
        if (statement.Owner is not { } owner || statement.OwnedObject is null) return null;
        if (!context.HasRole(owner))
        {
            context.Find("role-missing", Severity.Warning, $"ROLE {owner}", "The target has no such role; what it owns in the source belongs to the migrating role.", $"CREATE ROLE {SqlName.Quote(owner)}; on the target before the migration.");
            return null;
        }
        if (context.Target is { IsSuperuser: false } target && !target.OwnRoles.Contains(owner))
        {
            context.Find("owner-not-set", Severity.Warning, $"ROLE {owner}", $"Role {target.Role} may not give objects to it; they belong to {target.Role}.", $"GRANT {SqlName.Quote(owner)} TO {SqlName.Quote(target.Role)}; or migrate as a superuser.");
            return null;
        }
        return owner;
    }

    private static bool HasTablespace(StatementContext context, SchemaStatement statement, string space)
    {
        if (context.Target is null || context.Target.Tablespaces.Contains(space)) return true;
        context.Find("tablespace-missing", Severity.Warning, $"TABLESPACE {space}", $"The target has no such tablespace; {statement.Subject} and others go to the database's own.", $"CREATE TABLESPACE {SqlName.Quote(space)} LOCATION '...'; on the target before the migration.");
        return false;
    }

    private static bool HasAccessMethod(StatementContext context, SchemaStatement statement, string method)
    {
        if (context.Target is null || context.Target.AccessMethods.Contains(method) || context.Makes("ACCESS METHOD", new(null, method))) return true;
        context.Find("access-method-missing", Severity.Warning, statement.Subject, $"The target does not have the table access method {method}; the table is an ordinary one.", "Install the extension that brings it.");
        return false;
    }

    private static StepKind KindOf(SchemaStatement statement) => statement.Section switch
    {
        DumpSection.Rights => StepKind.Grant,
        // An extension that was there before may be somebody else's.
        DumpSection.PreData when statement.Kind == "COMMENT" && statement.Name.StartsWith("EXTENSION ", StringComparison.Ordinal) => StepKind.Setting,
        DumpSection.PreData => StepKind.Object,
        _ => statement.Kind switch
        {
            "CONSTRAINT" => StepKind.Constraint,
            "INDEX" => StepKind.Index,
            // Extended statistics are there before ANALYZE fills them.
            "INDEX ATTACH" or "STATISTICS" => StepKind.Attach,
            "CHECK CONSTRAINT" => StepKind.Check,
            "FK CONSTRAINT" => StepKind.ForeignKey,
            // What listens to commands or hands rows on is created when nothing is left to be done.
            "EVENT TRIGGER" or "PUBLICATION" or "PUBLICATION TABLE" or "PUBLICATION TABLES IN SCHEMA" => StepKind.Closing,
            "COMMENT" or "SECURITY LABEL" when statement.Name.StartsWith("EVENT TRIGGER ", StringComparison.Ordinal) || statement.Name.StartsWith("PUBLICATION ", StringComparison.Ordinal) => StepKind.Closing,
            _ => StepKind.Late,
        },
    };

    private static bool MustBe(SchemaStatement statement) =>
        statement.Kind is "SCHEMA" or "TABLE" or "TABLE ATTACH" or "TYPE" or "SHELL TYPE" or "DOMAIN" or "EXTENSION" or "SEQUENCE" or "ROLE";

    private static string Why(StepKind kind) => kind switch
    {
        StepKind.Object => "An object of the source.",
        StepKind.Constraint => "A key of the source, built when the rows are there.",
        StepKind.Index => "An index of the source, built when the rows are there.",
        StepKind.Attach => "Joins an index of a partition to that of its table.",
        StepKind.Closing => "Comes last: nothing is to fire or to be handed on while the database is being built.",
        _ => "An object of the source that needs rows or keys to be there.",
    };
}
