using System.Collections.Immutable;
using Godwit.Follow;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit;

internal readonly record struct AppliedSet(long Changes, long Rows);

/// <summary>The last finished run of a target, its plan and its feed, under the target's run lock.</summary>
internal sealed class FollowSession : IAsyncDisposable
{
    private readonly RunSession _lock;
    private readonly ITarget _target;
    private readonly ChangeApplier _applier;
    private long _applied;
    private bool _uncertain;
    private BackCarrier? _carrier;

    private FollowSession(RunSession held, ITarget target, IChangeFeed feed, DatabaseSchema schema, DatabaseSchema whole, MigrationPlan plan, FollowFact fact, TimeProvider clock)
    {
        (_lock, _target, Feed, Schema, Whole, Plan, Fact, _applied) = (held, target, feed, schema, whole, plan, fact, fact.Applied);
        _applier = new(target, fact.Run, plan, schema, clock);
        if (fact.WayBack is { Armed: true } back) TakeWayBack(WayBackPlan.Read(back.Plan));
    }

    private void TakeWayBack(WayBackPlan? back)
    {
        WayBack = back;
        _carrier = back is null ? null : new(_target, Fact.Run, Plan, Schema, back, Feed);
    }

    public IChangeFeed Feed { get; }
    /// <summary>For how long nothing may move on the way to the target while changes are applied.</summary>
    public TimeSpan Patience { get => _applier.Patience; set => _applier.Patience = value; }
    /// <summary>The tables that were migrated, and all tables.</summary>
    public DatabaseSchema Schema { get; }
    public DatabaseSchema Whole { get; }
    public MigrationPlan Plan { get; }
    public FollowFact Fact { get; private set; }
    /// <summary>The inverse of the migration, where the target records its writes for the way back; else null.</summary>
    public WayBackPlan? WayBack { get; private set; }
    /// <summary>Tables that changes were applied to by this session.</summary>
    public HashSet<string> Touched { get; } = new(StringComparer.Ordinal);

    /// <summary>Of another command that ends the follower, where it is not its user.</summary>
    public HandoverWatch Watch(TimeProvider clock, CancellationToken stop) => new(_lock, Fact.Run, clock, stop);

    /// <summary>
    /// <paramref name="takeOver"/>: a follower in another shell is asked to stop, and this is told so; null: it is in the way.
    /// <paramref name="toFinish"/>: also where the migration is finished already, or its record of changes gone.
    /// </summary>
    public static async Task<FollowSession> OpenAsync(ISource source, ITarget target, TimeProvider clock, MigrationOptions options, Action<Finding>? takeOver, CancellationToken ct, bool toFinish = false)
    {
        var feed = Following.FeedOf(source);
        await ChangeApplier.RequireAsync(target, ct);
        var held = takeOver is null ? await RunSession.OpenAsync(target, clock, ct) : await RunSession.TakeOverAsync(target, clock, takeOver, ct);
        try
        {
            var (run, fact) = await FactAsync(target, ct);
            if (run is null || fact is null || !IsOf(run, source, options) || !await EndAsync(target, clock, run, ct))
                throw new GodwitException(ErrorKind.Blocked, "follow-not-begun", $"{target.Display} holds no finished migration of {source.Info.Display} that was made with --follow.",
                    "godwit migrate SOURCE TARGET --follow records the changes from before the first row is read.");
            if (fact.IsFinished && !toFinish) throw Finished(fact, source.Info.Display);
            if (!toFinish && (await feed.StateAsync(ct) is not { } state || state.Id != fact.Feed))
                throw new GodwitException(ErrorKind.Blocked, "follow-gap", $"{source.Info.Display} no longer has the record of changes that the copy began with: what was written meanwhile is not known.",
                    "Migrate again with --if-exists replace --follow, or bring the target in step with godwit verify --repair.");
            var plan = PlanJson.Read(run.Plan);
            var whole = await Following.InspectAsync(source, ct);
            var migrated = plan.Tables.Select(t => t.Source).ToHashSet();
            return new(held, target, feed, whole with { Tables = [.. whole.Tables.Where(t => migrated.Contains(t.Name))] }, whole, plan, fact, clock);
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    public static GodwitException Finished(FollowFact fact, string source) => new(ErrorKind.Blocked, "follow-finished", fact.State == FollowJournal.Finishing ? $"The end of the migration of {source} was begun, and interrupted." : $"The migration of {source} was finished at {fact.At:u}: it is followed no more, and there is no way back.",
        fact.State == FollowJournal.Finishing ? "godwit finish goes on." : "godwit migrate --follow --if-exists replace begins anew.");

    private static bool IsOf(JournalRun run, ISource source, MigrationOptions options) => run.Source == source.Info.Display && run.TargetSchema == options.TargetSchema;

    /// <summary>Whether the target holds a whole copy of this source that can be followed.</summary>
    public static async Task<bool> IsUnderwayAsync(ISource source, ITarget target, MigrationOptions options, CancellationToken ct)
    {
        var (run, fact) = await FactAsync(target, ct);
        return run is not null && fact is { IsFinished: false } && IsOf(run, source, options) && await IsWholeAsync(target, run, ct);
    }

    /// <summary>Everything is published. A process that was killed after that has left only its last words unsaid.</summary>
    private static async Task<bool> IsWholeAsync(ITarget target, JournalRun run, CancellationToken ct)
    {
        if (run.State is RunState.Done or RunState.DoneWithDifferences) return true;
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            var done = (await RunJournal.StepsAsync(connection, run.Id, ct)).Select(s => s.Id).ToHashSet();
            return PlanJson.Read(run.Plan).Publish is { IsEmpty: false } publish && publish.All(s => done.Contains(s.Id));
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "reading the journal");
        }
    }

    /// <summary>Says the last words of a run that was killed after its last step; false where the run is not whole.</summary>
    private static async Task<bool> EndAsync(ITarget target, TimeProvider clock, JournalRun run, CancellationToken ct)
    {
        if (run.State is RunState.Done or RunState.DoneWithDifferences) return true;
        if (!await IsWholeAsync(target, run, ct)) return false;
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await RunJournal.SetStateAsync(connection, run.Id, RunState.Done, null, clock.GetUtcNow(), ct);
            return true;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "writing the journal");
        }
    }

    /// <summary>The last run of a target, and what its journal knows of following.</summary>
    internal static async Task<(JournalRun?, FollowFact?)> FactAsync(ITarget target, CancellationToken ct)
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
    public Task<AppliedSet?> StepAsync(CancellationToken ct) => StepAsync(() => Feed.ReadAsync(Schema, _applied, ct), ct);

    /// <summary>Applies what was waiting at a snapshot's moment, as of that moment.</summary>
    public Task<AppliedSet?> StepAsync(ISnapshot snapshot, CancellationToken ct) => StepAsync(() => snapshot.ChangesAsync(Schema, _applied, ct), ct);

    private async Task<AppliedSet?> StepAsync(Func<Task<IChangeSet?>> read, CancellationToken ct)
    {
        // The answer to a COMMIT may have been lost: the journal knows.
        if (_uncertain) _applied = (await FactAsync(_target, ct)).Item2?.Applied ?? _applied;
        _uncertain = false;
        await using var set = await read();
        if (set is null) return null;
        _uncertain = true;
        var rows = await _applier.ApplyAsync(set, _applied, ct);
        _uncertain = false;
        _applied = set.UpTo;
        Touched.UnionWith(set.Tables.Select(t => t.Table));
        return new(set.Tables.Sum(t => t.Keys), rows);
    }

    /// <summary>Carries back what the application has written to the target; null where nothing is waiting.</summary>
    public async Task<AppliedSet?> StepBackAsync(CancellationToken ct) => _carrier is not null && await _carrier.StepAsync(ct) is { } changes ? new(changes, changes) : null;

    /// <summary>From here on the target records what is written to it.</summary>
    public async Task ArmWayBackAsync(WayBackPlan back, CancellationToken ct)
    {
        await new BackLog(_target, Fact.Run, Plan).ArmAsync(back, ct);
        TakeWayBack(back);
    }

    /// <summary>Takes what records the source's changes out of it. What a later migration has made there instead stays.</summary>
    public async Task DisarmAsync(CancellationToken ct)
    {
        if (await Feed.StateAsync(ct) is { } state && state.Id == Fact.Feed) await Feed.DisarmAsync(ct);
    }

    public async Task DisarmWayBackAsync(CancellationToken ct)
    {
        if (WayBack is { } back) await new BackLog(_target, Fact.Run, Plan).DisarmAsync(back, ct);
        TakeWayBack(null);
    }

    /// <summary>Positions of rows that did not fit the target, by table.</summary>
    public async Task<Dictionary<string, IReadOnlySet<long>>> AsideAsync(CancellationToken ct)
    {
        var aside = new Dictionary<string, IReadOnlySet<long>>();
        try
        {
            await using var connection = await _target.ConnectAsync(ct);
            foreach (var table in Plan.Tables) aside[table.Source] = await RunJournal.QuarantinedAsync(connection, Fact.Run, table.Source, ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "reading the quarantine");
        }
        return aside;
    }

    public async Task PruneAsync(CancellationToken ct)
    {
        try
        {
            await Feed.PruneAsync(_applied, ct);
            Failpoints.Hit(Failpoints.Pruned);
        }
        catch (GodwitException e) when (e.Kind == ErrorKind.SourceTransient)
        {
            // The application is writing: the log is pruned the next time.
        }
    }

    /// <summary>What waits to be brought over, in the direction of this moment.</summary>
    public async Task<long> PendingAsync(CancellationToken ct)
    {
        if (Fact.State is FollowJournal.Done or FollowJournal.Switching) return WayBack is { } back ? await new BackLog(_target, Fact.Run, Plan).PendingAsync(back, ct) : 0;
        return await Feed.StateAsync(ct) is { } feed ? Math.Max(0, feed.Last - _applied) : 0;
    }

    public async Task SayAsync(string state, CancellationToken ct) => await SayAsync(state, new(await PendingAsync(ct), null, null, null), ct);

    public async Task SayAsync(string state, FollowPulse pulse, CancellationToken ct)
    {
        try
        {
            await using var connection = await _target.ConnectAsync(ct);
            await FollowJournal.SetStateAsync(connection, Fact.Run, state, pulse, ct);
            Fact = await FollowJournal.ReadAsync(connection, Fact.Run, ct) ?? Fact;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "writing the journal");
        }
    }

    /// <summary>Says an error to the journal, and asks nobody: the source may be what failed.</summary>
    public async Task FailAsync(GodwitException failure, CancellationToken ct)
    {
        try
        {
            await using var connection = await _target.ConnectAsync(ct);
            await FollowJournal.FailAsync(connection, Fact.Run, $"{failure.Code}: {failure.Problem}", ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "writing the journal");
        }
    }

    public ValueTask DisposeAsync() => _lock.DisposeAsync();
}
