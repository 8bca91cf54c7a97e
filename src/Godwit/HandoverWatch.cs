namespace Godwit;

/// <summary>Watches beside a follower whether another command wants the target: <see cref="Token"/> is then cancelled, as it is where the user stops it.</summary>
internal sealed class HandoverWatch : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _leave;
    private readonly Task _watching;

    public HandoverWatch(RunSession held, Guid run, TimeProvider clock, CancellationToken stop)
    {
        _leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _watching = WatchAsync(held, run, clock);
    }

    public CancellationToken Token => _leave.Token;
    /// <summary>It was another command that ended the follower.</summary>
    public bool Asked { get; private set; }

    private async Task WatchAsync(RunSession held, Guid run, TimeProvider clock)
    {
        try
        {
            while (true)
            {
                if (!await held.MayGoOnAsync(run, _leave.Token))
                {
                    Asked = true;
                    await _leave.CancelAsync();
                    return;
                }
                await Task.Delay(Poll, clock, _leave.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped by its user.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _leave.CancelAsync();
        await _watching;
        _leave.Dispose();
    }
}
