using System.Globalization;
using System.Text;
using Godwit.Verify;
using Xunit;

namespace Godwit.Tests.Verify;

public class DoubleTextTests
{
    private static void AssertReads(string text)
    {
        Assert.True(DoubleText.TryRead(Encoding.ASCII.GetBytes(text), out var value), text);
        Assert.Equal(BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)), BitConverter.DoubleToInt64Bits(value));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("1")]
    [InlineData("-1.5")]
    [InlineData("0.1")]
    [InlineData("123456.7890625")]
    [InlineData("9007199254740991")]
    [InlineData("9007199254740992")]
    [InlineData("9007199254740993")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999")]
    [InlineData("0.000000000000000001")]
    [InlineData("1.7976931348623157e+308")]
    [InlineData("5e-324")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    [InlineData("NaN")]
    public void Reads_what_the_framework_reads(string text) => AssertReads(text);

    [Fact]
    public void Reads_the_shortest_form_of_any_double()
    {
        var random = new Random(7);
        for (var i = 0; i < 200_000; i++)
        {
            AssertReads(BitConverter.Int64BitsToDouble(random.NextInt64()).ToString("R", CultureInfo.InvariantCulture));
            AssertReads((random.NextInt64(1_000_000_000_000) / Math.Pow(10, random.Next(12))).ToString("R", CultureInfo.InvariantCulture));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1.2.3")]
    [InlineData("12a")]
    public void Refuses_what_is_no_number(string text) => Assert.False(DoubleText.TryRead(Encoding.ASCII.GetBytes(text), out _));
}
