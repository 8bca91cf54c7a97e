using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>
/// Hands changes from the thread that reads to the one that writes: as many whole transactions as have come while the last ones were written, so that
/// batches grow with the backlog and an idle writer waits for nothing. Memory: three batches of <paramref name="budget"/> bytes (one is filled, one is at
/// the server, one is made ready for it), and one message.
/// </summary>
internal sealed class BatchQueue(int budget, TimeProvider clock)
{
    private static readonly TimeSpan IdleStore = TimeSpan.FromSeconds(5);
    /// <summary>Commits wait for the disk this often, as the server's own writer of the log goes there (wal_writer_delay): what the origin must keep for us longer is little.</summary>
    private static readonly TimeSpan FlushEvery = TimeSpan.FromMilliseconds(200);
    /// <summary>For the end of a transaction that is half read, as in a backlog it nearly always is.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(5);

    private readonly object _gate = new();
    private readonly Stack<ChangeBatch> _spare = new([new(), new()]);
    private ChangeBatch _filling = new();
    private ChangeBatch? _handed;
    private bool _inTransaction, _skipping, _ended, _wanted;
    private Lsn _stored;
    private long _storedAt = clock.GetTimestamp(), _flushedAt = clock.GetTimestamp();
    private bool _unflushed;
    private Lsn? _goal;
    private bool _exact;

    public long TransactionsReceived { get; private set; }
    public Lsn Received { get; private set; }

    /// <summary>Positions up to here are stored at once, without waiting for changes. <paramref name="exact"/>: nothing that commits there or later is taken.</summary>
    public void SetGoal(Lsn goal, bool exact)
    {
        lock (_gate)
        {
            (_goal, _exact) = (goal, exact);
            Monitor.PulseAll(_gate);
        }
    }

    public void Started(Lsn stored) => _stored = stored;

    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Called by the reader for each message; waits while the budget is used up. Returns false after <see cref="End"/>.</summary>
    public bool Add(in PgOutputMessage message, string skipOrigin)
    {
        lock (_gate)
        {
            switch (message.Kind)
            {
                // Its position is that of its commit.
                case PgOutputKind.Begin when _exact && _goal is { } limit && message.Lsn >= limit:
                    _filling.Position = Lsn.Max(_filling.Position, limit);
                    Monitor.PulseAll(_gate);
                    while (!_ended) Monitor.Wait(_gate);
                    return false;
                case PgOutputKind.Begin:
                    (_inTransaction, _skipping) = (true, false);
                    break;
                case PgOutputKind.Origin:
                    _skipping = message.Text == skipOrigin;
                    break;
                case PgOutputKind.Commit:
                    _inTransaction = false;
                    if (_skipping) _filling.Dropped++;
                    else _filling.EndTransaction(message.EndLsn, message.Micros);
                    (_filling.Position, _filling.Micros) = (message.EndLsn, message.Micros);
                    TransactionsReceived++;
                    Received = Lsn.Max(Received, message.EndLsn);
                    if (_wanted) (_handed, _wanted) = (Hand(), false);
                    Monitor.PulseAll(_gate);
                    break;
                case PgOutputKind.Insert or PgOutputKind.Update or PgOutputKind.Delete or PgOutputKind.Truncate:
                    if (!_skipping) _filling.Add(message);
                    break;
            }
            if (_filling.Used >= budget) Monitor.PulseAll(_gate);
            while (_filling.Used >= budget && !_ended) Monitor.Wait(_gate);
            return !_ended;
        }
    }

    /// <summary>Nothing that committed before the position is missing in what was added.</summary>
    public void Keepalive(Lsn position)
    {
        lock (_gate)
        {
            Received = Lsn.Max(Received, position);
            // Inside a transaction the position says nothing of it.
            if (_inTransaction) return;
            _filling.Position = Lsn.Max(_filling.Position, position);
            // A server that waits for its next commit sends these by the thousand.
            if (IsReady()) Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Called by the writer; waits for changes. Null after <see cref="End"/>.</summary>
    public ChangeBatch? Take()
    {
        lock (_gate)
        {
            while (!_ended && !IsReady())
            {
                if (_unflushed) Monitor.Wait(_gate, FlushEvery);
                else Monitor.Wait(_gate);
            }
            return _ended ? null : Hand();
        }
    }

    /// <summary>Called by the writer while it has one batch: whole transactions, where some are there; else null.</summary>
    public ChangeBatch? TryTake()
    {
        lock (_gate)
        {
            if (_ended || _filling.Used >= budget && _inTransaction || _filling.Changes.Count == 0) return null;
            if (!_inTransaction) return Hand();
            _wanted = true;
            Monitor.Wait(_gate, Moment);
            _wanted = false;
            var batch = _handed;
            _handed = null;
            return batch;
        }
    }

    /// <summary>The next commit has to wait for the disk.</summary>
    public bool IsFlushDue
    {
        get
        {
            lock (_gate) return clock.GetElapsedTime(_flushedAt) >= FlushEvery;
        }
    }

    /// <summary>Called by the writer: the batch is committed (<paramref name="flushed"/>: and on the disk), or belongs to a transaction that goes on. It is empty afterwards.</summary>
    public void Return(ChangeBatch done, bool flushed)
    {
        lock (_gate)
        {
            if (!done.IsOpen)
            {
                if (done.Position > _stored) (_stored, _storedAt) = (done.Position, clock.GetTimestamp());
                _unflushed = !flushed;
                if (flushed) _flushedAt = clock.GetTimestamp();
            }
            done.Clear();
            _spare.Push(done);
        }
    }

    private ChangeBatch Hand()
    {
        var batch = _filling;
        batch.IsOpen = _inTransaction;
        _filling = _spare.Pop();
        Monitor.PulseAll(_gate);
        return batch;
    }

    private bool IsReady()
    {
        if (_inTransaction) return _filling.Used >= budget;
        if (!_filling.IsEmpty) return true;
        // Empty: its commit takes those before it to the disk.
        if (_unflushed && clock.GetElapsedTime(_flushedAt) >= FlushEvery) return true;
        if (_filling.Position <= _stored) return false;
        return _goal is { } goal && _filling.Position >= goal || clock.GetElapsedTime(_storedAt) > IdleStore;
    }
}
