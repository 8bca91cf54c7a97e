using System.Collections.Immutable;
using System.CommandLine;
using Godwit.Cli.Configuration;
using Godwit.Cli.Output;
using Godwit.Cli.Terminal;
using Godwit.Cutover;
using Spectre.Console;

namespace Godwit.Cli.Commands;

/// <summary>cutover and rollback: the same flags, the other way round.</summary>
internal static class SwitchCommand
{
    public static Command CreateCutover(Shell shell)
    {
        var command = new Command("cutover", "Switch the application to the target: fence the source, drain, verify, switch; any failure takes the fence away again");
        Add(command);
        command.Add(MigrationFlags.List("--set", "KEY=VALUE", "Key of --env to change; VALUE may be $OTHER, another key of that file; repeatable"));
        command.Add(MigrationFlags.Choice("--verify", Words.Verify, "How to compare behind the fence (default: full)"));
        command.Add(MigrationFlags.Choice("--method", Words.ServerMethods, "Between PostgreSQL servers: how the target records what is written to it, for the way back (default: auto)"));
        command.Add(MigrationFlags.Flag("--no-way-back", "Cut over although some values could not come back; a rollback is then refused once the target was written to. The target takes writes only when --on-switch has ended"));
        command.SetAction(Invocation.Action(shell, (invocation, ct) => RunAsync(invocation, "cutover", ct)));
        return command;
    }

    public static Command CreateRollback(Shell shell)
    {
        var command = new Command("rollback", "Go back to the source after a cutover, with all that was written to the target since; or take a fence away");
        Add(command);
        command.SetAction(Invocation.Action(shell, (invocation, ct) => RunAsync(invocation, "rollback", ct)));
        return command;
    }

    private static void Add(Command command)
    {
        MigrationFlags.AddEnds(command, targetOptional: false);
        command.Add(MigrationFlags.Text("--schema", "NAME", "Target schema (default: public)"));
        command.Add(MigrationFlags.Text("--env", "FILE", "The application's .env file; kept as FILE.before-cutover"));
        command.Add(MigrationFlags.Text("--on-switch", "COMMAND", "Run by sh at the moment of the switch: restart the application, say"));
        command.Add(MigrationFlags.Jobs());
    }

    private static async Task<int> RunAsync(Invocation invocation, string name, CancellationToken ct)
    {
        var forward = name == "cutover";
        var ends = Ends.Of(invocation);
        _ = ends.RequiredTarget;
        var options = new MigrationOptions { TargetSchema = FollowCommand.SchemaOf(invocation), Jobs = invocation.Option<int?>("--jobs") ?? invocation.Settings.Project.Jobs?.Value ?? Environment.ProcessorCount, FollowMethod = forward ? MigrationFlags.Method(invocation) : null, StorageKey = PlatformFlags.StorageKey(invocation) };
        var env = invocation.Option<string>("--env") is { } file ? Path.Combine(invocation.Shell.WorkingDirectory, file) : null;
        var changes = forward ? Changes(invocation) : [];
        if (env is null && !changes.IsEmpty) throw new GodwitException(ErrorKind.Usage, "options-conflict", "--set needs --env FILE, the file to change", "Name the application's .env file.");
        if (env is not null && !File.Exists(env)) throw new GodwitException(ErrorKind.Usage, "env-missing", $"{env} does not exist", "Name the application's .env file.");
        var verify = !forward ? null : MigrationFlags.Verify(invocation, "--verify");
        await invocation.ConfirmAsync(forward
            ? $"From the fence on, {SecretMask.OfConnection(ends.Source)} takes no more writes"
            : $"{SecretMask.OfConnection(ends.RequiredTarget)} takes no more writes, and {SecretMask.OfConnection(ends.Source)} is written to again", $"{name}-unconfirmed", ct);
        await using var source = await ends.OpenSourceAsync(invocation, ct);
        await using var target = await ends.OpenTargetAsync(invocation, options.Jobs, ct);
        invocation.Shell.Aftermath = () => forward ? "the fence was taken away: the source is the database in use, as before" : "the new side is the database in use, as before";
        var how = new SwitchOptions(env, changes, invocation.Option<string>("--on-switch"), verify) { NoWayBack = forward && invocation.Option<bool>("--no-way-back") };
        void Show(StepTime step) => invocation.Note($"  {step.Step,-32} {Units.Time(step.Elapsed)}");
        var result = await (forward
            ? invocation.Backend.CutoverAsync(new(invocation.Shell.Clock, invocation.Logger, new FindingNotes(invocation)), source, target, options, how, Show, ct)
            : invocation.Backend.RollbackAsync(new(invocation.Shell.Clock, invocation.Logger, new FindingNotes(invocation)), source, target, options, how, Show, ct));
        if (invocation.IsMachine)
        {
            invocation.Shell.Out.WriteLine(CliJson.Text(new CutoverDocument(name)
            {
                Source = source.Info.Display,
                Target = target.Display,
                OutageSeconds = Math.Round(result.Outage.TotalSeconds, 3),
                Steps = [.. result.Steps.Select(s => new CutoverStepLine(s.Step, Math.Round(s.Elapsed.TotalSeconds, 3)))],
                CarriedBack = result.CarriedBack,
                Respelled = result.Respelled,
                Verification = result.Verification,
            }, invocation.Global.Json));
            return 0;
        }
        var console = invocation.Screen.Out;
        Closing.Line(console, "switched", $"writes were refused for {Units.Time(result.Outage)}");
        if (!forward && result.CarriedBack > 0) Closing.Line(console, "carried", $"{Units.Count(result.CarriedBack)} recorded changes back into the source");
        Closing.Line(console, "in use", Markup.Escape(forward ? target.Display : source.Info.Display));
        if (forward)
        {
            if (env is null && how.OnSwitch is null) Closing.Line(console, "next", "give the application the new address now: the old database refuses writes");
            Closing.Line(console, "back", Markup.Escape(how.NoWayBack ? $"{invocation.Self} rollback, as long as nothing was written to the new database; {invocation.Self} finish ends the migration"
                : $"{invocation.Self} rollback, with all that is written until then; {invocation.Self} follow keeps the old database in step; {invocation.Self} finish ends the migration"));
            if (!result.Respelled.IsEmpty) Closing.Line(console, "respelled", Markup.Escape($"on the way back the same values come in another spelling: {string.Join(", ", result.Respelled)}"));
        }
        return 0;
    }

    private static ImmutableArray<EnvChange> Changes(Invocation invocation) => [.. (invocation.Option<string[]>("--set") ?? []).Select(text =>
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        if (at < 1) throw new GodwitException(ErrorKind.Usage, "set-invalid", $"--set: KEY=VALUE is expected, not '{SecretMask.OfConnection(text)}'", "For example --set USE_SUPABASE=false --set DATABASE_URL='$NEW_DATABASE_URL'");
        return new EnvChange(text[..at], text[(at + 1)..]);
    })];
}
