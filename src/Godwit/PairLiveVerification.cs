using System.Collections.Immutable;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Npgsql;

namespace Godwit;

/// <summary>
/// Compares two PostgreSQL databases of which one follows the other while the application writes. Where no follower is at work, the target is brought
/// to a position of the source's log and no further, and compared with the snapshot of that position. Where one is, or no such moment comes, tables
/// that differ are looked at again. The report says which.
/// </summary>
public sealed class PairLiveVerification(TimeProvider clock)
{
    private const int BusyRows = 1_000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200), Patience = TimeSpan.FromSeconds(30), MomentPatience = TimeSpan.FromSeconds(10);

    /// <summary>Null where the target does not follow this source: then each side is compared as it is found.</summary>
    public async Task<VerifyReport?> RunAsync(ITarget source, ITarget target, PairRequest request, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        StreamEnd old = new(source.ToBuilder(), source.Display, "source"), fresh = new(target.ToBuilder(), target.Display, "target");
        var (run, fact) = await FollowSession.FactAsync(target, ct);
        if (!PairSession.IsUnderway(old, run, fact)) return null;
        // Behind its fence the old side is set up otherwise by design: its rows count.
        if (fact!.Authoritative == "target" && request.Tables.Count == 0) request = request with { Tables = [.. PlanJson.Read(run!.Plan).Tables.Select(t => t.Target.ToString())] };
        void Tell(Finding finding) => progress.Report(new MigrationEvent.Found(finding));
        PairSession session;
        try
        {
            session = await PairSession.OpenAsync(old, target, clock, takeOver: null, ct);
        }
        catch (GodwitException e) when (e.Code == "target-busy")
        {
            var (from, to, stream) = fact.Authoritative == "target" ? (fresh, old, StreamFeed.ReverseName) : (old, fresh, StreamFeed.ForwardName);
            return await RecheckAsync(token => WaitForFollowerAsync(from, to, stream, token));
        }
        await using (session)
        {
            var back = session.Fact.IsSwitched;
            // Without a way back the old side is as old as the cutover.
            if (back && !await HasWayBackAsync(session, ct)) return null;
            using var moment = await session.Origin(back).MomentAsync(MomentPatience, ct);
            if (moment is null) return await RecheckAsync(token => session.DrainAsync(back, Tell, token));
            await session.DrainToAsync(back, moment.Position, Tell, ct);
            return Live(await PairVerifying.RunAsync(source, back ? null : moment.Snapshot, target, back ? moment.Snapshot : null, request, progress, clock, ct)) with { Basis = VerifyBasis.OneMoment };
        }

        async Task<VerifyReport> RecheckAsync(Func<CancellationToken, Task> inStep)
        {
            // Busy rows are told from others by their keys: many are named meanwhile, and some in the end.
            var many = request with { NamedRows = Math.Max(request.NamedRows, BusyRows) };
            var report = await Rechecking.RunAsync(inStep, names => PairVerifying.RunAsync(source, target, names is null ? many : many with { Tables = names }, progress, clock, ct), t => t.Target, ct);
            return Live(report with { Tables = [.. report.Tables.Select(t => t with { Differences = [.. t.Differences.Take(request.NamedRows * 3)] })] });
        }
    }

    /// <summary>Sequences and large objects are no part of the stream: the cutover, or the rollback, carries them over behind the fence.</summary>
    private static VerifyReport Live(VerifyReport report) => report with
    {
        Checks = [.. report.Checks.Select(c => c is { Name: PairStates.SequenceValues or PairStates.LargeObjects, Verdict: Verdict.Different } ? c with { Verdict = Verdict.NotChecked, Detail = $"the cutover carries them over; until then {c.Detail}" } : c)],
    };

    private static async Task<bool> HasWayBackAsync(PairSession session, CancellationToken ct)
    {
        await using var connection = await session.Old.ConnectAsync(ct);
        return await ReadAsync(session.Old, connection, session.Back.Name, ct) is { } fact && fact.Feed == session.Id;
    }

    /// <summary>Until the follower has applied what had committed by now, or has shown for a while that it does not.</summary>
    private async Task WaitForFollowerAsync(StreamEnd from, StreamEnd to, string stream, CancellationToken ct)
    {
        await using var connection = await to.ConnectAsync(ct);
        if (await ReadAsync(to, connection, stream, ct) is not { } first) return;
        var feed = (stream == StreamFeed.ForwardName ? StreamFeed.Forward(first.Feed) : StreamFeed.Reverse(first.Feed)) with { Method = first.Method };
        var goal = await StreamOrigin.Of(from, feed).NowAsync(ct);
        var began = clock.GetTimestamp();
        while (clock.GetElapsedTime(began) < Patience && await ReadAsync(to, connection, stream, ct) is { } fact && fact.Applied < goal) await Task.Delay(Poll, clock, ct);
    }

    private static async Task<StreamFact?> ReadAsync(StreamEnd end, NpgsqlConnection connection, string stream, CancellationToken ct)
    {
        try
        {
            return await StreamFacts.ReadAsync(connection, stream, ct);
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, "reading the journal");
        }
    }
}
