using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Target;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>The target's own tables, for --data-only and --if-exists append.</summary>
internal static class ExistingTables
{
    public static async Task<ImmutableDictionary<string, ExistingTable>> ReadAsync(ITarget target, MigrationOptions options, CancellationToken ct)
    {
        if (!options.DataOnly && options.IfExists != IfExists.Append) return ImmutableDictionary<string, ExistingTable>.Empty;
        await using var connection = await target.ConnectAsync(ct);
        var columns = await TargetCatalog.ColumnsAsync(connection, options.TargetSchema, ct);
        var keys = (await TargetCatalog.ForeignKeysAsync(connection, options.TargetSchema, ct)).ToLookup(k => k.Table, k => new ExistingKey(k.Name, k.Parent, k.Definition));
        var triggers = (await TargetCatalog.TriggersAsync(connection, options.TargetSchema, ct)).ToLookup(t => t.Table, t => t.Name);
        return columns.GroupBy(c => c.Table).ToImmutableDictionary(g => g.Key, g => new ExistingTable(new SqlName(options.TargetSchema, g.Key),
            [.. g.Select(c => new ExistingColumn(c.Name, c.PgType, c.Generated, c.NotNull, c.HasDefault, c.Identity, c.Labels))])
        { ForeignKeys = [.. keys[g.Key]], Triggers = [.. triggers[g.Key]] });
    }

    /// <summary>By source table and column; null where the target has none.</summary>
    public static Func<string, string, ExistingType?>? Types(DatabaseSchema schema, ImmutableDictionary<string, ExistingTable> existing, NameStyle style)
    {
        if (existing.IsEmpty) return null;
        var names = new NameMap(style);
        foreach (var table in schema.Tables) names.AddTable(table);
        return (table, column) => existing.TryGetValue(names.Table(table), out var found) && Match(found, names.Column(table, column)) is { } match ? new(match.PgType, match.Labels) : null;
    }

    /// <summary>Exactly, else without regard to case, else without regard to underscores.</summary>
    public static ExistingColumn? Match(ExistingTable table, string name) =>
        table.Columns.FirstOrDefault(c => c.Name == name)
        ?? table.Columns.FirstOrDefault(c => c.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? table.Columns.FirstOrDefault(c => Plain(c.Name).Equals(Plain(name), StringComparison.OrdinalIgnoreCase));

    /// <summary>Problem and remedy of "target-triggers-fire".</summary>
    public static (string Problem, string Hint) Firing(SqlName table, IEnumerable<string> triggers) =>
        ($"{table} has triggers that fire for each row which comes in: {string.Join(", ", triggers)}.", $"Switch them off while rows are loaded: ALTER TABLE {table} DISABLE TRIGGER USER; ENABLE them afterwards.");

    private static string Plain(string s) => s.Replace("_", "", StringComparison.Ordinal);
}
