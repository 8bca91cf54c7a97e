using System.Buffers.Binary;
using System.Globalization;

namespace Godwit.Engines.Sqlite;

/// <summary>The database header (https://www.sqlite.org/fileformat.html, section 1.3), as it stands in the file, whatever the WAL says.</summary>
internal readonly record struct FileHeader(bool IsSqlite, int PageSize, bool Wal, uint ChangeCounter, uint PageCount, uint SchemaCookie)
{
    internal const int Size = 100;

    internal static FileHeader Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size || !bytes.StartsWith("SQLite format 3\0"u8)) return default;
        int stored = BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]);
        var pageSize = stored == 1 ? 65536 : stored;
        if (pageSize < 512 || !int.IsPow2(pageSize)) return default;
        return new FileHeader(true, pageSize, bytes[18] == 2 || bytes[19] == 2, BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[28..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[40..]));
    }

    /// <summary>
    /// Ciphertext and compressed data look random: nearly eight bits of entropy a byte. Text and the formats of other programs do not.
    /// </summary>
    internal static bool LooksRandom(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 512) return false;
        Span<int> counts = stackalloc int[256];
        counts.Clear();
        foreach (var b in bytes) counts[b]++;
        var bits = 0.0;
        foreach (var count in counts)
        {
            if (count == 0) continue;
            var p = (double)count / bytes.Length;
            bits -= p * Math.Log2(p);
        }
        return bits > (bytes.Length >= 4096 ? 7.7 : 7.2);
    }
}

/// <summary>
/// The position of a snapshot. Equal strings mean equal content:
/// <list type="bullet">
/// <item>Without frames in a WAL, every transaction that changes the file increments its change counter, or, in WAL mode where the
/// counter may stand still (fileformat.html, 1.3.8), it was checkpointed into the file and so moved its modification time. The
/// modification time also tells of a file that was replaced by another of the same size and age. Nobody can write to the file while
/// the snapshot holds its lock.</item>
/// <item>With frames in a WAL, the content is the file plus the frames up to mxFrame. The salts are new whenever the WAL starts again, and the
/// checksum runs over all frames since; a checkpoint only moves the same content from the WAL to the file, so the file's own time
/// must not take part.</item>
/// </list>
/// The converse does not hold: a checkpoint, or a touch, may give the same content another position. Then a run starts again, and loses nothing.
/// </summary>
internal static class SnapshotPosition
{
    internal static string OfFile(FileHeader header, long size, DateTime modifiedUtc, string how) =>
        string.Create(CultureInfo.InvariantCulture, $"sqlite:{how}:{header.ChangeCounter}:{header.PageCount}:{header.SchemaCookie}:{size}:{modifiedUtc.Ticks}");

    /// <summary>
    /// <paramref name="snapshot"/> is a sqlite3_snapshot: 48 bytes, a copy of the WAL index header (https://www.sqlite.org/walformat.html, section 2.1).
    /// Null where the WAL has no frames.
    /// </summary>
    internal static string? OfWal(ReadOnlySpan<byte> snapshot)
    {
        var mxFrame = BitConverter.ToUInt32(snapshot[16..]);
        return mxFrame == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"sqlite:wal:{mxFrame}:{Convert.ToHexStringLower(snapshot[20..40])}");
    }
}
