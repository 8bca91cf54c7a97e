using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.Journal;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;

namespace Godwit;

/// <summary>The way back, and the end.</summary>
public sealed partial class CuttingOver
{
    /// <summary>
    /// Back to the source. What was written to the target since the cutover is carried back first. Refused, with everything as it was, where the
    /// two sides differ after that: nothing that was written after the switch is thrown away.
    /// </summary>
    public async Task<CutoverResult> RollbackAsync(ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> progress, CancellationToken ct)
    {
        if (source is IPostgresSource pair) return await PairAsync(pair, target, options, how, back: true, progress, ct);
        await using var session = await FollowSession.OpenAsync(source, target, clock, options, Found, ct);
        if (!session.Fact.IsSwitched && (await session.Feed.StateAsync(ct))?.Fenced != true)
            throw new GodwitException(ErrorKind.Blocked, "nothing-to-roll-back", $"{source.Info.Display} is not fenced and was not cut over.", "godwit status shows where the migration stands.");
        var work = new RollbackWork(this, session, source, target, options, how, clock.GetTimestamp());
        var times = await new CutoverSequence(clock, progress).RunAsync(work.Steps(), ct);
        return new(times, clock.GetElapsedTime(work.FencedAt, clock.GetTimestamp()), work.Verification) { CarriedBack = work.Carried };
    }

    private sealed class RollbackWork(CuttingOver cutting, FollowSession session, ISource source, ITarget target, MigrationOptions options, SwitchOptions how, long began)
    {
        private readonly TargetFence _fence = new(target, session.Plan);

        public long FencedAt { get; private set; } = began;
        public long Carried { get; private set; }
        public VerifyReport? Verification { get; private set; }

        public ImmutableArray<ICutoverStep> Steps()
        {
            var fence = new CutoverStep("fence the new side", RaiseAsync, _fence.LowerAsync);
            var switchBack = new CutoverStep("switch back", SwitchBackAsync, _ => { if (how.EnvFile is { } file) EnvFile.UndoRestore(file); return Task.CompletedTask; });
            // The other side's writes would be gone, were the new side opened again and this gone on with later.
            var open = new CutoverStep("open", OpenAsync) { IsDecision = true };
            // Once decided, the application may write to the source already: the sides are compared no more, and nothing is undone.
            if (session.Fact.State == FollowJournal.RollingBack) return [new CutoverStep("fence the new side", RaiseAsync), new CutoverStep("switch back", SwitchBackAsync), open];
            if (!session.Fact.IsSwitched) return [fence, switchBack, open];
            return
            [
                new CutoverStep("carry back", token => CarryAsync(CatchUpPasses, token)),
                fence,
                new CutoverStep("carry back the rest", token => CarryAsync(int.MaxValue, token)),
                new CutoverStep("compare", CompareAsync),
                switchBack,
                open,
            ];
        }

        private async Task RaiseAsync(CancellationToken ct)
        {
            FencedAt = cutting.Now;
            await _fence.RaiseAsync(MovedBack, ct);
            Failpoints.Hit(Failpoints.NewSideFenced);
        }

        private async Task CarryAsync(int passes, CancellationToken ct)
        {
            for (var pass = 0; pass < passes && await session.StepBackAsync(ct) is { } set; pass++) Carried += set.Changes;
        }

        private async Task CompareAsync(CancellationToken ct)
        {
            Verification = await cutting.CompareAsync(session, source, target, options, how.Verify ?? VerifyMode.Full, ct);
            if (Verification.Tables.FirstOrDefault(t => t.Verdict == Verdict.Different) is not { } table) return;
            if (session.WayBack is not null)
                throw new GodwitException(ErrorKind.Blocked, "rollback-differs", $"{table.Table} differs from the old database in {table.DifferentRows} row(s){Example(table)} although everything that was recorded has gone back. Going back would lose them.",
                    "Writes with triggers switched off (session_replication_role) are not recorded: godwit verify names the rows; carry them over by hand, then try again.");
            throw new GodwitException(ErrorKind.Blocked, "rollback-would-lose", $"{table.Table} was written to since the cutover: {table.DifferentRows} row(s) differ from the old database{Example(table)}. Going back would lose them, because the cutover was made with --no-way-back.",
                "Carry those rows back by hand (godwit verify names them), then try again; or stay with the new side.");
        }

        private async Task SwitchBackAsync(CancellationToken ct)
        {
            if (how.EnvFile is { } file) EnvFile.Restore(file, undoable: true);
            await CommandAsync(how.OnSwitch, ct);
            Failpoints.Hit(Failpoints.SwitchedBack);
        }

        private async Task OpenAsync(CancellationToken ct)
        {
            await session.SayAsync(FollowJournal.RollingBack, ct);
            Failpoints.Hit(Failpoints.RollingBack);
            await session.Feed.UnfenceAsync(ct);
            Failpoints.Hit(Failpoints.SourceOpened);
            await session.DisarmWayBackAsync(ct);
            await session.SayAsync(FollowJournal.RolledBack, ct);
            if (how.EnvFile is { } file) EnvFile.Forget(file);
        }
    }
}
