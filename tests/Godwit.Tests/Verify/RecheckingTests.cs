using Godwit.Verify;
using Xunit;

namespace Godwit.Tests.Verify;

public class RecheckingTests
{
    private static TableVerification Table(params (string Key, string Value)[] rows) => new()
    {
        Table = "t", Target = "t", Verdict = rows.Length == 0 ? Verdict.Equal : Verdict.Different, DifferentRows = rows.Length, Differences = [.. rows.Select(r => new RowDifference(r.Key, "n", r.Value, "0"))],
    };

    private static async Task<(VerifyReport Report, int Looks)> RunAsync(Func<int, TableVerification> look)
    {
        var looks = 0;
        var report = await Rechecking.RunAsync(_ => Task.CompletedTask, _ => Task.FromResult(new VerifyReport { Mode = VerifyMode.Full, SampleSeed = 1, Tables = [look(looks++)] }), t => t.Table, TestContext.Current.CancellationToken);
        return (report, looks);
    }

    [Fact]
    public async Task A_row_that_differs_otherwise_at_every_look_makes_its_table_not_checked()
    {
        var (report, looks) = await RunAsync(i => Table(("id=1", $"{i}")));
        Assert.Equal((Verdict.NotChecked, 6), (report.Verdict, looks));
        Assert.Contains("being written", Assert.Single(report.Tables[0].Checks).Detail);
    }

    [Fact]
    public async Task Differences_are_counted_each_by_itself()
    {
        // Some difference is always one that was there the last time, none for a third time.
        var (report, _) = await RunAsync(i => Table(("id=1", $"{i / 2}"), ("id=2", $"{(i + 1) / 2}")));
        Assert.Equal(Verdict.NotChecked, report.Verdict);
    }

    [Fact]
    public async Task A_row_that_differs_the_same_way_three_times_is_different_beside_a_busy_one()
    {
        var (report, looks) = await RunAsync(i => Table(("id=1", $"{i}"), ("id=2", "same")));
        Assert.Equal((Verdict.Different, 3), (report.Verdict, looks));
    }

    [Fact]
    public async Task Rows_that_were_each_equal_once_are_equal()
    {
        var (report, _) = await RunAsync(i => Table(i == 0 ? ("id=1", "0") : ("id=2", $"{i}")));
        Assert.Equal(Verdict.Equal, report.Verdict);
    }

    [Fact]
    public async Task Counts_without_names_are_compared_by_what_was_said()
    {
        TableVerification Counted(long rows) => new() { Table = "t", Target = "t", Verdict = Verdict.Different, SourceRows = rows, TargetRows = 9 };
        Assert.Equal(Verdict.Different, (await RunAsync(_ => Counted(10))).Report.Verdict);
        Assert.Equal(Verdict.NotChecked, (await RunAsync(i => Counted(10 + i))).Report.Verdict);
    }
}
