using System.CommandLine;
using Godwit.Cli.Output;
using Godwit.Cli.Terminal;
using Godwit.Source;
using Godwit.Target;

namespace Godwit.Cli.Commands;

internal static class FollowCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("follow", "Keep the target of `migrate --follow` in step with its source until stopped (Ctrl-C); after a cutover, the source in step with the target");
        MigrationFlags.AddEnds(command, targetOptional: false);
        command.Add(MigrationFlags.Text("--schema", "NAME", "Target schema (default: public)"));
        command.Add(MigrationFlags.Flag("--once", "Stop when nothing is waiting any more"));
        command.SetAction(Invocation.Action(shell, RunAsync));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken ct)
    {
        var ends = Ends.Of(invocation);
        _ = ends.RequiredTarget;
        await using var source = await ends.OpenSourceAsync(invocation, ct);
        await using var target = await ends.OpenTargetAsync(invocation, 2, ct);
        return await FollowAsync(invocation, source, target, new() { TargetSchema = SchemaOf(invocation) }, invocation.Option<bool>("--once"), ct);
    }

    public static string SchemaOf(Invocation invocation) => invocation.Option<string>("--schema") ?? invocation.Settings.Project.Schema?.Value ?? "public";

    public static async Task<int> FollowAsync(Invocation invocation, ISource source, ITarget target, MigrationOptions options, bool untilCaughtUp, CancellationToken ct)
    {
        invocation.Shell.Aftermath = () => "what was applied stays applied; the rest waits in the source's own record";
        if (!untilCaughtUp) invocation.Note($"following {source.Info.Display}; Ctrl-C stops, {invocation.Self} follow goes on, {invocation.Self} cutover switches");
        var view = new FollowProgress(invocation);
        var result = await invocation.Backend.FollowAsync(new(invocation.Shell.Clock, invocation.Logger, view), source, target, options, untilCaughtUp, ct);
        view.End();
        if (invocation.IsMachine)
            invocation.Shell.Out.WriteLine(CliJson.Text(new FollowDocument { Source = source.Info.Display, Target = target.Display, Changes = result.Changes, IsBack = result.IsBack, MadeWay = result.MadeWay, ElapsedSeconds = Math.Round(result.Elapsed.TotalSeconds, 3) }, invocation.Global.Json));
        else
            Closing.Line(invocation.Screen.Out, "followed", $"{Units.Count(result.Changes)} changes {(result.IsBack ? "carried back into the source" : "applied")} in {Units.Time(result.Elapsed)}; {(result.MadeWay ? "made way for another command, which has the target now" : ct.IsCancellationRequested ? "stopped, and can go on" : "nothing is waiting")}");
        return 0;
    }
}
