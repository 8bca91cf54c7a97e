using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;
using Npgsql;
using NpgsqlTypes;

namespace Godwit.Verify.Pairs;

/// <summary>What holds data and is no table: where sequences stand, and the content of large objects.</summary>
internal sealed class PairStates(PairSides sides, PairRequest request)
{
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
            different.Count == 0 ? new("sequence values", Verdict.Equal, $"all {both.Count - unread.Count:N0} stand at the same value") : new("sequence values", Verdict.Different, Listed(different)),
        };
        if (unread.Count > 0) checks.Add(new("sequence values", Verdict.NotChecked, $"may not be read: {Listed(unread)}"));
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
        Dictionary<string, string> source, target;
        try
        {
            var byPage = sides.Source.Database.Profile.IsSuperuser && sides.Target.Database.Profile.IsSuperuser;
            (source, target) = (await LargeAsync(sides.Source, byPage, null, ct), await LargeAsync(sides.Target, byPage, null, ct));
            if (source.Count == 0 && target.Count == 0) return [];
            // The same bytes may lie on other pages where an object was written with gaps.
            var doubtful = byPage ? source.Keys.Where(k => target.TryGetValue(k, out var other) && other != source[k]).ToList() : [];
            if (doubtful.Count > 0)
            {
                foreach (var (oid, hash) in await LargeAsync(sides.Source, false, doubtful, ct)) source[oid] = hash;
                foreach (var (oid, hash) in await LargeAsync(sides.Target, false, doubtful, ct)) target[oid] = hash;
            }
        }
        catch (PostgresException e) when (e.SqlState is "42501" or "54000" or "53200" or "22023")
        {
            return [new("large objects", Verdict.NotChecked, $"cannot be read whole (SQLSTATE {e.SqlState}): {e.MessageText}")];
        }
        List<string> different = [.. source.Keys.Except(target.Keys).Select(o => $"{o} is missing"), .. target.Keys.Except(source.Keys).Select(o => $"{o} is extra"),
            .. source.Keys.Where(o => target.TryGetValue(o, out var other) && other != source[o]).Select(o => $"{o} has other content")];
        return [different.Count == 0 ? new("large objects", Verdict.Equal, $"all {source.Count:N0} have the same content") : new("large objects", Verdict.Different, Listed(different))];
    }

    private static async Task<Dictionary<string, string>> LargeAsync(PairSide side, bool byPage, List<string>? these, CancellationToken ct)
    {
        // A session of its own: a refusal must not end the snapshot that everything else reads from.
        await using var connection = await side.ConnectAsync(ct);
        if (byPage) return (await TextRows.ReadAsync(connection, PairSql.Read("large-objects"), ct)).ToDictionary(r => r[0]!, r => r[1]!);
        await using var command = new NpgsqlCommand(PairSql.Read("large-objects-whole"), connection) { AllResultTypesAreUnknown = true };
        command.Parameters.Add(new() { Value = these is null ? DBNull.Value : "{" + string.Join(',', these) + "}", NpgsqlDbType = NpgsqlDbType.Unknown });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new Dictionary<string, string>();
        while (await reader.ReadAsync(ct)) found[reader.GetString(0)] = reader.GetString(1);
        return found;
    }

    private static string Listed(List<string> what) =>
        string.Join("; ", what.Take(NamedObjects)) + (what.Count > NamedObjects ? $"; and {what.Count - NamedObjects:N0} more" : "");
}
