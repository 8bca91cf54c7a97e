using System.CommandLine;
using System.CommandLine.Parsing;
using Godwit.Schema;

namespace Godwit.Cli.Commands;

/// <summary>Turns what the parser refused into one usage error with the nearest name. All problems are named at once.</summary>
internal static class UsageErrors
{
    public static GodwitException? Of(ParseResult parse, IReadOnlyList<string> args)
    {
        // Help and version win over whatever else stands on the line.
        if (parse.Action is System.CommandLine.Help.HelpAction) return null;
        var command = parse.CommandResult.Command;
        var problems = new List<string>();
        var strays = Strays(parse, args).Distinct().ToList();
        // What follows an unknown option was its value, and what follows an unknown command was its arguments.
        if (strays.Exists(s => s.StartsWith('-'))) strays.RemoveAll(s => !s.StartsWith('-'));
        else if (command.Subcommands.Count > 0) strays = [.. strays.Take(1)];
        foreach (var token in strays) problems.Add(Unknown(command, token));
        var known = problems.Count;
        foreach (var error in parse.Errors)
        {
            if (parse.UnmatchedTokens.Any(t => error.Message.Contains($"'{t}'", StringComparison.Ordinal))) continue;
            // A misspelt command leaves its group without one; the spelling is the news.
            if (known > 0 && error.Message.StartsWith("Required command", StringComparison.Ordinal)) continue;
            problems.Add(Plain(error.Message));
        }
        if (problems.Count == 0) return null;
        var path = Path(parse.CommandResult);
        return new(ErrorKind.Usage, "usage", string.Join('\n', problems), $"godwit {path}{(path.Length > 0 ? " " : "")}--help");
    }

    /// <summary>Tokens that nothing matched, and option-like words that the parser took for an argument.</summary>
    private static IEnumerable<string> Strays(ParseResult parse, IReadOnlyList<string> args)
    {
        foreach (var token in parse.UnmatchedTokens) yield return token;
        if (args.Contains("--")) yield break;
        foreach (var result in parse.CommandResult.Children.OfType<ArgumentResult>())
        {
            if (result.Argument.CaptureRemainingTokens) continue;
            foreach (var token in result.Tokens)
                if (token.Value is ['-', _, ..]) yield return token.Value;
        }
    }

    private static string Unknown(Command command, string token)
    {
        var isOption = token.StartsWith('-');
        var name = isOption && token.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals ? token[..equals] : token;
        var meant = Nearest.To(name, isOption ? Options(command) : command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
        var kind = isOption ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
        var unknown = kind == "argument" ? $"one argument too many: '{SecretMask.OfConnection(token)}'" : $"unknown {kind} '{name}'";
        return meant is null ? unknown : $"{unknown}; did you mean '{meant}'?";
    }

    public static IEnumerable<string> Options(Command command)
    {
        var own = command.Options.Where(o => !o.Hidden);
        for (var parent = command.Parents.OfType<Command>().FirstOrDefault(); parent is not null; parent = parent.Parents.OfType<Command>().FirstOrDefault())
            own = own.Concat(parent.Options.Where(o => o.Recursive && !o.Hidden));
        return own.SelectMany(o => o.Aliases.Prepend(o.Name)).Where(n => n.StartsWith('-'));
    }

    private static string Path(SymbolResult? result) =>
        result is CommandResult { Command: not RootCommand } command ? $"{Path(command.Parent)} {command.Command.Name}".Trim() : "";

    private static string Plain(string message)
    {
        var text = SecretMask.OfConnection(message.TrimEnd('.'));
        return text.Length > 1 ? char.ToLowerInvariant(text[0]) + text[1..] : text;
    }
}
