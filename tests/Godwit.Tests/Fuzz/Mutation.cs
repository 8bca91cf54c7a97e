using System.Globalization;

namespace Godwit.Tests.Fuzz;

/// <summary>Small damage to bytes and texts. The same seed does the same damage.</summary>
internal sealed class Mutation(int seed)
{
    private static readonly byte[] Telling = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff, 0x0d, 0x05, 0x0a, 0x02, 0x81];
    private static readonly string[] Fragments =
        ["(", ")", ",", ";", "'", "\"", "[", "]", "`", "--", "/*", "*/", ".", "x'", "1e", "0x", "9223372036854775808", "1e400", "\0", "é", "\ud83d", "SELECT", "CASE", "END", "NULL", "NOT", "AS", "WITH", "OVER (", "COLLATE", "BETWEEN", "IN (", "RAISE(", "new.", "::", "$1", "?", "@v", "->>", "||", "FILTER"];

    private readonly Random _random = new(seed);

    /// <summary>How many rounds: <paramref name="usual"/>, or that times GODWIT_FUZZ for a longer run by hand.</summary>
    public static int Rounds(int usual) =>
        usual * (int.TryParse(Environment.GetEnvironmentVariable("GODWIT_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out var times) ? Math.Max(1, times) : 1);

    public byte[] Of(byte[] whole)
    {
        var bytes = (byte[])whole.Clone();
        for (var n = _random.Next(1, 12); n > 0; n--)
        {
            var at = _random.Next(bytes.Length);
            switch (_random.Next(7))
            {
                case 0: bytes[at] = Telling[_random.Next(Telling.Length)]; break;
                case 1: bytes[at] ^= (byte)(1 << _random.Next(8)); break;
                case 2: bytes[at] = (byte)_random.Next(256); break;
                case 3: _random.NextBytes(bytes.AsSpan(at, Math.Min(_random.Next(1, 64), bytes.Length - at))); break;
                case 4: bytes.AsSpan(_random.Next(bytes.Length), 1).CopyTo(bytes.AsSpan(at)); break;
                // The first bytes of pages say what they are.
                case 5: bytes[at / 1024 * 1024 + _random.Next(12)] = (byte)_random.Next(256); break;
                case 6 when _random.Next(10) == 0: Array.Resize(ref bytes, _random.Next(1, bytes.Length)); break;
            }
        }
        return bytes;
    }

    public string Of(string text)
    {
        for (var n = _random.Next(1, 6); n > 0 && text.Length > 0; n--)
        {
            var at = _random.Next(text.Length);
            var length = Math.Min(_random.Next(1, 20), text.Length - at);
            text = _random.Next(5) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, Fragments[_random.Next(Fragments.Length)]),
                2 => text.Insert(at, text.Substring(at, length)),
                3 => text[..at] + (char)_random.Next(1, 0x250) + text[(at + 1)..],
                _ => text.Insert(_random.Next(text.Length), text.Substring(at, length)),
            };
        }
        return text;
    }
}
