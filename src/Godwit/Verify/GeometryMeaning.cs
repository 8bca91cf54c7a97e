using System.Buffers.Binary;
using Godwit.TypeMapping;

namespace Godwit.Verify;

/// <summary>
/// What a geometry means: reference system, kind, dimensions and every coordinate bit by bit, free of byte order and of how a form writes its
/// headers. A point without coordinates is empty, as PostGIS reads it. Written without a look at the encoder.
/// </summary>
internal sealed class GeometryMeaning
{
    private const byte SpatialiteMark = 0x69;

    private byte[] _canonical = new byte[256];
    private int _length;

    /// <summary>A blob of a GeoPackage or of SpatiaLite; null where it is neither.</summary>
    public Digest? OfBlob(GeometryLimits limits, ReadOnlySpan<byte> blob)
    {
        if (blob.StartsWith("GP"u8) && blob.Length > 8)
        {
            int[] envelopes = [0, 32, 48, 48, 64, -1, -1, -1];
            var envelope = envelopes[(blob[3] & 0b1110) >> 1];
            return envelope < 0 || blob.Length < 8 + envelope ? null : Digest(limits.SridOf(Int(blob[4..], (blob[3] & 1) == 1)), blob[(8 + envelope)..], null);
        }
        if (blob.Length < 44 || blob[0] != 0x00 || blob[38] != 0x7C || blob[^1] != 0xFE) return null;
        var little = blob[1] == 1;
        return Digest(limits.SridOf(Int(blob[2..], little)), blob[39..^1], little);
    }

    /// <summary>What PostGIS prints: the hexadecimal digits of its extended well-known binary.</summary>
    public Digest? OfText(ReadOnlySpan<byte> hex)
    {
        var bytes = new byte[hex.Length / 2];
        if (hex.Length < 10 || System.Convert.FromHexString(hex, bytes, out _, out _) != System.Buffers.OperationStatus.Done) return null;
        return Digest(null, bytes, null);
    }

    /// <summary><paramref name="unmarked"/>: the byte order, where the first mark of it is left out and the inner ones say nothing.</summary>
    private Digest? Digest(int? srid, ReadOnlySpan<byte> binary, bool? unmarked)
    {
        _length = 4;
        var at = 0;
        var found = srid ?? 0;
        if (!Geometry(binary, ref at, unmarked, inner: false, ref found) || at != binary.Length) return null;
        BinaryPrimitives.WriteInt32LittleEndian(_canonical, found);
        return Verify.Digest.OfBytes(Tag.Value, _canonical.AsSpan(0, _length));
    }

    private bool Geometry(ReadOnlySpan<byte> from, ref int at, bool? unmarked, bool inner, ref int srid)
    {
        var little = unmarked ?? false;
        if (unmarked is null || inner)
        {
            if (at >= from.Length) return false;
            var mark = from[at++];
            if (unmarked is not null ? mark != SpatialiteMark : mark > 1) return false;
            if (unmarked is null) little = mark == 1;
        }
        if (!Count(from, ref at, little, out var type)) return false;
        // Either in the standard's thousands, or in PostGIS's high bits.
        bool z = (type & 0x8000_0000) != 0, m = (type & 0x4000_0000) != 0;
        if ((type & 0x2000_0000) != 0)
        {
            if (!Count(from, ref at, little, out var number)) return false;
            srid = (int)number;
        }
        var code = type & 0x1FFF_FFFF;
        var dimensions = code / 1000;
        z |= dimensions is 1 or 3;
        m |= dimensions is 2 or 3;
        var kind = code % 1000;
        if (dimensions > 3 || kind is < 1 or > 7) return false;
        Add((byte)kind);
        Add((byte)((z ? 1 : 0) + (m ? 2 : 0)));
        var ordinates = 2 + (z ? 1 : 0) + (m ? 1 : 0);
        if (kind == 1) return Point(from, ref at, little, ordinates);
        if (!Count(from, ref at, little, out var count)) return false;
        AddCount(count);
        for (var i = 0u; i < count; i++)
        {
            if (kind == 2)
            {
                if (!Ordinates(from, ref at, little, ordinates)) return false;
                continue;
            }
            if (kind > 3)
            {
                if (!Geometry(from, ref at, unmarked, inner: true, ref srid)) return false;
                continue;
            }
            if (!Count(from, ref at, little, out var points)) return false;
            AddCount(points);
            for (var p = 0u; p < points; p++)
                if (!Ordinates(from, ref at, little, ordinates)) return false;
        }
        return true;
    }

    private bool Point(ReadOnlySpan<byte> from, ref int at, bool little, int ordinates)
    {
        if (from.Length - at < 16) return false;
        var empty = double.IsNaN(Double(from[at..], little)) && double.IsNaN(Double(from[(at + 8)..], little));
        AddCount(empty ? 0u : 1u);
        if (!empty) return Ordinates(from, ref at, little, ordinates);
        at += 8 * ordinates;
        return at <= from.Length;
    }

    private bool Ordinates(ReadOnlySpan<byte> from, ref int at, bool little, int ordinates)
    {
        if (from.Length - at < 8 * ordinates) return false;
        for (; ordinates > 0; ordinates--, at += 8)
        {
            Room(8);
            BinaryPrimitives.WriteDoubleLittleEndian(_canonical.AsSpan(_length), Double(from[at..], little));
            _length += 8;
        }
        return true;
    }

    private static double Double(ReadOnlySpan<byte> from, bool little) => little ? BinaryPrimitives.ReadDoubleLittleEndian(from) : BinaryPrimitives.ReadDoubleBigEndian(from);

    private static int Int(ReadOnlySpan<byte> from, bool little) => little ? BinaryPrimitives.ReadInt32LittleEndian(from) : BinaryPrimitives.ReadInt32BigEndian(from);

    private static bool Count(ReadOnlySpan<byte> from, ref int at, bool little, out uint value)
    {
        value = 0;
        if (from.Length - at < 4) return false;
        value = (uint)Int(from[at..], little);
        at += 4;
        return true;
    }

    private void AddCount(uint count)
    {
        Room(4);
        BinaryPrimitives.WriteUInt32LittleEndian(_canonical.AsSpan(_length), count);
        _length += 4;
    }

    private void Add(byte value)
    {
        Room(1);
        _canonical[_length++] = value;
    }

    private void Room(int bytes)
    {
        if (_canonical.Length - _length < bytes) Array.Resize(ref _canonical, _canonical.Length * 2);
    }
}
