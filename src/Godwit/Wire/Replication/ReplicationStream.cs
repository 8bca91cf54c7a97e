using System.Buffers.Binary;

namespace Godwit.Wire.Replication;

/// <summary>
/// One message of a replication stream, without its payload. A keepalive says that every transaction that committed before
/// <paramref name="End"/> has been sent. <paramref name="SentMicros"/>: the server's clock, µs since 2000-01-01 UTC.
/// </summary>
public readonly record struct StreamMessage(bool IsKeepalive, Lsn Start, Lsn End, long SentMicros, bool ReplyRequested);

/// <summary>
/// A running <c>START_REPLICATION</c>. One thread reads; <see cref="Report"/> may be called from any thread beside it, and has to be called more often
/// than the server's wal_sender_timeout. What <see cref="Report"/> names as flushed is never sent again: name only what is durable elsewhere.
/// Disposing closes the connection, and ends a read that waits.
/// </summary>
public sealed class ReplicationStream : IDisposable
{
    // Microseconds from 0001-01-01 to 2000-01-01.
    private const long Epoch = 63_082_281_600_000_000;

    private readonly WireConnection _connection;
    private readonly TimeProvider _clock;
    private readonly Lock _writing = new();

    internal ReplicationStream(WireConnection connection, TimeProvider clock)
    {
        _connection = connection;
        _clock = clock;
    }

    /// <inheritdoc cref="MessageReader.Gather"/>
    public TimeSpan? Gather
    {
        get => _connection.Reader.Gather;
        set => _connection.Reader.Gather = value;
    }

    /// <summary>The inverse of <see cref="Moment"/>.</summary>
    public static long Micros(DateTimeOffset moment) => moment.UtcTicks / 10 - Epoch;

    public static DateTimeOffset Moment(long micros) => new(checked((micros + Epoch) * 10), TimeSpan.Zero);

    /// <summary>
    /// Waits for the next message. <paramref name="payload"/> is pgoutput's, empty for a keepalive, and stays readable until the next call. Returns false
    /// where the server has ended the stream (it shuts down). Throws <see cref="IOException"/> where nothing came within the silence that was allowed.
    /// </summary>
    public bool Next(out StreamMessage message, out ReadOnlySpan<byte> payload)
    {
        while (true)
        {
            var type = _connection.Reader.Next(out var body);
            switch (type)
            {
                case 'd' when body is [(byte)'w', ..]:
                    message = new(false, At(body, 1), At(body, 9), BinaryPrimitives.ReadInt64BigEndian(body[17..]), false);
                    payload = body[25..];
                    return true;
                case 'd' when body is [(byte)'k', ..]:
                    message = new(true, default, At(body, 1), BinaryPrimitives.ReadInt64BigEndian(body[9..]), body[17] != 0);
                    payload = [];
                    return true;
                case 'c':
                    message = default;
                    payload = [];
                    return false;
                case 'E': throw ServerError.Read(body);
                case 'd' or 'S': break;
                default: throw new IOException($"The server sent a message '{type}' into a replication stream.");
            }
        }
    }

    /// <summary><paramref name="reply"/>: the server is to answer by a keepalive, which tells how far it has read.</summary>
    public void Report(Lsn written, Lsn flushed, bool reply)
    {
        Span<byte> message = stackalloc byte[5 + 34];
        message[0] = (byte)'d';
        BinaryPrimitives.WriteInt32BigEndian(message[1..], 4 + 34);
        message[5] = (byte)'r';
        BinaryPrimitives.WriteUInt64BigEndian(message[6..], Lsn.Max(written, flushed).Value);
        BinaryPrimitives.WriteUInt64BigEndian(message[14..], flushed.Value);
        BinaryPrimitives.WriteUInt64BigEndian(message[22..], flushed.Value);
        BinaryPrimitives.WriteInt64BigEndian(message[30..], _clock.GetUtcNow().Ticks / 10 - Epoch);
        message[38] = reply ? (byte)1 : (byte)0;
        lock (_writing) _connection.Write(message);
    }

    public void Dispose() => _connection.Dispose();

    private static Lsn At(ReadOnlySpan<byte> body, int at) => new(BinaryPrimitives.ReadUInt64BigEndian(body[at..]));
}
