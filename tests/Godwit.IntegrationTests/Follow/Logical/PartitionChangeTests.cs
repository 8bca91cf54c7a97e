using System.Globalization;
using System.Text.RegularExpressions;
using Godwit.Follow.Logical;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>Partitions that are attached, detached and dropped while their table is followed by triggers: no trigger notes that, and nothing of it is passed over.</summary>
public sealed class PartitionChangeTests(PostgresFixture postgres)
{
    private const string Schema = """
        create table part (id int, k int, v text, t int, primary key (id, k)) partition by list (k); create table part_1 partition of part for values in (1); create table part_2 partition of part for values in (2);
        create table loose (k int, v text) partition by list (k); create table loose_1 partition of loose for values in (1);
        """;

    /// <summary>Tables that are made when the stream has begun: nobody follows them by themselves.</summary>
    private const string Alone = "create table later (id int not null, k int not null, v text, t int); create table loose_2 (k int, v text);";

    private async Task<StreamPair> PairAsync(string meanwhile = "")
    {
        var pair = await StreamPair.CreateAsync(postgres, Schema, "insert into part select i, 1 + i % 2, 'v' from generate_series(1, 20) i; insert into loose values (1, 'a'), (1, 'a')", meanwhile, method: FollowMethod.Triggers);
        await pair.Target.ExecuteAsync(Alone);
        if (meanwhile.Length == 0) await pair.Source.ExecuteAsync(Alone);
        return pair;
    }

    private static async Task CaughtUpAsync(StreamPair pair, int conflicts = 0)
    {
        Assert.Equal(conflicts, (await pair.CatchUpAsync()).Conflicts);
        await pair.AssertEqualAsync();
    }

    /// <summary>The statements of a hint, after "Run at the other side" and after "here".</summary>
    private static (string There, string Here) Told(GodwitException stopped)
    {
        Assert.Equal(("follow-schema-changed", ErrorKind.Blocked), (stopped.Code, stopped.Kind));
        var told = Regex.Match(stopped.Hint!, "^(?:Run at the other side: (?<there>[^;]*);|godwit verify).* here, and follow: (?<here>.*;)$");
        Assert.True(told.Success, stopped.Hint);
        return (told.Groups["there"].Value, told.Groups["here"].Value);
    }

    private const string Attach = "alter table part attach partition later for values in (3)", AttachLoose = "alter table loose attach partition loose_2 for values in (2)";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rows_that_a_partition_brings_along_arrive_also_where_it_is_written_to_at_once(bool written)
    {
        await using var pair = await PairAsync();
        await pair.Source.ExecuteAsync("insert into later values (31, 3, 'x'), (32, 3, 'y'), (33, 3, 'z'), (34, 3, 'w'); insert into loose_2 values (2, 'b'), (2, 'b'), (2, 'c')");
        await pair.Target.ExecuteAsync(Attach);
        await pair.Target.ExecuteAsync(AttachLoose);
        await pair.Source.ExecuteAsync(Attach);
        await pair.Source.ExecuteAsync(AttachLoose);
        // Rows that came with it and are changed or gone since, and some that triggers have noted.
        if (written) await pair.Source.ExecuteAsync("update part set v = 'changed' where id = 31; update part set id = 99 where id = 32; insert into part values (40, 3, 'noted'), (41, 3, 'short'); delete from part where id = 41; insert into loose values (2, 'b'), (2, 'd')");

        // Row 32 came with the partition and went before anybody looked: it is deleted where it never was.
        await CaughtUpAsync(pair, conflicts: written ? 1 : 0);
        Assert.Equal(written ? "31,33,34,40,99" : "31,32,33,34", (await pair.Target.QueryAsync("select string_agg(id::text, ',' order by id) from later"))[0]);
        Assert.Equal(written ? "bbbcd" : "bbc", (await pair.Target.QueryAsync("select string_agg(v, '' order by v) from loose_2"))[0]);
        // Known from then on.
        await pair.Source.ExecuteAsync("delete from part where id = 33; insert into loose values (2, 'c')");
        await CaughtUpAsync(pair);
    }

    [Fact]
    public async Task One_that_was_attached_during_the_copy_arrives()
    {
        await using var pair = await PairAsync($"create table later (id int not null, k int not null, v text, t int); insert into later values (31, 3, 'x'); {Attach}");
        await pair.Target.ExecuteAsync(Attach);
        await CaughtUpAsync(pair);
        Assert.Equal("1", (await pair.Target.QueryAsync("select count(*) from later"))[0]);
    }

    [Theory]
    [InlineData("alter table part detach partition part_2", "alter table public.part detach partition public.part_2")]
    [InlineData("drop table part_2", "drop table public.part_2")]
    public async Task One_that_is_gone_stops_the_stream_until_it_is_gone_at_the_other_side(string sql, string there)
    {
        await using var pair = await PairAsync();
        await pair.Source.ExecuteAsync("insert into part values (50, 1, 'before')");
        await CaughtUpAsync(pair);
        await pair.Source.ExecuteAsync(sql);
        await pair.Source.ExecuteAsync("insert into part values (51, 1, 'after')");

        var stopped = await Assert.ThrowsAsync<GodwitException>(() => pair.CatchUpAsync());
        Assert.Contains("public.part_2", stopped.Problem, StringComparison.Ordinal);
        var told = Told(stopped);
        Assert.Equal(there, told.There);
        Assert.Equal("0", (await pair.Target.QueryAsync("select count(*) from part where id = 51"))[0]);
        Assert.Equal("follow-schema-changed", (await Assert.ThrowsAsync<GodwitException>(() => pair.CatchUpAsync())).Code);

        await pair.Target.ExecuteAsync(told.There);
        await pair.Source.ExecuteAsync(told.Here);
        await CaughtUpAsync(pair);
        Assert.Equal("1", (await pair.Target.QueryAsync("select count(*) from part where id = 51"))[0]);
    }

    /// <summary>Nothing else is written: the look itself notices.</summary>
    [Fact]
    public async Task A_follower_at_work_notices_while_nothing_is_written()
    {
        await using var pair = await PairAsync();
        var follow = pair.FollowAsync(null, StreamPair.Token);
        await pair.Source.ExecuteAsync("insert into later values (31, 3, 'x')");
        await pair.Target.ExecuteAsync(Attach);
        await pair.Source.ExecuteAsync(Attach);
        await pair.Target.WaitForAsync("select count(*) from later", "1");
        await pair.Source.ExecuteAsync("alter table part detach partition later");
        Assert.Contains("public.later", (await Assert.ThrowsAsync<GodwitException>(() => follow)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_was_away_for_a_while_is_not_taken_for_one_that_was_there()
    {
        await using var pair = await PairAsync();
        await pair.Source.ExecuteAsync("alter table part detach partition part_2; insert into part_2 values (70, 2, 'unnoted'); alter table part attach partition part_2 for values in (2)");
        var told = Told(await Assert.ThrowsAsync<GodwitException>(() => pair.CatchUpAsync()));
        await pair.Target.ExecuteAsync("insert into part values (70, 2, 'unnoted')");
        await pair.Source.ExecuteAsync(told.Here);
        await CaughtUpAsync(pair);
    }

    /// <summary>A moment for a verification would see rows that nobody has noted yet.</summary>
    [Fact]
    public async Task No_moment_is_given_before_the_follower_has_seen_to_it()
    {
        await using var pair = await PairAsync();
        var origin = StreamOrigin.Of(pair.From, pair.Feed);
        await pair.Source.ExecuteAsync("insert into later values (31, 3, 'x')");
        await pair.Target.ExecuteAsync(Attach);
        await pair.Source.ExecuteAsync(Attach);
        Assert.Null(await origin.MomentAsync(TimeSpan.FromSeconds(1), StreamPair.Token));
        await CaughtUpAsync(pair);
        using var moment = await origin.MomentAsync(TimeSpan.FromSeconds(20), StreamPair.Token);
        Assert.NotNull(moment);
    }

    [Fact]
    public async Task A_stream_of_a_version_that_knew_no_partitions_goes_on_and_knows_them_from_then_on()
    {
        await using var pair = await PairAsync();
        await pair.Source.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"drop table godwit.part_{pair.Feed.Slot["godwit_".Length..]}; insert into part values (50, 1, 'v')"));
        await CaughtUpAsync(pair);
        await pair.Source.ExecuteAsync("drop table part_2");
        Assert.Equal("drop table public.part_2", Told(await Assert.ThrowsAsync<GodwitException>(() => pair.CatchUpAsync())).There);
        await StreamOrigin.Of(pair.From, pair.Feed).DropAsync(StreamPair.Token);
        Assert.Empty(await pair.Source.QueryAsync("select relname from pg_class where relnamespace = 'godwit'::regnamespace"));
    }
}
