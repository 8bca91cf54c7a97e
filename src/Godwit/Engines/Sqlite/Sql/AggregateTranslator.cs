using static Godwit.Engines.Sqlite.Sql.Expr;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Aggregates and window functions.</summary>
internal sealed class AggregateTranslator(ExpressionTranslator expressions)
{
    private static UntranslatableException Refuse(string problem) => ExpressionTranslator.Refuse(problem);

    public Term Translate(Call c)
    {
        var grouping = expressions.Scope.Grouping;
        // A plain aggregate sees single rows; a window function sees the groups.
        if (c.Over is null) expressions.Scope.Grouping = null;
        try
        {
            var filter = c.Filter is null ? "" : $" FILTER (WHERE {expressions.Condition(c.Filter)})";
            var over = c.Over is null ? "" : $" OVER {WindowSql(c.Over, CountsRows(c.Name))}";
            return ExpressionTranslator.IsAggregate(c) ? Aggregate(c, filter + over) : WindowFunction(c, filter + over);
        }
        finally { expressions.Scope.Grouping = grouping; }
    }

    private Term Aggregate(Call c, string tail)
    {
        if (c.Name == "count")
            return new Term(c.Star || c.Args.IsEmpty ? $"count(*){tail}" : $"count({(c.Distinct ? "DISTINCT " : "")}{Counted(c)}){tail}", PgKind.Int, true) { NotNull = true };
        if (c.Args.IsEmpty) throw Refuse($"{c.Name}() without an argument");
        var t = expressions.Value(c.Args[0]);
        var distinct = c.Distinct ? "DISTINCT " : "";
        if (c.Distinct && t.Collation is not null && c.Name is not ("max" or "min" or "group_concat" or "string_agg")) throw Refuse($"{c.Name}(DISTINCT) compares without regard to case");
        switch (c.Name)
        {
            case "sum" or "total" or "avg": return Sum(c.Name, expressions.ToNumber(t), distinct, tail);
            case "max" or "min": return Extreme(c.Name, t, tail);
            case "group_concat" or "string_agg": return Joined(c, t, distinct, tail);
            case "json_group_array" when !c.Distinct: return new Term($"coalesce(jsonb_agg({t.Sql}{Order(c)}){tail}, '[]'::jsonb)", PgKind.Jsonb, true) { NotNull = true };
            case "json_group_object" when c.Args.Length == 2: return new Term($"coalesce(jsonb_object_agg({expressions.ToText(t)}, {expressions.Value(c.Args[1]).Sql}){tail}, '{{}}'::jsonb)", PgKind.Jsonb, true) { NotNull = true };
            default: throw Refuse($"{c.Name}() is not translated here");
        }
    }

    private string Counted(Call c)
    {
        var t = expressions.Translate(c.Args[0]);
        if (c.Distinct && t.Collation is not null) return ExpressionTranslator.Collated(t, t.Collation);
        if (c.Distinct && t.Kind == PgKind.Json) throw Refuse("JSON texts are counted by their spelling");
        return t.Moment ?? t.Sql;
    }

    private static Term Sum(string name, Term t, string distinct, string tail)
    {
        if (t.Kind == PgKind.Null) return ExpressionTranslator.NullTerm;
        if (name == "avg") return new Term($"avg({distinct}{t.Sql}){tail}::float8", PgKind.Real, true).Wrapped(tail);
        if (name == "total") return new Term($"coalesce(sum({distinct}{t.Operand}::float8){tail}, 0)", PgKind.Real, true) { NotNull = true };
        return t.Kind switch
        {
            PgKind.Int => new Term($"sum({distinct}{t.Sql}){tail}::bigint", PgKind.Int, true).Wrapped(tail),
            _ => new Term($"sum({distinct}{t.Sql}){tail}", t.Kind, true),
        };
    }

    private Term Extreme(string name, Term t, string tail)
    {
        if (t.Kind == PgKind.Null) return ExpressionTranslator.NullTerm;
        if (t.Collation is not null && tail.Contains(" OVER ", StringComparison.Ordinal)) throw Refuse($"{name}() compares without regard to case");
        if (t is { Collation: not null, Kind: PgKind.Text })
        {
            var first = SelectTranslator.FirstBy(expressions.Scope) is { Length: > 0 } keys ? ", " + keys[" ORDER BY ".Length..] : "";
            var picked = $"(array_agg({t.Sql} ORDER BY {ExpressionTranslator.Collated(t, t.Collation)}{(name == "max" ? " DESC" : "")} NULLS LAST{first}){tail})[1]";
            return new Term(picked, PgKind.Text, true) { Collation = t.Collation, Affinity = t.Affinity };
        }
        if (ExpressionTranslator.IsWidened(t) && tail.Length == 0)
        {
            // Numbers come before text.
            var (number, down) = (expressions.Context.Helper("as_number", t.Sql), name == "max" ? " DESC" : "");
            return new Term($"(array_agg({t.Sql} ORDER BY {number} IS NULL{down}, {number}{down}, {t.Operand} COLLATE \"C\"{down}) FILTER (WHERE {t.Operand} IS NOT NULL))[1]", PgKind.Text, true) { Mixed = true };
        }
        if (t.Mixed) throw Refuse($"{name}() of values of several kinds");
        if (t.Kind == PgKind.Bytea && !tail.Contains(" OVER ", StringComparison.Ordinal))
            return new Term($"(array_agg({t.Sql} ORDER BY {t.Sql}{(name == "max" ? " DESC" : "")} NULLS LAST){tail})[1]", PgKind.Bytea, true);
        var sql = t.Kind switch
        {
            PgKind.Text => $"{t.Operand} COLLATE \"C\"",
            PgKind.Uuid => $"{t.Operand}::text COLLATE \"C\"",
            PgKind.Bool => $"{t.Operand}::int",
            PgKind.Json or PgKind.Jsonb or PgKind.Bytea or PgKind.Other => throw Refuse($"{name}() of {PgTypes.Name(t.Kind)}"),
            _ => t.Sql,
        };
        _ = expressions;
        var kind = t.Kind switch { PgKind.Uuid => PgKind.Text, PgKind.Bool => PgKind.Int, var k => k };
        // The column stays known, so that numbers that mean moments keep their meaning.
        return t with { Sql = $"{name}({sql}){tail}", Kind = kind, Atomic = true, NotNull = false, Constant = null, Moment = null, Picture = null, Digits = null, Json = null, Column = t.Column?.NumericTime is null ? null : t.Column };
    }

    private Term Joined(Call c, Term t, string distinct, string tail)
    {
        var separator = c.Args.Length > 1 ? expressions.ToText(expressions.Value(c.Args[1])) : "','";
        var order = Order(c);
        if (order.Length == 0 && c.Over is null)
        {
            order = SelectTranslator.FirstBy(expressions.Scope);
            expressions.Context.Note("group_concat() joins in an order that SQLite leaves open; here it is the order of the key where there is one.");
        }
        if (c.Distinct && c.Over is null && c.OrderBy.IsEmpty && t.Collation is not null)
            return new Term(expressions.Context.Helper("join_distinct_by", $"array_agg({expressions.ToText(t)}::text{order}){tail}", $"array_agg({ExpressionTranslator.Collated(t, t.Collation)}::text{order}){tail}", separator), PgKind.Text, true);
        if (c.Distinct && t.Collation is not null) throw Refuse($"{c.Name}(DISTINCT) compares without regard to case");
        if (c.Distinct && c.Over is null && c.OrderBy.IsEmpty)
            return new Term(expressions.Context.Helper("join_distinct", $"array_agg({expressions.ToText(t)}::text{order}){tail}", separator), PgKind.Text, true);
        return new Term($"string_agg({distinct}{expressions.ToText(t)}, {separator}{order}){tail}", PgKind.Text, true);
    }

    private string Order(Call c) => c.OrderBy.IsEmpty ? "" : $" ORDER BY {string.Join(", ", c.OrderBy.Select(OrderSql))}";

    /// <summary>SQLite sorts NULL first, text by bytes.</summary>
    public string OrderSql(OrderTerm o)
    {
        var t = expressions.Translate(o.Value);
        return OrderSql(t, t.Sql, o);
    }

    public static string OrderSql(Term t, string sql, OrderTerm o)
    {
        if (t.Mixed && t.Affinity is not "TEXT" && t.Column is null && t.Json is null) throw Refuse("rows are ordered by values of several kinds");
        var key = t.Moment is { } moment && t.Picture is "YYYY-MM-DD HH24:MI:SS" or "YYYY-MM-DD" && sql == t.Sql ? sql : sql;
        if (t.Kind == PgKind.Text) key = $"{ExpressionTranslator.Collated(t with { Sql = sql, Atomic = false, Constant = null }, t.Collation)}{(t.Collation == "NOCASE" ? "" : " COLLATE \"C\"")}";
        if (t.Kind is PgKind.Json or PgKind.Jsonb) key = $"({sql})::text COLLATE \"C\"";
        return $"{key}{(o.Descending ? " DESC" : "")}{(o.NullsFirst ?? !o.Descending ? o.Descending ? "" : " NULLS FIRST" : o.Descending ? " NULLS LAST" : "")}";
    }

    // Functions that number rows whatever their peers: of rows that the order does not tell apart, SQLite takes the one it meets first.
    private static bool CountsRows(string name) => name is "row_number" or "lag" or "lead" or "ntile";

    private string WindowSql(Window w, bool byRow)
    {
        if (w.Name is { } name && w is { PartitionBy.IsEmpty: true, OrderBy.IsEmpty: true, Frame: null } && expressions.Scope.Windows.TryGetValue(name, out var named)) return WindowSql(named, byRow);
        if (w.Name is not null)
        {
            if (!expressions.Scope.Windows.TryGetValue(w.Name, out var basis)) throw Refuse($"there is no window {w.Name}");
            return WindowSql(w with { Name = null, PartitionBy = basis.PartitionBy, OrderBy = w.OrderBy.IsEmpty ? basis.OrderBy : w.OrderBy }, byRow);
        }
        var parts = new List<string>();
        if (!w.PartitionBy.IsEmpty) parts.Add("PARTITION BY " + string.Join(", ", w.PartitionBy.Select(p => expressions.Translate(p) is var t && t.Collation is not null ? ExpressionTranslator.Collated(t, t.Collation) : t.Sql)));
        var order = w.OrderBy.Select(OrderSql).ToList();
        if (byRow && expressions.Scope.Grouping is null && SelectTranslator.FirstBy(expressions.Scope) is { Length: > 0 } first) order.Add(first[" ORDER BY ".Length..]);
        if (order.Count > 0) parts.Add("ORDER BY " + string.Join(", ", order));
        if (w.Frame is not null) parts.Add(w.Frame);
        return $"({string.Join(' ', parts)})";
    }

    private Term WindowFunction(Call c, string tail)
    {
        if (c.Over is null) throw Refuse($"{c.Name}() is not translated");
        switch (c.Name, c.Args.Length)
        {
            case ("row_number" or "rank" or "dense_rank", 0): return new Term($"{c.Name}(){tail}", PgKind.Int, true) { NotNull = true };
            case ("percent_rank" or "cume_dist", 0): return new Term($"{c.Name}(){tail}", PgKind.Real, true) { NotNull = true };
            case ("ntile", 1) when expressions.Translate(c.Args[0]).Constant is long n: return new Term($"ntile({n}){tail}", PgKind.Int, true) { NotNull = true, Narrow = true };
            case ("first_value" or "last_value", 1) or ("lag" or "lead", >= 1 and <= 3) or ("nth_value", 2):
                var t = expressions.Value(c.Args[0]);
                var sql = t.Kind == PgKind.Text ? $"{t.Operand}::text" : t.Sql;
                if (c.Args.Length > 1) sql += $", {(expressions.Translate(c.Args[1]).Constant is long k and >= 0 ? $"{k}" : throw Refuse($"{c.Name}() with a computed offset"))}";
                if (c.Args.Length > 2)
                {
                    var other = expressions.Value(c.Args[2]);
                    if (other.Kind != t.Kind && PgTypes.IsNumber(other.Kind) && t.Kind is PgKind.Real or PgKind.Numeric) other = new Term($"{other.Operand}::{PgTypes.Name(t.Kind)}", t.Kind, true);
                    if (other.Kind != t.Kind && other.Kind != PgKind.Null) throw Refuse($"{c.Name}() with a default of another kind");
                    sql += $", {(t.Kind == PgKind.Int && !t.Narrow ? $"{other.Operand}::bigint" : other.Kind == PgKind.Text ? $"{other.Operand}::text" : other.Sql)}";
                }
                return t with { Sql = $"{c.Name}({sql}){tail}", Atomic = true, NotNull = false, Constant = null, Column = null, Moment = null, Digits = null, Json = null };
            default: throw Refuse($"the window function {c.Name}() is not translated");
        }
    }
}

internal static class TermExtensions
{
    /// <summary>A cast behind OVER (...) needs parentheses around the call.</summary>
    public static Term Wrapped(this Term t, string tail)
    {
        if (tail.Length == 0) return t;
        var cast = t.Sql.LastIndexOf("::", StringComparison.Ordinal);
        return t with { Sql = $"({t.Sql[..cast]}){t.Sql[cast..]}" };
    }
}
