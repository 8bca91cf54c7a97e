namespace Godwit.Cli.Terminal;

/// <summary>One line that says how far behind the target is: rewritten in place on a terminal, every ten seconds elsewhere.</summary>
internal sealed class FollowProgress(Invocation invocation) : IProgress<MigrationEvent>
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10), Redraw = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly long _started = invocation.Shell.Clock.GetTimestamp();
    private readonly bool _live = invocation.Shell.ErrorIsTerminal && !invocation.Global.Quiet && !invocation.IsMachine;
    private long _shown;
    private bool _open;

    public void Report(MigrationEvent value)
    {
        lock (_lock)
        {
            if (value is MigrationEvent.Found { Finding: var finding })
            {
                End();
                invocation.Note($"{finding.Code}: {finding.Problem}");
            }
            if (value is not MigrationEvent.Followed followed || invocation.Global.Quiet || invocation.IsMachine) return;
            var now = invocation.Shell.Clock.GetTimestamp();
            if (_shown != 0 && invocation.Shell.Clock.GetElapsedTime(_shown, now) < (_live ? Redraw : Every)) return;
            _shown = now;
            var rate = followed.Changes / Math.Max(0.001, invocation.Shell.Clock.GetElapsedTime(_started, now).TotalSeconds);
            var text = $"{Units.Count(followed.Changes)} changes applied ({rate:0}/s), {(followed.Lag == TimeSpan.Zero ? "in step" : $"{Units.Time(followed.Lag)} behind")}";
            if (_live)
            {
                invocation.Shell.Error.Write($"\r\e[K{text}");
                _open = true;
            }
            else
            {
                invocation.Shell.Error.WriteLine(text);
            }
        }
    }

    /// <summary>Leaves the line.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (_open) invocation.Shell.Error.WriteLine();
            _open = false;
        }
    }
}
