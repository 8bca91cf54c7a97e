using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>
/// SQLite's SQL to PostgreSQL 14-18. An allow-list: what is not known to mean the same is refused, with the reason.
/// </summary>
public sealed partial class SqliteTranslator : ISqlTranslator
{
    // A table may have the name.
    [GeneratedRegex(@"\bchanges\b[""\]`]?\s*\(\s*\)", RegexOptions.IgnoreCase)]
    private static partial Regex CallsChanges { get; }

    [GeneratedRegex(@"\blast_insert_rowid\b[""\]`]?\s*\(\s*\)", RegexOptions.IgnoreCase)]
    private static partial Regex CallsRowid { get; }

    public Translation Expression(string sql, ScopeTable table, ScopeColumn? column, ExpressionUse use)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(table);
        var context = new TranslationContext { Immutable = use is ExpressionUse.Generated or ExpressionUse.IndexTerm or ExpressionUse.IndexPredicate, InlineGenerated = use == ExpressionUse.Generated };
        try
        {
            var tree = SqlParser.ParseExpression(sql);
            if (use == ExpressionUse.Default)
                return new Translation(new DefaultTranslator(context, column ?? throw new ArgumentNullException(nameof(column))).Translate(tree), null, context.Helpers, context.Notes);
            var scope = new NameScope(null);
            scope.Sources.Add(new SourceTable(table.SourceName, null, [.. table.Columns.Select(c => SelectTranslator.Reference(SqlName.Quote(c.TargetName), c))], [.. table.Columns.Select(c => c.SourceName)]));
            var expressions = new ExpressionTranslator(context, scope);
            var result = use switch
            {
                ExpressionUse.Check when expressions.IsSaidByType(tree) => null,
                ExpressionUse.Check or ExpressionUse.IndexPredicate => expressions.Condition(tree),
                ExpressionUse.Generated => Generated(expressions, tree, column),
                _ => IndexTerm(expressions.Value(tree)),
            };
            // A constraint that every row meets is not worth making.
            return result is null or "true" && use == ExpressionUse.Check ? Translation.SaidByType : new Translation(result, null, context.Helpers, context.Notes);
        }
        catch (SqlParseException e) { return Translation.Impossible($"the SQL is not understood: {e.Message}"); }
        catch (UntranslatableException e) { return Translation.Impossible(e.Message); }
    }

    private static string IndexTerm(Term t)
    {
        if (t.Kind == PgKind.Json) throw new UntranslatableException("PostgreSQL has no order for json");
        var sql = t.Kind == PgKind.Text && t.Collation is not null ? ExpressionTranslator.Collated(t, t.Collation) : t.Sql;
        return t.Kind == PgKind.Text && t.Collation is null && t.CollateSaid ? $"{sql} COLLATE \"C\"" : sql;
    }

    internal static string Generated(ExpressionTranslator expressions, Expr tree, ScopeColumn? column)
    {
        var t = expressions.Value(tree);
        if (column is null || t.Kind == PgKind.Null) return t.Sql;
        var kind = PgTypes.Kind(column.PgType);
        if (kind == t.Kind) return t.Sql;
        return kind switch
        {
            PgKind.Text => expressions.ToText(t),
            PgKind.Real or PgKind.Numeric when PgTypes.IsNumber(t.Kind) => $"{expressions.ToNumber(t).Operand}::{column.PgType}",
            PgKind.Int when t.Kind == PgKind.Int => t.Sql,
            PgKind.Int when t.Digits is { } digits => digits,
            PgKind.Bool when PgTypes.IsNumber(t.Kind) => expressions.Condition(t),
            PgKind.Date when t is { Moment: { } moment, Picture: "YYYY-MM-DD" } => $"({moment})::date",
            PgKind.Timestamp when t is { Moment: { } moment, Picture: "YYYY-MM-DD HH24:MI:SS" } => $"date_trunc('second', {moment})",
            PgKind.Numeric or PgKind.Int or PgKind.Real when t.Json is { } json => $"CASE WHEN jsonb_typeof({json}) = 'number' THEN ({json} #>> '{{}}')::{column.PgType} END",
            _ => throw new UntranslatableException($"the expression yields {PgTypes.Name(t.Kind)}, and the column is {column.PgType}"),
        };
    }

    public ViewTranslation View(View view, TranslationScope scope)
    {
        ArgumentNullException.ThrowIfNull(view);
        var context = new TranslationContext { Tables = scope };
        try
        {
            var tree = SqlParser.ParseView(view.Sql);
            var expressions = new ExpressionTranslator(context, new NameScope(null));
            // A view yields what it did: numbers, where the table's column has become a moment.
            Term Shown(Term t) => ExpressionTranslator.IsNumericTime(t) ? expressions.ToNumber(t)
                : t.ShownAsText && t.Kind is PgKind.Json or PgKind.Jsonb ? new Term($"{t.Operand}::text", PgKind.Text) { NotNull = t.NotNull } : t;
            var query = new SelectTranslator(context).Translate(tree.Query, null, tree.Columns, store: (_, t) => Shown(t).Sql);
            return new ViewTranslation(query.Sql, [.. query.Columns.Select(c => SelectTranslator.Described(c with { Term = Shown(c.Term) }))], null, context.Helpers, context.Notes);
        }
        catch (SqlParseException e) { return Impossible($"the SQL is not understood: {e.Message}"); }
        catch (UntranslatableException e) { return Impossible(e.Message) with { Missing = e.Missing }; }

        static ViewTranslation Impossible(string problem) => new(null, [], problem, [], []);
    }

    public TriggerTranslation Trigger(Trigger trigger, TranslationScope scope, bool onceAtATime)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        ArgumentNullException.ThrowIfNull(scope);
        try
        {
            var tree = SqlParser.ParseTrigger(trigger.Sql);
            if (scope.Find(tree.Table) is not { } table) return TriggerTranslation.Impossible($"{tree.Table} is not among the migrated tables and views");
            var context = new TranslationContext { Tables = scope, WantsRowid = CallsRowid.IsMatch(trigger.Sql), WantsChanges = CallsChanges.IsMatch(trigger.Sql) };
            return new TriggerTranslator(context, tree, table, onceAtATime).Translate();
        }
        catch (SqlParseException e) { return TriggerTranslation.Impossible($"the SQL is not understood: {e.Message}"); }
        catch (UntranslatableException e) { return TriggerTranslation.Impossible(e.Message) with { Missing = e.Missing }; }
    }

    public ScopeTrigger? Fires(Trigger trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        try
        {
            var tree = SqlParser.ParseTrigger(trigger.Sql);
            return new ScopeTrigger(trigger.Name, tree.Timing, tree.Event);
        }
        catch (SqlParseException) { return null; }
    }

    public ImmutableArray<string> References(View view)
    {
        ArgumentNullException.ThrowIfNull(view);
        try { return [.. Tables.In(SqlParser.ParseView(view.Sql).Query).Distinct(StringComparer.OrdinalIgnoreCase)]; }
        catch (SqlParseException) { return []; }
    }

    public ImmutableArray<string> HelperSql(IEnumerable<string> helpers, string schema) => CompatFunctions.Create(helpers, schema);
}
