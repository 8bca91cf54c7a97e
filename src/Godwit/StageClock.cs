using System.Collections.Immutable;

namespace Godwit;

/// <summary>Times the stages and says when they begin and end.</summary>
internal sealed class StageClock(TimeProvider clock, IProgress<MigrationEvent> progress)
{
    private readonly List<StageTime> _elapsed = [];

    public ImmutableArray<StageTime> Elapsed => [.. _elapsed];

    public async Task<T> RunAsync<T>(Stage stage, string description, Func<Task<T>> work)
    {
        progress.Report(new MigrationEvent.StageStarted(stage, description));
        var started = clock.GetTimestamp();
        var result = await work();
        var elapsed = clock.GetElapsedTime(started);
        _elapsed.Add(new(stage, elapsed));
        progress.Report(new MigrationEvent.StageFinished(stage, elapsed));
        return result;
    }
}
