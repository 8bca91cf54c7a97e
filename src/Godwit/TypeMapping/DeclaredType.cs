using System.Collections.Immutable;
using System.Globalization;

namespace Godwit.TypeMapping;

/// <summary>SQLite's column affinities (https://www.sqlite.org/datatype3.html, section 3.1).</summary>
public enum Affinity : byte { Integer, Text, Blob, Real, Numeric }

/// <summary>
/// A declared type in its parts: <see cref="Name"/> in upper case with single spaces and without modifiers that say nothing of values
/// (UNSIGNED, ZEROFILL, AUTO_INCREMENT, CHARACTER SET x, COLLATE x), <see cref="Arguments"/> the numbers in parentheses.
/// </summary>
public sealed record DeclaredType(string Name, ImmutableArray<int> Arguments, Affinity Affinity)
{
    private static readonly char[] Spaces = [' ', '\t', '\n', '\r', '\f'];

    public static DeclaredType Parse(string declared)
    {
        var text = declared.Trim().Trim('"', '`', '\'').ToUpperInvariant();
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var close = open < 0 ? -1 : text.IndexOf(')', open);
        var words = (close < 0 ? text : text[..open] + " " + text[(close + 1)..]).Split(Spaces, StringSplitOptions.RemoveEmptyEntries).ToList();
        Drop(words, "CHARACTER", "SET");
        Drop(words, "CHARSET");
        Drop(words, "COLLATE");
        if (words.Count > 1) words.RemoveAll(w => w is "UNSIGNED" or "SIGNED" or "ZEROFILL" or "AUTO_INCREMENT");
        ImmutableArray<int> arguments = [];
        if (close > 0)
        {
            var parts = text[(open + 1)..close].Split(',', StringSplitOptions.TrimEntries);
            if (Array.TrueForAll(parts, p => int.TryParse(p, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)))
                arguments = [.. parts.Select(p => int.Parse(p, CultureInfo.InvariantCulture))];
        }
        return new DeclaredType(string.Join(' ', words), arguments, AffinityOf(text));
    }

    /// <summary>The rules of section 3.1, in their order.</summary>
    public static Affinity AffinityOf(string declared)
    {
        bool Has(string part) => declared.Contains(part, StringComparison.OrdinalIgnoreCase);
        return Has("INT") ? Affinity.Integer
            : Has("CHAR") || Has("CLOB") || Has("TEXT") ? Affinity.Text
            : Has("BLOB") || declared.Length == 0 ? Affinity.Blob
            : Has("REAL") || Has("FLOA") || Has("DOUB") ? Affinity.Real
            : Affinity.Numeric;
    }

    // Removes a modifier and the word after it, never the first word.
    private static void Drop(List<string> words, params ReadOnlySpan<string> modifier)
    {
        for (var i = 1; i + modifier.Length <= words.Count; i++)
        {
            var here = true;
            for (var j = 0; j < modifier.Length; j++) here &= words[i + j] == modifier[j];
            if (here) words.RemoveRange(i, Math.Min(modifier.Length + 1, words.Count - i));
        }
    }
}
