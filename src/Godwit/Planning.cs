using System.Collections.Immutable;
using Godwit.Copy;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.TypeMapping;
using Godwit.Verify;

namespace Godwit;

/// <summary>
/// From a snapshot to a plan. A plan that somebody is to read is made of every value. A plan that is executed at once is made of a sample,
/// and made again when the copy has seen every value (docs/decisions/0005): one reading of the source instead of two.
/// </summary>
internal sealed class Planning(ISource source, ISnapshot snapshot, DatabaseSchema schema, ITarget? target, MigrationOptions options, StageClock stages, IProgress<MigrationEvent> progress)
{
    /// <summary>Payload bytes of one chunk: what a lost connection can cost, and what Ctrl-C waits for.</summary>
    private const long ChunkBytes = 64L << 20;
    private const int NewestMajor = 18;

    private readonly TypeOptions _types = TypePlanner.OptionsOf(options, schema, target?.Profile.PostGis);
    private ImmutableDictionary<(string Table, string Column), string> _refused = ImmutableDictionary<(string Table, string Column), string>.Empty;
    private ImmutableArray<string> _taken;
    private ImmutableDictionary<string, TableProfile> _profiles = ImmutableDictionary<string, TableProfile>.Empty;

    /// <summary>Made of every value.</summary>
    public async Task<MigrationPlan> WholeAsync(CancellationToken ct)
    {
        // A source that speaks PostgreSQL has its types already: no value need be looked at.
        if (schema.Postgres is not null) return await PlanAsync(ct);
        _profiles = await stages.RunAsync(Stage.Profile, "looking at every value", () => ScanAsync(schema, ct));
        return await PlanAsync(ct);
    }

    /// <summary>Made of a sample where a wrong guess can be put right unseen; tables of which more is not known are marked as sampled.</summary>
    public async Task<MigrationPlan> FirstAsync(CancellationToken ct)
    {
        if (!CanGuess) return await WholeAsync(ct);
        _profiles = await stages.RunAsync(Stage.Profile, "looking at a sample of every table", () => Sampling.ProfileAsync(snapshot, schema, _types, options.Jobs, ChunkBytes, progress, ct));
        var guess = await PlanAsync(ct);
        // What blocks a run is told with the true numbers.
        return guess.Findings.Any(f => f.Severity == Severity.Block) && _profiles.Values.Any(p => !p.Complete) ? await WholeAsync(ct) : guess;
    }

    // Rows of existing tables are seen at once, and a policy of "fail" means: before anything is loaded.
    private bool CanGuess => schema.Postgres is null && !options.DataOnly && !options.SchemaOnly && options.IfExists != IfExists.Append
        && options.Misfits != MisfitPolicy.Fail && options.MisfitRules.All(r => r.Policy != MisfitPolicy.Fail);

    /// <summary>The plan of every value, now that the copy has seen them; what it has not seen (an earlier process had) is scanned.</summary>
    public async Task<Settlement> SettleAsync(MigrationPlan guess, SampledTables seen, CancellationToken ct)
    {
        if (seen.Refused.Count > 0)
        {
            var columns = await Trial.ValuesAsync(guess.Tables.Where(t => seen.Refused.Contains(t.Source)), ct);
            Keep(columns);
            if (seen.Unexpected.FirstOrDefault(u => columns.All(c => c.Table != u.Table)) is { Failure: { } failure }) throw failure;
        }
        _profiles = _profiles.RemoveRange(_profiles.Where(p => !p.Value.Complete).Select(p => p.Key)).SetItems(seen.Profiles());
        await ScanUnseenAsync(ct);
        return Settlement.Of(guess, await PlanAsync(ct), seen.Refused);
    }

    /// <summary>The plan without the generated columns and defaults that the server does not accept; null where it accepts them all.</summary>
    public async Task<Settlement?> WithoutRefusedAsync(MigrationPlan guess, CancellationToken ct)
    {
        var columns = await Trial.DefinitionsAsync(guess, ct);
        if (columns.IsEmpty) return null;
        Keep(columns);
        await ScanUnseenAsync(ct);
        return Settlement.Of(guess, await PlanAsync(ct), ImmutableHashSet<string>.Empty);
    }

    /// <summary>
    /// The plan without the generated columns of which the server has computed other values than the source holds; null where none differs.
    /// <paramref name="loaded"/>: every row is in the load schema.
    /// </summary>
    public async Task<Settlement?> WithoutDivergedAsync(MigrationPlan loaded, TimeProvider clock, CancellationToken ct)
    {
        var tables = loaded.Tables.Where(t => !t.Generated.IsEmpty && t.Rows > 0).Select(t => t with { Target = t.Load }).ToImmutableArray();
        if (tables.IsEmpty) return null;
        var report = await new Verifier(snapshot, schema, target!, progress, clock)
            .VerifyAsync(loaded with { Tables = tables, Views = [], Sequences = [] }, new(VerifyMode.Full, options.Jobs, [.. tables.Select(t => t.Source)]), ct);
        var columns = report.Tables.SelectMany(t => t.Differences.Where(d => tables.Any(p => p.Source == t.Table && p.Generated.Any(g => g.Source == d.Column))).Select(d => (t.Table, d.Column, t.DifferentRows)))
            .DistinctBy(d => (d.Table, d.Column)).Select(d => new RefusedColumn(d.Table, d.Column!, $"it computes other values than the source holds, in {d.DifferentRows} row(s)")).ToImmutableArray();
        if (columns.IsEmpty) return null;
        Keep(columns);
        await ScanUnseenAsync(ct);
        return Settlement.Of(loaded, await PlanAsync(ct), ImmutableHashSet<string>.Empty);
    }

    private ColumnTrial Trial => new(snapshot, schema, target!);

    private void Keep(ImmutableArray<RefusedColumn> columns) => _refused = _refused.SetItems(columns.Select(c => KeyValuePair.Create((c.Table, c.Column), c.Reason)));

    private async Task ScanUnseenAsync(CancellationToken ct)
    {
        var unseen = schema with { Tables = [.. schema.Tables.Where(t => !_profiles.ContainsKey(t.Name))] };
        if (!unseen.Tables.IsEmpty)
            _profiles = _profiles.AddRange(await stages.RunAsync(Stage.Profile, "looking at every value", () => ScanAsync(unseen, ct)));
    }

    private async Task<ImmutableDictionary<string, TableProfile>> ScanAsync(DatabaseSchema tables, CancellationToken ct) =>
        await Profiling.ProfileAsync(snapshot, tables, target is null ? _types : _types with { Existing = ExistingTables.Types(schema, await ExistingTables.ReadAsync(target, options, ct), options.Names) }, options.Jobs, ChunkBytes, progress, ct);

    /// <summary>What stands in no plan: secrets, jobs, files.</summary>
    public Task<ImmutableArray<Finding>> CarryAsync(MigrationPlan plan, CancellationToken ct) => target is null ? Task.FromResult(ImmutableArray<Finding>.Empty) : Surroundings.CarryAsync(source, target, plan, options, ct);

    /// <summary>What would be planned now for a run that goes on.</summary>
    public Task<MigrationPlan> AgainAsync(CancellationToken ct) => PlanAsync(ct, resuming: true);

    private Task<MigrationPlan> PlanAsync(CancellationToken ct, bool resuming = false) => stages.RunAsync(Stage.Plan, schema.Postgres is null ? "choosing types" : "planning statements", async () =>
    {
        var around = await Surroundings.ReadAsync(source, target, schema, options, ct);
        var plan = await OfStatementsAsync(around, resuming, ct);
        return around is null ? plan : around.Complete(plan, options);
    });

    /// <summary>Looked at once: what the run makes it makes in a schema of its own.</summary>
    private async Task<ImmutableArray<string>> TakenAsync(ITarget from, CancellationToken ct)
    {
        if (!_taken.IsDefault) return _taken;
        await using var connection = await from.ConnectAsync(ct);
        var own = schema.Tables.Select(t => t.Name).Concat(schema.Views.Select(v => v.Name)).ToList();
        return _taken = await TargetCatalog.TakenAsync(connection, options.TargetSchema, own.Concat(own.Select(n => n.ToLowerInvariant())), ct);
    }

    private async Task<MigrationPlan> OfStatementsAsync(Surroundings? around, bool resuming, CancellationToken ct) => Planner.Plan(new()
    {
        Source = source.Info.Display,
        Position = snapshot.Position,
        Schema = around?.Rewrite(schema) ?? schema,
        Profiles = _profiles,
        Translator = source.Translator,
        TargetMajor = target?.Profile.Major ?? NewestMajor,
        Options = options,
        Inventory = target is null || schema.Postgres is null ? null : around?.WithRoles(await TargetInventory.ReadAsync(target, ct)) ?? await TargetInventory.ReadAsync(target, ct),
        Resuming = resuming,
        ExistingKeys = target is not null && schema.Postgres is not null && (options.DataOnly || options.IfExists == IfExists.Append) ? await ExistingKeys.ReadAsync(target, ct) : null,
        Existing = target is null || schema.Postgres is not null ? ImmutableDictionary<string, ExistingTable>.Empty : await ExistingTables.ReadAsync(target, options, ct),
        RefusedColumns = _refused,
        SourceFindings = source.Info.Findings,
        PostGis = target?.Profile.PostGis,
        Taken = target is null || schema.Postgres is not null || options.DataOnly || options.IfExists == IfExists.Append ? [] : await TakenAsync(target, ct),
    });
}
