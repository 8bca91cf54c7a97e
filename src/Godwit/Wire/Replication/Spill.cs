using System.Buffers.Binary;

namespace Godwit.Wire.Replication;

/// <summary>
/// The messages of one transaction that has not committed yet, as they came. Small ones stay in memory, larger ones go to a file that only this
/// user can read and that the system deletes with the last handle on it.
/// </summary>
internal sealed class Spill(string folder, int memoryBytes) : IDisposable
{
    private const int FileBuffer = 128 * 1024;

    private readonly MemoryStream _memory = new();
    private readonly HashSet<uint> _aborted = [];
    private Stream? _file;
    private byte[] _message = new byte[1024];

    public long Bytes { get; private set; }

    public void Add(ReadOnlySpan<byte> message)
    {
        if (_file is null && _memory.Length + message.Length > memoryBytes) Move();
        var to = _file ?? _memory;
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, message.Length);
        to.Write(length);
        to.Write(message);
        Bytes += 4 + message.Length;
    }

    /// <summary>What the subtransaction changed is left out; what it described of tables stays: the server does not repeat it.</summary>
    public void Abort(uint subXid) => _aborted.Add(subXid);

    public void Rewind() => (_file ?? _memory).Position = 0;

    /// <summary>The next message that counts; valid until the next call. False at the end.</summary>
    public bool Next(out ReadOnlySpan<byte> message)
    {
        var from = _file ?? _memory;
        Span<byte> length = stackalloc byte[4];
        while (from.ReadAtLeast(length, 4, throwOnEndOfStream: false) == 4)
        {
            var bytes = BinaryPrimitives.ReadInt32LittleEndian(length);
            if (_message.Length < bytes) _message = new byte[Math.Max(bytes, _message.Length * 2)];
            from.ReadExactly(_message, 0, bytes);
            message = _message.AsSpan(0, bytes);
            var describes = (PgOutputKind)message[0] is PgOutputKind.Relation or PgOutputKind.Type;
            if (describes || (PgOutputKind)message[0] == PgOutputKind.Origin || !_aborted.Contains(PgOutputDecoder.StreamedXid(message))) return true;
        }
        message = [];
        return false;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _file?.Dispose();
    }

    private void Move()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = FileBuffer, Options = FileOptions.DeleteOnClose | FileOptions.SequentialScan };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        _file = new FileStream(Path.Combine(folder, $"godwit-{Guid.NewGuid():N}.spill"), options);
        _memory.Position = 0;
        _memory.CopyTo(_file);
        _memory.SetLength(0);
        _memory.Capacity = 0;
    }
}
