using Godwit.Follow;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit;

/// <summary>How a stretch of following ended.</summary>
public sealed record FollowResult(long Changes, TimeSpan Elapsed);

/// <summary>
/// Keeps a migrated target in step with its source while the application writes to it. Stopped and started again, or killed at any moment,
/// it goes on from the journal: a change is applied together with the fact that it was.
/// </summary>
public sealed class Following(TimeProvider clock)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250), Heartbeat = TimeSpan.FromSeconds(5), Retry = TimeSpan.FromSeconds(1);
    /// <summary>Entries that are left in the source's log before it is pruned: pruning is a write beside the application's.</summary>
    private const long PruneEvery = 5_000;

    /// <summary>Makes the source record its changes, before anything of it is read; returns the arming's identity.</summary>
    internal static async Task<string> ArmAsync(ISource source, ITarget target, MigrationOptions options, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        if (options.DataOnly || options.SchemaOnly || options.IfExists == IfExists.Append)
            throw new GodwitException(ErrorKind.Usage, "options-conflict", "--follow needs a whole migration: it does not go with --data-only, --schema-only and --if-exists append.", "Leave one of them out.");
        var feed = FeedOf(source);
        await ChangeApplier.RequireAsync(target, ct);
        foreach (var finding in await feed.ArmAsync(TableFilter.Apply(await InspectAsync(source, ct), options), ct)) progress.Report(new MigrationEvent.Found(finding));
        return (await feed.StateAsync(ct))!.Value.Id;
    }

    /// <summary>Applies changes until stopped, or until none are waiting. Stopping is no failure.</summary>
    public async Task<FollowResult> RunAsync(ISource source, ITarget target, MigrationOptions options, bool untilCaughtUp, IProgress<MigrationEvent> progress, CancellationToken stop)
    {
        await using var session = await FollowSession.OpenAsync(source, target, clock, options, stop);
        var started = clock.GetTimestamp();
        long changes = 0, unpruned = 0;
        var (waitingSince, beat) = (started, started);
        try
        {
            await session.SayAsync(FollowJournal.Active, stop);
            while (!stop.IsCancellationRequested)
            {
                var applied = await AttemptAsync(() => session.StepAsync(stop), progress, stop);
                if (applied is { } set)
                {
                    changes += set.Changes;
                    unpruned += set.Changes;
                    progress.Report(new MigrationEvent.Followed(changes, set.Rows, clock.GetElapsedTime(waitingSince)));
                    if (unpruned < PruneEvery) continue;
                    await session.PruneAsync(stop);
                    unpruned = 0;
                    continue;
                }
                progress.Report(new MigrationEvent.Followed(changes, 0, TimeSpan.Zero));
                if (untilCaughtUp) break;
                if (clock.GetElapsedTime(beat) > Heartbeat)
                {
                    await AttemptAsync(async () => { await session.SayAsync(FollowJournal.Active, stop); return null; }, progress, stop);
                    beat = clock.GetTimestamp();
                }
                await Task.Delay(Poll, clock, stop);
                waitingSince = clock.GetTimestamp();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What is not applied is still in the source's log.
        }
        await session.PruneAsync(CancellationToken.None);
        await session.SayAsync(FollowJournal.Stopped, CancellationToken.None);
        return new(changes, clock.GetElapsedTime(started));
    }

    /// <summary>A restarted server or a locked file is waited for: the changes do not go away.</summary>
    private async Task<AppliedSet?> AttemptAsync(Func<Task<AppliedSet?>> work, IProgress<MigrationEvent> progress, CancellationToken stop)
    {
        var said = false;
        while (true)
        {
            try
            {
                return await work();
            }
            catch (GodwitException e) when (e.Kind is ErrorKind.TargetTransient or ErrorKind.SourceTransient && !stop.IsCancellationRequested)
            {
                if (!said) progress.Report(new MigrationEvent.Found(new("follow-waits", Severity.Info, e.Code, e.Problem, "Godwit tries again until it works.")));
                said = true;
                await Task.Delay(Retry, clock, stop);
            }
        }
    }

    internal static IChangeFeed FeedOf(ISource source) => source.Changes
        ?? throw new GodwitException(ErrorKind.Blocked, "source-cannot-follow", $"{source.Info.Display} cannot be followed: it is read from a recovered copy, or its engine has no feed of changes.", "Open it once with its application so that it is whole, then try again.");

    internal static async Task<DatabaseSchema> InspectAsync(ISource source, CancellationToken ct)
    {
        await using var snapshot = await source.OpenSnapshotAsync(1, ct);
        return await snapshot.InspectAsync(ct);
    }
}

internal readonly record struct AppliedSet(long Changes, long Rows);

/// <summary>The last finished run of a target, its plan and its feed, under the target's run lock.</summary>
internal sealed class FollowSession : IAsyncDisposable
{
    private readonly RunSession _lock;
    private readonly ITarget _target;
    private readonly ChangeApplier _applier;
    private long _applied;
    private bool _uncertain;

    private FollowSession(RunSession held, ITarget target, IChangeFeed feed, DatabaseSchema schema, DatabaseSchema whole, MigrationPlan plan, FollowFact fact)
    {
        (_lock, _target, Feed, Schema, Whole, Plan, Fact, _applied) = (held, target, feed, schema, whole, plan, fact, fact.Applied);
        _applier = new(target, fact.Run, plan, schema);
    }

    public IChangeFeed Feed { get; }
    /// <summary>The tables that were migrated, and all tables.</summary>
    public DatabaseSchema Schema { get; }
    public DatabaseSchema Whole { get; }
    public MigrationPlan Plan { get; }
    public FollowFact Fact { get; private set; }

    public static async Task<FollowSession> OpenAsync(ISource source, ITarget target, TimeProvider clock, MigrationOptions options, CancellationToken ct)
    {
        var feed = Following.FeedOf(source);
        await ChangeApplier.RequireAsync(target, ct);
        var held = await RunSession.OpenAsync(target, clock, ct);
        try
        {
            var (run, fact) = await FactAsync(target, ct);
            if (run is not { State: RunState.Done or RunState.DoneWithDifferences } || run.Source != source.Info.Display || run.TargetSchema != options.TargetSchema || fact is null)
                throw new GodwitException(ErrorKind.Blocked, "follow-not-begun", $"{target.Display} holds no finished migration of {source.Info.Display} that was made with --follow.",
                    "godwit migrate SOURCE TARGET --follow records the changes from before the first row is read.");
            if (await feed.StateAsync(ct) is not { } state || state.Id != fact.Feed)
                throw new GodwitException(ErrorKind.Blocked, "follow-gap", $"{source.Info.Display} no longer has the record of changes that the copy began with: what was written meanwhile is not known.",
                    "Migrate again with --if-exists replace --follow, or bring the target in step with godwit verify --repair.");
            var plan = PlanJson.Read(run.Plan);
            var whole = await Following.InspectAsync(source, ct);
            var migrated = plan.Tables.Select(t => t.Source).ToHashSet();
            return new(held, target, feed, whole with { Tables = [.. whole.Tables.Where(t => migrated.Contains(t.Name))] }, whole, plan, fact);
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    private static async Task<(JournalRun?, FollowFact?)> FactAsync(ITarget target, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            if (!await RunJournal.ExistsAsync(connection, ct)) return default;
            var run = await RunJournal.LatestAsync(connection, ct);
            return (run, run is null ? null : await FollowJournal.ReadAsync(connection, run.Id, ct));
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "reading the journal");
        }
    }

    /// <summary>Applies what is waiting; null where nothing is.</summary>
    public async Task<AppliedSet?> StepAsync(CancellationToken ct)
    {
        // The answer to a COMMIT may have been lost: the journal knows.
        if (_uncertain) _applied = (await FactAsync(_target, ct)).Item2?.Applied ?? _applied;
        _uncertain = false;
        await using var set = await Feed.ReadAsync(Schema, _applied, ct);
        if (set is null) return null;
        _uncertain = true;
        var rows = await _applier.ApplyAsync(set, ct);
        _uncertain = false;
        _applied = set.UpTo;
        return new(set.Tables.Sum(t => t.Keys), rows);
    }

    public async Task PruneAsync(CancellationToken ct)
    {
        try
        {
            await Feed.PruneAsync(_applied, ct);
        }
        catch (GodwitException e) when (e.Kind == ErrorKind.SourceTransient)
        {
            // The application is writing: the log is pruned the next time.
        }
    }

    public async Task SayAsync(string state, CancellationToken ct)
    {
        var pending = await Feed.StateAsync(ct) is { } feed ? Math.Max(0, feed.Last - _applied) : 0;
        try
        {
            await using var connection = await _target.ConnectAsync(ct);
            await FollowJournal.SetStateAsync(connection, Fact.Run, state, pending, ct);
            Fact = await FollowJournal.ReadAsync(connection, Fact.Run, ct) ?? Fact;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "writing the journal");
        }
    }

    public ValueTask DisposeAsync() => _lock.DisposeAsync();
}
