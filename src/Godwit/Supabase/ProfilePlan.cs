using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>What the profile makes of a dump: which statements are executed and how, what comes before and after them, and every decision.</summary>
public sealed record ProfilePlan
{
    public required RoleMap Roles { get; init; }
    /// <summary>Owners are the target's roles already; null is the role that connects.</summary>
    public required ImmutableArray<SchemaStatement> Statements { get; init; }
    /// <summary>Roles and memberships: before any statement.</summary>
    public ImmutableArray<SqlStep> Before { get; init; } = [];
    /// <summary>Roles that <see cref="Before"/> makes.</summary>
    public ImmutableArray<string> MadeRoles { get; init; } = [];
    /// <summary>Settings of roles and database: after everything.</summary>
    public ImmutableArray<SqlStep> After { get; init; } = [];
    public ImmutableArray<Finding> Findings { get; init; } = [];
    /// <summary>What goes from server to server without standing in a plan.</summary>
    public Carriage Carriage { get; init; } = new();
    /// <summary>Where the target is meant to differ, for whoever compares it.</summary>
    public required Departures Departures { get; init; }
    /// <summary>Schemas whose tables stay behind, rows and all.</summary>
    public ImmutableHashSet<string> LeftSchemas { get; init; } = [];
    /// <summary>For sessions that create views, policies, triggers, checks; see <see cref="SearchPaths"/>.</summary>
    public ImmutableArray<string> DefinitionPath { get; init; } = [];
    /// <summary>For sessions that load rows, build indexes, fill materialized views.</summary>
    public ImmutableArray<string> DataPath { get; init; } = [];

    public bool KeepsRowsOf(string schema) => !LeftSchemas.Contains(schema);
}
