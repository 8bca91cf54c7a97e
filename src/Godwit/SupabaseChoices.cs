using System.Collections.Immutable;

namespace Godwit;

/// <summary>What becomes of calls to services that stay behind (net.http_post, supabase_functions.http_request ...).</summary>
public enum MissingFunctions
{
    /// <summary>Such a function exists and raises an error: what calls it fails, and is noticed.</summary>
    Fail,
    /// <summary>Such a function exists and does nothing.</summary>
    Silent,
    /// <summary>No such function; the triggers that would call it are left out.</summary>
    Omit,
}

/// <summary>What becomes of pg_cron's jobs.</summary>
public enum CronJobs
{
    /// <summary>Made where the target has pg_cron, and switched off until somebody switches them on; else written to a file.</summary>
    Inactive,
    /// <summary>The same, and they run at once.</summary>
    Active,
    /// <summary>Written to a file.</summary>
    File,
    Omit,
}

/// <summary>What becomes of the vault's secrets.</summary>
public enum VaultSecrets
{
    /// <summary>Encrypted again where the target has a vault, else written to a protected file.</summary>
    Auto,
    File,
    Omit,
}

/// <summary>
/// What is decided where the source is a PostgreSQL server: its roles, settings, jobs and secrets, and the parts of a platform around it.
/// </summary>
public sealed record SupabaseChoices
{
    /// <summary>True or false: the source is a Supabase project or is treated as any other server, whatever it looks like. Null: the server itself says it.</summary>
    public bool? Profile { get; init; }
    /// <summary>False: only roles that the target has already are used.</summary>
    public bool CreateRoles { get; init; } = true;
    /// <summary>Password hashes of roles move, where the source lets them be read.</summary>
    public bool RolePasswords { get; init; } = true;
    /// <summary>False: everything belongs to the role that connects to the target.</summary>
    public bool KeepOwners { get; init; } = true;
    public MissingFunctions MissingFunctions { get; init; }
    public CronJobs CronJobs { get; init; }
    public VaultSecrets VaultSecrets { get; init; }
    public bool EventTriggers { get; init; } = true;
    public bool Publications { get; init; } = true;
    /// <summary>The publication supabase_realtime moves too: for those who run Realtime themselves.</summary>
    public bool RealtimePublication { get; init; }
    /// <summary>Set on the target database. Null: the source's own, with the schema of its extensions; "": nothing is set.</summary>
    public string? SearchPath { get; init; }
    /// <summary>Schemas of the platform that move although they would stay behind, and the other way round.</summary>
    public ImmutableArray<string> MoveSchemas { get; init; } = [];
    public ImmutableArray<string> LeaveSchemas { get; init; } = [];
    /// <summary>Extensions that are not made on the target, though the source has them.</summary>
    public ImmutableArray<string> LeaveExtensions { get; init; } = [];
    /// <summary>A folder with the bytes of storage, or the Storage API's URL; null: only their metadata moves.</summary>
    public string? StorageFiles { get; init; }
    /// <summary>Where <see cref="StorageFiles"/> go.</summary>
    public string StorageFolder { get; init; } = "godwit-storage";
    /// <summary>Folder for what may hold secrets and has no place in the target.</summary>
    public string SecretsFolder { get; init; } = "godwit-secrets";

    /// <summary>Equal where the same is built.</summary>
    public string Fingerprint => string.Join(';', Profile, CreateRoles, RolePasswords, KeepOwners, MissingFunctions, CronJobs, VaultSecrets, EventTriggers, Publications, RealtimePublication, SearchPath,
        string.Join(',', MoveSchemas), string.Join(',', LeaveSchemas), string.Join(',', LeaveExtensions), StorageFiles);
}
