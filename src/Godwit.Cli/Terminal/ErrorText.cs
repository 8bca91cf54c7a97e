using System.Text.Json;
using Godwit.Cli.Output;

namespace Godwit.Cli.Terminal;

/// <summary>How a failure is said, once: error, where and why, whether anything was changed, what to try.</summary>
internal static class ErrorText
{
    public const int InterruptedExit = 130;

    public static int ExitCode(Exception e) => e is GodwitException known
        ? known.Kind switch { ErrorKind.Usage => 2, ErrorKind.Blocked => 4, _ => 1 }
        : 1;

    public static int Write(Shell shell, Exception e, bool verbose, JsonForm json)
    {
        var error = e as GodwitException ?? Unexpected(e);
        var aftermath = shell.Aftermath?.Invoke();
        var lines = error.Problem.Split('\n');
        shell.Error.WriteLine(shell.Secrets.Apply("error: " + lines[0]));
        foreach (var line in lines.Skip(1)) shell.Error.WriteLine(shell.Secrets.Apply("       " + line));
        shell.Error.WriteLine(error.SqlState is { } state && !error.Problem.Contains(state, StringComparison.Ordinal) ? $"  why: {error.Code} (SQLSTATE {state})" : $"  why: {error.Code}");
        if (aftermath is not null) shell.Error.WriteLine(shell.Secrets.Apply("  state: " + aftermath));
        if (error.Hint is { Length: > 0 } hint) shell.Error.WriteLine(shell.Secrets.Apply("try: " + hint));
        if (verbose) shell.Error.WriteLine(shell.Secrets.Apply(e.ToString()));
        var exit = ExitCode(e);
        if (json != JsonForm.None)
        {
            WriteJson(shell, json, new()
            {
                ExitCode = exit,
                Error = new(error.Code, Kebab(error.Kind), shell.Secrets.Apply(error.Problem), error.SqlState, error.Hint is null ? null : shell.Secrets.Apply(error.Hint),
                    aftermath is null ? null : shell.Secrets.Apply(aftermath)),
            });
        }
        return exit;
    }

    public static int Interrupted(Shell shell, JsonForm json)
    {
        var aftermath = shell.Aftermath?.Invoke() ?? "nothing was changed";
        shell.Error.WriteLine("interrupted");
        shell.Error.WriteLine(shell.Secrets.Apply("  state: " + aftermath));
        if (json != JsonForm.None)
            WriteJson(shell, json, new() { ExitCode = InterruptedExit, Error = new("interrupted", "interrupted", "stopped by a signal", null, null, shell.Secrets.Apply(aftermath)) });
        return InterruptedExit;
    }

    private static GodwitException Unexpected(Exception e) => new(ErrorKind.Internal, "internal",
        $"this is a bug in Godwit: {e.GetType().Name}: {e.Message}", "Run it again with --verbose and report what it prints; it holds no row of your data.", e);

    private static string Kebab(ErrorKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());

    private static void WriteJson(Shell shell, JsonForm form, ErrorDocument document) =>
        shell.Out.WriteLine(CliJson.Text(document, indented: form == JsonForm.Document));
}

/// <summary>What stdout is for: people, one document, or a line an event.</summary>
internal enum JsonForm { None, Document, Events }
