using Godwit.Source;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>
/// What a statement of a trigger puts into a column. Where a value may not fit the column's type, PostgreSQL is made to refuse it rather than to round it.
/// </summary>
internal sealed class StoredValue(ExpressionTranslator expressions, ScopeColumn column)
{
    private readonly PgKind _kind = PgTypes.Kind(column.PgType);

    public string Of(Term t)
    {
        var defaults = new DefaultTranslator(expressions.Context, column);
        if (t.Kind == PgKind.Null) return "NULL";
        if (t.Constant is { } constant) return defaults.OfStored(constant);
        if (PgTypes.IsMoment(_kind) && t.Moment is { } moment) return defaults.OfMoment(t, moment);
        if (t.Kind == _kind && SameMeaning(t)) return t.Kind == PgKind.Text && t.Column is null ? $"{t.Operand}::text" : t.Sql;
        return _kind switch
        {
            PgKind.Text => expressions.ToText(t),
            PgKind.Int => Whole(t),
            PgKind.Real when PgTypes.IsNumber(t.Kind) || IsTime(t) => expressions.ToNumber(t).Sql,
            PgKind.Numeric when t.Kind == PgKind.Real => $"{t.Operand}::text::numeric",
            PgKind.Numeric when PgTypes.IsNumber(t.Kind) || IsTime(t) => expressions.ToNumber(t).Sql,
            PgKind.Real or PgKind.Numeric when t.Kind == PgKind.Text => $"{t.Operand}::{column.PgType}",
            PgKind.Bool when t.Kind is PgKind.Int or PgKind.Bool => expressions.Condition(t),
            PgKind.Bytea when t.Kind == PgKind.Text => $"convert_to({t.Sql}, 'UTF8')",
            PgKind.Json or PgKind.Jsonb => Json(t),
            PgKind.Uuid when t.Kind == PgKind.Text => $"{t.Operand}::uuid",
            PgKind.Date or PgKind.Time or PgKind.Timestamp or PgKind.TimestampTz => Moment(t),
            _ => throw Refuse(t),
        };
    }

    private UntranslatableException Refuse(Term t) => ExpressionTranslator.Refuse($"{PgTypes.Name(t.Kind)} is stored in {column.SourceName}, which is {column.PgType}");

    private static bool IsTime(Term t) => t.Column?.NumericTime is not null && PgTypes.IsMoment(t.Kind);

    // A moment that stands for a number is not the moment that stands for text.
    private bool SameMeaning(Term t) => !PgTypes.IsMoment(_kind) || t.Column?.NumericTime == column.NumericTime;

    private string Whole(Term t)
    {
        if (t.Digits is { } digits) return digits;
        if (t.Kind == PgKind.Bool || IsTime(t)) return Whole(expressions.ToNumber(t));
        return t.Kind switch
        {
            PgKind.Int => t.Sql,
            // bigint's input refuses '1.5', where a cast would round.
            PgKind.Real or PgKind.Numeric => $"trim_scale({t.Operand}::numeric)::text::bigint",
            PgKind.Text => $"{t.Operand}::bigint",
            _ => throw Refuse(t),
        };
    }

    private string Json(Term t) => t.Kind switch
    {
        _ when t.Json is { } json => $"{json}::{PgTypes.Name(_kind)}",
        PgKind.Json or PgKind.Jsonb or PgKind.Text => $"{t.Operand}::{PgTypes.Name(_kind)}",
        PgKind.Int or PgKind.Real or PgKind.Numeric => $"to_json{(_kind == PgKind.Jsonb ? "b" : "")}({t.Sql})",
        _ => throw Refuse(t),
    };

    private string Moment(Term t)
    {
        var naive = (column.NumericTime, t.Kind) switch
        {
            ("EpochSeconds", PgKind.Int or PgKind.Real or PgKind.Numeric) => $"to_timestamp({t.Sql}) AT TIME ZONE 'UTC'",
            ("EpochMilliseconds", PgKind.Int) => $"to_timestamp({t.Operand} / 1000.0) AT TIME ZONE 'UTC'",
            ("EpochMicroseconds", PgKind.Int) => $"to_timestamp({t.Operand} / 1000000.0) AT TIME ZONE 'UTC'",
            (null, PgKind.Text) => $"{t.Operand}::timestamp",
            (null, PgKind.Date or PgKind.Timestamp) => $"{t.Operand}::timestamp",
            (null, PgKind.TimestampTz) => $"{t.Operand} AT TIME ZONE 'UTC'",
            _ => throw Refuse(t),
        };
        return _kind switch
        {
            // With the offset said, a text that names another one is refused instead of being read without it.
            PgKind.TimestampTz when t.Kind == PgKind.Text => $"({t.Operand} || '+00')::timestamptz",
            PgKind.TimestampTz => $"({naive}) AT TIME ZONE 'UTC'",
            PgKind.Date when t.Kind == PgKind.Text => $"{t.Operand}::date",
            PgKind.Date => $"({naive})::date",
            PgKind.Time when t.Kind == PgKind.Text => $"{t.Operand}::time",
            PgKind.Time => throw Refuse(t),
            _ => naive,
        };
    }
}
