using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;
using Microsoft.Extensions.Logging;

namespace Godwit;

/// <summary>The journey: inspect, profile, plan, prepare, copy, post-data, publish, verify. Read this first.</summary>
public sealed class Migration(TimeProvider clock, ILogger logger)
{
    /// <summary>What would be created and why; changes nothing. Without a target, one of the newest supported version is assumed.</summary>
    public Task<MigrationPlan> PlanAsync(ISource source, ITarget? target, MigrationOptions options, IProgress<MigrationEvent> progress, CancellationToken ct) =>
        throw new NotSupportedException($"{clock} {logger}");

    /// <summary>
    /// The main job. Resumes an interrupted run of the same source and options by itself. <paramref name="plan"/>: a reviewed plan to execute
    /// unchanged; null plans anew.
    /// </summary>
    public Task<MigrationResult> RunAsync(ISource source, ITarget target, MigrationOptions options, MigrationPlan? plan, IProgress<MigrationEvent> progress, CancellationToken ct) =>
        throw new NotSupportedException();

    /// <summary>Compares the source with what a finished run left in the target. <paramref name="tables"/>: only these, by source name; empty is all.</summary>
    public Task<VerifyReport> VerifyAsync(ISource source, ITarget target, MigrationOptions options, VerifyMode mode, IReadOnlyList<string> tables, IProgress<MigrationEvent> progress, CancellationToken ct) =>
        throw new NotSupportedException();
}
