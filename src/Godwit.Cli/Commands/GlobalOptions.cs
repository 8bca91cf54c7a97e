using System.CommandLine;
using System.CommandLine.Parsing;

namespace Godwit.Cli.Commands;

/// <summary>The options that every command takes.</summary>
internal sealed record GlobalOptions
{
    public bool Json { get; init; }
    public bool JsonEvents { get; init; }
    public bool NoColor { get; init; }
    public bool Verbose { get; init; }
    public bool Quiet { get; init; }
    public string? LogFile { get; init; }
    public bool Yes { get; init; }
    public bool NoInput { get; init; }

    public static void AddTo(Command root)
    {
        root.Add(Flag("--json", "Print one JSON document with a format_version on stdout"));
        root.Add(Flag("--json-events", "Print every event as a line of JSON on stdout, the result last"));
        root.Add(Flag("--no-color", "No colour (NO_COLOR is honoured too)"));
        root.Add(Flag("--verbose", "Say more; show the stack of an error", "-v"));
        root.Add(Flag("--quiet", "Only errors on stderr, no progress", "-q"));
        root.Add(new Option<string>("--log") { HelpName = "FILE", Description = "Write a structured log (JSON lines) to FILE", Recursive = true });
        root.Add(Flag("--yes", "Answer yes to every question", "-y"));
        root.Add(Flag("--no-input", "Never ask: refuse what would need an answer"));
    }

    public static GlobalOptions Read(ParseResult parse) => new()
    {
        Json = parse.GetValue<bool>("--json"),
        JsonEvents = parse.GetValue<bool>("--json-events"),
        NoColor = parse.GetValue<bool>("--no-color"),
        Verbose = parse.GetValue<bool>("--verbose"),
        Quiet = parse.GetValue<bool>("--quiet"),
        LogFile = parse.GetValue<string>("--log"),
        Yes = parse.GetValue<bool>("--yes"),
        NoInput = parse.GetValue<bool>("--no-input"),
    };

    private static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Recursive = true, Arity = ArgumentArity.Zero };
}
