namespace Godwit.Wire.Replication;

public enum CommittedStep
{
    /// <summary>A message, decoded.</summary>
    Message,
    /// <summary>Nothing that committed before the position is missing.</summary>
    Keepalive,
    /// <summary>The server has ended the stream.</summary>
    End,
}

/// <summary>
/// The transactions of a stream in the order of their commits, each from Begin to Commit without another in between, whether the server sent it
/// at its commit or streamed it before: what is streamed is kept until it commits (<see cref="Spill"/>), less what its subtransactions took back.
/// Memory: <paramref name="memoryBytes"/> for each transaction that is being streamed; the rest goes to files in <paramref name="folder"/>.
/// </summary>
public sealed class CommittedStream(ReplicationStream stream, string folder, int memoryBytes = 1024 * 1024) : IDisposable
{
    private readonly Dictionary<uint, Spill> _spills = [];
    private Spill? _streaming, _replayed;
    private PgOutputHeader _end;

    private readonly record struct PgOutputHeader(uint Xid, Lsn Lsn, Lsn EndLsn, long Micros);

    public PgOutputDecoder Decoder { get; } = new();

    /// <summary>When the server sent what came last, by its clock, µs since 2000.</summary>
    public long SentMicros { get; private set; }

    /// <summary>Bytes of transactions that are being streamed and have not committed.</summary>
    public long Waiting => _spills.Values.Sum(s => s.Bytes);

    /// <summary>
    /// The next message or keepalive; valid until the next call. <paramref name="raw"/> and <paramref name="streamed"/>: what to give
    /// <see cref="PgOutputDecoder.Decode"/> to decode a change of rows once more; empty where the message was made up here.
    /// </summary>
    public CommittedStep Next(out PgOutputMessage message, out Lsn keepalive, out ReadOnlySpan<byte> raw, out bool streamed)
    {
        keepalive = default;
        if (_replayed is not null)
        {
            Replay(out message, out raw);
            streamed = true;
            return CommittedStep.Message;
        }
        streamed = false;
        message = default;
        while (stream.Next(out var envelope, out raw))
        {
            SentMicros = envelope.SentMicros;
            if (envelope.IsKeepalive)
            {
                keepalive = envelope.End;
                return CommittedStep.Keepalive;
            }
            if (Take(raw, out message)) return CommittedStep.Message;
        }
        return CommittedStep.End;
    }

    /// <summary>Returns false where the message was put aside.</summary>
    private bool Take(ReadOnlySpan<byte> raw, out PgOutputMessage message)
    {
        message = default;
        var kind = (PgOutputKind)raw[0];
        if (_streaming is not null && kind != PgOutputKind.StreamStop)
        {
            _streaming.Add(raw);
            return false;
        }
        message = Decoder.Decode(raw, streamed: false);
        switch (kind)
        {
            case PgOutputKind.StreamStart:
                if (!_spills.TryGetValue(message.Xid, out _streaming)) _spills[message.Xid] = _streaming = new Spill(folder, memoryBytes);
                return false;
            case PgOutputKind.StreamStop:
                _streaming = null;
                return false;
            case PgOutputKind.StreamAbort:
                if (message.SubXid == message.Xid) Forget(message.Xid);
                else if (_spills.TryGetValue(message.Xid, out var part)) part.Abort(message.SubXid);
                return false;
            case PgOutputKind.StreamCommit:
                _replayed = _spills.GetValueOrDefault(message.Xid) ?? new Spill(folder, memoryBytes);
                _replayed.Rewind();
                _end = new(message.Xid, message.Lsn, message.EndLsn, message.Micros);
                message = new() { Kind = PgOutputKind.Begin, Xid = message.Xid, Lsn = message.Lsn, Micros = message.Micros };
                return true;
            default: return true;
        }
    }

    private void Replay(out PgOutputMessage message, out ReadOnlySpan<byte> raw)
    {
        if (_replayed!.Next(out raw))
        {
            message = Decoder.Decode(raw, streamed: true);
            return;
        }
        message = new() { Kind = PgOutputKind.Commit, Xid = _end.Xid, Lsn = _end.Lsn, EndLsn = _end.EndLsn, Micros = _end.Micros };
        _replayed.Dispose();
        _replayed = null;
        _spills.Remove(_end.Xid);
    }

    private void Forget(uint xid)
    {
        if (_spills.Remove(xid, out var spill)) spill.Dispose();
    }

    public void Dispose()
    {
        foreach (var spill in _spills.Values) spill.Dispose();
        _replayed?.Dispose();
        stream.Dispose();
    }
}
