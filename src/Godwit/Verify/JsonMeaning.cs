using System.Buffers;

namespace Godwit.Verify;

/// <summary>
/// A digest of a JSON text's structure, in one pass and without a tree: members in any order, numbers by value, strings unescaped.
/// A member that comes twice counts twice, so that jsonb, which keeps the last, does not equal it. One instance serves one thread.
/// </summary>
internal sealed class JsonMeaning
{
    private struct Frame
    {
        public bool IsObject;
        public Digest Sum;
        public Digest Name;
    }

    private Frame[] _frames = new Frame[32];
    private byte[] _unescaped = new byte[256];

    /// <summary>False where the text is not JSON as RFC 8259 says it.</summary>
    public bool TryRead(ReadOnlySpan<byte> text, out Digest digest)
    {
        digest = default;
        var at = 0;
        var depth = 0;
        while (true)
        {
            // A value begins here.
            SkipSpace(text, ref at);
            if (at >= text.Length) return false;
            Digest value;
            var c = text[at];
            if (c is (byte)'{' or (byte)'[')
            {
                at++;
                Push(ref depth, c == '{');
                SkipSpace(text, ref at);
                if (at < text.Length && text[at] == (c == '{' ? '}' : ']'))
                {
                    at++;
                    value = Close(ref depth);
                }
                else if (c == '[' || Name(text, ref at, depth)) continue;
                else return false;
            }
            else if (!Scalar(text, ref at, out value)) return false;

            if (!Complete(text, ref at, ref depth, ref value, out var done)) return false;
            if (!done) continue;
            digest = value;
            return true;
        }
    }

    /// <summary>Puts a finished value where it belongs, and closes what it ends. Done: it was the outermost.</summary>
    private bool Complete(ReadOnlySpan<byte> text, ref int at, ref int depth, ref Digest value, out bool done)
    {
        done = false;
        while (true)
        {
            SkipSpace(text, ref at);
            if (depth == 0)
            {
                done = at == text.Length;
                return done;
            }
            ref var frame = ref _frames[depth - 1];
            frame.Sum = frame.IsObject ? frame.Sum.Plus(frame.Name.Then(value)) : frame.Sum.Then(value);
            if (at >= text.Length) return false;
            var c = text[at++];
            if (c == ',') return !frame.IsObject || Name(text, ref at, depth);
            if (c != (frame.IsObject ? '}' : ']')) return false;
            value = Close(ref depth);
        }
    }

    private void Push(ref int depth, bool isObject)
    {
        if (depth == _frames.Length) Array.Resize(ref _frames, depth * 2);
        _frames[depth++] = new Frame { IsObject = isObject, Sum = Digest.Start };
    }

    private Digest Close(ref int depth)
    {
        ref var frame = ref _frames[--depth];
        return Digest.OfWords(frame.IsObject ? Tag.Object : Tag.Array, frame.Sum.A, frame.Sum.B);
    }

    private static void SkipSpace(ReadOnlySpan<byte> text, ref int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t') at++;
    }

    private bool Name(ReadOnlySpan<byte> text, ref int at, int depth)
    {
        SkipSpace(text, ref at);
        if (at >= text.Length || text[at] != '"' || !String(text, ref at, out _frames[depth - 1].Name)) return false;
        SkipSpace(text, ref at);
        return at < text.Length && text[at++] == ':';
    }

    private bool Scalar(ReadOnlySpan<byte> text, ref int at, out Digest value)
    {
        var c = text[at];
        if (c == '"') return String(text, ref at, out value);
        if (c is (byte)'t' or (byte)'f' or (byte)'n') return Literal(text, ref at, out value);
        return Number(text, ref at, out value);
    }

    private static bool Literal(ReadOnlySpan<byte> text, ref int at, out Digest value)
    {
        var rest = text[at..];
        var (length, word) = rest.StartsWith("true"u8) ? (4, 1u) : rest.StartsWith("false"u8) ? (5, 2u) : rest.StartsWith("null"u8) ? (4, 3u) : (0, 0u);
        value = Digest.OfWords(Tag.Literal, word, 0);
        at += length;
        return length > 0;
    }

    private static bool Number(ReadOnlySpan<byte> text, ref int at, out Digest value)
    {
        value = default;
        var start = at;
        if (text[at] == '-') at++;
        var whole = at;
        SkipDigits(text, ref at);
        if (at == whole || at - whole > 1 && text[whole] == '0') return false;
        if (at < text.Length && text[at] == '.')
        {
            var fraction = ++at;
            SkipDigits(text, ref at);
            if (at == fraction) return false;
        }
        if (at < text.Length && (text[at] | 0x20) == 'e')
        {
            at++;
            if (at < text.Length && text[at] is (byte)'+' or (byte)'-') at++;
            var exponent = at;
            SkipDigits(text, ref at);
            if (at == exponent) return false;
        }
        return Decimals.TryRead(text[start..at], Tag.Number, out value);
    }

    private static void SkipDigits(ReadOnlySpan<byte> text, ref int at)
    {
        while (at < text.Length && (uint)(text[at] - '0') <= 9) at++;
    }

    // What ends the plain run of a string: a quote, a backslash, or a control character that JSON forbids there.
    private static readonly SearchValues<byte> StringBreaks = SearchValues.Create(
        [(byte)'"', (byte)'\\', .. Enumerable.Range(0, 0x20).Select(i => (byte)i)]);

    private bool String(ReadOnlySpan<byte> text, ref int at, out Digest value)
    {
        value = default;
        at++;
        var length = text[at..].IndexOfAny(StringBreaks);
        if (length < 0) return false;
        if (text[at + length] == '"')
        {
            value = Digest.OfBytes(Tag.String, text.Slice(at, length));
            at += length + 1;
            return true;
        }
        return Escaped(text, ref at, out value);
    }

    private bool Escaped(ReadOnlySpan<byte> text, ref int at, out Digest value)
    {
        value = default;
        var filled = 0;
        while (true)
        {
            var length = text[at..].IndexOfAny(StringBreaks);
            if (length < 0) return false;
            if (filled + length + 4 > _unescaped.Length) Array.Resize(ref _unescaped, Math.Max(_unescaped.Length * 2, filled + length + 4));
            text.Slice(at, length).CopyTo(_unescaped.AsSpan(filled));
            filled += length;
            at += length;
            var c = text[at++];
            if (c == '"')
            {
                value = Digest.OfBytes(Tag.String, _unescaped.AsSpan(0, filled));
                return true;
            }
            if (c != '\\' || !Escape(text, ref at, ref filled)) return false;
        }
    }

    private bool Escape(ReadOnlySpan<byte> text, ref int at, ref int filled)
    {
        if (at >= text.Length) return false;
        var c = text[at++];
        if (c != 'u')
        {
            var plain = c switch { (byte)'"' or (byte)'\\' or (byte)'/' => c, (byte)'b' => 8, (byte)'f' => 12, (byte)'n' => 10, (byte)'r' => 13, (byte)'t' => 9, _ => -1 };
            if (plain < 0) return false;
            _unescaped[filled++] = (byte)plain;
            return true;
        }
        if (!Hex4(text, ref at, out var code)) return false;
        if (code is >= 0xD800 and < 0xDC00 && at + 1 < text.Length && text[at] == '\\' && text[at + 1] == 'u')
        {
            var low = at + 2;
            if (!Hex4(text, ref low, out var second)) return false;
            if (second is >= 0xDC00 and < 0xE000)
            {
                code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
                at = low;
            }
        }
        Utf8(code, ref filled);
        return true;
    }

    private static bool Hex4(ReadOnlySpan<byte> text, ref int at, out int code)
    {
        code = 0;
        if (at + 4 > text.Length) return false;
        for (var i = 0; i < 4; i++)
        {
            var digit = Uuids.HexDigit(text[at++]);
            if (digit < 0) return false;
            code = code << 4 | digit;
        }
        return true;
    }

    /// <summary>A lone surrogate is written as if it were a character; no valid text holds these bytes.</summary>
    private void Utf8(int code, ref int filled)
    {
        switch (code)
        {
            case < 0x80:
                _unescaped[filled++] = (byte)code;
                break;
            case < 0x800:
                _unescaped[filled++] = (byte)(0xC0 | code >> 6);
                _unescaped[filled++] = (byte)(0x80 | code & 0x3F);
                break;
            case < 0x10000:
                _unescaped[filled++] = (byte)(0xE0 | code >> 12);
                _unescaped[filled++] = (byte)(0x80 | code >> 6 & 0x3F);
                _unescaped[filled++] = (byte)(0x80 | code & 0x3F);
                break;
            default:
                _unescaped[filled++] = (byte)(0xF0 | code >> 18);
                _unescaped[filled++] = (byte)(0x80 | code >> 12 & 0x3F);
                _unescaped[filled++] = (byte)(0x80 | code >> 6 & 0x3F);
                _unescaped[filled++] = (byte)(0x80 | code & 0x3F);
                break;
        }
    }
}
