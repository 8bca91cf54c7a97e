using Godwit.Cutover;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit;

/// <summary>A finished run from one PostgreSQL database to another that was made with --follow, under the target's run lock: its two ends and its two streams.</summary>
internal sealed class PairSession : IAsyncDisposable
{
    private readonly RunSession _lock;
    private readonly Func<SqlName, bool> _isLeftBehind;

    private PairSession(RunSession held, StreamEnd old, ITarget target, JournalRun run, FollowFact fact, FollowMethod forward, FollowMethod back, TimeProvider clock)
    {
        (_lock, Run, Fact, Clock) = (held, run, fact, clock);
        (Old, New) = (old, NewEnd(target));
        Plan = PlanJson.Read(run.Plan);
        _isLeftBehind = Verify.Pairs.PlanPromises.LeftBehind(Plan);
        Id = fact.Feed[StreamStatus.FeedPrefix.Length..];
        (Forward, Back) = (StreamFeed.Forward(Id) with { Method = forward }, StreamFeed.Reverse(Id) with { Method = back });
    }

    public TimeProvider Clock { get; }
    public JournalRun Run { get; }
    public FollowFact Fact { get; private set; }
    public MigrationPlan Plan { get; }
    public StreamEnd Old { get; }
    public StreamEnd New { get; }
    /// <summary>What tells this migration's streams from others.</summary>
    public string Id { get; }
    public StreamFeed Forward { get; }
    public StreamFeed Back { get; private set; }

    public static string FeedId(string id) => StreamStatus.FeedPrefix + id;

    public static (StreamEnd Old, StreamEnd New) Ends(IPostgresSource source, ITarget target) =>
        (new(source.Settings, source.Info.Display, "source"), NewEnd(target));

    private static StreamEnd NewEnd(ITarget target) => new(target.ToBuilder(), target.Display, "target");

    /// <summary>Of another command that ends the follower, where it is not its user.</summary>
    public HandoverWatch Watch(CancellationToken stop) => new(_lock, Fact.Run, Clock, stop);

    /// <summary><paramref name="takeOver"/>: a follower in another shell is asked to stop, and this is told so; null: it is in the way.</summary>
    public static Task<PairSession> OpenAsync(IPostgresSource source, ITarget target, TimeProvider clock, Action<Finding>? takeOver, CancellationToken ct, bool toFinish = false) =>
        OpenAsync(Ends(source, target).Old, target, clock, takeOver, ct, toFinish);

    /// <summary><paramref name="toFinish"/>: also where the migration is finished already.</summary>
    public static async Task<PairSession> OpenAsync(StreamEnd old, ITarget target, TimeProvider clock, Action<Finding>? takeOver, CancellationToken ct, bool toFinish = false)
    {
        var held = takeOver is null ? await RunSession.OpenAsync(target, clock, ct) : await RunSession.TakeOverAsync(target, clock, takeOver, ct);
        try
        {
            var (run, fact) = await FollowSession.FactAsync(target, ct);
            if (IsOf(old, run, fact) && fact!.IsFinished && !toFinish) throw FollowSession.Finished(fact, old.Display);
            if (!IsOf(old, run, fact))
                throw new GodwitException(ErrorKind.Blocked, "follow-not-begun", $"{target.Display} holds no finished migration of {old.Display} that was made with --follow.",
                    "godwit migrate SOURCE TARGET --follow records the changes from before the first row is read.");
            var id = fact!.Feed[StreamStatus.FeedPrefix.Length..];
            return new(held, old, target, run!, fact, await MethodAsync(NewEnd(target), StreamFeed.ForwardName, id, ct), await MethodAsync(old, StreamFeed.ReverseName, id, ct), clock);
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }
    }

    private static async Task<FollowMethod> MethodAsync(StreamEnd to, string stream, string id, CancellationToken ct)
    {
        try
        {
            await using var connection = await to.ConnectAsync(ct);
            return (await StreamFacts.ReadAsync(connection, stream, id, ct))?.Method ?? FollowMethod.Slot;
        }
        catch (NpgsqlException e)
        {
            throw to.Map(e, "reading the journal");
        }
    }

    /// <summary>What records the changes: of the old side, of the new one where <paramref name="back"/>.</summary>
    public StreamOrigin Origin(bool back) => StreamOrigin.Of(back ? New : Old, back ? Back : Forward);

    /// <summary>Chooses how the new side records its changes.</summary>
    public async Task ChooseBackAsync(FollowMethod? wanted, Action<Finding> found, CancellationToken ct) => Back = Back with { Method = await StreamOrigin.ChooseAsync(New, Back, wanted, found, ct) };

    /// <summary>Whatever it was that recorded the changes of the new side. What the old side knows of it goes along: it is how a way back is told from none.</summary>
    public async Task DropBackAsync(CancellationToken ct)
    {
        await DropAsync(New, Back, ct);
        Failpoints.Hit(Failpoints.WayBackDropped);
        await using var connection = await Old.ConnectAsync(ct);
        try
        {
            await StreamFacts.ForgetAsync(connection, Back.Name, Id, ct);
        }
        catch (NpgsqlException e)
        {
            throw Old.Map(e, "Forgetting the way back");
        }
    }

    /// <summary>The migration that has cut over the old side, where it is another than this: what stands there is that one's. Null where there is none.</summary>
    public async Task<string?> MovedByAnotherAsync(CancellationToken ct)
    {
        if (await new PairFence(Old, [], Id).OtherAsync(ct) is { } other) return other;
        await using var connection = await Old.ConnectAsync(ct);
        try
        {
            return await StreamFacts.ReadAsync(connection, Back.Name, ct) is { } back && back.Feed != Id ? back.Feed : null;
        }
        catch (NpgsqlException e)
        {
            throw Old.Map(e, $"Looking at {Old.Display}");
        }
    }

    /// <summary>Whatever it was that recorded the changes of the old side.</summary>
    public Task DropForwardAsync(CancellationToken ct) => DropAsync(Old, Forward, ct);

    private static async Task DropAsync(StreamEnd from, StreamFeed feed, CancellationToken ct)
    {
        foreach (var method in new[] { FollowMethod.Slot, FollowMethod.Triggers }) await StreamOrigin.Of(from, feed with { Method = method }).DropAsync(ct);
    }

    /// <summary>The target's last run is a whole copy of that source, which it follows or follows back.</summary>
    public static bool IsUnderway(StreamEnd old, JournalRun? run, FollowFact? fact) => IsOf(old, run, fact) && !fact!.IsFinished;

    private static bool IsOf(StreamEnd old, JournalRun? run, FollowFact? fact) =>
        run is { State: RunState.Done or RunState.DoneWithDifferences } && run.Source == old.Display && fact is not null && fact.Feed.StartsWith(StreamStatus.FeedPrefix, StringComparison.Ordinal);

    public async Task SayAsync(string state, CancellationToken ct)
    {
        try
        {
            // Not by the target's pool: behind the fence, its sessions may only read.
            await using var connection = await New.ConnectAsync(ct);
            await FollowJournal.SetStateAsync(connection, Fact.Run, state, default, ct);
            Fact = await FollowJournal.ReadAsync(connection, Fact.Run, ct) ?? Fact;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "writing the journal");
        }
    }

    /// <summary>Follows the target from the source, or the source from the target.</summary>
    public StreamFollower Follower(bool back, IProgress<StreamReport> progress, Action<Finding> found) =>
        new(back ? New : Old, back ? Old : New, back ? Back : Forward, Target, new(), Clock, progress, found);

    // Recording begins before the plan is made, so that what stays with the platform is recorded, too.
    private SqlName? Target(Relation relation) => new SqlName(relation.Schema, relation.Name) is var name && _isLeftBehind(name) ? null : name;

    /// <summary>Applies everything that has committed at the origin until now.</summary>
    public async Task<StreamTotals> DrainAsync(bool back, Action<Finding> found, CancellationToken ct)
    {
        var goal = await Origin(back).NowAsync(ct);
        var totals = await Follower(back, new Progress<StreamReport>(), found).RunAsync(goal, ct);
        ct.ThrowIfCancellationRequested();
        return totals;
    }

    /// <summary>Applies what has committed at the origin before the position, and nothing else.</summary>
    public async Task DrainToAsync(bool back, Lsn position, Action<Finding> found, CancellationToken ct)
    {
        // The stream's keepalives must come as far.
        await Origin(back).NowAsync(ct);
        await Follower(back, new Progress<StreamReport>(), found).RunAsync(position, ct, exact: true);
        ct.ThrowIfCancellationRequested();
    }

    /// <summary>Of the source's tables, what stays behind with its platform.</summary>
    public bool IsLeftBehind(SqlName table) => _isLeftBehind(table);

    /// <summary>The tables that are followed; where <paramref name="back"/>, those that the way back brings.</summary>
    public async Task<List<SqlName>> TablesAsync(bool back, CancellationToken ct) => [.. (await Origin(back).TablesAsync(ct)).Where(t => !_isLeftBehind(t))];

    public ValueTask DisposeAsync() => _lock.DisposeAsync();
}
