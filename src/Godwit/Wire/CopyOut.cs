using System.Globalization;
using Npgsql;

namespace Godwit.Wire;

/// <summary>
/// The rows of a running <c>COPY ... TO STDOUT</c>. Disposing before the end ends the connection: the rows that are on their way can not be
/// passed over.
/// </summary>
public sealed class CopyOut : IDisposable
{
    private readonly WireConnection _connection;
    private bool _ended;

    internal CopyOut(WireConnection connection) => _connection = connection;

    /// <summary>Bytes handed out so far, without framing.</summary>
    public long Bytes { get; private set; }

    /// <summary>Messages handed out so far. PostgreSQL 14 to 18 send one a row; the binary format's header comes with the first.</summary>
    public long Messages { get; private set; }

    /// <summary>Rows by the server's own count; known after the end.</summary>
    public long Rows { get; private set; }

    /// <summary>
    /// The next whole rows, in the format that the COPY asked for: at least <paramref name="wanted"/> bytes unless the end or the buffer comes
    /// first. The binary format's trailer is left out, its header is not (<see cref="BinaryCopy.HeaderLength"/>). Empty at the end. Valid until
    /// the next call; the caller may write into it.
    /// </summary>
    public Memory<byte> Read(int wanted, out int messages)
    {
        messages = 0;
        if (_ended) return Memory<byte>.Empty;
        var rows = _connection.Reader.NextCopyData(wanted, out messages);
        if (messages == 0)
        {
            End();
            return Memory<byte>.Empty;
        }
        Bytes += rows.Length;
        Messages += messages;
        return rows;
    }

    private void End()
    {
        var type = _connection.Reader.Next(out var body);
        _ended = true;
        var error = type == 'E' ? ServerError.Read(body) : null;
        var tag = _connection.Finish(error);
        Rows = CommandTag.Rows(tag);
    }

    public void Dispose()
    {
        if (!_ended) _connection.Abort();
        _ended = true;
    }
}

internal static class CommandTag
{
    /// <summary>42 of "COPY 42".</summary>
    public static long Rows(string tag) =>
        long.TryParse(tag.AsSpan(tag.LastIndexOf(' ') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var rows) ? rows : 0;
}
