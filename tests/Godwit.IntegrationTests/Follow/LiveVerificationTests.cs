using Godwit.IntegrationTests.Migrating;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

/// <summary>Verification while the application writes: changes in flight are no difference, and a difference is still one.</summary>
public class LiveVerificationTests(PostgresFixture postgres)
{
    private const string Table = "pragma journal_mode = wal; create table t (id integer primary key, n integer); insert into t with recursive i(i) as (select 1 union all select i + 1 from i where i < 300) select i, 0 from i";

    private static async Task<VerifyReport?> VerifyAsync(Scenario scenario)
    {
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        return await new LiveVerification(TimeProvider.System).RunAsync(source, target, FollowTests.Options, VerifyMode.Full, [], new FollowTests.Listener(null), Scenario.Token);
    }

    [Fact]
    public async Task What_waits_is_brought_over_up_to_the_moment_that_is_compared()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Table);
        await scenario.MigrateAsync(FollowTests.Options);
        scenario.Source("update t set n = 1 where id < 50; delete from t where id > 290");

        var report = await VerifyAsync(scenario);

        Assert.Equal((Verdict.Equal, VerifyBasis.OneMoment), (report!.Verdict, report.Basis));
        Assert.Equal(290, report.Tables.Single().TargetRows);
        await scenario.DoAsync("update t set n = 9 where id = 3");
        Assert.Equal("id=3", (await VerifyAsync(scenario))!.Tables.Single().Differences.Single().Key);
    }

    [Fact]
    public async Task Beside_a_follower_rows_that_are_being_written_are_looked_at_again()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Table);
        await scenario.MigrateAsync(FollowTests.Options);
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource();
        var following = Task.Run(() => FollowTests.CatchUpAsync(scenario, stop.Token, once: false, on: e => started.TrySetResult()), Scenario.Token);
        await started.Task;
        var writing = Task.Run(async () =>
        {
            for (var i = 1; !stop.IsCancellationRequested; i++)
            {
                scenario.Source($"update t set n = n + 1 where id % 50 = {i % 50} and id <> 3");
                await Task.Delay(20, Scenario.Token);
            }
        }, Scenario.Token);
        try
        {
            var equal = await VerifyAsync(scenario);
            Assert.Equal((Verdict.Equal, VerifyBasis.Rechecked), (equal!.Verdict, equal.Basis));
            await scenario.DoAsync("update t set n = 9 where id = 3");
            var different = await VerifyAsync(scenario);
            Assert.Equal((Verdict.Different, VerifyBasis.Rechecked), (different!.Verdict, different.Basis));
            Assert.Contains("id=3", different.Tables.Single().Differences.Select(d => d.Key));
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(following, writing);
        }
        Assert.Equal(VerifyBasis.OneMoment, (await VerifyAsync(scenario))!.Basis);
    }

    [Fact]
    public async Task After_a_cutover_the_source_is_not_the_side_to_repair_from()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Table);
        await scenario.MigrateAsync(FollowTests.Options);
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        await new CuttingOver(TimeProvider.System).CutoverAsync(source, target, FollowTests.Options, new(null, [], null, VerifyMode.Full), _ => { }, Scenario.Token);
        await scenario.DoAsync("update t set n = 9 where id = 3");

        Assert.Equal("repair-wrong-side", (await Assert.ThrowsAsync<GodwitException>(() => new Repairing(TimeProvider.System).RunAsync(source, target, FollowTests.Options, ["t"], new FollowTests.Listener(null), Scenario.Token))).Code);
        Assert.Equal((Verdict.Equal, VerifyBasis.Rechecked), ((await VerifyAsync(scenario))!.Verdict, VerifyBasis.Rechecked));
    }

    [Fact]
    public async Task Without_following_there_is_one_moment_only()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Table);
        await scenario.MigrateAsync();
        Assert.Null(await VerifyAsync(scenario));
    }
}
