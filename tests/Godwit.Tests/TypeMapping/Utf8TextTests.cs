using System.Text;
using Godwit.TypeMapping;
using Xunit;

namespace Godwit.Tests.TypeMapping;

public class Utf8TextTests
{
    [Fact]
    public void Plain_is_ascii_without_nul_at_every_length_and_place()
    {
        for (var length = 1; length < 70; length++)
        {
            var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, length).Select(i => (char)(1 + i * 7 % 127))));
            Assert.True(Utf8Text.IsPlain(text), $"length {length}");
            for (var at = 0; at < length; at++)
                foreach (var odd in new byte[] { 0, 128, 129, 195, 255 })
                {
                    var (was, _) = (text[at], text[at] = odd);
                    Assert.False(Utf8Text.IsPlain(text), $"{odd} at {at} of {length}");
                    text[at] = was;
                }
        }
        Assert.True(Utf8Text.IsPlain([]));
    }
}
