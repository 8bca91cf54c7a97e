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
        if (latest.Follow is { } follow)
        {
            if (!follow.Tables.IsEmpty) console.Write(Followed(follow));
            Closing.Line(console, "follow", FollowText(follow, latest.Locked, latest.Stream is null));
            Closing.Line(console, "in use", Markup.Escape(follow.Authoritative == "target" ? target.Display : latest.Source));
            if (latest.Stream is { } stream)
            {
                Closing.Line(console, "stream", StreamText(stream));
                if (stream.LastError is { } broken) Closing.Line(console, "last error", Markup.Escape(invocation.Shell.Secrets.Apply(broken)));
            }
            if (follow.LastError is { } failed) Closing.Line(console, "last error", Markup.Escape(invocation.Shell.Secrets.Apply(failed)));
        }
        if (latest.LastError is { } error) Closing.Line(console, "error", Markup.Escape(invocation.Shell.Secrets.Apply(error)));
        if (latest.State is RunState.Interrupted or RunState.Failed)
            Closing.Line(console, "next", "the same godwit migrate command resumes it; with --if-exists replace it starts over");
        return 0;
    }

    /// <summary><paramref name="counted"/>: the follower counts here; that of a stream does so in the stream's own line.</summary>
    private static string FollowText(FollowFact follow, bool locked, bool counted)
    {
        var waiting = follow.State is FollowJournal.Done or FollowJournal.Switching ? "to be carried back" : "waiting";
        var text = follow.State == FollowJournal.Active && !locked ? "interrupted" : follow.State;
        if (counted) text += $"; {Units.Count(follow.Changes)} changes applied, {Units.Count(follow.Pending)} {waiting} at {follow.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC";
        if (follow.LagSeconds > 0) text += $", for up to {Units.Time(TimeSpan.FromSeconds(follow.LagSeconds))}";
        if (follow.Rate is { } rate) text += $"; {rate:0} applied a second";
        if (follow.Slope is { } slope && follow.Pending > 0) text += slope < 0 ? $", in step in about {Units.Time(TimeSpan.FromSeconds(follow.EtaSeconds ?? 0))}" : $", {slope:0} more waiting a second";
        return text + follow.State switch
        {
            FollowJournal.Done when follow.WayBack is { Armed: true } => "; godwit rollback goes back with all that was written since, godwit finish ends the migration",
            FollowJournal.Done => "; godwit rollback goes back while nothing was written, godwit finish ends the migration",
            FollowJournal.Fencing when !locked => "; the source refuses writes: godwit cutover goes on, godwit rollback takes the fence away",
            FollowJournal.Switching when !locked => "; a cutover was interrupted after its decision: godwit cutover goes on, godwit rollback goes back",
            FollowJournal.RollingBack when !locked => "; a rollback was interrupted after its decision: godwit rollback goes on",
            FollowJournal.Finishing when !locked => "; the end was interrupted: godwit finish goes on",
            _ => "",
        };
    }

    private static string StreamText(StreamStatus stream) =>
        $"{Units.Count(stream.Changes)} changes in {Units.Count(stream.Transactions)} transactions, {Units.Bytes(stream.LagBytes)} behind{(stream.LagSeconds is > 0 and var seconds ? $" ({Units.Time(TimeSpan.FromSeconds(seconds))})" : "")} at {stream.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC"
        + (stream.RowsPerSecond is > 0 and var rate ? $"; {rate:0} rows/s" : "") + (stream.LagBytes == 0 ? "" : stream.EtaSeconds is { } eta ? $", in step in about {Units.Time(TimeSpan.FromSeconds(eta))}" : ", not coming nearer")
        + $"; the source keeps {Units.Bytes(stream.RetainedBytes)} of its log" + (stream.Conflicts > 0 ? $"; {Units.Count(stream.Conflicts)} conflicts (godwit.conflict)" : "");

    private static Table Followed(FollowFact follow)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn("[bold]table[/]");
        foreach (var heading in new[] { "changes", "rows written", "last (UTC)" }) table.AddColumn(new TableColumn($"[bold]{heading}[/]").RightAligned().NoWrap());
        foreach (var t in follow.Tables) table.AddRow(Markup.Escape(t.Table), Units.Count(t.Changes), Units.Count(t.Rows), $"{t.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}");
        return table;
    }

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
                loaded >= planned ? Units.Count(loaded) : $"{Units.Count(loaded)} of {Units.Count(planned)}", Markup.Escape($"{run.Source} → {run.TargetSchema}"));
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
