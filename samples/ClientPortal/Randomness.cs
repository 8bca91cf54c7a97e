using System.Text;
using Godwit.Samples.InternshipTracker;

namespace Godwit.Samples.ClientPortal;

internal static class Randomness
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Marked as a version 4 identifier, as the services make them.</summary>
    public static Guid Id(this SeededRandom random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The identifier of user number <paramref name="index"/>: every topic knows it without a table in memory.</summary>
    public static Guid User(this PortalOptions options, int index) => new SeededRandom(((ulong)(uint)options.Seed << 32) ^ (ulong)index ^ 0xA17B_0000_0000_0000).Id();

    public static string Letter(this SeededRandom random, int count, string alphabet = Letters)
    {
        var text = new StringBuilder(count);
        for (var i = 0; i < count; i++) text.Append(alphabet[random.Below(alphabet.Length)]);
        return text.ToString();
    }

    public static string Hex(this SeededRandom random, int bytes) => random.Letter(bytes * 2, "0123456789abcdef");

    public static string Base64(this SeededRandom random, int bytes)
    {
        var data = new byte[bytes];
        random.Fill(data);
        return Convert.ToBase64String(data).TrimEnd('=');
    }

    /// <summary>Within the given number of days before the portal's last day.</summary>
    public static DateTime Past(this SeededRandom random, int days) =>
        PortalGenerator.Today.AddDays(-random.Below(days)).AddSeconds(-random.Below(86_400)).AddMicroseconds(random.Below(1_000_000));

    public static DateTime Day(this SeededRandom random, int days) => PortalGenerator.Today.AddDays(-random.Below(days));

    /// <summary>With two decimals.</summary>
    public static decimal Money(this SeededRandom random, int below) => random.Below(below) + random.Below(100) / 100m;
}
