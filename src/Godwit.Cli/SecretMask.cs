using System.Buffers;

namespace Godwit.Cli;

/// <summary>
/// Remembers secrets as they are read and takes them out of text before it is shown. Every message and log line passes here, so that
/// not even a library's or a server's own words can show a password.
/// </summary>
internal sealed class SecretMask
{
    public const string Mask = "***";

    private static readonly SearchValues<char> s_urlEnds = SearchValues.Create(" \t\r\n\"'<>");
    private static readonly SearchValues<char> s_valueEnds = SearchValues.Create(" ;&\r\n\"'");

    private readonly Lock _gate = new();
    private readonly List<string> _known = [];

    public void Learn(string? secret)
    {
        // Shorter ones would punch holes into ordinary words; connection strings are masked by their shape as well.
        if (secret is null || secret.Length < 4) return;
        lock (_gate)
        {
            if (_known.Contains(secret)) return;
            _known.Add(secret);
            _known.Sort((a, b) => b.Length.CompareTo(a.Length));
        }
    }

    /// <summary>Learns the secrets that a connection string holds.</summary>
    public void LearnConnection(string? connection)
    {
        if (connection is null) return;
        foreach (var (start, length) in Spans(connection))
        {
            var secret = connection.Substring(start, length);
            Learn(secret);
            Learn(Uri.UnescapeDataString(secret));
        }
    }

    public string Apply(string text)
    {
        text = OfConnection(text);
        lock (_gate)
        {
            foreach (var secret in _known) text = text.Replace(secret, Mask, StringComparison.Ordinal);
        }
        return text;
    }

    /// <summary>Masks passwords by their place: <c>scheme://user:HERE@</c>, <c>password=HERE</c> in URLs and in libpq and Npgsql strings.</summary>
    public static string OfConnection(string text)
    {
        foreach (var (start, length) in Spans(text).OrderByDescending(s => s.Start))
            text = string.Concat(text.AsSpan(0, start), Mask, text.AsSpan(start + length));
        return text;
    }

    /// <summary>Names of variables whose values are secrets, whatever they look like.</summary>
    public static bool IsSecretName(string name) =>
        name.Contains("PASSWORD", StringComparison.OrdinalIgnoreCase) || name.Contains("SECRET", StringComparison.OrdinalIgnoreCase)
        || name.Contains("TOKEN", StringComparison.OrdinalIgnoreCase) || name.EndsWith("_KEY", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(int Start, int Length)> Spans(string text)
    {
        for (var at = text.IndexOf("://", StringComparison.Ordinal); at >= 0; at = text.IndexOf("://", at + 3, StringComparison.Ordinal))
        {
            var end = text.AsSpan(at + 3).IndexOfAny(s_urlEnds) is >= 0 and var stop ? at + 3 + stop : text.Length;
            // A password may hold an unescaped '@' or '/': the last '@' before the query ends it.
            var query = text.IndexOf('?', at + 3, end - at - 3);
            var sign = text.LastIndexOf('@', (query < 0 ? end : query) - 1, (query < 0 ? end : query) - at - 3);
            var colon = sign < 0 ? -1 : text.IndexOf(':', at + 3, sign - at - 3);
            if (colon >= 0 && sign > colon + 1) yield return (colon + 1, sign - colon - 1);
        }
        foreach (var word in (string[])["password", "pwd", "sslpassword"])
        {
            for (var at = text.IndexOf(word, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.OrdinalIgnoreCase))
            {
                if (at > 0 && (char.IsLetterOrDigit(text[at - 1]) || text[at - 1] is '_')) continue;
                var value = at + word.Length;
                while (value < text.Length && text[value] == ' ') value++;
                if (value >= text.Length || text[value] != '=') continue;
                value++;
                while (value < text.Length && text[value] == ' ') value++;
                var stop = value < text.Length && text[value] is '\'' or '"'
                    ? text.IndexOf(text[value], value + 1) is >= 0 and var closing ? closing + 1 : text.Length
                    : text.AsSpan(value).IndexOfAny(s_valueEnds) is >= 0 and var space ? value + space : text.Length;
                if (stop > value && text[value..stop] != Mask) yield return (value, stop - value);
            }
        }
    }
}
