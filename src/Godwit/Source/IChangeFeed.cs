using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Source;

/// <summary>Where a feed stands. <paramref name="Id"/> names the arming: another one has gaps before it.</summary>
public readonly record struct FeedState(string Id, long Last, bool Fenced)
{
    /// <summary>Tables that were made since the arming, of which nothing is recorded.</summary>
    public ImmutableArray<string> Unfollowed { get; init; } = [];
}

/// <summary>
/// Follows a source that any program keeps writing. The feed records which rows were touched, not what was written: rows are read again when
/// they are applied, so that a change seen twice is harmless and none is missed. One user at a time; writers are never waited for longer than
/// the source's busy timeout.
/// </summary>
public interface IChangeFeed
{
    /// <summary>Where the feed stands; null where it is not armed.</summary>
    Task<FeedState?> StateAsync(CancellationToken ct);

    /// <summary>
    /// Makes the source record every write to these tables from now on. A snapshot that is opened afterwards misses nothing that is not
    /// recorded. Repeated, it only mends what is missing.
    /// </summary>
    Task<ImmutableArray<Finding>> ArmAsync(DatabaseSchema schema, CancellationToken ct);

    /// <summary>
    /// All that was touched after <paramref name="after"/>, as of one moment; null where nothing was. Mends the feed first where tables were
    /// rebuilt; throws source-schema-changed where their columns are no longer those of <paramref name="schema"/>.
    /// </summary>
    Task<IChangeSet?> ReadAsync(DatabaseSchema schema, long after, CancellationToken ct);

    /// <summary>Forgets what stands at or before <paramref name="upTo"/>: it is durable at the target.</summary>
    Task PruneAsync(long upTo, CancellationToken ct);

    /// <summary>From the return on, every write of every program is refused. Repeated, it changes nothing.</summary>
    Task FenceAsync(DatabaseSchema schema, string message, CancellationToken ct);

    Task UnfenceAsync(CancellationToken ct);

    /// <summary>The columns by which the feed tells rows of a table; empty where a touched table is brought over whole.</summary>
    ImmutableArray<string> KeyOf(Table table);

    /// <summary>
    /// Writes rows into the source, fenced or not, in one transaction: first every key of every table goes, then every row comes. Nothing of it is
    /// recorded as a change, and no trigger of the application fires.
    /// </summary>
    Task WriteBackAsync(IReadOnlyList<TableBack> tables, CancellationToken ct);

    /// <summary>Somebody has written behind the fence, which this feed cannot prevent; never where it can.</summary>
    Task<bool> WrittenBehindAsync(CancellationToken ct) => Task.FromResult(false);

    /// <summary>Removes everything that <see cref="ArmAsync"/> and <see cref="FenceAsync"/> made: the source's schema is what it was.</summary>
    Task DisarmAsync(CancellationToken ct);
}

/// <summary>A table with touched rows. <paramref name="Whole"/>: rows have no key that the feed could record, so that all of them count as touched.</summary>
public sealed record ChangedTable(string Table, ImmutableArray<string> Key, bool Whole, long Keys);

/// <summary>
/// What comes back into a table. <paramref name="Gone"/>: keys whose rows go, in the order of <paramref name="Key"/>; empty <paramref name="Key"/>: all rows go but those at the
/// positions <paramref name="Aside"/>. <paramref name="LastKey"/>: the largest key given out meanwhile, or null.
/// </summary>
public sealed record TableBack(Table Table, ImmutableArray<string> Key, IAsyncEnumerable<SourceValue[]> Gone, ImmutableArray<string> Columns, IAsyncEnumerable<SourceValue[]> Rows, IReadOnlySet<long> Aside, long? LastKey);

/// <summary>What was touched up to one moment, and those rows as they stand at it. Holds the source's read lock until disposed: be quick.</summary>
public interface IChangeSet : IAsyncDisposable
{
    /// <summary>The feed's last entry in this set.</summary>
    long UpTo { get; }

    ImmutableArray<ChangedTable> Tables { get; }

    /// <summary>The distinct keys that were touched, one column each in the order of <see cref="ChangedTable.Key"/>.</summary>
    IAsyncEnumerable<RowBatch> ReadKeysAsync(ChangedTable table, ImmutableArray<ColumnRead> key, CancellationToken ct);

    /// <summary>The rows of those keys that are there now; all rows of a table that is touched as a whole.</summary>
    IAsyncEnumerable<RowBatch> ReadRowsAsync(ChangedTable table, Table source, ImmutableArray<ColumnRead> columns, CancellationToken ct);
}
