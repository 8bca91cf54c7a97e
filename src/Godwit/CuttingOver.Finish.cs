using Godwit.Cutover;
using Godwit.Journal;
using Godwit.Source;
using Godwit.Target;

namespace Godwit;

/// <summary>The end.</summary>
public sealed partial class CuttingOver
{
    /// <summary>
    /// Takes everything of Godwit's out of the source; the target's fence and its record of writes too; the journal stays. Refused while the source is
    /// still the one in use, but where <paramref name="abandon"/>. Its first word to the journal is the decision: killed after that, the same call goes on.
    /// </summary>
    public async Task FinishAsync(ISource source, ITarget target, MigrationOptions options, bool abandon, CancellationToken ct)
    {
        if (source is IPostgresSource pair)
        {
            await FinishPairAsync(pair, target, abandon, ct);
            return;
        }
        await using var session = await FollowSession.OpenAsync(source, target, clock, options, Found, ct, toFinish: true);
        RefuseToFinish(session.Fact, source.Info.Display, "recorded", abandon);
        if (!abandon && !session.Fact.IsFinished && await session.Feed.WrittenBehindAsync(ct))
            throw new GodwitException(ErrorKind.Blocked, "fence-leaked", $"{source.Info.Display} was written to after the cutover: those rows are in the old file only.", "godwit verify names them; carry them over by hand. Then finish with --abandon.");
        await session.SayAsync(FollowJournal.Finishing, default, ct);
        Failpoints.Hit(Failpoints.FinishDecided);
        await session.DisarmWayBackAsync(ct);
        Failpoints.Hit(Failpoints.WayBackDropped);
        await new TargetFence(target, session.Plan).LowerAsync(ct);
        Failpoints.Hit(Failpoints.TargetFreed);
        await session.DisarmAsync(ct);
        Failpoints.Hit(Failpoints.SourceFreed);
        await session.SayAsync(FollowJournal.Finished, default, ct);
        Failpoints.Hit(Failpoints.FinishSaid);
    }

    private async Task FinishPairAsync(IPostgresSource source, ITarget target, bool abandon, CancellationToken ct)
    {
        await using var session = await PairSession.OpenAsync(source, target, clock, Found, ct, toFinish: true);
        RefuseToFinish(session.Fact, source.Info.Display, "applied", abandon);
        await new PairFinish(session).RunAsync(ct);
    }

    private static void RefuseToFinish(FollowFact fact, string source, string no, bool abandon)
    {
        // Which of the two the application uses is not known before that command has gone on.
        if (fact.State == FollowJournal.Switching) throw new GodwitException(ErrorKind.Blocked, "cutover-unfinished", $"A cutover of {source} was interrupted after its decision.", "Run godwit cutover again: it goes on; or godwit rollback. Then finish.");
        if (fact.State == FollowJournal.RollingBack) throw new GodwitException(ErrorKind.Blocked, "rollback-unfinished", $"A rollback to {source} was interrupted after its decision.", "godwit rollback finishes it; then godwit finish --abandon.");
        if (fact.State != FollowJournal.Done && !fact.IsFinished && !abandon)
            throw new GodwitException(ErrorKind.Blocked, "not-switched", $"{source} is still the database in use: its changes would no longer be {no}.", "godwit cutover first; or --abandon, to stop following for good.");
    }
}
