using System.Text;
using Godwit.TypeMapping;
using Godwit.Verify;
using Xunit;

namespace Godwit.Tests.Verify;

/// <summary>The encoder and the verifier read durations each in its own way; what one writes, the other must find.</summary>
public class DurationsTests
{
    private static readonly string[] s_parts = ["P", "T", "1", "0", "12", "59", "007", "00000000000000000000001", ".", ".5", "0.0000005", "0.0000015", "99", "1000000000", "Y", "M", "W", "D", "H", "M", "S", "-", "+", ":", "01:02:03", "23:59", "1.02:03:04.1234565", "\n", " "];

    [Fact]
    public void What_is_encoded_is_read_alike()
    {
        var random = new Random(3);
        var taken = 0;
        for (var i = 0; i < 400_000; i++)
        {
            var text = (i % 2 == 0 ? "P" : "") + string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => s_parts[random.Next(s_parts.Length)]));
            var utf8 = Encoding.UTF8.GetBytes(text);
            var read = Durations.Read(CellEncoding.Interval, SourceCell.OfText(utf8));
            if (!DurationText.TryParse(utf8, out var months, out var days, out var micros) || !DurationText.Fits(months, days, micros)) continue;
            taken++;
            Assert.True(read == Digest.OfWords(Tag.Value, (ulong)months, (ulong)(days * 86_400_000_000 + micros)), text);
        }
        Assert.InRange(taken, 1_000, 400_000);
    }
}
