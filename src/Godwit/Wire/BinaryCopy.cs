using System.Buffers.Binary;

namespace Godwit.Wire;

/// <summary>The binary COPY format's frame (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format").</summary>
public static class BinaryCopy
{
    public static ReadOnlySpan<byte> Header => [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', (byte)'\n', 0xFF, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];
    public static ReadOnlySpan<byte> Trailer => [0xFF, 0xFF];

    /// <summary>Header and trailer, and no row.</summary>
    public static bool IsEmpty(ReadOnlySpan<byte> message) =>
        message.Length == Header.Length + Trailer.Length && message.StartsWith(Header[..11]) && message.EndsWith(Trailer);

    /// <summary>Bytes of the header at the start of a stream, its extension included. Throws <see cref="IOException"/> where there is none.</summary>
    public static int HeaderLength(ReadOnlySpan<byte> start)
    {
        if (start.Length < 19 || !start[..11].SequenceEqual(Header[..11])) throw new IOException("The COPY stream does not begin as the binary format does.");
        var length = 19 + BinaryPrimitives.ReadInt32BigEndian(start[15..]);
        return length >= 19 && length <= start.Length ? length : throw new IOException("The binary COPY header is cut short.");
    }

    /// <summary>Bytes of the whole tuple that <paramref name="tuples"/> begins with.</summary>
    public static int TupleLength(ReadOnlySpan<byte> tuples)
    {
        var at = 2;
        for (var fields = BinaryPrimitives.ReadInt16BigEndian(tuples); fields > 0; fields--) at += 4 + Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(tuples[at..]));
        return at;
    }
}
