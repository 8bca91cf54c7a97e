using Godwit.Cli;
using Xunit;

namespace Godwit.Tests.Cli;

/// <summary>One command line, run in this process with a captured console, a folder of its own and a backend that touches nothing.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    public string All => Out + Error;

    public static Task<CliRun> OfAsync(params string[] args) => new CliSetup().RunAsync(args);
}

internal sealed class CliSetup
{
    public FakeBackend Backend { get; } = new();
    public Dictionary<string, string> Environment { get; } = [];
    public Dictionary<string, string> Files { get; } = [];
    public string Input { get; set; } = "";
    public bool Terminal { get; set; }
    public int? Columns { get; set; }
    public CancellationToken Cancel { get; set; } = TestContext.Current.CancellationToken;
    public string Folder { get; } = TestFolder.Create();

    public async Task<CliRun> RunAsync(params string[] args)
    {
        foreach (var (name, text) in Files) await File.WriteAllTextAsync(Path.Combine(Folder, name), text, Cancel);
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var exit = await Program.RunAsync(args, Shell(output, error), Cancel);
        return new(exit, output.ToString(), error.ToString());
    }

    public Shell Shell(TextWriter output, TextWriter error) =>
        new()
        {
            Out = output,
            Error = error,
            In = new StringReader(Input),
            Environment = Environment,
            WorkingDirectory = Folder,
            OutIsTerminal = Terminal,
            ErrorIsTerminal = Terminal,
            InIsTerminal = Terminal,
            Columns = Columns,
            Backend = new(() => Backend),
        };

    public string Read(string name) => File.ReadAllText(Path.Combine(Folder, name));
}
