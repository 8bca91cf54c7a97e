using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;
using Npgsql;

namespace Godwit.Verify;

/// <summary>
/// Runs each view on both sides and compares the rows, as a multiset: kept where they are few, else by sums, and then those of the parts that differ are read again. A view
/// that takes too long is not checked, and says so.
/// </summary>
internal sealed partial class ViewComparison(ISnapshot snapshot, DatabaseSchema schema, TargetSessions sessions, TimeProvider clock)
{
    private const int MaxPaired = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    /// <summary>For all views together, beyond which no further one is begun.</summary>
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(90);

    [GeneratedRegex(@"\brandom|'now'|\bcurrent_(date|time|timestamp)\b|\b(date|time|datetime|julianday|unixepoch)\s*\(\s*\)", RegexOptions.IgnoreCase)]
    private static partial Regex ChangesByItself { get; }

    public async Task<ImmutableArray<VerifyCheck>> RunAsync(ImmutableArray<ViewPlan> views, CancellationToken ct)
    {
        var checks = ImmutableArray.CreateBuilder<VerifyCheck>();
        var equal = 0;
        var began = clock.GetTimestamp();
        foreach (var view in views)
        {
            var check = clock.GetElapsedTime(began) < Together ? await CompareAsync(view, ct) : new($"view {view.Source}", Verdict.NotChecked, $"The views before it took {Together.TotalSeconds:N0} s.");
            if (check.Verdict == Verdict.Equal) equal++;
            else checks.Add(check);
        }
        if (equal > 0) checks.Insert(0, new("views yield the same rows", Verdict.Equal, $"{equal:N0}"));
        return checks.ToImmutable();
    }

    private async Task<VerifyCheck> CompareAsync(ViewPlan view, CancellationToken ct)
    {
        var name = $"view {view.Source}";
        VerifyCheck NotChecked(string why) => new(name, Verdict.NotChecked, why);
        var (source, target) = (new ViewRows(view, null), new ViewRows(view, null));
        if (await ReadAsync(view, name, source, target, ct) is { } problem) return problem;
        if (!source.IsFull && !target.IsFull) return Compare(view, name, source, target);
        var different = source.Different(target);
        if (different.Count == 0) return new(name, Verdict.Equal, $"{source.Count:N0} row(s)");
        if (IsChanging(view)) return NotChecked(Changing);
        if (source.Count != target.Count) return new(name, Verdict.Different, $"The source yields {source.Count:N0} row(s), the target {target.Count:N0}.");
        var (sourceAgain, targetAgain) = (new ViewRows(view, different), new ViewRows(view, different));
        if (await ReadAsync(view, name, sourceAgain, targetAgain, ct) is { } trouble) return trouble;
        if (!sourceAgain.IsFull && !targetAgain.IsFull) return Compare(view, name, sourceAgain, targetAgain);
        // So many can differ by the last digits of a real.
        return view.Columns.Any(c => c.PgType is "double precision" or "real" or "numeric" || c.PgType.StartsWith("numeric(", StringComparison.Ordinal))
            ? NotChecked($"Of {source.Count:N0} row(s), more than {ViewRows.MaxRows:N0} are not the same to twelve digits: too many to tell rounding from a difference.")
            : new(name, Verdict.Different, $"Of {source.Count:N0} row(s), more than {ViewRows.MaxRows:N0} lie in parts that are not the same.");
    }

    /// <summary>Both sides to their end; a verdict where that is not possible.</summary>
    private async Task<VerifyCheck?> ReadAsync(ViewPlan view, string name, ViewRows source, ViewRows target, CancellationToken ct)
    {
        VerifyCheck NotChecked(string why) => new(name, Verdict.NotChecked, why);
        try
        {
            using var limited = new CancellationTokenSource(Patience, clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limited.Token);
            var table = new Table { Name = view.Source, HasRowId = false, Columns = [.. view.Columns.Select(c => new Column { Name = c.Source, DeclaredType = "" })] };
            await snapshot.ScanAsync(table, [.. view.Columns.Select(c => c.Source)], KeyRange.All, source, both.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return NotChecked($"The source did not yield its rows within {Patience.TotalSeconds:N0} s.");
        }
        catch (GodwitException e) when (e.Kind is ErrorKind.SourceFatal or ErrorKind.SourceTransient)
        {
            return NotChecked($"The view does not work in the source: {e.Message}");
        }
        if (await ReadTargetAsync(view, target, ct) is not { } failed) return null;
        return failed == "timeout" ? NotChecked($"The target did not yield its rows within {Patience.TotalSeconds:N0} s.") : new(name, Verdict.Different, failed);
    }

    private async Task<string?> ReadTargetAsync(ViewPlan view, ViewRows rows, CancellationToken ct)
    {
        await ExecuteAsync($"SAVEPOINT content; SET LOCAL statement_timeout = {(int)Patience.TotalMilliseconds}", ct);
        try
        {
            var columns = string.Join(", ", view.Columns.Select(c => $"{SqlName.Quote(c.Target)}::text"));
            await using var command = new NpgsqlCommand($"SELECT {columns} FROM {view.Target}", sessions.Main) { CommandTimeout = 0 };
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) rows.Add(reader);
            return null;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled && !ct.IsCancellationRequested)
        {
            return "timeout";
        }
        catch (PostgresException e)
        {
            return $"It cannot be read to its end: {e.MessageText} (SQLSTATE {e.SqlState}).";
        }
        finally
        {
            await ExecuteAsync("ROLLBACK TO SAVEPOINT content", CancellationToken.None);
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, sessions.Main) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string Changing = "Its content changes by itself (the current time, or chance).";

    private bool IsChanging(ViewPlan view) => schema.Views.FirstOrDefault(v => v.Name == view.Source) is { } text && ChangesByItself.IsMatch(text.Sql);

    private VerifyCheck Compare(ViewPlan view, string name, ViewRows source, ViewRows target)
    {
        var (left, right) = (source.Without(target), target.Without(source));
        if (left.Count <= MaxPaired && right.Count <= MaxPaired) Pair(left, right);
        if (left.Count == 0 && right.Count == 0) return new(name, Verdict.Equal, $"{source.Count:N0} row(s)");
        if (IsChanging(view)) return new(name, Verdict.NotChecked, Changing);
        var columns = view.Columns.Where((_, i) => !Values(left, i).SequenceEqual(Values(right, i))).Select(c => c.Source).ToList();
        return new(name, Verdict.Different, $"{left.Count:N0} of {source.Count:N0} row(s) of the source and {right.Count:N0} of {target.Count:N0} of the target have no counterpart"
            + (columns.Count == 0 ? "." : $"; the values differ in {string.Join(", ", columns)}."));

        static IEnumerable<string> Values(List<string[]> rows, int column) => rows.Select(r => r[column]).Order(StringComparer.Ordinal);
    }

    private static void Pair(List<string[]> left, List<string[]> right)
    {
        for (var i = left.Count - 1; i >= 0; i--)
        {
            var match = right.FindIndex(r => r.Zip(left[i]).All(c => LooseCell.Near(c.First, c.Second)));
            if (match < 0) continue;
            right.RemoveAt(match);
            left.RemoveAt(i);
        }
    }
}
