using System.Globalization;

namespace Godwit.Verify;

/// <summary>
/// A double as PostgreSQL prints it. Plain decimals whose digits stand below 2^53 and whose scale is at most 22 are one exact division
/// (W. D. Clinger, "How to read floating point numbers accurately", 1990); all others go to the framework's parser.
/// </summary>
internal static class DoubleText
{
    private const ulong ExactLimit = 1UL << 53;

    private static ReadOnlySpan<double> PowersOfTen =>
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    public static bool TryRead(ReadOnlySpan<byte> text, out double value) =>
        TryPlain(text, out value) || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private static bool TryPlain(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        ulong digits = 0;
        int i = 0, point = -1;
        var negative = text.Length > 0 && text[0] == '-';
        if (negative) i++;
        // Nineteen digits fit in 64 bits.
        if (text.Length > 19 || i == text.Length) return false;
        for (; i < text.Length; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit <= 9) digits = digits * 10 + digit;
            else if (text[i] == '.' && point < 0 && i + 1 < text.Length && (uint)(text[i - (i > 0 ? 1 : 0)] - '0') <= 9) point = i;
            else return false;
        }
        if (digits >= ExactLimit) return false;
        value = point < 0 ? digits : digits / PowersOfTen[text.Length - point - 1];
        if (negative) value = -value;
        return true;
    }
}
