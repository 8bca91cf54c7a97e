using Godwit.Cli.Terminal;
using Xunit;

namespace Godwit.Tests.Cli;

public class ProgressTests
{
    [Fact]
    public void Totals_only_grow_and_a_finished_table_is_whole()
    {
        var state = new ProgressState(TimeProvider.System);
        state.Apply(new MigrationEvent.TableStarted(Stage.Copy, "users", 100));
        state.Apply(new MigrationEvent.TableProgress(Stage.Copy, "users", 60, 6000));
        state.Apply(new MigrationEvent.TableProgress(Stage.Copy, "users", 40, 4000));
        Assert.Equal((60, 6000), (state.Tables[0].Rows, state.Tables[0].Bytes));
        Assert.Equal(0.6, state.Tables[0].Share);
        state.Apply(new MigrationEvent.TableFinished(Stage.Copy, "users", 99, 1, TimeSpan.FromSeconds(1)));
        Assert.Equal(1, state.Tables[0].Share);
    }

    [Theory]
    [InlineData(0.0042, "0.004 s")]
    [InlineData(0.42, "0.42 s")]
    [InlineData(12.34, "12.3 s")]
    [InlineData(192, "3 min 12 s")]
    [InlineData(3900, "1 h 05 min")]
    public void Times_are_read_at_a_glance(double seconds, string text) => Assert.Equal(text, Units.Time(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("internships", 20, "internships")]
    [InlineData("a_very_long_table_name", 10, "a_ver…name")]
    public void A_long_name_keeps_both_ends(string name, int width, string text) => Assert.Equal(text, Units.Fit(name, width));
}
