using Godwit.Cutover;
using Godwit.Journal;
using Godwit.Source;
using Godwit.Target;

namespace Godwit;

/// <summary>Where both sides are PostgreSQL.</summary>
public sealed partial class CuttingOver
{
    private async Task<CutoverResult> PairAsync(IPostgresSource source, ITarget target, MigrationOptions options, SwitchOptions how, bool back, Action<StepTime> progress, CancellationToken ct)
    {
        await using var session = await PairSession.OpenAsync(source, target, clock, Found, ct);
        if (!back && session.Fact.State == FollowJournal.Done)
            throw new GodwitException(ErrorKind.Blocked, "already-switched", $"{source.Info.Display} was cut over at {session.Fact.Switched:u}.", "godwit rollback goes back; godwit finish ends the migration.");
        if (!back && session.Fact.State == FollowJournal.RollingBack)
            throw new GodwitException(ErrorKind.Blocked, "rollback-unfinished", $"A rollback to {source.Info.Display} was interrupted after its decision.", "godwit rollback finishes it; then cut over again.");
        var work = new PairCutover(session, source, target, options, how, CommandAsync, Found, clock);
        var steps = back ? await work.BackAsync(ct) : await work.ForwardAsync(ct);
        var times = await new CutoverSequence(clock, progress).RunAsync(steps, ct);
        return new(times, clock.GetElapsedTime(work.FencedAt, work.OpenedAt == 0 ? clock.GetTimestamp() : work.OpenedAt), work.Verification);
    }
}
