using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>
/// A moment of the origin that its log has a name for: the snapshot sees exactly what committed before the position. Importable until this is
/// disposed; the temporary slot that it comes from goes with it.
/// </summary>
internal sealed class StreamMoment : IDisposable
{
    private readonly WireConnection _connection;

    private StreamMoment(WireConnection connection, CreatedSlot slot) => (_connection, Position, Snapshot) = (connection, slot.Position, slot.Snapshot!);

    public Lsn Position { get; }
    public string Snapshot { get; }

    /// <summary>Null where there is none within <paramref name="patience"/>: it waits for every transaction that runs, and takes a free slot and sender.</summary>
    public static async Task<StreamMoment?> TakeAsync(StreamEnd from, TimeSpan patience, CancellationToken ct)
    {
        WireConnection? connection = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience);
        try
        {
            return await Task.Run(() =>
            {
                connection = from.OpenReplication(limit.Token);
                using var abort = limit.Token.Register(connection.Abort);
                return new StreamMoment(connection, connection.CreateSlot($"godwit_moment_{Guid.NewGuid():N}"[..30], temporary: true, export: true));
            }, CancellationToken.None);
        }
        catch (Exception e) when (Target.TargetErrors.IsTargetError(e) || e is OperationCanceledException or ObjectDisposedException)
        {
            connection?.Dispose();
            ct.ThrowIfCancellationRequested();
            return null;
        }
    }

    public void Dispose() => _connection.Dispose();
}
