namespace Godwit.TypeMapping;

/// <summary>Integers, floats and numeric.</summary>
public sealed partial class RowEncoder
{
    // numeric_recv: the sign words of utils/adt/numeric.c.
    private const int Positive = 0x0000, Negative = 0x4000, PositiveInfinity = 0xD000, NegativeInfinity = 0xF000;

    private Misfit Int8(in SourceCell cell)
    {
        if (Whole(cell, out var value) is var reason and not Misfit.None) return reason;
        Reserve(12);
        Put32(8);
        Put64(value);
        return Misfit.None;
    }

    private Misfit Int4(in SourceCell cell)
    {
        if (Whole(cell, out var value) is var reason and not Misfit.None) return reason;
        if ((int)value != value) return Misfit.OutOfRange;
        Reserve(8);
        Put32(4);
        Put32((int)value);
        return Misfit.None;
    }

    private Misfit Int2(in SourceCell cell)
    {
        if (Whole(cell, out var value) is var reason and not Misfit.None) return reason;
        if ((short)value != value) return Misfit.OutOfRange;
        Reserve(6);
        Put32(2);
        Put16((int)value);
        return Misfit.None;
    }

    private static Misfit Whole(in SourceCell cell, out long value)
    {
        value = cell.Integer;
        switch (cell.Class)
        {
            case StorageClass.Integer:
                return Misfit.None;
            case StorageClass.Real:
                var real = cell.Real;
                if (Math.Truncate(real) != real || double.IsInfinity(real)) return Misfit.NotAnInteger;
                if (!(real >= -9.2233720368547758E+18 && real < 9.2233720368547758E+18)) return Misfit.OutOfRange;
                value = (long)real;
                return Misfit.None;
            case StorageClass.Text:
                return NumberText.TryInteger(cell.Bytes, out value) ? Misfit.None : Misfit.NotAnInteger;
            default:
                return Misfit.NotAnInteger;
        }
    }

    private Misfit Float8(in SourceCell cell)
    {
        if (Floating(cell, out var value) is var reason and not Misfit.None) return reason;
        Reserve(12);
        Put32(8);
        Put64(BitConverter.DoubleToInt64Bits(value));
        return Misfit.None;
    }

    private Misfit Float4(in SourceCell cell)
    {
        if (Floating(cell, out var value) is var reason and not Misfit.None) return reason;
        if ((float)value != value) return Misfit.WouldRound;
        Reserve(8);
        Put32(4);
        Put32(BitConverter.SingleToInt32Bits((float)value));
        return Misfit.None;
    }

    private static Misfit Floating(in SourceCell cell, out double value)
    {
        value = cell.Real;
        switch (cell.Class)
        {
            case StorageClass.Real:
                return Misfit.None;
            case StorageClass.Integer:
                value = cell.Integer;
                return NumberFit.IsExactDouble(cell.Integer) ? Misfit.None : Misfit.WouldRound;
            case StorageClass.Text when NumberText.TryExactDouble(cell.Bytes, out value):
                return Misfit.None;
            default:
                return Misfit.NotANumber;
        }
    }

    private Misfit Numeric(in ColumnEncoding encoding, in SourceCell cell)
    {
        switch (cell.Class)
        {
            case StorageClass.Integer:
                if (encoding.Precision > 0 && NumberFit.Digits(cell.Integer) > encoding.Precision - encoding.Scale) return Misfit.OutOfRange;
                PutNumeric(cell.Integer, 0);
                return Misfit.None;
            case StorageClass.Real:
                return NumericReal(encoding, cell.Real);
            case StorageClass.Text:
                return NumericText(encoding, cell.Bytes);
            default:
                return Misfit.NotANumber;
        }
    }

    private Misfit NumericReal(in ColumnEncoding encoding, double value)
    {
        if (double.IsInfinity(value))
        {
            // numeric(p,s) holds no infinity; numeric does since PostgreSQL 14.
            if (encoding.Precision > 0) return Misfit.OutOfRange;
            NumericHead(0, 0, value > 0 ? PositiveInfinity : NegativeInfinity, 0);
            return Misfit.None;
        }
        if (encoding.Precision > 0 && NumberFit.TryScaled(value, encoding.Scale, out var scaled))
        {
            if (NumberFit.Digits(scaled) > encoding.Precision) return Misfit.OutOfRange;
            PutNumeric(scaled, encoding.Scale);
            return Misfit.None;
        }
        Span<byte> text = stackalloc byte[NumberText.MaxLength], digits = stackalloc byte[NumberText.MaxLength];
        var spelled = text[..NumberText.Format(value, text)];
        // The ".0" that tells a real from an integer is not a digit of the number.
        if (spelled.EndsWith(".0"u8)) spelled = spelled[..^2];
        return NumberText.TryDecimal(spelled, digits, out var number) ? NumericDigits(encoding, number) : Misfit.NotANumber;
    }

    private Misfit NumericText(in ColumnEncoding encoding, ReadOnlySpan<byte> text)
    {
        Span<byte> scratch = stackalloc byte[256];
        if (text.Length > scratch.Length)
        {
            if (text[0] is < (byte)'+' or > (byte)'9') return Misfit.NotANumber;
            scratch = new byte[text.Length];
        }
        return NumberText.TryDecimal(text, scratch, out var number) ? NumericDigits(encoding, number) : Misfit.NotANumber;
    }

    private Misfit NumericDigits(in ColumnEncoding encoding, in DecimalDigits number)
    {
        if (encoding.Precision > 0)
        {
            if (number.NeededScale > encoding.Scale) return Misfit.WouldRound;
            if (number.IntegerDigits > encoding.Precision - encoding.Scale) return Misfit.OutOfRange;
        }
        var digits = number.Digits;
        var displayScale = Math.Max(0, number.Scale);
        // The digit at index i stands for 10^(exponent - i); groups of four are aligned at the point.
        var exponent = digits.Length - number.Scale - 1;
        var weight = FloorDivide4(exponent);
        var significant = digits.TrimEnd((byte)0).Length;
        if (significant == 0)
        {
            NumericHead(0, 0, Positive, displayScale);
            return Misfit.None;
        }
        var groups = weight - FloorDivide4(exponent - (significant - 1)) + 1;
        NumericHead(groups, weight, number.Negative ? Negative : Positive, displayScale);
        var leading = weight * 4 + 3 - exponent;
        for (int group = 0, i = -leading; group < groups; group++)
        {
            var value = 0;
            for (var k = 0; k < 4; k++, i++) value = value * 10 + (i >= 0 && i < significant ? digits[i] : 0);
            Put16(value);
        }
        return Misfit.None;
    }

    private static int FloorDivide4(int value) => value >> 2;

    /// <summary><paramref name="value"/> * 10^-<paramref name="scale"/>; the magnitude is below 1e15 where the scale is not 0.</summary>
    private void PutNumeric(long value, int scale)
    {
        var magnitude = value < 0 ? (ulong)-(value + 1) + 1 : (ulong)value;
        var fractionGroups = (scale + 3) / 4;
        for (var pad = fractionGroups * 4 - scale; pad > 0; pad--) magnitude *= 10;
        Span<short> groups = stackalloc short[6];
        int count = 0, trailing = 0;
        for (; magnitude > 0; magnitude /= 10_000)
        {
            var group = (short)(magnitude % 10_000);
            if (count == 0 && group == 0) trailing++;
            else groups[count++] = group;
        }
        NumericHead(count, count == 0 ? 0 : count + trailing - fractionGroups - 1, value < 0 ? Negative : Positive, scale);
        while (count > 0) Put16(groups[--count]);
    }

    /// <summary>Length and head of a numeric field; reserves the room of its digits too.</summary>
    private void NumericHead(int groups, int weight, int sign, int displayScale)
    {
        Reserve(12 + groups * 2);
        Put32(8 + groups * 2);
        Put16(groups);
        Put16(weight);
        Put16(sign);
        Put16(displayScale);
    }
}
