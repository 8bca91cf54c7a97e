using Godwit.Cli.Commands;
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
    [InlineData(80)]
    [InlineData(200)]
    public void The_picture_of_a_run_fits_its_terminal_at_every_moment(int columns)
    {
        var written = new StringWriter { NewLine = "\n" };
        var shell = new CliSetup { Columns = columns }.Shell(written, written);
        var screen = new Screen(shell, new GlobalOptions());
        var view = new LiveProgress(shell, screen);
        string[] Picture()
        {
            written.GetStringBuilder().Clear();
            screen.Error.Write(view.Render(columns));
            var lines = written.ToString().TrimEnd().Split('\n');
            Assert.All(lines, l => Assert.InRange(l.TrimEnd().Length, 1, columns));
            return lines;
        }

        Assert.Single(Picture());
        view.Report(new MigrationEvent.StageStarted(Stage.Copy, "copying rows"));
        for (var i = 0; i < 30; i++) view.Report(new MigrationEvent.TableStarted(Stage.Copy, $"a_rather_long_table_name_[{i}]", 3_000_000_000));
        view.Report(new MigrationEvent.TableProgress(Stage.Copy, "a_rather_long_table_name_[3]", 2_999_999_999, 999_999_999_999));
        view.Report(new MigrationEvent.TableFinished(Stage.Copy, "a_rather_long_table_name_[4]", 3_000_000_000, 2, TimeSpan.FromMinutes(61)));
        view.Report(new MigrationEvent.StepStarted("index", new string('x', 300)));
        Assert.Contains(Picture(), l => l.Contains("16 more tables", StringComparison.Ordinal));
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
