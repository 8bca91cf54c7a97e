using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Godwit.Cli.Terminal;
using Godwit.Journal;
using Godwit.Samples.InternshipTracker;
using Godwit.Target;
using Spectre.Console;

namespace Godwit.Cli.Commands;

internal static class DemoCommand
{
    private static readonly (string About, string Sql)[] s_queries =
    [
        ("how applications went", "select status, count(*) from internships group by 1 order by 2 desc"),
        ("JSON is jsonb now", "select username, social_media->>'github' as github from users where social_media ? 'github' order by id limit 5"),
        ("dates are dates, 0/1 is boolean", "select company, next_action, next_action_date from internships where not next_action_completed and next_action_date >= '2025-06-01' order by 3 limit 5"),
    ];

    private static readonly ImmutableArray<(string Word, bool FromSupabase)> s_journeys = [("sqlite", false), ("supabase", true)];

    public static Command Create(Shell shell)
    {
        var command = new Command("demo", "Migrate a bundled database into a private local PostgreSQL, verify it, and show what to try next");
        command.Add(MigrationFlags.Flag("--fresh", "Start over: new sample, empty database"));
        command.Add(MigrationFlags.Flag("--keep", "Keep a finished demo as it is (the default)"));
        command.Add(MigrationFlags.Choice("--from", s_journeys, "Which journey: an application's SQLite file (the default), or a client portal that leaves Supabase"));
        command.Add(Number("--users", "Users in the sample; each has 40 internships and 10 friendships", 1000));
        command.Add(Number("--clients", "With --from supabase: clients of the portal, about 120 KB each", 200));
        command.SetAction(Invocation.Action(shell, RunAsync));
        return command;
    }

    private static Option<int> Number(string name, string description, int usual)
    {
        var number = new Option<int>(name) { HelpName = "N", Description = description, DefaultValueFactory = _ => usual };
        number.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= 1_000_000))
                result.AddError($"{name}: a number from 1 to 1000000 is expected, not '{text}'");
        });
        return number;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken ct)
    {
        var fresh = invocation.Option<bool>("--fresh");
        if (fresh && invocation.Option<bool>("--keep"))
            throw new GodwitException(ErrorKind.Usage, "options-conflict", "--fresh and --keep exclude each other", "Choose one of them.");
        if (invocation.Option<string>("--from") is { } journey && s_journeys.First(j => string.Equals(j.Word, journey, StringComparison.OrdinalIgnoreCase)).FromSupabase)
            return await PortalDemo.RunAsync(invocation, fresh, invocation.Option<int>("--clients"), ct);
        var clock = invocation.Shell.Clock;
        var started = clock.GetTimestamp();
        var server = LocalServers.Find(LocalServers.DemoName, invocation.Settings.Environment, clock, invocation.Note);
        var settings = await LocalServers.ReadyAsync(server, fresh, ct);
        var sample = Path.Combine(server.Folder, "internship-tracker.db");
        invocation.Note($"private PostgreSQL ready after {Units.Time(clock.GetElapsedTime(started))}, in {server.Folder}");
        // A larger sample than the one at hand is a new demo.
        if (!fresh && await FinishedAsync(invocation, ct) is { } before)
        {
            invocation.Note($"the demo of {before.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC is still there and was kept; --fresh starts over");
            Next(invocation, settings);
            return 0;
        }
        await GenerateAsync(invocation, sample, fresh, ct);
        return await MigrateAsync(invocation, settings, sample, started, ct);
    }

    private static async Task<RunStatus?> FinishedAsync(Invocation invocation, CancellationToken ct)
    {
        await using var target = await invocation.Backend.OpenTargetAsync("local:" + LocalServers.DemoName, invocation.Settings.Environment, 1, ct);
        var runs = await invocation.Backend.ReadStatusAsync(target, ct);
        return runs.OrderByDescending(r => r.Started).FirstOrDefault() is { State: RunState.Done or RunState.DoneWithDifferences } run ? run : null;
    }

    /// <summary>An interrupted demo resumes from the sample that it began with.</summary>
    private static async Task GenerateAsync(Invocation invocation, string sample, bool fresh, CancellationToken ct)
    {
        if (!fresh && File.Exists(sample)) return;
        var options = new TrackerOptions(invocation.Option<int>("--users"));
        var clock = invocation.Shell.Clock;
        var started = clock.GetTimestamp();
        // Written beside and renamed: an interrupted generator leaves nothing that looks like a sample.
        var partial = sample + ".part";
        await Task.Run(() => TrackerGenerator.Write(partial, options), ct);
        File.Move(partial, sample, overwrite: true);
        invocation.Note($"sample of {Units.Plural(options.Users, "user")}, {Units.Plural(options.InternshipRows, "internship")} and " +
            $"{Units.Plural(options.FriendshipRows, "friendship")} written in {Units.Time(clock.GetElapsedTime(started))}: {sample}");
    }

    private static async Task<int> MigrateAsync(Invocation invocation, ConnectionSettings settings, string sample, long started, CancellationToken ct)
    {
        var options = new MigrationOptions { IfExists = IfExists.Replace };
        await using var source = await invocation.Backend.OpenSourceAsync(sample, invocation.Settings.Environment, ct);
        await using var target = await invocation.Backend.OpenTargetAsync("local:" + LocalServers.DemoName, invocation.Settings.Environment, options.Jobs + 3, ct);
        var exit = await MigrationRun.RunAsync(invocation, source, target, options, plan: null, Path.Combine(Path.GetDirectoryName(sample)!, "report"), ct);
        if (!invocation.IsMachine)
        {
            Closing.Line(invocation.Screen.Out, "took", $"{Units.Time(invocation.Shell.Clock.GetElapsedTime(started))} in all");
            Next(invocation, settings);
        }
        return exit;
    }

    private static void Next(Invocation invocation, ConnectionSettings settings) =>
        WorthTrying.Write(invocation, settings, LocalServers.DemoName, s_queries, $"When you are done: {invocation.Self} local destroy {LocalServers.DemoName}");
}
