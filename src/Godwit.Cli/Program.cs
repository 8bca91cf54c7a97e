using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text;
using Godwit.Cli.Commands;
using Godwit.Cli.Terminal;

namespace Godwit.Cli;

internal static class Program
{
    /// <summary>Exit codes: 0 done and equal, 1 failed, 2 usage, 3 differences or quarantined rows, 4 blocked, 130 interrupted.</summary>
    private static async Task<int> Main(string[] args)
    {
        // Before anything is loaded that parses or draws: a version is asked for by scripts, often.
        if (args is ["--version"])
        {
            Console.Out.WriteLine(Version.Line);
            return 0;
        }
        Console.OutputEncoding = new UTF8Encoding(false);
        var shell = Shell.OfProcess();
        using var interrupt = new Interrupt(shell);
        return await RunAsync(args, shell, interrupt.Token);
    }

    /// <summary>The only place that catches everything: an error is printed once, as the user needs it, and becomes an exit code.</summary>
    public static async Task<int> RunAsync(string[] args, Shell shell, CancellationToken ct)
    {
        var verbose = args.Contains("--verbose") || args.Contains("-v");
        var json = args.Contains("--json-events") ? JsonForm.Events : args.Contains("--json") ? JsonForm.Document : JsonForm.None;
        try
        {
            var root = CommandTree.Create(shell);
            var parse = root.Parse(args);
            if (UsageErrors.Of(parse, args) is { } usage) throw usage;
            var configuration = new InvocationConfiguration
            {
                Output = shell.Out,
                Error = shell.Error,
                EnableDefaultExceptionHandler = false,
                // Its default abandons a command two seconds after a signal, in the middle of a chunk.
                ProcessTerminationTimeout = null,
            };
            return await parse.InvokeAsync(configuration, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ErrorText.Interrupted(shell, json);
        }
        catch (Exception e)
        {
            return ErrorText.Write(shell, e, verbose, json);
        }
    }
}

/// <summary>The first SIGINT or SIGTERM asks the command to stop at a safe place; the second ends the process at once.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _int;
    private readonly PosixSignalRegistration _term;
    private readonly Shell _shell;
    private int _signals;

    public Interrupt(Shell shell)
    {
        _shell = shell;
        _int = PosixSignalRegistration.Create(PosixSignal.SIGINT, On);
        _term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, On);
    }

    public CancellationToken Token => _source.Token;

    private void On(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) > 1)
        {
            // The drawing may have hidden the cursor.
            if (_shell.ErrorIsTerminal) _shell.Error.Write("\e[?25h\n");
            Environment.Exit(ErrorText.InterruptedExit);
        }
        const string Notice = "stopping at the next chunk; once more stops at once";
        if (_shell.Notice is { } notice) notice(Notice);
        else _shell.Error.WriteLine(Notice);
        _source.Cancel();
    }

    public void Dispose()
    {
        _int.Dispose();
        _term.Dispose();
        _source.Dispose();
    }
}
