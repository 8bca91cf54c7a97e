namespace Godwit.TypeMapping;

/// <summary>Whether one kind of number holds another exactly.</summary>
internal static class NumberFit
{
    private static readonly double[] PowersOfTen = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    public static bool IsExactDouble(long value)
    {
        // Up to 53 significant bits; long.MinValue is a power of two.
        var magnitude = (ulong)Math.Abs(Math.Max(value, -long.MaxValue));
        return value == long.MinValue || magnitude <= 1UL << 53 || magnitude >> (int)ulong.TrailingZeroCount(magnitude) < 1UL << 53;
    }

    /// <summary>Decimal digits of the magnitude; 0 has none.</summary>
    public static int Digits(long value)
    {
        var magnitude = value < 0 ? (ulong)-(value + 1) + 1 : (ulong)value;
        var digits = 0;
        for (; magnitude > 0; magnitude /= 10) digits++;
        return digits;
    }

    /// <summary>
    /// The number as a whole count of 10^-<paramref name="scale"/>, where its shortest decimal form has no more digits after the point.
    /// A decimal of at most 15 digits is the only one of that length that leads to its double, so that it is the shortest form
    /// (false for longer ones, although they may fit).
    /// </summary>
    public static bool TryScaled(double value, int scale, out long scaled)
    {
        scaled = 0;
        if (scale > 15) return false;
        var rounded = Math.Round(value * PowersOfTen[scale]);
        if (!(Math.Abs(rounded) < 1e15) || rounded / PowersOfTen[scale] != value) return false;
        scaled = (long)rounded;
        return true;
    }
}
