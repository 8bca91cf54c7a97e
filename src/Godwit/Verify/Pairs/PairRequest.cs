using System.Collections.Frozen;
using System.Collections.Immutable;
using Godwit.Plan;

namespace Godwit.Verify.Pairs;

/// <summary>
/// A difference that was announced before: what the plan left out, or made otherwise. It is shown as such and is no failure.
/// <paramref name="Kind"/>: "schema", "table", "role", ... as the report names kinds, or * for all. <paramref name="Name"/>: the object's
/// identity, a pattern (* and ?). <paramref name="Aspect"/>: only this property of it ("owner", "setting work_mem"; several separated by |);
/// null is all of it. For kind "schema", all that is in the schema is meant too, and nothing of it is compared; kind "within" is what the target lacks of
/// the schema, while what both have is compared.
/// </summary>
public sealed record PromisedDifference(string Kind, string Name, string Reason, string? Aspect = null)
{
    internal bool Covers(string kind, string name, string? aspect) =>
        (Kind == kind || Kind == "*") && (Aspect is null || aspect is not null && Aspect.Split('|').Contains(aspect)) && NamePattern.Matches(Loose(Name), Loose(name));

    /// <summary>A dump writes "orders own orders" and f(text, integer) where a catalog has orders."own orders" and f(text,integer).</summary>
    private static string Loose(string name) => name.Replace("\"", "", StringComparison.Ordinal).Replace(", ", ",", StringComparison.Ordinal).Replace(' ', '.');
}

/// <summary>What of two PostgreSQL databases is compared, and what may differ.</summary>
public sealed record PairRequest(VerifyMode Mode, int Jobs)
{
    /// <summary>Only these tables ("orders" or "sales.orders"), and nothing but tables; empty is everything.</summary>
    public IReadOnlyList<string> Tables { get; init; } = [];
    /// <summary>Schemas (patterns) of which nothing is compared.</summary>
    public ImmutableArray<string> ExcludeSchemas { get; init; } = [];
    public ImmutableArray<PromisedDifference> Promised { get; init; } = [];
    /// <summary>Roles that are called otherwise in the target: the source's name to the target's.</summary>
    public FrozenDictionary<string, string> Roles { get; init; } = FrozenDictionary<string, string>.Empty;
    /// <summary>Roles that the target does not have, as was said before: what they may do is passed over, and what they own belongs to <see cref="OwnerInstead"/>.</summary>
    public ImmutableHashSet<string> AbsentRoles { get; init; } = [];
    /// <summary>Roles, by their names in the target, to which the migrating role may not give objects: what they would own belongs to <see cref="OwnerInstead"/>; what they may do is compared.</summary>
    public ImmutableHashSet<string> UnownedRoles { get; init; } = [];
    public string? OwnerInstead { get; init; }
    /// <summary>The role that migrated: what it may do in the database and its schemas, so that it could, is no difference. Null where nothing was migrated.</summary>
    public string? MigratedAs { get; init; }
    /// <summary>Roles of the source that are one with <see cref="OwnerInstead"/> in the target: its are their objects and privileges, and nothing else of them is compared.</summary>
    public ImmutableHashSet<string> MergedRoles { get; init; } = [];
    /// <summary>Everything belongs to <see cref="OwnerInstead"/>.</summary>
    public bool OneOwner { get; init; }
    /// <summary>The source's database only holds what was read from files: its locale is that of the private server, and is not compared.</summary>
    public bool SourceStandsIn { get; init; }
    /// <summary>What roles may see and do, tried on both sides; null tries nothing.</summary>
    public BehaviourRequest? Behaviour { get; init; }
    /// <summary>Rows that a run set aside: they count as the target's. Null where there was no such run.</summary>
    public RowsAside? Aside { get; init; }
    /// <summary>Rows that are named of each table that differs, of each sort: changed, missing, extra.</summary>
    public int NamedRows { get; init; } = 50;
}

/// <summary>Rows of <paramref name="Run"/> in godwit.quarantine. <paramref name="Tables"/>: how it names the target's tables.</summary>
public sealed record RowsAside(Guid Run, FrozenDictionary<string, string> Tables);

/// <summary>How far behaviour is tried.</summary>
public enum BehaviourDepth
{
    /// <summary>SELECT only: nothing is written, no trigger fires.</summary>
    Read,
    /// <summary>INSERT, UPDATE and DELETE too, each in a transaction that is rolled back.</summary>
    Write,
}

/// <summary>
/// <paramref name="Subjects"/>: who tries; empty takes the roles that hold privileges, and users of each kind from auth.users where there is one.
/// </summary>
public sealed record BehaviourRequest(BehaviourDepth Depth, ImmutableArray<BehaviourSubject> Subjects);

/// <summary>A role, and the JWT claims (a JSON object, or null) under which PostgREST would have it act. <paramref name="Name"/> stands in the report.</summary>
public sealed record BehaviourSubject(string Name, string Role, string? Claims);
