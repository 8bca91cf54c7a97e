using System.CommandLine;
using Godwit.Cli.Terminal;
using Godwit.Plan;
using Godwit.Target;

namespace Godwit.Cli.Commands;

internal static class PlanCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("plan", "Show what would be created and why, as SQL and as JSON; nothing is changed");
        MigrationFlags.AddEnds(command, targetOptional: true);
        MigrationFlags.AddPlanning(command);
        command.Add(MigrationFlags.Text("--output", "FILE", "Write the plan as JSON to FILE, for review and for migrate --plan", "-o"));
        command.SetAction(Invocation.Action(shell, RunAsync));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken ct)
    {
        var ends = Ends.Of(invocation);
        var options = MigrationFlags.Resolve(invocation);
        await using var source = await ends.OpenSourceAsync(invocation, ct);
        await using var target = ends.Target is null ? null : await ends.OpenTargetAsync(invocation, options.Jobs, ct);
        var plan = await MakeAsync(invocation, source, target, options, ct);
        var file = invocation.Option<string>("--output");
        if (file is not null) await WriteFileAsync(invocation, file, PlanJson.Write(plan), ct);
        if (file is null || invocation.IsMachine) return Show(invocation, plan);
        Summary(invocation, plan, file);
        return ExitCode(plan);
    }

    /// <summary>The plan on stdout, as SQL to read or as JSON.</summary>
    public static int Show(Invocation invocation, MigrationPlan plan)
    {
        if (invocation.IsMachine) invocation.Shell.Out.WriteLine(PlanJson.Write(plan));
        else PlanText.Write(invocation.Shell.Out, plan);
        return ExitCode(plan);
    }

    private static int ExitCode(MigrationPlan plan) => plan.Findings.Any(f => f.Severity == Severity.Block) ? 4 : 0;

    /// <summary>Checks the patterns against the source's names, then plans.</summary>
    public static async Task<MigrationPlan> MakeAsync(Invocation invocation, Source.ISource source, ITarget? target, MigrationOptions options, CancellationToken ct)
    {
        await Patterns.CheckAsync(invocation, source, options, ct);
        var view = ProgressView.For(invocation);
        return await view.AroundAsync(() => invocation.Backend.PlanAsync(invocation.JobOf(view), source, target, options, ct));
    }

    private static void Summary(Invocation invocation, MigrationPlan plan, string file)
    {
        var console = invocation.Screen.Out;
        Closing.Line(console, "plan", $"{Units.Plural(plan.Tables.Length, "table")}, {Units.Plural(plan.Tables.Sum(t => t.Rows), "row")}, " +
            $"{Units.Plural(plan.PreData.Length + plan.PostData.Length + plan.Publish.Length, "statement")}, written to {Spectre.Console.Markup.Escape(file)}");
        FindingList.Write(console, plan.Findings, invocation.Global.Verbose);
        Closing.Line(console, "next", $"godwit migrate SOURCE TARGET --plan {Spectre.Console.Markup.Escape(file)}");
    }

    public static async Task WriteFileAsync(Invocation invocation, string file, string text, CancellationToken ct)
    {
        var path = Path.Combine(invocation.Shell.WorkingDirectory, file);
        try
        {
            await File.WriteAllTextAsync(path, text + "\n", ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Usage, "output-unwritable", $"{file} cannot be written: {e.Message}", "Name a file in a folder that exists.", e);
        }
    }

    public static async Task<MigrationPlan> ReadFileAsync(Invocation invocation, string file, CancellationToken ct)
    {
        var path = Path.Combine(invocation.Shell.WorkingDirectory, file);
        try
        {
            return PlanJson.Read(await File.ReadAllTextAsync(path, ct));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Usage, "plan-unreadable", $"the plan {file} cannot be read: {e.Message}", "Write one with `godwit plan SOURCE -o plan.json`.", e);
        }
    }
}
