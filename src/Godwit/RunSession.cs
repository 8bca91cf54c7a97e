using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit;

/// <summary>
/// One run on one target, from the lock to its last word in the journal. Decides whether an unfinished run goes on or a new one starts.
/// </summary>
internal sealed partial class RunSession : IAsyncDisposable
{
    private readonly ITarget _target;
    private readonly TimeProvider _clock;
    private NpgsqlConnection _lock;
    private int _lockedBy;
    private JournalRun? _unfinished;

    private RunSession(ITarget target, TimeProvider clock, NpgsqlConnection connection) => (_target, _clock, _lock, _lockedBy) = (target, clock, connection, connection.ProcessID);

    public JournalRun Run { get; private set; } = null!;
    public ImmutableArray<JournalChunk> Chunks { get; private set; } = [];
    public ImmutableDictionary<string, JournalStep> Steps { get; private set; } = ImmutableDictionary<string, JournalStep>.Empty;

    /// <summary>Takes the target's run lock, which lives as long as this session.</summary>
    public static async Task<RunSession> OpenAsync(ITarget target, TimeProvider clock, CancellationToken ct)
    {
        var connection = await target.ConnectAsync(ct);
        try
        {
            if (!await RunJournal.TryLockAsync(connection, ct))
                throw new GodwitException(ErrorKind.Blocked, "target-busy", $"Another godwit is at work on {target.Display}.", "Wait for it, or see what it does: godwit status");
            // The journal's schema is made when the run starts: a run that is refused before changes nothing.
            var latest = await RunJournal.ExistsAsync(connection, ct) ? await RunJournal.LatestAsync(connection, ct) : null;
            return new(target, clock, connection) { _unfinished = latest is { State: RunState.Running or RunState.Interrupted or RunState.Failed } run ? run : null };
        }
        catch (NpgsqlException e)
        {
            await connection.DisposeAsync();
            throw TargetErrors.Map(e, "reading the journal (schema godwit)");
        }
        catch (GodwitException)
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>The plan of an unfinished run that this command continues: same source at the same moment, same decisions. Null: start anew.</summary>
    public async Task<MigrationPlan?> ResumeAsync(string source, Position position, MigrationOptions options, IProgress<MigrationEvent> progress, Reconciling? reconciling, CancellationToken ct)
    {
        if (_unfinished is not { } run) return null;
        if (run.Source != source && options.IfExists != IfExists.Replace)
            throw new GodwitException(ErrorKind.Blocked, "other-run-unfinished", $"A run from {run.Source} is unfinished on {_target.Display}.", "Finish it by its own command, or give it up with --if-exists replace.");
        if (run.Source != source || run.Options != OptionsFingerprint.Of(options)) return null;
        var plan = reconciling is null ? run.Position == position.Value ? PlanJson.Read(run.Plan) : null : await reconciling.GoOnAsync(run, PlanJson.Read(run.Plan), ct);
        if (plan is null)
        {
            progress.Report(new MigrationEvent.Found(new("source-changed-since", Severity.Info, source, "The source was written to since the interrupted run: it starts over, so that all rows are of one moment.")));
            return null;
        }
        Run = run;
        await WriteAsync(async connection =>
        {
            Chunks = await RunJournal.ChunksAsync(connection, run.Id, ct);
            Steps = (await RunJournal.StepsAsync(connection, run.Id, ct)).ToImmutableDictionary(s => s.Id);
        }, ct);
        progress.Report(new MigrationEvent.Resumed(Chunks.Sum(c => c.Rows), run.Started));
        return plan;
    }

    /// <summary>Removes what an unfinished run has made where it belongs, before a plan looks at what is there.</summary>
    public async Task ClearAsync(CancellationToken ct)
    {
        if (_unfinished is not { } run) return;
        var plan = PlanJson.Read(run.Plan);
        if (plan.IntoExisting) await WriteAsync(c => ExistingRows.RefuseAsync(c, run, plan, ct), ct);
        await InPlaceUndo.RunAsync(_target, run, plan, ct);
    }

    /// <summary>Refuses what is in the way, forgets unfinished runs with all that they built, and writes the new run's first fact.</summary>
    public async Task StartAsync(string source, Position position, MigrationPlan plan, MigrationOptions options, CancellationToken ct)
    {
        await RefuseOccupiedAsync(plan, options, ct);
        Run = new(Guid.CreateVersion7(_clock.GetUtcNow()), source, position.Value, OptionsFingerprint.Of(options), plan.TargetSchema, PlanJson.Write(plan), RunState.Running, Stage.Prepare, _clock.GetUtcNow());
        try
        {
            await using var transaction = await _lock.BeginTransactionAsync(ct);
            await RunJournal.EnsureSchemaAsync(_lock, ct);
            await RunJournal.AbandonAsync(_lock, ct);
            await using (var drop = new NpgsqlCommand($"drop schema if exists {new SqlName(plan.LoadSchema)} cascade", _lock)) await drop.ExecuteNonQueryAsync(ct);
            await RunJournal.StartAsync(_lock, Run, ct);
            await transaction.CommitAsync(ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "starting the run");
        }
    }

    /// <summary>The run goes on by another plan; the tables that it loads otherwise are dropped, and their facts with them.</summary>
    public async Task SettleAsync(Settlement settled, CancellationToken ct)
    {
        await WriteAsync(async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            foreach (var table in settled.Again)
                await using (var drop = new NpgsqlCommand($"drop table if exists {table.Load}", connection)) await drop.ExecuteNonQueryAsync(ct);
            await RunJournal.ReplanAsync(connection, Run.Id, PlanJson.Write(settled.Plan), [.. settled.Again.Select(t => t.Source)], [.. settled.StaleSteps], ct);
            await transaction.CommitAsync(ct);
            Chunks = await RunJournal.ChunksAsync(connection, Run.Id, ct);
            Steps = (await RunJournal.StepsAsync(connection, Run.Id, ct)).ToImmutableDictionary(s => s.Id);
        }, ct);
    }

    /// <summary>Rows that a constraint of the target had no place for.</summary>
    public async Task<ImmutableArray<QuarantinedRows>> QuarantinedAsync(CancellationToken ct)
    {
        ImmutableArray<QuarantinedRows> groups = [];
        await WriteAsync(async c => groups = await QuarantineJournal.ReadAsync(c, Run.Id, ct), ct);
        return groups;
    }

    /// <summary>The run's copy began under this arming of the source's feed.</summary>
    public Task FollowAsync(string feed, CancellationToken ct) => WriteAsync(c => FollowJournal.StartAsync(c, Run.Id, feed, ct), ct);

    private async Task RefuseOccupiedAsync(MigrationPlan plan, MigrationOptions options, CancellationToken ct)
    {
        // Statements that are executed where they belong are looked at by the planner, object by object.
        if (plan.InPlace && options.IfExists == IfExists.Replace)
            await InPlaceDependents.RefuseAsync(_lock, plan.PreData.Select(s => s.Sql), "Drop those objects, then type the same command again; keep their definitions to make them anew afterwards.", ct);
        if (options.IfExists != IfExists.Fail || options.DataOnly || plan.InPlace) return;
        var there = await TargetCatalog.RelationsAsync(_lock, plan.TargetSchema, ct);
        // What stays there was known to the planner, who gave another name; the subject is the source's.
        var known = await TargetCatalog.TakenAsync(_lock, plan.TargetSchema, plan.Tables.Select(t => t.Target.Name), ct);
        var clash = plan.Publish.Where(s => s.Id.StartsWith("publish ", StringComparison.Ordinal)).Select(s => s.Subject).Except(known)
            .Concat(plan.Tables.Select(t => t.Target.Name)).Where(there.ContainsKey).Distinct().ToList();
        if (clash.Count == 0) return;
        var shown = string.Join(", ", clash.Take(5)) + (clash.Count > 5 ? $" and {clash.Count - 5} more" : "");
        throw new GodwitException(ErrorKind.Blocked, "target-not-empty", $"{_target.Display} already has {shown} in schema {plan.TargetSchema}. Nothing was changed.",
            "--if-exists replace swaps them for new ones at the end, --if-exists append adds rows, --schema NAME builds elsewhere; `godwit verify` compares what is there.");
    }

    public async Task StageAsync(Stage stage, CancellationToken ct) => await WriteAsync(c => RunJournal.SetStageAsync(c, Run.Id, stage, ct), ct);

    public Task EndAsync(RunState state, string? error) => WriteAsync(c => RunJournal.SetStateAsync(c, Run.Id, state, error, _clock.GetUtcNow(), CancellationToken.None), CancellationToken.None);

    public async Task FailAsync(GodwitException failure)
    {
        try
        {
            await EndAsync(RunState.Failed, $"{failure.Code}: {failure.Problem}");
        }
        catch (GodwitException)
        {
            // The target is gone: the journal says "running" and nobody holds the lock, which status reads as interrupted.
        }
    }

    /// <summary>The plan of the last finished run of this source into this schema, or null.</summary>
    public static async Task<MigrationPlan?> LastPlanAsync(ISource source, ITarget target, MigrationOptions options, CancellationToken ct) =>
        await LastRunAsync(source, target, options, ct) is { } run ? PlanJson.Read(run.Plan) : null;

    /// <summary>The last finished run of this source into this schema, or null.</summary>
    public static Task<JournalRun?> LastRunAsync(ISource source, ITarget target, MigrationOptions options, CancellationToken ct) => LastRunAsync(source.Info.Display, target, options, ct);

    public static async Task<JournalRun?> LastRunAsync(string source, ITarget target, MigrationOptions options, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            if (!await RunJournal.ExistsAsync(connection, ct)) return null;
            return await RunJournal.LatestAsync(connection, ct) is { State: RunState.Done or RunState.DoneWithDifferences } run
                && WithoutUser(run.Source) == WithoutUser(source) && run.TargetSchema == options.TargetSchema ? run : null;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "reading the journal (schema godwit)");
        }
    }

    /// <summary>Whoever signs in, it is the same database.</summary>
    internal static string WithoutUser(string source) =>
        source.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme && source.IndexOf('@', scheme) is >= 0 and var at ? source[..(scheme + 3)] + source[(at + 1)..] : source;

    public Task ReportAsync(string json) => WriteAsync(c => RunJournal.SetReportAsync(c, Run.Id, json, CancellationToken.None), CancellationToken.None);

    // The lock's own connection may have died with the server that the run survived: facts go through a fresh one.
    private async Task WriteAsync(Func<NpgsqlConnection, Task> write, CancellationToken ct)
    {
        try
        {
            await using var connection = await _target.ConnectAsync(ct);
            await write(connection);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "writing the journal");
        }
    }

    public async ValueTask DisposeAsync()
    {
        var unlocked = false;
        try
        {
            unlocked = await RunJournal.UnlockAsync(_lock);
        }
        catch (NpgsqlException)
        {
            // The connection is gone.
        }
        await _lock.DisposeAsync();
        if (unlocked) return;
        try
        {
            await using var another = await _target.ConnectAsync(CancellationToken.None);
            await EndLostHolderAsync(another, CancellationToken.None);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e) || e is GodwitException)
        {
            // The server is away: it lets go of the lock when it notices.
        }
    }
}

/// <summary>The options that decide what is built. Two runs with equal fingerprints and positions build the same.</summary>
internal static class OptionsFingerprint
{
    public static string Of(MigrationOptions o) => string.Join('\n',
        o.TargetSchema, o.Follow, o.IfExists, o.SchemaOnly, o.DataOnly, o.Names, o.Misfits, o.JsonAsText, o.IndexForeignKeys, o.FullTextSearch, o.FollowOrm,
        string.Join(',', o.Include), string.Join(',', o.Exclude), string.Join(',', o.Casts), string.Join(',', o.MisfitRules), string.Join(',', o.ExtraIndexes), o.Platform.Fingerprint);

    /// <summary>Whether a run of this fingerprint was to leave out what names choose (--include, --exclude): that the target lacks something says nothing then.</summary>
    public static bool IsOfPart(string fingerprint) => fingerprint.Split('\n') is { Length: > Exclude } lines && (lines[Include].Length > 0 || lines[Exclude].Length > 0);

    // Their places in Of.
    private const int Include = 11, Exclude = 12;
}
