using System.Collections.Immutable;
using Godwit.Follow;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;

namespace Godwit;

/// <summary>Puts tables of the target right from the source, as it is now. What that overwrites or removes is kept in godwit.repaired.</summary>
public sealed class Repairing(TimeProvider clock)
{
    /// <summary><paramref name="tables"/>: source names of tables that a comparison found different; each is repaired in a transaction of its own.</summary>
    public async Task<ImmutableArray<RepairedTable>> RunAsync(ISource source, ITarget target, MigrationOptions options, IReadOnlyList<string> tables, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        await ChangeApplier.RequireAsync(target, ct);
        // No other godwit copies or follows meanwhile.
        await using var session = await RunSession.OpenAsync(target, clock, ct);
        await using var snapshot = await source.OpenSnapshotAsync(options.Jobs, ct);
        var schema = TableFilter.Apply(await snapshot.InspectAsync(ct), options, target.Profile.PostGis);
        var run = await RunSession.LastRunAsync(source, target, options, ct);
        var plan = run is null
            ? await new Planning(source, snapshot, schema, target, options with { DataOnly = true }, new StageClock(clock, progress), progress).WholeAsync(ct)
            : PlanJson.Read(run.Plan);
        if (run is not null && await IsSwitchedAsync(target, run.Id, ct))
            throw WrongSide(source.Info.Display, target.Display);
        // The source's rows would come back all of them, those too for which a constraint has no place, and past it.
        if (source is IPostgresSource && run is not null && await AsideAsync(target, run.Id, ct) is var aside && tables.FirstOrDefault(aside.Contains) is { } held)
            throw Aside(held);
        var repair = new TableRepair(snapshot, schema, target, run?.Id);
        var repaired = ImmutableArray.CreateBuilder<RepairedTable>();
        foreach (var table in plan.Tables.Where(t => tables.Contains(t.Source))) repaired.Add(await repair.RunAsync(table, plan, ct));
        return repaired.ToImmutable();
    }

    internal static GodwitException WrongSide(string source, string target) =>
        new(ErrorKind.Blocked, "repair-wrong-side", $"The application uses {target} since the cutover: {source} is the older one, and nothing of it may replace what was written there.", "godwit follow carries the target's writes back into the source.");

    internal static GodwitException Aside(string table) =>
        new(ErrorKind.Blocked, "repair-aside", $"Rows of {table} stand in godwit.quarantine because they break a constraint; a repair would put them back past it.", "Put right what differs by hand, or migrate again.");

    private static async Task<HashSet<string>> AsideAsync(ITarget target, Guid run, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            return [.. (await QuarantineJournal.ReadAsync(connection, run, ct)).Select(g => g.Table)];
        }
        catch (Npgsql.NpgsqlException e)
        {
            throw TargetErrors.Map(e, "reading the journal");
        }
    }

    private static async Task<bool> IsSwitchedAsync(ITarget target, Guid run, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            return await FollowJournal.ReadAsync(connection, run, ct) is { Authoritative: "target" };
        }
        catch (Npgsql.NpgsqlException e)
        {
            throw TargetErrors.Map(e, "reading the journal");
        }
    }
}
