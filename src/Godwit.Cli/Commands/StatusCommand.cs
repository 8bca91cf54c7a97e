using System.CommandLine;
using Godwit.Cli.Output;
using Godwit.Cli.Terminal;
using Godwit.Journal;
using Spectre.Console;

namespace Godwit.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("status", "Show what runs or ran on a target, from any shell, also after the process has died");
        command.Add(new Argument<string?>("TARGET") { Description = "PostgreSQL, or local[:NAME]", Arity = ArgumentArity.ZeroOrOne });
        command.SetAction(Invocation.Action(shell, RunAsync));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken ct)
    {
        await using var target = await invocation.Backend.OpenTargetAsync(Ends.TargetOf(invocation), invocation.Settings.Environment, 1, ct);
        var runs = await invocation.Backend.ReadStatusAsync(target, ct);
        if (invocation.IsMachine)
        {
            invocation.Shell.Out.WriteLine(CliJson.Text(new StatusDocument { Target = target.Display, Runs = runs }, invocation.Global.Json));
            return 0;
        }
        if (runs.IsEmpty)
        {
            invocation.Shell.Out.WriteLine($"no run of Godwit on {target.Display}");
            return 0;
        }
        var console = invocation.Screen.Out;
        console.Write(Runs(runs, invocation.Shell.Clock.GetUtcNow()));
        var latest = runs.MaxBy(r => r.Started)!;
        if (latest.State is not (RunState.Done or RunState.DoneWithDifferences) || invocation.Global.Verbose) console.Write(Tables(latest));
        if (latest.Follow is { } follow) Closing.Line(console, "follow", FollowText(follow, latest.Locked));
        if (latest.LastError is { } error) Closing.Line(console, "error", Markup.Escape(invocation.Shell.Secrets.Apply(error)));
        if (latest.State is RunState.Interrupted or RunState.Failed)
            Closing.Line(console, "next", "the same godwit migrate command resumes it; with --if-exists replace it starts over");
        return 0;
    }

    private static string FollowText(FollowFact follow, bool locked) =>
        $"{(follow.State == FollowJournal.Active && !locked ? "interrupted" : follow.State)}; {Units.Count(follow.Changes)} changes applied, {Units.Count(follow.Pending)} waiting at {follow.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC"
        + (follow.State == FollowJournal.Done ? "; godwit rollback goes back, godwit finish ends the migration" : follow.State == FollowJournal.Fencing && !locked ? "; the source refuses writes: godwit cutover goes on, godwit rollback takes the fence away" : "");

    private static Table Runs(IEnumerable<RunStatus> runs, DateTimeOffset now)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        foreach (var heading in new[] { "state", "stage", "started (UTC)", "took" }) table.AddColumn(new TableColumn($"[bold]{heading}[/]").NoWrap());
        table.AddColumn(new TableColumn("[bold]rows[/]").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("[bold]source → schema[/]"));
        foreach (var run in runs.OrderByDescending(r => r.Started))
        {
            var loaded = run.Tables.Sum(t => t.LoadedRows);
            var planned = run.Tables.Sum(t => t.PlannedRows);
            table.AddRow(State(run), StageNames.Of(run.Stage), $"{run.Started.UtcDateTime:yyyy-MM-dd HH:mm:ss}",
                run.Ended is { } ended ? Units.Time(ended - run.Started) : run.Alive ? Units.Time(now - run.Started) : "–",
                loaded == planned ? Units.Count(loaded) : $"{Units.Count(loaded)} of {Units.Count(planned)}", Markup.Escape($"{run.Source} → {run.TargetSchema}"));
        }
        return table;
    }

    private static Table Tables(RunStatus run)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn("[bold]table[/]");
        foreach (var heading in new[] { "planned", "loaded", "chunks", "quarantined" }) table.AddColumn(new TableColumn($"[bold]{heading}[/]").RightAligned().NoWrap());
        foreach (var t in run.Tables)
            table.AddRow(Markup.Escape(t.Table), Units.Count(t.PlannedRows), Units.Count(t.LoadedRows), $"{t.ChunksDone} of {t.Chunks}", Units.Count(t.Quarantined));
        return table;
    }

    private static string State(RunStatus run) => run.State switch
    {
        RunState.Running when run.Alive => "[blue]▶ running[/]",
        RunState.Running => "[yellow]‖ interrupted[/]",
        RunState.Interrupted => "[yellow]‖ interrupted[/]",
        RunState.Failed => "[red]✗ failed[/]",
        RunState.DoneWithDifferences => "[yellow]! done, with differences[/]",
        _ => "[green]✓ done[/]",
    };
}
