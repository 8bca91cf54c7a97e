using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>A Pratt parser after SQLite's grammar (parse.y): this part reads expressions.</summary>
internal sealed partial class SqlParser(string sql) : TokenReader(sql)
{
    /// <summary>SQLite's own default limit (SQLITE_MAX_EXPR_DEPTH).</summary>
    public const int MaxHeight = 1000;

    private int _depth;

    /// <exception cref="SqlParseException"/>
    public static Expr ParseExpression(string sql)
    {
        var parser = new SqlParser(sql);
        var e = parser.Expression();
        parser.ExpectEnd();
        return e;
    }

    // Binding strengths, parse.y's %left and %right lines from the loosest to the tightest.
    private const int Or = 1, And = 2, Not = 3, Equality = 4, Comparison = 5, Escape = 6, Bits = 7, Sum = 8, Product = 9, Concat = 10, CollateLevel = 11, Prefix = 12;

    private static int Strength(Token t) => t.Kind switch
    {
        TokenKind.Symbol => t.Value switch
        {
            "=" or "==" or "<>" or "!=" => Equality,
            "<" or ">" or "<=" or ">=" => Comparison,
            "&" or "|" or "<<" or ">>" => Bits,
            "+" or "-" => Sum,
            "*" or "/" or "%" => Product,
            "||" or "->" or "->>" => Concat,
            _ => 0,
        },
        TokenKind.Word => t.Value.ToUpperInvariant() switch
        {
            "OR" => Or,
            "AND" => And,
            "IS" or "IN" or "LIKE" or "GLOB" or "MATCH" or "REGEXP" or "BETWEEN" or "ISNULL" or "NOTNULL" or "NOT" => Equality,
            "COLLATE" => CollateLevel,
            _ => 0,
        },
        _ => 0,
    };

    internal Expr Expression(int above = 0)
    {
        if (++_depth > MaxHeight || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw TooDeep();
        var left = Operand();
        while (true)
        {
            var strength = Strength(Current);
            if (strength == 0 || strength <= above) break;
            // NOT behind an operand begins NOT NULL, NOT IN, NOT LIKE ...
            if (IsWord("NOT") && !(Peek() is { Kind: TokenKind.Word } next && next.Value.ToUpperInvariant() is "NULL" or "IN" or "LIKE" or "GLOB" or "MATCH" or "REGEXP" or "BETWEEN")) break;
            left = Infix(left, strength);
        }
        _depth--;
        return left;
    }

    private SqlParseException TooDeep() => new(Current.Start, "the expression is nested too deeply");

    private T At<T>(T e, int position, params ReadOnlySpan<Expr?> children) where T : Expr
    {
        var height = 0;
        foreach (var c in children) height = Math.Max(height, c?.Height ?? 0);
        if (height >= MaxHeight) throw TooDeep();
        return e with { Position = position, Height = height + 1 };
    }

    private T At<T>(T e, int position, IEnumerable<Expr> children) where T : Expr => At(e, position, [.. children]);

    private Expr Infix(Expr left, int strength)
    {
        var at = Current.Start;
        if (Current.Kind == TokenKind.Symbol || IsWord("AND") || IsWord("OR"))
        {
            var op = Take().Value.ToUpperInvariant() switch { "==" => "=", "!=" => "<>", var o => o };
            var right = Expression(strength);
            return At(new Binary(op, left, right), at, left, right);
        }
        if (TakeWord("COLLATE")) return At(new Collate(left, TakeName("a collation")), at, left);
        if (TakeWord("ISNULL")) return At(new Is(left, NullAt(at), false), at, left);
        if (TakeWord("NOTNULL")) return At(new Is(left, NullAt(at), true), at, left);
        if (TakeWord("IS"))
        {
            var not = TakeWord("NOT");
            if (TakeWord("DISTINCT")) { ExpectWord("FROM"); not = !not; }
            var right = Expression(Equality);
            return At(new Is(left, right, not), at, left, right);
        }
        var negated = TakeWord("NOT");
        if (negated && TakeWord("NULL")) return At(new Is(left, NullAt(at), true), at, left);
        if (TakeWord("BETWEEN"))
        {
            var low = Expression(Equality);
            ExpectWord("AND");
            var high = Expression(Equality);
            return At(new Between(left, low, high, negated), at, left, low, high);
        }
        if (TakeWord("IN")) return In(left, negated, at);
        var like = Take().Value.ToUpperInvariant();
        var pattern = Expression(Equality);
        var escape = TakeWord("ESCAPE") ? Expression(Escape) : null;
        return At(new Like(like, left, pattern, escape, negated), at, left, pattern, escape);
    }

    private Literal NullAt(int at) => At(new Literal(LiteralKind.Null, "NULL"), at);

    private Expr In(Expr left, bool not, int at)
    {
        if (!IsSymbol("("))
        {
            // x IN table: every row of its only column.
            var position = Current.Start;
            var name = TakeName("a table");
            if (TakeSymbol(".")) name = TakeName("a table");
            var from = IsSymbol("(") ? (TableRef)new TableRef.Function(name, Arguments(), null, position) : new TableRef.Named(name, null, position);
            var all = new SelectBody.Core(false, [new ResultColumn(null, null, null, "*")], from, null, [], null, []);
            return At(new InSelect(left, new Select([], false, all, [], null, null) { Position = position }, not), at, left);
        }
        if (AtSelect(Peek()))
        {
            var query = Parenthesised();
            return At(new InSelect(left, query, not), at, left) with { Height = Math.Max(left.Height, query.Height) + 1 };
        }
        var items = Arguments();
        return At(new InList(left, items, not), at, [left, .. items]);
    }

    private static bool AtSelect(Token t) => t.IsWord("SELECT") || t.IsWord("WITH") || t.IsWord("VALUES");

    private Select Parenthesised()
    {
        ExpectSymbol("(");
        var query = SelectStatement();
        ExpectSymbol(")");
        return query;
    }

    private ImmutableArray<Expr> Arguments()
    {
        ExpectSymbol("(");
        if (TakeSymbol(")")) return [];
        var items = Expressions();
        ExpectSymbol(")");
        return items;
    }

    private ImmutableArray<Expr> Expressions()
    {
        var items = ImmutableArray.CreateBuilder<Expr>();
        do items.Add(Expression());
        while (TakeSymbol(","));
        return items.ToImmutable();
    }

    private Expr Operand()
    {
        var t = Current;
        var at = t.Start;
        switch (t.Kind)
        {
            case TokenKind.Integer: Take(); return At(new Literal(LiteralKind.Integer, t.Value), at);
            case TokenKind.Float: Take(); return At(new Literal(LiteralKind.Float, t.Value), at);
            case TokenKind.Blob: Take(); return At(new Literal(LiteralKind.Blob, t.Value), at);
            case TokenKind.String when !Peek().IsSymbol("."): Take(); return At(new Literal(LiteralKind.String, t.Value), at);
            case TokenKind.Variable: throw new SqlParseException(at, "a parameter has no value here");
        }
        if (t.IsSymbol("-") || t.IsSymbol("+") || t.IsSymbol("~"))
        {
            Take();
            var operand = Expression(Prefix - 1);
            return At(new Unary(t.Value, operand), at, operand);
        }
        if (t.IsSymbol("(")) return Group(at);
        if (t.Kind == TokenKind.Word && Keyword(t, at) is { } e) return e;
        if (t.IsName) return NameOrCall(at);
        throw Unexpected("an expression");
    }

    private Expr Group(int at)
    {
        if (AtSelect(Peek())) return Subquery(at);
        Take();
        var first = Expression();
        if (!IsSymbol(","))
        {
            ExpectSymbol(")");
            return first;
        }
        var items = ImmutableArray.Create(first);
        while (TakeSymbol(",")) items = items.Add(Expression());
        ExpectSymbol(")");
        return At(new Row(items), at, items);
    }

    private Scalar Subquery(int at)
    {
        var query = Parenthesised();
        return At(new Scalar(query), at) with { Height = query.Height + 1 };
    }

    private Expr? Keyword(Token t, int at)
    {
        switch (t.Value.ToUpperInvariant())
        {
            case "NULL": Take(); return NullAt(at);
            case "CURRENT_DATE": Take(); return At(new Literal(LiteralKind.CurrentDate, t.Value), at);
            case "CURRENT_TIME": Take(); return At(new Literal(LiteralKind.CurrentTime, t.Value), at);
            case "CURRENT_TIMESTAMP": Take(); return At(new Literal(LiteralKind.CurrentTimestamp, t.Value), at);
            case "NOT":
                Take();
                var operand = Expression(Not);
                return At(new Unary("NOT", operand), at, operand);
            case "EXISTS":
                Take();
                var query = Parenthesised();
                return At(new Exists(query), at) with { Height = query.Height + 1 };
            case "CASE": return CaseExpression(at);
            case "CAST" when Peek().IsSymbol("("):
                Take();
                Take();
                var value = Expression();
                ExpectWord("AS");
                var type = CastType();
                ExpectSymbol(")");
                return At(new Cast(value, type), at, value);
            case "RAISE" when Peek().IsSymbol("("): return RaiseCall(at);
            default: return null;
        }
    }

    private string CastType()
    {
        var start = Current.Start;
        while (Current.IsName) Take();
        if (IsSymbol("(")) TakeGroup();
        return Current.Start == start ? "" : Sql[start..Previous.End];
    }

    private Case CaseExpression(int at)
    {
        Take();
        var children = new List<Expr>();
        var operand = IsWord("WHEN") ? null : Expression();
        if (operand is not null) children.Add(operand);
        var whens = ImmutableArray.CreateBuilder<(Expr, Expr)>();
        while (TakeWord("WHEN"))
        {
            var when = Expression();
            ExpectWord("THEN");
            var then = Expression();
            whens.Add((when, then));
            children.Add(when);
            children.Add(then);
        }
        if (whens.Count == 0) throw Unexpected("WHEN");
        var otherwise = TakeWord("ELSE") ? Expression() : null;
        if (otherwise is not null) children.Add(otherwise);
        ExpectWord("END");
        return At(new Case(operand, whens.ToImmutable(), otherwise), at, children);
    }

    private Expr NameOrCall(int at)
    {
        var first = Take();
        if (IsSymbol("(") && first.Kind != TokenKind.String) return FunctionCall(first.Value, at);
        if (!TakeSymbol("."))
        {
            if (first.IsWord("TRUE") || first.IsWord("FALSE"))
                return At(new Literal(first.IsWord("TRUE") ? LiteralKind.True : LiteralKind.False, first.Value), at);
            return At(new Column(null, first.Value, first.Kind == TokenKind.DoubleQuoted), at);
        }
        var second = TakeName("a column");
        // database.table.column: the database is left out, a view sees only its own.
        return TakeSymbol(".") ? At(new Column(second, TakeName("a column"), false), at) : At(new Column(first.Value, second, false), at);
    }

    private Call FunctionCall(string name, int at)
    {
        Take();
        var call = new Call(name.ToLowerInvariant(), []);
        if (TakeSymbol("*")) call = call with { Star = true };
        else if (!IsSymbol(")"))
        {
            if (TakeWord("DISTINCT")) call = call with { Distinct = true };
            else TakeWord("ALL");
            call = call with { Args = Expressions() };
            if (TakeWords("ORDER", "BY")) call = call with { OrderBy = OrderTerms() };
        }
        ExpectSymbol(")");
        if (IsWord("FILTER") && Peek().IsSymbol("("))
        {
            Take();
            Take();
            ExpectWord("WHERE");
            call = call with { Filter = Expression() };
            ExpectSymbol(")");
        }
        if (IsWord("OVER") && (Peek().IsSymbol("(") || Peek().IsName))
        {
            Take();
            call = call with { Over = IsSymbol("(") ? WindowDefinition() : new Window(Take().Value, [], [], null) };
        }
        return At(call, at, [.. call.Args, .. call.OrderBy.Select(o => o.Value), .. call.Filter is { } f ? [f] : Array.Empty<Expr>()]);
    }
}
