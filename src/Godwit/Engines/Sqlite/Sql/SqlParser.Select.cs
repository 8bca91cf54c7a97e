using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>This part reads queries.</summary>
internal sealed partial class SqlParser
{
    /// <exception cref="SqlParseException"/>
    public static CreateViewStatement ParseView(string sql)
    {
        var p = new SqlParser(sql);
        while (p.TakeSymbol(";")) { }
        p.ExpectWord("CREATE");
        if (!p.TakeWord("TEMP")) p.TakeWord("TEMPORARY");
        p.ExpectWord("VIEW");
        if (p.IsWord("IF") && p.Peek().IsWord("NOT")) p.Mark += 3;
        var name = p.TakeName("a view");
        if (p.TakeSymbol(".")) name = p.TakeName("a view");
        var columns = p.IsSymbol("(") ? p.NameList() : [];
        p.ExpectWord("AS");
        var query = p.SelectStatement();
        p.ExpectEnd();
        return new CreateViewStatement(name, columns, query);
    }

    private ImmutableArray<string> NameList()
    {
        ExpectSymbol("(");
        var names = ImmutableArray.CreateBuilder<string>();
        do
        {
            names.Add(TakeName("a column"));
            if (TakeWord("COLLATE")) TakeName("a collation");
        } while (TakeSymbol(","));
        ExpectSymbol(")");
        return names.ToImmutable();
    }

    internal Select SelectStatement()
    {
        if (++_depth > MaxHeight || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw TooDeep();
        var position = Current.Start;
        var with = ImmutableArray.CreateBuilder<CommonTable>();
        var recursive = false;
        if (TakeWord("WITH"))
        {
            recursive = TakeWord("RECURSIVE");
            do with.Add(CommonTableExpression());
            while (TakeSymbol(","));
        }
        var body = Core();
        var parts = 1;
        while (CompoundOperator() is { } op)
        {
            // A chain of compounds leans to the left as deep as it is long.
            if (++parts > 500) throw new SqlParseException(Current.Start, "the compound SELECT has too many terms");
            body = new SelectBody.Compound(body, op, Core());
        }
        var order = TakeWords("ORDER", "BY") ? OrderTerms() : [];
        Expr? limit = null, offset = null;
        if (TakeWord("LIMIT"))
        {
            limit = Expression();
            if (TakeWord("OFFSET")) offset = Expression();
            else if (TakeSymbol(",")) (offset, limit) = (limit, Expression());
        }
        _depth--;
        return new Select(with.ToImmutable(), recursive, body, order, limit, offset) { Position = position, Height = 1 };
    }

    private string? CompoundOperator()
    {
        if (TakeWord("UNION")) return TakeWord("ALL") ? "UNION ALL" : "UNION";
        if (TakeWord("INTERSECT")) return "INTERSECT";
        return TakeWord("EXCEPT") ? "EXCEPT" : null;
    }

    private CommonTable CommonTableExpression()
    {
        var name = TakeName("a name");
        var columns = IsSymbol("(") ? NameList() : [];
        ExpectWord("AS");
        bool? materialized = null;
        if (TakeWords("NOT", "MATERIALIZED")) materialized = false;
        else if (TakeWord("MATERIALIZED")) materialized = true;
        return new CommonTable(name, columns, Parenthesised(), materialized);
    }

    private SelectBody Core()
    {
        if (TakeWord("VALUES"))
        {
            var rows = ImmutableArray.CreateBuilder<ImmutableArray<Expr>>();
            do rows.Add(Arguments());
            while (TakeSymbol(","));
            return new SelectBody.Values(rows.ToImmutable());
        }
        ExpectWord("SELECT");
        var distinct = TakeWord("DISTINCT");
        if (!distinct) TakeWord("ALL");
        var columns = ImmutableArray.CreateBuilder<ResultColumn>();
        do columns.Add(ResultColumn());
        while (TakeSymbol(","));
        var from = TakeWord("FROM") ? Joins() : null;
        var where = TakeWord("WHERE") ? Expression() : null;
        var group = TakeWords("GROUP", "BY") ? Expressions() : [];
        var having = TakeWord("HAVING") ? Expression() : null;
        var windows = ImmutableArray.CreateBuilder<(string, Window)>();
        if (IsWord("WINDOW") && Peek(2).IsWord("AS"))
        {
            Take();
            do
            {
                var name = TakeName("a window");
                ExpectWord("AS");
                windows.Add((name, WindowDefinition()));
            } while (TakeSymbol(","));
        }
        return new SelectBody.Core(distinct, columns.ToImmutable(), from, where, group, having, windows.ToImmutable());
    }

    private ResultColumn ResultColumn()
    {
        if (TakeSymbol("*")) return new ResultColumn(null, null, null, "*");
        if (Current.IsName && Peek().IsSymbol(".") && Peek(2).IsSymbol("*"))
        {
            var of = Take().Value;
            Mark += 2;
            return new ResultColumn(null, of, null, "*");
        }
        var start = Current.Start;
        var value = Expression();
        var text = Sql[start..Previous.End];
        return new ResultColumn(value, null, Alias(), text);
    }

    private string? Alias()
    {
        if (TakeWord("AS")) return TakeName("an alias");
        if (!Current.IsName) return null;
        if (Current.Kind == TokenKind.Word && Keywords.IsJoinWord(Current.Value)) return null;
        return Take().Value;
    }

    private TableRef Joins()
    {
        var left = Table();
        for (var count = 1; ; count++)
        {
            // SQLite joins at most 64 tables.
            if (count > 200) throw new SqlParseException(Current.Start, "too many joins");
            if (TakeSymbol(","))
            {
                left = JoinTail(left, "CROSS", false);
                continue;
            }
            var natural = TakeWord("NATURAL");
            var kind = "INNER";
            if (TakeWord("CROSS")) kind = "CROSS";
            else if (TakeWord("INNER")) kind = "INNER";
            else if (IsWord("LEFT") || IsWord("RIGHT") || IsWord("FULL"))
            {
                kind = Take().Value.ToUpperInvariant();
                natural |= TakeWord("NATURAL");
                TakeWord("OUTER");
            }
            natural |= TakeWord("NATURAL");
            if (!TakeWord("JOIN")) return left;
            left = JoinTail(left, kind, natural);
        }
    }

    private TableRef.Join JoinTail(TableRef left, string kind, bool natural)
    {
        var right = Table();
        if (TakeWord("ON")) return new TableRef.Join(left, right, kind, natural, Expression(), []);
        return new TableRef.Join(left, right, kind, natural, null, TakeWord("USING") ? NameList() : []);
    }

    private TableRef Table()
    {
        if (++_depth > MaxHeight || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw TooDeep();
        var table = OneTable();
        _depth--;
        return table;
    }

    private TableRef OneTable()
    {
        if (IsSymbol("("))
        {
            if (AtSelect(Peek())) return new TableRef.Sub(Parenthesised(), Alias());
            Take();
            var inner = Joins();
            ExpectSymbol(")");
            return Alias() is { } alias && inner is TableRef.Named named ? named with { Alias = alias } : inner;
        }
        var position = Current.Start;
        var name = TakeName("a table");
        if (TakeSymbol(".")) name = TakeName("a table");
        if (IsSymbol("(")) return new TableRef.Function(name.ToLowerInvariant(), Arguments(), Alias(), position);
        var as_ = Alias();
        if (TakeWords("INDEXED", "BY")) TakeName("an index");
        else TakeWords("NOT", "INDEXED");
        return new TableRef.Named(name, as_, position);
    }

    private ImmutableArray<OrderTerm> OrderTerms()
    {
        var terms = ImmutableArray.CreateBuilder<OrderTerm>();
        do
        {
            var value = Expression();
            var descending = TakeWord("DESC");
            if (!descending) TakeWord("ASC");
            bool? nullsFirst = TakeWords("NULLS", "FIRST") ? true : TakeWords("NULLS", "LAST") ? false : null;
            terms.Add(new OrderTerm(value, descending, nullsFirst));
        } while (TakeSymbol(","));
        return terms.ToImmutable();
    }

    private Window WindowDefinition()
    {
        ExpectSymbol("(");
        var name = Current.IsName && !IsWord("PARTITION") && !IsWord("RANGE") && !IsWord("ROWS") && !IsWord("GROUPS") ? Take().Value : null;
        var partition = TakeWords("PARTITION", "BY") ? Expressions() : [];
        var order = TakeWords("ORDER", "BY") ? OrderTerms() : [];
        string? frame = null;
        if (IsWord("RANGE") || IsWord("ROWS") || IsWord("GROUPS")) frame = Frame();
        ExpectSymbol(")");
        return new Window(name, partition, order, frame);
    }

    // Only constant bounds; the words are the same in PostgreSQL.
    private string Frame()
    {
        var words = new List<string> { Take().Value.ToUpperInvariant() };
        string[] known = ["BETWEEN", "AND", "UNBOUNDED", "PRECEDING", "FOLLOWING", "CURRENT", "ROW", "EXCLUDE", "NO", "OTHERS", "GROUP", "TIES"];
        while (!IsSymbol(")"))
        {
            var t = Take();
            if (t.Kind is TokenKind.Integer or TokenKind.Float) words.Add(t.Value);
            else if (t.Kind == TokenKind.Word && known.Contains(t.Value.ToUpperInvariant())) words.Add(t.Value.ToUpperInvariant());
            else throw new SqlParseException(t.Start, $"unexpected {t} in a window's frame");
        }
        return string.Join(' ', words);
    }
}
