using System.Buffers.Binary;

namespace Godwit.Wire;

/// <summary>
/// A running <c>COPY ... FROM STDIN</c>. Disposed without <see cref="Complete"/>, it is refused by the client and the server keeps no row.
/// What the server complains of comes with Complete, or with the write at which its side of the connection broke.
/// </summary>
public sealed class CopyIn : IDisposable
{
    private readonly WireConnection _connection;
    private readonly byte[] _frame = new byte[5];
    private bool _ended;

    internal CopyIn(WireConnection connection) => _connection = connection;

    /// <summary>Bytes of the COPY's format, of any length; rows may be cut anywhere.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        _frame[0] = (byte)'d';
        BinaryPrimitives.WriteInt32BigEndian(_frame.AsSpan(1), 4 + bytes.Length);
        _connection.Write(_frame);
        _connection.Write(bytes);
    }

    /// <summary>Returns the rows that the server has taken; durable once the transaction around it has committed.</summary>
    public long Complete()
    {
        _ended = true;
        _connection.Write(Messages.Of('c', []));
        return CommandTag.Rows(_connection.Finish());
    }

    public void Dispose()
    {
        if (_ended) return;
        _ended = true;
        try
        {
            _connection.Write(Messages.Text('f', "the client gave up"));
            _connection.Finish();
        }
        catch (Exception e) when (e is Npgsql.PostgresException or IOException or ObjectDisposedException)
        {
            // The server confirms the refusal by an error (57014), or is gone and has rolled back.
        }
    }
}
