using System.Collections.Immutable;

namespace Godwit.Wire.Replication;

/// <summary>The kinds of message, by the letters that stand for them.</summary>
public enum PgOutputKind : byte
{
    Begin = (byte)'B', Commit = (byte)'C', Origin = (byte)'O', Relation = (byte)'R', Type = (byte)'Y', Message = (byte)'M',
    Insert = (byte)'I', Update = (byte)'U', Delete = (byte)'D', Truncate = (byte)'T',
    StreamStart = (byte)'S', StreamStop = (byte)'E', StreamCommit = (byte)'c', StreamAbort = (byte)'A', StreamPrepare = (byte)'p',
    BeginPrepare = (byte)'b', Prepare = (byte)'P', CommitPrepared = (byte)'K', RollbackPrepared = (byte)'r',
}

/// <summary>What an update or a delete tells of the row as it was.</summary>
public enum OldRow : byte
{
    /// <summary>Nothing: the key is that of the new row.</summary>
    None = 0,
    /// <summary>The columns of the replica identity.</summary>
    Key = (byte)'K',
    /// <summary>Every column: REPLICA IDENTITY FULL.</summary>
    Full = (byte)'O',
}

/// <summary>
/// One decoded message; which properties are set depends on its kind (PostgreSQL documentation, 55.9 "Logical Replication Message Formats").
/// Rows point into the bytes that were decoded.
/// </summary>
public readonly ref struct PgOutputMessage
{
    public required PgOutputKind Kind { get; init; }
    /// <summary>Begin and all of the stream and prepare messages: the transaction. A change inside a streamed block: its subtransaction.</summary>
    public uint Xid { get; init; }
    /// <summary>StreamAbort: what was aborted; the whole transaction where equal to <see cref="Xid"/>.</summary>
    public uint SubXid { get; init; }
    /// <summary>Begin: where its commit will be. Commit: where the commit begins. Origin: the commit at the origin. Message: where it is. Prepare: where it was prepared.</summary>
    public Lsn Lsn { get; init; }
    /// <summary>Commit: one past it; what to go on from once the transaction is durable elsewhere.</summary>
    public Lsn EndLsn { get; init; }
    /// <summary>When it was committed, µs since 2000-01-01 UTC by the server's clock (<see cref="ReplicationStream.Moment"/>).</summary>
    public long Micros { get; init; }
    /// <summary>Relation and changes of rows.</summary>
    public Relation? Relation { get; init; }
    public StreamType? Type { get; init; }
    public OldRow OldKind { get; init; }
    public TupleData Old { get; init; }
    public TupleData New { get; init; }
    /// <summary>Truncate.</summary>
    public ImmutableArray<Relation> Truncated { get; init; }
    public bool Cascade { get; init; }
    public bool RestartIdentity { get; init; }
    /// <summary>Origin: its name. Message: its prefix. Prepare: the transaction's name (gid).</summary>
    public string? Text { get; init; }
    /// <summary>Message.</summary>
    public ReadOnlySpan<byte> Content { get; init; }
    public bool Transactional { get; init; }
    /// <summary>StreamStart: the transaction's first block.</summary>
    public bool First { get; init; }
}
