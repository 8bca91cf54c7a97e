using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Godwit.TypeMapping;

/// <summary>Types of columns that the target has already: enumerations, addresses, durations.</summary>
public sealed partial class RowEncoder
{
    // Labels are shorter than identifiers (https://www.postgresql.org/docs/current/datatype-enum.html).
    private const int MaxLabelBytes = 63;

    private static bool IsLabel(string labels, ReadOnlySpan<byte> text)
    {
        if (text.Length > MaxLabelBytes || !Utf8Text.IsValid(text) || Utf8Text.HasNul(text)) return false;
        Span<char> wanted = stackalloc char[MaxLabelBytes + 2];
        var length = Encoding.UTF8.GetChars(text, wanted[1..]);
        wanted[0] = wanted[length + 1] = '\0';
        return labels.AsSpan().Contains(wanted[..(length + 2)], StringComparison.Ordinal);
    }

    /// <summary>Whether a column of the target holds this text, as it will be encoded.</summary>
    internal static bool HoldsText(CellEncoding kind, string? labels, ReadOnlySpan<byte> text) =>
        labels is not null ? IsLabel(labels, text)
        : kind == CellEncoding.Inet ? AddressText.TryParse(text, out _, out _)
        : DurationText.TryParse(text, out var months, out var days, out var micros) && DurationText.Fits(months, days, micros);

    // inet_recv: family, bits of the prefix, whether it is a cidr, length of the address, the address.
    private Misfit Inet(in SourceCell cell)
    {
        if (cell.Class != StorageClass.Text || !AddressText.TryParse(cell.Bytes, out var address, out var bits)) return Misfit.NotAnAddress;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        Reserve(8 + length);
        Put32(4 + length);
        _buffer[_length++] = address.AddressFamily == AddressFamily.InterNetwork ? (byte)2 : (byte)3;
        _buffer[_length++] = (byte)bits;
        _buffer[_length++] = 0;
        _buffer[_length++] = (byte)length;
        bytes[..length].CopyTo(_buffer.AsSpan(_length));
        _length += length;
        return Misfit.None;
    }

    // geometry_recv: well-known binary with the number of the reference system.
    private Misfit Geometry(GeometryLimits limits, in SourceCell cell)
    {
        if (cell.Class != StorageClass.Blob || !GeometryBlob.TryRead(cell.Bytes, out var geometry)) return Misfit.NotAGeometry;
        if (!limits.Takes(geometry)) return Misfit.OtherGeometry;
        var length = geometry.EwkbLength;
        if (!TryReserve(4L + length)) return Misfit.TooLong;
        Put32(length);
        geometry.WriteEwkb(limits.SridOf(geometry.Srs), _buffer.AsSpan(_length, length));
        _length += length;
        return Misfit.None;
    }

    // interval_recv: microseconds, days, months.
    private Misfit Interval(CellEncoding kind, in SourceCell cell)
    {
        long months = 0, days, micros;
        if (kind == CellEncoding.IntervalMicroseconds)
        {
            if (cell.Class != StorageClass.Integer) return Misfit.NotADuration;
            (days, micros) = Math.DivRem(cell.Integer, IsoText.Day);
        }
        else if (cell.Class != StorageClass.Text || !DurationText.TryParse(cell.Bytes, out months, out days, out micros))
        {
            return Misfit.NotADuration;
        }
        if (!DurationText.Fits(months, days, micros)) return Misfit.OutOfRange;
        Reserve(20);
        Put32(16);
        Put64(micros);
        Put32((int)days);
        Put32((int)months);
        return Misfit.None;
    }
}

/// <summary>IPv4 in four decimal parts or IPv6, with an optional /bits.</summary>
internal static class AddressText
{
    private static readonly SearchValues<char> s_decimal = SearchValues.Create("0123456789.");

    public static bool TryParse(ReadOnlySpan<byte> utf8, out IPAddress address, out int bits)
    {
        (address, bits) = (IPAddress.None, 0);
        if (utf8.Length is 0 or > 49) return false;
        Span<char> chars = stackalloc char[utf8.Length];
        if (Encoding.ASCII.GetChars(utf8, chars) != utf8.Length) return false;
        ReadOnlySpan<char> text = chars;
        var slash = text.IndexOf('/');
        var given = slash < 0 ? default : text[(slash + 1)..];
        if (slash >= 0) text = text[..slash];
        // .NET takes 10.1, 010.0.0.1 and 0x7f000001 for IPv4 too, a scope behind IPv6, and brackets with a port, which it drops.
        if (text.IndexOfAny('%', '[') >= 0) return false;
        var quad = text[(text.LastIndexOf(':') + 1)..];
        if ((quad.Length == text.Length || quad.Contains('.')) && !IsQuad(quad)) return false;
        if (!IPAddress.TryParse(text, out var parsed)) return false;
        address = parsed;
        var all = parsed.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        bits = all;
        return slash < 0 || given is not ['0', _, ..] && int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out bits) && bits <= all;
    }

    private static bool IsQuad(ReadOnlySpan<char> text)
    {
        if (text.Count('.') != 3 || text.IndexOfAnyExcept(s_decimal) >= 0) return false;
        foreach (var part in text.Split('.'))
            if (text[part] is { Length: 0 or > 3 } or ['0', _, ..]) return false;
        return true;
    }
}

/// <summary>[-][d.]hh:mm[:ss[.f]] as .NET's TimeSpan, and P[nY][nM][nW][nD][T[nH][nM][n.fS]] of ISO 8601, each number with a sign of its own.</summary>
internal static class DurationText
{
    private static readonly SearchValues<byte> s_number = SearchValues.Create("0123456789.-+"u8);

    public static bool TryParse(ReadOnlySpan<byte> s, out long months, out long days, out long micros)
    {
        months = days = micros = 0;
        var negative = !s.IsEmpty && s[0] == '-';
        if (negative) s = s[1..];
        if (s.IsEmpty || s.Length > 60) return false;
        if (s[0] == 'P' ? !Iso(s[1..], ref months, ref days, ref micros) : !Clock(s, ref days, ref micros)) return false;
        if (negative) (months, days, micros) = (-months, -days, -micros);
        return true;
    }

    /// <summary>Within interval's fields, and the days and the time within 64 bits of microseconds, in which they are compared.</summary>
    public static bool Fits(long months, long days, long micros) =>
        (int)months == months && (int)days == days && (Int128)days * IsoText.Day + micros is var all && all >= long.MinValue && all <= long.MaxValue;

    private static bool Clock(ReadOnlySpan<byte> s, ref long days, ref long micros)
    {
        var point = s.IndexOf((byte)'.');
        var colon = s.IndexOf((byte)':');
        if (point >= 0 && point < colon)
        {
            if (!Number(s[..point], out days)) return false;
            s = s[(point + 1)..];
        }
        // A TimeSpan's seventh digit is rounded as PostgreSQL does it.
        if (s.IndexOf((byte)' ') >= 0 || !IsoText.ParseTime(s, out micros, out _, out var tooFine)) return false;
        if (tooFine) micros += IsoText.RoundingUp(s);
        return true;
    }

    private static bool Iso(ReadOnlySpan<byte> s, ref long months, ref long days, ref long micros)
    {
        var time = false;
        var last = 0;
        if (s.IsEmpty) return false;
        while (!s.IsEmpty)
        {
            if (s[0] == 'T')
            {
                if (time || s.Length == 1) return false;
                time = true;
                s = s[1..];
                continue;
            }
            var end = s.IndexOfAnyExcept(s_number);
            if (end <= 0 || !decimal.TryParse(s[..end], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n) || Math.Abs(n) > 1e9m) return false;
            // Digits stand on both sides of a point, which only the seconds have.
            if (s[..end].IndexOf((byte)'.') is >= 0 and var point && (s[end] != 'S' || point == end - 1 || (uint)(s[Math.Max(point - 1, 0)] - '0') > 9)) return false;
            // Each part once, the largest first.
            var part = (time ? "HMS"u8 : "YMWD"u8).IndexOf(s[end]) + (time ? 5 : 1);
            if (part <= last) return false;
            last = part;
            switch ((char)s[end])
            {
                case 'Y' when !time: months += (long)n * 12; break;
                case 'M' when !time: months += (long)n; break;
                case 'W' when !time: days += (long)n * 7; break;
                case 'D' when !time: days += (long)n; break;
                case 'H' when time: micros += (long)n * 3600 * IsoText.Second; break;
                case 'M' when time: micros += (long)n * 60 * IsoText.Second; break;
                case 'S' when time: micros += (long)decimal.Round(n * IsoText.Second, MidpointRounding.AwayFromZero); break;
                default: return false;
            }
            s = s[(end + 1)..];
        }
        return true;
    }

    private static bool Number(ReadOnlySpan<byte> s, out long value) => long.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
