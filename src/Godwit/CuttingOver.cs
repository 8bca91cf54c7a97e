using System.Collections.Immutable;
using System.Diagnostics;
using Godwit.Cutover;
using Godwit.Follow;
using Godwit.Journal;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;

namespace Godwit;

/// <summary>What a cutover or a rollback switches. <paramref name="EnvFile"/> and <paramref name="OnSwitch"/> may be null: then the user switches.</summary>
public sealed record SwitchOptions(string? EnvFile, ImmutableArray<EnvChange> Env, string? OnSwitch, VerifyMode? Verify);

/// <summary><paramref name="Outage"/>: from the moment writes were refused to the moment that the new side was open.</summary>
public sealed record CutoverResult(ImmutableArray<StepTime> Steps, TimeSpan Outage, VerifyReport? Verification);

/// <summary>
/// The switch from the followed source to the target, and back: fence, drain, sequences, verification, switch. Any failure before the switch
/// takes the fence away again; a killed cutover is gone on with by the same command, or taken back by <see cref="RollbackAsync"/>.
/// </summary>
public sealed class CuttingOver(TimeProvider clock)
{
    private const int CatchUpPasses = 20;
    private const string Moved = "godwit: this database has moved, and takes no more writes; the application's new settings name its new home";
    private const string MovedBack = "godwit: the application has gone back to its old database; this one takes no writes until the next cutover";

    public async Task<CutoverResult> CutoverAsync(ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> progress, CancellationToken ct)
    {
        await using var session = await FollowSession.OpenAsync(source, target, clock, options, ct);
        if (session.Fact.State == FollowJournal.Done)
            throw new GodwitException(ErrorKind.Blocked, "already-switched", $"{source.Info.Display} was cut over at {session.Fact.Switched:u}.", "godwit rollback goes back; godwit finish ends the migration.");
        long fenced = 0, opened = 0;
        VerifyReport? verification = null;
        ICutoverStep[] steps =
        [
            new CutoverStep("catch up", token => CatchUpAsync(session, token)),
            new CutoverStep("fence", async token =>
            {
                fenced = clock.GetTimestamp();
                await session.Feed.FenceAsync(session.Whole, Moved, token);
                await session.SayAsync(FollowJournal.Fencing, token);
            }, async token =>
            {
                await session.Feed.UnfenceAsync(token);
                await session.SayAsync(FollowJournal.Stopped, token);
            }),
            new CutoverStep("drain", token => DrainAsync(session, token)),
            new CutoverStep("sequences", token => SequencesAsync(session, source, target, token)),
            new CutoverStep("verify", async token => verification = await VerifyAsync(session, source, target, options, how.Verify, token)),
            new CutoverStep("switch", token => SwitchAsync(how, token), _ => { if (how.EnvFile is { } file) EnvFile.Restore(file); return Task.CompletedTask; }),
            new CutoverStep("open", async token =>
            {
                await new TargetFence(target, session.Plan).LowerAsync(token);
                await session.SayAsync(FollowJournal.Done, token);
                opened = clock.GetTimestamp();
            }),
        ];
        var times = await new CutoverSequence(clock, progress).RunAsync(steps, ct);
        return new(times, clock.GetElapsedTime(fenced, opened), verification);
    }

    /// <summary>
    /// Back to the source. Refused, with everything as it was, where the target holds what the source does not: nothing that was written after the
    /// switch is thrown away.
    /// </summary>
    public async Task<CutoverResult> RollbackAsync(ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> progress, CancellationToken ct)
    {
        await using var session = await FollowSession.OpenAsync(source, target, clock, options, ct);
        var fence = new TargetFence(target, session.Plan);
        var switched = session.Fact.State == FollowJournal.Done;
        if (!switched && (await session.Feed.StateAsync(ct))?.Fenced != true)
            throw new GodwitException(ErrorKind.Blocked, "nothing-to-roll-back", $"{source.Info.Display} is not fenced and was not cut over.", "godwit status shows where the migration stands.");
        long fenced = 0, opened = 0;
        VerifyReport? verification = null;
        ICutoverStep[] steps =
        [
            new CutoverStep("fence the new side", token => { fenced = clock.GetTimestamp(); return fence.RaiseAsync(MovedBack, token); }, fence.LowerAsync),
            new CutoverStep("look for writes on the new side", async token =>
            {
                if (!switched) return;
                verification = await CompareAsync(session, source, target, options, VerifyMode.Full, token);
                if (verification.Tables.FirstOrDefault(t => t.Verdict == Verdict.Different) is { } table)
                    throw new GodwitException(ErrorKind.Blocked, "rollback-would-lose", $"{table.Table} was written to since the cutover: {table.DifferentRows} row(s) differ from the old database{Example(table)}. Going back would lose them.",
                        "Carry those rows back by hand (godwit verify names them), then try again; or stay with the new side.");
            }),
            new CutoverStep("switch back", async token =>
            {
                if (how.EnvFile is { } file) EnvFile.Restore(file);
                await CommandAsync(how.OnSwitch, token);
            }),
            new CutoverStep("open", async token =>
            {
                await session.Feed.UnfenceAsync(token);
                await session.SayAsync(FollowJournal.RolledBack, token);
                opened = clock.GetTimestamp();
            }),
        ];
        var times = await new CutoverSequence(clock, progress).RunAsync(steps, ct);
        return new(times, clock.GetElapsedTime(fenced, opened), verification);
    }

    /// <summary>Takes everything of Godwit's out of the source; the target's fence too. Refused while the source is still the one in use.</summary>
    public async Task FinishAsync(ISource source, ITarget target, MigrationOptions options, bool abandon, CancellationToken ct)
    {
        await using var session = await FollowSession.OpenAsync(source, target, clock, options, ct);
        if (session.Fact.State != FollowJournal.Done && !abandon)
            throw new GodwitException(ErrorKind.Blocked, "not-switched", $"{source.Info.Display} is still the database in use: its changes would no longer be recorded.", "godwit cutover first; or --abandon, to stop following for good.");
        await session.Feed.DisarmAsync(ct);
        await new TargetFence(target, session.Plan).LowerAsync(ct);
    }

    private static string Example(TableVerification table) => table.Differences.IsEmpty ? "" : $" ({string.Join("; ", table.Differences.Take(3).Select(d => d.Key).Distinct())})";

    /// <summary>Before the fence, so that little is left to do behind it.</summary>
    private static async Task CatchUpAsync(FollowSession session, CancellationToken ct)
    {
        for (var pass = 0; pass < CatchUpPasses && await session.StepAsync(ct) is not null; pass++) { }
    }

    private static async Task DrainAsync(FollowSession session, CancellationToken ct)
    {
        while (await session.StepAsync(ct) is not null) { }
    }

    private static async Task SequencesAsync(FollowSession session, ISource source, ITarget target, CancellationToken ct)
    {
        var now = await Following.InspectAsync(source, ct);
        await using var connection = await target.ConnectAsync(ct);
        try
        {
            foreach (var sequence in session.Plan.Sequences) await ChangeApplier.AdvanceAsync(connection, sequence, now.FindTable(sequence.Table)?.LastKey ?? 0, ct);
        }
        catch (Npgsql.NpgsqlException e)
        {
            throw TargetErrors.Map(e, "setting sequences");
        }
    }

    private async Task<VerifyReport?> VerifyAsync(FollowSession session, ISource source, ITarget target, MigrationOptions options, VerifyMode? mode, CancellationToken ct)
    {
        if (mode is null) return null;
        var report = await CompareAsync(session, source, target, options, mode.Value, ct);
        if (report.Tables.FirstOrDefault(t => t.Verdict == Verdict.Different) is not { } table) return report;
        throw new GodwitException(ErrorKind.Blocked, "cutover-differs", $"{table.Table} differs between source and target in {table.DifferentRows} row(s){Example(table)}. The fence was taken away; the application goes on as before.",
            "godwit verify names the rows; godwit verify --repair puts them right.");
    }

    private async Task<VerifyReport> CompareAsync(FollowSession session, ISource source, ITarget target, MigrationOptions options, VerifyMode mode, CancellationToken ct)
    {
        await using var snapshot = await source.OpenSnapshotAsync(options.Jobs, ct);
        return await new Verifier(snapshot, session.Schema, target, new Silent(), clock).VerifyAsync(session.Plan, new(mode, options.Jobs, []), ct);
    }

    private static async Task SwitchAsync(SwitchOptions how, CancellationToken ct)
    {
        if (how.EnvFile is { } file) EnvFile.Apply(file, how.Env);
        await CommandAsync(how.OnSwitch, ct);
    }

    private static async Task CommandAsync(string? command, CancellationToken ct)
    {
        if (command is null) return;
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command])) ?? throw new GodwitException(ErrorKind.Internal, "on-switch-failed", "The --on-switch command did not start.");
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0) throw new GodwitException(ErrorKind.Internal, "on-switch-failed", $"The --on-switch command ended with {process.ExitCode}.", "Try the command by itself.");
    }

    private sealed class Silent : IProgress<MigrationEvent>
    {
        public void Report(MigrationEvent value) { }
    }
}
