using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.Follow;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Target;
using Godwit.Verify;
using Npgsql;

namespace Godwit;

/// <summary>
/// Puts tables of one PostgreSQL database right from another: each gets the rows of the source, in a transaction of its own, and what that overwrites or removes is kept in
/// godwit.repaired. Where the target follows the source, it is brought to a position of the source's log and repaired from the snapshot of that position, so that
/// what is applied afterwards follows from what is there. Else from the source as it is now, all tables of one moment.
/// </summary>
public sealed class PairRepairing(TimeProvider clock)
{
    private static readonly TimeSpan MomentPatience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// <paramref name="different"/>: what a comparison says of tables that differ. Those that one side alone has stay as they are; materialized views are refreshed, in the end.
    /// </summary>
    public async Task<ImmutableArray<RepairedTable>> RunAsync(ITarget source, ITarget target, IReadOnlyList<TableVerification> different, IProgress<MigrationEvent> progress, CancellationToken ct)
    {
        await ChangeApplier.RequireAsync(target, ct);
        if (different.FirstOrDefault(t => t.Quarantined > 0) is { } held)
            throw Repairing.Aside(held.Table);
        StreamEnd old = new(source.ToBuilder(), source.Display, "source"), fresh = new(target.ToBuilder(), target.Display, "target");
        var (run, fact) = await FollowSession.FactAsync(target, ct);
        if (run?.Source == source.Display && fact is { IsSwitched: true })
            throw Repairing.WrongSide(source.Display, target.Display);
        var whole = new WholeTable(old, fresh, run?.Id);
        if (!PairSession.IsUnderway(old, run, fact))
        {
            // No other godwit copies or follows meanwhile.
            await using var alone = await RunSession.OpenAsync(target, clock, ct);
            return await RepairAsync(whole, old, fresh, null, different, ct);
        }
        await using var session = await PairSession.OpenAsync(old, target, clock, takeOver: null, ct);
        using var moment = await session.Origin(back: false).MomentAsync(MomentPatience, ct)
            ?? throw new GodwitException(ErrorKind.Blocked, "repair-no-moment", $"{source.Display} has transactions that do not end: there was no moment at which the target could be as old as the source.", "select pid, usename, xact_start, query from pg_stat_activity order by xact_start; shows them. Then again.");
        await session.DrainToAsync(back: false, moment.Position, finding => progress.Report(new MigrationEvent.Found(finding)), ct);
        return await RepairAsync(whole, old, fresh, moment.Snapshot, different, ct);
    }

    private static async Task<ImmutableArray<RepairedTable>> RepairAsync(WholeTable whole, StreamEnd from, StreamEnd to, string? snapshot, IReadOnlyList<TableVerification> different, CancellationToken ct)
    {
        var (there, here) = (await KindsAsync(from, different, ct), await KindsAsync(to, different, ct));
        // r: a table, p: a partitioned one, m: a materialized view (pg_class.relkind).
        List<string> Of(params string[] kinds) => [.. different.Select(t => t.Target).Where(t => kinds.Contains(there.GetValueOrDefault(t)) && kinds.Contains(here.GetValueOrDefault(t)))];
        var repaired = ImmutableArray.CreateBuilder<RepairedTable>();
        using var source = whole.Open(snapshot, ct);
        foreach (var table in Of("r", "p")) repaired.Add(await whole.BringAsync(source, table, ct));
        await RefreshAsync(to, Of("m"), ct);
        return repaired.ToImmutable();
    }

    private static async Task<Dictionary<string, string>> KindsAsync(StreamEnd end, IReadOnlyList<TableVerification> tables, CancellationToken ct)
    {
        await using var connection = await end.ConnectAsync(ct);
        try
        {
            await using var command = new NpgsqlCommand("select t, c.relkind::text from unnest($1) t join pg_class c on c.oid = to_regclass(t)", connection) { Parameters = { new() { Value = tables.Select(t => t.Target).ToArray() } } };
            await using var row = await command.ExecuteReaderAsync(ct);
            var kinds = new Dictionary<string, string>(StringComparer.Ordinal);
            while (await row.ReadAsync(ct)) kinds[row.GetString(0)] = row.GetString(1);
            return kinds;
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, "Looking at the tables that differ");
        }
    }

    private static async Task RefreshAsync(StreamEnd end, List<string> views, CancellationToken ct)
    {
        if (views.Count == 0) return;
        await using var connection = await end.ConnectAsync(ct);
        try
        {
            // Refreshing may be a matter of minutes.
            foreach (var view in views)
                await using (var command = new NpgsqlCommand($"refresh materialized view {view}", connection) { CommandTimeout = 0 }) await command.ExecuteNonQueryAsync(ct);
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, "Refreshing a materialized view");
        }
    }
}
