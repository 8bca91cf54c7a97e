using System.Globalization;
using System.Text.RegularExpressions;
using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Date and time functions (https://www.sqlite.org/lang_datefunc.html). A moment here is a timestamp without zone, in UTC.</summary>
internal sealed partial class ExpressionTranslator
{
    private string Now()
    {
        Context.NeedsStable("the current time");
        return "(now() AT TIME ZONE 'UTC')";
    }

    private Term MomentText(string moment, string picture, bool notNull = false) =>
        new(TimeText(moment, picture), PgKind.Text, true) { Moment = moment, Picture = picture, NotNull = notNull };

    /// <summary>to_char is only STABLE in PostgreSQL, because of pictures that depend on the locale; ours do not.</summary>
    private string TimeText(string moment, string picture) =>
        Context.Immutable ? Context.Helper("time_text", moment, TextLiteral(picture)) : $"to_char({moment}, {TextLiteral(picture)})";

    /// <summary>A moment column as a timestamp in UTC.</summary>
    private static string Naive(Term t) => t.Kind switch
    {
        PgKind.TimestampTz => $"({t.Operand} AT TIME ZONE 'UTC')",
        PgKind.Date => $"{t.Operand}::timestamp",
        _ => t.Operand,
    };

    private Term DateFunction(string name, ReadOnlySpan<Expr> args)
    {
        var picture = name switch { "date" => "YYYY-MM-DD", "time" => "HH24:MI:SS", "datetime" => "YYYY-MM-DD HH24:MI:SS", _ => null };
        string? format = null;
        if (name == "strftime")
        {
            if (args.Length == 0 || Translate(args[0]).Constant is not string f) throw Refuse("strftime with a format that is not a constant");
            format = f;
            args = args[1..];
        }
        // 'subsec' changes what is written, not the moment.
        var fine = false;
        if (args.Length > 0 && args[^1] is Literal { Kind: LiteralKind.String } last && last.Text.Trim().ToLowerInvariant() is "subsec" or "subsecond")
        {
            fine = true;
            args = args[..^1];
            if (picture is not null && name != "date") picture += ".MS";
        }
        var (moment, notNull) = Moment(args);
        if (moment is null) return NullTerm;
        if (fine && name == "unixepoch") return new Term($"round(extract(epoch FROM {moment})::numeric, 3)::float8", PgKind.Real, true) { NotNull = notNull };
        if (picture is not null) return MomentText(moment, picture, notNull);
        return name switch
        {
            "julianday" => new Term($"(extract(epoch FROM {moment})::float8 / 86400 + 2440587.5)", PgKind.Real, true) { NotNull = notNull, Moment = moment, Picture = "julian" },
            "unixepoch" => new Term(Epoch(moment), PgKind.Int, true) { NotNull = notNull, Moment = moment, Picture = "epoch" },
            "strftime" => Strftime(moment, format!, notNull),
            _ => throw Refuse($"{name}() is not translated"),
        };
    }

    private static string Epoch(string moment) => $"floor(extract(epoch FROM {moment}))::bigint";

    private (string? Moment, bool NotNull) Moment(ReadOnlySpan<Expr> args)
    {
        if (args.Length == 0) return (Now(), true);
        var modifiers = args[1..].ToArray().Select(a => (Expr: a, Text: a is Literal { Kind: LiteralKind.Null } ? null : Translate(a).Constant as string)).ToList();
        var value = Translate(args[0]);
        if (value.Kind == PgKind.Null) return (null, false);
        var unix = modifiers.Count > 0 && modifiers[0].Text?.Trim().ToLowerInvariant() is "unixepoch";
        // 'auto' tells julian days from Unix times by their size; 'julianday' says what is so without it.
        var auto = modifiers.Count > 0 && modifiers[0].Text?.Trim().ToLowerInvariant() is "auto";
        var start = Start(value, unix, auto);
        if (unix || auto || modifiers.Count > 0 && PgTypes.IsNumber(value.Kind) && modifiers[0].Text?.Trim().ToLowerInvariant() is "julianday") modifiers.RemoveAt(0);
        foreach (var (expr, text) in modifiers) start = text is null ? ShiftBy(start, expr) : Modify(start, text.Trim().ToLowerInvariant());
        return (start, value.NotNull && value.Kind != PgKind.Text || value.Constant is string || value.Moment is not null && value.NotNull);
    }

    private string Start(Term value, bool unix, bool auto)
    {
        if (value.Moment is { } known && !unix) return value.Picture switch
        {
            "YYYY-MM-DD" => $"date_trunc('day', {known})",
            "YYYY-MM-DD HH24:MI:SS" => $"date_trunc('second', {known})",
            "YYYY-MM-DD HH24:MI:SS.MS" or "julian" => known,
            _ => throw Refuse("a moment is built from another's text"),
        };
        if (value.Constant is string text && !unix) return text.Trim().Equals("now", StringComparison.OrdinalIgnoreCase) ? Now() : ConstantMoment(text);
        if (IsNumericTime(value))
        {
            // The numbers mean what the plan found them to mean; here SQLite reads them by its own rule, and both must agree.
            var source = value.Column!.NumericTime;
            if (source == "EpochSeconds" && (unix || auto) || source is "JulianTimestamp" or "JulianDate" && !unix) return Naive(value);
            value = ToNumber(value);
        }
        if (auto && PgTypes.IsNumber(value.Kind) && ToNumber(value) is var either)
            return $"(to_timestamp(CASE WHEN {either.Operand} >= 0 AND {either.Operand} < 5373484.5 THEN ({either.Operand} - 2440587.5) * 86400 ELSE {either.Operand} END) AT TIME ZONE 'UTC')";
        if (PgTypes.IsNumber(value.Kind))
            return unix ? $"(to_timestamp({ToNumber(value).Sql}) AT TIME ZONE 'UTC')" : $"(to_timestamp(({ToNumber(value).Operand} - 2440587.5) * 86400) AT TIME ZONE 'UTC')";
        if (unix) throw Refuse("'unixepoch' is applied to a value that is not a number");
        return value.Kind switch
        {
            PgKind.Date or PgKind.Timestamp or PgKind.TimestampTz => Naive(value),
            PgKind.Time => $"(DATE '2000-01-01' + {value.Operand})",
            PgKind.Text => Context.Helper("moment", value.Sql),
            _ => throw Refuse($"{Show(value)} is read as a moment"),
        };
    }

    private string ConstantMoment(string text)
    {
        var t = text.Trim();
        if (DateShape.IsMatch(t) && IsRealDate(t) || DateTimeShape.IsMatch(t) && IsRealDate(t)) return $"TIMESTAMP {TextLiteral(t)}";
        return Context.Helper("moment", TextLiteral(t));
    }

    [GeneratedRegex(@"^([+-]?\d+(?:\.\d+)?)\s*(day|hour|minute|second|month|year)s?$")]
    private static partial Regex ShiftModifier { get; }

    [GeneratedRegex(@"^([+-])(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?$")]
    private static partial Regex ClockModifier { get; }

    private string Modify(string moment, string modifier)
    {
        switch (modifier)
        {
            case "start of day": return $"date_trunc('day', {moment})";
            case "start of month": return $"date_trunc('month', {moment})";
            case "start of year": return $"date_trunc('year', {moment})";
            case "subsec" or "subsecond": throw Refuse($"the modifier {modifier} is not translated");
            case "utc" when moment == "(now() AT TIME ZONE 'UTC')": return moment;
            case "utc":
                Context.NeedsStable("local time");
                Context.Note("'utc' reads the time in the time zone of the PostgreSQL session, no longer in the one of the application's machine.");
                return $"({moment}::timestamptz AT TIME ZONE 'UTC')";
            case "localtime":
                Context.NeedsStable("local time");
                Context.Note("'localtime' is the time zone of the PostgreSQL session, no longer the one of the application's machine.");
                return $"({moment} AT TIME ZONE 'UTC')::timestamp";
        }
        if (modifier.StartsWith("weekday ", StringComparison.Ordinal) && int.TryParse(modifier.AsSpan(8), out var day) && day is >= 0 and <= 6)
            return $"({moment} + (({day + 7} - extract(dow FROM {moment})::int) % 7) * INTERVAL '1 day')";
        if (ShiftModifier.Match(modifier) is { Success: true } shift) return Shift(moment, shift.Groups[1].Value, shift.Groups[2].Value);
        if (ClockModifier.Match(modifier) is { Success: true } clock)
            return $"({moment} {clock.Groups[1].Value} INTERVAL '{clock.Groups[2].Value}:{clock.Groups[3].Value}:{(clock.Groups[4].Success ? clock.Groups[4].Value : "00")}')";
        throw Refuse($"the date modifier '{modifier}' is not translated");
    }

    private string Shift(string moment, string amount, string unit)
    {
        if (unit is "month" or "year")
        {
            if (!int.TryParse(amount, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)) throw Refuse("a fraction of a month is added to a date");
            // SQLite carries a 31st into the next month, PostgreSQL's interval stops at the month's end.
            return Context.Helper("add_months", moment, unit == "year" ? $"{n * 12L}" : $"{n}");
        }
        var sign = amount.StartsWith('-') ? "-" : "+";
        return $"({moment} {sign} INTERVAL '{amount.TrimStart('+', '-')} {unit}')";
    }

    // '+' || id || ' day', or printf('%d day', id)
    private string ShiftBy(string moment, Expr modifier)
    {
        if (modifier is Call { Name: "printf" or "format", Args: [Literal { Kind: LiteralKind.String } format, var only] } && format.Text.Split("%d") is [var before, var after])
            modifier = new Binary("||", before.Length == 0 ? only : new Binary("||", new Literal(LiteralKind.String, before), only), new Literal(LiteralKind.String, after));
        var parts = new List<Expr>();
        for (var e = modifier; ; e = ((Binary)e).Left)
        {
            if (e is Binary { Op: "||" } joined) parts.Insert(0, joined.Right);
            else { parts.Insert(0, e); break; }
        }
        var (sign, signed) = ("+", false);
        if (parts is [Literal { Kind: LiteralKind.String, Text: "+" or "-" } first, ..]) { (sign, signed) = (first.Text, true); parts.RemoveAt(0); }
        if (parts is not [var amount, Literal { Kind: LiteralKind.String } last]) throw Refuse("a date modifier is computed");
        var unit = last.Text.Trim().ToLowerInvariant().TrimEnd('s');
        if (unit is not ("day" or "hour" or "minute" or "second" or "month" or "year") || ToNumber(Translate(amount)) is not { Kind: PgKind.Int or PgKind.Real or PgKind.Numeric } number || number.Kind != PgKind.Int && unit is "month" or "year") throw Refuse("a date modifier is computed");
        // '+-3 day' is no modifier, and the result NULL.
        if (signed && number.Constant is null) number = new Term($"CASE WHEN {number.Operand} >= 0 THEN {number.Sql} END", number.Kind);
        if (unit is "month" or "year") return Context.Helper("add_months", moment, $"{(sign == "-" ? "-" : "")}({number.Sql}){(unit == "year" ? " * 12" : "")}");
        return $"({moment} {sign} {number.Operand} * INTERVAL '1 {unit}')";
    }

    private Term Strftime(string moment, string format, bool notNull)
    {
        if (format == "%s") return new Term($"{Epoch(moment)}::text", PgKind.Text, true) { Digits = Epoch(moment), NotNull = notNull, Moment = moment, Picture = "epoch" };
        var parts = new List<string>();
        var picture = new System.Text.StringBuilder();
        var plain = true;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%') { Quoted(picture, format[i]); continue; }
            if (++i == format.Length) throw Refuse("a strftime format ends in %");
            var field = Picture(format[i]);
            if (field is not null) { picture.Append(field); continue; }
            if (format[i] == '%') { Quoted(picture, '%'); continue; }
            Flush();
            plain = false;
            parts.Add(format[i] switch
            {
                'e' => $"lpad(extract(day FROM {moment})::int::text, 2)",
                'k' => $"lpad(extract(hour FROM {moment})::int::text, 2)",
                'l' => $"lpad(to_char({moment}, 'FMHH12'), 2)",
                'P' => $"lower({TimeText(moment, "AM")})",
                'U' => $"lpad(((extract(doy FROM {moment})::int + 6 - extract(dow FROM {moment})::int) / 7)::text, 2, '0')",
                'w' => $"extract(dow FROM {moment})::int::text",
                'u' => $"extract(isodow FROM {moment})::int::text",
                's' => $"{Epoch(moment)}::text",
                'W' => $"lpad(((extract(doy FROM {moment})::int + 6 - (extract(dow FROM {moment})::int + 6) % 7) / 7)::text, 2, '0')",
                'J' => Context.Helper("real_text", $"extract(epoch FROM {moment})::float8 / 86400 + 2440587.5"),
                var c => throw Refuse($"the strftime field %{c} is not translated"),
            });
        }
        if (plain) return MomentText(moment, picture.ToString(), notNull) with { Digits = IsDigits(format) ? $"{TimeText(moment, picture.ToString())}::bigint" : null };
        Flush();
        return new Term(parts.Count == 1 ? parts[0] : $"({string.Join(" || ", parts)})", PgKind.Text, true) { NotNull = notNull, Digits = format == "%w" ? $"extract(dow FROM {moment})::bigint" : null };

        void Flush()
        {
            if (picture.Length > 0) parts.Add(TimeText(moment, picture.ToString()));
            picture.Clear();
        }
    }

    private static bool IsDigits(string format) => format is "%Y" or "%m" or "%d" or "%H" or "%M" or "%S" or "%j" or "%Y%m" or "%Y%m%d" or "%m%d" or "%H%M";

    private static string? Picture(char field) => field switch
    {
        'Y' => "YYYY", 'm' => "MM", 'd' => "DD", 'H' => "HH24", 'M' => "MI", 'S' => "SS", 'f' => "SS.MS", 'j' => "DDD",
        'F' => "YYYY-MM-DD", 'T' => "HH24:MI:SS", 'R' => "HH24:MI", 'I' => "HH12", 'p' => "AM", 'G' => "IYYY", 'g' => "IY", 'V' => "IW",
        _ => null,
    };

    // Letters and quotes are fields to to_char unless they are quoted.
    private static void Quoted(System.Text.StringBuilder picture, char c)
    {
        if (c is '"' or '\\') throw Refuse("a strftime format holds a quote or a backslash");
        if (c is '-' or ':' or ' ' or '/' or '.' or ',' or ';') picture.Append(c);
        else if (picture.Length > 1 && picture[^1] == '"' && picture.ToString().Count(x => x == '"') % 2 == 0) picture.Insert(picture.Length - 1, c);
        else picture.Append('"').Append(c).Append('"');
    }
}
