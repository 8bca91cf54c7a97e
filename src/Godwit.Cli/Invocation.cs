using System.CommandLine;
using Godwit.Cli.Commands;
using Godwit.Cli.Configuration;
using Godwit.Cli.Logging;
using Godwit.Cli.Terminal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Godwit.Cli;

/// <summary>One command while it runs: its shell, its global options, its settings, its log.</summary>
internal sealed class Invocation : IDisposable
{
    private readonly JsonLinesLogger? _log;
    private Settings? _settings;

    private Invocation(Shell shell, ParseResult parse)
    {
        Shell = shell;
        Parse = parse;
        Global = GlobalOptions.Read(parse);
        if (Global.Json && Global.JsonEvents)
            throw new GodwitException(ErrorKind.Usage, "options-conflict", "--json and --json-events exclude each other", "Choose one of them.");
        if (Global.Quiet && Global.Verbose)
            throw new GodwitException(ErrorKind.Usage, "options-conflict", "--quiet and --verbose exclude each other", "Choose one of them.");
        _log = Global.LogFile is { } file ? JsonLinesLogger.Open(Path.Combine(shell.WorkingDirectory, file), shell.Clock, shell.Secrets) : null;
        Screen = new(shell, Global);
    }

    public Shell Shell { get; }
    public ParseResult Parse { get; }
    public GlobalOptions Global { get; }
    public Screen Screen { get; }
    public IBackend Backend => Shell.Backend.Value;
    public ILogger Logger => _log ?? (ILogger)NullLogger.Instance;

    /// <summary>stdout is for machines: nothing else may be printed there.</summary>
    public bool IsMachine => Global.Json || Global.JsonEvents;

    /// <summary>Read when first asked for, so that a broken godwit.yaml does not stop commands that do not need it.</summary>
    public Settings Settings
    {
        get
        {
            if (_settings is not null) return _settings;
            _settings = Settings.Load(Shell);
            foreach (var warning in _settings.Warnings) Note($"note: {warning}; this line is passed over");
            return _settings;
        }
    }

    /// <summary>How this program is called here: by the wrapper of a clone, or by its name.</summary>
    public string Self => File.Exists(Path.Combine(Shell.WorkingDirectory, "godwit")) ? "./godwit" : "godwit";

    public static Func<ParseResult, CancellationToken, Task<int>> Action(Shell shell, Func<Invocation, CancellationToken, Task<int>> run) =>
        async (parse, ct) =>
        {
            using var invocation = new Invocation(shell, parse);
            return await run(invocation, ct);
        };

    public Job JobOf(ProgressView view) => new(Shell.Clock, Logger, new LoggedProgress(view, Logger));

    public T? Option<T>(string name) => Parse.GetValue<T>(name);

    /// <summary>A message for the person at the terminal, on stderr.</summary>
    public void Note(string message)
    {
        if (!Global.Quiet) Shell.Error.WriteLine(Shell.Secrets.Apply(message));
    }

    /// <summary>Asks before something that cannot be taken back. Without a terminal, or with --no-input, it refuses: exit 4.</summary>
    public async Task ConfirmAsync(string question, string code, CancellationToken ct)
    {
        if (Global.Yes) return;
        if (Global.NoInput || !Shell.InIsTerminal)
            throw new GodwitException(ErrorKind.Blocked, code, question, "Add --yes to agree to it without being asked.");
        await Shell.Error.WriteAsync($"{Shell.Secrets.Apply(question)}\nType yes to go on: ");
        var answer = await Shell.In.ReadLineAsync(ct);
        if (answer?.Trim() is not ("yes" or "y" or "Yes" or "YES"))
            throw new GodwitException(ErrorKind.Blocked, code, "not confirmed, so nothing was done", "Answer yes, or add --yes.");
    }

    public void Dispose() => _log?.Dispose();
}
