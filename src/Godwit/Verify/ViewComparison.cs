using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;
using Npgsql;

namespace Godwit.Verify;

/// <summary>
/// Runs each view on both sides and compares the rows, as a multiset. A view that is too large or takes too long is not checked, and says so.
/// </summary>
internal sealed partial class ViewComparison(ISnapshot snapshot, DatabaseSchema schema, TargetSessions sessions, TimeProvider clock)
{
    private const int MaxRows = 100_000;
    private const int MaxCharacters = 64 << 20;
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
        var source = new RowCollector(view);
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
        if (source.IsFull) return NotChecked($"It has more than {MaxRows:N0} rows, or more than {MaxCharacters >> 20} MB of them.");
        var target = new RowCollector(view);
        if (await ReadTargetAsync(view, target, ct) is { } failed) return failed == "timeout" ? NotChecked($"The target did not yield its rows within {Patience.TotalSeconds:N0} s.") : new(name, Verdict.Different, failed);
        if (target.IsFull) return new(name, Verdict.Different, $"The source yields {source.Count:N0} row(s), the target more than {MaxRows:N0}.");
        return Compare(view, name, source, target);
    }

    private async Task<string?> ReadTargetAsync(ViewPlan view, RowCollector rows, CancellationToken ct)
    {
        await ExecuteAsync($"SAVEPOINT content; SET LOCAL statement_timeout = {(int)Patience.TotalMilliseconds}", ct);
        try
        {
            var columns = string.Join(", ", view.Columns.Select(c => $"{SqlName.Quote(c.Target)}::text"));
            await using var command = new NpgsqlCommand($"SELECT {columns} FROM {view.Target} LIMIT {MaxRows + 1}", sessions.Main) { CommandTimeout = 0 };
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct) && rows.Add(reader)) { }
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

    private VerifyCheck Compare(ViewPlan view, string name, RowCollector source, RowCollector target)
    {
        var (left, right) = (source.Without(target), target.Without(source));
        if (left.Count <= MaxPaired && right.Count <= MaxPaired) Pair(left, right);
        if (left.Count == 0 && right.Count == 0) return new(name, Verdict.Equal, $"{source.Count:N0} row(s)");
        if (schema.Views.FirstOrDefault(v => v.Name == view.Source) is { } text && ChangesByItself.IsMatch(text.Sql))
            return new(name, Verdict.NotChecked, "Its content changes by itself (the current time, or chance).");
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

    /// <summary>The rows of one side, each with how often it is there.</summary>
    private sealed class RowCollector(ViewPlan view) : IRowVisitor
    {
        private const char Separator = '\u001f';

        private readonly LooseCell _loose = new();
        private readonly string[] _row = new string[view.Columns.Length];
        private readonly Dictionary<string, int> _rows = new(StringComparer.Ordinal);
        private long _characters;

        public int Count { get; private set; }
        public bool IsFull => Count > MaxRows || _characters > MaxCharacters;

        public void BeginRow(long position) { }

        public void Cell(int column, in SourceCell cell) => _row[column] = _loose.OfSource(view.Columns[column], cell);

        public bool EndRow() => Take();

        public bool Add(NpgsqlDataReader reader)
        {
            for (var i = 0; i < _row.Length; i++) _row[i] = _loose.OfTarget(view.Columns[i], reader.IsDBNull(i) ? null : reader.GetString(i));
            return Take();
        }

        private bool Take()
        {
            var row = string.Join(Separator, _row);
            _rows[row] = _rows.GetValueOrDefault(row) + 1;
            _characters += row.Length;
            Count++;
            return !IsFull;
        }

        public List<string[]> Without(RowCollector other)
        {
            var rest = new List<string[]>();
            foreach (var (row, count) in _rows)
                for (var n = count - other._rows.GetValueOrDefault(row); n > 0; n--) rest.Add(row.Split(Separator));
            return rest;
        }
    }
}
