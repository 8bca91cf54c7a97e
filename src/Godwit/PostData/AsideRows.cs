using System.Globalization;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.PostData;

/// <summary>
/// Rows that stand in the way of a constraint, on their way into godwit.quarantine: first they are all named, with the rows that reference them, then written
/// there whole, then removed. All of it is part of the caller's transaction, in which the constraint is proven: what is not in quarantine is in its table.
/// </summary>
internal sealed class AsideRows(NpgsqlConnection connection, Guid run, MigrationPlan plan, bool isSuperuser)
{
    private const string Counted = "not as many were removed as were named.";
    private const string Named = "pg_temp.godwit_aside";

    private static readonly string[] s_settings = ["search_path", "datestyle", "timezone", "extra_float_digits", "intervalstyle", "lc_monetary", "bytea_output", "xmloption", "row_security"];

    public async Task BeginAsync(CancellationToken ct)
    {
        // Row security would hide rows. Nothing is to fire, and no key to cascade: each row goes by its own reason. Without the right to say so, the
        // removal as one statement does the same for keys; the database's own triggers are not there yet.
        await PrintedAsync(ct);
        await ExecuteAsync("create temp table godwit_aside (rel oid, id tid, round int not null, columns text not null, reason text not null, primary key (rel, id)) on commit drop", ct);
    }

    /// <summary>The settings under which rows are written and removed.</summary>
    public Task PrintedAsync(CancellationToken ct) => ExecuteAsync($"{QuarantineJournal.Printed}; SET LOCAL row_security = off{(isSuperuser ? "; SET LOCAL session_replication_role = replica" : "")}", ct);

    /// <summary>The session's own settings, for what the plan says.</summary>
    public Task OwnSettingsAsync(CancellationToken ct) => ExecuteAsync(string.Join("; ", s_settings.Concat(isSuperuser ? ["session_replication_role"] : []).Select(s => $"SET LOCAL {s} TO DEFAULT")), ct);

    /// <summary>Target names of the key by which rows of the table (as SQL names it) are known; empty where there is none.</summary>
    public IEnumerable<string> KeyOf(string table) => plan.Tables.FirstOrDefault(t => t.Target.ToString() == table)?.Key ?? [];

    /// <summary><paramref name="select"/>: what follows SELECT, with table, place, columns and reason.</summary>
    public Task NameAsync(string select, CancellationToken ct) => NameAsync(0, select, ct);

    public Task OrphansAsync(EnforcedKey key, CancellationToken ct) =>
        NameAsync(0, $"c.tableoid, c.ctid, {Text(string.Join(", ", key.From))}, {Text($"foreign key {key.Name}: {key.Lacks}")} {key.Orphans}", ct);

    /// <summary>Quarantines what was named, and every row that would lose its parent by it. Else says why a row cannot go; the transaction must not be committed then.</summary>
    public async Task<string?> CompleteAsync(CancellationToken ct)
    {
        for (var round = 0; await TablesAsync(round, ct) is { Length: > 0 } tables; round++)
            foreach (var key in await EnforcedKey.ReferencingAsync(connection, tables, ct))
                await NameAsync(round + 1, $"c.tableoid, c.ctid, {Text(string.Join(", ", key.From))}, {Text($"foreign key {key.Name}: {key.Lost}")} {key.ChildrenOf(Named)} and a.round = {Number(round)}", ct);
        var places = await PlacesAsync(ct);
        if (places.Find(p => p.Table is null) is { } strange) return $"{strange.Name} is not of this migration.";
        foreach (var place in places)
            if (await ExecuteAsync(WriteSql(place), ct) != place.Rows) return Counted;
        var removed = await RemoveAsync(places, ct);
        // What keys that are looked at late have to say, they say now: a table with open questions takes no constraint.
        await ExecuteAsync("SET CONSTRAINTS ALL IMMEDIATE", ct);
        return removed == places.Sum(p => p.Rows) ? null : Counted;
    }

    private Task<int> NameAsync(int round, string select, CancellationToken ct) =>
        ExecuteAsync($"insert into {Named} (round, rel, id, columns, reason) select {Number(round)}, {select} on conflict do nothing", ct);

    private async Task<uint[]> TablesAsync(int round, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select coalesce(array_agg(distinct rel), '{{}}') from {Named} where round = {Number(round)}", connection) { CommandTimeout = 0 };
        return (uint[])(await command.ExecuteScalarAsync(ct))!;
    }

    // All in one statement. Keys look, and act, when it is over (PostgreSQL documentation, Overview of Trigger Behavior): by then no row is left that lost its
    // parent, whatever references what, in circles too.
    private async Task<long> RemoveAsync(List<Place> places, CancellationToken ct)
    {
        if (places.Count == 0) return 0;
        var deletions = places.Select((p, i) => $"d{Number(i)} as (delete from only {p.Name} t using {Named} a where a.rel = {Number(p.Oid)}::oid and t.ctid = a.id returning 1)");
        var counts = places.Select((_, i) => $"(select count(*) from d{Number(i)})");
        await using var command = new NpgsqlCommand($"with {string.Join(", ", deletions)} select {string.Join(" + ", counts)}", connection) { CommandTimeout = 0 };
        return await FindingAsync(async () => (long)(await command.ExecuteScalarAsync(ct))!, ct);
    }

    private sealed record Place(uint Oid, SqlName Name, long Rows, string[] Columns, TablePlan? Table);

    private async Task<List<Place>> PlacesAsync(CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(EmbeddedSql.Read("PostData/Sql/aside-tables.sql"), connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var places = new List<Place>();
        while (await reader.ReadAsync(ct))
        {
            var name = new SqlName(reader.GetString(1), reader.GetString(2));
            places.Add(new(reader.GetFieldValue<uint>(0), name, reader.GetInt64(3), reader.GetFieldValue<string[]>(4), plan.Tables.FirstOrDefault(t => t.Target == name)));
        }
        return places;
    }

    private string WriteSql(Place place)
    {
        var table = place.Table!;
        return QuarantineJournal.WriteSql(run, table.Source) + $"""
             row_number() over (order by a.round, t.ctid), {QuarantineJournal.KeySql(table.Key)}, a.columns, a.reason, {QuarantineJournal.RowSql(place.Columns)}
            from only {place.Name} t join {Named} a on a.rel = {Number(place.Oid)}::oid and a.id = t.ctid
            """;
    }

    private Task<int> ExecuteAsync(string sql, CancellationToken ct) => FindingAsync(() => SendAsync(sql, ct), ct);

    // The table's indexes may call what the application's sessions alone find: then it is said again as they would say it.
    private async Task<T> FindingAsync<T>(Func<Task<T>> say, CancellationToken ct)
    {
        if (plan.LoadSearchPath is null) return await say();
        await SendAsync("SAVEPOINT godwit_aside", ct);
        try
        {
            var said = await say();
            await SendAsync("RELEASE godwit_aside", ct);
            return said;
        }
        catch (PostgresException e) when (ApplicationPath.IsMissing(e))
        {
            await SendAsync("ROLLBACK TO godwit_aside; RELEASE godwit_aside", ct);
            await using var before = new NpgsqlCommand("select current_setting('search_path')", connection);
            var path = (string)(await before.ExecuteScalarAsync(ct))!;
            await SendAsync($"SET LOCAL search_path = pg_catalog, {plan.LoadSearchPath}", ct);
            var said = await say();
            await SendAsync($"SELECT set_config('search_path', {Text(path)}, true)", ct);
            return said;
        }
    }

    private async Task<int> SendAsync(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync(ct);
    }

    private static string Text(string value) => SqlText.Literal(value);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
