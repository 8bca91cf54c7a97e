namespace Godwit.Verify;

/// <summary>Rows chosen at random, the same for the same seed.</summary>
internal sealed class RandomRows(ComparedTable table, RowFetch fetch, int seed)
{
    public async Task<List<FetchedRow>> ChooseAsync(int count, CancellationToken ct)
    {
        if (!table.Source.HasRowId) return await OrdinalsAsync(count, ct);
        if (await fetch.SourceFromAsync(long.MinValue, ct) is not { } first) return [];
        var last = await LastAsync(first.Where, ct);
        // A position between the ends, then the row that is there or next: rows after a gap come a little more often.
        var random = new Random(seed);
        var rows = new Dictionary<long, FetchedRow>();
        for (var tries = 0; tries < count * 2 && rows.Count < count; tries++)
        {
            ct.ThrowIfCancellationRequested();
            var position = first.Where + (long)(random.NextDouble() * ((double)last - first.Where + 1));
            if (await fetch.SourceFromAsync(Math.Clamp(position, first.Where, last), ct) is { } row) rows[row.Where] = row;
        }
        return [.. rows.Values];
    }

    /// <summary>The last position, by halving: a source has no way to read backwards.</summary>
    private async Task<long> LastAsync(long first, CancellationToken ct)
    {
        long low = first, high = long.MaxValue;
        while (low < high)
        {
            var middle = (long)(((Int128)low + high + 1) / 2);
            if (await fetch.SourceFromAsync(middle, ct) is { } row) low = Math.Max(row.Where, middle);
            else high = middle - 1;
        }
        return low;
    }

    /// <summary>Rows without positions are numbered as they are read.</summary>
    private Task<List<FetchedRow>> OrdinalsAsync(int count, CancellationToken ct)
    {
        var random = new Random(seed);
        var chosen = new HashSet<long>();
        for (var tries = 0; tries < count * 2 && chosen.Count < Math.Min(count, table.Plan.Rows); tries++)
        {
            var ordinal = 1 + random.NextInt64(table.Plan.Rows);
            if (!table.Quarantined.Contains(ordinal)) chosen.Add(ordinal);
        }
        return fetch.SourceAsync(chosen, ct);
    }
}
