using System.Collections.Immutable;
using Godwit.Source;

namespace Godwit.Verify;

/// <summary>Compares tables in the mode asked for, and says for each what was seen.</summary>
internal sealed class TableComparison(ISnapshot snapshot, TargetSessions sessions, VerifyRequest request, IProgress<MigrationEvent> progress, TimeProvider clock)
{
    /// <summary>Rows of a table that mode Sample compares; tables with no more than this are compared in full.</summary>
    internal const int SampledRows = 1_000;

    private readonly TableScanner _scanner = new(snapshot, sessions, Math.Max(1, request.Jobs), clock);

    public async Task<ImmutableArray<TableVerification>> RunAsync(List<ComparedTable> tables, CancellationToken ct)
    {
        var results = new Dictionary<ComparedTable, TableVerification>();
        var readable = tables.Where(t => t.Exists && t.MissingColumns.IsEmpty && t.Columns.Length > 0).ToList();
        foreach (var table in tables.Except(readable)) results[table] = Unreadable(table);
        var full = readable.Where(t => request.Mode == VerifyMode.Full || request.Mode == VerifyMode.Sample && t.Plan.Rows <= SampledRows).ToList();
        await FullAsync(full, results, ct);
        foreach (var table in readable.Except(full)) results[table] = await PartlyAsync(table, ct);
        return [.. tables.Select(t => results[t])];
    }

    private static TableVerification Unreadable(ComparedTable table)
    {
        var (name, problem) = !table.Exists ? (TableVerification.Exists, $"There is no table {table.Target}.")
            : table.Columns.IsEmpty ? ("values", "The plan copies no column of this table.")
            : ("columns exist", $"The target lacks {string.Join(", ", table.MissingColumns)}.");
        var verdict = table.Columns.IsEmpty && table.Exists ? Verdict.NotChecked : Verdict.Different;
        return New(table) with { Verdict = verdict, Checks = [new(name, verdict, problem)] };
    }

    private static TableVerification New(ComparedTable table) => new()
    {
        Table = table.Plan.Source,
        Target = table.Target.ToString(),
        Verdict = Verdict.NotChecked,
        SourceRows = table.SourceRows,
        TargetRows = table.TargetRows,
        Quarantined = table.Quarantined.Count,
        Elapsed = table.Elapsed,
    };

    private async Task FullAsync(List<ComparedTable> tables, Dictionary<ComparedTable, TableVerification> results, CancellationToken ct)
    {
        // Big tables first, so that none of them is left alone at the end.
        tables.Sort((a, b) => b.Plan.Bytes.CompareTo(a.Plan.Bytes));
        var work = new TableScanner.Work(
            WithCtid: false,
            (table, isSource) => new SumSink(table, isSource, request.SampleRows, (ulong)request.Seed),
            table => progress.Report(new MigrationEvent.TableStarted(Stage.Verify, table.Plan.Source, table.Plan.Rows)),
            Progress,
            table => { if (IsEqual(table)) Finished(table, 0); });
        await _scanner.RunAsync(tables, work, ct);
        var finder = new DifferenceFinder(snapshot, sessions, _scanner);
        foreach (var table in tables) results[table] = await ReportAsync(table, finder, ct);
    }

    private async Task<TableVerification> ReportAsync(ComparedTable table, DifferenceFinder finder, CancellationToken ct)
    {
        var (sourceRows, targetRows) = (table.SourceRows, table.TargetRows);
        var result = New(table);
        var values = new VerifyCheck("values", Verdict.Equal, $"{sourceRows:N0} row(s) x {table.Columns.Length} column(s), every value");
        if (!IsEqual(table))
        {
            var found = await finder.FindAsync(table, ct);
            result = result with { DifferentRows = found.Rows, Differences = found.Named, Elapsed = table.Elapsed };
            var scope = found.Complete ? "" : $" Looked at {found.BucketsLookedAt:N0} of {found.BucketsDifferent:N0} parts that differ, so there are more.";
            values = new("values", Verdict.Different, $"{found.Changed:N0} row(s) differ, {found.Missing:N0} missing, {found.Extra:N0} extra.{scope}");
            Finished(table, found.Rows);
        }
        var sample = await SampleAsync(table, ct);
        var counts = Counts(table, sourceRows, targetRows);
        return result with
        {
            Verdict = values.Verdict == Verdict.Different || counts.Verdict == Verdict.Different ? Verdict.Different : Verdict.Equal,
            ValuesCompared = sourceRows * table.Columns.Length,
            Checks = [counts, values],
            Sample = sample,
        };
    }

    private static bool IsEqual(ComparedTable table) =>
        table.SourceSums is { } source && table.TargetSums is { } target && source.Different(target).Count == 0;

    private static VerifyCheck Counts(ComparedTable table, long source, long target)
    {
        var put = table.Quarantined.Count;
        var detail = $"source {source:N0}, target {target:N0}" + (put == 0 ? "" : $", in quarantine {put:N0}");
        return new("row counts", source == target + put ? Verdict.Equal : Verdict.Different, detail);
    }

    private void Progress(ComparedTable table) =>
        progress.Report(new MigrationEvent.TableProgress(Stage.Verify, table.Plan.Source, Math.Min(table.SourceRows, table.TargetRows), table.SourceBytes));

    private void Finished(ComparedTable table, long misfits) =>
        progress.Report(new MigrationEvent.TableFinished(Stage.Verify, table.Plan.Source, table.SourceRows, misfits, table.Elapsed));

    /// <summary>Rows side by side. Without a key the target's rows cannot be asked for.</summary>
    private async Task<ImmutableArray<SampleRow>> SampleAsync(ComparedTable table, CancellationToken ct)
    {
        if (request.SampleRows == 0 || !table.HasKey) return [];
        var positions = table.SampleCandidates.OrderBy(c => c.Score).Take(request.SampleRows).Select(c => c.Position).ToList();
        var fetch = new RowFetch(snapshot, table);
        var source = await fetch.SourceAsync(positions, ct);
        return SideBySide(table, source, await fetch.TargetByKeyAsync(sessions.Main, source, ct));
    }

    private static ImmutableArray<SampleRow> SideBySide(ComparedTable table, List<FetchedRow> source, List<FetchedRow> target)
    {
        var byKey = target.ToLookup(r => r.Key);
        return [.. source.Select(s =>
        {
            var t = byKey[s.Key].FirstOrDefault();
            return new SampleRow(s.Name(table), [.. table.Columns.Select((c, i) => new SampleValue(c.Source, s.Value(table, i), t?.Value(table, i), t is not null && s.Cells[i] == t.Cells[i]))]);
        })];
    }

    /// <summary>Counts, and in mode Sample a number of rows chosen at random.</summary>
    private async Task<TableVerification> PartlyAsync(ComparedTable table, CancellationToken ct)
    {
        var began = clock.GetTimestamp();
        progress.Report(new MigrationEvent.TableStarted(Stage.Verify, table.Plan.Source, table.Plan.Rows));
        var (sourceRows, targetRows) = await new RowCounts(snapshot, sessions).CountAsync(table, ct);
        var counts = Counts(table, sourceRows, targetRows);
        var result = New(table) with { SourceRows = sourceRows, TargetRows = targetRows, Verdict = counts.Verdict, Checks = [counts] };
        if (request.Mode == VerifyMode.Sample) result = await SampledAsync(table, result, sourceRows, ct);
        result = result with { Elapsed = clock.GetElapsedTime(began) };
        progress.Report(new MigrationEvent.TableFinished(Stage.Verify, table.Plan.Source, sourceRows, result.DifferentRows, result.Elapsed));
        return result;
    }

    private async Task<TableVerification> SampledAsync(ComparedTable table, TableVerification result, long sourceRows, CancellationToken ct)
    {
        if (!table.HasKey) return result with { Checks = result.Checks.Add(new("values", Verdict.NotChecked, "The table has no key by which single rows could be compared; use --mode full.")) };
        var fetch = new RowFetch(snapshot, table);
        var source = await new RandomRows(table, fetch, request.Seed).ChooseAsync(SampledRows, ct);
        var target = await fetch.TargetByKeyAsync(sessions.Main, source, ct);
        var byKey = target.ToLookup(r => r.Key);
        var differences = ImmutableArray.CreateBuilder<RowDifference>();
        var different = 0;
        foreach (var row in source)
        {
            if (byKey[row.Key].FirstOrDefault() is not { } other)
            {
                differences.Add(new(row.Name(table), null, row.Line(table), null));
                different++;
            }
            else if (DifferenceFinder.Compare(table, row, other, differences)) different++;
        }
        var check = new VerifyCheck("values", different > 0 ? Verdict.Different : Verdict.Equal, $"{source.Count:N0} of {sourceRows:N0} row(s), chosen at random; {different:N0} differ(s)");
        return result with
        {
            Verdict = different > 0 ? Verdict.Different : result.Verdict,
            ValuesCompared = (long)source.Count * table.Columns.Length,
            DifferentRows = different,
            Differences = [.. differences.Take(100)],
            Checks = result.Checks.Add(check),
            Sample = SideBySide(table, [.. source.Take(request.SampleRows)], target),
        };
    }
}
