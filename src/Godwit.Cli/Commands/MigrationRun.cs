using System.Collections.Immutable;
using Godwit.Cli.Output;
using Godwit.Cli.Terminal;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;
using Godwit.Report;
using Godwit.Verify;
using Spectre.Console;

namespace Godwit.Cli.Commands;

/// <summary>A migration as the command line runs it: progress, result, report, exit code. Used by migrate and demo.</summary>
internal static class MigrationRun
{
    public static async Task<int> RunAsync(
        Invocation invocation, ISource source, ITarget target, MigrationOptions options, MigrationPlan? plan, string reports, CancellationToken ct)
    {
        var result = await ExecuteAsync(invocation, source, target, options, plan, ct);
        var files = await invocation.Backend.WriteReportAsync(Path.Combine(invocation.Shell.WorkingDirectory, reports), result, ct);
        var exit = ExitCode(result);
        if (invocation.IsMachine)
        {
            Print(invocation, result, files, exit);
            return exit;
        }
        var console = invocation.Screen.Out;
        Closing.Write(console, result, invocation.Global.Verbose);
        if (files.Length > 0) Closing.Line(console, "report", Markup.Escape(string.Join('\n', files.Select(f => Near(invocation, f)))));
        Closing.Line(console, "target", Markup.Escape(result.Target));
        return exit;
    }

    /// <summary>From the working directory where the file lies below it, else in full.</summary>
    private static string Near(Invocation invocation, string file) =>
        Path.GetRelativePath(invocation.Shell.WorkingDirectory, file) is var relative && relative.StartsWith("..", StringComparison.Ordinal) ? file : relative;

    /// <summary>Runs and shows progress; whatever ends it, what that means for the target is known.</summary>
    public static async Task<MigrationResult> ExecuteAsync(
        Invocation invocation, ISource source, ITarget target, MigrationOptions options, MigrationPlan? plan, CancellationToken ct)
    {
        var view = ProgressView.For(invocation);
        invocation.Shell.Aftermath = () => view.Aftermath(options, source is IPostgresSource);
        var result = await view.AroundAsync(() => invocation.Backend.RunAsync(invocation.JobOf(view), source, target, options, plan, ct));
        invocation.Shell.Aftermath = () => $"the migration is finished; only what came after it failed";
        return result;
    }

    /// <summary>3: finished, but not everything arrived as it was. Verification that was asked for and checked nothing is no success.</summary>
    public static int ExitCode(MigrationResult result) =>
        result.HasDifferences || result.Verification is { Verdict: Verdict.NotChecked, Tables.IsEmpty: false } ? 3 : 0;

    public static void Print(Invocation invocation, MigrationResult result, ImmutableArray<string> files, int exit)
    {
        var verified = (result.Verification?.Tables ?? []).ToLookup(t => t.Table, StringComparer.OrdinalIgnoreCase);
        var objects = ObjectReport.Of(result.Plan, result.Findings).ToLookup(o => o.Outcome);
        var document = new MigrateDocument
        {
            ExitCode = exit,
            RunId = result.RunId,
            Source = result.Source,
            Target = result.Target,
            Schema = result.Plan.TargetSchema,
            Started = result.Started,
            ElapsedSeconds = Math.Round(result.Elapsed.TotalSeconds, 3),
            Stages = [.. result.Stages.Select(s => new StageLine(s.Stage, Math.Round(s.Elapsed.TotalSeconds, 3)))],
            Tables = [.. result.Tables.Select(t => new TableLine(t.Table, t.Target, t.RowsRead, t.RowsWritten, t.Quarantined,
                Math.Round(t.Elapsed.TotalSeconds, 3), verified[t.Table].FirstOrDefault()?.Verdict ?? Verdict.NotChecked))],
            Findings = result.Findings,
            Verification = result.Verification,
            Objects = new(objects[ObjectOutcome.AsIs].Count(), objects[ObjectOutcome.Translated].Count(), objects[ObjectOutcome.Changed].Count(), objects[ObjectOutcome.Skipped].Count()),
            Reports = files,
        };
        invocation.Shell.Out.WriteLine(CliJson.Text(document, invocation.Global.Json));
    }
}
