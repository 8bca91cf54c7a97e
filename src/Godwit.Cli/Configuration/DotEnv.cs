using System.Text;

namespace Godwit.Cli.Configuration;

internal sealed record DotEnvEntry(string Name, string Value, int Line);

/// <summary>
/// Reads the common .env form: <c>NAME=value</c>, <c>export NAME=value</c>, comments, 'single' quotes (as written) and "double" quotes
/// (\n \t \" \\ and line breaks). Nothing is expanded or executed.
/// </summary>
internal static class DotEnv
{
    /// <summary>Lines that cannot be read go to <paramref name="problems"/> by their number, never with their text, which may be secret.</summary>
    public static List<DotEnvEntry> Parse(string text, List<string> problems)
    {
        var entries = new List<DotEnvEntry>();
        var at = text.StartsWith('\uFEFF') ? 1 : 0;
        var line = 1;
        while (at < text.Length)
        {
            var start = line;
            var end = text.IndexOf('\n', at) is >= 0 and var newline ? newline : text.Length;
            var head = text.AsSpan(at, end - at).TrimStart();
            if (head.IsWhiteSpace() || head[0] == '#')
            {
                at = end + 1;
                line++;
                continue;
            }
            var equals = text.IndexOf('=', at, end - at);
            var name = equals < 0 ? "" : text[at..equals].Trim();
            if (name.StartsWith("export ", StringComparison.Ordinal)) name = name["export ".Length..].Trim();
            if (!IsName(name))
            {
                problems.Add($".env line {start}: NAME=value is expected");
                at = end + 1;
                line++;
                continue;
            }
            at = equals + 1;
            while (at < text.Length && text[at] is ' ' or '\t') at++;
            if (at < text.Length && text[at] is '"' or '\'')
            {
                var (value, next) = Quoted(text, at);
                if (next < 0)
                {
                    problems.Add($".env line {start}: the quote that opens the value of {name} is never closed");
                    return entries;
                }
                line += text.AsSpan(at, next - at).Count('\n');
                entries.Add(new(name, value, start));
                at = text.IndexOf('\n', next) is >= 0 and var rest ? rest + 1 : text.Length;
            }
            else
            {
                entries.Add(new(name, Plain(text.AsSpan(at, Math.Max(0, end - at))), start));
                at = end + 1;
            }
            line++;
        }
        return entries;
    }

    /// <summary>An unquoted value ends at a # that follows a space; a # inside a password or URL belongs to it.</summary>
    private static string Plain(ReadOnlySpan<char> value)
    {
        for (var i = 0; i < value.Length; i++)
            if (value[i] == '#' && (i == 0 || value[i - 1] is ' ' or '\t')) return value[..i].Trim().ToString();
        return value.Trim().ToString();
    }

    private static (string Value, int Next) Quoted(string text, int open)
    {
        var quote = text[open];
        var value = new StringBuilder();
        for (var i = open + 1; i < text.Length; i++)
        {
            var c = text[i];
            if (c == quote) return (value.ToString(), i + 1);
            if (quote == '"' && c == '\\' && i + 1 < text.Length)
            {
                c = text[++i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', '"' => '"', '\\' => '\\', '$' => '$', _ => '\0' };
                if (c == '\0') value.Append('\\').Append(text[i]);
                else value.Append(c);
                continue;
            }
            value.Append(c);
        }
        return ("", -1);
    }

    private static bool IsName(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.');
}
