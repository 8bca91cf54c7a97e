using System.Collections.Immutable;

namespace Godwit.Cutover;

public sealed record StepTime(string Step, TimeSpan Elapsed, bool Passed);

/// <summary>Executes steps in order, each timed. A failure or an interruption undoes what was done, last first, and is then thrown on; but not after a decision.</summary>
public sealed class CutoverSequence(TimeProvider clock, Action<StepTime> done)
{
    public async Task<ImmutableArray<StepTime>> RunAsync(IReadOnlyList<ICutoverStep> steps, CancellationToken ct)
    {
        var decided = false;
        var times = ImmutableArray.CreateBuilder<StepTime>();
        for (var at = 0; at < steps.Count; at++)
        {
            var started = clock.GetTimestamp();
            try
            {
                ct.ThrowIfCancellationRequested();
                if (steps[at].IsDecision) (decided, ct) = (true, CancellationToken.None);
                var passed = await steps[at].IsDoneAsync(ct);
                if (!passed) await steps[at].DoAsync(ct);
                times.Add(new(steps[at].Name, clock.GetElapsedTime(started), passed));
                done(times[^1]);
            }
            catch (GodwitException failure) when (decided)
            {
                throw new GodwitException(failure.Kind, failure.Code, failure.Problem, $"{failure.Hint} What was decided stands: run the same command again, and it goes on.".TrimStart(), failure) { SqlState = failure.SqlState };
            }
            catch (Exception failure) when (!decided)
            {
                await UndoAsync(steps.Take(at + 1).Reverse(), failure);
                throw;
            }
        }
        return times.ToImmutable();
    }

    private static async Task UndoAsync(IEnumerable<ICutoverStep> steps, Exception failure)
    {
        foreach (var step in steps.Where(s => s.Reversible))
        {
            try
            {
                await step.UndoAsync(CancellationToken.None);
            }
            catch (GodwitException undo)
            {
                throw new GodwitException(ErrorKind.Internal, "cutover-undo-failed", $"{failure.Message} The step '{step.Name}' could not be undone after it: {undo.Problem}",
                    "Run godwit rollback: it takes the fence away.", failure);
            }
        }
    }
}
