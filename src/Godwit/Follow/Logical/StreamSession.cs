using Godwit.Schema;
using Godwit.Source;
using Godwit.Wire;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>Bounds of a follower. <paramref name="BatchBytes"/>: of changes held at once, three times over. <paramref name="SpillBytes"/>: of each transaction that streams before it commits; the rest goes to a file.</summary>
public sealed record StreamLimits(int BatchBytes = 8 * 1024 * 1024, int SpillBytes = 256 * 1024)
{
    /// <summary>Of the origin, which is asked for a word every second: after that the way to it is taken for broken.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>How long the answer to a batch is waited for. Doubled each time that nothing came of it, for a lock may be in the way.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>Folder of spill files.</summary>
    public string Folder { get; init; } = Path.GetTempPath();
}

/// <summary>What a follower has at the two servers.</summary>
internal sealed class ServerProcesses
{
    public List<int> AtSource { get; } = [];
    public List<int> AtTarget { get; } = [];
}

/// <summary>
/// One connection of a stream from end to end: a thread reads and decodes, another writes, a timer tells the origin what is durable. Ends by the
/// first failure of any of them, or when the goal is durable, or when stopped.
/// </summary>
internal sealed class StreamSession : IDisposable
{
    private const string Prepare = """
        set session_replication_role = replica; set default_transaction_read_only = off; set row_security = off; set jit = off; set enable_seqscan = off; set enable_mergejoin = off;
        set plan_cache_mode = force_generic_plan; set standard_conforming_strings = on; set check_function_bodies = off; set godwit.pass = 'on'; set idle_session_timeout = 0
        """;

    /// <summary>For a batch that is at work when all is stopped. One that waits for a lock may wait for ever; what is not committed is applied the next time.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly StreamEnd _from, _to;
    private readonly BatchQueue _queue;
    private readonly IChangeReader _reader;
    private readonly BatchWriter _writer;
    private readonly WireConnection _target;
    private readonly Action<BatchOutcome, ChangeBatch> _done;
    private ulong _applied, _durable;
    private volatile bool _finished;
    private ulong _goal = ulong.MaxValue;

    private StreamSession(StreamEnd from, StreamEnd to, StreamLimits limits, Lsn applied, IChangeReader reader, WireConnection target, BatchWriter writer, TimeProvider clock, Action<BatchOutcome, ChangeBatch> done)
    {
        (_from, _to, _reader, _target, _writer, _done, _applied, _durable) = (from, to, reader, target, writer, done, applied.Value, applied.Value);
        _queue = new(limits.BatchBytes, clock);
        _queue.Started(applied);
    }

    /// <summary>Everything that committed before is what others see at the target.</summary>
    public Lsn Applied => new(Volatile.Read(ref _applied));
    /// <summary>And is on its disk.</summary>
    public Lsn Durable => new(Volatile.Read(ref _durable));
    /// <summary><paramref name="opened"/>: takes the servers' processes at the other ends, also where nothing comes of it.</summary>
    public static StreamSession Open(StreamOrigin origin, StreamEnd from, StreamEnd to, StreamFeed feed, StreamLimits limits, Lsn applied, bool binary, Func<Relation, SqlName?> map, TimeProvider clock, Action<BatchOutcome, ChangeBatch> done, ServerProcesses opened, CancellationToken ct)
    {
        WireConnection? target = null;
        IChangeReader? reader = null;
        try
        {
            target = Guarded(to, "connecting", () => to.Open(ct));
            opened.AtTarget.Add(target.ProcessId);
            target.LimitSilence(limits.Answer);
            var hasOrigin = Guarded(to, "preparing to follow", () => Ready(target, to, feed));
            // What a session before this one had sent may have been applied since the position was read.
            if (Guarded(to, "preparing to follow", () => Stored(target, feed)) != applied)
                throw new GodwitException(ErrorKind.TargetTransient, "follow-in-use", $"{to.Display}: the connection before this one was still applying changes.", "Godwit tries again by itself.");
            reader = Guarded(from, "beginning to read changes", () => origin.Open(applied, binary, limits, clock, opened.AtSource, ct));
            var added = new AddedColumns(from);
            var resolver = new TableResolver(target, map, added.Find, reader.FindType, binary);
            var writer = Guarded(to, "preparing to follow", () => BatchWriter.Open(target, new(feed.Name, hasOrigin ? feed.Origin : null), resolver));
            return new(from, to, limits, applied, reader, target, writer, clock, done);
        }
        catch
        {
            target?.Dispose();
            reader?.Dispose();
            throw;
        }
    }

    /// <summary>Everything that committed before is applied when <see cref="RunAsync"/> returns; where <paramref name="exact"/>, nothing else. Call before it.</summary>
    public void SetGoal(Lsn goal, bool exact)
    {
        Volatile.Write(ref _goal, goal.Value);
        _queue.SetGoal(goal, exact);
        Tell(reply: true);
    }

    /// <summary>Tells the origin what is durable here, and asks how far it has read. More often than its wal_sender_timeout.</summary>
    public void Tell(bool reply)
    {
        try
        {
            _reader.Report(Lsn.Max(_queue.Received, Durable), Durable, reply);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The reader meets the same, and says so.
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var end = linked.Token.Register(End);
        using var overdue = new CancellationTokenSource();
        await using var abort = overdue.Token.Register(_target.Abort);
        await using var grace = stop.Register(() => overdue.CancelAfter(Grace));
        var reader = OnThread(Read, linked);
        var writer = OnThread(Write, linked);
        await Task.WhenAll(reader, writer).ContinueWith(_ => { }, TaskScheduler.Default);
        if (_finished) return;
        stop.ThrowIfCancellationRequested();
        // The failure of one ends the other; what counts is the first that is a failure of its own.
        foreach (var failure in new[] { writer, reader }.Where(t => t.IsFaulted).Select(t => t.Exception!.InnerException!))
            if (failure is not OperationCanceledException) throw failure;
        throw new GodwitException(ErrorKind.SourceTransient, "source-connection-lost", $"Following {_from.Display}: the stream ended.", "run the same command again: it resumes where it stopped");
    }

    public void Dispose()
    {
        End();
        _reader.Dispose();
        _writer.Dispose();
    }

    private void End()
    {
        _queue.End();
        _reader.End();
    }

    private static Task OnThread(Action work, CancellationTokenSource failed) => Task.Factory.StartNew(() =>
    {
        try
        {
            work();
        }
        finally
        {
            failed.Cancel();
        }
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Read()
    {
        try
        {
            _reader.ReadInto(_queue);
        }
        catch (Exception e) when (e is not (OperationCanceledException or GodwitException))
        {
            throw _from.Map(e, $"Following {_from.Display}");
        }
    }

    private void Write()
    {
        ChangeBatch? next = null;
        try
        {
            while ((next ?? _queue.Take()) is { } batch)
            {
                next = null;
                var flush = _queue.IsFlushDue || Volatile.Read(ref _goal) != ulong.MaxValue;
                var outcome = _writer.Apply(batch, flush, () => next = _queue.TryTake());
                if (!batch.IsOpen)
                {
                    Volatile.Write(ref _applied, Math.Max(_applied, batch.Position.Value));
                    if (flush)
                    {
                        Volatile.Write(ref _durable, _applied);
                        Tell(reply: false);
                    }
                }
                _done(outcome, batch);
                _queue.Return(batch, flush);
                if (_durable < Volatile.Read(ref _goal)) continue;
                _finished = true;
                return;
            }
        }
        catch (Exception e) when (e is not (OperationCanceledException or GodwitException or ChangeRefused))
        {
            throw _to.Map(e, $"Applying changes to {_to.Display}");
        }
    }

    private static T Guarded<T>(StreamEnd end, string doing, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            // The connection before this one has not ended at the server yet, or another Godwit follows.
            throw new GodwitException(end.Side == "source" ? ErrorKind.SourceTransient : ErrorKind.TargetTransient, "follow-in-use", $"{end.Display}: {e.MessageText}.", "Another godwit follow is at work, or its connection is still ending.", e) { SqlState = e.SqlState };
        }
        catch (Exception e) when (Target.TargetErrors.IsTargetError(e))
        {
            throw end.Map(e, $"{end.Display}: {doing}");
        }
    }

    /// <summary>Where the stream stands. It may be what a session before this one committed without waiting: a commit that waits takes it to the disk.</summary>
    private static Lsn Stored(WireConnection target, StreamFeed feed) =>
        target.Query($"update godwit.stream set at = clock_timestamp() where name = {SqlText.Literal(feed.Name)} returning applied::text") is [[{ } applied, ..], ..] ? new((ulong)long.Parse(applied, System.Globalization.CultureInfo.InvariantCulture)) : default;

    private static bool Ready(WireConnection target, StreamEnd to, StreamFeed feed)
    {
        target.Query(Prepare);
        target.Query(ApplicationPath.Session);
        // A server whose commits never wait for the disk would have the origin forget what may still be lost here.
        target.Query("select set_config('synchronous_commit', 'local', false) where current_setting('synchronous_commit') = 'off'");
        var origin = SqlText.Literal(feed.Origin);
        try
        {
            target.Query($"select pg_catalog.pg_replication_origin_create({origin}) where pg_catalog.pg_replication_origin_oid({origin}) is null");
            target.Query($"select pg_catalog.pg_replication_origin_session_setup({origin})");
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ConfigurationLimitExceeded)
        {
            // They are there until somebody drops them: waiting helps nobody.
            throw new GodwitException(ErrorKind.Blocked, "follow-no-origin", $"{to.Display} has no room for another replication origin: {e.MessageText}.",
                "select * from pg_replication_origin; shows them: pg_replication_origin_drop(name) drops one that nobody needs (godwit_... of migrations that are over). Or raise max_replication_slots (18: max_active_replication_origins).", e) { SqlState = e.SqlState };
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // Then only the order of things keeps changes from going round: see docs/explanation.
            return false;
        }
    }
}
