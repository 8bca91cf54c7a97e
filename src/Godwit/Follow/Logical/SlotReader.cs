using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>Reads a replication slot: transactions in the order of their commits.</summary>
internal sealed class SlotReader(ReplicationStream stream, CommittedStream committed, string skipOrigin) : IChangeReader
{
    /// <summary>A transaction that the server sends this long after its commit is one of many that wait. Both moments are of the server's clock.</summary>
    private const long BehindMicros = 50_000;

    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(1), Short = TimeSpan.FromMicroseconds(100);

    private bool _behind;

    public StreamType? FindType(uint type) => committed.Decoder.FindType(type);

    public void ReadInto(BatchQueue queue)
    {
        while (true)
        {
            switch (committed.Next(out var message, out var keepalive, out _, out _))
            {
                case CommittedStep.End: return;
                case CommittedStep.Keepalive: queue.Keepalive(keepalive); break;
                default:
                    // Of a transaction that has begun, the rest is on its way; after it, who waits for the next is not to wait longer.
                    if (message.Kind == PgOutputKind.Commit) stream.Gather = (_behind = committed.SentMicros - message.Micros > BehindMicros) ? Long : null;
                    else if (message.Kind == PgOutputKind.Begin && !_behind) stream.Gather = Short;
                    if (!queue.Add(message, skipOrigin)) throw new OperationCanceledException();
                    break;
            }
        }
    }

    public void Report(Lsn received, Lsn durable, bool reply) => stream.Report(received, durable, reply);

    public void End() => stream.Dispose();

    public void Dispose()
    {
        End();
        committed.Dispose();
    }
}
