namespace Godwit.PostData;

/// <summary>Workers side by side, or one of them alone.</summary>
internal sealed class Turns
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = New();
    private int _working, _wanting;
    private bool _isAlone;

    public Task TakeAsync(CancellationToken stop) => WaitAsync(() => _wanting == 0 && !_isAlone, () => _working++, stop);

    public void GiveBack() => Change(() => _working--);

    /// <summary>For one that has a turn: until this is disposed, nobody else has. It has its own still then, or when this fails.</summary>
    public async Task<IDisposable> AloneAsync(CancellationToken stop)
    {
        // Two that kept theirs while they wait would wait for ever.
        Change(() => (_working, _wanting) = (_working - 1, _wanting + 1));
        try
        {
            await WaitAsync(() => _working == 0 && !_isAlone, () => (_isAlone, _wanting) = (true, _wanting - 1), stop);
            return new Alone(this);
        }
        catch
        {
            Change(() => (_working, _wanting) = (_working + 1, _wanting - 1));
            throw;
        }
    }

    private async Task WaitAsync(Func<bool> isFree, Action take, CancellationToken stop)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (isFree())
                {
                    take();
                    return;
                }
                changed = _changed.Task;
            }
            await changed.WaitAsync(stop);
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            _changed.SetResult();
            _changed = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Alone(Turns turns) : IDisposable
    {
        public void Dispose() => turns.Change(() => (turns._isAlone, turns._working) = (false, turns._working + 1));
    }
}
