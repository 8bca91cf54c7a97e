using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace Godwit.Wire;

/// <summary>
/// Statements sent without waiting for each other's answers (PostgreSQL documentation, 55.2.3 and 55.2.4, the extended query protocol).
/// <see cref="Prepare"/> once, then any number of <see cref="Begin"/>, values, <see cref="End"/>; <see cref="Run"/> sends what has gathered and
/// reads all the answers. After an error the server skips the rest of the run.
/// </summary>
public sealed class Pipeline(WireConnection connection)
{
    private const int FlushBytes = 256 * 1024;

    private byte[] _buffer = new byte[64 * 1024];
    private int _used, _message;

    /// <summary>Nothing is sent before <see cref="Send"/>: what is made now follows what the server is still at work on.</summary>
    public bool Hold { get; set; }

    public void Prepare(string name, string sql, ReadOnlySpan<uint> types)
    {
        Open('P');
        Text(name);
        Text(sql);
        Int16((short)types.Length);
        foreach (var type in types) Int32((int)type);
        Close();
    }

    /// <summary>The server drops a statement that was prepared; where it was not, nothing happens.</summary>
    public void Forget(string name)
    {
        Open('C');
        Room(1)[0] = (byte)'S';
        _used++;
        Text(name);
        Close();
    }

    /// <summary>A statement of no parameters and no rows of interest, not prepared.</summary>
    public void Execute(string sql)
    {
        Prepare("", sql, []);
        Call("");
    }

    /// <summary>A statement of no parameters that was prepared.</summary>
    public void Call(string name)
    {
        Begin(name, [], 0);
        End();
    }

    /// <summary>Then follow the values, each by <see cref="Value(ReadOnlySpan{byte})"/> or <see cref="Null"/>. <paramref name="formats"/>: 0 text, 1 binary, one a value; none: all are text.</summary>
    public void Begin(string name, ReadOnlySpan<short> formats, int values)
    {
        Open('B');
        Text("");
        Text(name);
        Int16((short)formats.Length);
        foreach (var format in formats) Int16(format);
        Int16((short)values);
    }

    public void Null() => Int32(-1);

    public void Value(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        Bytes(value);
    }

    public void Value(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Int32(length);
        Encoding.UTF8.GetBytes(value, Room(length));
        _used += length;
    }

    /// <summary>The same value in two pieces.</summary>
    public void Value(ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest)
    {
        Int32(head.Length + rest.Length);
        Bytes(head);
        Bytes(rest);
    }

    public void End()
    {
        Int16(0);
        Close();
        Open('E');
        Text("");
        Int32(0);
        Close();
        if (_used > FlushBytes && !Hold) Flush();
    }

    /// <summary>
    /// Returns how many rows each statement since the last run touched, in order. Where one fails, the numbers are of those before it and
    /// <paramref name="error"/> says why.
    /// </summary>
    public List<long> Run(out PostgresException? error)
    {
        Send();
        return Answers(out error);
    }

    /// <summary>The first half of <see cref="Run"/>: the server has work from now on.</summary>
    public void Send()
    {
        Open('S');
        Close();
        Flush();
    }

    /// <summary>Forgets what was made since the last <see cref="Send"/>; call only where it was made on hold.</summary>
    public void Discard() => _used = 0;

    /// <summary>The second half of <see cref="Run"/>. What is made between the two must be on hold.</summary>
    public List<long> Answers(out PostgresException? error)
    {
        var rows = new List<long>();
        error = null;
        while (true)
        {
            var type = connection.Reader.Next(out var body);
            switch (type)
            {
                case 'C': rows.Add(CommandTag.Rows(Encoding.ASCII.GetString(body[..^1]))); break;
                case 'E': error ??= ServerError.Read(body); break;
                case 'Z': return rows;
            }
        }
    }

    private void Flush()
    {
        connection.Write(_buffer.AsSpan(0, _used));
        _used = 0;
    }

    private void Open(char type)
    {
        Room(5)[0] = (byte)type;
        _message = _used + 1;
        _used += 5;
    }

    private void Close() => BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_message), _used - _message);

    private void Int16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(Room(2), value);
        _used += 2;
    }

    private void Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(Room(4), value);
        _used += 4;
    }

    private void Text(string text)
    {
        var room = Room(Encoding.UTF8.GetMaxByteCount(text.Length) + 1);
        var length = Encoding.UTF8.GetBytes(text, room);
        room[length] = 0;
        _used += length + 1;
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _used += bytes.Length;
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _used < bytes) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _used + bytes));
        return _buffer.AsSpan(_used);
    }
}
