using Godwit.Verify;

namespace Godwit;

/// <summary>
/// Compares two sides of which one follows the other while both move: tables that differ are looked at again after what waited was brought over. A row
/// that differs the same way each time is different, one that does not was being written.
/// </summary>
internal static class Rechecking
{
    private const int Looks = 6;

    /// <summary><paramref name="inStep"/> brings over what waits by now. <paramref name="look"/> compares the named tables, or all that was asked for (null). <paramref name="name"/> is how it names them.</summary>
    public static async Task<VerifyReport> RunAsync(Func<CancellationToken, Task> inStep, Func<IReadOnlyList<string>?, Task<VerifyReport>> look, Func<TableVerification, string> name, CancellationToken ct)
    {
        await inStep(ct);
        var report = await look(null);
        var doubtful = report.Tables.Where(t => t.Verdict == Verdict.Different).ToDictionary(name, t => new Doubt(t), StringComparer.Ordinal);
        var looks = 1;
        for (; looks < Looks && doubtful.Values.Any(d => !d.IsSettled); looks++)
        {
            await inStep(ct);
            foreach (var table in (await look([.. doubtful.Values.Where(d => !d.IsSettled).Select(d => name(d.Latest))])).Tables)
                if (doubtful.TryGetValue(name(table), out var doubt)) doubt.LookAgain(table);
        }
        return report with { Tables = [.. report.Tables.Select(t => doubtful.TryGetValue(name(t), out var doubt) ? doubt.Result() : t)], Basis = VerifyBasis.Rechecked, Looks = looks };
    }

    /// <summary>
    /// A table that differed. Each of its rows that was equal at one of the looks is equal; rows that differ at a later look only were written
    /// since, and were equal before. A row that differs the same way three times running is not being written: it is different.
    /// </summary>
    private sealed class Doubt
    {
        private const int Lasting = 3;
        private readonly HashSet<string> _open;
        private readonly bool _named;
        /// <summary>How many looks running each difference was seen the same.</summary>
        private Dictionary<object, int> _seen = [];

        public Doubt(TableVerification first)
        {
            Latest = first;
            _open = [.. first.Differences.Select(d => d.Key)];
            _named = AreNamed(first);
            Count();
        }

        public TableVerification Latest { get; private set; }

        /// <summary>Nothing is left to be seen by another look.</summary>
        public bool IsSettled => IsEqual || IsDifferent;

        private bool IsEqual => Latest.Verdict != Verdict.Different || _named && _open.Count == 0;
        private bool IsDifferent => _seen.Values.Any(looks => looks >= Lasting);

        public void LookAgain(TableVerification now)
        {
            Latest = now;
            if (AreNamed(now)) _open.IntersectWith(now.Differences.Select(d => d.Key).ToHashSet());
            Count();
        }

        private void Count() => _seen = Differences().Distinct().ToDictionary(d => d, d => _seen.GetValueOrDefault(d) + 1);

        /// <summary>Of rows that are not told apart by name (only counted, say), what was said of them.</summary>
        private IEnumerable<object> Differences() => Latest.Verdict != Verdict.Different ? []
            : Latest.Differences.IsEmpty ? [(Latest.SourceRows, Latest.TargetRows, Latest.DifferentRows, string.Join('\n', Latest.Checks.Where(c => c.Verdict == Verdict.Different).Select(c => c.Detail)))]
            : Latest.Differences.Where(d => !_named || _open.Contains(d.Key));

        private static bool AreNamed(TableVerification table) => !table.Differences.IsEmpty && table.DifferentRows == table.Differences.Select(d => d.Key).Distinct().Count();

        public TableVerification Result() => Latest.Verdict != Verdict.Different || IsDifferent && !IsEqual ? Latest
            : IsEqual ? Settled(Verdict.Equal, "Every row was equal at one of the looks; some were being written.")
            : Settled(Verdict.NotChecked, "Rows were being written: none differed the same way three times, but not each was seen equal. godwit verify at a calmer moment, or cutover behind its fence, tells.");

        private TableVerification Settled(Verdict verdict, string why) => Latest with { Verdict = verdict, DifferentRows = 0, Differences = [], Checks = [new("values", verdict, why)] };
    }
}
