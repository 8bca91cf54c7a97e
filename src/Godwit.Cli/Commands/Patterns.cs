using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Cli.Commands;

/// <summary>A pattern that matches nothing is a typing error: it would silently do nothing, or leave a table out.</summary>
internal static class Patterns
{
    public static async Task CheckAsync(Invocation invocation, ISource source, MigrationOptions options, CancellationToken ct)
    {
        // --include and --exclude are the library's to check: it applies them.
        if (options.MisfitRules.IsEmpty && options.Casts.IsEmpty && options.ExtraIndexes.IsEmpty) return;
        await using var snapshot = await source.OpenSnapshotAsync(1, ct);
        var problems = Problems(await snapshot.InspectAsync(ct), options).ToList();
        if (problems.Count > 0)
            throw new GodwitException(ErrorKind.Usage, "pattern-unmatched", string.Join('\n', problems), $"godwit plan {invocation.Shell.Secrets.Apply(source.Info.Display)} lists the tables.");
    }

    public static IEnumerable<string> Problems(DatabaseSchema schema, MigrationOptions options)
    {
        string[] tables = [.. schema.Tables.Select(t => t.Name)];
        string[] columns = [.. schema.Tables.SelectMany(t => t.Columns.Select(c => $"{t.Name}.{c.Name}"))];
        foreach (var index in options.ExtraIndexes)
            if (schema.FindTable(index.Table) is null) yield return Unmatched($"indexes: there is no table '{index.Table}'", index.Table, tables);
        foreach (var rule in options.MisfitRules)
            if (!columns.Any(c => NamePattern.Matches(rule.Pattern, c))) yield return Unmatched($"--on-misfit '{rule.Pattern}' matches no column", rule.Pattern, columns);
        foreach (var cast in options.Casts)
        {
            // Without a dot it is a declared type, which may well be absent from one of several databases that share a godwit.yaml.
            if (cast.Pattern.Contains('.', StringComparison.Ordinal) && !columns.Any(c => NamePattern.Matches(cast.Pattern, c)))
                yield return Unmatched($"--cast '{cast.Pattern}' matches no column", cast.Pattern, columns);
        }
    }

    private static string Unmatched(string problem, string pattern, IEnumerable<string> names) =>
        Nearest.To(pattern, names) is { } meant ? $"{problem}; did you mean '{meant}'?" : problem;
}
