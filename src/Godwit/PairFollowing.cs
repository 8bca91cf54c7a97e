using System.Collections.Immutable;
using Godwit.Follow;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit;

/// <summary>What makes a source record its changes for one run. Disposed before <see cref="Keep"/>, it is taken back: nothing holds the source's log for nobody.</summary>
internal sealed class PairArming(StreamOrigin origin, ArmedOrigin moment, string feed, ImmutableArray<Finding> findings) : Arming(feed, findings)
{
    private bool _kept;

    // The snapshot has been imported: the session that exported it may end.
    public override void SnapshotIsHeld() => moment.Dispose();

    public override void Keep() => _kept = true;

    public override async ValueTask DisposeAsync()
    {
        moment.Dispose();
        if (_kept) return;
        try
        {
            await origin.DropAsync(CancellationToken.None);
        }
        catch (GodwitException)
        {
            // The run has failed for a reason of its own, which is the one to tell. The next arming drops the slot by its name.
        }
    }
}

/// <summary>Following from PostgreSQL to PostgreSQL, by logical replication: before the cutover to the target, after it back to the source.</summary>
internal sealed class PairFollowing(IPostgresSource source, ITarget target, TimeProvider clock)
{
    /// <summary>
    /// Makes the slot, whose snapshot the next snapshot of the source is: the stream begins where it ends. What an earlier run left behind is dropped.
    /// </summary>
    public async Task<PairArming> ArmAsync(MigrationOptions options, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        var (from, to) = PairSession.Ends(source, target);
        await ChangeApplier.RequireAsync(target, ct);
        var schema = TableFilter.Apply(await Following.InspectAsync(source, ct), options, target.Profile.PostGis);
        await DropEarlierAsync(from, ct);
        var id = Guid.NewGuid().ToString("N")[..8];
        var feed = StreamFeed.Forward(id);
        var findings = ImmutableArray.CreateBuilder<Finding>();
        feed = feed with { Method = await StreamOrigin.ChooseAsync(from, feed, options.FollowMethod, findings.Add, ct) };
        var origin = StreamOrigin.Of(from, feed);
        var tables = schema.Tables.Where(t => t.Relation is not null && t.Storage?.Extension is null).Select(t => t.Relation!.Value).ToList();
        ArmedOrigin? moment = null;
        try
        {
            // The name first: a slot that nobody knows of would hold the source's log for ever, and a publication the tables' identities.
            await RecordAsync(feed, id, Lsn.Zero, ct);
            Failpoints.Hit(Failpoints.StreamNamed);
            findings.AddRange(await origin.PublishAsync(tables, ct));
            if (schema.Postgres is { LargeObjects.Count: > 0 and var objects })
                findings.Add(new("follow-large-objects", Severity.Info, "large objects", $"{objects:N0} of them are copied. What is done to large objects afterwards no stream tells: the cutover compares all of both sides and brings over those that differ, before the fence and again behind it.",
                    "Where there are gigabytes of them, writes are refused for as long as comparing them takes."));
            foreach (var finding in findings) progress.Report(new MigrationEvent.Found(finding));
            Failpoints.Hit(Failpoints.TablesPublished);
            moment = await origin.BeginAsync(ct);
            Failpoints.Hit(Failpoints.Armed);
            await RecordAsync(feed, id, moment.Position, ct);
        }
        catch
        {
            moment?.Dispose();
            await origin.DropAsync(CancellationToken.None);
            throw;
        }
        source.UseSnapshot(moment.Snapshot, $"{feed.Slot} {moment.Position}");
        return new PairArming(origin, moment, PairSession.FeedId(id), findings.ToImmutable());
    }

    public async Task<FollowResult> RunAsync(bool untilCaughtUp, IProgress<MigrationEvent> progress, CancellationToken user)
    {
        await using var session = await PairSession.OpenAsync(source, target, clock, takeOver: null, user);
        var started = clock.GetTimestamp();
        var back = session.Fact.IsSwitched;
        var state = session.Fact.State;
        if (state is FollowJournal.Switching or FollowJournal.RollingBack)
            throw new GodwitException(ErrorKind.Blocked, "cutover-unfinished", $"A {(state == FollowJournal.Switching ? "cutover" : "rollback")} of {source.Info.Display} was interrupted after its decision.", "Run that command again: it goes on.");
        await using var watch = session.Watch(user);
        var stop = watch.Token;
        if (!back) await session.SayAsync(FollowJournal.Active, stop);
        var follower = session.Follower(back, new Told(progress), f => progress.Report(new MigrationEvent.Found(f)));
        try
        {
            var goal = untilCaughtUp ? await session.Origin(back).NowAsync(stop) : (Lsn?)null;
            var totals = await follower.RunAsync(goal, stop);
            return new(totals.Changes, clock.GetElapsedTime(started)) { IsBack = back, MadeWay = watch.Asked };
        }
        catch (GodwitException e)
        {
            await follower.NoteAsync(e);
            throw;
        }
        finally
        {
            if (!back) await session.SayAsync(state == FollowJournal.RolledBack ? state : FollowJournal.Stopped, CancellationToken.None);
        }
    }

    private async Task RecordAsync(StreamFeed feed, string id, Lsn position, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await StreamFacts.StartAsync(connection, feed, id, position, ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "writing the journal");
        }
    }

    private async Task DropEarlierAsync(StreamEnd from, CancellationToken ct)
    {
        StreamFact? earlier;
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            earlier = await StreamFacts.ReadAsync(connection, StreamFeed.ForwardName, ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "reading the journal");
        }
        if (earlier is not null) await StreamOrigin.Of(from, StreamFeed.Forward(earlier.Feed) with { Method = earlier.Method }).DropAsync(ct);
    }

    private sealed class Told(IProgress<MigrationEvent> progress) : IProgress<StreamReport>
    {
        public void Report(StreamReport value) => progress.Report(new MigrationEvent.Followed(value.Changes, 0, value.Lag));
    }
}
