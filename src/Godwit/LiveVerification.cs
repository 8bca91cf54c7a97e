using Godwit.Journal;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;
using Npgsql;

namespace Godwit;

/// <summary>
/// Compares two sides of which one follows the other while the application writes. Where no follower is at work, what waits is brought over up to
/// the very moment that is compared. Where one is, tables that differ are compared again after it has brought over what it had to: a row that
/// differs the same way each time is different, one that does not was being written.
/// </summary>
public sealed class LiveVerification(TimeProvider clock)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100), Patience = TimeSpan.FromSeconds(30);

    /// <summary>Null where the target does not follow this source: then there is one moment only.</summary>
    public async Task<VerifyReport?> RunAsync(ISource source, ITarget target, MigrationOptions options, VerifyMode mode, IReadOnlyList<string> tables, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        if (source.Changes is not { } feed || await feed.StateAsync(ct) is null || !await FollowSession.IsUnderwayAsync(source, target, options, ct)) return null;
        FollowSession session;
        try
        {
            session = await FollowSession.OpenAsync(source, target, clock, options, takeOver: null, ct);
        }
        catch (GodwitException e) when (e.Code == "target-busy")
        {
            return await RecheckAsync(token => WaitForFollowerAsync(feed, target, token), source, target, options, mode, tables, progress, ct);
        }
        await using (session)
        {
            if (!session.Fact.IsSwitched) return await AtOneMomentAsync(session, source, target, options, mode, tables, progress, ct);
            // The application writes to the target: what it has written is carried back, and rows that it is writing are looked at again.
            return await RecheckAsync(async token => { while (await session.StepBackAsync(token) is not null) { } }, source, target, options, mode, tables, progress, ct);
        }
    }

    private async Task<VerifyReport> AtOneMomentAsync(FollowSession session, ISource source, ITarget target, MigrationOptions options, VerifyMode mode, IReadOnlyList<string> tables, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        while (await session.StepAsync(ct) is { Changes: > 1_000 }) { }
        await using var snapshot = await source.OpenSnapshotAsync(options.Jobs, ct);
        // Up to the snapshot's own moment: nobody else writes to the target while this session holds its lock.
        await session.StepAsync(snapshot, ct);
        var report = await new Verifier(snapshot, session.Schema, target, progress, clock).VerifyAsync(session.Plan, new(mode, options.Jobs, tables), ct);
        return report with { Basis = VerifyBasis.OneMoment };
    }

    private async Task<VerifyReport> RecheckAsync(Func<CancellationToken, Task> inStep, ISource source, ITarget target, MigrationOptions options, VerifyMode mode, IReadOnlyList<string> tables, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        var migration = new Migration(clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        return await Rechecking.RunAsync(inStep, names => migration.VerifyAsync(source, target, options, mode, names ?? tables, progress, ct), t => t.Table, ct);
    }

    /// <summary>Until the follower has applied what was recorded by now, or has shown for a while that it does not.</summary>
    private async Task WaitForFollowerAsync(IChangeFeed feed, ITarget target, CancellationToken ct)
    {
        var last = (await feed.StateAsync(ct))?.Last ?? 0;
        var began = clock.GetTimestamp();
        try
        {
            while (clock.GetElapsedTime(began) < Patience)
            {
                await using (var connection = await target.ConnectAsync(ct))
                    if (await RunJournal.LatestAsync(connection, ct) is { } run && await FollowJournal.ReadAsync(connection, run.Id, ct) is { } fact && fact.Applied >= last) return;
                await Task.Delay(Poll, clock, ct);
            }
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "reading the journal");
        }
    }
}
