using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Arithmetic, logic and text operators.</summary>
internal sealed partial class ExpressionTranslator
{
    private Term UnaryTerm(Unary u)
    {
        if (u.Op == "NOT")
        {
            var inner = Translate(u.Operand);
            return inner.Kind == PgKind.Null ? NullTerm : new Term($"NOT ({Condition(inner)})", PgKind.Bool) { NotNull = inner.NotNull };
        }
        var t = Translate(u.Operand);
        if (u.Op == "+") return Number01(t) with { Affinity = null };
        t = ToNumber(t);
        if (u.Op == "-")
            return t.Constant switch
            {
                long n when n != long.MinValue => Constant(-n),
                double d => Constant(d == 9223372036854775808.0 ? long.MinValue : -d),
                _ => t.Kind == PgKind.Null ? NullTerm : new Term($"-{(t.Sql.StartsWith('-') ? $"({t.Sql})" : t.Operand)}", t.Kind) { NotNull = t.NotNull, Narrow = t.Narrow },
            };
        return t.Kind == PgKind.Null ? NullTerm : new Term($"~{Integer(t).Operand}", PgKind.Int) { NotNull = t.NotNull };
    }

    private Term BinaryTerm(Binary b)
    {
        switch (b.Op)
        {
            case "AND" or "OR": return new Term($"{Junction(b.Left, b.Op)} {b.Op} {Junction(b.Right, b.Op)}", PgKind.Bool);
            case "=" or "<>" or "<" or "<=" or ">" or ">=": return Comparison(b);
            case "||":
                var (x, y) = (Translate(b.Left), Translate(b.Right));
                if (x.Kind == PgKind.Null || y.Kind == PgKind.Null) return NullTerm;
                if (x.Kind == PgKind.Bytea && y.Kind == PgKind.Bytea) throw Refuse("blobs are joined as text");
                return new Term($"{ToText(x)} || {ToText(y)}", PgKind.Text) { NotNull = x.NotNull && y.NotNull, Collation = x.CollateSaid ? x.Collation : y.CollateSaid ? y.Collation : null, CollateSaid = x.CollateSaid || y.CollateSaid };
            case "->" or "->>": return JsonArrow(Translate(b.Left), Translate(b.Right), b.Op == "->>");
            case "&" or "|" or "<<" or ">>": return Bits(b.Op, Integer(ToNumber(Translate(b.Left))), Integer(ToNumber(Translate(b.Right))));
            default: return Arithmetic(b.Op, ToNumber(Translate(b.Left)), ToNumber(Translate(b.Right)));
        }
    }

    private string Junction(Expr e, string op)
    {
        var sql = Condition(e);
        return e is Binary { Op: "AND" or "OR" } inner && inner.Op != op ? $"({sql})" : sql;
    }

    private Term Integer(Term t) => t.Kind is PgKind.Int or PgKind.Null ? t : CastInteger(t);

    private Term Bits(string op, Term a, Term b)
    {
        if (a.Kind == PgKind.Null || b.Kind == PgKind.Null) return NullTerm;
        if (op is "<<" or ">>")
        {
            if (b.Constant is not long n || n is < 0 or > 63) return new Term(Context.Helper("shift", a.Sql, op == "<<" ? b.Sql : $"-({b.Sql})"), PgKind.Int, true) { NotNull = a.NotNull && b.NotNull };
            return new Term($"{Wide(a)} {op} {n}", PgKind.Int) { NotNull = a.NotNull };
        }
        return new Term($"{Wide(a)} {op} {b.Operand}", PgKind.Int) { NotNull = a.NotNull && b.NotNull };
    }

    private static string Wide(Term t) => t.Narrow ? $"{t.Operand}::bigint" : t.Operand;

    private Term Arithmetic(string op, Term a, Term b)
    {
        if (a.Kind == PgKind.Null || b.Kind == PgKind.Null) return NullTerm;
        if (a.Constant is long x && b.Constant is long y && Folded(op, x, y, out var folded)) return Constant(folded);
        if (op is "+" or "-" or "*" && Real(a) is { } left64 && Real(b) is { } right64 && (a.Constant is double || b.Constant is double))
            return Constant(op switch { "+" => left64 + right64, "-" => left64 - right64, _ => left64 * right64 });
        var kind = a.Kind == PgKind.Real || b.Kind == PgKind.Real ? PgKind.Real : a.Kind == PgKind.Numeric || b.Kind == PgKind.Numeric ? PgKind.Numeric : PgKind.Int;
        var notNull = a.NotNull && b.NotNull;
        if (op is "/" or "%")
        {
            var nonZero = b.Constant is not null and not 0L and not 0.0;
            notNull &= nonZero;
            if (op == "/" && kind == PgKind.Numeric) return new Term(Context.Helper("div", a.Sql, b.Sql), PgKind.Numeric, true);
            if (op == "%" && kind != PgKind.Int)
            {
                var remainder = Arithmetic("%", CastInteger(a), CastInteger(b));
                return kind == PgKind.Real ? new Term($"{remainder.Operand}::float8", PgKind.Real, true) : remainder;
            }
            var divisor = nonZero ? b.Operand : $"nullif({b.Sql}, 0)";
            return new Term($"{a.Operand} {op} {divisor}", kind) { NotNull = notNull };
        }
        // 32-bit operands would overflow where SQLite's 64 bits do not.
        var left = kind == PgKind.Int && a.Narrow && b.Narrow ? Wide(a) : a.Operand;
        return new Term($"{left} {op} {b.Operand}", kind) { NotNull = notNull };
    }

    private static double? Real(Term t) => t.Constant switch { double d => d, long n => n, _ => null };

    private static bool Folded(string op, long x, long y, out object? value)
    {
        value = null;
        try
        {
            switch (op)
            {
                case "+": value = checked(x + y); return true;
                case "-": value = checked(x - y); return true;
                case "*": value = checked(x * y); return true;
                case "/" when y != 0 && !(x == long.MinValue && y == -1): value = x / y; return true;
                case "%" when y != 0 && y != -1: value = x % y; return true;
                case "/" or "%" when y == 0: return true;
                default: return false;
            }
        }
        catch (OverflowException)
        {
            // Beyond 64 bits SQLite goes on in floating point.
            value = op switch { "+" => (double)x + y, "-" => (double)x - y, _ => (double)x * y };
            return true;
        }
    }

    private Term IsTerm(Is e)
    {
        if (e.Right is Literal { Kind: LiteralKind.True or LiteralKind.False } truth && Resolve(Scope, null, truth.Text) is null)
            return new Term($"({Condition(e.Left)}) IS {(e.Not ? "NOT " : "")}{(truth.Kind == LiteralKind.True ? "TRUE" : "FALSE")}", PgKind.Bool) { NotNull = true };
        var (l, r) = (Translate(e.Left), Translate(e.Right));
        if (l.Kind == PgKind.Null && r.Kind != PgKind.Null) (l, r) = (r, l);
        if (r.Kind == PgKind.Null)
        {
            if (l.Moment is { } moment) l = new Term(moment, PgKind.Timestamp, true);
            return l.Kind == PgKind.Null ? Constant(e.Not ? 0L : 1L) : new Term($"{l.Operand} IS {(e.Not ? "NOT " : "")}NULL", PgKind.Bool) { NotNull = true };
        }
        return Compare(e.Not ? "<>" : "=", l, r, nullSafe: true).Term;
    }

    private Term BetweenTerm(Between b)
    {
        if (b.Value is Row row && b.Low is Row least && b.High is Row most)
        {
            var inside = $"{RowComparison(">=", row, least).Sql} AND {RowComparison("<=", row, most).Sql}";
            return new Term(b.Not ? $"NOT ({inside})" : $"({inside})", PgKind.Bool, !b.Not);
        }
        var value = Translate(b.Value);
        var low = Compare(">=", value, Translate(b.Low));
        var high = Compare("<=", value, Translate(b.High));
        if (low is { Left: not null, Op: ">=" } && high is { Op: "<=" } && low.Left == high.Left)
            return new Term($"{low.Left} {(b.Not ? "NOT " : "")}BETWEEN {low.Right} AND {high.Right}", PgKind.Bool);
        var both = $"{low.Sql} AND {high.Sql}";
        return new Term(b.Not ? $"NOT ({both})" : $"({both})", PgKind.Bool, !b.Not);
    }

    private Term LikeTerm(Like l)
    {
        // Its left side may be the full-text table itself, so that it comes before any look at the operands.
        if (l.Op == "MATCH") throw Refuse("MATCH asks an index of SQLite's own, which is not carried over");
        var (value, pattern) = (Translate(l.Left), Translate(l.Pattern));
        if (value.Kind == PgKind.Null || pattern.Kind == PgKind.Null) return NullTerm;
        if (value.Mixed && !Context.Immutable && value.Json is null && value.Column is null) Context.Note("Values of mixed kinds are matched as text.");
        var not = l.Not ? "NOT " : "";
        switch (l.Op)
        {
            case "LIKE":
                var escape = l.Escape is null ? null : Translate(l.Escape).Constant as string ?? throw Refuse("LIKE with an ESCAPE that is not a constant");
                if (escape is { Length: not 1 }) throw Refuse("LIKE with an ESCAPE of more than one character");
                return new Term(LikeSql(ToText(value), pattern, not, escape), PgKind.Bool) { NotNull = value.NotNull && pattern.NotNull };
            case "GLOB":
                if (pattern.Constant is not string glob) return new Term($"{not}{Context.Helper("glob", ToText(value), ToText(pattern))}", PgKind.Bool, !l.Not) { NotNull = value.NotNull && pattern.NotNull };
                return new Term($"{ToText(value)} COLLATE \"C\" {(l.Not ? "!~" : "~")} {TextLiteral(GlobPattern.ToRegex(glob))}", PgKind.Bool) { NotNull = value.NotNull };
            case "REGEXP": throw Refuse("REGEXP is a function of the application, its dialect is not known");
            default: throw Refuse($"{l.Op} is not translated");
        }
    }

    // SQLite folds only ASCII letters, and has no escape character unless one is named.
    private string LikeSql(string value, Term pattern, string not, string? escape)
    {
        if (pattern.Constant is not string text)
            return $"lower({value} COLLATE \"C\") {not}LIKE lower({ToText(pattern)} COLLATE \"C\") ESCAPE {TextLiteral(AsciiLower(escape ?? ""))}";
        var folded = AsciiLower(text);
        var tail = escape is not null ? $" ESCAPE {TextLiteral(AsciiLower(escape))}" : folded.Contains('\\', StringComparison.Ordinal) ? " ESCAPE ''" : "";
        var hasLetters = text.Any(char.IsAsciiLetter);
        return $"{(hasLetters ? $"lower({value} COLLATE \"C\")" : value)} {not}LIKE {TextLiteral(folded)}{tail}";
    }

    private static string AsciiLower(string s) => string.Create(s.Length, s, (span, text) =>
    {
        for (var i = 0; i < text.Length; i++) span[i] = text[i] is >= 'A' and <= 'Z' ? (char)(text[i] | 0x20) : text[i];
    });
}

internal static class GlobPattern
{
    /// <summary>A GLOB pattern as one of PostgreSQL's regular expressions (https://www.postgresql.org/docs/current/functions-matching.html, 9.7.3).</summary>
    public static string ToRegex(string glob)
    {
        var regex = new System.Text.StringBuilder("^");
        for (var i = 0; i < glob.Length; i++)
        {
            switch (glob[i])
            {
                case '*': regex.Append(".*"); break;
                case '?': regex.Append('.'); break;
                case '[': i = Set(glob, i, regex); break;
                default: Escaped(regex, glob[i]); break;
            }
        }
        return regex.Append('$').ToString();
    }

    private static int Set(string glob, int at, System.Text.StringBuilder regex)
    {
        var i = at + 1;
        var not = i < glob.Length && glob[i] == '^';
        if (not) i++;
        // ] as the first member is itself.
        var close = glob.IndexOf(']', Math.Min(i + 1, glob.Length));
        if (close < 0) throw new UntranslatableException("a GLOB set is not closed");
        regex.Append(not ? "[^" : "[");
        for (; i < close; i++)
        {
            if (glob[i] == '-' && i + 1 < close && regex[^1] != '[' && regex[^1] != '^') regex.Append('-');
            else Escaped(regex, glob[i]);
        }
        regex.Append(']');
        return close;
    }

    private static void Escaped(System.Text.StringBuilder regex, char c)
    {
        if (!char.IsAsciiLetterOrDigit(c) && c < 0x80 && !char.IsWhiteSpace(c)) regex.Append('\\');
        regex.Append(c);
    }
}
