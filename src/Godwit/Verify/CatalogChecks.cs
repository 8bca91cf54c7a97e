using System.Collections.Immutable;
using System.Globalization;
using Godwit.Plan;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Verify;

/// <summary>
/// What is not about rows: everything that the plan promised exists, foreign keys and checks hold, sequences stand past the data, views can be
/// read. <paramref name="tables"/>: only what belongs to these, by source name; null is all.
/// </summary>
internal sealed class CatalogChecks(TargetSessions sessions, MigrationPlan plan, IReadOnlyCollection<string>? tables)
{
    private const int NamedOrphans = 5;
    private readonly HashSet<SqlName> _readable = [];

    /// <summary>Views that yielded a first row, or none, known when <see cref="RunAsync"/> is done.</summary>
    public IReadOnlySet<SqlName> ReadableViews => _readable;

    private static readonly TimeSpan ViewPatience = TimeSpan.FromSeconds(15);

    public async Task<ImmutableArray<VerifyCheck>> RunAsync(CancellationToken ct)
    {
        var checks = ImmutableArray.CreateBuilder<VerifyCheck>();
        var promised = plan.PreData.Concat(plan.PostData).Select(s => PromisedObject.Of(s, plan)).OfType<PromisedObject>()
            .Where(p => tables is null || p.Table is not null && tables.Contains(p.Table, NameComparer.Instance)).ToList();
        var there = await ObjectsAsync(promised, ct);
        foreach (var group in promised.GroupBy(p => p.Kind).OrderBy(g => g.Key)) checks.Add(Exist(group.Key, [.. group], there));
        await ConstraintsAsync(checks, ct);
        await SequencesAsync(checks, ct);
        await ViewsAsync(promised.Where(p => p.Kind == PromisedKind.View && there.ContainsKey(Id(p))), checks, ct);
        return checks.ToImmutable();
    }

    private static (string Kind, string Schema, string Name, string? Owner) Id(PromisedObject p) => p.Kind is PromisedKind.Constraint or PromisedKind.Trigger
        ? (p.Kind == PromisedKind.Trigger ? "trigger" : "constraint", p.Owner!.Value.Schema ?? "", p.Name.Name, p.Owner.Value.Name)
        : (p.Kind switch { PromisedKind.Table => "table", PromisedKind.Index => "index", _ => "view" }, p.Name.Schema ?? "", p.Name.Name, null);

    private async Task<Dictionary<(string, string, string, string?), bool>> ObjectsAsync(List<PromisedObject> promised, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(VerifySql.Read("objects"), sessions.Main);
        command.Parameters.Add(new() { Value = promised.Select(p => Id(p).Schema).Distinct().ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var there = new Dictionary<(string, string, string, string?), bool>();
        while (await reader.ReadAsync(ct))
            there[(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3))] = reader.GetBoolean(4);
        return there;
    }

    private static VerifyCheck Exist(PromisedKind kind, List<PromisedObject> promised, Dictionary<(string, string, string, string?), bool> there)
    {
        var name = kind switch { PromisedKind.Table => "tables", PromisedKind.Index => "indexes", PromisedKind.Constraint => "constraints", PromisedKind.Trigger => "triggers", _ => "views" };
        // ADD CONSTRAINT ... USING INDEX may rename the index after the constraint: the constraint stands for it then.
        var missing = promised.Where(p => !there.ContainsKey(Id(p))).ToList();
        var broken = kind == PromisedKind.Index ? promised.Where(p => there.TryGetValue(Id(p), out var usable) && !usable).ToList() : [];
        if (missing.Count + broken.Count == 0) return new(name, Verdict.Equal, $"all {promised.Count:N0} of the plan exist");
        var detail = missing.Select(m => $"{m.Subject} is missing ({m.Name.Name})").Concat(broken.Select(b => $"{b.Subject} is not valid ({b.Name.Name})"));
        return new(name, Verdict.Different, string.Join("; ", detail));
    }

    private sealed record Constraint(bool IsForeignKey, string Name, bool Proven, TablePlan Table, string Definition, SqlName Parent, string[] From, string[] To);

    private async Task ConstraintsAsync(ImmutableArray<VerifyCheck>.Builder checks, CancellationToken ct)
    {
        var constraints = await ReadConstraintsAsync(ct);
        foreach (var isForeignKey in (ReadOnlySpan<bool>)[true, false])
        {
            var proven = constraints.Count(c => c.IsForeignKey == isForeignKey && c.Proven);
            if (proven > 0) checks.Add(new(isForeignKey ? "foreign keys" : "checks", Verdict.Equal, $"{proven:N0} hold for every row"));
        }
        foreach (var constraint in constraints.Where(c => !c.Proven))
        {
            if (constraint.IsForeignKey) checks.Add(await OrphansAsync(constraint, ct));
            else checks.Add(new($"check {constraint.Name}", Verdict.Different, $"{constraint.Table.Source}: not proven for the rows that were there before it ({constraint.Definition})"));
        }
    }

    private async Task<List<Constraint>> ReadConstraintsAsync(CancellationToken ct)
    {
        var chosen = plan.Tables.Where(t => tables is null || tables.Contains(t.Source, NameComparer.Instance)).ToList();
        await using var command = new NpgsqlCommand(VerifySql.Read("unproven"), sessions.Main);
        command.Parameters.Add(new() { Value = chosen.Select(t => t.Target.ToString()).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var constraints = new List<Constraint>();
        while (await reader.ReadAsync(ct))
        {
            var isForeignKey = reader.GetString(0) == "f";
            var parent = isForeignKey ? new SqlName(reader.GetString(5), reader.GetString(6)) : default;
            constraints.Add(new(isForeignKey, reader.GetString(1), reader.GetBoolean(2), chosen[reader.GetInt32(3) - 1], reader.GetString(4), parent,
                reader.GetFieldValue<string[]>(7), reader.GetFieldValue<string[]>(8)));
        }
        return constraints;
    }

    /// <summary>A key that stands NOT VALID: the rows without a parent, counted and the first of them named.</summary>
    private async Task<VerifyCheck> OrphansAsync(Constraint key, CancellationToken ct)
    {
        var secret = key.Table.Columns.Where(c => Secrets.LooksSecret(c.Source)).Select(c => c.Target).ToHashSet(StringComparer.Ordinal);
        var shown = key.Table.Key.Concat(key.From).Distinct().ToList();
        var columns = string.Join(", ", shown.Select(c => secret.Contains(c) ? SqlText.Literal(Secrets.Mask) : $"left(c.{SqlName.Quote(c)}::text, 60)"));
        var join = string.Join(" AND ", key.From.Zip(key.To, (f, t) => $"p.{SqlName.Quote(t)} = c.{SqlName.Quote(f)}"));
        var notNull = string.Join(" AND ", key.From.Select(f => $"c.{SqlName.Quote(f)} IS NOT NULL"));
        var sql = $"SELECT count(*) OVER (), {columns} FROM {key.Table.Target} c WHERE {notNull} AND NOT EXISTS (SELECT FROM {key.Parent} p WHERE {join}) ORDER BY 2 LIMIT {NamedOrphans}";
        await using var command = new NpgsqlCommand(sql, sessions.Main) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        long count = 0;
        var rows = new List<string>();
        while (await reader.ReadAsync(ct))
        {
            count = reader.GetInt64(0);
            rows.Add(string.Join(", ", shown.Select((c, i) => $"{c}={(reader.IsDBNull(i + 1) ? "NULL" : reader.GetString(i + 1))}")));
        }
        var name = $"foreign key {key.Name}";
        if (count == 0) return new(name, Verdict.Equal, $"{key.Table.Source}: every row has its parent; the server does not know it yet (ALTER TABLE {key.Table.Target} VALIDATE CONSTRAINT {SqlName.Quote(key.Name)})");
        return new(name, Verdict.Different, $"{key.Table.Source}: {count:N0} row(s) without a parent in {key.Parent.Name}: {string.Join("; ", rows)}{(count > rows.Count ? "; ..." : "")}");
    }

    private async Task SequencesAsync(ImmutableArray<VerifyCheck>.Builder checks, CancellationToken ct)
    {
        var good = 0;
        foreach (var sequence in plan.Sequences.Where(s => tables is null || tables.Contains(s.Table, NameComparer.Instance)))
        {
            var problem = await SequenceProblemAsync(sequence, ct);
            if (problem is null) good++;
            else checks.Add(new($"sequence of {sequence.Table}.{sequence.Column}", Verdict.Different, problem));
        }
        if (good > 0) checks.Add(new("sequences", Verdict.Equal, $"{good:N0} stand past the data"));
    }

    private async Task<string?> SequenceProblemAsync(SequencePlan planned, CancellationToken ct)
    {
        var connection = sessions.Main;
        await using (var exists = new NpgsqlCommand("select pg_catalog.to_regclass($1) is not null", connection))
        {
            exists.Parameters.Add(new() { Value = planned.Target.ToString() });
            if (await exists.ExecuteScalarAsync(ct) is not true) return $"There is no table {planned.Target}.";
        }
        SqlName name;
        long step;
        await using (var find = new NpgsqlCommand(VerifySql.Read("sequence"), connection))
        {
            find.Parameters.Add(new() { Value = planned.Target.ToString() });
            find.Parameters.Add(new() { Value = planned.TargetColumn });
            await using var reader = await find.ExecuteReaderAsync(ct);
            if (!await reader.ReadAsync(ct)) return $"The column has no sequence.";
            (name, step) = (new SqlName(reader.GetString(0), reader.GetString(1)), reader.GetInt64(2));
        }
        await using var command = new NpgsqlCommand($"SELECT s.last_value, s.is_called, (SELECT max({SqlName.Quote(planned.TargetColumn)})::numeric::text FROM {planned.Target}) FROM {name} s", connection);
        await using var state = await command.ExecuteReaderAsync(ct);
        await state.ReadAsync(ct);
        var next = (Int128)state.GetInt64(0) + (state.GetBoolean(1) ? step : 0);
        var largest = state.IsDBNull(2) ? (Int128?)null : Int128.Parse(state.GetString(2), CultureInfo.InvariantCulture);
        if (largest >= next) return $"The next value {next} is not past the largest key {largest}.";
        return next < planned.NextValue ? $"The next value {next} is before {planned.NextValue}, which the source would give next." : null;
    }

    private async Task ViewsAsync(IEnumerable<PromisedObject> views, ImmutableArray<VerifyCheck>.Builder checks, CancellationToken ct)
    {
        var good = 0;
        foreach (var view in views)
        {
            await ExecuteAsync($"SAVEPOINT view; SET LOCAL statement_timeout = {(int)ViewPatience.TotalMilliseconds}", ct);
            try
            {
                await ExecuteAsync($"SELECT * FROM {view.Name} LIMIT 1", ct);
                good++;
                _readable.Add(view.Name);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled && !ct.IsCancellationRequested)
            {
                checks.Add(new(view.Subject, Verdict.NotChecked, $"Its first row did not come within {ViewPatience.TotalSeconds:N0} s."));
            }
            catch (PostgresException e)
            {
                checks.Add(new(view.Subject, Verdict.Different, $"It cannot be read: {e.MessageText} (SQLSTATE {e.SqlState})."));
            }
            await ExecuteAsync("ROLLBACK TO SAVEPOINT view", ct);
        }
        if (good > 0) checks.Add(new("views can be read", Verdict.Equal, $"{good:N0}"));
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, sessions.Main) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
