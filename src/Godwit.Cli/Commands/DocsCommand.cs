using System.CommandLine;
using Godwit.Cli.Output;

namespace Godwit.Cli.Commands;

/// <summary>Hidden: writes docs/reference/cli.md. A test holds that the committed file is what this prints.</summary>
internal static class DocsCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("docs", "Print the reference of the command line as Markdown") { Hidden = true };
        command.SetAction(parse =>
        {
            shell.Out.Write(ReferencePage.Write((RootCommand)parse.RootCommandResult.Command));
            return 0;
        });
        return command;
    }
}
