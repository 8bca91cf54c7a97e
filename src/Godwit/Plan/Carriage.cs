using System.Collections.Immutable;

namespace Godwit.Plan;

/// <summary>
/// What goes from server to server without standing in a plan: password hashes, secrets, jobs whose commands may hold keys, files. Named here; the content is
/// read at the source when the run carries it.
/// </summary>
public sealed record Carriage
{
    /// <summary>Roles of the target whose password hash comes from the source's role of the same name.</summary>
    public ImmutableArray<string> PasswordRoles { get; init; } = [];
    public ImmutableArray<CarriedSetting> Settings { get; init; } = [];
    /// <summary>The vault's secrets go along, into the target's vault or into a file.</summary>
    public bool Secrets { get; init; }
    public bool SecretsIntoVault { get; init; }
    public ImmutableArray<CarriedJob> Jobs { get; init; } = [];
    public bool JobsIntoCron { get; init; }
    public bool JobsActive { get; init; }
    /// <summary>pg_cron is there and not installed yet.</summary>
    public bool InstallCron { get; init; }
    /// <summary>A folder or the Storage API's URL; null: files stay.</summary>
    public string? StorageFiles { get; init; }
    public string StorageFolder { get; init; } = "";
    public string SecretsFolder { get; init; } = "";

    public bool IsEmpty => PasswordRoles.IsEmpty && Settings.IsEmpty && !Secrets && Jobs.IsEmpty && StorageFiles is null;
}

/// <summary>A setting whose value may be a secret. Roles "" are the database itself.</summary>
public sealed record CarriedSetting(string SourceRole, string TargetRole, bool ThisDatabase, string Name);

/// <summary><paramref name="Id"/> is the source's; <paramref name="User"/> the role of the target that it runs as.</summary>
public sealed record CarriedJob(long Id, string Name, string User);
