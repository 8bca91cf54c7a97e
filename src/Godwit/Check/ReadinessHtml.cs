using System.Net;
using System.Text;

namespace Godwit.Check;

/// <summary>A readiness report as one page that needs nothing else: no script, no font, no picture from elsewhere.</summary>
public static class ReadinessHtml
{
    private const string Style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
        h1{font-size:1.5rem;margin-bottom:.2rem}p.ends{color:#57606a;margin-top:0}
        .verdict{padding:.8rem 1rem;border-radius:.5rem;font-weight:600}
        .pass{--c:#1a7f37;--b:#dafbe1}.warn{--c:#7d4e00;--b:#fff8c5}.block{--c:#b42318;--b:#ffebe9}
        .verdict,.mark{color:var(--c);background:var(--b)}.mark{padding:.1rem .5rem;border-radius:1rem;font-size:.8rem;font-weight:600}
        table{border-collapse:collapse;width:100%}td{border-top:1px solid #d0d7de;padding:.5rem .6rem;vertical-align:top}
        code{font-size:.85rem;color:#57606a}.remedy{margin:.2rem 0 0}
        @media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}.pass{--c:#7ee787;--b:#12261e}.warn{--c:#e3b341;--b:#272115}.block{--c:#ff9b93;--b:#2d1314}td{border-color:#30363d}p.ends,code{color:#9198a1}}
        """;

    public static string Write(ReadinessReport report, DateTimeOffset at)
    {
        var html = new StringBuilder();
        html.Append("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>Godwit check</title>\n<style>")
            .Append(Style).Append("</style>\n<h1>Ready to migrate?</h1>\n<p class=\"ends\">").Append(Text(report.Source));
        if (report.Target is { } target) html.Append(" → ").Append(Text(target));
        html.Append(", ").Append(at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture)).Append(" UTC</p>\n");
        html.Append("<p class=\"verdict ").Append(Class(report.Level)).Append("\">").Append(Verdict(report)).Append("</p>\n<table>\n");
        foreach (var item in report.Items.OrderByDescending(i => i.Level))
        {
            html.Append("<tr><td><span class=\"mark ").Append(Class(item.Level)).Append("\">").Append(Class(item.Level)).Append("</span></td><td>")
                .Append("<strong>").Append(Text(item.Subject)).Append("</strong>: ").Append(Text(item.Detail)).Append("<br><code>").Append(Text(item.Code)).Append("</code>");
            if (item.Remedy is { } remedy) html.Append("<p class=\"remedy\">Try: ").Append(Text(remedy)).Append("</p>");
            html.Append("</td></tr>\n");
        }
        return html.Append("</table>\n</html>\n").ToString();
    }

    private static string Verdict(ReadinessReport report) => report.Level switch
    {
        Readiness.Pass => "Ready: nothing stands in the way.",
        Readiness.Warn => "Ready, with warnings: read them before you start.",
        _ => "Not ready: what blocks must be solved first.",
    };

    private static string Class(Readiness level) => level.ToString().ToLowerInvariant();

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
