using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>
/// jsonb does not keep a document's spelling. Where a generated column, a check or an index is made of it (its length, say), the column becomes json, which does.
/// </summary>
internal static class JsonSpelling
{
    public static void Keep(PlanContext context, TypeOptions options)
    {
        foreach (var table in context.Tables)
        {
            var documents = table.Columns.Where(c => context.Type(table, c).Encoding.Kind == CellEncoding.Jsonb && options.CastOf(table.Name, c) is null && !IsIndexed(table, c)).ToList();
            if (documents.Count == 0) continue;
            foreach (var (sql, column, use) in Expressions(table))
                foreach (var document in documents.Where(d => sql.Contains(d.Name, StringComparison.OrdinalIgnoreCase)))
                    KeepOne(context, options, table, document, sql, column, use);
        }
    }

    /// <summary>The same for views; a view over another view is not looked at.</summary>
    public static void KeepForViews(PlanContext context, TypeOptions options)
    {
        foreach (var view in context.Input.Schema.Views)
        {
            var read = context.Input.Translator.References(view).ToHashSet(NameComparer.Instance);
            var documents = context.Tables.Where(t => read.Contains(t.Name)).SelectMany(t => t.Columns.Select(c => (Table: t, Column: c)))
                .Where(d => context.Type(d.Table, d.Column).Encoding.Kind == CellEncoding.Jsonb && options.CastOf(d.Table.Name, d.Column) is null && !IsIndexed(d.Table, d.Column) && view.Sql.Contains(d.Column.Name, StringComparison.OrdinalIgnoreCase)).ToList();
            if (documents.Count == 0 || Translates(view)) continue;
            var before = documents.ConvertAll(d => context.Type(d.Table, d.Column));
            foreach (var (table, column) in documents)
            {
                var kept = TypeMapper.ChooseAs(table.Name, column, context.Profile(table, column), "json", options, $"its spelling is used by the view {view.Name}");
                if (kept.Misfits == 0) context.Types[(table.Name, column.Name)] = kept;
            }
            if (Translates(view))
                foreach (var (table, column) in documents)
                    context.Find("json-kept-as-json", Severity.Info, $"{table.Name}.{column.Name}", $"The spelling of its documents is used by the view {view.Name}; jsonb would not keep it.", $"--cast {table.Name}.{column.Name}=jsonb makes it jsonb without that view.");
            else
                for (var i = 0; i < documents.Count; i++) context.Types[(documents[i].Table.Name, documents[i].Column.Name)] = before[i];
        }

        bool Translates(View view) => context.Input.Translator.View(view, new([.. context.Tables.Select(context.Scope)])).Query is not null;
    }

    // PostgreSQL has no order for json.
    private static bool IsIndexed(Table table, Column column) =>
        table.PrimaryKey?.Columns.Contains(column.Name, NameComparer.Instance) == true
        || table.Indexes.Concat(table.UniqueConstraints).Any(i => i.Terms.Any(t => t.Column is not null && NameComparer.Same(t.Column, column.Name)));

    private static IEnumerable<(string Sql, Column? Column, ExpressionUse Use)> Expressions(Table table) =>
    [
        .. table.Columns.Where(c => c.Generated is not null).Select(c => (c.Generated!.Expression, (Column?)c, ExpressionUse.Generated)),
        .. table.Checks.Select(c => (c.Expression, (Column?)null, ExpressionUse.Check)),
        .. table.Indexes.SelectMany(i => i.Terms).Where(t => t.Expression is not null).Select(t => (t.Expression!, (Column?)null, ExpressionUse.IndexTerm)),
        .. table.Indexes.Where(i => i.Predicate is not null).Select(i => (i.Predicate!, (Column?)null, ExpressionUse.IndexPredicate)),
    ];

    private static void KeepOne(PlanContext context, TypeOptions options, Table table, Column document, string sql, Column? column, ExpressionUse use)
    {
        var before = context.Type(table, document);
        if (before.Encoding.Kind != CellEncoding.Jsonb || Translates(context, table, sql, column, use)) return;
        var kept = TypeMapper.ChooseAs(table.Name, document, context.Profile(table, document), "json", options, "its spelling is used by an expression of the table");
        if (kept.Misfits > 0) return;
        context.Types[(table.Name, document.Name)] = kept;
        if (Translates(context, table, sql, column, use))
            context.Find("json-kept-as-json", Severity.Info, $"{table.Name}.{document.Name}", $"The spelling of its documents is used by ({sql}); jsonb would not keep it.", $"--cast {table.Name}.{document.Name}=jsonb makes it jsonb without that expression.");
        else context.Types[(table.Name, document.Name)] = before;
    }

    private static bool Translates(PlanContext context, Table table, string sql, Column? column, ExpressionUse use) =>
        context.Input.Translator.Expression(sql, context.Scope(table), column is null ? null : context.ScopeColumn(table, column), use).Problem is null;
}
