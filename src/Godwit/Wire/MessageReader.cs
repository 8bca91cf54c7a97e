using System.Buffers.Binary;
using System.Diagnostics;

namespace Godwit.Wire;

/// <summary>
/// Takes messages out of what the socket delivers. Memory: one buffer, as large as the largest message. What a call hands out stays readable
/// until the next call.
/// </summary>
internal sealed class MessageReader(Stream stream)
{
    private const int FirstBuffer = 512 * 1024;
    private const int FrameBytes = 5;
    // A server that sends more than this in one message is not PostgreSQL: a row has at most 1 GB a field, and COPY at most 1 GB a row.
    private const int LargestMessage = 0x4000_0000 + 1024;

    private const int LargeRead = 64 * 1024;

    private byte[] _buffer = new byte[FirstBuffer];
    private int _at, _end;
    private int _lastRead;
    private long _readAt;

    /// <summary>
    /// A server that sends its messages one by one wakes the reader for each, which costs more processor time than what is done with them. Where a small
    /// read came sooner than this after the one before, the next waits as long, so that it finds many. Null: never.
    /// </summary>
    public TimeSpan? Gather { get; set; }

    /// <summary>The next message that is not a notice; the body without its length.</summary>
    public char Next(out ReadOnlySpan<byte> body)
    {
        while (true)
        {
            Need(FrameBytes);
            var type = (char)_buffer[_at];
            var length = Length(_at) - 4;
            Need(FrameBytes + length);
            body = _buffer.AsSpan(_at + FrameBytes, length);
            _at += FrameBytes + length;
            if (type is not ('N' or 'A')) return type;
        }
    }

    /// <summary>
    /// The bodies of the CopyData messages that are there, joined: waits for at least one, and goes on reading while less than
    /// <paramref name="wanted"/> bytes have come. Empty at the first message of another kind, which stays for <see cref="Next"/>.
    /// <paramref name="messages"/>: how many were joined; the server sends one a row. The trailer of the binary format is left out: it is a message of its
    /// own, or, where there are no rows, follows the header.
    /// </summary>
    public Memory<byte> NextCopyData(int wanted, out int messages)
    {
        messages = 0;
        // Bodies move left over the frames between them: some nanoseconds a row, and one large message later instead of many small ones.
        Compact();
        int start = _at, joined = _at;
        while (true)
        {
            while (_end - _at >= FrameBytes)
            {
                var type = (char)_buffer[_at];
                // Notices and changed parameters may come between rows.
                if (type is not ('d' or 'N' or 'S' or 'A')) return _buffer.AsMemory(start, joined - start);
                var length = Length(_at) - 4;
                if (_end - _at < FrameBytes + length) break;
                var body = _buffer.AsSpan(_at + FrameBytes, length);
                _at += FrameBytes + length;
                if (type != 'd' || body.SequenceEqual(BinaryCopy.Trailer)) continue;
                if (BinaryCopy.IsEmpty(body)) body = body[..^BinaryCopy.Trailer.Length];
                body.CopyTo(_buffer.AsSpan(joined));
                joined += body.Length;
                messages++;
            }
            var full = _end == _buffer.Length;
            if (messages > 0 && (joined - start >= wanted || full)) return _buffer.AsMemory(start, joined - start);
            if (full)
            {
                // Nothing joined yet, and no room: one message is larger than what is left.
                Compact();
                if (_end == _buffer.Length) Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, Math.Max(_buffer.Length * 2L, FrameBytes + (long)Length(_at))));
                start = joined = _at;
            }
            Fill();
        }
    }

    private int Length(int at)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(at + 1));
        return length is >= 4 and <= LargestMessage ? length : throw new IOException("What the server sent is not PostgreSQL's protocol.");
    }

    private void Need(int bytes)
    {
        while (_end - _at < bytes)
        {
            if (_at + bytes > _buffer.Length)
            {
                Compact();
                if (bytes > _buffer.Length) Array.Resize(ref _buffer, Math.Max(bytes, _buffer.Length * 2));
            }
            Fill();
        }
    }

    private void Compact()
    {
        if (_at == 0) return;
        _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
        _end -= _at;
        _at = 0;
    }

    private void Fill()
    {
        if (Gather is { } gather && _lastRead < LargeRead && Stopwatch.GetElapsedTime(_readAt) < gather) Rest.For(gather);
        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        (_lastRead, _readAt) = (read, Stopwatch.GetTimestamp());
        if (read <= 0) throw new EndOfStreamException("The server closed the connection.");
        _end += read;
    }
}
