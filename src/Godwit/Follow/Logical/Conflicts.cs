namespace Godwit.Follow.Logical;

public enum ConflictKind
{
    /// <summary>A row that an update or a delete names is not there.</summary>
    Missing,
    /// <summary>A row that an insert brings is there already.</summary>
    Duplicate,
}

/// <summary>A change that did not find its table as it should have been. <paramref name="Repaired"/>: the row is now as the change says.</summary>
public sealed record Conflict(string Table, ConflictKind Kind, bool Repaired);
