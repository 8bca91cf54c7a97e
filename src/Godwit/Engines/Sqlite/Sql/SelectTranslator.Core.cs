using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>One SELECT core: result columns, WHERE, grouping.</summary>
internal sealed partial class SelectTranslator
{
    private QueryPart Part(SelectBody body, NameScope outer) => body switch
    {
        SelectBody.Core core => CorePart(core, outer),
        SelectBody.Values values => ValuesPart(values, outer),
        _ => throw Refuse("a compound SELECT in an unexpected place"),
    };

    private QueryPart ValuesPart(SelectBody.Values values, NameScope outer)
    {
        var scope = new NameScope(outer);
        var expressions = new ExpressionTranslator(context, scope);
        return new QueryPart { Distinct = false, Columns = [.. values.Rows[0].Select((v, i) => ($"column{i + 1}", expressions.Value(v)))], Tail = () => "", Scope = scope };
    }

    private QueryPart CorePart(SelectBody.Core core, NameScope outer)
    {
        var scope = new NameScope(outer);
        var from = core.From is null ? "" : $" FROM {From(core.From, scope)}";
        foreach (var (name, window) in core.Windows) scope.Windows[name] = window;
        var expressions = new ExpressionTranslator(context, scope);
        var result = new List<(string Name, Expr Value)>();
        foreach (var column in core.Columns)
        {
            if (column.Value is null) result.AddRange(Star(column.StarOf, scope));
            else
            {
                result.Add((column.Alias ?? NameOf(column, scope), column.Value));
                if (column.Alias is not null) scope.Aliases.TryAdd(column.Alias, column.Value);
            }
        }
        var where = core.Where is null ? "" : $" WHERE {expressions.Filter(core.Where)}";
        var keys = core.GroupBy.Select(g => expressions.Value(g is Expr.Literal { Kind: Expr.LiteralKind.Integer } n && int.TryParse(n.Text, out var i) && i >= 1 && i <= result.Count ? result[i - 1].Value : g)).ToList();
        var searched = result.Select(r => r.Value).Concat(core.Having is null ? [] : [core.Having]).ToList();
        var aggregates = searched.SelectMany(Aggregates.In).ToList();
        if (keys.Count > 0 || aggregates.Count > 0) scope.Grouping = GroupingOf(keys, aggregates, scope, expressions);
        var columns = result.ConvertAll(r => (r.Name, expressions.Value(r.Value)));
        var having = core.Having is null ? "" : $" HAVING {expressions.Condition(core.Having)}";
        return new QueryPart { Distinct = core.Distinct, Columns = columns, Scope = scope, Tail = () => from + where + Group() + having };

        string Group()
        {
            var all = keys.Select(k => k.Collation is not null ? ExpressionTranslator.Collated(k, k.Collation) : k.IsConstant ? $"{k.Operand}::{PgTypes.Name(k.Kind)}" : k.Sql).Concat(scope.Grouping?.AddedKeys ?? []).Distinct().ToList();
            return all.Count == 0 ? "" : $" GROUP BY {string.Join(", ", all)}";
        }
    }

    private static Grouping GroupingOf(List<Term> keys, List<Expr.Call> aggregates, NameScope scope, ExpressionTranslator expressions)
    {
        var sql = keys.Where(k => k.Collation is null).Select(k => k.Sql).ToHashSet(StringComparer.Ordinal);
        // SQLite takes bare columns from the row that holds the only min() or max()
        // (https://www.sqlite.org/lang_select.html, "Bare columns in an aggregate query").
        var extremes = aggregates.Where(a => a.Name is "min" or "max").DistinctBy(a => (a.Name, expressions.Translate(a.Args[0]).Sql)).ToList();
        string? pick = null;
        if (extremes is [{ Filter: null, Distinct: false } only])
        {
            var term = expressions.Value(only.Args[0]);
            if (term.Collation is null && !term.Mixed && term.Kind is not (PgKind.Null or PgKind.Json or PgKind.Jsonb)) pick = $"{term.Operand}{(term.Kind == PgKind.Text ? " COLLATE \"C\"" : "")}{(only.Name == "max" ? " DESC" : "")} NULLS LAST";
        }
        return new Grouping
        {
            Keys = sql,
            PickBy = pick,
            FirstBy = FirstBy(scope),
            KeyedQualifiers = [.. scope.Sources.Where(s => s.Qualifier is not null && s.RowKey is { } key && sql.Contains(key.Sql)).Select(s => s.Qualifier!)],
        };
    }

    /// <summary>The order in which SQLite meets rows, as far as row keys tell.</summary>
    public static string FirstBy(NameScope scope)
    {
        var keys = scope.Sources.Select(s => s.RowKey?.Sql).OfType<string>().ToList();
        return keys.Count == 0 ? "" : $" ORDER BY {string.Join(", ", keys)}";
    }

    // SQLite names a column after the table's column, an expression after its text.
    private static string NameOf(ResultColumn column, NameScope scope)
    {
        if (column.Value is not Expr.Column c) return column.Text;
        foreach (var source in scope.Sources)
        {
            if (c.Table is not null && !string.Equals(source.Name, c.Table, StringComparison.OrdinalIgnoreCase)) continue;
            var i = source.IndexOf(c.Name);
            if (i >= 0) return source.Names[i];
            if (c.Name.ToUpperInvariant() is "ROWID" or "OID" or "_ROWID_" && source.RowKey?.Column is { } key) return key.SourceName;
        }
        return c.Name;
    }

    private static IEnumerable<(string Name, Expr Value)> Star(string? of, NameScope scope)
    {
        var found = false;
        foreach (var source in scope.Sources)
        {
            if (of is not null && !string.Equals(source.Name, of, StringComparison.OrdinalIgnoreCase)) continue;
            found = true;
            foreach (var name in source.Names)
            {
                if (of is null && source.Merged.Contains(name)) continue;
                if (source.Name.Length > 0 && name.StartsWith('\u0001')) continue;
                yield return (name, new Expr.Column(of is null && scope.Coalesced.ContainsKey(name) ? null : source.Name, name, false));
            }
        }
        if (!found) throw Refuse(of is null ? "a star stands without tables" : $"there is no table {of}");
    }
}

/// <summary>Finds the aggregate calls of an expression that belong to its own query.</summary>
internal static class Aggregates
{
    public static IEnumerable<Expr.Call> In(Expr? e)
    {
        var open = new Stack<Expr>();
        if (e is not null) open.Push(e);
        while (open.TryPop(out var next))
        {
            if (next is Expr.Call { Over: null } call && ExpressionTranslator.IsAggregate(call)) { yield return call; continue; }
            foreach (var child in Children(next)) open.Push(child);
        }
    }

    private static ImmutableArray<Expr> Children(Expr e) => e switch
    {
        Expr.Unary u => [u.Operand],
        Expr.Binary b => [b.Left, b.Right],
        Expr.Is i => [i.Left, i.Right],
        Expr.Like l => l.Escape is null ? [l.Left, l.Pattern] : [l.Left, l.Pattern, l.Escape],
        Expr.Between b => [b.Value, b.Low, b.High],
        Expr.InList i => [i.Value, .. i.Items],
        Expr.InSelect i => [i.Value],
        Expr.Case c => [.. c.Operand is null ? Array.Empty<Expr>() : [c.Operand], .. c.Whens.SelectMany(w => new[] { w.When, w.Then }), .. c.Else is null ? Array.Empty<Expr>() : [c.Else]],
        Expr.Cast c => [c.Value],
        Expr.Collate c => [c.Value],
        Expr.Row r => r.Items,
        Expr.Call c => [.. c.Args, .. c.Over is null ? [] : c.Over.PartitionBy.Concat(c.Over.OrderBy.Select(o => o.Value))],
        _ => [],
    };
}

/// <summary>Finds the tables that a query names anywhere.</summary>
internal static class Tables
{
    public static IEnumerable<string> In(Select select) => new Walk().Of(select);

    public static IEnumerable<string> In(Expr? expression) => new Walk().From(expression);

    private sealed class Walk
    {
        private readonly List<string> _names = [];

        public List<string> From(Expr? expression)
        {
            Of(expression);
            return _names;
        }

        public List<string> Of(Select select)
        {
            foreach (var cte in select.With) Of(cte.Query);
            Of(select.Body);
            foreach (var o in select.OrderBy) Of(o.Value);
            Of(select.Limit);
            return _names;
        }

        private void Of(SelectBody body)
        {
            switch (body)
            {
                case SelectBody.Compound c: Of(c.Left); Of(c.Right); break;
                case SelectBody.Values v: foreach (var e in v.Rows.SelectMany(r => r)) Of(e); break;
                case SelectBody.Core c:
                    foreach (var column in c.Columns) Of(column.Value);
                    Of(c.From);
                    Of(c.Where);
                    foreach (var g in c.GroupBy) Of(g);
                    Of(c.Having);
                    break;
            }
        }

        private void Of(TableRef? table)
        {
            switch (table)
            {
                case TableRef.Named n: _names.Add(n.Name); break;
                case TableRef.Function f: foreach (var a in f.Args) Of(a); break;
                case TableRef.Sub s: Of(s.Query); break;
                case TableRef.Join j: Of(j.Left); Of(j.Right); Of(j.On); break;
            }
        }

        private void Of(Expr? e)
        {
            switch (e)
            {
                case null: break;
                case Expr.Exists x: Of(x.Query); break;
                case Expr.Scalar s: Of(s.Query); break;
                case Expr.InSelect i: Of(i.Value); Of(i.Query); break;
                case Expr.Unary u: Of(u.Operand); break;
                case Expr.Binary b: Of(b.Left); Of(b.Right); break;
                case Expr.Is i: Of(i.Left); Of(i.Right); break;
                case Expr.Like l: Of(l.Left); Of(l.Pattern); break;
                case Expr.Between b: Of(b.Value); Of(b.Low); Of(b.High); break;
                case Expr.InList i: Of(i.Value); foreach (var x in i.Items) Of(x); break;
                case Expr.Case c:
                    Of(c.Operand);
                    foreach (var (when, then) in c.Whens) { Of(when); Of(then); }
                    Of(c.Else);
                    break;
                case Expr.Cast c: Of(c.Value); break;
                case Expr.Collate c: Of(c.Value); break;
                case Expr.Row r: foreach (var x in r.Items) Of(x); break;
                case Expr.Call c: foreach (var x in c.Args) Of(x); Of(c.Filter); break;
            }
        }
    }
}
