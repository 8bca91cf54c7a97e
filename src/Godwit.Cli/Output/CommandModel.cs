using System.CommandLine;
using System.CommandLine.Completions;

namespace Godwit.Cli.Output;

/// <summary>The command tree as completion scripts and the reference need it: what is hidden is left out.</summary>
internal sealed record CommandModel(string Path, Command Command)
{
    public IEnumerable<Command> Subcommands => Command.Subcommands.Where(c => !c.Hidden);

    public IEnumerable<Option> Options => Command.Options.Where(o => !o.Hidden && !(o is VersionOption && Path.Length > 0));

    /// <summary>Its own and what it inherits.</summary>
    public IEnumerable<Option> AllOptions => Options.Concat(Command.Parents.OfType<Command>().SelectMany(p => new CommandModel("", p).AllOptions.Where(o => o.Recursive)));

    /// <summary>The words that an option takes, empty where it takes anything.</summary>
    public static IEnumerable<string> Values(Symbol symbol) => symbol switch
    {
        Option { ValueType: var type } when type == typeof(bool) => [],
        Option option => option.CompletionSources.SelectMany(s => s(CompletionContext.Empty)).Select(i => i.Label),
        Argument argument => argument.CompletionSources.SelectMany(s => s(CompletionContext.Empty)).Select(i => i.Label),
        _ => [],
    };

    public static bool TakesValue(Option option) => option.Arity.MaximumNumberOfValues > 0;

    public static IEnumerable<string> Names(Option option) => option.Aliases.Prepend(option.Name).Where(n => n is ['-', not '?', ..]).Order(StringComparer.Ordinal);

    /// <summary>Every visible command, parents before children, with its path ("local start"; "" is godwit itself).</summary>
    public static IEnumerable<CommandModel> Of(Command command, string path = "")
    {
        yield return new(path, command);
        foreach (var child in command.Subcommands.Where(c => !c.Hidden))
            foreach (var model in Of(child, path.Length == 0 ? child.Name : $"{path} {child.Name}")) yield return model;
    }
}
