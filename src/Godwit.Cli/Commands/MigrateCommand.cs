using System.CommandLine;
using Godwit.Cli.Configuration;
using Godwit.Cli.Terminal;

namespace Godwit.Cli.Commands;

internal static class MigrateCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("migrate", "Migrate schema, data, sequences, indexes, constraints and views, then verify; the same command resumes");
        MigrationFlags.AddEnds(command, targetOptional: false);
        MigrationFlags.AddPlanning(command);
        command.Add(MigrationFlags.Text("--plan", "FILE", "Execute this plan of `godwit plan -o` unchanged"));
        command.Add(MigrationFlags.Flag("--dry-run", "Plan and report, change nothing"));
        command.Add(MigrationFlags.Flag("--follow", "Record the source's changes from before the first row is read, and go on applying them until stopped"));
        command.Add(MigrationFlags.Choice("--method", Words.FollowMethods, "With --follow: how changes are known (default: auto)"));
        command.Add(MigrationFlags.Choice("--verify", Words.Verify, "How to verify afterwards"));
        command.Add(MigrationFlags.Text("--report", "DIR", "Where the report is written (default: godwit-report)"));
        command.SetAction(Invocation.Action(shell, RunAsync));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken ct)
    {
        var ends = Ends.Of(invocation);
        _ = ends.RequiredTarget;
        var options = MigrationFlags.Resolve(invocation) with { Verify = MigrationFlags.Verify(invocation, "--verify"), Follow = invocation.Option<bool>("--follow"), FollowMethod = MigrationFlags.Method(invocation) };
        var plan = invocation.Option<string>("--plan") is { } file ? await PlanCommand.ReadFileAsync(invocation, file, ct) : null;
        if (plan is not null) options = options with { TargetSchema = plan.TargetSchema };
        var dryRun = invocation.Option<bool>("--dry-run");
        if (options.IfExists == IfExists.Replace && !dryRun)
        {
            await invocation.ConfirmAsync($"--if-exists replace drops the tables of the same names in schema {options.TargetSchema} of {SecretMask.OfConnection(ends.RequiredTarget)}",
                "replace-unconfirmed", ct);
        }
        await using var source = await ends.OpenSourceAsync(invocation, ct);
        await using var target = await ends.OpenTargetAsync(invocation, options.Jobs, ct);
        if (dryRun)
        {
            plan ??= await PlanCommand.MakeAsync(invocation, source, target, options, ct);
            return PlanCommand.Show(invocation, plan);
        }
        if (options is { Follow: true, IfExists: not IfExists.Replace } && await invocation.Backend.IsFollowUnderwayAsync(source, target, options, ct))
        {
            invocation.Note($"{target.Display} holds a whole copy already; to make it anew: --if-exists replace");
            return await FollowCommand.FollowAsync(invocation, source, target, options, untilCaughtUp: false, ct);
        }
        if (plan is null) await Patterns.CheckAsync(invocation, source, options, ct);
        var reports = invocation.Option<string>("--report") ?? invocation.Settings.Project.Report?.Value ?? "godwit-report";
        var exit = await MigrationRun.RunAsync(invocation, source, target, options, plan, reports, ct);
        return options.Follow ? Math.Max(exit, await FollowCommand.FollowAsync(invocation, source, target, options, untilCaughtUp: false, ct)) : exit;
    }
}
