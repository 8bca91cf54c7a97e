using System.Collections.Immutable;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>
/// CREATE TRIGGER (https://www.sqlite.org/lang_createtrigger.html). <paramref name="Timing"/>: "BEFORE", "AFTER", "INSTEAD OF";
/// <paramref name="Event"/>: "INSERT", "UPDATE", "DELETE". <paramref name="Columns"/> of UPDATE OF, empty where not said.
/// </summary>
internal sealed record CreateTriggerStatement(string Name, string Timing, string Event, ImmutableArray<string> Columns, string Table, Expr? When, ImmutableArray<TriggerStep> Body);

/// <summary>One statement of a trigger's body. Conflict words ("OR ..."): "REPLACE", "IGNORE", "ABORT", "FAIL", "ROLLBACK", null where not said.</summary>
internal abstract record TriggerStep
{
    /// <summary>Source null: DEFAULT VALUES.</summary>
    public sealed record Insert(string? Or, string Table, ImmutableArray<string> Columns, Select? Source, ImmutableArray<Upsert> Upserts) : TriggerStep;
    public sealed record Update(string? Or, string Table, string? Alias, ImmutableArray<SetClause> Set, TableRef? From, Expr? Where) : TriggerStep;
    public sealed record Delete(string Table, string? Alias, Expr? Where) : TriggerStep;
    public sealed record Query(Select Select) : TriggerStep;
}

/// <summary>ON CONFLICT (target) DO ...; target empty: any. Set empty: DO NOTHING.</summary>
internal sealed record Upsert(ImmutableArray<Expr> Target, Expr? TargetWhere, ImmutableArray<SetClause> Set, Expr? Where);

/// <summary>Several columns take the parts of a row value.</summary>
internal sealed record SetClause(ImmutableArray<string> Columns, Expr Value);
