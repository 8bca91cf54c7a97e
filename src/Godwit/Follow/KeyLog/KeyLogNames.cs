using System.Globalization;
using Godwit.Schema;

namespace Godwit.Follow.KeyLog;

/// <summary>What Godwit makes at an origin that is followed by triggers, all in schema godwit but for the triggers.</summary>
internal sealed class KeyLogNames(string slot)
{
    private readonly string _id = slot["godwit_".Length..];

    /// <summary>One row for each row that was written.</summary>
    public SqlName Log => new("godwit", $"log_{_id}");
    /// <summary>Numbered moments: a stream's positions.</summary>
    public SqlName Ticks => new("godwit", $"tick_{_id}");
    /// <summary>Tables that are followed, and what tells their rows.</summary>
    public SqlName Tables => new("godwit", $"logged_{_id}");
    /// <summary>Partitions of these, each with the trigger that came to it from its parent: of one that was detached and attached again it is another.</summary>
    public SqlName Partitions => new("godwit", $"part_{_id}");
    public SqlName Key(int table) => new("godwit", $"key_{_id}_{table}");
    public SqlName Function(int table) => new("godwit", $"log_{_id}_{table}");
    public SqlName PartitionFunction(int table) => new("godwit", $"emptied_{_id}_{table}");
    /// <summary>Triggers fire in the order of their names: this one before any that a user would make.</summary>
    public string Trigger => $"!godwit_{_id}";
    public string TruncateTrigger => $"!godwit_{_id}_t";
}

/// <summary>
/// A table that is followed by triggers. <paramref name="Key"/>: columns whose values tell a row; empty: only the whole row does.
/// <paramref name="Partitioned"/>: its rows lie in other tables. <paramref name="OneUnique"/>: nothing but the key must be unique, so that rows can be updated in any order.
/// </summary>
internal sealed record LoggedTable(int Number, uint Id, SqlName Name, IReadOnlyList<string> Key, bool Partitioned, bool OneUnique)
{
    /// <summary><paramref name="cell"/>: of a row of <see cref="KeyLogSchema.Logged"/>, as text.</summary>
    public static LoggedTable Of(Func<int, string> cell) => new(int.Parse(cell(0), CultureInfo.InvariantCulture), uint.Parse(cell(1), CultureInfo.InvariantCulture), new(cell(2), cell(3)), cell(6).Length == 0 ? [] : cell(6).Split('\x01'), cell(4) == "true", cell(5) == "true");

    /// <summary>Equal where the same table has the same name.</summary>
    public static IEqualityComparer<LoggedTable> SamePlace { get; } = EqualityComparer<LoggedTable>.Create((a, b) => a!.Id == b!.Id && a.From == b.From, t => (int)t.Id);

    public string From => Partitioned ? $"{Name}" : $"only {Name}";
}
