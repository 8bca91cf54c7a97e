using System.Diagnostics;
using Godwit.Wire;
using Xunit;

namespace Godwit.Tests.Wire;

public sealed class RestTests
{
    [Theory]
    [InlineData(100)]
    [InlineData(2000)]
    public void A_rest_is_as_long_as_it_was_asked_for(int microseconds)
    {
        var started = Stopwatch.GetTimestamp();
        Rest.For(TimeSpan.FromMicroseconds(microseconds));
        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromMicroseconds(microseconds));
    }
}
