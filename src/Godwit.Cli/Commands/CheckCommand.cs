using System.Collections.Immutable;
using System.CommandLine;
using Godwit.Check;
using Godwit.Cli.Output;
using Godwit.Cli.Terminal;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;
using Spectre.Console;

namespace Godwit.Cli.Commands;

internal static class CheckCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("check", "Tell whether a migration can start: both ends, privileges, names, disk, every hazard in the data; changes nothing");
        MigrationFlags.AddEnds(command, targetOptional: true);
        MigrationFlags.AddPlanning(command);
        command.Add(MigrationFlags.Text("--html", "FILE", "Write the list as an HTML page too"));
        command.SetAction(Invocation.Action(shell, RunAsync));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken ct)
    {
        var ends = Ends.Of(invocation);
        var options = MigrationFlags.Resolve(invocation);
        var report = Masked(invocation.Shell.Secrets, await LookAsync(invocation, ends, options, ct));
        var exit = report.Level == Readiness.Block ? 4 : 0;
        if (invocation.Option<string>("--html") is { } file)
            await PlanCommand.WriteFileAsync(invocation, file, ReadinessHtml.Write(report, invocation.Shell.Clock.GetUtcNow()), ct);
        if (invocation.IsMachine)
        {
            invocation.Shell.Out.WriteLine(CliJson.Text(
                new CheckDocument { ExitCode = exit, Source = report.Source, Target = report.Target, Level = report.Level, Items = report.Items }, invocation.Global.Json));
            return exit;
        }
        Write(invocation, report);
        return exit;
    }

    // Before anything is encoded: an escaped secret is not recognised any more.
    private static ReadinessReport Masked(SecretMask secrets, ReadinessReport report) => report with
    {
        Items = [.. report.Items.Select(i => i with { Detail = secrets.Apply(i.Detail), Remedy = i.Remedy is { } remedy ? secrets.Apply(remedy) : null })],
    };

    /// <summary>An end that cannot be opened is an item of the list, so that the other is looked at all the same.</summary>
    private static async Task<ReadinessReport> LookAsync(Invocation invocation, Ends ends, MigrationOptions options, CancellationToken ct)
    {
        var items = ImmutableArray.CreateBuilder<ReadinessItem>();
        ISource? source = null;
        ITarget? target = null;
        MigrationPlan? plan = null;
        try
        {
            source = await TryAsync(items, "source", () => ends.OpenSourceAsync(invocation, ct));
            if (source is not null) items.AddRange(ReadinessCheck.OfSource(source.Info));
            if (ends.Target is not null) target = await TryAsync(items, "target", () => ends.OpenTargetAsync(invocation, options.Jobs, ct));
            if (source is not null) plan = await TryAsync(items, "source", () => PlanCommand.MakeAsync(invocation, source, target, options, ct));
            if (target is not null)
            {
                var looked = target;
                items.AddRange(await TryAsync(items, "target", async () => (ImmutableArray<ReadinessItem>?)await ReadinessCheck.OfTargetAsync(
                    looked, plan, options, source?.Info.SizeBytes ?? 0, ct)) ?? []);
            }
            if (source is IPostgresSource server)
                items.AddRange(await TryAsync(items, "source", async () => (ImmutableArray<ReadinessItem>?)await SourceServerCheck.OfServerAsync(server, plan, options, target?.Profile.Major, invocation.Shell.Clock, ct)) ?? []);
            if (plan is not null && target is not null) items.AddRange(SourceServerCheck.OfExtensions(plan));
            if (plan is not null) items.AddRange(ReadinessCheck.OfPlan(plan));
            return new(source?.Info.Display ?? SecretMask.OfConnection(ends.Source), target?.Display ?? (ends.Target is { } t ? SecretMask.OfConnection(t) : null), items.ToImmutable());
        }
        finally
        {
            if (target is not null) await target.DisposeAsync();
            if (source is not null) await source.DisposeAsync();
        }
    }

    private static async Task<T?> TryAsync<T>(ImmutableArray<ReadinessItem>.Builder items, string subject, Func<Task<T>> look)
    {
        try
        {
            return await look();
        }
        catch (GodwitException e) when (e.Kind != ErrorKind.Usage)
        {
            items.Add(ReadinessCheck.Of(e, subject));
            return default;
        }
    }

    private static void Write(Invocation invocation, ReadinessReport report)
    {
        var console = invocation.Screen.Out;
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(1).PadRight(2)).AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(2)).AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        // The same code on many objects is one line, unless every one is asked for.
        foreach (var group in report.Items.GroupBy(i => invocation.Global.Verbose ? (object)i : (i.Code, i.Level)).Select(g => g.ToList()).OrderByDescending(g => g[0].Level))
        {
            var first = group[0];
            var text = string.Join('\n', SameCode.Lines(group.Select(i => (i.Subject, i.Detail, i.Level == Readiness.Pass ? null : i.Remedy)), first.Level == Readiness.Pass ? 1 : 3, out var remedy).Select(l => $"[bold]{l.Subjects}[/]: {l.Problem}"));
            if (remedy is not null) text += $"\n{remedy}";
            grid.AddRow(new Markup(Mark(first.Level)), new Markup($"[grey]{Markup.Escape(first.Code)}[/]"), new Markup(text));
        }
        console.WriteLine();
        console.Write(grid);
        console.WriteLine();
        int Of(Readiness level) => report.Items.Count(i => i.Level == level);
        console.MarkupLine(report.Level switch
        {
            Readiness.Pass => " [green]✓ ready[/]: nothing stands in the way",
            Readiness.Warn => $" [yellow]! ready[/], with {Units.Plural(Of(Readiness.Warn), "warning")}",
            _ => $" [red]✗ not ready[/]: {Units.Plural(Of(Readiness.Block), "thing blocks", "things block")}, {Units.Plural(Of(Readiness.Warn), "warning")}",
        });
    }

    private static string Mark(Readiness level) => level switch
    {
        Readiness.Pass => "[green]✓ pass[/]",
        Readiness.Warn => "[yellow]! warn[/]",
        _ => "[red]✗ block[/]",
    };
}
