using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Supabase.Rls;

/// <summary>Ownership as SQL: the predicate of a policy, and whose a row is.</summary>
internal static class OwnerSql
{
    /// <summary>The sub-select is evaluated once a statement, not once a row.</summary>
    public const string Me = "(SELECT private.current_user_id())";
    public const string MyAuthId = "(SELECT auth.uid())";
    public const string AuthId = "auth_id";

    /// <summary>True where the row is of the user who asks; <paramref name="row"/> is "" or an alias with its dot.</summary>
    public static string IsMine(Ownership ownership, string row = "", int depth = 1) => ownership switch
    {
        Ownership.Self => $"{row}{AuthId} = {MyAuthId}",
        Ownership.Direct { Columns: [var one] } => $"{row}{SqlName.Quote(one)} = {Me}",
        Ownership.Direct d => "(" + string.Join(" OR ", d.Columns.Select(c => $"{row}{SqlName.Quote(c)} = {Me}")) + ")",
        Ownership.Through t => $"{row}{SqlName.Quote(t.Key.Columns[0])} IN (SELECT p{depth}.{SqlName.Quote(t.Key.ParentColumns[0])} FROM {t.Parent.Name} p{depth} WHERE {IsMine(t.ParentOwnership, $"p{depth}.", depth + 1)})",
        Ownership.Shared => "true",
        _ => "false",
    };

    /// <summary>What a new row must be: of several owners, the first is the one who writes it.</summary>
    public static string IsMineToAdd(Ownership ownership) => ownership is Ownership.Direct d ? $"{SqlName.Quote(d.Columns[0])} = {Me}" : IsMine(ownership);

    /// <summary>Scalar expressions over a row: the keys of its owners, the one who writes it first.</summary>
    public static ImmutableArray<string> Owners(Ownership ownership, string usersKey, string row, int depth = 1) => ownership switch
    {
        Ownership.Self => [$"{row}{SqlName.Quote(usersKey)}"],
        Ownership.Direct d => [.. d.Columns.Select(c => $"{row}{SqlName.Quote(c)}")],
        Ownership.Through t => [.. Owners(t.ParentOwnership, usersKey, $"p{depth}.", depth + 1)
            .Select(o => $"(SELECT {o} FROM {t.Parent.Name} p{depth} WHERE p{depth}.{SqlName.Quote(t.Key.ParentColumns[0])} = {row}{SqlName.Quote(t.Key.Columns[0])})")],
        _ => [],
    };
}
