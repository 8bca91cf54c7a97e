using System.Globalization;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>SQLite's own conversions between text and numbers, for constants.</summary>
internal static class SqliteNumbers
{
    /// <summary>"%!.15g": 15 significant digits and always a point.</summary>
    public static string Text(double value)
    {
        if (double.IsNaN(value)) return "NULL";
        if (double.IsInfinity(value)) return value > 0 ? "Inf" : "-Inf";
        var text = value.ToString("E14", CultureInfo.InvariantCulture);
        var e = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text[(e + 1)..], CultureInfo.InvariantCulture);
        if (exponent is >= -4 and < 15)
        {
            var fixedText = ((decimal)value).ToString("0.0##################", CultureInfo.InvariantCulture);
            return fixedText;
        }
        var mantissa = text[..e].TrimEnd('0');
        if (mantissa.EndsWith('.')) mantissa += "0";
        return $"{mantissa}e{(exponent < 0 ? "-" : "+")}{Math.Abs(exponent):00}";
    }

    /// <summary>The number that a text is as a whole (spaces around it allowed), null where it is none: affinity's rule.</summary>
    public static object? WellFormed(string text)
    {
        var t = text.Trim(' ', '\t', '\n', '\r', '\f', '\v');
        var length = PrefixLength(t, out var integer);
        return length == 0 || length != t.Length ? null : Parse(t, integer);
    }

    /// <summary>The longest number at the beginning of a text, 0 where there is none: CAST's and arithmetic's rule.</summary>
    public static object Prefix(string text)
    {
        var t = text.TrimStart(' ', '\t', '\n', '\r', '\f', '\v');
        var length = PrefixLength(t, out var integer);
        return length == 0 ? 0L : Parse(t[..length], integer);
    }

    /// <summary>CAST(text AS INTEGER): the longest run of digits, clamped to 64 bits.</summary>
    public static long IntegerPrefix(string text)
    {
        var t = text.TrimStart(' ', '\t', '\n', '\r', '\f', '\v');
        var end = t.Length > 0 && t[0] is '+' or '-' ? 1 : 0;
        var start = end;
        while (end < t.Length && char.IsAsciiDigit(t[end])) end++;
        if (end == start) return 0;
        return long.TryParse(t[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : t[0] == '-' ? long.MinValue : long.MaxValue;
    }

    /// <summary>An integer literal of SQL text, decimal or hexadecimal; a double where 64 bits do not hold it.</summary>
    public static object Literal(string text)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? unchecked((long)hex) : throw new UntranslatableException($"{text} does not fit 64 bits");
        return Parse(text, true);
    }

    public static object Parse(string text, bool integer)
    {
        if (integer && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)) return n;
        return double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private static int PrefixLength(string t, out bool integer)
    {
        integer = true;
        var i = t.Length > 0 && t[0] is '+' or '-' ? 1 : 0;
        var digits = 0;
        while (i < t.Length && char.IsAsciiDigit(t[i])) { i++; digits++; }
        var end = digits > 0 ? i : 0;
        if (i < t.Length && t[i] == '.')
        {
            var fraction = 0;
            for (i++; i < t.Length && char.IsAsciiDigit(t[i]); i++) fraction++;
            if (digits + fraction == 0) return 0;
            integer = false;
            end = i;
        }
        if (end == 0) return 0;
        if (i < t.Length && t[i] is 'e' or 'E')
        {
            var j = i + 1;
            if (j < t.Length && t[j] is '+' or '-') j++;
            if (j < t.Length && char.IsAsciiDigit(t[j]))
            {
                while (j < t.Length && char.IsAsciiDigit(t[j])) j++;
                integer = false;
                end = j;
            }
        }
        return end;
    }
}
