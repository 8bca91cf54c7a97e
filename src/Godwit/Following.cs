using System.Collections.Immutable;
using Godwit.Follow;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit;

/// <summary>How a stretch of following ended.</summary>
public sealed record FollowResult(long Changes, TimeSpan Elapsed)
{
    /// <summary>The application uses the target: its writes were carried back into the source.</summary>
    public bool IsBack { get; init; }
    /// <summary>Another command (a cutover, say) asked for the target: what is not applied waits.</summary>
    public bool MadeWay { get; init; }
}

/// <summary>A source that records its changes for a run which is about to be made. <paramref name="feed"/>: its identity, for the journal.</summary>
internal abstract class Arming(string feed, ImmutableArray<Finding> findings) : IAsyncDisposable
{
    public string Feed => feed;
    /// <summary>What to know of how this source is followed.</summary>
    public ImmutableArray<Finding> Findings => findings;

    /// <summary>The snapshot from which the copy reads is open.</summary>
    public virtual void SnapshotIsHeld() { }

    /// <summary>The copy is there: the record of changes is wanted from now on.</summary>
    public virtual void Keep() { }

    public abstract ValueTask DisposeAsync();
}

/// <summary>One that the next run of the same command goes on with, however this one ends.</summary>
internal sealed class LastingArming(string feed, ImmutableArray<Finding> findings) : Arming(feed, findings)
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>
/// Keeps a migrated target in step with its source while the application writes to it. Stopped and started again, or killed at any moment,
/// it goes on from the journal: a change is applied together with the fact that it was.
/// </summary>
public sealed class Following(TimeProvider clock)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250), Heartbeat = TimeSpan.FromSeconds(5), Retry = TimeSpan.FromSeconds(1);
    /// <summary>Entries that are left in the source's log before it is pruned: pruning is a write beside the application's.</summary>
    private const long PruneEvery = 5_000;
    private static readonly TimeSpan LongestPatience = TimeSpan.FromHours(1);

    /// <summary>For how long nothing may move on the way to the target while changes are applied, before the way is taken for broken. Doubled each time.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Makes the source record its changes, before anything of it is read.</summary>
    internal static async Task<Arming> ArmAsync(ISource source, ITarget target, MigrationOptions options, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        if (options.DataOnly || options.SchemaOnly || options.IfExists == IfExists.Append)
            throw new GodwitException(ErrorKind.Usage, "options-conflict", "--follow needs a whole migration: it does not go with --data-only, --schema-only and --if-exists append.", "Leave one of them out.");
        // A change of such a row would find no row to change, and its removal none to remove.
        if (options.Misfits == MisfitPolicy.Quarantine && source is IPostgresSource)
            throw new GodwitException(ErrorKind.Usage, "options-conflict", "Between PostgreSQL servers --on-misfit quarantine does not go with --follow: rows that are set aside go on changing in the source.", "Repair the rows in the source, or leave it out: constraints that rows break are then NOT VALID, and the rows are named.");
        if (options.FollowMethod is { } method && (source is IPostgresSource ? method == FollowMethod.Diff : method == FollowMethod.Slot))
            throw new GodwitException(ErrorKind.Usage, "options-conflict", $"{source.Info.Display} cannot be followed by --method {method.ToString().ToLowerInvariant()}.", source is IPostgresSource ? "A PostgreSQL source is followed by slot or by triggers." : "A file is followed by triggers or by diff.");
        if (source is IPostgresSource pair) return await new PairFollowing(pair, target, TimeProvider.System).ArmAsync(options, progress, ct);
        if (options.FollowMethod is { } chosen) source.FollowBy(chosen);
        var feed = FeedOf(source);
        await ChangeApplier.RequireAsync(target, ct);
        var findings = await feed.ArmAsync(TableFilter.Apply(await InspectAsync(source, ct), options, target.Profile.PostGis), ct);
        foreach (var finding in findings) progress.Report(new MigrationEvent.Found(finding));
        Failpoints.Hit(Failpoints.Armed);
        return new LastingArming((await feed.StateAsync(ct))!.Value.Id, findings);
    }

    /// <summary>Applies changes until stopped, or until none are waiting. Stopping is no failure.</summary>
    public async Task<FollowResult> RunAsync(ISource source, ITarget target, MigrationOptions options, bool untilCaughtUp, IProgress<MigrationEvent> progress, CancellationToken user)
    {
        if (source is IPostgresSource pair) return await new PairFollowing(pair, target, clock).RunAsync(untilCaughtUp, progress, user);
        await using var session = await FollowSession.OpenAsync(source, target, clock, options, takeOver: null, user);
        var back = session.Fact.State == FollowJournal.Done;
        Refuse(session, source, target);
        session.Patience = Patience;
        await using var watch = session.Watch(clock, user);
        var stop = watch.Token;
        var started = clock.GetTimestamp();
        long changes = 0, unpruned = 0;
        var waitingSince = started;
        var pulse = new Pulse(clock, session, back ? FollowJournal.Done : FollowJournal.Active);
        try
        {
            await AttemptAsync(async () => { await pulse.BeatAsync(0, stop); return null; }, session, pulse, progress, stop);
            while (!stop.IsCancellationRequested)
            {
                var applied = await AttemptAsync(() => back ? session.StepBackAsync(stop) : session.StepAsync(stop), session, pulse, progress, stop);
                changes += applied?.Changes ?? 0;
                progress.Report(new MigrationEvent.Followed(changes, applied?.Rows ?? 0, applied is null ? TimeSpan.Zero : clock.GetElapsedTime(waitingSince)));
                if (pulse.IsDue) await AttemptAsync(async () => { await pulse.BeatAsync(changes, stop); return null; }, session, pulse, progress, stop);
                if (applied is { } set)
                {
                    unpruned += set.Changes;
                    if (unpruned < PruneEvery || back) continue;
                    await session.PruneAsync(stop);
                    unpruned = 0;
                    continue;
                }
                if (untilCaughtUp) break;
                await Task.Delay(Poll, clock, stop);
                waitingSince = clock.GetTimestamp();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What is not applied is still in the source's log.
        }
        catch (GodwitException e) when (stop.IsCancellationRequested && e.Kind is (ErrorKind.TargetTransient or ErrorKind.SourceTransient))
        {
            // It broke while it was being stopped: likewise.
        }
        catch (GodwitException e)
        {
            await pulse.FailedAsync(e);
            throw;
        }
        if (!back) await session.PruneAsync(CancellationToken.None);
        await pulse.StopAsync(back ? FollowJournal.Done : FollowJournal.Stopped);
        return new(changes, clock.GetElapsedTime(started)) { IsBack = back, MadeWay = watch.Asked };
    }

    private static void Refuse(FollowSession session, ISource source, ITarget target)
    {
        if (session.Fact.State is FollowJournal.Switching or FollowJournal.RollingBack)
            throw new GodwitException(ErrorKind.Blocked, "cutover-unfinished", $"A {(session.Fact.State == FollowJournal.Switching ? "cutover" : "rollback")} of {source.Info.Display} was interrupted after its decision.", "Run that command again: it goes on.");
        if (session.Fact.State == FollowJournal.Done && session.WayBack is null)
            throw new GodwitException(ErrorKind.Blocked, "already-switched", $"The application uses {target.Display} now, and the cutover was made with --no-way-back: there is nothing to keep in step.", "godwit finish ends the migration.");
    }

    /// <summary>Says to the journal how the follower fares: what waits, how fast it goes, whether it becomes more.</summary>
    private sealed class Pulse(TimeProvider clock, FollowSession session, string state)
    {
        private readonly Pace _pace = new(clock);
        private long _beat = clock.GetTimestamp();

        public bool IsDue => clock.GetElapsedTime(_beat) > Heartbeat;

        public async Task BeatAsync(long changes, CancellationToken ct)
        {
            var pending = await session.PendingAsync(ct);
            var (rate, slope) = _pace.At(changes, pending);
            await session.SayAsync(state, new(pending, rate, slope, null), ct);
            _pace.Told(changes, pending);
            _beat = clock.GetTimestamp();
        }

        /// <summary>Pooled connections may have broken since they were used: another one is tried.</summary>
        public async Task StopAsync(string last)
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    await session.SayAsync(last, CancellationToken.None);
                    return;
                }
                catch (GodwitException e) when (e.Kind == ErrorKind.TargetTransient && attempt < 5)
                {
                    // The next one.
                }
            }
        }

        /// <summary>An error is said as well as can be.</summary>
        public async Task FailedAsync(GodwitException failure)
        {
            try
            {
                await session.FailAsync(failure, CancellationToken.None);
            }
            catch (GodwitException)
            {
                // The target is gone; the journal keeps what it was told last.
            }
        }
    }

    /// <summary>A restarted server or a locked file is waited for: the changes do not go away.</summary>
    private async Task<AppliedSet?> AttemptAsync(Func<Task<AppliedSet?>> work, FollowSession session, Pulse pulse, IProgress<MigrationEvent> progress, CancellationToken stop)
    {
        var said = false;
        while (true)
        {
            try
            {
                var done = await work();
                if (done is not null) session.Patience = Patience;
                return done;
            }
            catch (GodwitException e) when (e.Kind is ErrorKind.TargetTransient or ErrorKind.SourceTransient && !stop.IsCancellationRequested)
            {
                if (e.Code == "target-stalled") session.Patience = TimeSpan.FromTicks(Math.Min(session.Patience.Ticks * 2, LongestPatience.Ticks));
                if (!said) progress.Report(new MigrationEvent.Found(new("follow-waits", Severity.Info, e.Code, e.Problem, "Godwit tries again until it works.")));
                if (!said) await pulse.FailedAsync(e);
                said = true;
                await Task.Delay(Retry, clock, stop);
            }
        }
    }

    /// <summary>The target holds a whole copy of this source, made with --follow: `migrate --follow` has only to go on following.</summary>
    public static Task<bool> IsUnderwayAsync(ISource source, ITarget target, MigrationOptions options, CancellationToken ct) => FollowSession.IsUnderwayAsync(source, target, options, ct);

    internal static IChangeFeed FeedOf(ISource source) => source.Changes
        ?? throw new GodwitException(ErrorKind.Blocked, "source-cannot-follow", $"{source.Info.Display} cannot be followed: it is read from a recovered copy, SQLite opens it under its attached name only, or its engine has no feed of changes.", "Open it once with its application so that it is whole; views that say the attached name are to be made anew without it. Then try again.");

    internal static async Task<DatabaseSchema> InspectAsync(ISource source, CancellationToken ct)
    {
        await using var snapshot = await source.OpenSnapshotAsync(1, ct);
        return await snapshot.InspectAsync(ct);
    }
}
