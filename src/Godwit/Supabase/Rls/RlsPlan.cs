using System.Collections.Immutable;

namespace Godwit.Supabase.Rls;

/// <summary>Who asks, in the matrix.</summary>
public enum RlsRole { Anon, UserA, UserB, ServiceRole, Owner }

/// <summary><see cref="GiveAway"/>: an UPDATE that writes another user's key into the row's owner.</summary>
public enum RlsAction { Select, Insert, Update, GiveAway, Delete }

/// <summary>Whose rows a command reaches. <see cref="Others"/>: other people's and not one's own, which no plan promises.</summary>
public enum Reach { None, Own, Others, All }

/// <summary>One statement, why, and its undo.</summary>
public sealed record RlsStep(string Subject, string Sql, string Why, string? Undo = null);

public sealed record RlsPromise(string Table, RlsRole Role, RlsAction Action, Reach Reach);

/// <summary>
/// A table (<paramref name="Relation"/>) and whose its rows are (<paramref name="Ownership"/>). <paramref name="Owners"/>: scalar expressions over the row <c>t</c>, each the key of a user to whom it
/// belongs; empty: nobody's. <paramref name="OwnColumns"/>: the table's own columns that say so, by which a row could be given away.
/// <paramref name="Updatable"/>: columns that signed-in users may change.
/// </summary>
public sealed record RlsTable(RlsRelation Relation, Ownership Ownership, ImmutableArray<string> Owners, ImmutableArray<string> OwnColumns, ImmutableArray<string> Updatable);

/// <summary>Row-level security of a schema as a value: made from its facts alone, printed, applied unchanged, and what the test compares with.</summary>
public sealed record RlsPlan
{
    public required RlsOptions Options { get; init; }
    public required RlsRelation Users { get; init; }
    public required string UsersKey { get; init; }
    public required ImmutableArray<RlsTable> Tables { get; init; }
    /// <summary>Executed in one transaction.</summary>
    public required ImmutableArray<RlsStep> Steps { get; init; }
    public required ImmutableArray<RlsPromise> Promises { get; init; }
    public required ImmutableArray<Finding> Findings { get; init; }

    /// <summary>A line of text for each table: whose its rows are.</summary>
    public static string Describe(Ownership ownership) => ownership switch
    {
        Ownership.Self => "each row is its own user's",
        Ownership.Direct { Columns: [var one] } => $"the user in {one}",
        Ownership.Direct d => $"the users in {string.Join(" and ", d.Columns)}",
        Ownership.Through t => $"whose {t.Parent.Name.Name} row it is, by {t.Key.Columns[0]}",
        Ownership.Shared => "nobody's; every signed-in user reads it",
        _ => "nobody's; closed to the API",
    };
}
