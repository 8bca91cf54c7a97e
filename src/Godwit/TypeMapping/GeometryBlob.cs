using System.Buffers.Binary;

namespace Godwit.TypeMapping;

/// <summary>
/// A geometry as a GeoPackage (https://www.geopackage.org/spec131/#gpb_format) or SpatiaLite (https://www.gaia-gis.it/gaia-sins/BLOB-Geometry.html)
/// stores it: a header around the standard's well-known binary. Points, lines, polygons and collections of them, with heights and measures; not curves,
/// not SpatiaLite's compressed forms. Only what PostGIS takes: rings are closed, lines have two points or none.
/// </summary>
internal readonly ref struct GeometryBlob
{
    private const int MaxDepth = 32;
    private const uint EwkbHasSrid = 0x2000_0000;

    /// <summary>From the type's number on: the mark of byte order before it is <see cref="_little"/>.</summary>
    private readonly ReadOnlySpan<byte> _body;
    private readonly bool _little;
    /// <summary>SpatiaLite writes 0x69 where the standard repeats the byte order.</summary>
    private readonly bool _marked;

    private GeometryBlob(ReadOnlySpan<byte> body, bool little, bool marked, int srs, uint type)
    {
        _body = body;
        (_little, _marked) = (little, marked);
        Srs = srs;
        Kind = (int)(type % 1000);
        HasZ = type / 1000 is 1 or 3;
        HasM = type / 1000 is 2 or 3;
    }

    /// <summary>The reference system, by the file's own number.</summary>
    public int Srs { get; }
    /// <summary>1 point ... 7 collection.</summary>
    public int Kind { get; }
    public bool HasZ { get; }
    public bool HasM { get; }

    public static bool TryRead(ReadOnlySpan<byte> blob, out GeometryBlob geometry)
    {
        geometry = default;
        return blob.Length >= 8 && blob[0] == 'G' && blob[1] == 'P' ? OfPackage(blob, ref geometry) : OfSpatialite(blob, ref geometry);
    }

    // "GP", version, flags, reference system, an envelope of 0, 4, 6 or 8 doubles.
    private static bool OfPackage(ReadOnlySpan<byte> blob, ref GeometryBlob geometry)
    {
        var flags = blob[3];
        var envelope = (flags >> 1) & 7;
        var start = 8 + (envelope switch { 0 => 0, 1 => 32, 2 or 3 => 48, 4 => 64, _ => -1 });
        // Bit 5: an extension's own binary form.
        if (blob[2] != 0 || envelope > 4 || (flags & 0x20) != 0 || blob.Length < start + 5 || blob[start] > 1) return false;
        var srs = (flags & 1) != 0 ? BinaryPrimitives.ReadInt32LittleEndian(blob[4..]) : BinaryPrimitives.ReadInt32BigEndian(blob[4..]);
        return Whole(blob[(start + 1)..], blob[start] == 1, false, srs, ref geometry);
    }

    // 0x00, byte order, reference system, an envelope of 4 doubles, 0x7C, the geometry without its mark of byte order, 0xFE.
    private static bool OfSpatialite(ReadOnlySpan<byte> blob, ref GeometryBlob geometry)
    {
        if (blob.Length < 44 || blob[0] != 0 || blob[1] > 1 || blob[38] != 0x7C || blob[^1] != 0xFE) return false;
        var little = blob[1] == 1;
        var srs = little ? BinaryPrimitives.ReadInt32LittleEndian(blob[2..]) : BinaryPrimitives.ReadInt32BigEndian(blob[2..]);
        return Whole(blob[39..^1], little, true, srs, ref geometry);
    }

    private static bool Whole(ReadOnlySpan<byte> body, bool little, bool marked, int srs, ref GeometryBlob geometry)
    {
        var walk = new Walk(body, [], marked);
        if (!walk.Geometry(little, 0, out var type) || !walk.AtEnd) return false;
        geometry = new(body, little, marked, srs, type);
        return true;
    }

    public int EwkbLength => 1 + 4 + _body.Length;

    /// <summary>PostGIS's form (https://libgeos.org/specifications/wkb/#extended-wkb): the standard's, with the reference system behind the type.</summary>
    public void WriteEwkb(int srid, Span<byte> into)
    {
        into[0] = _little ? (byte)1 : (byte)0;
        _body.CopyTo(into[5..]);
        if (_marked) new Walk(_body, into[5..], true).Geometry(_little, 0, out _);
        Put(into[1..], Read(_body, _little) | EwkbHasSrid);
        Put(into[5..], (uint)srid);
    }

    private void Put(Span<byte> into, uint value)
    {
        if (_little) BinaryPrimitives.WriteUInt32LittleEndian(into, value);
        else BinaryPrimitives.WriteUInt32BigEndian(into, value);
    }

    private static uint Read(ReadOnlySpan<byte> from, bool little) => little ? BinaryPrimitives.ReadUInt32LittleEndian(from) : BinaryPrimitives.ReadUInt32BigEndian(from);

    /// <summary>Goes through a geometry and says whether it is whole. <paramref name="copy"/>: of the body, whose marks are replaced by the byte order; empty where none is made.</summary>
    private ref struct Walk(ReadOnlySpan<byte> body, Span<byte> copy, bool marked)
    {
        private readonly ReadOnlySpan<byte> _body = body;
        private readonly Span<byte> _copy = copy;
        private int _at;

        public readonly bool AtEnd => _at == _body.Length;

        public bool Geometry(bool little, int depth, out uint type)
        {
            if (!Number(little, out type) || type / 1000 > 3 || depth > MaxDepth) return false;
            var stride = (type / 1000) switch { 0 => 16, 3 => 32, _ => 24 };
            switch (type % 1000)
            {
                case 1: return Skip(1, stride);
                case 2: return Number(little, out var points) && points != 1 && Skip(points, stride);
                case 3: return Rings(little, stride);
                case 4 or 5 or 6 or 7: return Parts(little, type, depth);
                default: return false;
            }
        }

        private bool Rings(bool little, int stride)
        {
            if (!Number(little, out var rings)) return false;
            for (; rings > 0; rings--)
            {
                if (!Number(little, out var points)) return false;
                var start = _at;
                if (!Skip(points, stride)) return false;
                if (points == 0) continue;
                // Closed, in the plane; -0 and 0 are one place.
                if (points < 4 || !Same(start, _at - stride, little) || !Same(start + 8, _at - stride + 8, little)) return false;
            }
            return true;
        }

        private bool Parts(bool little, uint type, int depth)
        {
            if (!Number(little, out var parts)) return false;
            for (; parts > 0; parts--)
            {
                if (_at >= _body.Length) return false;
                var mark = _body[_at];
                if (marked ? mark != 0x69 : mark > 1) return false;
                if (!_copy.IsEmpty) _copy[_at] = little ? (byte)1 : (byte)0;
                _at++;
                if (!Geometry(marked ? little : mark == 1, depth + 1, out var part) || part / 1000 != type / 1000) return false;
                // A multipoint holds points, and so on; a collection anything.
                if (type % 1000 != 7 && part % 1000 != type % 1000 - 3) return false;
            }
            return true;
        }

        private readonly bool Same(int one, int other, bool little) => Double(one, little) == Double(other, little);

        private readonly double Double(int at, bool little) => little ? BinaryPrimitives.ReadDoubleLittleEndian(_body[at..]) : BinaryPrimitives.ReadDoubleBigEndian(_body[at..]);

        private bool Number(bool little, out uint value)
        {
            value = 0;
            if (_body.Length - _at < 4) return false;
            value = Read(_body[_at..], little);
            _at += 4;
            return true;
        }

        private bool Skip(uint count, int stride)
        {
            var bytes = (long)count * stride;
            if (bytes > _body.Length - _at) return false;
            _at += (int)bytes;
            return true;
        }
    }
}
