using System.Globalization;
using System.Text;

namespace Godwit.Report;

/// <summary>Markup by <see cref="Raw"/>, everything else escaped.</summary>
internal sealed class HtmlWriter
{
    private readonly StringBuilder _html = new();

    public HtmlWriter Raw(string markup)
    {
        _html.Append(markup);
        return this;
    }

    public HtmlWriter Text(string text)
    {
        _html.Append(Escape(text));
        return this;
    }

    /// <summary>An element around a text.</summary>
    public HtmlWriter Element(string tag, string text, string? css = null) =>
        Raw(css is null ? $"<{tag}>" : $"<{tag} class=\"{css}\">").Text(text).Raw($"</{tag}>");

    public static string Escape(string text)
    {
        var html = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            switch (c)
            {
                case '&': html.Append("&amp;"); break;
                case '<': html.Append("&lt;"); break;
                case '>': html.Append("&gt;"); break;
                case '"': html.Append("&quot;"); break;
                case '\'': html.Append("&#39;"); break;
                case '\n' or '\t': html.Append(c); break;
                // HTML cannot hold control characters; their pictures can be seen.
                case < ' ': html.Append((char)(0x2400 + c)); break;
                case '\u007f': html.Append('\u2421'); break;
                // Characters that would turn the direction of what follows.
                case >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069': html.Append(CultureInfo.InvariantCulture, $"&lt;U+{(int)c:X4}&gt;"); break;
                default: html.Append(c); break;
            }
        }
        return html.ToString();
    }

    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 10 } => time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s",
        { TotalSeconds: < 60 } => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public override string ToString() => _html.ToString();
}
