using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Follow;

/// <summary>How a column's values are written into the source again, by the name of its <see cref="BackForm"/>, and what a look at every value has shown of it.</summary>
public sealed record BackColumnPlan(string Source, string Target, string Form, BackVerdict Verdict);

/// <summary><paramref name="Number"/> names what is made for the table in schema godwit. <paramref name="Key"/>: source columns by which rows are told; empty: the table goes back whole.</summary>
public sealed record BackTablePlan(string Source, int Number, ImmutableArray<string> Key, ImmutableArray<BackColumnPlan> Columns);

/// <summary>The inverse of a migration's mapping, with the proof of it.</summary>
public sealed record WayBackPlan(ImmutableArray<BackTablePlan> Tables)
{
    /// <summary>Columns of which some values would not come back: "table.column".</summary>
    public IEnumerable<string> Of(BackVerdict verdict) => Tables.SelectMany(t => t.Columns.Where(c => c.Verdict == verdict).Select(c => $"{t.Source}.{c.Source}"));

    public string ToJson() => JsonSerializer.Serialize(this, WayBackJsonContext.Default.WayBackPlan);

    public static WayBackPlan Read(string json) => JsonSerializer.Deserialize(json, WayBackJsonContext.Default.WayBackPlan)
        ?? throw new GodwitException(ErrorKind.Internal, "way-back-unreadable", "The plan of the way back in godwit.way_back cannot be read.", "Use the version of Godwit that made the cutover.");

    /// <summary>
    /// Looks at every value of the source at the snapshot's moment and finds each column's inverse. <paramref name="before"/>: an earlier look,
    /// of which all tables but <paramref name="again"/> still hold.
    /// </summary>
    public static async Task<WayBackPlan> ProveAsync(ISnapshot snapshot, IChangeFeed feed, DatabaseSchema schema, MigrationPlan plan, Func<string, IReadOnlySet<long>> aside, WayBackPlan? before, IReadOnlySet<string> again, CancellationToken ct)
    {
        var tables = ImmutableArray.CreateBuilder<BackTablePlan>();
        foreach (var (table, number) in plan.Tables.Select((t, i) => (t, i)))
        {
            if (before is not null && !again.Contains(table.Source))
            {
                tables.Add(before.Tables[number]);
                continue;
            }
            var source = schema.FindTable(table.Source)!;
            var looked = table.Columns.Select(c => new BackColumn(c.Encoding)).ToImmutableArray();
            await snapshot.ScanAsync(source, [.. table.Columns.Select(c => c.Source)], KeyRange.All, new BackScan(looked, aside(table.Source)), ct);
            var columns = table.Columns.Zip(looked, (c, l) => new BackColumnPlan(c.Source, c.Target, l.Form.Name, l.Verdict)).ToImmutableArray();
            var key = feed.KeyOf(source);
            // A key that is spelled otherwise on its way back would not find its row.
            if (!key.All(k => columns.Any(c => NameComparer.Same(c.Source, k) && c.Verdict == BackVerdict.Exact))) key = [];
            tables.Add(new(table.Source, number, key, columns));
        }
        return new(tables.ToImmutable());
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(WayBackPlan))]
internal sealed partial class WayBackJsonContext : JsonSerializerContext;
