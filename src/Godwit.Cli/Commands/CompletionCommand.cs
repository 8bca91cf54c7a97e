using System.CommandLine;
using Godwit.Cli.Output;
using Godwit.Schema;

namespace Godwit.Cli.Commands;

internal static class CompletionCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("completion", "Print a completion script for a shell");
        var name = new Argument<string>("SHELL") { HelpName = "bash|zsh|fish|pwsh", Description = "For bash: eval \"$(godwit completion bash)\"" };
        string[] shells = ["bash", "zsh", "fish", "pwsh"];
        name.CompletionSources.Add(shells);
        name.Validators.Add(result =>
        {
            if (result.Tokens is not [{ Value: var text }] || shells.Contains(text)) return;
            var meant = Nearest.To(text, shells);
            result.AddError($"'{text}' is not one of {string.Join(", ", shells)}" + (meant is null ? "" : $"; did you mean '{meant}'?"));
        });
        command.Add(name);
        command.SetAction(parse =>
        {
            shell.Out.Write(CompletionScript.For(parse.GetRequiredValue(name), parse.RootCommandResult.Command));
            return 0;
        });
        return command;
    }
}
