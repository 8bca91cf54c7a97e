using System.Collections.Immutable;
using System.Globalization;
using Godwit.Source;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>Compares the rows of all tables: sums computed in each server, rows only where sums differ.</summary>
internal sealed class PairData(PairSides sides, PairRequest request, IProgress<MigrationEvent> progress, TimeProvider clock)
{
    /// <summary>Rows of a table that mode Sample compares, about; smaller tables are compared in full.</summary>
    private const int SampledRows = 10_000;

    /// <summary>Takes sessions of its own.</summary>
    public async Task<ImmutableArray<TableVerification>> RunAsync(PairTables tables, RowHash hash, CancellationToken ct)
    {
        var scan = new PairScan(sides, Math.Max(1, request.Jobs), clock);
        await scan.RunAsync(tables.Compared, (connection, piece, token) => SumAsync(connection, piece, hash, token),
            t => progress.Report(new MigrationEvent.TableStarted(Stage.Verify, t.Name, t.Rows)),
            t => progress.Report(new MigrationEvent.TableFinished(Stage.Verify, t.Name, t.SourceRows, 0, t.Elapsed)), ct);
        var rows = new PairRows(sides, scan, hash, request.NamedRows);
        var results = new List<TableVerification>();
        foreach (var table in tables.Compared) results.Add(await ReportAsync(table, rows, hash, ct));
        results.AddRange(tables.Missing.Select(Absent).OfType<TableVerification>());
        return [.. results.OrderBy(r => r.Table, StringComparer.Ordinal)];
    }

    /// <summary>How rows are hashed on these two servers.</summary>
    public async Task<RowHash> HashAsync(CancellationToken ct) => new(await ProvenAsync(ct), sides.SameEncoding);

    private async Task<HashSet<string>> ProvenAsync(CancellationToken ct)
    {
        var source = await TextRows.ReadAsync(sides.Source.Main, PairSql.Read("hash-proof"), ct);
        var target = await TextRows.ReadAsync(sides.Target.Main, PairSql.Read("hash-proof"), ct);
        var proven = RowHash.Proven(source, target);
        return proven.Contains("text") ? proven : throw new GodwitException(ErrorKind.TargetFatal, "hash-differs",
            "The two servers hash one text to two numbers, so sums cannot be compared.", "This happens between machines of different byte order. Compare with --mode counts.");
    }

    private async Task SumAsync(NpgsqlConnection connection, Piece piece, RowHash hash, CancellationToken ct)
    {
        var table = piece.Table;
        var from = $"FROM {piece.From} AS t{piece.Pages}";
        string sql;
        if (request.Mode == VerifyMode.Counts || table.Columns.IsEmpty) sql = $"SELECT count(*), 0, 0 {from}";
        else if (request.Mode == VerifyMode.Full || table.Rows <= SampledRows) sql = $"SELECT count(*), count(*), coalesce(sum({hash.Of(table.Columns)}), 0) {from}";
        else
        {
            // The same rows on both sides: those whose key's hash ends in zeros.
            var step = 1L << (int)Math.Log2((double)table.Rows / SampledRows);
            var chosen = $"{hash.Of(table.Key.IsEmpty ? table.Columns : table.Key)} & {step - 1} = 0";
            sql = $"SELECT count(*), count(*) FILTER (WHERE {chosen}), coalesce(sum({hash.Of(table.Columns)}) FILTER (WHERE {chosen}), 0) {from}";
        }
        var line = (await TextRows.ReadAsync(connection, sql, ct))[0];
        table.Add(piece, long.Parse(line[0]!, CultureInfo.InvariantCulture), new(long.Parse(line[1]!, CultureInfo.InvariantCulture), Int128.Parse(line[2]!, CultureInfo.InvariantCulture)));
        progress.Report(new MigrationEvent.TableProgress(Stage.Verify, table.Name, Math.Max(table.SourceRows, table.TargetRows), 0));
    }

    private async Task<TableVerification> ReportAsync(PairTable table, PairRows rows, RowHash hash, CancellationToken ct)
    {
        var result = new TableVerification
        {
            Table = table.Name,
            Target = table.Target.Name.ToString(),
            Verdict = Verdict.NotChecked,
            SourceRows = table.SourceRows,
            TargetRows = table.TargetRows,
            Quarantined = table.AsideRows,
            ValuesCompared = table.Unreadable is null && request.Mode != VerifyMode.Counts ? table.SourceSum.Rows * table.Columns.Length : 0,
            Elapsed = table.Elapsed,
        };
        if (table.Unreadable is { } why) return result with { Checks = [new("rows", Verdict.NotChecked, why)] };
        var checks = ImmutableArray.CreateBuilder<VerifyCheck>();
        checks.Add(new("row count", table.HasAllRows ? Verdict.Equal : Verdict.Different, $"{table.SourceRows:N0} in the source, {table.TargetRows:N0} in the target{(table.AsideRows == 0 ? "" : $", {table.AsideRows:N0} in quarantine")}"));
        foreach (var column in table.Missing.Where(c => !IsPromised(table, c))) checks.Add(new("columns", Verdict.Different, $"the target lacks {column}"));
        foreach (var column in table.Extra.Where(c => !IsPromised(table, c))) checks.Add(new("columns", Verdict.Different, $"the target has {column}, the source has not"));
        if (request.Mode == VerifyMode.Counts || table.Columns.IsEmpty) return Ended(result, checks);
        var how = table.Key.IsEmpty ? "no key: rows are compared as a multiset" : "by the key " + string.Join(", ", table.Key.Select(k => k.Name));
        if (table.SumsAgree)
        {
            checks.Add(new("values", Verdict.Equal, request.Mode == VerifyMode.Full || table.Rows <= SampledRows ? how : $"of {table.SourceSum.Rows:N0} rows; {how}"));
            return Ended(result, checks);
        }
        if (table.Source.Kind == 'm' && await IsStaleAsync(table, hash, ct))
        {
            checks.Clear();
            checks.Add(new("values", Verdict.Equal, $"the target holds what the view's query yields; the source's own copy ({table.SourceRows:N0} rows) was not refreshed since its tables changed"));
            return Ended(result, checks);
        }
        if (table.Source.Kind == 'm' && table.OfAside is { OnlyWrites: false } && await YieldsAsync(sides.Target, table, hash, ct) == new RowSum(table.TargetRows, table.TargetSum.Sum))
        {
            checks.Clear();
            checks.Add(new("values", Verdict.Equal, $"the target holds what the view's query yields there ({table.TargetRows:N0} rows); rows that it is made of are in quarantine"));
            return Ended(result, checks);
        }
        if (table.Source.Kind == 'm' && await MomentaryAsync(table, hash, ct) is var (momentary, columns)) return result with { ValuesCompared = table.SourceSum.Rows * columns, Checks = [momentary] };
        var found = await rows.FindAsync(table, ct);
        checks.Add(new("values", Verdict.Different, $"{(found.Complete ? "" : "at least ")}{found.Changed:N0} changed, {found.Missing:N0} missing, {found.Extra:N0} extra row(s); {how}"));
        return Ended(result with { DifferentRows = found.Rows, Differences = found.Named }, checks);
    }

    private bool IsPromised(PairTable table, string column) => request.Promised.Any(p => p.Covers("column", $"{table.Source.Name}.{column}", null) || p.Covers("table", table.Name, null));

    private static TableVerification Ended(TableVerification result, ImmutableArray<VerifyCheck>.Builder checks) => result with
    {
        Verdict = checks.Any(c => c.Verdict == Verdict.Different) ? Verdict.Different : Verdict.Equal,
        Checks = checks.ToImmutable(),
    };

    /// <summary>A materialized view is as old as its last REFRESH: the target's may be right because it is newer.</summary>
    private async Task<bool> IsStaleAsync(PairTable table, RowHash hash, CancellationToken ct) => await YieldsAsync(sides.Source, table, hash, ct) == new RowSum(table.TargetRows, table.TargetSum.Sum);

    /// <summary>
    /// Of a materialized view that two moments of one database do not agree on (now(), random()), as no two REFRESH do: what is said of it, and how many columns are
    /// equal in both. Null where both moments agree, or the other columns or the number of rows differ.
    /// </summary>
    private async Task<(VerifyCheck Check, int Columns)?> MomentaryAsync(PairTable table, RowHash hash, CancellationToken ct)
    {
        var sums = "count(*), " + string.Join(", ", table.Columns.Select(c => $"coalesce(sum({hash.Of([c])}), 0)"));
        if (await AskAsync(sides.Target, table, null, sums, ct) is not { } first || await AskAsync(sides.Target, table, null, sums, ct) is not { } second) return null;
        if (first[0] != second[0]) return (new("values", Verdict.NotChecked, "the view's query yields other rows from moment to moment"), 0);
        ImmutableArray<PairColumn> moving = [.. table.Columns.Where((_, i) => first[i + 1] != second[i + 1])], still = [.. table.Columns.Except(moving)];
        if (moving.IsEmpty) return null;
        var stored = $"TABLE {table.Name}";
        var there = await YieldsAsync(sides.Target, table, stored, hash, still, ct);
        if (there is null || (there != await YieldsAsync(sides.Source, table, stored, hash, still, ct) && there != await YieldsAsync(sides.Source, table, null, hash, still, ct))) return null;
        return (new("values", Verdict.NotChecked, $"the view's query yields other values from moment to moment ({string.Join(", ", moving.Select(c => c.Name))}){(still.IsEmpty ? "" : "; its other columns are equal")}"), still.Length);
    }

    /// <summary>What a materialized view would hold if it were filled now.</summary>
    private static Task<RowSum?> YieldsAsync(PairSide side, PairTable table, RowHash hash, CancellationToken ct) => YieldsAsync(side, table, null, hash, table.Columns, ct);

    private static async Task<RowSum?> YieldsAsync(PairSide side, PairTable table, string? query, RowHash hash, IReadOnlyList<PairColumn> columns, CancellationToken ct) =>
        await AskAsync(side, table, query, $"count(*), coalesce(sum({hash.Of(columns)}), 0)", ct) is { } line ? new RowSum(long.Parse(line[0]!, CultureInfo.InvariantCulture), Int128.Parse(line[1]!, CultureInfo.InvariantCulture)) : null;

    /// <summary>In a transaction of its own, whose moment is another's; by the view's own query where none is given. Null where it cannot be run: then the difference stands as it was seen.</summary>
    private static async Task<string?[]?> AskAsync(PairSide side, PairTable table, string? query, string what, CancellationToken ct)
    {
        await using var connection = await side.ConnectAsync(ct);
        try
        {
            query ??= (await TextRows.ReadAsync(connection, "SELECT pg_get_viewdef($1::regclass)", ct, table.Name))[0][0]!.TrimEnd(';');
            // What the query calls may search its schemas as the database is set up.
            await PairSide.ExecuteAsync(connection, ApplicationPath.Local, ct);
            return (await TextRows.ReadAsync(connection, $"SELECT {what} FROM ({query}) AS t", ct))[0];
        }
        catch (PostgresException)
        {
            return null;
        }
    }

    /// <summary>A table that the target lacks. One that was announced is the catalog's to tell, unless it was asked for.</summary>
    private TableVerification? Absent(Relation relation)
    {
        var promised = request.Promised.FirstOrDefault(p => p.Covers(relation.Kind == 'm' ? "view" : "table", relation.Name.ToString(), null) || p.Kind == "within" && p.Name == relation.Name.Schema);
        if (promised is not null && request.Tables.Count == 0) return null;
        return new TableVerification
        {
            Table = relation.Name.ToString(),
            Target = relation.Name.ToString(),
            Verdict = promised is null ? Verdict.Different : Verdict.NotChecked,
            SourceRows = relation.Rows,
            Checks = [promised is null ? new(TableVerification.Exists, Verdict.Different, $"There is no table {relation.Name} in the target.") : new(TableVerification.Exists, Verdict.NotChecked, "left out: " + promised.Reason)],
        };
    }
}
