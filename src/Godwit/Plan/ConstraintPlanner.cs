using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>Checks and foreign keys: added without validation, then validated, so that rows that break them are found and named, not lost.</summary>
internal static class ConstraintPlanner
{
    public static IEnumerable<SqlStep> Checks(PlanContext context, Table table)
    {
        var scope = context.Scope(table);
        foreach (var check in table.Checks)
        {
            var subject = check.Name is null ? $"check ({check.Expression}) of {table.Name}" : $"check {check.Name} of {table.Name}";
            var translation = context.Input.Translator.Expression(check.Expression, scope, null, ExpressionUse.Check);
            if (translation.Sql is null)
            {
                if (translation.Problem is null)
                    context.Find("check-said-by-type", Severity.Info, subject, "The column's PostgreSQL type already says this.");
                else
                    context.Find("check-not-translated", Severity.Warning, subject, $"CHECK ({check.Expression}): {translation.Problem}", "Add it in PostgreSQL by hand.");
                continue;
            }
            var sql = context.Use(translation, subject);
            var name = context.Names.AddConstraint(table.Name, check.Name, $"{context.Names.Table(table.Name)}_check");
            var add = $"ALTER TABLE {context.Load(table)} ADD CONSTRAINT {SqlName.Quote(name)} CHECK ({sql})";
            context.Expressions.Add((table.Name, new(subject, check.Expression, Reading.Refuses, null, name, 0)));
            yield return new($"check {table.Name} {name}", StepKind.Check, subject, add, "A check of the source.",
                $"ALTER TABLE {context.Load(table)} DROP CONSTRAINT {SqlName.Quote(name)}") { Table = table.Name, Fallback = add + " NOT VALID" };
        }
    }

    public static IEnumerable<SqlStep> ForeignKeys(PlanContext context, Table table)
    {
        var seen = new HashSet<string>(NameComparer.Instance);
        // Last declared first, as SQLite numbers them: where two keys join the same columns, that one is named first in its catalog.
        foreach (var key in table.ForeignKeys.Reverse())
        {
            var subject = $"foreign key ({string.Join(", ", key.Columns)}) of {table.Name}";
            if (Problem(context, table, key) is { } problem)
            {
                context.Find("foreign-key-not-possible", Severity.Warning, subject, problem, "Repair the source's schema, or add the constraint in PostgreSQL by hand.");
                continue;
            }
            var parent = context.Input.Schema.FindTable(key.ParentTable)!;
            if (!seen.Add(string.Join("\0", key.Columns) + "\0\0" + parent.Name + "\0\0" + string.Join("\0", key.ParentColumns) + "\0" + key.OnDelete + key.OnUpdate)) continue;
            if (!IndexPlanner.IsIndexed(table, key) && !context.Options.IndexForeignKeys)
                context.Find("foreign-key-without-index", Severity.Info, subject, $"No index begins with {string.Join(", ", key.Columns)}: deleting a row of {parent.Name} reads all of {table.Name}.", "--index-foreign-keys");
            var columns = key.Columns.Select(c => context.Column(table, table.FindColumn(c)!.Name)).ToList();
            var name = context.Names.AddConstraint(table.Name, key.Name, $"{context.Names.Table(table.Name)}_{string.Join("_", columns)}_fkey");
            var add = $"ALTER TABLE {context.Load(table)} ADD CONSTRAINT {SqlName.Quote(name)} FOREIGN KEY ({SqlName.List(columns)}) REFERENCES {context.Load(parent)} "
                + $"({SqlName.List(key.ParentColumns.Select(c => context.Column(parent, parent.FindColumn(c)!.Name)))}){Actions(key)}";
            var undo = $"ALTER TABLE {context.Load(table)} DROP CONSTRAINT {SqlName.Quote(name)}";
            // Where two keys join the same columns, their order in the catalog is to be the source's; a validation would write the entry anew.
            if (table.ForeignKeys.Count(k => NameComparer.Same(k.ParentTable, key.ParentTable) && k.Columns.SequenceEqual(key.Columns, NameComparer.Instance)) > 1)
            {
                yield return new($"foreign key {table.Name} {name}", StepKind.ForeignKey, subject, add, "One of several keys over the same columns.", undo) { Table = table.Name, Fallback = add + " NOT VALID" };
                continue;
            }
            yield return new($"foreign key {table.Name} {name}", StepKind.ForeignKey, subject, add + " NOT VALID",
                "Added first, validated next: validations of different tables run side by side.", undo) { Table = table.Name, Fallback = "" };
            yield return new($"validate {table.Name} {name}", StepKind.ForeignKeyValidation, subject,
                $"ALTER TABLE {context.Load(table)} VALIDATE CONSTRAINT {SqlName.Quote(name)}", "Proves that every row has its parent.")
            { Table = table.Name, Fallback = "", Requires = $"foreign key {table.Name} {name}" };
        }
    }

    private static string? Problem(PlanContext context, Table table, ForeignKey key)
    {
        if (context.Input.Schema.FindTable(key.ParentTable) is not { } parent)
            return $"The parent table {key.ParentTable} does not exist, or is not migrated.";
        if (key.ParentColumns.Length != key.Columns.Length || key.ParentColumns.Any(c => parent.FindColumn(c) is null))
            return $"The parent columns do not exist in {parent.Name}.";
        if (key.Columns.FirstOrDefault(c => table.FindColumn(c) is null) is { } missing) return $"The column {missing} does not exist.";
        if (!IsUnique(context, parent, key.ParentColumns))
            return $"{parent.Name} ({string.Join(", ", key.ParentColumns)}) is not unique, which PostgreSQL asks of a parent.";
        for (var i = 0; i < key.Columns.Length; i++)
        {
            var child = table.FindColumn(key.Columns[i])!;
            var have = TypePlanner.Base(context.Type(table, child).PgType);
            var want = TypePlanner.Base(context.Type(parent, parent.FindColumn(key.ParentColumns[i])!).PgType);
            if (have != want && !(IsNumber(have) && IsNumber(want)))
                return $"{child.Name} is {have} and {parent.Name}.{key.ParentColumns[i]} is {want}; its values do not fit that type.";
            if (child.Generated is not null && (key.OnDelete is ReferentialAction.SetNull or ReferentialAction.SetDefault || key.OnUpdate != ReferentialAction.NoAction))
                return $"{child.Name} is a generated column, which an action cannot change.";
        }
        return null;
    }

    private static bool IsNumber(string type) => type is "smallint" or "integer" or "bigint" or "numeric";

    private static bool IsUnique(PlanContext context, Table parent, IEnumerable<string> columns)
    {
        bool Same(IEnumerable<string?> other) => other.ToHashSet(NameComparer.Instance).SetEquals(columns);
        if (parent.PrimaryKey is { } key && Same(key.Columns))
            return key.Columns.All(c => parent.FindColumn(c) is { } column && context.Profile(parent, column)[ValueFact.Null] == 0);
        return parent.UniqueConstraints.Concat(parent.Indexes.Where(i => i.Unique)).Any(u => u.Predicate is null && u.Terms.All(t => t.Column is not null) && Same(u.Terms.Select(t => t.Column)));
    }

    private static string Actions(ForeignKey key)
    {
        static string Word(ReferentialAction action) => action switch
        {
            ReferentialAction.Restrict => "RESTRICT",
            ReferentialAction.Cascade => "CASCADE",
            ReferentialAction.SetNull => "SET NULL",
            ReferentialAction.SetDefault => "SET DEFAULT",
            _ => "NO ACTION",
        };
        return (key.OnUpdate == ReferentialAction.NoAction ? "" : $" ON UPDATE {Word(key.OnUpdate)}")
            + (key.OnDelete == ReferentialAction.NoAction ? "" : $" ON DELETE {Word(key.OnDelete)}")
            + (key.Deferrable ? " DEFERRABLE" : "") + (key.InitiallyDeferred ? " INITIALLY DEFERRED" : "");
    }
}
