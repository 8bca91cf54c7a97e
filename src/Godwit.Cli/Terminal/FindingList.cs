using Spectre.Console;
using Spectre.Console.Rendering;

namespace Godwit.Cli.Terminal;

/// <summary>Findings, grouped by their code: what matters first, each code once, with how often and where.</summary>
internal static class FindingList
{
    public static void Write(IAnsiConsole console, IReadOnlyCollection<Finding> findings, bool verbose)
    {
        if (findings.Count == 0)
        {
            Closing.Line(console, "findings", "none");
            return;
        }
        Closing.Line(console, "findings", Summary(findings));
        foreach (var group in findings.GroupBy(f => (f.Code, f.Severity)).OrderByDescending(g => g.Key.Severity).ThenByDescending(g => g.Count()))
        {
            var members = group.ToList();
            var times = members.Count > 1 ? $" ×{members.Count}" : "";
            var lines = new List<IRenderable> { new Markup($"{Sign(group.Key.Severity)} [bold]{Markup.Escape(group.Key.Code)}[/]{times}") };
            void Detail(string markup) => lines.Add(new Padder(new Markup(markup), new Padding(2, 0, 0, 0)));
            var told = group.Key.Severity != Severity.Info || verbose;
            var apart = SameCode.Lines(members.Select(f => (f.Subject, told ? f.Problem : "", told ? f.Hint : null)), verbose ? int.MaxValue : 3, out var remedy);
            foreach (var (subjects, problem) in apart)
            {
                Detail($"[grey]{subjects}[/]");
                if (problem.Length > 0) Detail(problem);
            }
            if (remedy is not null) Detail(remedy);
            Closing.Line(console, "", new Rows(lines));
        }
    }

    public static string Summary(IReadOnlyCollection<Finding> findings)
    {
        int Of(Severity severity) => findings.Count(f => f.Severity == severity);
        string?[] parts =
        [
            Of(Severity.Block) is > 0 and var blocks ? $"[red]{blocks} blocking[/]" : null,
            Of(Severity.Warning) is > 0 and var warnings ? $"[yellow]{Units.Plural(warnings, "warning")}[/]" : null,
            Of(Severity.Info) is > 0 and var notes ? Units.Plural(notes, "note") : null,
        ];
        return string.Join(", ", parts.OfType<string>());
    }

    public static string Sign(Severity severity) => severity switch
    {
        Severity.Block => "[red]✗[/]",
        Severity.Warning => "[yellow]![/]",
        _ => "[grey]·[/]",
    };
}
