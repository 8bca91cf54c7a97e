using Godwit.IntegrationTests.Pairs;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>Verification of two servers while the application writes: changes in flight are no difference, and a difference is still one.</summary>
public sealed class PairLiveVerificationTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions Options = new() { Jobs = 2, Follow = true };

    private async Task<Pair> FollowedAsync()
    {
        var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id bigint generated always as identity primary key, n int); create table other (id int primary key); insert into t (n) select 0 from generate_series(1, 300); insert into other values (1)");
        await pair.MigrateAsync(Options);
        return pair;
    }

    internal static async Task<VerifyReport?> VerifyAsync(Pair pair, params string[] tables)
    {
        await using var source = await pair.Source.OpenTargetAsync(6);
        await using var target = await pair.Target.OpenTargetAsync(6);
        return await new PairLiveVerification(TimeProvider.System).RunAsync(source, target, new(VerifyMode.Full, 2) { Tables = tables }, new FollowTests.Listener(null), Pair.Token);
    }

    private static void AssertEqual(VerifyBasis basis, VerifyReport? report)
    {
        Assert.Equal(basis, report!.Basis);
        Assert.True(report.Verdict == Verdict.Equal, string.Join('\n', report.Checks.Concat(report.Tables.SelectMany(t => t.Checks)).Where(c => c.Verdict == Verdict.Different)));
    }

    private static string? Key(VerifyReport? report) => Assert.Single(report!.Tables.Single(t => t.Verdict == Verdict.Different).Differences.Select(d => d.Key).Distinct());

    /// <summary>Writes without a pause, so that hardly two moments are alike, until disposed.</summary>
    private sealed class Writing : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _work;

        public Writing(TestDatabase database) => _work = Task.Run(async () =>
        {
            await using var connection = await database.ConnectAsync();
            for (var i = 0; !_stop.IsCancellationRequested; i++)
            {
                await using var command = new NpgsqlCommand($"update t set n = n + 1 where id % 50 = {i % 50} and id <> 3; insert into t (n) values ({i})", connection);
                await command.ExecuteNonQueryAsync(Pair.Token);
                Count = i;
                await Task.Delay(5, Pair.Token);
            }
        }, Pair.Token);

        public int Count { get; private set; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _work;
            _stop.Dispose();
        }
    }

    [Fact]
    public async Task Both_sides_are_compared_at_one_position_while_the_application_writes()
    {
        await using var pair = await FollowedAsync();
        await using var writing = new Writing(pair.Source);
        for (var i = 0; i < 3; i++)
        {
            var report = await VerifyAsync(pair);
            AssertEqual(VerifyBasis.OneMoment, report);
        }
        var before = writing.Count;
        await pair.TargetAsync("set session_replication_role = replica; update t set n = -1 where id = 3");
        var different = await VerifyAsync(pair, "t");
        Assert.Equal((VerifyBasis.OneMoment, "id=3"), (different!.Basis, Key(different)));
        Assert.True(writing.Count > before);
        // Its slot went with it.
        Assert.Equal("0", (await pair.Source.QueryAsync("select count(*) from pg_replication_slots where temporary and database = current_database()"))[0]);
    }

    [Fact]
    public async Task Beside_a_follower_busy_rows_are_looked_at_again_and_after_a_cutover_the_other_direction_has_its_moment()
    {
        await using var pair = await FollowedAsync();
        using var stop = new CancellationTokenSource();
        Task<FollowResult> Following() => Task.Run(async () =>
        {
            await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
            await using var target = await pair.Target.OpenTargetAsync(5);
            return await new Following(TimeProvider.System).RunAsync(source, target, Options, untilCaughtUp: false, new FollowTests.Listener(null), stop.Token);
        }, Pair.Token);
        var follow = Following();
        await pair.Target.WaitForAsync("select state from godwit.follow", "following");
        await using (var writing = new Writing(pair.Source))
        {
            var equal = await VerifyAsync(pair);
            AssertEqual(VerifyBasis.Rechecked, equal);
            await pair.TargetAsync("set session_replication_role = replica; update t set n = -1 where id = 3");
            var different = await VerifyAsync(pair);
            Assert.Equal((Verdict.Different, VerifyBasis.Rechecked), (different!.Verdict, different.Basis));
            Assert.Contains("id=3", different.Tables.Single(t => t.Verdict == Verdict.Different).Differences.Select(d => d.Key));
        }
        await pair.SourceAsync("update t set n = 0 where id = 3");

        await using (var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token))
        await using (var target = await pair.Target.OpenTargetAsync(8))
            await new CuttingOver(TimeProvider.System).CutoverAsync(source, target, Options, new(null, [], null, VerifyMode.Full), _ => { }, Pair.Token);
        Assert.True((await follow).MadeWay);
        await using (var writing = new Writing(pair.Target))
        {
            var back = await VerifyAsync(pair);
            AssertEqual(VerifyBasis.OneMoment, back);
        }
    }

    [Fact]
    public async Task A_transaction_that_does_not_end_leaves_the_second_way()
    {
        await using var pair = await FollowedAsync();
        await using var open = await pair.Source.ConnectAsync();
        await using (var begin = new NpgsqlCommand("begin; insert into other values (2)", open)) await begin.ExecuteNonQueryAsync(Pair.Token);
        var report = await VerifyAsync(pair);
        AssertEqual(VerifyBasis.Rechecked, report);
    }

    [Fact]
    public async Task Databases_that_do_not_follow_each_other_are_compared_as_they_are_found()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int primary key)");
        await pair.MigrateAsync(new() { Jobs = 2 });
        Assert.Null(await VerifyAsync(pair));
    }
}
