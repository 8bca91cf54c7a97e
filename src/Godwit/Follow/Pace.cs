namespace Godwit.Follow;

/// <summary>
/// How fast changes are applied and how what waits grows, from one beat to the next. A beat that fails is as if it had not been: the next one looks back to
/// the last that was told.
/// </summary>
internal sealed class Pace(TimeProvider clock)
{
    /// <summary>Shorter stretches say nothing.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    private long _since = clock.GetTimestamp(), _changes;
    private long? _waiting;

    /// <summary>Begins anew: what happened before this moment is no pace of what follows. What waits now is not known.</summary>
    public void Restart(long changes) => (_since, _changes, _waiting) = (clock.GetTimestamp(), changes, null);

    /// <summary>Changes a second, and by how much a second that grows which waits; null where that cannot be said. Call <see cref="Told"/> once this has been told.</summary>
    public (double? Rate, double? Slope) At(long changes, long waiting)
    {
        var elapsed = clock.GetElapsedTime(_since);
        if (elapsed < Shortest) return (null, null);
        return ((changes - _changes) / elapsed.TotalSeconds, _waiting is { } before ? (waiting - before) / elapsed.TotalSeconds : null);
    }

    public void Told(long changes, long waiting)
    {
        // The first look of a stretch that is too short for a pace gives what waits, and not yet a new beginning.
        if (_waiting is not null && clock.GetElapsedTime(_since) < Shortest) return;
        (_since, _changes, _waiting) = (clock.GetTimestamp(), changes, waiting);
    }
}
