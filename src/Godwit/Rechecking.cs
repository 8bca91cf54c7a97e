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
    /// since, and were equal before. A row that differs the same way three times is not being written: it is different.
    /// </summary>
    private sealed class Doubt(TableVerification first)
    {
        private const int Lasting = 2;
        private readonly HashSet<string> _open = [.. first.Differences.Select(d => d.Key)];
        private readonly bool _named = first.DifferentRows == first.Differences.Select(d => d.Key).Distinct().Count();
        private int _same;

        public TableVerification Latest { get; private set; } = first;

        /// <summary>Nothing is left to be seen by another look.</summary>
        public bool IsSettled => IsEqual || _same >= Lasting;

        private bool IsEqual => Latest.Verdict != Verdict.Different || _named && _open.Count == 0;

        public void LookAgain(TableVerification now)
        {
            _same = now.Differences.Intersect(Latest.Differences).Any(d => _open.Contains(d.Key)) ? _same + 1 : 0;
            Latest = now;
            var keys = now.Differences.Select(d => d.Key).ToHashSet();
            if (now.DifferentRows == keys.Count) _open.IntersectWith(keys);
        }

        public TableVerification Result() => !IsEqual || Latest.Verdict != Verdict.Different ? Latest : Latest with
        {
            Verdict = Verdict.Equal,
            DifferentRows = 0,
            Differences = [],
            Checks = [new("values", Verdict.Equal, "Every row was equal at one of the looks; some were being written.")],
        };
    }
}
