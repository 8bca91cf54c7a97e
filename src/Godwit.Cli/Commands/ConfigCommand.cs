using System.CommandLine;
using Godwit.Cli.Configuration;
using Godwit.Cli.Output;
using Spectre.Console;

namespace Godwit.Cli.Commands;

internal static class ConfigCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("config", "What the environment, .env and godwit.yaml say");
        var show = new Command("show", "Print each value and where it comes from; secrets are masked");
        show.SetAction(Invocation.Action(shell, ShowAsync));
        command.Add(show);
        return command;
    }

    private static Task<int> ShowAsync(Invocation invocation, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var lines = Effective.Lines(invocation.Settings).Select(l => l with { Value = l.Value is null ? null : invocation.Shell.Secrets.Apply(l.Value) }).ToList();
        if (invocation.IsMachine)
        {
            invocation.Shell.Out.WriteLine(CliJson.Text(new ConfigDocument { Settings = [.. lines] }, invocation.Global.Json));
            return Task.FromResult(0);
        }
        var table = new Table().Border(TableBorder.None);
        table.AddColumn(new TableColumn("[bold]value of[/]").NoWrap().PadRight(3)).AddColumn(new TableColumn("[bold]value[/]").PadRight(3)).AddColumn("[bold]from[/]");
        foreach (var line in lines)
            table.AddRow(Markup.Escape(line.Name), line.Value is null ? "[grey]not set[/]" : Markup.Escape(line.Value), $"[grey]{Markup.Escape(line.Origin)}[/]");
        invocation.Screen.Out.Write(table);
        return Task.FromResult(0);
    }
}
