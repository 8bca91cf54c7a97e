using Godwit.Follow;
using Xunit;

namespace Godwit.Tests.Follow;

public class PaceTests
{
    [Fact]
    public void Says_changes_a_second_and_by_how_much_what_waits_grows()
    {
        var clock = new Clock();
        var pace = new Pace(clock);
        Assert.Equal((null, null), pace.At(0, 1000));
        pace.Told(0, 1000);
        clock.Seconds = 2;
        Assert.Equal((50, -100), pace.At(100, 800));
    }

    /// <summary>The changes of two beats were divided by the time of one.</summary>
    [Fact]
    public void A_beat_that_could_not_be_told_does_not_shorten_the_next()
    {
        var clock = new Clock();
        var pace = new Pace(clock);
        pace.Told(0, 0);
        clock.Seconds = 1;
        pace.At(100, 10);
        clock.Seconds = 2;
        Assert.Equal((100, 10), pace.At(200, 20));
    }

    /// <summary>A connection that was made anew: the first look comes at once, and what was applied before or during the outage is no pace.</summary>
    [Fact]
    public void The_first_beat_of_a_new_stretch_says_nothing()
    {
        var clock = new Clock();
        var pace = new Pace(clock);
        pace.Told(0, 0);
        clock.Seconds = 60;
        pace.Restart(500);
        clock.Seconds = 60.01;
        Assert.Equal((null, null), pace.At(510, 5000));
        pace.Told(510, 5000);
        clock.Seconds = 61.01;
        Assert.Equal((100, -1000), pace.At(610, 4000));
    }
}
