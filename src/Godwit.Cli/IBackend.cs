using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.Follow;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Supabase.Rls;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Microsoft.Extensions.Logging;

namespace Godwit.Cli;

/// <summary>What the commands call in the library. One implementation for users, one for the tests of the command line.</summary>
internal interface IBackend
{
    /// <summary>Opens the source, with the given variables for what its connection string leaves out.</summary>
    Task<ISource> OpenSourceAsync(string connection, IReadOnlyDictionary<string, string> environment, CancellationToken ct);

    /// <summary>Opens the target that a connection string or <c>local[:NAME]</c> names, with the given variables for what it leaves out.</summary>
    Task<ITarget> OpenTargetAsync(string connection, IReadOnlyDictionary<string, string> environment, int maxConnections, CancellationToken ct);

    Task<MigrationPlan> PlanAsync(Job job, ISource source, ITarget? target, MigrationOptions options, CancellationToken ct);

    Task<MigrationResult> RunAsync(Job job, ISource source, ITarget target, MigrationOptions options, MigrationPlan? plan, CancellationToken ct);

    Task<VerifyReport> VerifyAsync(Job job, ISource source, ITarget target, MigrationOptions options, VerifyMode mode, IReadOnlyList<string> tables, CancellationToken ct);

    /// <summary>Compares two PostgreSQL databases.</summary>
    Task<VerifyReport> VerifyPairAsync(Job job, ITarget source, ITarget target, PairRequest request, CancellationToken ct);

    /// <summary>Puts tables right from the source; what they held is kept.</summary>
    Task<ImmutableArray<RepairedTable>> RepairAsync(Job job, ISource source, ITarget target, MigrationOptions options, IReadOnlyList<string> tables, CancellationToken ct);

    /// <summary>The same between two PostgreSQL databases, of tables that a comparison found different.</summary>
    Task<ImmutableArray<RepairedTable>> RepairPairAsync(Job job, ITarget source, ITarget target, IReadOnlyList<TableVerification> tables, CancellationToken ct);

    /// <summary>The target holds a whole copy of this source that can be followed.</summary>
    Task<bool> IsFollowUnderwayAsync(ISource source, ITarget target, MigrationOptions options, CancellationToken ct);

    Task<FollowResult> FollowAsync(Job job, ISource source, ITarget target, MigrationOptions options, bool untilCaughtUp, CancellationToken stop);

    Task<CutoverResult> CutoverAsync(Job job, ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> done, CancellationToken ct);

    Task<CutoverResult> RollbackAsync(Job job, ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> done, CancellationToken ct);

    Task FinishAsync(Job job, ISource source, ITarget target, MigrationOptions options, bool abandon, CancellationToken ct);

    /// <summary>Row-level security from what the schema is now; changes nothing.</summary>
    Task<RlsPlan> PlanRlsAsync(ITarget target, RlsOptions options, CancellationToken ct);

    Task ApplyRlsAsync(ITarget target, RlsPlan plan, CancellationToken ct);

    Task<RlsMatrix> TestRlsAsync(ITarget target, RlsPlan plan, CancellationToken ct);

    /// <summary>Writes the report of a verification into a folder and returns the paths of its files.</summary>
    Task<ImmutableArray<string>> WriteReportAsync(string folder, VerifyReport report, string source, string target, DateTimeOffset finished, CancellationToken ct);

    /// <summary>Writes the report of a run into a folder and returns the paths of its files.</summary>
    Task<ImmutableArray<string>> WriteReportAsync(string folder, MigrationResult result, CancellationToken ct);

    Task<ImmutableArray<RunStatus>> ReadStatusAsync(ITarget target, CancellationToken ct);
}

/// <summary>What every stage is given besides its data.</summary>
internal sealed record Job(TimeProvider Clock, ILogger Logger, IProgress<MigrationEvent> Progress);
