using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>
/// Rows that come into a PostgreSQL target's own tables where their foreign keys are alive: parents go first. A key of rows that need each other is taken off while they
/// come in, and made again and proven behind them.
/// </summary>
internal sealed class StatementOrder
{
    private readonly StatementContext _context;

    /// <summary>Tables in rounds, and the steps that take keys off and make them again.</summary>
    public ImmutableArray<TablePlan> Tables { get; }
    public ImmutableArray<SqlStep> Off { get; } = [];
    public ImmutableArray<SqlStep> Again { get; } = [];

    public StatementOrder(StatementContext context, ImmutableArray<TablePlan> tables)
    {
        (_context, Tables) = (context, tables);
        if (context.Input.ExistingKeys is not { } existing) return;
        foreach (var group in existing.Triggers.Where(t => tables.Any(p => p.Load == t.Table || p.Target == t.Table)).GroupBy(t => t.Table))
        {
            var (problem, hint) = ExistingTables.Firing(group.Key, group.Select(t => t.Name));
            context.Find("target-triggers-fire", Severity.Warning, group.Key.ToString(), problem, hint);
        }
        if (existing.ForeignKeys.IsEmpty) return;
        // A table that only its owner could take the key off comes in by one COPY, which looks at its keys at its end.
        var whole = existing.ForeignKeys.Where(k => !k.MayAlter && !k.IsTree && k.Children.SetEquals(k.Parents)).SelectMany(k => k.Children).ToHashSet();
        ImmutableArray<TablePlan> pieces = [.. tables.Select(t => whole.Contains(t.Load) && t.Chunks.Length > 1 ? t with { Chunks = [new(0, null, null, t.Rows)] } : t)];
        List<TablePlan> Among(IReadOnlySet<SqlName> names) => [.. pieces.Where(t => names.Contains(t.Target) || names.Contains(t.Load))];
        var keys = existing.ForeignKeys.Select(k => new LiveKey<ExistingForeignKey>(k, k.MayAlter, Among(k.Children), Among(k.Parents))).Where(k => k.Children.Count > 0 && k.Parents.Count > 0).ToList();
        var (ordered, off) = KeyOrder<ExistingForeignKey>.Of(pieces, keys);
        var alive = keys.Except(off).SelectMany(k => k.Children.SelectMany(c => k.Parents.Where(p => p != c).Select(p => (c.Source, Parent: p.Source)))).ToLookup(k => k.Source, k => k.Parent);
        var rounds = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var table in ordered) rounds[table.Source] = alive[table.Source].Select(p => rounds[p] + 1).DefaultIfEmpty(0).Max();
        foreach (var key in off.Where(k => !k.MayBeOff).Select(k => k.Key))
            context.Find("target-keys-circle", Severity.Block, Subject(key), "Rows that need each other have to come in one after the other, which this key does not let them; and the role may not take it off meanwhile, for it does not own the table.",
                $"Migrate as the owner of {key.Table} or as a superuser; or drop the key, and add it again behind the rows: ALTER TABLE {key.Table} ADD CONSTRAINT {SqlName.Quote(key.Name)} {key.Definition};");
        Tables = [.. pieces.Select(t => t with { Round = rounds[t.Source] })];
        Off = [.. off.Select(k => new SqlStep($"off {k.Key.Table} {k.Key.Name}", StepKind.Constraint, Subject(k.Key), $"ALTER TABLE {k.Key.Table} DROP CONSTRAINT {SqlName.Quote(k.Key.Name)}",
            "Rows that need each other come in one after the other; the key is made again behind them.", Addition(k.Key, k.Key.Definition)))];
        Again = [.. off.SelectMany(k => MadeAgain(k.Key, k.Children[0].Source))];
    }

    private static string Subject(ExistingForeignKey key) => $"CONSTRAINT {key.Table}.{SqlName.Quote(key.Name)}";

    private static string Addition(ExistingForeignKey key, string definition) => $"ALTER TABLE {key.Table} ADD CONSTRAINT {SqlName.Quote(key.Name)} {definition}";

    private IEnumerable<SqlStep> MadeAgain(ExistingForeignKey key, string table)
    {
        const string Unproven = " NOT VALID";
        var isProven = !key.Definition.EndsWith(Unproven, StringComparison.Ordinal);
        var definition = isProven ? key.Definition : key.Definition[..^Unproven.Length];
        var (id, subject, under) = ($"again {key.Table} {key.Name}", Subject(key), StatementSteps.Under(_context.Facts.SearchPath));
        // A partitioned table takes it only whole before PostgreSQL 18.
        if (key.IsTree)
        {
            yield return new(id, StepKind.ForeignKey, subject, under + Addition(key, key.Definition), "The target's own key, as it was.") { Table = table, Fallback = "" };
            yield break;
        }
        yield return new(id, StepKind.ForeignKey, subject, under + Addition(key, definition + Unproven), "The target's own key, as it was.") { Table = table, Fallback = "" };
        // Beside a key that references a partitioned table stands one for each partition; VALIDATE CONSTRAINT may leave these unproven (PostgreSQL 15 does).
        var proof = key.ToTree ? $"ALTER TABLE {key.Table} DROP CONSTRAINT {SqlName.Quote(key.Name)};\n{Addition(key, definition)}" : $"ALTER TABLE {key.Table} VALIDATE CONSTRAINT {SqlName.Quote(key.Name)}";
        if (isProven)
            yield return new("validate " + id, StepKind.ForeignKeyValidation, subject, under + proof, "Proves that every row has its parent.") { Table = table, Fallback = "", Requires = id };
    }
}
