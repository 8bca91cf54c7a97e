using System.Globalization;
using System.Text;
using Godwit.Source;
using Godwit.TypeMapping;
using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Column defaults: the value as SQLite would store it in the column, said in the column's type.</summary>
internal sealed class DefaultTranslator(TranslationContext context, ScopeColumn column)
{
    private readonly PgKind _kind = PgTypes.Kind(column.PgType);

    private static UntranslatableException Refuse(string problem) => ExpressionTranslator.Refuse(problem);

    public string Translate(Expr e)
    {
        // DEFAULT word: a bare word that is no keyword is a string (parse.y: ccons ::= DEFAULT id).
        if (e is Column { Table: null } word) e = new Literal(LiteralKind.String, word.Name);
        var t = new ExpressionTranslator(context, new NameScope(null)).Value(e);
        if (t.Kind == PgKind.Null) return "NULL";
        if (t.Constant is { } value) return OfStored(value);
        if (t.Moment is { } moment) return OfMoment(t, moment);
        return OfExpression(t, e is Call { Args.Length: 1 } call && call.Name.Equals("round", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A constant as SQLite stores it in the column.</summary>
    internal string OfStored(object value) => OfConstant(WithAffinity(value));

    private object WithAffinity(object value)
    {
        switch (column.Affinity)
        {
            case "TEXT": return value switch { long n => n.ToString(CultureInfo.InvariantCulture), double d => SqliteNumbers.Text(d), _ => value };
            case "INTEGER" or "NUMERIC" or "REAL":
                if (value is string s && SqliteNumbers.WellFormed(s) is { } number) value = number;
                if (column.Affinity == "REAL") return value is long whole ? (double)whole : value;
                return value is double real && real == Math.Floor(real) && Math.Abs(real) < 9.2e18 ? (long)real : value;
            default: return value;
        }
    }

    private UntranslatableException Misfit(object value) =>
        Refuse($"the default {(value is string s ? $"'{s}'" : value is byte[] ? "(a blob)" : Convert.ToString(value, CultureInfo.InvariantCulture))} is no value of {column.PgType}");

    private string OfConstant(object value)
    {
        var length = PgTypes.Arguments(column.PgType);
        switch (_kind, value)
        {
            case (PgKind.Bool, 0L or 1L): return value is 1L ? "true" : "false";
            case (PgKind.Bool, string s) when BoolText.TryParse(Encoding.UTF8.GetBytes(s), out var truth): return truth ? "true" : "false";
            case (PgKind.Int, long n) when Fits(n): return ExpressionTranslator.Constant(n).Sql;
            case (PgKind.Real, long or double): return Number(Convert.ToDouble(value, CultureInfo.InvariantCulture));
            case (PgKind.Numeric, long n): return n.ToString(CultureInfo.InvariantCulture);
            case (PgKind.Numeric, double d) when double.IsFinite(d) && FitsScale(d, length): return ((decimal)d).ToString(CultureInfo.InvariantCulture);
            case (PgKind.Text, _) when value is not byte[]:
                var text = value switch { long n => n.ToString(CultureInfo.InvariantCulture), double d => SqliteNumbers.Text(d), _ => (string)value };
                if (length is [var limit, ..] && limit > 0 && text.EnumerateRunes().Count() > limit) throw Misfit(value);
                return ExpressionTranslator.TextLiteral(text);
            case (PgKind.Bytea, byte[]): return ExpressionTranslator.Constant(value).Sql;
            case (PgKind.Json or PgKind.Jsonb, string s) when ExpressionTranslator.IsJson(s): return $"{ExpressionTranslator.TextLiteral(s)}::{PgTypes.Name(_kind)}";
            case (PgKind.Json or PgKind.Jsonb, long n): return $"'{n}'::{PgTypes.Name(_kind)}";
            case (PgKind.Uuid, string s) when Guid.TryParse(s, out var id): return $"'{id:D}'::uuid";
            case (PgKind.Date, string s) when DateTime.TryParseExact(s, ["yyyy-MM-dd", "yyyy-MM-dd 00:00:00"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var d): return $"DATE '{d:yyyy-MM-dd}'";
            case (PgKind.Time, string s) when TimeOnly.TryParseExact(s, ["HH:mm", "HH:mm:ss", "HH:mm:ss.FFFFFF"], CultureInfo.InvariantCulture, DateTimeStyles.None, out _): return $"TIME '{s}'";
            case (PgKind.Timestamp or PgKind.TimestampTz, string s) when s.Length >= 10 && char.IsAsciiDigit(s[0]) && s[4] == '-' && ExpressionTranslator.IsRealDate(s):
                return _kind == PgKind.Timestamp ? $"TIMESTAMP {ExpressionTranslator.TextLiteral(s)}" : $"TIMESTAMPTZ {ExpressionTranslator.TextLiteral(s.Length > 19 && (s.EndsWith('Z') || s.IndexOfAny(['+', '-'], 19) > 0) ? s : s + "+00")}";
            case (PgKind.Date or PgKind.Timestamp or PgKind.TimestampTz, long or double) when column.NumericTime is not null: return NumericMoment(Convert.ToDouble(value, CultureInfo.InvariantCulture));
            default: throw Misfit(value);
        }
    }

    private bool Fits(long n) => PgTypes.Base(column.PgType) switch
    {
        "smallint" or "int2" => n is >= short.MinValue and <= short.MaxValue,
        "integer" or "int4" or "int" => n is >= int.MinValue and <= int.MaxValue,
        _ => true,
    };

    private static string Number(double d) => double.IsFinite(d) && !double.IsNegative(d) ? d.ToString("R", CultureInfo.InvariantCulture) : ExpressionTranslator.Constant(d).Sql;

    private static bool FitsScale(double d, int[] precision) =>
        Math.Abs(d) < 7e27 && (precision.Length == 0 || decimal.Round((decimal)d, Math.Min(precision.Length > 1 ? precision[1] : 0, 28)) == (decimal)d);

    private string NumericMoment(double value)
    {
        var seconds = column.NumericTime switch
        {
            "EpochSeconds" => value,
            "EpochMilliseconds" => value / 1e3,
            "EpochMicroseconds" => value / 1e6,
            "JulianTimestamp" or "JulianDate" => (value - 2440587.5) * 86400,
            _ => throw Misfit(value),
        };
        return FromNaive($"(to_timestamp({seconds.ToString("R", CultureInfo.InvariantCulture)}) AT TIME ZONE 'UTC')");
    }

    private string FromNaive(string moment) => _kind switch
    {
        PgKind.Date => $"({moment})::date",
        PgKind.Time => $"({moment})::time",
        PgKind.TimestampTz => moment == "date_trunc('second', (now() AT TIME ZONE 'UTC'))" ? "date_trunc('second', now())" : $"({moment} AT TIME ZONE 'UTC')",
        _ => moment,
    };

    // Text or numbers that SQLite's date functions make.
    internal string OfMoment(Term t, string moment)
    {
        var seconds = $"date_trunc('second', {moment})";
        switch (_kind)
        {
            case PgKind.Date or PgKind.Time or PgKind.Timestamp or PgKind.TimestampTz:
                var fits = t.Picture switch
                {
                    "YYYY-MM-DD" => _kind == PgKind.Date ? seconds : $"date_trunc('day', {moment})",
                    "HH24:MI:SS" when _kind == PgKind.Time => seconds,
                    "YYYY-MM-DD HH24:MI:SS" or "YYYY-MM-DD\"T\"HH24:MI:SS" or "YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"" => seconds,
                    "YYYY-MM-DD HH24:MI:SS.MS" or "YYYY-MM-DD\"T\"HH24:MI:SS.MS" or "YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"" => $"date_trunc('milliseconds', {moment})",
                    // A column without numbers yet, as in an empty table, takes the moment that they would mean.
                    "epoch" when column.NumericTime == "EpochSeconds" || column.NumericTime is null && _kind is PgKind.Timestamp or PgKind.TimestampTz => seconds,
                    "julian" when column.NumericTime is "JulianTimestamp" or "JulianDate" => moment,
                    _ => throw Refuse($"the default makes text that is no value of {column.PgType}"),
                };
                if (_kind == PgKind.Date && t.Picture is not "YYYY-MM-DD" and not "julian") context.Note("The default's time of day is dropped, because the column holds dates.");
                return FromNaive(fits);
            default: return OfExpression(t);
        }
    }

    // isWhole: a double without a fraction, which SQLite stores as an integer in a column of integers.
    private string OfExpression(Term t, bool isWhole = false)
    {
        var expressions = new ExpressionTranslator(context, new NameScope(null));
        switch (_kind)
        {
            case PgKind.Text: return expressions.ToText(t);
            case PgKind.Int when t.Kind == PgKind.Int: return t.Operand;
            case PgKind.Int when t.Kind == PgKind.Real && isWhole: return $"{t.Operand}::{column.PgType}";
            case PgKind.Int when t.Digits is { } digits && column.Affinity is "INTEGER" or "NUMERIC" or "REAL": return digits;
            case PgKind.Real when PgTypes.IsNumber(t.Kind): return expressions.ToNumber(t).Operand;
            case PgKind.Real when t.Digits is { } digits: return digits;
            case PgKind.Numeric when PgTypes.IsNumber(t.Kind): return t.Kind == PgKind.Real ? $"{t.Operand}::numeric" : t.Operand;
            case PgKind.Numeric when t.Digits is { } digits: return digits;
            case PgKind.Bytea when t.Kind == PgKind.Bytea: return t.Operand;
            case PgKind.Uuid when t.Kind == PgKind.Text: return $"{t.Operand}::uuid";
            case PgKind.Bool when t.Kind == PgKind.Bool || t.Kind == PgKind.Int: return $"({expressions.Condition(t)})";
            case PgKind.Date or PgKind.Timestamp or PgKind.TimestampTz when PgTypes.IsNumber(t.Kind) && column.NumericTime is "EpochSeconds" or "EpochMilliseconds" or "EpochMicroseconds":
                var instant = $"to_timestamp({t.Operand}{column.NumericTime switch { "EpochSeconds" => "", "EpochMilliseconds" => " / 1e3::float8", _ => " / 1e6::float8" }})";
                return _kind == PgKind.TimestampTz ? instant : FromNaive($"({instant} AT TIME ZONE 'UTC')");
            case PgKind.Json or PgKind.Jsonb when t.Kind is PgKind.Json or PgKind.Jsonb: return $"{t.Operand}::{PgTypes.Name(_kind)}";
            default: throw Refuse($"the default is {PgTypes.Name(t.Kind)}, and the column is {column.PgType}");
        }
    }
}
