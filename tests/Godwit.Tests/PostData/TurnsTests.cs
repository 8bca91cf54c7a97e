using Godwit.PostData;
using Xunit;

namespace Godwit.Tests.PostData;

public class TurnsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_that_wants_to_be_alone_waits_for_the_others_and_keeps_later_ones_waiting()
    {
        var turns = new Turns();
        await turns.TakeAsync(Token);
        await turns.TakeAsync(Token);
        var alone = turns.AloneAsync(Token);
        var later = turns.TakeAsync(Token);
        Assert.False(alone.IsCompleted || later.IsCompleted);

        turns.GiveBack();
        var held = await alone;
        Assert.False(later.IsCompleted);
        held.Dispose();

        await later;
        turns.GiveBack();
        turns.GiveBack();
        await turns.TakeAsync(Token);
    }

    [Fact]
    public async Task Two_that_want_to_be_alone_are_so_one_after_the_other()
    {
        var turns = new Turns();
        await turns.TakeAsync(Token);
        await turns.TakeAsync(Token);
        var (first, second) = (turns.AloneAsync(Token), turns.AloneAsync(Token));
        var held = await Task.WhenAny(first, second);
        var other = held == first ? second : first;
        Assert.False(other.IsCompleted);
        (await held).Dispose();
        // It works on with its turn before the other is alone.
        Assert.False(other.IsCompleted);
        turns.GiveBack();
        (await other).Dispose();
    }

    [Fact]
    public async Task One_that_gives_up_waiting_to_be_alone_has_its_turn_and_stops_nobody()
    {
        var turns = new Turns();
        await turns.TakeAsync(Token);
        await turns.TakeAsync(Token);
        using var stop = new CancellationTokenSource();
        var alone = turns.AloneAsync(stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => alone);
        await turns.TakeAsync(Token);
        for (var i = 0; i < 3; i++) turns.GiveBack();
        await turns.TakeAsync(Token);
        (await turns.AloneAsync(Token)).Dispose();
    }
}
