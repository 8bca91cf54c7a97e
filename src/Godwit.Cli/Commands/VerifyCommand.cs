using System.Collections.Immutable;
using System.CommandLine;
using Godwit.Cli.Configuration;
using Godwit.Cli.Output;
using Godwit.Cli.Terminal;
using Godwit.Follow;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Verify;
using Spectre.Console;

namespace Godwit.Cli.Commands;

internal static class VerifyCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("verify", "Compare the source with what a finished migration left in the target; names the keys that differ");
        MigrationFlags.AddEnds(command, targetOptional: false);
        command.Add(MigrationFlags.Choice("--mode", [.. Words.Verify.Where(w => w.Value is not null)], "What to compare (default: full, every value of every row)"));
        command.Add(MigrationFlags.List("--table", "NAME", "Only this table, by its source name; repeatable"));
        command.Add(MigrationFlags.Flag("--repair", "Put tables that differ right from the source; what they held is kept in godwit.repaired; compares again"));
        command.Add(MigrationFlags.Text("--schema", "NAME", "Target schema (default: public)"));
        command.Add(MigrationFlags.Jobs());
        command.Add(MigrationFlags.List("--exclude-schema", "PATTERN", "PostgreSQL on both sides: nothing of the schemas that match; repeatable"));
        command.Add(MigrationFlags.List("--map-role", "SOURCE=TARGET", "PostgreSQL on both sides: a role that is called otherwise in the target; repeatable"));
        command.Add(MigrationFlags.Choice("--behaviour", PairVerification.Depths, "PostgreSQL on both sides: what roles may do; read tries SELECT (default), write also INSERT, UPDATE and DELETE, rolled back"));
        command.Add(MigrationFlags.Text("--claims", "FILE", "PostgreSQL on both sides: who tries, as JSON: [{\"role\": \"authenticated\", \"claims\": {\"sub\": \"...\"}}] (default: roles with privileges, users of auth.users)"));
        command.Add(MigrationFlags.Text("--report", "DIR", "Write the whole comparison there, as verification.html and verification.json"));
        command.SetAction(Invocation.Action(shell, RunAsync));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken ct)
    {
        var ends = Ends.Of(invocation);
        _ = ends.RequiredTarget;
        var project = invocation.Settings.Project;
        var options = new MigrationOptions
        {
            TargetSchema = invocation.Option<string>("--schema") ?? project.Schema?.Value ?? "public",
            Jobs = invocation.Option<int?>("--jobs") ?? project.Jobs?.Value ?? Environment.ProcessorCount,
        };
        var mode = MigrationFlags.Verify(invocation, "--mode") ?? VerifyMode.Full;
        var tables = invocation.Option<string[]>("--table") ?? [];
        if (PairVerification.IsPair(ends)) return await PairVerification.RunAsync(invocation, ends, mode, options.Jobs, tables, ct);
        await using var source = await ends.OpenSourceAsync(invocation, ct);
        await CheckTablesAsync(source, tables, ct);
        await using var target = await ends.OpenTargetAsync(invocation, options.Jobs, ct);
        var view = ProgressView.For(invocation);
        invocation.Shell.Aftermath = () => "nothing was changed: verification only reads, and brings over what waits where the target follows";
        var report = await view.AroundAsync(() => invocation.Backend.VerifyAsync(invocation.JobOf(view), source, target, options, mode, tables, ct));
        ImmutableArray<RepairedTable> repaired = [];
        if (await ToRepairAsync(invocation, report, target.Display, ct) is { Count: > 0 } wrong)
        {
            repaired = await RepairedAsync(invocation, () => invocation.Backend.RepairAsync(invocation.JobOf(view), source, target, options, [.. wrong.Select(t => t.Table)], ct));
            report = await invocation.Backend.VerifyAsync(invocation.JobOf(view), source, target, options, mode, tables, ct);
        }
        return await EndAsync(invocation, report, repaired, source.Info.Display, target.Display, ct);
    }

    /// <summary>The tables of both sides that differ, where --repair is asked for and agreed to; else none.</summary>
    internal static async Task<IReadOnlyList<TableVerification>> ToRepairAsync(Invocation invocation, VerifyReport report, string target, CancellationToken ct)
    {
        if (!invocation.Option<bool>("--repair") || report.Tables.Where(t => t.Verdict == Verdict.Different && !t.IsMissing).ToList() is not { Count: > 0 } wrong) return [];
        if (!invocation.IsMachine) Closing.Write(invocation.Screen.Out, report);
        await invocation.ConfirmAsync($"--repair replaces the rows of {string.Join(", ", wrong.Select(t => t.Table))} in {target} by the source's, and keeps what this changes or removes in godwit.repaired", "repair-unconfirmed", ct);
        return wrong;
    }

    internal static async Task<ImmutableArray<RepairedTable>> RepairedAsync(Invocation invocation, Func<Task<ImmutableArray<RepairedTable>>> repair)
    {
        invocation.Shell.Aftermath = () => "each table is repaired in one transaction: one that was not finished is as it was";
        var repaired = await repair();
        invocation.Shell.Aftermath = () => "the repair is finished; only what came after it failed";
        return repaired;
    }

    /// <summary>Says what came of it; returns the exit code.</summary>
    internal static async Task<int> EndAsync(Invocation invocation, VerifyReport report, ImmutableArray<RepairedTable> repaired, string source, string target, CancellationToken ct)
    {
        var exit = report.Verdict == Verdict.Equal ? 0 : 3;
        if (invocation.IsMachine)
        {
            invocation.Shell.Out.WriteLine(CliJson.Text(
                new VerifyDocument { ExitCode = exit, Source = source, Target = target, Verdict = report.Verdict, Report = report, Repaired = [.. repaired.Select(r => new RepairLine(r.Table, r.Kept, r.Written))] }, invocation.Global.Json));
            await ReportAsync(invocation, report, source, target, ct);
            return exit;
        }
        Closing.Write(invocation.Screen.Out, report);
        await ReportAsync(invocation, report, source, target, ct);
        foreach (var table in repaired)
            Closing.Line(invocation.Screen.Out, "repaired", Markup.Escape($"{table.Table}: {Units.Count(table.Written)} rows written, {Units.Count(table.Kept)} kept in godwit.repaired"));
        return exit;
    }

    /// <summary>Nothing where no folder was named.</summary>
    internal static async Task ReportAsync(Invocation invocation, VerifyReport report, string source, string target, CancellationToken ct)
    {
        if (invocation.Option<string>("--report") is not { } folder) return;
        var files = await invocation.Backend.WriteReportAsync(Path.Combine(invocation.Shell.WorkingDirectory, folder), report, source, target, invocation.Shell.Clock.GetUtcNow(), ct);
        if (!invocation.IsMachine) Closing.Line(invocation.Screen.Out, "report", Markup.Escape(string.Join('\n', files)));
    }

    private static async Task CheckTablesAsync(ISource source, string[] tables, CancellationToken ct)
    {
        if (tables.Length == 0) return;
        await using var snapshot = await source.OpenSnapshotAsync(1, ct);
        var schema = await snapshot.InspectAsync(ct);
        var problems = tables.Where(t => schema.FindTable(t) is null).Select(t => Unknown(schema, t)).ToList();
        if (problems.Count > 0) throw new GodwitException(ErrorKind.Usage, "no-such-table", string.Join('\n', problems), "--table takes names of the source's tables.");
    }

    private static string Unknown(DatabaseSchema schema, string table) =>
        $"there is no table '{table}' in {schema.Name}" + (Nearest.To(table, schema.Tables.Select(t => t.Name)) is { } meant ? $"; did you mean '{meant}'?" : "");
}
