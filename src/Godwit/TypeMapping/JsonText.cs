using System.Buffers;

namespace Godwit.TypeMapping;

/// <summary>What PostgreSQL would make of a JSON text. Ordered: a text is as bad as its worst part.</summary>
internal enum JsonVerdict : byte
{
    /// <summary>jsonb holds it with equal structure.</summary>
    Jsonb,
    /// <summary>jsonb would keep only the last of equal keys; json keeps them all.</summary>
    DuplicateKeys,
    /// <summary>jsonb refuses it (\u0000, half a surrogate pair, a number beyond numeric, too deep, too large); json takes it.</summary>
    JsonOnly,
    Invalid,
}

/// <summary>
/// Checks JSON after RFC 8259 as PostgreSQL's json and jsonb input do, without allocation once it is warm. Not thread-safe.
/// </summary>
internal sealed class JsonText
{
    /// <summary>
    /// Nesting that jsonb is trusted with: PostgreSQL's parsers recurse, and how deep depends on the server's max_stack_depth.
    /// </summary>
    public const int MaxJsonbDepth = 500, MaxJsonDepth = 3_000;

    // jsonb's arrays and objects hold at most 256 MB, and a short number takes about six times its text.
    private const int MaxJsonbBytes = 40_000_000;

    private static readonly SearchValues<byte> StringEnd = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    // One entry a level: 0 for an array, else the object's number within this text, so that equal keys of different objects differ.
    private readonly uint[] _levels = new uint[MaxJsonDepth];
    private ulong[] _keys = new ulong[64];
    private uint[] _keyRound = new uint[64];
    private uint _round;
    private int _keyCount;
    private byte[] _unescaped = new byte[64];
    private JsonVerdict _verdict;

    /// <summary><paramref name="json"/> must be valid UTF-8.</summary>
    public JsonVerdict Check(ReadOnlySpan<byte> json)
    {
        _verdict = json.Length > MaxJsonbBytes ? JsonVerdict.JsonOnly : JsonVerdict.Jsonb;
        if (++_round == 0)
        {
            Array.Clear(_keyRound);
            _round = 1;
        }
        _keyCount = 0;
        return Document(json) ? _verdict : JsonVerdict.Invalid;
    }

    private bool Document(ReadOnlySpan<byte> s)
    {
        int i = 0, depth = 0;
        uint objects = 0;
        while (true)
        {
            // A value begins here.
            SkipSpace(s, ref i);
            if (i >= s.Length) return false;
            var c = s[i];
            if (c is (byte)'{' or (byte)'[')
            {
                if (depth == MaxJsonDepth) return false;
                if (depth >= MaxJsonbDepth) AtLeast(JsonVerdict.JsonOnly);
                _levels[depth++] = c == '{' ? ++objects : 0;
                i++;
                SkipSpace(s, ref i);
                if (i < s.Length && s[i] == (c == '{' ? '}' : ']'))
                {
                    i++;
                    depth--;
                }
                else if (c == '[')
                {
                    continue;
                }
                else if (!Key(s, ref i, objects))
                {
                    return false;
                }
                else
                {
                    continue;
                }
            }
            else if (!Scalar(s, ref i))
            {
                return false;
            }
            // A value has ended: close what ends with it, or go on to the next.
            while (true)
            {
                SkipSpace(s, ref i);
                if (depth == 0) return i == s.Length;
                if (i >= s.Length) return false;
                var level = _levels[depth - 1];
                var next = s[i++];
                if (next == (level == 0 ? ']' : '}'))
                {
                    depth--;
                    continue;
                }
                if (next != ',') return false;
                if (level == 0) break;
                SkipSpace(s, ref i);
                if (!Key(s, ref i, level)) return false;
                break;
            }
        }
    }

    private bool Scalar(ReadOnlySpan<byte> s, ref int i)
    {
        var rest = s[i..];
        switch (s[i])
        {
            case (byte)'"':
                return String(s, ref i, out _, out _);
            case (byte)'t' when rest.StartsWith("true"u8):
            case (byte)'n' when rest.StartsWith("null"u8):
                i += 4;
                break;
            case (byte)'f' when rest.StartsWith("false"u8):
                i += 5;
                break;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                return Number(s, ref i);
            default:
                return false;
        }
        return true;
    }

    private bool Number(ReadOnlySpan<byte> s, ref int i)
    {
        if (s[i] == '-') i++;
        var whole = Digits(s, i);
        if (whole == 0 || (whole > 1 && s[i] == '0')) return false;
        i += whole;
        int fraction = 0, exponent = 0;
        if (i < s.Length && s[i] == '.')
        {
            fraction = Digits(s, ++i);
            if (fraction == 0) return false;
            i += fraction;
        }
        if (i < s.Length && (s[i] | 0x20) == 'e')
        {
            i++;
            var negative = i < s.Length && s[i] == '-';
            if (negative || (i < s.Length && s[i] == '+')) i++;
            var digits = Digits(s, i);
            if (digits == 0) return false;
            for (var end = i + digits; i < end; i++) exponent = Math.Min(1_000_000, exponent * 10 + (s[i] - '0'));
            if (negative) exponent = -exponent;
        }
        if ((long)whole + exponent > NumberText.MaxIntegerDigits || (long)fraction - exponent > NumberText.MaxScale) AtLeast(JsonVerdict.JsonOnly);
        return true;
    }

    private static int Digits(ReadOnlySpan<byte> s, int i)
    {
        var start = i;
        while (i < s.Length && (uint)(s[i] - '0') <= 9) i++;
        return i - start;
    }

    private bool Key(ReadOnlySpan<byte> s, ref int i, uint owner)
    {
        if (i >= s.Length || s[i] != '"' || !String(s, ref i, out var raw, out var escaped)) return false;
        if (escaped && _verdict < JsonVerdict.JsonOnly) raw = Unescape(raw);
        if (_verdict == JsonVerdict.Jsonb && !Remember(Hash(raw, owner))) _verdict = JsonVerdict.DuplicateKeys;
        SkipSpace(s, ref i);
        return i < s.Length && s[i++] == ':';
    }

    private bool String(ReadOnlySpan<byte> s, ref int i, out ReadOnlySpan<byte> raw, out bool escaped)
    {
        var start = ++i;
        escaped = false;
        raw = default;
        while (true)
        {
            var end = s[i..].IndexOfAny(StringEnd);
            if (end < 0) return false;
            i += end;
            if (s[i] == '"')
            {
                raw = s[start..i++];
                return true;
            }
            if (s[i] != '\\' || ++i >= s.Length) return false;
            escaped = true;
            if (s[i] == 'u')
            {
                if (!Escape(s, ref i)) return false;
            }
            else if (s[i++] is not ((byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t'))
            {
                return false;
            }
        }
    }

    /// <summary>At the u of \uXXXX.</summary>
    private bool Escape(ReadOnlySpan<byte> s, ref int i)
    {
        var unit = Hex4(s, i + 1);
        if (unit < 0) return false;
        i += 5;
        if (unit == 0 || unit is >= 0xDC00 and <= 0xDFFF)
        {
            AtLeast(JsonVerdict.JsonOnly);
        }
        else if (unit is >= 0xD800 and <= 0xDBFF)
        {
            if (i + 1 < s.Length && s[i] == '\\' && s[i + 1] == 'u' && Hex4(s, i + 2) is >= 0xDC00 and <= 0xDFFF) i += 6;
            else AtLeast(JsonVerdict.JsonOnly);
        }
        return true;
    }

    private static int Hex4(ReadOnlySpan<byte> s, int at)
    {
        if (at + 4 > s.Length) return -1;
        var value = 0;
        for (var i = at; i < at + 4; i++)
        {
            var c = s[i];
            var digit = (uint)(c - '0') <= 9 ? c - '0' : (uint)((c | 0x20) - 'a') <= 5 ? (c | 0x20) - 'a' + 10 : -1;
            if (digit < 0) return -1;
            value = value << 4 | digit;
        }
        return value;
    }

    /// <summary>Only for text without half surrogate pairs.</summary>
    private ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> raw)
    {
        if (_unescaped.Length < raw.Length) _unescaped = new byte[raw.Length * 2];
        var length = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                _unescaped[length++] = raw[i];
                continue;
            }
            var c = raw[++i];
            if (c != 'u')
            {
                _unescaped[length++] = c switch { (byte)'b' => 8, (byte)'f' => 12, (byte)'n' => 10, (byte)'r' => 13, (byte)'t' => 9, _ => c };
                continue;
            }
            var code = Hex4(raw, i + 1);
            i += 4;
            if (code is >= 0xD800 and <= 0xDBFF)
            {
                code = 0x10000 + (code - 0xD800 << 10) + (Hex4(raw, i + 3) - 0xDC00);
                i += 6;
            }
            length += new System.Text.Rune(code).EncodeToUtf8(_unescaped.AsSpan(length));
        }
        return _unescaped.AsSpan(0, length);
    }

    private bool Remember(ulong key)
    {
        if (_keyCount * 2 >= _keys.Length) Grow();
        return Insert(key);
    }

    private bool Insert(ulong key)
    {
        for (var at = (int)(key & (uint)(_keys.Length - 1)); ; at = at + 1 & _keys.Length - 1)
        {
            if (_keyRound[at] != _round)
            {
                _keyRound[at] = _round;
                _keys[at] = key;
                _keyCount++;
                return true;
            }
            if (_keys[at] == key) return false;
        }
    }

    private void Grow()
    {
        ulong[] keys = _keys;
        uint[] rounds = _keyRound;
        _keys = new ulong[keys.Length * 2];
        _keyRound = new uint[keys.Length * 2];
        _keyCount = 0;
        for (var i = 0; i < keys.Length; i++)
            if (rounds[i] == _round) Insert(keys[i]);
    }

    // A collision of two keys (one in 2^64 a pair) would keep a text as json that jsonb could hold: harmless.
    private static ulong Hash(ReadOnlySpan<byte> key, uint owner)
    {
        const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;
        var hash = (ulong)owner * Multiplier ^ (ulong)key.Length;
        while (key.Length >= 8)
        {
            hash = Mix(hash ^ BitConverter.ToUInt64(key));
            key = key[8..];
        }
        ulong tail = 0;
        foreach (var b in key) tail = tail << 8 | b;
        return Mix(Mix(hash ^ tail));

        static ulong Mix(ulong x)
        {
            x = (x ^ x >> 32) * 0xD6E8_FEB8_6659_FD93;
            return (x ^ x >> 32) * Multiplier;
        }
    }

    private void AtLeast(JsonVerdict verdict)
    {
        if (_verdict < verdict) _verdict = verdict;
    }

    private static void SkipSpace(ReadOnlySpan<byte> s, ref int i)
    {
        while (i < s.Length && (s[i] is (byte)' ' or (byte)'\n' or (byte)'\t' or (byte)'\r')) i++;
    }
}
