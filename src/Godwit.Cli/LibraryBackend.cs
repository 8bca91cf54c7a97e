using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.Follow;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Report;
using Godwit.Source;
using Godwit.Supabase;
using Godwit.Supabase.Rls;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;

namespace Godwit.Cli;

internal sealed class LibraryBackend : IBackend
{
    public Task<ISource> OpenSourceAsync(string connection, IReadOnlyDictionary<string, string> environment, CancellationToken ct) =>
        EngineRegistry.OpenAsync(connection, environment.GetValueOrDefault, ct);

    public async Task<ITarget> OpenTargetAsync(string connection, IReadOnlyDictionary<string, string> environment, int maxConnections, CancellationToken ct)
    {
        var settings = LocalServers.IsLocal(connection)
            ? await LocalServers.ReadyAsync(LocalServers.Find(LocalServers.NameOf(connection), environment, TimeProvider.System), fresh: false, ct)
            : ConnectionSettings.Parse(connection, environment.GetValueOrDefault);
        return await EndpointDiagnosis.OpenAsync(settings, "target", () => TargetDatabase.OpenAsync(settings, maxConnections, ct));
    }

    public Task<MigrationPlan> PlanAsync(Job job, ISource source, ITarget? target, MigrationOptions options, CancellationToken ct) =>
        new Migration(job.Clock, job.Logger).PlanAsync(source, target, options, job.Progress, ct);

    public Task<MigrationResult> RunAsync(Job job, ISource source, ITarget target, MigrationOptions options, MigrationPlan? plan, CancellationToken ct) =>
        new Migration(job.Clock, job.Logger).RunAsync(source, target, options, plan, job.Progress, ct);

    public async Task<VerifyReport> VerifyAsync(Job job, ISource source, ITarget target, MigrationOptions options, VerifyMode mode, IReadOnlyList<string> tables, CancellationToken ct) =>
        await new LiveVerification(job.Clock).RunAsync(source, target, options, mode, tables, job.Progress, ct)
            ?? await new Migration(job.Clock, job.Logger).VerifyAsync(source, target, options, mode, tables, job.Progress, ct);

    public async Task<VerifyReport> VerifyPairAsync(Job job, ITarget source, ITarget target, PairRequest request, CancellationToken ct) =>
        await new PairLiveVerification(job.Clock).RunAsync(source, target, request, job.Progress, ct)
            ?? await PairVerifying.RunAsync(source, target, request, job.Progress, job.Clock, ct);

    public Task<ImmutableArray<RepairedTable>> RepairAsync(Job job, ISource source, ITarget target, MigrationOptions options, IReadOnlyList<string> tables, CancellationToken ct) =>
        new Repairing(job.Clock).RunAsync(source, target, options, tables, job.Progress, ct);

    public Task<ImmutableArray<RepairedTable>> RepairPairAsync(Job job, ITarget source, ITarget target, IReadOnlyList<TableVerification> tables, CancellationToken ct) =>
        new PairRepairing(job.Clock).RunAsync(source, target, tables, job.Progress, ct);

    public Task<bool> IsFollowUnderwayAsync(ISource source, ITarget target, MigrationOptions options, CancellationToken ct) => Following.IsUnderwayAsync(source, target, options, ct);

    public Task<FollowResult> FollowAsync(Job job, ISource source, ITarget target, MigrationOptions options, bool untilCaughtUp, CancellationToken stop) =>
        new Following(job.Clock).RunAsync(source, target, options, untilCaughtUp, job.Progress, stop);

    public Task<CutoverResult> CutoverAsync(Job job, ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> done, CancellationToken ct) =>
        new CuttingOver(job.Clock) { Found = f => job.Progress.Report(new MigrationEvent.Found(f)) }.CutoverAsync(source, target, options, how, done, ct);

    public Task<CutoverResult> RollbackAsync(Job job, ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> done, CancellationToken ct) =>
        new CuttingOver(job.Clock) { Found = f => job.Progress.Report(new MigrationEvent.Found(f)) }.RollbackAsync(source, target, options, how, done, ct);

    public Task FinishAsync(Job job, ISource source, ITarget target, MigrationOptions options, bool abandon, CancellationToken ct) =>
        new CuttingOver(job.Clock) { Found = f => job.Progress.Report(new MigrationEvent.Found(f)) }.FinishAsync(source, target, options, abandon, ct);

    public async Task<RlsPlan> PlanRlsAsync(ITarget target, RlsOptions options, CancellationToken ct)
    {
        await using var connection = await target.ConnectAsync(ct);
        return new RlsPlanner(await RlsInspector.ReadAsync(connection, options.Schema, ct), options).Plan();
    }

    public async Task ApplyRlsAsync(ITarget target, RlsPlan plan, CancellationToken ct)
    {
        await using var connection = await target.ConnectAsync(ct);
        await RlsApplier.ApplyAsync(connection, plan, ct);
    }

    public async Task<RlsMatrix> TestRlsAsync(ITarget target, RlsPlan plan, CancellationToken ct)
    {
        await using var connection = await target.ConnectAsync(ct);
        return await new RlsTester(connection, plan).RunAsync(ct);
    }

    public async Task<ImmutableArray<string>> WriteReportAsync(string folder, VerifyReport report, string source, string target, DateTimeOffset finished, CancellationToken ct)
    {
        var (json, html) = await ReportWriter.WriteAsync(report, source, target, finished, folder, ct);
        return [html, json];
    }

    public async Task<ImmutableArray<string>> WriteReportAsync(string folder, MigrationResult result, CancellationToken ct)
    {
        var (json, html) = await ReportWriter.WriteAsync(result, folder, ct);
        return [html, json];
    }

    public async Task<ImmutableArray<RunStatus>> ReadStatusAsync(ITarget target, CancellationToken ct)
    {
        await using var connection = await target.ConnectAsync(ct);
        try
        {
            return await RunJournal.ReadStatusAsync(connection, ct);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, "Reading the journal of " + target.Display);
        }
    }
}
