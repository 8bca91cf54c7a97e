using System.Collections.Immutable;
using System.Globalization;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;
using Npgsql;

namespace Godwit.Verify;

/// <summary>
/// Evaluates checks, predicates of partial indexes and expressions of indexes for every row, on both sides: as the source has them, and as the target's
/// catalog has them now. A second reading of the tables that have any, in which each row is its key and what the expressions yield; it is summed and looked
/// into as the values are. Generated columns are compared with the values, and views row by row (<see cref="ViewComparison"/>).
/// </summary>
internal sealed class ExpressionComparison(ISnapshot snapshot, TargetSessions sessions, VerifyRequest request, TimeProvider clock)
{
    private const int NamedRows = 3;

    private readonly TableScanner _scanner = new(snapshot, sessions, Math.Max(1, request.Jobs), clock);
    private readonly ImmutableArray<VerifyCheck>.Builder _checks = ImmutableArray.CreateBuilder<VerifyCheck>();
    private int _equal, _tables;
    private long _rows;

    private sealed record Both(TestedExpression Plan, string Target, string PgType);

    /// <summary><paramref name="tables"/> with what came of their values.</summary>
    public async Task<ImmutableArray<VerifyCheck>> RunAsync(IEnumerable<(ComparedTable Table, TableVerification Values)> tables, CancellationToken ct)
    {
        foreach (var (table, values) in tables.Where(t => !t.Table.Plan.Expressions.IsEmpty && t.Table.Exists))
        {
            if (values.Verdict != Verdict.Equal) NotChecked(table, "Its rows are not the same.");
            else if (request.Mode == VerifyMode.Sample && table.Plan.Rows > TableComparison.SampledRows) NotChecked(table, $"A table of more than {TableComparison.SampledRows:N0} rows; use --mode full.");
            else await CompareAsync(table, await FindAsync(table, ct), ct);
        }
        if (_equal > 0) _checks.Insert(0, new("checks and indexes evaluate alike", Verdict.Equal, $"{_equal:N0} expression(s) of {_tables:N0} table(s), for each of {_rows:N0} row(s)"));
        return _checks.ToImmutable();
    }

    private void NotChecked(ComparedTable table, string why) => _checks.Add(new($"checks and indexes of {table.Plan.Source}", Verdict.NotChecked, why));

    /// <summary>An object that is missing is told of elsewhere.</summary>
    private async Task<List<Both>> FindAsync(ComparedTable table, CancellationToken ct)
    {
        var there = new Dictionary<(string, int), (string Sql, string PgType)>();
        await using var command = new NpgsqlCommand(VerifySql.Read("expressions"), sessions.Main);
        command.Parameters.Add(new() { Value = table.Target.ToString() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) there[(reader.GetString(0), reader.GetInt32(1))] = (reader.GetString(2), reader.GetString(3));
        return [.. table.Plan.Expressions.Where(e => there.ContainsKey((e.Object, e.Term))).Select(e => new Both(e, there[(e.Object, e.Term)].Sql, there[(e.Object, e.Term)].PgType))];
    }

    private async Task CompareAsync(ComparedTable table, List<Both> expressions, CancellationToken ct)
    {
        if (expressions.Count == 0) return;
        var checks = new List<VerifyCheck>();
        var together = await TryAsync(table, expressions, ct);
        if (together is { Verdict: not Verdict.Equal } && expressions.Count > 1)
            foreach (var one in expressions) checks.Add(await TryAsync(table, [one], ct));
        else checks.Add(together);
        var equal = together.Verdict == Verdict.Equal ? expressions.Count : checks.Count(c => c.Verdict == Verdict.Equal);
        _checks.AddRange(checks.Where(c => c.Verdict != Verdict.Equal));
        if (equal == 0) return;
        (_equal, _tables, _rows) = (_equal + equal, _tables + 1, _rows + table.SourceRows - table.Quarantined.Count);
    }

    private async Task<VerifyCheck> TryAsync(ComparedTable table, List<Both> expressions, CancellationToken ct)
    {
        var subject = expressions.Count == 1 ? expressions[0].Plan.Subject : table.Plan.Source;
        await ExecuteAsync("SAVEPOINT expressions", ct);
        try
        {
            return await SumAsync(subject, Computing(table, expressions), expressions[0].Plan.Reading, ct);
        }
        catch (GodwitException e) when (e.Kind == ErrorKind.SourceFatal)
        {
            return new(subject, Verdict.NotChecked, $"The source cannot evaluate it: {e.Message}");
        }
        // What the server says of the expression; anything else ends the comparison.
        catch (GodwitException e) when (e.Kind == ErrorKind.TargetFatal && e.SqlState is ['2' or '4', '2', ..] or ['P', ..])
        {
            return new(subject, Verdict.Different, $"The target cannot evaluate it for every row (SQLSTATE {e.SqlState}).");
        }
        finally
        {
            await ExecuteAsync("ROLLBACK TO SAVEPOINT expressions", CancellationToken.None);
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, sessions.Main) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The key by which rows are told apart, else all their values, and beside them what is computed.</summary>
    private static ComparedTable Computing(ComparedTable table, List<Both> expressions)
    {
        var plan = table.Plan with { Columns = table.HasKey ? [.. table.Plan.Columns.Where(c => table.Plan.Key.Contains(c.Target))] : table.Plan.Columns, Generated = [] };
        string Name(int i) => $"expression {i + 1}: {expressions[i].Plan.Subject}";
        var source = table.Source with { Columns = table.Source.Columns.AddRange(expressions.Select((e, i) => new Column { Name = Name(i), DeclaredType = "", Collation = e.Plan.Collation, Computed = new(e.Plan.Source, e.Plan.Reading) })) };
        var units = table.Plan.Columns.Select(c => c.Encoding.Kind).Where(k => k is >= CellEncoding.EpochSeconds and <= CellEncoding.JulianDate).Distinct().ToList();
        var computed = expressions.Select((e, i) => ComparedColumn.Computed(Name(i), e.Plan.Source, Read(e), e.PgType, units.Count == 1 && IsMoment(e.PgType) ? units[0].ToString() : null)).ToArray();
        var computing = new ComparedTable(plan, source, computed) { From = table.From, IsPartitioned = table.IsPartitioned, TargetPages = table.TargetPages, Exists = true };
        computing.Quarantined.UnionWith(table.Quarantined);
        return computing;
    }

    private static string Read(Both e) => e.Plan.Reading switch
    {
        Reading.Holds => $"coalesce({e.Target}, false)::int",
        Reading.Refuses => $"coalesce(NOT {e.Target}, false)::int",
        _ => e.Target,
    };

    private static bool IsMoment(string pgType) => pgType.StartsWith("timestamp", StringComparison.Ordinal) || pgType == "date";

    private async Task<VerifyCheck> SumAsync(string subject, ComparedTable table, Reading reading, CancellationToken ct)
    {
        await _scanner.RunAsync([table], new(WithCtid: false, (_, isSource) => new SumSink(table, isSource, 0, 0), _ => { }, _ => { }, _ => { }), ct);
        if (table.SourceSums is { } source && table.TargetSums is { } target && source.Different(target).Count == 0) return new(subject, Verdict.Equal, "");
        var found = await new DifferenceFinder(snapshot, sessions, _scanner).FindAsync(table, ct);
        var named = found.Named.Where(d => d.Column is null || !IsNear(d)).ToList();
        if (named.Count == 0 && found.Complete && found.Missing + found.Extra == 0 && found.Changed <= DifferenceFinder.NamedRows) return new(subject, Verdict.Equal, "");
        // A row without a key that yields something else is one that is missing and another that is extra.
        var rows = found.Changed + Math.Max(found.Missing, found.Extra);
        return new(subject, Verdict.Different, $"PostgreSQL evaluates it otherwise than SQLite for {(found.Complete ? "" : "at least ")}{rows:N0} of {table.SourceRows:N0} row(s): "
            + string.Join("; ", named.Take(NamedRows).Select(d => d.Column is null ? d.Source ?? d.Target : Said(d, reading))) + (rows > NamedRows ? "; ..." : "."));
    }

    private static string Said(RowDifference d, Reading reading) => reading == Reading.Value ? $"{d.Key}: {d.Source ?? "NULL"} in the source, {d.Target ?? "NULL"} in the target"
        : $"{d.Key}: true in the {(d.Source == "1" == (reading == Reading.Holds) ? "source" : "target")} only";

    // A real that differs by no more than rounding.
    private static bool IsNear(RowDifference d) =>
        double.TryParse(d.Source, NumberStyles.Float, CultureInfo.InvariantCulture, out var a) && double.TryParse(d.Target, NumberStyles.Float, CultureInfo.InvariantCulture, out var b)
        && Math.Abs(a - b) <= 1e-9 * Math.Max(Math.Abs(a), Math.Abs(b));
}
