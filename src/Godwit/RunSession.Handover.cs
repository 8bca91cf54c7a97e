using Godwit.Journal;
using Godwit.Target;
using Npgsql;

namespace Godwit;

/// <summary>How the run lock of a follower passes to a command that needs the target: by a request through the journal.</summary>
internal sealed partial class RunSession
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// As <see cref="OpenAsync"/>, but where a follower of the finished run is at work, it is asked to stop, and waited for: it does at the end of
    /// the transaction that it applies. <paramref name="tell"/> is told so. Throws target-busy where the holder is no follower, or does not stop.
    /// </summary>
    public static async Task<RunSession> TakeOverAsync(ITarget target, TimeProvider clock, Action<Finding> tell, CancellationToken ct)
    {
        GodwitException busy;
        try
        {
            return await OpenAsync(target, clock, ct);
        }
        catch (GodwitException e) when (e.Code == "target-busy")
        {
            busy = e;
        }
        var (run, fact) = await FollowSession.FactAsync(target, ct);
        // A run that is being copied, or a switch that is under way, is not to be stopped halfway.
        if (run is not { State: RunState.Done or RunState.DoneWithDifferences } || fact is null || fact.IsFinished || fact.State is FollowJournal.Fencing or FollowJournal.Switching or FollowJournal.RollingBack) throw busy;
        var began = clock.GetTimestamp();
        var asked = false;
        while (clock.GetElapsedTime(began) < Patience)
        {
            if (!asked) await JournalAsync(target, c => HandoverJournal.AskAsync(c, run.Id, ct));
            asked = true;
            await Task.Delay(Poll, clock, ct);
            try
            {
                var session = await OpenAsync(target, clock, ct);
                await JournalAsync(target, c => HandoverJournal.WithdrawAsync(c, run.Id, CancellationToken.None));
                tell(new("follow-taken-over", Severity.Info, target.Display, "godwit follow in another shell was asked to stop, and did.", "Start it again where following is to go on after this command."));
                return session;
            }
            catch (GodwitException e) when (e.Code == "target-busy")
            {
                // Not yet.
            }
        }
        await JournalAsync(target, c => HandoverJournal.WithdrawAsync(c, run.Id, CancellationToken.None));
        throw new GodwitException(ErrorKind.Blocked, "target-busy", $"Another godwit is at work on {target.Display}. It was asked to stop, and has not within {Patience.TotalSeconds:0} s.", "Stop it (Ctrl-C in its shell), or wait for it; see what it does: godwit status");
    }

    /// <summary>
    /// Whether a follower may go on: nobody asked for the target, and the lock is this session's. A server that restarted has let it go: it is
    /// taken again, unless another has it now.
    /// </summary>
    public async Task<bool> MayGoOnAsync(Guid run, CancellationToken ct)
    {
        try
        {
            return !await HandoverJournal.IsAskedAsync(_lock, run, ct);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The lock's own connection broke.
        }
        NpgsqlConnection? again = null;
        try
        {
            again = await _target.ConnectAsync(ct);
            if (!await RunJournal.TryLockAsync(again, ct))
            {
                // Where nobody has it, it was let go of in between, and the next look takes it.
                return await EndLostHolderAsync(again, ct) is not { } holder || holder == _lockedBy;
            }
            var broken = _lock;
            (_lock, _lockedBy, again) = (again, again.ProcessID, null);
            await broken.DisposeAsync();
            return !await HandoverJournal.IsAskedAsync(_lock, run, ct);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e) || e is GodwitException)
        {
            // The server is away: whoever wants the lock cannot have it either.
            return true;
        }
        finally
        {
            if (again is not null) await again.DisposeAsync();
        }
    }

    /// <summary>
    /// The process that holds the lock, null where none does. Where it is that of this session's own lost connection, the server has not noticed yet that
    /// nobody is at the other end any more, and it is ended.
    /// </summary>
    private async Task<int?> EndLostHolderAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var holder = await RunJournal.LockHolderAsync(connection, ct);
        if (holder != _lockedBy) return holder;
        // Returns when the process is gone, or after five seconds.
        await using var end = new NpgsqlCommand("select pg_terminate_backend($1, 5000)", connection) { Parameters = { new() { Value = _lockedBy } } };
        await end.ExecuteNonQueryAsync(ct);
        return holder;
    }

    private static async Task JournalAsync(ITarget target, Func<NpgsqlConnection, Task> work)
    {
        try
        {
            await using var connection = await target.ConnectAsync(CancellationToken.None);
            await work(connection);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "writing the journal");
        }
    }
}
