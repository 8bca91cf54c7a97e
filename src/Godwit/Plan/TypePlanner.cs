using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>Chooses every column's type, then lets foreign key columns adopt the type of the column they point to.</summary>
public static class TypePlanner
{
    internal static void Choose(PlanContext context)
    {
        var options = OptionsOf(context.Options, context.Input.Schema, context.Input.PostGis);
        if (context.Options.FollowOrm && OrmProfile.Of(context.Input.Schema) is { } orm) context.Findings.Add(orm.Finding);
        foreach (var table in context.Tables)
            foreach (var column in table.Columns)
                context.Types[(table.Name, column.Name)] = ChooseOne(context, table, column, options);
        foreach (var table in context.Tables) RowWidth.Narrow(context, table, options);
        KeySpelling.Keep(context, options);
        AdoptParentTypes(context, options);
        JsonSpelling.Keep(context, options);
        JsonSpelling.KeepForViews(context, options);
        foreach (var choice in context.Types.OrderBy(t => t.Key).Select(t => t.Value)) context.Findings.AddRange(choice.Findings);
        RefuseMisfits(context);
    }

    /// <summary><paramref name="postGis"/>: the schema where the target has it, or null.</summary>
    public static TypeOptions OptionsOf(MigrationOptions options, DatabaseSchema schema, string? postGis) => new(
        [.. options.Casts.Select(c => new TypeCast(c.Pattern, c.PgType)), .. options.FollowOrm && OrmProfile.Of(schema) is { } orm ? orm.Casts : []],
        options.JsonAsText,
        (table, column) => Policy(options, table, column) == MisfitPolicy.Widen) { MicrosecondDurations = options.FollowOrm && OrmProfile.Of(schema) is { CountsMicroseconds: true }, PostGis = postGis };

    public static MisfitPolicy Policy(MigrationOptions options, string table, string column)
    {
        foreach (var rule in options.MisfitRules)
            if (NamePattern.Matches(rule.Pattern, $"{table}.{column}")) return rule.Policy;
        return options.Misfits;
    }

    private static TypeChoice ChooseOne(PlanContext context, Table table, Column column, TypeOptions options)
    {
        var existing = ExistingColumn(context, table, column);
        return existing is null
            ? TypeMapper.Choose(table.Name, column, context.Profile(table, column), options)
            : TypeMapper.ChooseExisting(table.Name, column, context.Profile(table, column), existing.PgType, existing.Labels, options) ?? Unwritten(context, table, column, existing);
    }

    private static TypeChoice Unwritten(PlanContext context, Table table, Column column, ExistingColumn existing)
    {
        context.Find("target-type-unsupported", Severity.Block, $"{table.Name}.{column.Name}", $"The target's column is {existing.PgType}, which Godwit does not write.",
            $"Load into a column of type text and convert it afterwards (ALTER TABLE ... ALTER COLUMN ... TYPE {existing.PgType} USING ...), or leave the table out: --exclude '{table.Name}'.");
        return new TypeChoice("text", new(CellEncoding.Text), Fidelity.Equivalent, "the target's type is not written", 0, []);
    }

    internal static ExistingColumn? ExistingColumn(PlanContext context, Table table, Column column) =>
        context.Input.Existing.TryGetValue(context.Names.Table(table.Name), out var found)
            ? ExistingTables.Match(found, context.Column(table, column.Name))
            : null;

    // Chains of keys (a -> b -> c) settle in as many passes as they are long; cycles settle because a type is adopted only when it differs.
    private static void AdoptParentTypes(PlanContext context, TypeOptions options)
    {
        for (var pass = 0; pass < 8; pass++)
        {
            var changed = false;
            foreach (var table in context.Tables)
                foreach (var key in table.ForeignKeys)
                    changed |= Adopt(context, table, key, options);
            if (!changed) return;
        }
    }

    private static bool Adopt(PlanContext context, Table table, ForeignKey key, TypeOptions options)
    {
        if (context.Input.Schema.FindTable(key.ParentTable) is not { } parent || key.ParentColumns.Length != key.Columns.Length) return false;
        var changed = false;
        for (var i = 0; i < key.Columns.Length; i++)
        {
            if (table.FindColumn(key.Columns[i]) is not { } child || parent.FindColumn(key.ParentColumns[i]) is not { } target) continue;
            var have = context.Type(table, child);
            var want = context.Type(parent, target);
            if (Base(have.PgType) == Base(want.PgType) || want.PgType == "bytea" || child.IsRowKey || ExistingColumn(context, table, child) is not null) continue;
            var adopted = TypeMapper.ChooseAs(table.Name, child, context.Profile(table, child), Base(want.PgType), options,
                $"the type of {parent.Name}.{target.Name}, which it refers to");
            // A value that does not fit would cost its row: better the key than the row.
            if (adopted.Misfits > 0 || adopted.Findings.Any(f => f.Code == "type-not-proven")) continue;
            // Numbers that mean moments are no parents or children of moments that are written out.
            if (adopted.Encoding.Kind != want.Encoding.Kind && (IsNumericTime(adopted) || IsNumericTime(want))) continue;
            context.Types[(table.Name, child.Name)] = adopted;
            changed = true;
        }
        return changed;
    }

    private static bool IsNumericTime(TypeChoice type) => type.Encoding.Kind is >= CellEncoding.EpochSeconds and <= CellEncoding.JulianDate;

    /// <summary>varchar(80) and varchar(100), or text, are one type to a foreign key.</summary>
    public static string Base(string pgType)
    {
        var name = pgType.Split('(')[0].Trim();
        return name is "varchar" or "character varying" ? "text" : name;
    }

    private static void RefuseMisfits(PlanContext context)
    {
        foreach (var table in context.Tables)
            foreach (var column in table.Columns)
            {
                var choice = context.Type(table, column);
                if (choice.Misfits == 0) continue;
                var subject = $"{table.Name}.{column.Name}";
                if (Policy(context.Options, table.Name, column.Name) == MisfitPolicy.Fail)
                    context.Find("values-do-not-fit", Severity.Block, subject, $"{choice.Misfits} value(s) do not fit {choice.PgType}, and the policy for this column is fail.",
                        $"--on-misfit '{subject}=widen' or '{subject}=quarantine'");
                else if (choice.Findings.IsEmpty)
                    context.Find("rows-to-quarantine", Severity.Warning, subject, $"{choice.Misfits} value(s) do not fit {choice.PgType}; their rows go whole to godwit.quarantine.",
                        $"--on-misfit '{subject}=widen' chooses a type that holds them");
            }
    }
}

/// <summary>Patterns of the command line: * and ?, case-insensitive as SQLite's names are.</summary>
public static class NamePattern
{
    public static bool Matches(string pattern, string name) =>
        System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: true);
}
