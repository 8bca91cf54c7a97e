using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>Reads a replication slot: transactions in the order of their commits.</summary>
internal sealed class SlotReader(WireConnection connection, ReplicationStream stream, CommittedStream committed, string skipOrigin) : IChangeReader
{
    /// <summary>A transaction that the server sends this long after its commit is one of many that wait. Both moments are of the server's clock.</summary>
    private const long BehindMicros = 50_000;

    public int ProcessId => connection.ProcessId;

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
                    if (message.Kind == PgOutputKind.Commit) stream.Gathers = committed.SentMicros - message.Micros > BehindMicros;
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
