using Godwit.Target;
using Spectre.Console;

namespace Godwit.Cli.Terminal;

/// <summary>How a demo ends: the database's URL, queries worth trying, and what else can be done.</summary>
internal static class WorthTrying
{
    public static void Write(Invocation invocation, ConnectionSettings settings, string server, IEnumerable<(string About, string Sql)> queries, params string[] closing)
    {
        if (invocation.IsMachine) return;
        var (console, lines) = (invocation.Screen.Out, invocation.Shell.Out);
        Closing.Line(console, "url", Markup.Escape(settings.DisplayWithPassword));
        lines.WriteLine("\n Worth trying:");
        foreach (var (about, sql) in queries)
        {
            console.MarkupLine($"\n   [grey]# {Markup.Escape(about)}[/]");
            // Not wrapped by the console: the lines are there to be copied.
            lines.WriteLine($"   {invocation.Self} local psql {server} -c \"{sql}\"");
        }
        lines.WriteLine();
        foreach (var line in closing) lines.WriteLine($" {line}");
    }
}
