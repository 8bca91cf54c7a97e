using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Godwit.TypeMapping;

namespace Godwit.Verify;

/// <summary>Addresses by their bytes and the length of the prefix, however they are spelled.</summary>
internal static class Addresses
{
    public static Digest? Read(ReadOnlySpan<byte> utf8)
    {
        var parts = Encoding.UTF8.GetString(utf8).Split('/');
        // Of '[::1]:80', .NET drops the port in silence.
        if (parts.Length > 2 || parts[0].AsSpan().IndexOfAny('%', '[') >= 0 || !IPAddress.TryParse(parts[0], out var address)) return null;
        var bytes = address.GetAddressBytes();
        var bits = bytes.Length * 8;
        if (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out bits)) return null;
        return Digest.OfBytes(Tag.Value, [(byte)bits, .. bytes]);
    }
}

/// <summary>Durations by their months and microseconds, read without a look at the encoder.</summary>
internal static partial class Durations
{
    [GeneratedRegex(@"^(?<sign>-?)(?:(?<d>[0-9]+)\.)?(?<h>[0-9]{2}):(?<m>[0-9]{2})(?::(?<s>[0-9]{2}(?:\.[0-9]+)?))?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Clock { get; }

    [GeneratedRegex(@"^(?<sign>-?)P(?:(?<y>[-+]?[0-9]+)Y)?(?:(?<mo>[-+]?[0-9]+)M)?(?:(?<w>[-+]?[0-9]+)W)?(?:(?<d>[-+]?[0-9]+)D)?(?:T(?:(?<h>[-+]?[0-9]+)H)?(?:(?<m>[-+]?[0-9]+)M)?(?:(?<s>[-+]?[0-9]+(?:\.[0-9]+)?)S)?)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Iso { get; }

    public static Digest? Read(CellEncoding encoding, in SourceCell cell)
    {
        if (encoding == CellEncoding.IntervalMicroseconds) return cell.Class == StorageClass.Integer ? Digest.OfWords(Tag.Value, 0, (ulong)cell.Integer) : null;
        if (cell.Class != StorageClass.Text) return null;
        var text = Encoding.UTF8.GetString(cell.Bytes);
        var match = Clock.Match(text) is { Success: true } clock ? clock : Iso.Match(text);
        if (!match.Success) return null;
        var fits = true;
        decimal Part(string name)
        {
            if (match.Groups[name] is not { Success: true } g) return 0;
            fits &= decimal.TryParse(g.Value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var part) && Math.Abs(part) < 1e15m;
            return fits ? part : 0;
        }
        var sign = match.Groups["sign"].Length > 0 ? -1 : 1;
        var months = Part("y") * 12 + Part("mo");
        var seconds = (Part("w") * 7 + Part("d")) * 86_400 + Part("h") * 3_600 + Part("m") * 60;
        var micros = seconds * 1_000_000 + decimal.Round(Part("s") * 1_000_000, MidpointRounding.AwayFromZero);
        if (!fits || Math.Abs(micros) > long.MaxValue) return null;
        return Digest.OfWords(Tag.Value, (ulong)(long)(sign * months), (ulong)(long)(sign * micros));
    }

    /// <summary>"14 90061000000", as <see cref="ComparedColumn.SelectFrom"/> asks for it.</summary>
    public static Digest? ReadCounts(ReadOnlySpan<byte> text)
    {
        var space = text.IndexOf((byte)' ');
        return space > 0 && long.TryParse(text[..space], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var months) && long.TryParse(text[(space + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var micros)
            ? Digest.OfWords(Tag.Value, (ulong)months, (ulong)micros) : null;
    }
}
