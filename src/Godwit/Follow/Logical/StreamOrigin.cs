using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>The moment that a stream begins with. Its snapshot can be imported until this is disposed.</summary>
public sealed class ArmedOrigin(IDisposable session, Lsn position, string snapshot) : IDisposable
{
    public Lsn Position => position;
    /// <summary>For SET TRANSACTION SNAPSHOT.</summary>
    public string Snapshot => snapshot;
    public void Dispose() => session.Dispose();
}

/// <summary>How far an origin is. <paramref name="Lag"/>: bytes of changes that are not applied. <paramref name="Retained"/>: bytes that it keeps for the stream.</summary>
public sealed record OriginState(Lsn Now, long Lag, long Retained);

/// <summary>
/// The side at which a stream's changes are made: what makes it record them, and what reads them. Positions are its own, ascending with time, and are
/// only compared with each other: bytes of the write-ahead log, or numbers of moments.
/// </summary>
public abstract class StreamOrigin(StreamEnd from, StreamFeed feed)
{
    /// <summary>For a lock on a table; whoever wants the table meanwhile waits as long.</summary>
    protected static readonly TimeSpan TableWait = TimeSpan.FromSeconds(5);

    protected StreamEnd From => from;
    protected StreamFeed Feed => feed;

    public static StreamOrigin Of(StreamEnd from, StreamFeed feed) => feed.Method == FollowMethod.Triggers ? new KeyLog.KeyLogOrigin(from, feed) : new SlotOrigin(from, feed);

    /// <summary>
    /// The way that this server and role allow: the write-ahead log, else triggers, of which <paramref name="found"/> is told why.
    /// <paramref name="wanted"/>: that one or none.
    /// </summary>
    public static async Task<FollowMethod> ChooseAsync(StreamEnd from, StreamFeed feed, FollowMethod? wanted, Action<Finding> found, CancellationToken ct)
    {
        if (wanted is { } method) return method;
        await using var connection = await from.ConnectAsync(ct);
        try
        {
            await new SlotOrigin(from, feed).RequireAsync(connection, ct);
            return FollowMethod.Slot;
        }
        // What a standby cannot do by its log it cannot do by triggers either.
        catch (GodwitException e) when (e.Code is "follow-wal-level" or "follow-no-replication" or "follow-no-slot" or "follow-no-sender")
        {
            found(new("follow-by-triggers", Severity.Warning, from.Side, $"{e.Problem} Triggers record which rows are written instead.", $"Each write takes a little longer for it. To follow by the log: {e.Hint}"));
            return FollowMethod.Triggers;
        }
        catch (NpgsqlException e)
        {
            throw from.Map(e, $"Looking at {from.Display}");
        }
    }

    /// <summary>Whether the server and the role can do it at all; what to know beforehand.</summary>
    public abstract Task<ImmutableArray<Finding>> RequireAsync(NpgsqlConnection connection, CancellationToken ct);

    /// <summary>Makes the tables record what is written to them. Repeated, it makes the same anew.</summary>
    public abstract Task<ImmutableArray<Finding>> PublishAsync(IReadOnlyCollection<SqlName> tables, CancellationToken ct);

    /// <summary>The stream gives what is committed after the moment that this returns. Call only where nothing follows it yet.</summary>
    public abstract Task<ArmedOrigin> BeginAsync(CancellationToken ct);

    /// <summary>Removes everything that was made for the stream.</summary>
    public abstract Task DropAsync(CancellationToken ct);

    /// <summary>At the other side, to which a copy has brought it: undoes what <see cref="PublishAsync"/> has changed of the tables. Call before <see cref="DropAsync"/>.</summary>
    public abstract Task RestoreAsync(StreamEnd other, CancellationToken ct);

    /// <summary>The tables that are followed.</summary>
    public abstract Task<List<SqlName>> TablesAsync(CancellationToken ct);

    /// <summary>A position after everything that has committed until now.</summary>
    public async Task<Lsn> NowAsync(CancellationToken ct)
    {
        await using var connection = await from.ConnectAsync(ct);
        try
        {
            return await NowAsync(connection, ct);
        }
        catch (NpgsqlException e)
        {
            throw from.Map(e, "marking a position");
        }
    }

    protected abstract Task<Lsn> NowAsync(NpgsqlConnection connection, CancellationToken ct);

    /// <summary>Refuses where changes since <paramref name="applied"/> may be unknown. True: values may come in binary form.</summary>
    public abstract Task<bool> RequireWholeAsync(NpgsqlConnection connection, Lsn applied, int targetMajor, CancellationToken ct);

    /// <summary>Null where it no longer records.</summary>
    public abstract Task<OriginState?> StateAsync(NpgsqlConnection connection, Lsn applied, CancellationToken ct);

    /// <summary>
    /// A moment that has a position: its snapshot sees exactly what committed before it. Null where there is none within <paramref name="patience"/>.
    /// </summary>
    public abstract Task<ArmedOrigin?> MomentAsync(TimeSpan patience, CancellationToken ct);

    /// <summary>
    /// Begins to read behind <paramref name="applied"/>. Blocks; throws what the way to the server throws. <paramref name="opened"/>: takes the server's processes at the
    /// other ends, as soon as there are any.
    /// </summary>
    internal abstract IChangeReader Open(Lsn applied, bool binary, StreamLimits limits, TimeProvider clock, ICollection<int> opened, CancellationToken ct);
}

/// <summary>Reads a stream's changes, on a thread of its own.</summary>
internal interface IChangeReader : IDisposable
{
    StreamType? FindType(uint type);

    /// <summary>Fills the queue until it is ended, or this.</summary>
    void ReadInto(BatchQueue queue);

    /// <summary>From any thread.</summary>
    void End();

    /// <summary>What has come and what is durable: the origin need not keep it. <paramref name="reply"/>: says how far it is. From any thread.</summary>
    void Report(Lsn received, Lsn durable, bool reply);
}
