using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>What holds data and is no table: where sequences stand, and the content of large objects.</summary>
internal sealed class PairStates(PairSides sides, PairRequest request)
{
    public const string SequenceValues = "sequence values", LargeObjects = "large objects";

    private const int InOneQuery = 100;
    private const int NamedObjects = 20;

    public async Task<ImmutableArray<VerifyCheck>> RunAsync(CancellationToken ct) => [.. await SequencesAsync(ct), .. await LargeObjectsAsync(ct)];

    private async Task<List<VerifyCheck>> SequencesAsync(CancellationToken ct)
    {
        var (source, target) = (await StatesAsync(sides.Source, ct), await StatesAsync(sides.Target, ct));
        var both = source.Keys.Where(target.ContainsKey).Order(StringComparer.Ordinal).ToList();
        if (both.Count == 0) return [];
        var unread = both.Where(n => source[n] is null || target[n] is null).ToList();
        // Of what the plan announced, the catalog comparison speaks.
        var different = both.Except(unread).Where(n => source[n] != target[n]).Select(n => $"{n} stands at {source[n]} in the source, at {target[n]} in the target").ToList();
        var checks = new List<VerifyCheck>
        {
            different.Count == 0 ? new(SequenceValues, Verdict.Equal, $"all {both.Count - unread.Count:N0} stand at the same value") : new(SequenceValues, Verdict.Different, Listed(different)),
        };
        if (unread.Count > 0) checks.Add(new(SequenceValues, Verdict.NotChecked, $"may not be read: {Listed(unread)}"));
        return checks;
    }

    private async Task<Dictionary<string, string?>> StatesAsync(PairSide side, CancellationToken ct)
    {
        var sequences = (await TextRows.ReadAsync(side.Main, PairSql.Read("sequences"), ct)).Where(s => PairTables.IsCompared(s[0]!, request)).ToList();
        var states = sequences.Where(s => s[2] != "t").ToDictionary(s => new SqlName(s[0], s[1]!).ToString(), _ => (string?)null, StringComparer.Ordinal);
        foreach (var some in sequences.Where(s => s[2] == "t").Select(s => new SqlName(s[0], s[1]!).ToString()).Chunk(InOneQuery))
        {
            var sql = string.Join(" UNION ALL ", some.Select(n => $"SELECT {SqlText.Literal(n)}, last_value || CASE WHEN is_called THEN ' (used)' ELSE ' (not used yet)' END FROM {n}"));
            foreach (var row in await TextRows.ReadAsync(side.Main, sql, ct)) states[row[0]!] = row[1];
        }
        return states;
    }

    private async Task<List<VerifyCheck>> LargeObjectsAsync(CancellationToken ct)
    {
        // Sessions of their own: a refusal must not end the snapshot that everything else reads from.
        await using var source = await sides.Source.ConnectAsync(ct);
        await using var target = await sides.Target.ConnectAsync(ct);
        try
        {
            var found = await LargeObjectDifferences.FindAsync(source, target, ct);
            List<string> different = [.. found.Missing.Select(o => $"{o} is missing"), .. found.Extra.Select(o => $"{o} is extra"), .. found.Changed.Select(o => $"{o} has other content")];
            if (different.Count > 0) return [new(LargeObjects, Verdict.Different, Listed(different))];
            return found.Count == 0 ? [] : [new(LargeObjects, Verdict.Equal, $"all {found.Count:N0} have the same content")];
        }
        catch (PostgresException e) when (LargeObjectDifferences.IsTooMuch(e))
        {
            return [new(LargeObjects, Verdict.NotChecked, $"cannot be read whole (SQLSTATE {e.SqlState}): {e.MessageText}")];
        }
    }

    private static string Listed(List<string> what) =>
        string.Join("; ", what.Take(NamedObjects)) + (what.Count > NamedObjects ? $"; and {what.Count - NamedObjects:N0} more" : "");
}
