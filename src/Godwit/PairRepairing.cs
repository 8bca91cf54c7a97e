using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.Follow;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Schema;
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
        var (there, here) = (await RelationsAsync(from, different, ct), await RelationsAsync(to, different, ct));
        // r: a table, p: a partitioned one, m: a materialized view (pg_class.relkind).
        List<string> Of(params string[] kinds) => [.. different.Select(t => t.Target).Where(t => kinds.Contains(there.GetValueOrDefault(t)?.Kind) && kinds.Contains(here.GetValueOrDefault(t)?.Kind))];
        var tables = Of("r", "p");
        // Before the first of them is repaired.
        foreach (var table in tables)
            if (there[table].Columns.Except(here[table].Columns, StringComparer.Ordinal).ToList() is { Count: > 0 } lacking)
                throw new GodwitException(ErrorKind.Blocked, "repair-columns", $"{table} of {to.Display} has no place for the values of {string.Join(", ", lacking.Select(SqlName.Quote))}: no column of that name, or one that the server computes. Nothing was repaired.",
                    "Give the table the columns of the source (ALTER TABLE ... ADD COLUMN), then again.");
        var repaired = ImmutableArray.CreateBuilder<RepairedTable>();
        using var source = whole.Open(snapshot, ct);
        foreach (var table in tables) repaired.Add(await whole.BringAsync(source, table, ct));
        await RefreshAsync(to, Of("m"), ct);
        return repaired.ToImmutable();
    }

    /// <summary><paramref name="Kind"/>: pg_class.relkind. <paramref name="Columns"/>: those that take values, by their names.</summary>
    private sealed record Relation(string Kind, string[] Columns);

    private static async Task<Dictionary<string, Relation>> RelationsAsync(StreamEnd end, IReadOnlyList<TableVerification> tables, CancellationToken ct)
    {
        await using var connection = await end.ConnectAsync(ct);
        try
        {
            await using var command = new NpgsqlCommand("""
                select t, c.relkind::text, array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '')
                from unnest($1) t join pg_class c on c.oid = to_regclass(t)
                """, connection) { Parameters = { new() { Value = tables.Select(t => t.Target).ToArray() } } };
            await using var row = await command.ExecuteReaderAsync(ct);
            var relations = new Dictionary<string, Relation>(StringComparer.Ordinal);
            while (await row.ReadAsync(ct)) relations[row.GetString(0)] = new(row.GetString(1), row.GetFieldValue<string[]>(2));
            return relations;
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
