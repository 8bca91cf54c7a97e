using System.Globalization;
using Godwit.Schema;
using Godwit.TypeMapping;
using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Conversions between kinds as SQLite does them.</summary>
internal sealed partial class ExpressionTranslator
{
    /// <summary>As a PostgreSQL condition: SQLite's truth is "a number other than 0".</summary>
    public string Condition(Expr e) => Condition(Translate(e));

    /// <summary>As a condition of WHERE or ON, which take NULL for false.</summary>
    public string Filter(Expr e)
    {
        if (e is Binary { Op: "AND" } both) return $"{Parenthesised(both.Left)} AND {Parenthesised(both.Right)}";
        var t = Translate(e);
        return t.Filter ?? Condition(t);

        string Parenthesised(Expr side) => side is Binary { Op: "OR" } ? $"({Filter(side)})" : Filter(side);
    }

    public string Condition(Term t)
    {
        switch (t.Kind)
        {
            case PgKind.Bool: return t.Sql;
            case PgKind.Null: return "NULL::boolean";
            case PgKind.Int or PgKind.Real or PgKind.Numeric:
                return t.Constant switch { long n => n != 0 ? "true" : "false", double d => d != 0 ? "true" : "false", _ => $"{t.Operand} <> 0" };
            case PgKind.Text:
                if (t.Constant is string s) return Convert.ToDouble(SqliteNumbers.Prefix(s), CultureInfo.InvariantCulture) != 0 ? "true" : "false";
                return $"{Context.Helper("to_number", t.Sql)} <> 0";
            case PgKind.Date or PgKind.Time or PgKind.Timestamp or PgKind.TimestampTz: return $"{ToNumber(t).Operand} <> 0";
            default: throw Refuse($"{t.Sql} is used as a condition, and it is not a number");
        }
    }

    /// <summary>As SQLite's CAST(x AS TEXT) and || see it.</summary>
    public string ToText(Term t)
    {
        switch (t.Constant)
        {
            case long n: return TextLiteral(n.ToString(CultureInfo.InvariantCulture));
            case double d: return TextLiteral(SqliteNumbers.Text(d));
        }
        if (IsNumericTime(t)) return ToText(ToNumber(t));
        switch (t.Kind)
        {
            case PgKind.Null: return "NULL::text";
            case PgKind.Text: return t.Operand;
            case PgKind.Int or PgKind.Uuid or PgKind.Json: return $"{t.Operand}::text";
            case PgKind.Bool: return $"{t.Operand}::int::text";
            case PgKind.Real: return Context.Helper("real_text", t.Sql);
            case PgKind.Numeric: return Context.Helper("number_text", t.Sql);
            case PgKind.Jsonb:
                if (Context.Immutable) throw Refuse("jsonb does not keep the spelling of its text, and the expression depends on it");
                Context.Note("JSON read as text is spelled by PostgreSQL: spaces and the order of keys may differ.");
                return $"{t.Operand}::text";
            case PgKind.Date or PgKind.Time or PgKind.Timestamp or PgKind.TimestampTz: return MomentAsText(t);
            case PgKind.Bytea:
                Context.Note("A blob is read as text: where its bytes are not UTF-8, or hold a NUL, it is NULL here.");
                return Context.Helper("blob_text", t.Sql);
            default: throw Refuse($"{t.Sql} is of a type that is not known as text");
        }
    }

    internal static bool IsNumericTime(Term t) => t.Column?.NumericTime is not null && PgTypes.IsMoment(t.Kind);

    /// <summary>As an operand of arithmetic. Booleans become 0 and 1, text its leading number.</summary>
    public Term ToNumber(Term t)
    {
        switch (t.Kind)
        {
            case PgKind.Null or PgKind.Int or PgKind.Real or PgKind.Numeric: return t;
            case PgKind.Bool: return new Term($"{t.Operand}::int", PgKind.Int, true) { Narrow = true, NotNull = t.NotNull };
            case PgKind.Text when t.Constant is string s: return Constant(SqliteNumbers.Prefix(s));
            case PgKind.Text when t.Digits is { } digits: return new Term(digits, PgKind.Int, true) { NotNull = t.NotNull };
            case PgKind.Text: return new Term(Context.Helper("to_number", t.Sql), PgKind.Numeric, true);
            case PgKind.Bytea when t.Constant is byte[] b: return ToNumber(Constant(System.Text.Encoding.UTF8.GetString(b)));
            case PgKind.Bytea: return new Term(Context.Helper("to_number", ToText(t)), PgKind.Numeric, true);
        }
        if (IsNumericTime(t)) return EpochNumber(t);
        if (t is { Kind: PgKind.Time, Spelling: { } spelling } && (spelling.Parts & Spellings.DateSpace) != 0) return new Term(Context.Helper("to_number", ToText(t)), PgKind.Numeric, true) { NotNull = t.NotNull };
        // The number at the beginning of '2020-03-01' is the year, of '10:30' the hour.
        if (PgTypes.IsMoment(t.Kind)) return new Term($"extract({(t.Kind == PgKind.Time ? "hour" : "year")} FROM {(t.Kind == PgKind.TimestampTz ? Naive(t) : t.Operand)})::int", PgKind.Int, true) { NotNull = t.NotNull, Narrow = true };
        throw Refuse($"{t.Sql} is used in arithmetic, and it is {PgTypes.Name(t.Kind)}");
    }

    // The number that the source holds for a moment.
    private static Term EpochNumber(Term t)
    {
        var epoch = $"extract(epoch FROM {(t.Kind == PgKind.Date ? t.Operand + "::timestamp" : t.Operand)})";
        return t.Column!.NumericTime switch
        {
            "EpochSeconds" => new Term($"{epoch}::bigint", PgKind.Int, true) { NotNull = t.NotNull, Affinity = "INTEGER" },
            "EpochMilliseconds" => new Term($"({epoch} * 1000)::bigint", PgKind.Int, true) { NotNull = t.NotNull, Affinity = "INTEGER" },
            "EpochMicroseconds" => new Term($"({epoch} * 1000000)::bigint", PgKind.Int, true) { NotNull = t.NotNull, Affinity = "INTEGER" },
            "JulianTimestamp" or "JulianDate" => new Term($"({epoch}::float8 / 86400 + 2440587.5)", PgKind.Real, true) { NotNull = t.NotNull, Affinity = "REAL" },
            var other => throw Refuse($"{t.Sql} holds times as {other}"),
        };
    }

    private Term CastTerm(Cast c)
    {
        var t = Value(c.Value);
        var affinity = PgTypes.Affinity(c.Type);
        if (t.Kind == PgKind.Null) return NullTerm with { Affinity = affinity };
        return (affinity switch
        {
            "INTEGER" => CastInteger(t),
            "TEXT" => t.Constant is byte[] b
                ? new Term(TextLiteral(System.Text.Encoding.UTF8.GetString(b)), PgKind.Text, true)
                : new Term(ToText(t), PgKind.Text, true) { Mixed = false, Moment = t.Moment, Picture = t.Picture, Constant = t.Constant is string ? t.Constant : null },
            "REAL" => CastReal(t),
            "NUMERIC" => CastNumeric(t),
            _ => t.Kind switch
            {
                PgKind.Bytea => t,
                PgKind.Text => new Term(Bytes(t.Sql), PgKind.Bytea, true),
                _ => new Term(Bytes(ToText(t)), PgKind.Bytea, true),
            },
        }) with { Affinity = affinity, Collation = t.Collation, NotNull = t.NotNull, Column = null };
    }

    private string Bytes(string text) => Context.Immutable ? Context.Helper("utf8", text) : $"convert_to({text}, 'UTF8')";

    private Term CastInteger(Term t)
    {
        if (t.Constant is byte[] bytes) t = Constant(System.Text.Encoding.UTF8.GetString(bytes));
        if (t.Constant is { } value)
            return Constant(value switch { long n => n, double d => Clamp(d), string s => SqliteNumbers.IntegerPrefix(s), _ => throw Refuse("a blob is cast to a number") });
        if (t.Digits is { } digits) return new Term(digits, PgKind.Int, true);
        if (IsNumericTime(t)) t = ToNumber(t);
        return t.Kind switch
        {
            PgKind.Int => t,
            PgKind.Bool => ToNumber(t),
            PgKind.Real => new Term(Context.Helper("clamp", t.Sql), PgKind.Int, true),
            PgKind.Numeric => new Term(Context.Helper("whole", t.Sql), PgKind.Int, true),
            _ when IsWidened(t) => new Term($"coalesce({Context.Helper("whole", Context.Helper("as_number", t.Sql))}, {Context.Helper("to_integer", t.Sql)})", PgKind.Int, true),
            _ => new Term(Context.Helper("to_integer", ToText(t)), PgKind.Int, true),
        };
    }

    private static long Clamp(double d) => double.IsNaN(d) ? 0 : d >= 9.2233720368547758e18 ? long.MaxValue : d <= -9.2233720368547758e18 ? long.MinValue : (long)d;

    private Term CastReal(Term t)
    {
        if (t.Constant is byte[] bytes) t = Constant(System.Text.Encoding.UTF8.GetString(bytes));
        if (t.Constant is { } value)
            return Constant(value switch { long n => (double)n, double d => d, string s => Convert.ToDouble(SqliteNumbers.Prefix(s), CultureInfo.InvariantCulture), _ => throw Refuse("a blob is cast to a number") });
        if (t.Kind == PgKind.Real) return t;
        var number = t.Kind == PgKind.Bytea || PgTypes.IsMoment(t.Kind) && !IsNumericTime(t) ? new Term(Context.Helper("to_number", ToText(t)), PgKind.Numeric, true) : ToNumber(t);
        return new Term($"{number.Operand}::float8", PgKind.Real, true);
    }

    private Term CastNumeric(Term t)
    {
        if (t.Constant is string s) return Constant(SqliteNumbers.Prefix(s));
        if (t.Constant is double d && d == Math.Floor(d) && Math.Abs(d) < 9e15) return Constant((long)d);
        var number = ToNumber(t);
        return number.Kind == PgKind.Real ? new Term($"{number.Operand}::numeric", PgKind.Numeric, true) : number;
    }

    /// <summary>The name alone, for messages.</summary>
    public static string Show(Term t) => t.Column?.SourceName ?? t.Sql;

    /// <summary>A view's output: the SQL and the type that later views see.</summary>
    public static string Quote(string name) => SqlName.Quote(name);
}
