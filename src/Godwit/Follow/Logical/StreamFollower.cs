using Godwit.Schema;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>What a follower tells of itself from second to second.</summary>
public sealed record StreamReport(long Changes, long Transactions, long LagBytes, TimeSpan Lag, double RowsPerSecond);

/// <summary>What a stretch of following came to.</summary>
public sealed record StreamTotals(long Changes, long Transactions, long Conflicts, Lsn Applied);

/// <summary>
/// Follows a stream until a goal or until stopped. Connections that break are made anew, and the stream goes on from what is durable: a change is
/// applied in the same transaction as the fact that it was. <paramref name="map"/>: where a table of the stream goes; null leaves it out.
/// </summary>
public sealed class StreamFollower(StreamEnd from, StreamEnd to, StreamFeed feed, Func<Relation, SqlName?> map, StreamLimits limits, TimeProvider clock, IProgress<StreamReport> progress, Action<Finding> found)
{
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(1), Retry = TimeSpan.FromSeconds(1), LongestAnswer = TimeSpan.FromHours(1), LookAtPartitions = TimeSpan.FromSeconds(10);

    private readonly StreamOrigin _origin = StreamOrigin.Of(from, feed);
    private readonly SchemaDrift _drift = new(from, to, found);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long _changes, _transactions, _conflicts;
    private long? _lookedAt;
    private double _rate;

    /// <summary><paramref name="exact"/>: nothing that committed at the goal or after it is applied, so that the end looks as the origin did at that moment.</summary>
    public async Task<StreamTotals> RunAsync(Lsn? goal, CancellationToken stop, bool exact = false)
    {
        var said = "";
        var applied = Lsn.Zero;
        var answer = limits.Answer;
        var opened = new ServerProcesses();
        ChangeRefused? refused = null;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (refused is not null && await _drift.MendAsync(refused, stop) is { } why) throw why;
                refused = null;
                var (start, binary) = await BeginAsync(stop);
                applied = start;
                if (goal is { } already && start >= already) break;
                var began = clock.GetTimestamp();
                using var session = await Task.Run(() => StreamSession.Open(_origin, from, to.Applying(feed), feed, limits with { Answer = answer }, start, binary, map, clock, Applied, opened, stop), stop);
                try
                {
                    await RunAsync(session, goal, exact, stop);
                    if (goal is not null) break;
                }
                finally
                {
                    applied = session.Durable;
                    // It worked for a while, if only to wait.
                    if (applied > start || clock.GetElapsedTime(began) > answer * 2) (said, answer) = ("", limits.Answer);
                    else answer = TimeSpan.FromTicks(Math.Min(answer.Ticks * 2, LongestAnswer.Ticks));
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // What is not applied waits in the slot.
            }
            catch (ChangeRefused e)
            {
                // Its session has ended, and both sides can be asked.
                refused = e;
            }
            catch (GodwitException e) when (e.Kind is ErrorKind.SourceTransient or ErrorKind.TargetTransient)
            {
                // Who has stopped it need not hear of a connection that broke in the same moment.
                if (stop.IsCancellationRequested) break;
                if (said != e.Code) await NoteAsync(e);
                if (said != e.Code) found(new("follow-waits", Severity.Info, e.Code, e.Problem, "Godwit tries again until it works."));
                said = e.Code;
                try
                {
                    await EndAsync(opened, stop);
                    await Task.Delay(Retry, clock, stop);
                }
                catch (OperationCanceledException)
                {
                    break;
                }
            }
        }
        return new(_changes, _transactions, _conflicts, applied);
    }

    /// <summary>What broken connections leave at a server that has not noticed holds locks, the slot and the origin: it is ended, as soon as the server can be reached.</summary>
    private async Task EndAsync(ServerProcesses opened, CancellationToken stop)
    {
        foreach (var (end, processes) in new[] { (to, opened.AtTarget), (from, opened.AtSource) })
        {
            if (processes.Count == 0) continue;
            try
            {
                await using var connection = await end.ConnectAsync(stop);
                await using var command = new NpgsqlCommand("select pg_terminate_backend(pid) from pg_stat_activity where pid = any ($1) and application_name = 'godwit follow' and usename = current_user", connection) { Parameters = { new() { Value = processes.ToArray() } } };
                await command.ExecuteNonQueryAsync(stop);
                processes.Clear();
            }
            catch (Exception e) when (e is GodwitException or NpgsqlException)
            {
                // The server is away; they are asked for again before the next session.
            }
        }
    }

    /// <summary>For status, as well as can be: the side that would keep the note may be the one that is away.</summary>
    public async Task NoteAsync(GodwitException failure)
    {
        try
        {
            await using var connection = await to.ConnectAsync(CancellationToken.None);
            await StreamFacts.FailAsync(connection, feed.Name, $"{failure.Code}: {failure.Problem}", CancellationToken.None);
        }
        catch (Exception e) when (e is GodwitException or NpgsqlException)
        {
            // The failure itself is told to the user.
        }
    }

    private void Applied(BatchOutcome outcome, ChangeBatch batch)
    {
        Interlocked.Add(ref _changes, outcome.Changes);
        Interlocked.Add(ref _transactions, batch.Transactions);
        Interlocked.Add(ref _conflicts, outcome.Conflicts.Count);
        foreach (var group in outcome.Conflicts.GroupBy(c => (c.Table, c.Kind)))
            found(new("follow-conflict", Severity.Warning, group.Key.Table, $"{group.Count()} change(s) met {(group.Key.Kind == ConflictKind.Missing ? "no row where one should be" : "a row where none should be")}{(group.All(c => c.Repaired) ? "; the rows are now as the origin has them" : "")}.",
                "Somebody else writes to this table, or its copy was not whole: godwit verify compares, and with --repair puts right what differs; godwit.conflict keeps count."));
        foreach (var column in outcome.AddedColumns)
            found(new("follow-column-added", Severity.Info, column.Schema!, $"The column {column.Name} was added at the origin, and here.", null));
    }

    private async Task<(Lsn Start, bool Binary)> BeginAsync(CancellationToken ct)
    {
        StreamFact? fact;
        int major;
        await using (var here = await to.ConnectAsync(ct))
        {
            fact = await Mapped(to, () => StreamFacts.ReadAsync(here, feed.Name, ct));
            major = here.PostgreSqlVersion.Major;
        }
        if (fact is null) throw new GodwitException(ErrorKind.Blocked, "follow-not-begun", $"{to.Display} does not follow {from.Display}.", "godwit migrate SOURCE TARGET --follow begins it.");
        await using var there = await from.ConnectAsync(ct);
        return (fact.Applied, await Mapped(from, () => _origin.RequireWholeAsync(there, fact.Applied, major, ct)));
    }

    private async Task RunAsync(StreamSession session, Lsn? goal, bool exact, CancellationToken stop)
    {
        using var over = new CancellationTokenSource();
        var pulse = PulseAsync(session, goal is null, over.Token);
        try
        {
            if (goal is { } position) session.SetGoal(position, exact);
            await session.RunAsync(stop);
        }
        finally
        {
            await over.CancelAsync();
            await pulse;
        }
    }

    /// <summary>A slot says nothing of partitions that come and go: who follows is told, each once.</summary>
    private async Task TellPartitionsAsync(NpgsqlConnection there, NpgsqlConnection here, CancellationToken ct)
    {
        // Also where it fails: the stream's figures are not to be without a connection for it every second.
        _lookedAt = clock.GetTimestamp();
        bool IsOurs(SqlName table) => map(new(0, table.Schema!, table.Name, ReplicaIdentity.Default, [])) == table;
        foreach (var drift in await PartitionDrift.CompareAsync(there, here, (await _origin.TablesAsync(ct)).Where(IsOurs), table => !IsOurs(table), ct))
            if (_told.Add(drift.Words))
                found(new("follow-partitions-differ", Severity.Warning, drift.Name.ToString(), $"{drift.Words}. Rows that it held when it {(drift.Bound is null ? "went, and what is written to it from then on, are" : "came are")} not in the stream.",
                    $"Run at the other side: {drift.Remedy} godwit verify names rows that differ. The cutover asks for it, too."));
    }

    /// <summary>Beside the stream: asks the origin how far it is, notes it here, and reports.</summary>
    private async Task PulseAsync(StreamSession session, bool goesOn, CancellationToken over)
    {
        NpgsqlConnection? there = null, here = null;
        var pace = new Pace(clock);
        pace.Restart(Interlocked.Read(ref _changes));
        try
        {
            while (true)
            {
                session.Tell(reply: true);
                try
                {
                    there ??= await from.ConnectAsync(over);
                    here ??= await to.ConnectAsync(over);
                    var state = await _origin.StateAsync(there, session.Applied, over);
                    var now = Interlocked.Read(ref _changes);
                    var lag = state?.Lag ?? 0;
                    var behind = lag == 0 ? TimeSpan.Zero : await BehindAsync(there, here, over);
                    var (rate, slope) = pace.At(now, lag);
                    await StreamFacts.BeatAsync(here, feed.Name, new(state?.Now ?? default, lag, state?.Retained ?? 0, rate, slope, behind.TotalSeconds), over);
                    pace.Told(now, lag);
                    _rate = rate ?? _rate;
                    progress.Report(new(now, Interlocked.Read(ref _transactions), lag, behind, _rate));
                    if (goesOn && feed.Method == FollowMethod.Slot && !(_lookedAt is { } at && clock.GetElapsedTime(at) < LookAtPartitions)) await TellPartitionsAsync(there, here, over);
                }
                catch (Exception e) when (Target.TargetErrors.IsTargetError(e) || e is GodwitException)
                {
                    // Figures for the user: the stream itself tells what is wrong.
                    await CloseAsync();
                }
                await Task.Delay(Ask, clock, over);
            }
        }
        catch (OperationCanceledException)
        {
            // The stream has ended.
        }
        finally
        {
            await CloseAsync();
        }
        async Task CloseAsync()
        {
            if (there is not null) await there.DisposeAsync();
            if (here is not null) await here.DisposeAsync();
            (there, here) = (null, null);
        }
    }

    /// <summary>How long ago the last transaction that is here was committed there, by the origin's clock.</summary>
    private async Task<TimeSpan> BehindAsync(NpgsqlConnection there, NpgsqlConnection here, CancellationToken ct)
    {
        if ((await StreamFacts.ReadAsync(here, feed.Name, ct))?.Committed is not { } committed) return TimeSpan.Zero;
        await using var command = new NpgsqlCommand("select clock_timestamp()", there);
        var now = (DateTime)(await command.ExecuteScalarAsync(ct))!;
        return now > committed.UtcDateTime ? now - committed.UtcDateTime : TimeSpan.Zero;
    }

    private static async Task<T> Mapped<T>(StreamEnd end, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, $"{end.Display}: looking at the stream");
        }
    }
}
