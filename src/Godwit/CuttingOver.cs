using System.Collections.Immutable;
using System.Diagnostics;
using Godwit.Cutover;
using Godwit.Follow;
using Godwit.Journal;
using Godwit.Source;
using Godwit.Target;
using Godwit.TypeMapping;
using Godwit.Verify;

namespace Godwit;

/// <summary>What a cutover or a rollback switches. <paramref name="EnvFile"/> and <paramref name="OnSwitch"/> may be null: then the user switches.</summary>
public sealed record SwitchOptions(string? EnvFile, ImmutableArray<EnvChange> Env, string? OnSwitch, VerifyMode? Verify)
{
    /// <summary>Cut over although what is written to the target afterwards cannot come back.</summary>
    public bool NoWayBack { get; init; }
}

/// <summary><paramref name="Outage"/>: from the moment writes were refused to the moment that the new side was open.</summary>
public sealed record CutoverResult(ImmutableArray<StepTime> Steps, TimeSpan Outage, VerifyReport? Verification)
{
    /// <summary>Columns whose values come back in another spelling ("table.column"); their meaning is the same.</summary>
    public ImmutableArray<string> Respelled { get; init; } = [];
    /// <summary>Recorded writes to the target that a rollback brought to the source.</summary>
    public long CarriedBack { get; init; }
}

/// <summary>
/// The switch from the followed source to the target, and back: fence, drain, sequences, verification, switch. Any failure before the switch
/// takes the fence away again; a killed cutover is gone on with by the same command, or taken back by <see cref="RollbackAsync"/>. The decision
/// is one write to the journal ("switching"): before it nobody uses the target, after it nobody uses the source.
/// </summary>
public sealed partial class CuttingOver(TimeProvider clock)
{
    /// <summary>Told what the user should know meanwhile: that a follower made way, what the preflight saw.</summary>
    public Action<Finding> Found { get; init; } = _ => { };

    internal const int CatchUpPasses = 20;
    internal const string Moved = "godwit: this database has moved, and takes no more writes; the application's new settings name its new home";
    internal const string NotOpen = "godwit: this database is not open yet: an application is just being moved to it, and whether that succeeds is not known; try again in a moment";
    internal const string MovedBack = "godwit: the application has gone back to its old database; this one takes no writes until the next cutover";

    public async Task<CutoverResult> CutoverAsync(ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> progress, CancellationToken ct)
    {
        if (source is IPostgresSource pair) return await PairAsync(pair, target, options, how, back: false, progress, ct);
        await using var session = await FollowSession.OpenAsync(source, target, clock, options, Found, ct);
        if (session.Fact.State == FollowJournal.Done)
            throw new GodwitException(ErrorKind.Blocked, "already-switched", $"{source.Info.Display} was cut over at {session.Fact.Switched:u}.", "godwit rollback goes back; godwit finish ends the migration.");
        if (session.Fact.State == FollowJournal.RollingBack)
            throw new GodwitException(ErrorKind.Blocked, "rollback-unfinished", $"A rollback to {source.Info.Display} was interrupted after its decision.", "godwit rollback finishes it; then cut over again.");
        var work = new CutoverWork(this, session, source, target, options, how, clock.GetTimestamp());
        var times = await new CutoverSequence(clock, progress).RunAsync(session.Fact.State == FollowJournal.Switching ? work.Decided() : work.Steps(), ct);
        return new(times, clock.GetElapsedTime(work.FencedAt, clock.GetTimestamp()), work.Verification) { Respelled = [.. session.WayBack?.Of(BackVerdict.Respelled) ?? []] };
    }

    /// <summary>One cutover's steps and what they hand on to each other.</summary>
    private sealed class CutoverWork(CuttingOver cutting, FollowSession session, ISource source, ITarget target, MigrationOptions options, SwitchOptions how, long began)
    {
        private WayBackPlan? _back;
        private bool _switching, _closed;

        public long FencedAt { get; private set; } = began;
        public VerifyReport? Verification { get; private set; }

        public ImmutableArray<ICutoverStep> Steps() =>
        [
            new CutoverStep("look for new tables", RefuseNewTablesAsync),
            new CutoverStep("catch up", CatchUpAsync),
            new CutoverStep("prove the way back", token => ProveAsync(null, token)),
            new CutoverStep("fence", FenceAsync, async token =>
            {
                // In this order: an open source beside a journal that says "switching" would be left behind by the next cutover.
                await session.SayAsync(FollowJournal.Stopped, token);
                await session.Feed.UnfenceAsync(token);
            }),
            .. how.NoWayBack ? [new CutoverStep("close the new side", CloseAsync, async token => { if (_closed && !_switching) await new TargetFence(target, session.Plan).LowerAsync(token); })] : Array.Empty<ICutoverStep>(),
            new CutoverStep("drain", DrainAsync),
            new CutoverStep("sequences", token => SequencesAsync(session, source, target, token)),
            new CutoverStep("verify", async token => Verification = await cutting.VerifyAsync(session, source, target, options, how.Verify, token)),
            new CutoverStep("record the way back", ArmAsync, DisarmAsync),
            new CutoverStep("switch", SwitchAsync, _ => { if (how.EnvFile is { } file) EnvFile.Restore(file); return Task.CompletedTask; }),
            new CutoverStep("open", OpenAsync),
        ];

        /// <summary>The application may use the target already: there is no way but on, or back by a rollback.</summary>
        public ImmutableArray<ICutoverStep> Decided() => [new CutoverStep("switch", SwitchAsync), new CutoverStep("open", OpenAsync)];

        private async Task RefuseNewTablesAsync(CancellationToken ct)
        {
            if (await session.Feed.StateAsync(ct) is { Unfollowed: { Length: > 0 } tables })
                throw new GodwitException(ErrorKind.Blocked, "cutover-new-tables", $"{source.Info.Display} has tables that were made since the migration began, and that the target lacks: {string.Join(", ", tables)}.",
                    "Migrate again with --if-exists replace --follow; or drop them, if nobody needs them.");
        }

        /// <summary>Before the fence, so that little is left to do behind it.</summary>
        private async Task CatchUpAsync(CancellationToken ct)
        {
            for (var pass = 0; pass < CatchUpPasses && await session.StepAsync(ct) is not null; pass++) { }
        }

        private async Task ProveAsync(WayBackPlan? before, CancellationToken ct)
        {
            if (how.NoWayBack) return;
            var aside = await session.AsideAsync(ct);
            IReadOnlySet<string> again = new HashSet<string>(session.Touched);
            session.Touched.Clear();
            await using var snapshot = await source.OpenSnapshotAsync(1, ct);
            _back = await WayBackPlan.ProveAsync(snapshot, session.Feed, session.Schema, session.Plan, t => aside[t], before, again, ct);
            if (_back.Of(BackVerdict.Lost).ToList() is { Count: > 0 } lost)
                throw new GodwitException(ErrorKind.Blocked, "way-back-lossy", $"Values of {string.Join(", ", lost)} would not come back from the target as what they are in {source.Info.Display}: a rollback would change them.",
                    "--no-way-back cuts over all the same, and then a rollback is refused once the target was written to; another --cast of those columns keeps more.");
        }

        private async Task FenceAsync(CancellationToken ct)
        {
            await session.Feed.FenceAsync(session.Whole, Moved, () => FencedAt = cutting.Now, ct);
            await session.SayAsync(FollowJournal.Fencing, ct);
            Failpoints.Hit(Failpoints.Fenced);
        }

        /// <summary>What an application that comes up there writes while the switch may still fail could not come back.</summary>
        private async Task CloseAsync(CancellationToken ct)
        {
            var fence = new TargetFence(target, session.Plan);
            if (await fence.IsRaisedAsync(ct)) return;
            _closed = true;
            await fence.RaiseAsync(NotOpen, ct);
            Failpoints.Hit(Failpoints.NewSideClosed);
        }

        private async Task DrainAsync(CancellationToken ct)
        {
            while (await session.StepAsync(ct) is not null) { }
            Failpoints.Hit(Failpoints.Drained);
        }

        private async Task ArmAsync(CancellationToken ct)
        {
            if (_back is null) return;
            // Values that were written since the first look: their tables are looked at again.
            if (session.Touched.Count > 0) await ProveAsync(_back, ct);
            await session.ArmWayBackAsync(_back, ct);
            Failpoints.Hit(Failpoints.BackArmed);
        }

        /// <summary>A switch that failed halfway may have let the application write to the target.</summary>
        private async Task DisarmAsync(CancellationToken ct)
        {
            if (_switching)
            {
                // Whether it has written yet or will: what it writes from here on would stay behind.
                await new TargetFence(target, session.Plan).RaiseAsync(MovedBack, ct);
                while (await session.StepBackAsync(ct) is not null) { }
                // Everything is here again: the next cutover begins anew, with a way back of its own.
                await session.SayAsync(FollowJournal.Fencing, ct);
            }
            await session.DisarmWayBackAsync(ct);
        }

        private async Task SwitchAsync(CancellationToken ct)
        {
            _switching = true;
            await session.SayAsync(FollowJournal.Switching, ct);
            Failpoints.Hit(Failpoints.Switching);
            if (how.EnvFile is { } file) EnvFile.Apply(file, how.Env);
            await CommandAsync(how.OnSwitch, ct);
            Failpoints.Hit(Failpoints.Switched);
        }

        private async Task OpenAsync(CancellationToken ct)
        {
            await new TargetFence(target, session.Plan).LowerAsync(ct);
            Failpoints.Hit(Failpoints.Opened);
            await session.SayAsync(FollowJournal.Done, ct);
        }
    }

    private long Now => clock.GetTimestamp();

    private static string Example(TableVerification table) => table.Differences.IsEmpty ? "" : $" ({string.Join("; ", table.Differences.Take(3).Select(d => d.Key).Distinct())})";

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

    private static async Task CommandAsync(string? command, CancellationToken ct)
    {
        if (command is null) return;
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command])) ?? throw new GodwitException(ErrorKind.Internal, "on-switch-failed", "The --on-switch command did not start.");
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0) throw new GodwitException(ErrorKind.Internal, "on-switch-failed", $"The --on-switch command ended with {process.ExitCode}.", "Try the command by itself.");
    }

    internal sealed class Silent : IProgress<MigrationEvent>
    {
        public void Report(MigrationEvent value) { }
    }
}
