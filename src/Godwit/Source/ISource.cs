using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Source;

/// <summary>What an engine says of a source that it has opened. <paramref name="Display"/> never holds a secret.</summary>
public sealed record SourceInfo(string Engine, string Display, string Version, long SizeBytes)
{
    /// <summary>Facts and hazards seen while opening (WAL mode, hot journal recovered on a copy, read-only media).</summary>
    public ImmutableArray<Finding> Findings { get; init; } = [];

    /// <summary>Files that a private server holds to be read: that database's locale is the private server's, and says nothing of the one that the files came from.</summary>
    public bool StandsIn { get; init; }
}

/// <summary>
/// A moment of the source. Equal positions mean equal content; an interrupted run resumes only at an equal position.
/// </summary>
public readonly record struct Position(string Value);

/// <summary>Rows whose position lies in [From, To], both inclusive; null is open.</summary>
public readonly record struct KeyRange(long? From, long? To)
{
    public static KeyRange All => default;
}

/// <summary>Opens one kind of source. Engines see Schema, TypeMapping and Source only.</summary>
public interface ISource : IAsyncDisposable
{
    SourceInfo Info { get; }

    /// <summary>Translates the source's SQL fragments into PostgreSQL's. Pure.</summary>
    ISqlTranslator Translator { get; }

    /// <summary>Follows what is written after a snapshot; null where this source cannot be followed.</summary>
    IChangeFeed? Changes => null;

    /// <summary>Chooses how <see cref="Changes"/> follows, now and in later runs, where the engine has several ways.</summary>
    void FollowBy(FollowMethod method) =>
        throw new GodwitException(ErrorKind.Usage, "options-conflict", $"{Info.Display} is followed in one way only: --method does not apply.", "Leave --method out.");

    /// <summary>
    /// Fixes one moment for everything that is read afterwards, by up to <paramref name="readers"/> concurrent readers.
    /// </summary>
    Task<ISnapshot> OpenSnapshotAsync(int readers, CancellationToken ct);
}

/// <summary>
/// One consistent moment of the source. Methods may be called concurrently; each call takes one of the snapshot's readers and waits
/// for a free one. Disposing releases every lock held on the source.
/// </summary>
public interface ISnapshot : IAsyncDisposable
{
    Position Position { get; }

    Task<DatabaseSchema> InspectAsync(CancellationToken ct);

    /// <summary>
    /// Cuts a table into at most <paramref name="pieces"/> ranges of roughly equal key span, for a parallel scan. Tables without row
    /// positions, and small ones, yield <see cref="KeyRange.All"/> alone.
    /// </summary>
    Task<ImmutableArray<KeyRange>> PartitionAsync(Table table, int pieces, CancellationToken ct);

    /// <summary>
    /// Feeds the raw values of <paramref name="columns"/> of a range to <paramref name="visitor"/>, in order of position.
    /// </summary>
    Task ScanAsync(Table table, ImmutableArray<string> columns, KeyRange range, IRowVisitor visitor, CancellationToken ct);

    /// <summary>The same for a visitor that is a struct, which an engine can compile into its loop. It is copied: it must hold what it gathers by reference.</summary>
    Task ScanAsync<TVisitor>(Table table, ImmutableArray<string> columns, KeyRange range, TVisitor visitor, CancellationToken ct) where TVisitor : struct, IRowVisitor =>
        ScanAsync(table, columns, range, (IRowVisitor)visitor, ct);

    /// <summary>
    /// Reads a range as tuples of the COPY format that is asked for. The consumer disposes each batch before it asks for the next.
    /// Rows that do not fit their encodings are left out of the tuples and stand in <see cref="RowBatch.Misfits"/>, in full.
    /// </summary>
    IAsyncEnumerable<RowBatch> ReadAsync(TableRead read, CancellationToken ct);

    /// <summary>What the source's feed had recorded after <paramref name="after"/> by this moment, and those rows as of this moment; null where nothing, or where there is no feed.</summary>
    Task<IChangeSet?> ChangesAsync(DatabaseSchema schema, long after, CancellationToken ct) => Task.FromResult<IChangeSet?>(null);
}

/// <summary>PostgreSQL's two COPY formats that Godwit speaks.</summary>
public enum RowFormat { Binary, Text }

/// <summary>
/// What to read. <paramref name="BatchBytes"/> is the size at which a batch is handed over; a row larger than that makes a larger batch.
/// </summary>
public sealed record TableRead(Table Table, ImmutableArray<ColumnRead> Columns, KeyRange Range, int BatchBytes = 512 * 1024)
{
    /// <summary>Sees every row before it is encoded, where the columns are all those of the table, in order; null where nobody looks.</summary>
    public TableProfiler? Profiler { get; init; }

    /// <summary>Text is for sources that speak PostgreSQL, where a type's binary form may not be understood at the other end.</summary>
    public RowFormat Format { get; init; }

    /// <summary>
    /// Of a PostgreSQL source's session: planning a read looks into the expressions of the table's indexes, and functions in these may count on it. Text that
    /// names objects is read back under the same path. Null is pg_catalog alone.
    /// </summary>
    public string? SearchPath { get; init; }
}

public sealed record ColumnRead(string Name, ColumnEncoding Encoding);
