using Godwit.Plan;
using Godwit.PostData;
using Godwit.Schema;
using Xunit;

namespace Godwit.Tests.PostData;

/// <summary>Which steps run side by side, and in which order they begin.</summary>
public class StepQueueTests
{
    [Fact]
    public async Task Keys_and_indexes_of_different_tables_run_side_by_side_and_those_of_one_do_not()
    {
        var queue = Queue([Table("small", 10), Table("large", 1000)],
            Step(StepKind.Index, "large", "l1"), Step(StepKind.Index, "large", "l2"), Step(StepKind.Constraint, "large", "lk"), Step(StepKind.Constraint, "small", "sk"), Step(StepKind.Index, "small", "s1"), Step(StepKind.Attach, "small", "attach"));

        var large = await TakeAsync(queue);
        var small = await TakeAsync(queue);
        Assert.Equal(("lk", "sk"), (Ids(large), Ids(small)));
        Assert.True(NothingIsFree(queue));
        queue.Done(small);
        var index = await TakeAsync(queue);
        Assert.Equal("s1", Ids(index));
        queue.Done(large);
        // Indexes of one table take no lock against each other.
        var (one, other) = (await TakeAsync(queue), await TakeAsync(queue));
        Assert.Equal(("l1", "l2"), (Ids(one), Ids(other)));
        queue.Done(index);
        queue.Done(one);
        Assert.True(NothingIsFree(queue));
        queue.Done(other);
        Assert.Equal("attach", Ids(await TakeAsync(queue)));
    }

    /// <summary>It has no rows of its own, and yet is more work than anything else.</summary>
    [Fact]
    public async Task Statistics_of_a_partitioned_table_are_gathered_first()
    {
        var queue = Queue([Table("whole_1", 400) with { Tree = "whole" }, Table("whole_2", 400) with { Tree = "whole" }, Table("plain", 500)],
            Step(StepKind.Analyze, "plain", "plain"), Step(StepKind.Analyze, "whole", "whole"), Step(StepKind.ForeignKeyValidation, "whole_1", "validate"));

        var first = await TakeAsync(queue);
        var second = await TakeAsync(queue);

        // ANALYZE of the whole takes the locks of its parts.
        Assert.Equal(("validate", "plain"), (Ids(first), Ids(second)));
        Assert.True(NothingIsFree(queue));
        queue.Done(first);
        Assert.Equal("whole", Ids(await TakeAsync(queue)));
    }

    [Fact]
    public async Task What_was_put_off_comes_alone_in_the_plans_order_before_the_next_phase()
    {
        SqlStep[] steps = [Step(StepKind.Index, "t", "one"), Step(StepKind.Index, "t", "two"), Step(StepKind.Index, "other", "three"), Step(StepKind.Attach, "t", "attach")];
        var queue = Queue([Table("t", 10), Table("other", 10)], steps);
        var (one, two, three) = (await TakeAsync(queue), await TakeAsync(queue), await TakeAsync(queue));

        queue.PutOff(steps[1]);
        queue.Done(two);
        queue.PutOff(steps[0]);
        queue.Done(one);
        Assert.True(NothingIsFree(queue));
        queue.Done(three);

        var again = await TakeAsync(queue);
        Assert.Equal("one,two", Ids(again));
        Assert.True(again.IsAlone);
        Assert.True(NothingIsFree(queue));
        queue.Done(again);
        Assert.Equal("attach", Ids(await TakeAsync(queue)));
    }

    [Theory]
    [InlineData("STATISTICS public.s", "first,late,analyze")]
    [InlineData("TRIGGER public.t", "first,analyze,late")]
    public async Task What_ANALYZE_looks_at_is_there_before(string late, string order)
    {
        var queue = Queue([Table("t", 5)], Step(StepKind.ForeignKeyValidation, "t", "first"), Step(StepKind.Late, "t", late), Step(StepKind.Analyze, "t", "analyze"));
        Assert.Equal(order, (await AllAsync(queue)).Replace(late, "late", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Small_ones_keep_their_order_one_batch_after_the_other()
    {
        var steps = Enumerable.Range(0, 120).Select(i => Step(StepKind.Object, null, $"o{i}")).ToArray();
        var queue = Queue([], steps);

        Assert.Equal(1, queue.Width);
        var first = await TakeAsync(queue);
        Assert.True(NothingIsFree(queue));
        Assert.True(first.Together);
        queue.Done(first);
        Assert.Equal(steps.Select(s => s.Id), [.. first.Steps.Select(s => s.Id), .. (await AllAsync(queue)).Split(',')]);
    }

    [Fact]
    public void The_longest_index_is_known_where_it_outweighs_all_the_others()
    {
        Assert.Equal("long", Queue([Table("a", 1000), Table("b", 10)], Step(StepKind.Index, "a", "long"), Step(StepKind.Index, "b", "short"), Step(StepKind.Constraint, "b", "key")).Longest);
        Assert.Null(Queue([Table("a", 1000), Table("b", 900)], Step(StepKind.Index, "a", "long"), Step(StepKind.Index, "b", "short"), Step(StepKind.Constraint, "b", "key")).Longest);
    }

    /// <summary>Dropping a key takes the other table's lock too: a plan for tables that were there before does so one after the other.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Keys_that_are_dropped_are_dropped_one_after_the_other(bool inPlace)
    {
        var queue = Queue([Table("a", 1), Table("b", 1)], inPlace, [], Step(StepKind.Constraint, "a", "off a"), Step(StepKind.Constraint, "b", "off b"));
        Assert.Equal(1, queue.Width);
        Assert.Equal("off a,off b", Ids(await TakeAsync(queue)));
    }

    /// <summary>ADD CONSTRAINT would keep every other index of its table waiting.</summary>
    [Fact]
    public async Task A_key_whose_index_is_built_ahead_comes_behind_the_indexes_that_are_built_beside_it()
    {
        var key = new SqlStep("key", StepKind.Constraint, "key", "ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (id)", "") { Table = "t" };
        var build = KeyBuild.Of(key)!;
        var queue = Queue([Table("t", 1000)], inPlace: true, [Step(StepKind.Object, null, "tables")], [build], [key, Step(StepKind.Index, "t", "i1"), Step(StepKind.Index, "t", "i2"), Step(StepKind.Attach, "t", "attach")]);

        Assert.Equal(3, queue.Width);
        StepGroup[] indexes = [await TakeAsync(queue), await TakeAsync(queue), await TakeAsync(queue)];
        Assert.Equal("build key,i1,i2", string.Join(',', indexes.Select(Ids).Order(StringComparer.Ordinal)));
        Assert.True(NothingIsFree(queue));
        // It would wait in the server for those that are not done.
        queue.Done(indexes.Single(g => Ids(g) == "build key"));
        Assert.True(NothingIsFree(queue));
        foreach (var index in indexes.Where(g => Ids(g) != "build key")) queue.Done(index);
        Assert.Equal("key,attach", await AllAsync(queue));
    }

    /// <summary>A worker too many keeps the server from giving the others parallel workers of its own; one too few leaves a processor idle.</summary>
    [Theory]
    [InlineData(true, 5)]
    [InlineData(false, 3)]
    public void As_many_can_be_at_work_as_do_not_wait_for_each_other(bool inPlace, int width)
    {
        SqlStep[] steps = [Step(StepKind.Index, "a", "a1"), Step(StepKind.Index, "a", "a2"), Step(StepKind.Index, "a", "a3"), Step(StepKind.Constraint, "b", "bk"), Step(StepKind.Constraint, "c", "ck"), Step(StepKind.Index, "c", "c1")];
        // From a file, keys come before indexes.
        Assert.Equal(width, Queue([Table("a", 1), Table("b", 1), Table("c", 1)], inPlace, [Step(StepKind.Object, null, "tables")], inPlace ? steps : steps[..3]).Width);
    }

    private static StepQueue Queue(TablePlan[] tables, params SqlStep[] steps) => Queue(tables, inPlace: true, [Step(StepKind.Object, null, "tables")], steps);

    private static StepQueue Queue(TablePlan[] tables, bool inPlace, SqlStep[] before, params SqlStep[] steps) =>
        Queue(tables, inPlace, before, [], steps);

    private static StepQueue Queue(TablePlan[] tables, bool inPlace, SqlStep[] before, KeyBuild[] builds, SqlStep[] steps) =>
        new(steps, builds, new() { Source = "s", SourcePosition = "1", TargetSchema = "public", LoadSchema = "l", InPlace = inPlace, PreData = [.. before], Tables = [.. tables] });

    private static TablePlan Table(string name, long rows) => new() { Source = name, Load = new("public", name), Target = new("public", name), Columns = [], Rows = rows };

    private static SqlStep Step(StepKind kind, string? table, string id) => new(id, kind, id, "SELECT 1", "") { Table = table };

    private static string Ids(StepGroup? group) => string.Join(',', group!.Steps.Select(s => s.Id));

    /// <summary>What is free is handed out at once; the queue would wait for the others for ever.</summary>
    private static async Task<StepGroup> TakeAsync(StepQueue queue)
    {
        var taking = queue.TakeAsync(TestContext.Current.CancellationToken);
        Assert.True(taking.IsCompleted, "no group is free");
        return (await taking)!;
    }

    private static bool NothingIsFree(StepQueue queue)
    {
        using var stop = new CancellationTokenSource();
        var waiting = queue.TakeAsync(stop.Token);
        var free = waiting.IsCompleted;
        stop.Cancel();
        return !free;
    }

    /// <summary>What is left, by one worker.</summary>
    private static async Task<string> AllAsync(StepQueue queue)
    {
        var ids = new List<string>();
        while (await queue.TakeAsync(TestContext.Current.CancellationToken) is { } group)
        {
            ids.Add(Ids(group));
            queue.Done(group);
        }
        return string.Join(',', ids);
    }
}
