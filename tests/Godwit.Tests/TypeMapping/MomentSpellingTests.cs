using Godwit.TypeMapping;
using Xunit;
using static Godwit.Tests.TypeMapping.Values;

namespace Godwit.Tests.TypeMapping;

public class MomentSpellingTests
{
    private static Spellings? Of(string type, params object?[] values) => Profile(type, values).Spelling?.Parts;

    [Fact]
    public void Of_several_spellings_the_plainest_is_taken()
    {
        Assert.Equal(Spellings.DateSpace | Spellings.Seconds | Spellings.NoZone, Of("DATETIME", "2024-01-01 10:00:00", Null));
        Assert.Equal(Spellings.DateT | Spellings.Milliseconds | Spellings.Z, Of("DATETIME", "2024-01-01T10:00:00.123Z"));
        Assert.Equal(Spellings.DateSpace | Spellings.Microseconds | Spellings.NoZone, Of("DATETIME", "2024-01-01 10:00:00.123456", "2024-01-01 10:00:00.000000"));
        Assert.Equal(Spellings.DateSpace | Spellings.MicrosecondsOrNone | Spellings.NoZone, Of("DATETIME", "2024-01-01 10:00:00.123450", "2024-01-01 10:00:00"));
        Assert.Equal(Spellings.DateSpace | Spellings.AsNeeded | Spellings.NoZone, Of("DATETIME", "2024-01-01 10:00:00.12", "2024-01-01 10:00:00"));
    }

    [Theory]
    [InlineData("2024-01-01T10:00:00")]
    [InlineData("2024-01-01 10:00")]
    [InlineData("2024-01-01 10:00:00.100")]
    [InlineData("2024-01-01 10:00:00.000000")]
    [InlineData("2024-01-01 10:00:00.1000000")]
    [InlineData("2024-01-01")]
    [InlineData("2024-01-01 10:00:00Z")]
    public void One_that_is_spelled_otherwise_leaves_none(string other)
    {
        var profile = Profile("DATETIME", "2024-01-01 10:00:00", other);
        Assert.Null(profile.Spelling);
        Assert.True(profile.SpelledVariously);
    }

    [Fact]
    public void Spellings_that_Godwit_does_not_write_are_none() =>
        Assert.All(["2024-01-01 10:00:00+02:00", "2024-01-01 10:00:00z", "2024-01-01 10:00:00 UTC", "2024-01-01 10:00:00.1230", "2024-01-01 10:00:00 Z"], text => Assert.Null(Of("DATETIME", text)));

    [Fact]
    public void Ranges_of_a_table_agree_only_where_their_values_do()
    {
        ColumnProfile space = Profile("DATETIME", "2024-01-01 10:00:00"), letter = Profile("DATETIME", "2024-01-01T10:00:00"), none = Profile("DATETIME", Null);

        Assert.True(space.Merge(letter).SpelledVariously);
        Assert.Equal(space.Spelling, none.Merge(space).Merge(none).Spelling);
        Assert.Null(none.Spelling);
        Assert.False(none.SpelledVariously);
    }

    [Fact]
    public void A_time_of_day_behind_a_date_is_spelled_otherwise_than_one_without()
    {
        Assert.Equal(Spellings.DateSpace | Spellings.Seconds | Spellings.NoZone, Of("TIME", "2000-01-01 10:00:00"));
        Assert.Equal(Spellings.NoDate | Spellings.Minutes | Spellings.NoZone, Of("TIME", "10:00"));
        Assert.Null(Of("TIME", "10:00:00", "2000-01-01 10:00:00"));
        // The date before it would be the next day's.
        Assert.Null(Of("TIME", "2000-01-01 24:00:00", "2000-01-01 10:00:00"));
    }
}
