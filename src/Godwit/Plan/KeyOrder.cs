namespace Godwit.Plan;

/// <summary>A foreign key that is alive while rows come in: those of <paramref name="Children"/> wait for those of <paramref name="Parents"/>. <paramref name="MayBeOff"/>: it may be taken off meanwhile.</summary>
internal sealed record LiveKey<T>(T Key, bool MayBeOff, IReadOnlyList<TablePlan> Children, IReadOnlyList<TablePlan> Parents);

/// <summary>Tables that were there before, parents first, and the keys that no such order serves: those of rows that need each other.</summary>
internal sealed record KeyOrder<T>(IReadOnlyList<TablePlan> Tables, IReadOnlyList<LiveKey<T>> Off)
{
    public static KeyOrder<T> Of(IReadOnlyList<TablePlan> tables, IReadOnlyList<LiveKey<T>> keys)
    {
        var sorted = Sort(keys);
        var off = OffIn(sorted);
        if (off.Exists(k => !k.MayBeOff)) off = OffIn(sorted = Sort(Kept()));
        return new(sorted, off);

        List<TablePlan> Sort(IEnumerable<LiveKey<T>> by)
        {
            var parents = by.SelectMany(k => k.Children.SelectMany(c => k.Parents.Select(p => (Child: c.Source, Parent: p)))).ToLookup(k => k.Child, k => k.Parent);
            var (ordered, seen) = (new List<TablePlan>(), new HashSet<string>(StringComparer.Ordinal));
            void Visit(TablePlan table)
            {
                if (!seen.Add(table.Source)) return;
                foreach (var parent in parents[table.Source]) Visit(parent);
                ordered.Add(table);
            }
            foreach (var table in tables) Visit(table);
            return ordered;
        }

        // As many as can be, where a circle is to be opened at a key that may be off.
        List<LiveKey<T>> Kept()
        {
            var kept = keys.Where(k => !k.MayBeOff).ToList();
            foreach (var key in keys.Where(k => k.MayBeOff))
                if (!OffIn(Sort([.. kept, key])).Exists(k => k == key || kept.Contains(k))) kept.Add(key);
            return kept;
        }

        // Keys whose parents come in later, or in a later transaction. One COPY checks its keys at its end.
        List<LiveKey<T>> OffIn(List<TablePlan> ordered)
        {
            var place = ordered.Select((t, i) => (t.Source, i)).ToDictionary(t => t.Source, t => t.i, StringComparer.Ordinal);
            return [.. keys.Where(k => k.Children.Any(c => k.Parents.Any(p => place[p.Source] > place[c.Source] || p.Source == c.Source && c.Chunks.Length > 1))).OrderBy(k => place[k.Children[0].Source])];
        }
    }
}
