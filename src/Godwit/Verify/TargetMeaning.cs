using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Godwit.Verify;

/// <summary>What PostgreSQL's text output means. Reads only what PostgreSQL writes; anything else equals no source value.</summary>
internal sealed class TargetMeaning
{
    private readonly JsonMeaning _json = new();
    private LooseCell? _loose;
    private GeometryMeaning? _geometry;

    public Digest Of(ComparedColumn column, ReadOnlySpan<byte> text)
    {
        var known = column.Form switch
        {
            CellForm.Text or CellForm.JsonText or CellForm.Bytes => Digest.OfBytes(Tag.Value, text),
            CellForm.Integer => Utf8Parser.TryParse(text, out long i, out var used) && used == text.Length ? Digest.OfWord((ulong)i) : null,
            CellForm.Boolean => text.SequenceEqual("t"u8) || text.SequenceEqual("true"u8) ? Digest.OfWord(1) : text.SequenceEqual("f"u8) || text.SequenceEqual("false"u8) ? Digest.OfWord(0) : null,
            CellForm.Float8 => DoubleText.TryRead(text, out var d) ? Digest.OfWord(BitConverter.DoubleToUInt64Bits(d)) : null,
            CellForm.Float4 => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var f) ? Digest.OfWord(BitConverter.SingleToUInt32Bits(f)) : null,
            CellForm.Numeric => Number(text),
            CellForm.Uuid => Uuids.TryRead(text, false, out var uuid) ? uuid : null,
            CellForm.Json => _json.TryRead(text, out var json) ? json : null,
            CellForm.Inet => Addresses.Read(text),
            CellForm.Computed => LooseCell.Digest((_loose ??= new()).OfTarget(column.Yields!, Encoding.UTF8.GetString(text))),
            CellForm.Geometry => (_geometry ??= new()).OfText(text),
            CellForm.Interval => Durations.ReadCounts(text),
            _ => OfMoment(column.Form, text),
        };
        return known ?? Digest.OfBytes(Tag.TargetOnly, text);
    }

    private static Digest? Number(ReadOnlySpan<byte> text)
    {
        if (Decimals.TryRead(text, Tag.Value, out var digest)) return digest;
        if (text.SequenceEqual("NaN"u8)) return Decimals.NotFinite(double.NaN);
        if (text.SequenceEqual("Infinity"u8)) return Decimals.NotFinite(double.PositiveInfinity);
        return text.SequenceEqual("-Infinity"u8) ? Decimals.NotFinite(double.NegativeInfinity) : null;
    }

    private static Digest? OfMoment(CellForm form, ReadOnlySpan<byte> text)
    {
        var reader = new MomentReader(text);
        long date = 0, micros = 0;
        if (form == CellForm.Time) return reader.Time(out micros) && reader.AtEnd ? new Moment(0, micros).Digest : null;
        if (!reader.Date(out date)) return null;
        if (form != CellForm.Date && (!reader.Separator() || !reader.Time(out micros))) return null;
        if (form == CellForm.TimestampTz && (!reader.Offset(out var offset) || offset != 0)) return null;
        if (!reader.AtEnd && (!reader.Era(ref date) || !reader.AtEnd)) return null;
        return new Moment(date, micros).Digest;
    }
}

/// <summary>UUIDs as 32 hexadecimal digits, in any of the spellings in use, or as 16 bytes.</summary>
internal static class Uuids
{
    public static bool TryRead(ReadOnlySpan<byte> value, bool raw, out Digest digest)
    {
        digest = default;
        Span<byte> bytes = stackalloc byte[16];
        if (raw)
        {
            if (value.Length != 16) return false;
            digest = Digest.OfBytes(Tag.Value, value);
            return true;
        }
        value = value.Trim(" "u8);
        if (value.StartsWith("urn:uuid:"u8)) value = value["urn:uuid:".Length..];
        if (value.Length > 2 && value[0] == '{' && value[^1] == '}') value = value[1..^1];
        var digits = 0;
        foreach (var c in value)
        {
            if (c == '-') continue;
            var digit = HexDigit(c);
            if (digit < 0 || digits == 32) return false;
            bytes[digits / 2] = (byte)(bytes[digits / 2] << 4 | digit);
            digits++;
        }
        digest = Digest.OfBytes(Tag.Value, bytes);
        return digits == 32;
    }

    public static int HexDigit(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
        _ => -1,
    };
}
