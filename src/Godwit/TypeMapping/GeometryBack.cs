using System.Buffers.Binary;

namespace Godwit.TypeMapping;

/// <summary>From what PostGIS prints (hexadecimal digits of extended well-known binary) to the blobs of a GeoPackage or of SpatiaLite, in little-endian order.</summary>
internal sealed class GeometryBack
{
    private readonly List<byte> _body = [];
    private readonly byte[] _from;
    private readonly bool _marked;
    private readonly (double Min, double Max)[] _box = [(double.PositiveInfinity, double.NegativeInfinity), (double.PositiveInfinity, double.NegativeInfinity), (double.PositiveInfinity, double.NegativeInfinity)];
    private int _at, _srid;
    private uint _kind;
    /// <summary>A kind is among it that the file's formats have no place for here: a curve, a surface.</summary>
    private bool _isOther;

    private GeometryBack(byte[] from, bool marked)
    {
        (_from, _marked) = (from, marked);
        Geometry(outer: true);
    }

    private bool IsEmpty => _box[0].Min > _box[0].Max;

    /// <summary>The header's box: none, none around points, or with heights.</summary>
    public enum Boxes { Never, Flat, FlatButPoints, HeightsButPoints }

    /// <summary>What a blob covers in the plane; null where it is empty or no geometry.</summary>
    public static ((double Min, double Max) X, (double Min, double Max) Y)? BoxOf(ReadOnlySpan<byte> blob)
    {
        if (!GeometryBlob.TryRead(blob, out var geometry)) return null;
        var binary = new byte[geometry.EwkbLength];
        geometry.WriteEwkb(0, binary);
        var box = new GeometryBack(binary, marked: false);
        return box.IsEmpty ? null : (box._box[0], box._box[1]);
    }

    public static SourceValue? ToPackage(GeometryLimits limits, string hex, Boxes boxes)
    {
        var geometry = new GeometryBack(Convert.FromHexString(hex), marked: false);
        if (geometry._isOther) return null;
        var boxed = !geometry.IsEmpty && boxes != Boxes.Never && (boxes == Boxes.Flat || geometry._kind != 1);
        var axes = !boxed ? 0 : boxes == Boxes.HeightsButPoints && geometry._box[2].Min <= geometry._box[2].Max ? 3 : 2;
        // Bit 0: little-endian; bits 1 to 3: how many axes the box has; bit 4: empty.
        List<byte> blob = [(byte)'G', (byte)'P', 0, (byte)(1 | Math.Max(axes - 1, 0) << 1 | (geometry.IsEmpty ? 0x10 : 0))];
        Put(blob, limits.SrsOf(geometry._srid));
        for (var axis = 0; axis < axes; axis++)
        {
            Put(blob, geometry._box[axis].Min);
            Put(blob, geometry._box[axis].Max);
        }
        blob.Add(1);
        blob.AddRange(geometry._body);
        return SourceValue.Blob([.. blob]);
    }

    public static SourceValue? ToSpatialite(GeometryLimits limits, string hex)
    {
        var geometry = new GeometryBack(Convert.FromHexString(hex), marked: true);
        // It has no empty geometries.
        if (geometry.IsEmpty || geometry._isOther) return null;
        List<byte> blob = [0, 1];
        Put(blob, limits.SrsOf(geometry._srid));
        foreach (var corner in (ReadOnlySpan<double>)[geometry._box[0].Min, geometry._box[1].Min, geometry._box[0].Max, geometry._box[1].Max]) Put(blob, corner);
        blob.Add(0x7C);
        blob.AddRange(geometry._body);
        blob.Add(0xFE);
        return SourceValue.Blob([.. blob]);
    }

    private void Geometry(bool outer)
    {
        var little = _from[_at++] == 1;
        if (!outer) _body.Add(_marked ? (byte)0x69 : (byte)1);
        var type = Number(little);
        if ((type & 0x2000_0000) != 0) _srid = (int)Number(little);
        var code = type & 0x0FFF_FFFF;
        // What the copy wrote has the standard's thousands, what PostGIS prints its own high bits.
        var hasZ = (type & 0x8000_0000) != 0 || code / 1000 is 1 or 3;
        var hasM = (type & 0x4000_0000) != 0 || code / 1000 is 2 or 3;
        var kind = code % 1000;
        if (outer) _kind = kind;
        _isOther |= kind is 0 or > 7;
        if (_isOther) return;
        Put(_body, (int)(kind + (hasZ ? 1000u : 0) + (hasM ? 2000u : 0)));
        var axes = 2 + (hasZ ? 1 : 0) + (hasM ? 1 : 0);
        if (kind == 1)
        {
            Point(little, axes, hasZ);
            return;
        }
        for (var n = Count(little); n > 0; n--)
        {
            if (kind == 2) Point(little, axes, hasZ);
            else if (kind > 3)
            {
                Geometry(outer: false);
                if (_isOther) return;
            }
            else for (var p = Count(little); p > 0; p--) Point(little, axes, hasZ);
        }
    }

    private void Point(bool little, int axes, bool hasZ)
    {
        for (var axis = 0; axis < axes; axis++, _at += 8)
        {
            var value = little ? BinaryPrimitives.ReadDoubleLittleEndian(_from.AsSpan(_at)) : BinaryPrimitives.ReadDoubleBigEndian(_from.AsSpan(_at));
            Put(_body, value);
            if (double.IsNaN(value) || axis >= (hasZ ? 3 : 2)) continue;
            _box[axis] = (Math.Min(_box[axis].Min, value), Math.Max(_box[axis].Max, value));
        }
    }

    private uint Count(bool little)
    {
        var count = Number(little);
        Put(_body, (int)count);
        return count;
    }

    private uint Number(bool little)
    {
        var value = little ? BinaryPrimitives.ReadUInt32LittleEndian(_from.AsSpan(_at)) : BinaryPrimitives.ReadUInt32BigEndian(_from.AsSpan(_at));
        _at += 4;
        return value;
    }

    private static void Put(List<byte> into, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        foreach (var b in bytes) into.Add(b);
    }

    private static void Put(List<byte> into, double value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        foreach (var b in bytes) into.Add(b);
    }
}
