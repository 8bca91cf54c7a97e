using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;

namespace Godwit.Copy;

/// <summary>Counters of one table, shared by its workers. Committed counts are facts; shown counts run ahead of them.</summary>
internal sealed class TableProgress(TablePlan plan, ImmutableArray<JournalChunk> done, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long _committed = done.Sum(c => c.Rows);
    private long _misfits = done.Sum(c => c.Misfits);
    private int _chunksLeft = plan.Chunks.Length - done.Length;
    private long _shown = done.Sum(c => c.Rows);
    private long _bytes;
    private long _started;
    private TimeSpan _elapsed;

    public long Rows { get { lock (_lock) return _shown; } }

    public long Bytes { get { lock (_lock) return _bytes; } }

    public long Committed { get { lock (_lock) return _committed; } }

    /// <summary>True for the first caller.</summary>
    public bool Begin()
    {
        lock (_lock)
        {
            if (_started != 0) return false;
            _started = clock.GetTimestamp();
            return true;
        }
    }

    public void Add(int rows, int bytes)
    {
        lock (_lock)
        {
            _shown += rows;
            _bytes += bytes;
        }
    }

    /// <summary>Rows of an attempt that failed do not count.</summary>
    public void Rewind()
    {
        lock (_lock) _shown = _committed;
    }

    /// <summary>True when this was the table's last chunk.</summary>
    public bool Commit(long rows, long misfits)
    {
        lock (_lock)
        {
            _committed += rows;
            _misfits += misfits;
            if (_started != 0) _elapsed = clock.GetElapsedTime(_started);
            return --_chunksLeft == 0;
        }
    }

    public TableResult Result()
    {
        lock (_lock) return new(plan.Source, plan.Target.ToString(), _committed + _misfits, _committed, _misfits, _elapsed);
    }
}
