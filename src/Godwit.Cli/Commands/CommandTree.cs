using System.CommandLine;
using System.CommandLine.Help;

namespace Godwit.Cli.Commands;

/// <summary>The whole surface. A command that does not work yet is not here.</summary>
internal static class CommandTree
{
    public static RootCommand Create(Shell shell)
    {
        var root = new RootCommand("Moves an application's SQLite file into PostgreSQL: typed, indexed, constrained, verified.") { HelpName = "godwit" };
        foreach (var directive in root.Directives.ToList()) root.Directives.Remove(directive);
        GlobalOptions.AddTo(root);
        root.Add(DemoCommand.Create(shell));
        root.Add(CheckCommand.Create(shell));
        root.Add(PlanCommand.Create(shell));
        root.Add(MigrateCommand.Create(shell));
        root.Add(VerifyCommand.Create(shell));
        root.Add(StatusCommand.Create(shell));
        root.Add(FollowCommand.Create(shell));
        root.Add(SwitchCommand.CreateCutover(shell));
        root.Add(SwitchCommand.CreateRollback(shell));
        root.Add(FinishCommand.Create(shell));
        root.Add(RlsCommand.Create(shell));
        root.Add(LocalCommand.Create(shell));
        root.Add(ConfigCommand.Create(shell));
        root.Add(CompletionCommand.Create(shell));
        root.Add(DocsCommand.Create(shell));
        foreach (var option in root.Options)
            if (option is HelpOption { Action: HelpAction help }) help.MaxWidth = Math.Clamp(shell.Columns ?? 100, 80, 120);
        return root;
    }
}
