using Godwit.Follow.Logical;
using Godwit.Wire.Replication;
using Xunit;

namespace Godwit.Tests.Follow;

public class BatchQueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_commit_that_did_not_wait_for_the_disk_is_followed_by_one_that_does()
    {
        var clock = new Clock();
        var queue = new BatchQueue(1_000_000, clock);
        queue.Started(new(1));
        queue.Add(new() { Kind = PgOutputKind.Begin, Lsn = new(10) }, "");
        queue.Add(new() { Kind = PgOutputKind.Commit, EndLsn = new(20) }, "");
        Assert.False(queue.IsFlushDue);
        queue.Return(queue.Take()!, flushed: false);

        var next = Task.Run(queue.Take, Token);
        await Task.Delay(400, Token);
        Assert.False(next.IsCompleted);
        clock.Seconds = 1;
        var empty = (await next.WaitAsync(TimeSpan.FromSeconds(60), Token))!;

        Assert.True(empty.IsEmpty);
        Assert.True(queue.IsFlushDue);
        queue.Return(empty, flushed: true);
        Assert.False(queue.IsFlushDue);
        next = Task.Run(queue.Take, Token);
        clock.Seconds = 2;
        await Task.Delay(400, Token);
        Assert.False(next.IsCompleted);
        queue.End();
        Assert.Null(await next);
    }

    [Fact]
    public async Task A_keepalive_at_the_goal_is_stored_though_nothing_changed()
    {
        var queue = new BatchQueue(1_000_000, new Clock());
        queue.Started(new(1));
        queue.SetGoal(new(100), exact: false);
        var next = Task.Run(queue.Take, Token);
        queue.Keepalive(new(50));
        await Task.Delay(200, Token);
        Assert.False(next.IsCompleted);
        queue.Keepalive(new(100));
        Assert.Equal(new(100), (await next.WaitAsync(TimeSpan.FromSeconds(60), Token))!.Position);
    }
}
