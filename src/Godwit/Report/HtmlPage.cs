namespace Godwit.Report;

/// <summary>What every report's page has: its head, how it ended, and its foot. One self-contained page: no script, nothing loaded from elsewhere.</summary>
internal static class HtmlPage
{
    public static void Begin(HtmlWriter html, string title, string kind) => html
        .Raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
        .Raw("<meta name=\"color-scheme\" content=\"light dark\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
        .Raw("<meta name=\"robots\" content=\"noindex\">")
        .Element("title", title)
        .Raw("<style>").Raw(ReportStyle.Css).Raw("</style></head><body><header class=\"top\"><p class=\"mark\">").Raw(ReportStyle.Bird).Raw($"<span>Godwit</span></p><p class=\"kind\">{kind}</p></header><main>");

    public static void Verdict(HtmlWriter html, string tone, string title, string detail, string source, string target) => html
        .Raw($"<section class=\"verdict {tone}\" aria-label=\"Verdict\">").Raw(ReportStyle.Icon(tone)).Raw("<div>").Element("h1", title).Element("p", detail).Raw("</div></section>")
        .Raw("<section class=\"way\" aria-label=\"From and to\"><div><span class=\"label\">Source</span>").Element("code", source)
        .Raw("</div><span class=\"arrow\" aria-hidden=\"true\">→</span><div><span class=\"label\">Target</span>").Element("code", target).Raw("</div></section>");

    public static void End(HtmlWriter html) =>
        html.Raw("</main><footer><p>Written by Godwit. This page is complete in itself: it loads nothing and runs no script. Values of columns whose names look secret are masked.</p></footer></body></html>\n");

    public static string FileName(string source) => source[(source.LastIndexOfAny(['/', '\\', ':']) + 1)..];
}
