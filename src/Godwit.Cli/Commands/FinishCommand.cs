using System.Collections.Immutable;
using System.CommandLine;
using Godwit.Cli.Output;
using Godwit.Cli.Terminal;
using Godwit.Cutover;
using Godwit.Source;
using Spectre.Console;

namespace Godwit.Cli.Commands;

internal static class FinishCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("finish", "End a followed migration: take triggers, log and fence out of the source; reports stay; says what to decommission");
        MigrationFlags.AddEnds(command, targetOptional: false);
        command.Add(MigrationFlags.Text("--schema", "NAME", "Target schema (default: public)"));
        command.Add(MigrationFlags.Text("--env", "FILE", "The application's .env file: names the settings that are no longer needed"));
        command.Add(MigrationFlags.Flag("--abandon", "Also where there was no cutover: stop following for good"));
        command.SetAction(Invocation.Action(shell, RunAsync));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken ct)
    {
        var ends = Ends.Of(invocation);
        var abandon = invocation.Option<bool>("--abandon");
        await using var source = await ends.OpenSourceAsync(invocation, ct);
        // Whoever still writes to an old server would write to nobody's database; a file is put away.
        var server = source is IPostgresSource;
        var then = server ? "; an old server that was cut over keeps its fence" : $", and {SecretMask.OfConnection(ends.Source)} takes writes again";
        await invocation.ConfirmAsync($"After this there is no {(abandon ? "following" : "rollback")} any more{then}", "finish-unconfirmed", ct);
        await using var target = await ends.OpenTargetAsync(invocation, 1, ct);
        await invocation.Backend.FinishAsync(new(invocation.Shell.Clock, invocation.Logger, new FindingNotes(invocation)), source, target, new() { TargetSchema = FollowCommand.SchemaOf(invocation) }, abandon, ct);
        var env = invocation.Option<string>("--env") is { } file ? Path.Combine(invocation.Shell.WorkingDirectory, file) : null;
        var settings = env is null ? [] : EnvFile.ChangedKeys(env);
        ImmutableArray<string> decommission = abandon ? [] : [source.Info.Display, .. env is not null && File.Exists(EnvFile.BackupOf(env)) ? [EnvFile.BackupOf(env)] : Array.Empty<string>()];
        if (invocation.IsMachine)
        {
            invocation.Shell.Out.WriteLine(CliJson.Text(new FinishDocument { Source = source.Info.Display, Target = target.Display, Decommission = decommission, Settings = [.. settings] }, invocation.Global.Json));
            return 0;
        }
        var console = invocation.Screen.Out;
        Closing.Line(console, "finished", Markup.Escape($"{source.Info.Display} holds nothing of Godwit's any more{(server ? " but the fence of a cutover that stands" : "")}"));
        if (!abandon) Closing.Line(console, "next", Markup.Escape($"archive, then delete: {string.Join(", ", decommission)}; schema godwit of the target keeps the reports and can go when nobody reads them"));
        if (settings.Count > 0) Closing.Line(console, "settings", Markup.Escape($"{string.Join(", ", settings)} have new values; what only their old values named is needed no more"));
        return 0;
    }
}
