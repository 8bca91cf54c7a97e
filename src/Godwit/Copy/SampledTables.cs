using System.Collections.Concurrent;
using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Copy;

/// <summary>
/// What the copy learns of its tables. Tables whose types were chosen by a sample: every value is looked at while it is copied. Rows that the server refuses refute the sample;
/// the rest of that table is then not loaded.
/// </summary>
public sealed class SampledTables(MigrationPlan plan, DatabaseSchema schema, TypeOptions types)
{
    private readonly ImmutableDictionary<string, TablePlan> _tables = plan.Tables.Where(t => t.Sampled).ToImmutableDictionary(t => t.Source);
    private readonly ConcurrentDictionary<(string Table, int Chunk), TableProfile> _seen = new();
    private readonly ImmutableHashSet<string> _generated = [.. plan.Tables.Where(t => t.Computed.Any(c => c.Generated)).Select(t => t.Source)];
    private readonly ConcurrentDictionary<string, GodwitException> _refused = new();

    public bool Contains(string table) => _tables.ContainsKey(table);

    public IReadOnlySet<string> Refused => _refused.Keys.ToHashSet();

    /// <summary>Tables of which the server refused a value although every value had been looked at: a generated column's.</summary>
    public IEnumerable<(string Table, GodwitException Failure)> Unexpected => _refused.Where(r => !Contains(r.Key)).Select(r => (r.Key, r.Value));

    /// <summary>A profiler for one attempt at one chunk, null where every value was seen before.</summary>
    internal TableProfiler? Profiler(string table) =>
        Contains(table) && schema.FindTable(table) is { } source ? new(source, source.Columns, long.MaxValue, types) : null;

    /// <summary>The chunk is committed: what was seen of it counts.</summary>
    internal void Seen(string table, int chunk, TableProfiler? profiler)
    {
        if (profiler is not null) _seen[(table, chunk)] = profiler.ToProfile();
    }

    internal bool IsRefused(string table) => _refused.ContainsKey(table);

    /// <summary>Whether the failure is the server's word about a value or a row (classes 22 and 23, and limits, 54) that the plan may have misjudged.</summary>
    internal bool Refute(string table, GodwitException failure)
    {
        if (!Contains(table) && !_generated.Contains(table) || failure.SqlState?[..2] is not ("22" or "23" or "54")) return false;
        _refused[table] = failure;
        return true;
    }

    /// <summary>Profiles of the tables of which this process copied every chunk.</summary>
    public ImmutableDictionary<string, TableProfile> Profiles() => _tables.Values
        .Where(t => !IsRefused(t.Source) && t.Chunks.All(c => _seen.ContainsKey((t.Source, c.Number))))
        .ToImmutableDictionary(t => t.Source, t => TableProfile.Merge(t.Chunks.Select(c => _seen[(t.Source, c.Number)])));
}
