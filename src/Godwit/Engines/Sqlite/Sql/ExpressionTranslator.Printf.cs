namespace Godwit.Engines.Sqlite.Sql;

/// <summary>printf() and format().</summary>
internal sealed partial class ExpressionTranslator
{
    // printf with a constant format: %d %i %u %s %f %e %g %x %X %o %c %q %Q %w %% with width, zero and precision.
    private Term Printf(Term[] args)
    {
        if (args[0].Constant is not string format) throw Refuse("printf() with a format that is not a constant");
        var parts = new List<string>();
        var literal = new System.Text.StringBuilder();
        var next = 1;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length) { literal.Append(format[i]); continue; }
            var start = ++i;
            while (i < format.Length && "-0123456789.+ ,l".Contains(format[i], StringComparison.Ordinal)) i++;
            if (i == format.Length) throw Refuse("a printf() format ends in the middle of a field");
            var spec = format[start..i].Replace("l", "", StringComparison.Ordinal);
            if (format[i] == '%') { literal.Append('%'); continue; }
            if (next >= args.Length) throw Refuse("printf() has fewer arguments than fields");
            if (literal.Length > 0) parts.Add(TextLiteral(literal.ToString()));
            literal.Clear();
            parts.Add(Field(format[i], spec, args[next++]));
        }
        if (literal.Length > 0 || parts.Count == 0) parts.Add(TextLiteral(literal.ToString()));
        return new Term(string.Join(" || ", parts), PgKind.Text, parts.Count == 1) { NotNull = true };
    }

    private string Field(char conversion, string spec, Term t)
    {
        var dot = spec.IndexOf('.', StringComparison.Ordinal);
        var flags = spec.TakeWhile(c => c is '-' or '0' or '+' or ' ' or ',').ToArray();
        var grouped = flags.Contains(',');
        var sign = flags.Contains('+') ? "+" : flags.Contains(' ') ? " " : "";
        if ((grouped || sign.Length > 0) && conversion is not ('d' or 'i' or 'u' or 'f')) throw Refuse($"the printf() field %{spec}{conversion} is not translated");
        var widthText = spec[flags.Length..(dot < 0 ? spec.Length : dot)];
        var width = widthText.Length == 0 ? 0 : int.TryParse(widthText, out var w) ? w : throw Refuse("a printf() width is not a number");
        var precision = dot < 0 ? -1 : int.TryParse(spec.AsSpan(dot + 1), out var p) ? Math.Min(p, 30) : 0;
        var text = conversion switch
        {
            'd' or 'i' or 'u' when precision < 0 => OrZero(Integer(ToNumber(t)), "::text"),
            'x' when precision < 0 => $"to_hex({OrZero(Integer(ToNumber(t)), "")})",
            'X' when precision < 0 => $"upper(to_hex({OrZero(Integer(ToNumber(t)), "")}))",
            'o' when precision < 0 => Context.Helper("octal", OrZero(Integer(ToNumber(t)), "")),
            'f' => $"round({OrZero(ToNumber(t), "::numeric")}, {(precision < 0 ? 6 : precision)})::text",
            'e' or 'E' => Exponent(conversion, $"to_char({OrZero(ToNumber(t), "::float8")}, '9{(precision == 0 ? "" : "." + new string('9', precision < 0 ? 6 : precision))}EEEE')"),
            'g' or 'G' => Exponent(conversion, Context.Helper("real_g", OrZero(ToNumber(t), "::float8"), $"{(precision < 0 ? 6 : Math.Max(precision, 1))}")),
            'q' => $"coalesce(replace({ToText(t)}, '''', ''''''), '(NULL)')",
            'w' => $"coalesce(replace({ToText(t)}, '\"', '\"\"'), '(NULL)')",
            'Q' => $"coalesce('''' || replace({ToText(t)}, '''', '''''') || '''', 'NULL')",
            'c' when precision < 0 => $"left({(t.NotNull ? ToText(t) : $"coalesce({ToText(t)}, '')")}, 1)",
            's' when precision < 0 => t.NotNull ? ToText(t) : $"coalesce({ToText(t)}, '')",
            's' => $"left({(t.NotNull ? ToText(t) : $"coalesce({ToText(t)}, '')")}, {precision})",
            _ => throw Refuse($"the printf() field %{spec}{conversion} is not translated"),
        };
        if (grouped) text = $"regexp_replace({text}, {TextLiteral(@"(\d)(?=(\d{3})+(?!\d))(?<!\.\d*)")}, {TextLiteral(@"\1,")}, 'g')";
        if (sign.Length > 0) text = $"CASE WHEN {text} LIKE '-%' THEN '' ELSE '{sign}' END || {text}";
        if (width == 0) return sign.Length > 0 ? $"({text})" : text;
        var zero = flags.Contains('0') && !flags.Contains('-') && conversion is not ('s' or 'c');
        return Context.Helper("pad", text, width.ToString(), flags.Contains('-') ? "'-'" : zero ? "'0'" : "' '");

        static string Exponent(char conversion, string sql) => char.IsUpper(conversion) ? $"upper(ltrim({sql}))" : $"ltrim({sql})";
        static string OrZero(Term n, string cast) => n.Kind == PgKind.Null ? $"0{cast}" : n.NotNull ? $"{n.Operand}{cast}" : $"coalesce({n.Sql}, 0){cast}";
    }
}
