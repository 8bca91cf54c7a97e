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
    /// <summary>Settings of roles and database: after everything.</summary>
    public ImmutableArray<SqlStep> After { get; init; } = [];
    public ImmutableArray<Finding> Findings { get; init; } = [];
    /// <summary>What goes from server to server without standing in a plan.</summary>
    public Carriage Carriage { get; init; } = new();
    /// <summary>Schemas whose tables stay behind, rows and all.</summary>
    public ImmutableHashSet<string> LeftSchemas { get; init; } = [];
    /// <summary>For sessions that create views, policies, triggers, checks; see <see cref="SearchPaths"/>.</summary>
    public ImmutableArray<string> DefinitionPath { get; init; } = [];
    /// <summary>For sessions that load rows, build indexes, fill materialized views.</summary>
    public ImmutableArray<string> DataPath { get; init; } = [];

    public bool KeepsRowsOf(string schema) => !LeftSchemas.Contains(schema);
}

/// <summary>Secrets and jobs: named here, read at the source and written to the target or to a protected file when the run carries them.</summary>
public sealed record Carriage
{
    /// <summary>Roles whose password hash goes along.</summary>
    public ImmutableArray<string> PasswordRoles { get; init; } = [];
    /// <summary>Settings whose value may be a secret; <see cref="ServerSetting.Value"/> is empty here.</summary>
    public ImmutableArray<ServerSetting> SecretSettings { get; init; } = [];
    public ImmutableArray<VaultSecretFact> Secrets { get; init; } = [];
    public bool SecretsIntoVault { get; init; }
    public ImmutableArray<CronJobFact> Jobs { get; init; } = [];
    public bool JobsIntoCron { get; init; }

    public bool IsEmpty => PasswordRoles.IsEmpty && SecretSettings.IsEmpty && Secrets.IsEmpty && Jobs.IsEmpty;
}
