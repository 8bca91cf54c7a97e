using System.CommandLine;
using System.Text;

namespace Godwit.Cli.Output;

/// <summary>docs/reference/cli.md, from the command tree.</summary>
internal static class ReferencePage
{
    public static string Write(RootCommand root)
    {
        var page = new StringBuilder();
        page.Append("<!-- Written by `godwit docs`; a test holds that it is up to date. -->\n\n# Command line\n\n");
        page.Append(root.Description).Append("\n\n");
        foreach (var command in CommandModel.Of(root).Where(c => c.Path.Length > 0 && !c.Subcommands.Any()))
            page.Append($"- [`godwit {command.Path}`](#godwit-{command.Path.Replace(' ', '-')}): {Cell(command.Command.Description)}\n");
        page.Append("""

            Exit codes: 0 done and equal; 1 failed; 2 usage; 3 finished with differences or quarantined rows; 4 blocked by a check or a refused safety
            rule; 130 interrupted, the same command resumes.

            stdout carries data, stderr carries messages and progress.

            ## Options of every command


            """);
        Options(page, new CommandModel("", root).Options);
        foreach (var command in CommandModel.Of(root).Where(c => c.Path.Length > 0 && !c.Subcommands.Any()))
        {
            page.Append($"\n## godwit {command.Path}\n\n{Cell(command.Command.Description)}.\n\n```\n{Usage(command)}\n```\n");
            var arguments = command.Command.Arguments.Where(a => !a.Hidden).ToList();
            if (arguments.Count > 0)
            {
                page.Append("\n| argument | meaning |\n| --- | --- |\n");
                foreach (var argument in arguments) page.Append($"| `{Cell(argument.HelpName ?? argument.Name)}` | {Cell(argument.Description)} |\n");
            }
            var options = command.Options.Where(o => o is not System.CommandLine.Help.HelpOption).ToList();
            if (options.Count == 0) continue;
            page.Append('\n');
            Options(page, options);
        }
        return page.ToString().ReplaceLineEndings("\n");
    }

    private static void Options(StringBuilder page, IEnumerable<Option> options)
    {
        page.Append("| option | meaning |\n| --- | --- |\n");
        foreach (var option in options)
        {
            var names = string.Join(", ", CommandModel.Names(option).Order(StringComparer.Ordinal).OrderBy(n => n.Length).Select(n => $"`{n}`"));
            var value = CommandModel.TakesValue(option) && option.HelpName is { } help ? $" `{Cell(help)}`" : "";
            page.Append($"| {names}{value} | {Cell(option.Description)} |\n");
        }
    }

    private static string Usage(CommandModel command)
    {
        var arguments = string.Concat(command.Command.Arguments.Where(a => !a.Hidden).Select(a =>
            a.Arity.MinimumNumberOfValues == 0 ? $" [{a.HelpName ?? a.Name}]" : $" {a.HelpName ?? a.Name}"));
        return $"godwit {command.Path}{arguments} [options]";
    }

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal);
}
