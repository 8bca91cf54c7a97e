using System.Collections;

namespace Godwit.Cli;

/// <summary>The surroundings of one invocation: what a process gets from its shell. Tests give their own.</summary>
internal sealed class Shell
{
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }
    public required TextReader In { get; init; }
    public required IReadOnlyDictionary<string, string> Environment { get; init; }
    public required string WorkingDirectory { get; init; }
    public TimeProvider Clock { get; init; } = TimeProvider.System;
    public bool OutIsTerminal { get; init; }
    public bool ErrorIsTerminal { get; init; }
    public bool InIsTerminal { get; init; }
    /// <summary>Columns of the terminal; null where there is none.</summary>
    public int? Columns { get; init; }
    public required Lazy<IBackend> Backend { get; init; }

    /// <summary>Every secret that was seen; nothing is printed that was not masked by it.</summary>
    public SecretMask Secrets { get; } = new();

    /// <summary>What a failure from here on means: whether anything was changed, and how to go on. Null before anything could change.</summary>
    public Func<string?>? Aftermath { get; set; }

    /// <summary>Takes a short message while something is drawn that plain lines would tear. Null otherwise.</summary>
    public Action<string>? Notice { get; set; }

    public static Shell OfProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        In = Console.In,
        Environment = ReadEnvironment(),
        WorkingDirectory = System.Environment.CurrentDirectory,
        OutIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        InIsTerminal = !Console.IsInputRedirected,
        Columns = Console.IsOutputRedirected && Console.IsErrorRedirected ? null : Console.WindowWidth,
        Backend = new(() => new LibraryBackend()),
    };

    private static Dictionary<string, string> ReadEnvironment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        return variables;
    }
}
