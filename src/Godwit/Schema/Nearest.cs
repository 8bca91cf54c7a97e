namespace Godwit.Schema;

/// <summary>Finds which name was probably meant.</summary>
public static class Nearest
{
    /// <summary>The closest candidate, or null where none is close enough to be a typing error.</summary>
    public static string? To(string word, IEnumerable<string> candidates)
    {
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var candidate in candidates)
        {
            var distance = Distance(word.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance >= bestDistance) continue;
            (best, bestDistance) = (candidate, distance);
        }
        var allowed = Math.Max(1, Math.Max(word.Length, best?.Length ?? 0) / 3);
        if (bestDistance <= allowed) return best;
        return candidates.FirstOrDefault(c => word.Length >= 3 && c.StartsWith(word, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>"; did you mean X?", or nothing.</summary>
    public static string Question(string word, IEnumerable<string> candidates) => To(word, candidates) is { } meant ? $"; did you mean {meant}?" : "";

    /// <summary>Edits to get from one to the other: insert, delete, replace, swap of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                rows[i, j] = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }
        return rows[a.Length, b.Length];
    }
}
