using System.Buffers.Text;
using System.Globalization;

namespace Godwit.TypeMapping;

/// <summary>
/// A decimal number as its digits: value = digits * 10^-<see cref="Scale"/>. Digits are values 0-9 without leading zeros; trailing zeros
/// are kept, since PostgreSQL's numeric keeps them.
/// </summary>
internal readonly ref struct DecimalDigits(ReadOnlySpan<byte> digits, int scale, bool negative, bool plain)
{
    public ReadOnlySpan<byte> Digits { get; } = digits;
    public int Scale { get; } = scale;
    public bool Negative { get; } = negative;
    /// <summary>Spelled as PostgreSQL prints it: no exponent, no plus sign, no superfluous leading zero, no bare point.</summary>
    public bool Plain { get; } = plain;

    public int IntegerDigits => Math.Max(0, Digits.Length - Scale);

    /// <summary>Digits after the point without trailing zeros.</summary>
    public int NeededScale
    {
        get
        {
            var trailing = Digits.Length - 1 - Digits.LastIndexOfAnyExcept((byte)0);
            return Digits.Length == trailing ? 0 : Math.Max(0, Scale - trailing);
        }
    }
}

/// <summary>Numbers spelled as text, and the spelling of numbers.</summary>
internal static class NumberText
{
    /// <summary>Room for the shortest round-trip form of any double, and for any 64-bit integer.</summary>
    public const int MaxLength = 32;

    // PostgreSQL's numeric: 131072 digits before the point, 16383 after.
    public const int MaxIntegerDigits = 131_072, MaxScale = 16_383;

    /// <summary>A 64-bit integer in the only spelling that PostgreSQL prints it.</summary>
    public static bool TryInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length is 0 or > 20) return false;
        var negative = text[0] == '-';
        var i = negative ? 1 : 0;
        if (i == text.Length || (text[i] == '0' && text.Length > 1)) return false;
        ulong magnitude = 0;
        for (; i < text.Length; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit > 9 || magnitude > long.MaxValue / 10) return false;
            magnitude = magnitude * 10 + digit;
        }
        if (magnitude > long.MaxValue && !(negative && magnitude == 1UL << 63)) return false;
        value = negative ? -(long)magnitude : (long)magnitude;
        return true;
    }

    /// <summary>
    /// [+-] digits [. digits] [e[+-]digits]. <paramref name="scratch"/> must be as long as the text; the result lies in it.
    /// </summary>
    public static bool TryDecimal(ReadOnlySpan<byte> text, Span<byte> scratch, out DecimalDigits number)
    {
        number = default;
        var i = 0;
        var negative = text.Length > 0 && text[0] == '-';
        var plain = true;
        if (negative || (text.Length > 0 && text[0] == '+'))
        {
            plain = negative;
            i = 1;
        }
        int count = 0, whole = 0, fraction = 0, start = i;
        for (; i < text.Length && (uint)(text[i] - '0') <= 9; i++, whole++)
            if (count > 0 || text[i] != '0') scratch[count++] = (byte)(text[i] - '0');
        if (whole == 0 || (whole > 1 && text[start] == '0')) plain = false;
        if (i < text.Length && text[i] == '.')
        {
            for (i++; i < text.Length && (uint)(text[i] - '0') <= 9; i++, fraction++)
                if (count > 0 || text[i] != '0') scratch[count++] = (byte)(text[i] - '0');
            if (fraction == 0) plain = false;
        }
        if (whole + fraction == 0) return false;
        var exponent = 0;
        if (i < text.Length)
        {
            plain = false;
            if ((text[i] | 0x20) != 'e' || !TryExponent(text[(i + 1)..], out exponent)) return false;
        }
        var scale = fraction - exponent;
        if (count == 0) scale = Math.Max(0, scale);
        if (count - scale > MaxIntegerDigits || scale > MaxScale) return false;
        // Zero has no sign in PostgreSQL's numeric.
        number = new DecimalDigits(scratch[..count], scale, negative && count > 0, plain && !(negative && count == 0));
        return true;
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        var negative = text.Length > 0 && text[0] == '-';
        if (negative || (text.Length > 0 && text[0] == '+')) text = text[1..];
        if (text.IsEmpty) return false;
        foreach (var c in text)
        {
            if ((uint)(c - '0') > 9) return false;
            exponent = Math.Min(1_000_000, exponent * 10 + (c - '0'));
        }
        if (negative) exponent = -exponent;
        return true;
    }

    /// <summary>Text that names exactly one double: the shortest form of the double has the same decimal value.</summary>
    public static bool TryExactDouble(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        if (text.Length > 400) return false;
        Span<byte> digits = stackalloc byte[text.Length];
        if (!TryDecimal(text, digits, out var said)) return false;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) || double.IsInfinity(value)) return false;
        Span<byte> shortest = stackalloc byte[MaxLength];
        Span<byte> kept = stackalloc byte[MaxLength];
        if (!TryDecimal(shortest[..Format(value, shortest)], kept, out var held)) return false;
        ReadOnlySpan<byte> a = said.Digits.TrimEnd((byte)0), b = held.Digits.TrimEnd((byte)0);
        return a.SequenceEqual(b) && said.Negative == held.Negative
            && (a.IsEmpty || said.Digits.Length - said.Scale == held.Digits.Length - held.Scale);
    }

    /// <summary>
    /// The shortest decimal that leads back to the same double, with ".0" where there is no fraction and no exponent: "1.0", "0.1", "1e+16",
    /// "1e-05", "-0.0", "inf".
    /// </summary>
    public static int Format(double value, Span<byte> into)
    {
        if (double.IsInfinity(value)) return Copy(value > 0 ? "inf"u8 : "-inf"u8, into);
        value.TryFormat(into, out var length, default, CultureInfo.InvariantCulture);
        var e = into[..length].IndexOf((byte)'E');
        if (e >= 0)
        {
            into[e] = (byte)'e';
            return length;
        }
        if (into[..length].Contains((byte)'.')) return length;
        // .NET writes up to 17 digits plainly; from 1e16 on they are not all known, and an exponent stands here.
        return Math.Abs(value) >= 1e16 ? SpellExponent16(into, length) : length + Copy(".0"u8, into[length..]);
    }

    public static int Format(long value, Span<byte> into)
    {
        Utf8Formatter.TryFormat(value, into, out var written);
        return written;
    }

    private static int SpellExponent16(Span<byte> into, int length)
    {
        var first = into[0] == '-' ? 1 : 0;
        var significant = into[..length].TrimEnd((byte)'0').Length;
        if (significant > first + 1)
        {
            into[(first + 1)..significant].CopyTo(into[(first + 2)..]);
            into[first + 1] = (byte)'.';
            significant++;
        }
        return significant + Copy("e+16"u8, into[significant..]);
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> into)
    {
        text.CopyTo(into);
        return text.Length;
    }
}
