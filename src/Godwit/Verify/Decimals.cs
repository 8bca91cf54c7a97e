namespace Godwit.Verify;

/// <summary>Decimal numbers by value, from their text: 1.50, 1.5 and 15e-1 are one number.</summary>
internal static class Decimals
{
    /// <summary>
    /// Digits, an optional point, an optional exponent, a sign; anything else is not a number. Value = digits without zeros at either
    /// end x 10^power.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> text, Tag tag, out Digest digest)
    {
        digest = default;
        var i = 0;
        var negative = false;
        if (i < text.Length && text[i] is (byte)'-' or (byte)'+') negative = text[i++] == '-';
        int digits = 0, whole = -1, first = -1, last = -1;
        var mantissaEnd = i;
        var start = i;
        for (; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '.' && whole < 0) { whole = digits; continue; }
            if (!char.IsAsciiDigit((char)c)) break;
            if (c != '0')
            {
                if (first < 0) first = digits;
                last = digits;
            }
            digits++;
        }
        mantissaEnd = i;
        if (digits == 0) return false;
        if (whole < 0) whole = digits;
        if (!TryReadExponent(text[i..], out var exponent)) return false;
        if (first < 0)
        {
            digest = Digest.OfWords(tag, 0, 0);
            return true;
        }
        var power = exponent + whole - 1 - last;
        digest = OfDigits(text[start..mantissaEnd], first, last, Digest.OfWords(tag, unchecked((ulong)power), negative ? 1u : 2u));
        return true;
    }

    private static bool TryReadExponent(ReadOnlySpan<byte> text, out long exponent)
    {
        exponent = 0;
        if (text.IsEmpty) return true;
        if ((text[0] | 0x20) != 'e') return false;
        var i = 1;
        var negative = false;
        if (i < text.Length && text[i] is (byte)'-' or (byte)'+') negative = text[i++] == '-';
        // Twelve digits are far beyond what either database can hold, and cannot overflow.
        if (i >= text.Length || text.Length - i > 12) return false;
        for (; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit((char)text[i])) return false;
            exponent = exponent * 10 + (text[i] - '0');
        }
        if (negative) exponent = -exponent;
        return true;
    }

    /// <summary>The digits from ordinal <paramref name="first"/> to <paramref name="last"/>, eighteen to a word.</summary>
    private static Digest OfDigits(ReadOnlySpan<byte> mantissa, int first, int last, Digest digest)
    {
        ulong word = 0;
        int ordinal = -1, inWord = 0;
        foreach (var c in mantissa)
        {
            if (c == '.') continue;
            ordinal++;
            if (ordinal < first) continue;
            if (ordinal > last) break;
            word = word * 10 + (ulong)(c - '0');
            if (++inWord < 18) continue;
            digest = digest.Then(Digest.OfWords(Tag.Number, word, 18));
            word = 0;
            inWord = 0;
        }
        return inWord == 0 ? digest : digest.Then(Digest.OfWords(Tag.Number, word, (ulong)inWord));
    }

    public static Digest OfInteger(long value, Tag tag)
    {
        Span<byte> text = stackalloc byte[24];
        value.TryFormat(text, out var length);
        TryRead(text[..length], tag, out var digest);
        return digest;
    }

    /// <summary>By the shortest decimal that reads back as the same double.</summary>
    public static Digest OfReal(double value, Tag tag)
    {
        if (!double.IsFinite(value)) return NotFinite(value);
        Span<byte> text = stackalloc byte[40];
        value.TryFormat(text, out var length, "R");
        TryRead(text[..length], tag, out var digest);
        return digest;
    }

    public static Digest NotFinite(double value) =>
        Digest.OfWords(Tag.NotFinite, double.IsNaN(value) ? 1u : value > 0 ? 2u : 3u, 0);
}
