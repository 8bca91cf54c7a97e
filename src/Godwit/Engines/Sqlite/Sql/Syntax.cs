using System.Collections.Immutable;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>SQLite's expressions and queries as a tree. <see cref="Position"/> is the offset in the text.</summary>
internal abstract record Expr
{
    public int Position { get; init; }
    /// <summary>Levels below; bounded by the parser, so that every walk over the tree is bounded too.</summary>
    public int Height { get; init; }

    public enum LiteralKind { Null, Integer, Float, String, Blob, True, False, CurrentDate, CurrentTime, CurrentTimestamp }

    public sealed record Literal(LiteralKind Kind, string Text) : Expr;
    public sealed record Column(string? Table, string Name, bool DoubleQuoted) : Expr;
    /// <summary>Operators: "-", "+", "~", "NOT".</summary>
    public sealed record Unary(string Op, Expr Operand) : Expr;
    /// <summary>Operators as SQLite writes them; "==" is "=" and "!=" is "&lt;&gt;".</summary>
    public sealed record Binary(string Op, Expr Left, Expr Right) : Expr;
    public sealed record Is(Expr Left, Expr Right, bool Not) : Expr;
    public sealed record Like(string Op, Expr Left, Expr Pattern, Expr? Escape, bool Not) : Expr;
    public sealed record Between(Expr Value, Expr Low, Expr High, bool Not) : Expr;
    public sealed record InList(Expr Value, ImmutableArray<Expr> Items, bool Not) : Expr;
    public sealed record InSelect(Expr Value, Select Query, bool Not) : Expr;
    public sealed record Exists(Select Query) : Expr;
    public sealed record Scalar(Select Query) : Expr;
    public sealed record Case(Expr? Operand, ImmutableArray<(Expr When, Expr Then)> Whens, Expr? Else) : Expr;
    public sealed record Cast(Expr Value, string Type) : Expr;
    public sealed record Collate(Expr Value, string Collation) : Expr;
    public sealed record Row(ImmutableArray<Expr> Items) : Expr;
    /// <summary>Only in triggers. Actions: "IGNORE", "ABORT", "FAIL", "ROLLBACK"; no message with the first.</summary>
    public sealed record Raise(string Action, Expr? Message) : Expr;
    public sealed record Call(string Name, ImmutableArray<Expr> Args) : Expr
    {
        public bool Star { get; init; }
        public bool Distinct { get; init; }
        public ImmutableArray<OrderTerm> OrderBy { get; init; } = [];
        public Expr? Filter { get; init; }
        public Window? Over { get; init; }
    }
}

internal sealed record OrderTerm(Expr Value, bool Descending, bool? NullsFirst);

/// <summary><paramref name="Name"/> refers to a window of the WINDOW clause. <paramref name="Frame"/> is SQL, null for the default.</summary>
internal sealed record Window(string? Name, ImmutableArray<Expr> PartitionBy, ImmutableArray<OrderTerm> OrderBy, string? Frame);

internal sealed record CommonTable(string Name, ImmutableArray<string> Columns, Select Query, bool? Materialized);

internal sealed record Select(ImmutableArray<CommonTable> With, bool Recursive, SelectBody Body, ImmutableArray<OrderTerm> OrderBy, Expr? Limit, Expr? Offset)
{
    public int Position { get; init; }
    public int Height { get; init; }
}

internal abstract record SelectBody
{
    public sealed record Core(bool Distinct, ImmutableArray<ResultColumn> Columns, TableRef? From, Expr? Where, ImmutableArray<Expr> GroupBy, Expr? Having, ImmutableArray<(string Name, Window Window)> Windows) : SelectBody;
    public sealed record Values(ImmutableArray<ImmutableArray<Expr>> Rows) : SelectBody;
    /// <summary>Operators: "UNION", "UNION ALL", "INTERSECT", "EXCEPT"; all bind alike, from left to right.</summary>
    public sealed record Compound(SelectBody Left, string Op, SelectBody Right) : SelectBody;
}

/// <summary>Value null: a star, of one table where <paramref name="StarOf"/> names it. <paramref name="Text"/> is the source text, SQLite's name for an unnamed expression.</summary>
internal sealed record ResultColumn(Expr? Value, string? StarOf, string? Alias, string Text);

internal abstract record TableRef
{
    public sealed record Named(string Name, string? Alias, int Position) : TableRef;
    public sealed record Function(string Name, ImmutableArray<Expr> Args, string? Alias, int Position) : TableRef;
    public sealed record Sub(Select Query, string? Alias) : TableRef;
    /// <summary>Kinds: "CROSS", "INNER", "LEFT", "RIGHT", "FULL".</summary>
    public sealed record Join(TableRef Left, TableRef Right, string Kind, bool Natural, Expr? On, ImmutableArray<string> Using) : TableRef;
}

internal sealed record CreateViewStatement(string Name, ImmutableArray<string> Columns, Select Query);
