namespace Godwit.TypeMapping;

/// <summary>Booleans spelled as words, as PostgreSQL's boolean input takes them.</summary>
internal static class BoolText
{
    public static bool TryParse(ReadOnlySpan<byte> text, out bool value)
    {
        value = false;
        if (text.Length is 0 or > 5) return false;
        Span<byte> lower = stackalloc byte[5];
        for (var i = 0; i < text.Length; i++) lower[i] = text[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(text[i] | 0x20) : text[i];
        ReadOnlySpan<byte> word = lower[..text.Length];
        value = word.SequenceEqual("true"u8) || word.SequenceEqual("t"u8) || word.SequenceEqual("1"u8)
            || word.SequenceEqual("yes"u8) || word.SequenceEqual("y"u8) || word.SequenceEqual("on"u8);
        return value || word.SequenceEqual("false"u8) || word.SequenceEqual("f"u8) || word.SequenceEqual("0"u8)
            || word.SequenceEqual("no"u8) || word.SequenceEqual("n"u8) || word.SequenceEqual("off"u8);
    }
}

/// <summary>UUIDs: 32 hexadecimal digits, bare, with the four hyphens, or those in braces.</summary>
internal static class UuidText
{
    /// <summary><paramref name="canonical"/>: lower case with hyphens, the one form that PostgreSQL prints.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, Span<byte> into, out bool canonical)
    {
        canonical = text.Length == 36;
        if (text.Length == 38 && text[0] == '{' && text[37] == '}') text = text[1..37];
        if (text.Length == 36)
        {
            if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
        }
        else if (text.Length != 32)
        {
            return false;
        }
        var hyphens = text.Length == 36;
        for (int i = 0, at = 0; i < 16; i++)
        {
            if (hyphens && i is 4 or 6 or 8 or 10) at++;
            int high = Hex(text[at], ref canonical), low = Hex(text[at + 1], ref canonical);
            if ((high | low) < 0) return false;
            into[i] = (byte)(high << 4 | low);
            at += 2;
        }
        return true;
    }

    private static int Hex(byte c, ref bool canonical)
    {
        if ((uint)(c - '0') <= 9) return c - '0';
        if ((uint)(c - 'a') <= 5) return c - 'a' + 10;
        canonical = false;
        return (uint)(c - 'A') <= 5 ? c - 'A' + 10 : -1;
    }
}
