using Godwit.Target;
using Npgsql;

namespace Godwit.Follow;

/// <summary>
/// Watches a session of the target from another one, while something long is done by it. A way that lets nothing through and says nothing (a
/// half-open connection) shows there: the server waits for us, and we for it. Then <see cref="Token"/> is cancelled and the server's process
/// ended, so that its locks go. Nothing at all may move for as long as the patience; reading the source counts.
/// </summary>
internal sealed class StallWatch : IAsyncDisposable
{
    private const int Looks = 4;

    // A COPY that goes on moves its progress; anything else its state, its statement, or what it waits for.
    private const string Look = """
        select a.state = 'active' and a.wait_event_type is distinct from 'Client',
          concat_ws(' ', a.state, a.wait_event, a.state_change, a.query_start, (select p.bytes_processed from pg_stat_progress_copy p where p.pid = a.pid))
        from pg_stat_activity a where a.pid = $1
        """;

    private readonly CancellationTokenSource _end;
    private readonly Task _watching;

    public StallWatch(ITarget target, int process, TimeSpan patience, TimeProvider clock, CancellationToken stop)
    {
        _end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _watching = WatchAsync(target, process, patience / Looks, clock);
    }

    public CancellationToken Token => _end.Token;
    public bool Stalled { get; private set; }

    private async Task WatchAsync(ITarget target, int process, TimeSpan every, TimeProvider clock)
    {
        var seen = "";
        var same = 0;
        try
        {
            while (true)
            {
                await Task.Delay(every, clock, _end.Token);
                try
                {
                    await using var connection = await target.ConnectAsync(_end.Token);
                    await using (var look = new NpgsqlCommand(Look, connection) { CommandTimeout = Math.Max(1, (int)every.TotalSeconds), Parameters = { new() { Value = process } } })
                    await using (var row = await look.ExecuteReaderAsync(_end.Token))
                    {
                        if (!await row.ReadAsync(_end.Token)) same = Looks;
                        else if (row.GetBoolean(0) || row.GetString(1) != seen) (seen, same) = (row.GetString(1), 0);
                        else same++;
                    }
                    if (same < Looks) continue;
                    await using var end = new NpgsqlCommand("select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and application_name = 'godwit'", connection) { Parameters = { new() { Value = process } } };
                    await end.ExecuteNonQueryAsync(_end.Token);
                    Stalled = true;
                    await _end.CancelAsync();
                    return;
                }
                catch (Exception) when (!_end.IsCancellationRequested)
                {
                    // The server is away, or this way too is stalled, however the driver says so: the next look tells. Nobody else looks.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // What was watched is done.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watching;
        _end.Dispose();
    }
}
