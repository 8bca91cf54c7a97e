using System.Collections.Immutable;

namespace Godwit.Plan;

/// <summary>
/// A plan made of a sample meets the plan made of every value. A table that both would create and encode alike stays as it was loaded: the
/// second plan would have loaded the same bytes. The others are made and loaded again. Pure.
/// </summary>
/// <param name="Plan">The plan of every value; tables that stay keep the chunks by which they were loaded.</param>
/// <param name="Again">The sampled plan's tables that are to be dropped and loaded by <paramref name="Plan"/>.</param>
/// <param name="StaleSteps">Ids of steps whose statement is another one now.</param>
public sealed record Settlement(MigrationPlan Plan, ImmutableArray<TablePlan> Again, ImmutableArray<string> StaleSteps)
{
    /// <summary>Everything that the first plan made and loaded is what the second would have.</summary>
    public bool Stands => Again.IsEmpty && StaleSteps.IsEmpty;

    /// <summary><paramref name="refused"/>: tables (source names) of which the server refused a value, so that they are not whole.</summary>
    public static Settlement Of(MigrationPlan guess, MigrationPlan whole, IReadOnlySet<string> refused)
    {
        var before = guess.PreData.ToDictionary(s => s.Id, s => s.Sql);
        var stale = whole.PreData.Where(s => before.TryGetValue(s.Id, out var sql) && sql != s.Sql).Select(s => s.Id).ToHashSet();
        var guessed = guess.Tables.ToDictionary(t => t.Source);
        var again = whole.Tables.Where(t => refused.Contains(t.Source) || stale.Contains(StepId(t.Source)) || !SameRows(guessed[t.Source], t)).Select(t => t.Source).ToHashSet();
        stale.UnionWith(again.Select(StepId));
        return new(
            whole with { Tables = [.. whole.Tables.Select(t => again.Contains(t.Source) ? t : t with { Chunks = guessed[t.Source].Chunks })] },
            [.. guess.Tables.Where(t => again.Contains(t.Source))],
            [.. stale]);
    }

    private static bool SameRows(TablePlan one, TablePlan other) =>
        one.Load == other.Load && one.Columns.Select(Content).SequenceEqual(other.Columns.Select(Content));

    private static (string, string, string, TypeMapping.ColumnEncoding) Content(ColumnPlan column) => (column.Source, column.Target, column.PgType, column.Encoding);

    private static string StepId(string table) => $"table {table}";
}
