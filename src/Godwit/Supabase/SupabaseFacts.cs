using System.Collections.Immutable;

namespace Godwit.Supabase;

/// <summary>
/// What a PostgreSQL server says of itself that stands outside of tables and rows: roles, settings, jobs, secrets' names. Read the same way from the
/// source and from the target. No secret is in here: hashes, secrets and jobs' commands are read only when they are carried.
/// </summary>
public sealed record SupabaseFacts
{
    public required ServerFact Server { get; init; }
    public ImmutableArray<ServerRole> Roles { get; init; } = [];
    public ImmutableArray<MembershipFact> Memberships { get; init; } = [];
    public ImmutableArray<ServerSetting> Settings { get; init; } = [];
    /// <summary>Name of every setting that this server knows, and its context ("user", "superuser", "sighup" ...).</summary>
    public ImmutableDictionary<string, string> Parameters { get; init; } = ImmutableDictionary<string, string>.Empty;
    public ImmutableArray<DatabaseGrant> DatabaseGrants { get; init; } = [];
    public ImmutableArray<SchemaFact> Schemas { get; init; } = [];
    public ImmutableArray<ServerExtension> Extensions { get; init; } = [];
    /// <summary>By extension: something of the application that needs it.</summary>
    public ImmutableDictionary<string, string> ExtensionUses { get; init; } = ImmutableDictionary<string, string>.Empty;
    public ImmutableArray<FunctionCheck> FunctionChecks { get; init; } = [];
    public ImmutableArray<IndexFunction> IndexFunctions { get; init; } = [];
    public ImmutableArray<EventTriggerFact> EventTriggers { get; init; } = [];
    public ImmutableArray<PublicationFact> Publications { get; init; } = [];
    public ImmutableArray<ForeignServerFact> ForeignServers { get; init; } = [];
    public ImmutableArray<RoleUse> RoleUses { get; init; } = [];
    /// <summary>Tables whose rows this session's role would not see in full.</summary>
    public ImmutableArray<HiddenTable> HiddenTables { get; init; } = [];
    public ImmutableArray<PlatformUse> PlatformUses { get; init; } = [];
    public ImmutableArray<FunctionSignature> PlatformFunctions { get; init; } = [];
    public ImmutableArray<TriggerFact> Triggers { get; init; } = [];
    /// <summary>Null: no pg_cron here, or its jobs cannot be read.</summary>
    public ImmutableArray<CronJobFact>? CronJobs { get; init; }
    /// <summary>Null: no vault here, or its names cannot be read.</summary>
    public ImmutableArray<VaultSecretFact>? VaultSecrets { get; init; }
    /// <summary>The view of decrypted secrets can be read by this session's role.</summary>
    public bool VaultReadable { get; init; }
    public ImmutableArray<BucketFact> Buckets { get; init; } = [];
    public ImmutableArray<HashKind> AuthUsers { get; init; } = [];

    /// <summary>The platform's roles and schemas are there, whatever the server is called.</summary>
    public bool IsSupabase { get; init; }

    /// <summary>The role that the project's owner works as: "postgres", which is no superuser there.</summary>
    public string PlatformAdmin => FindRole("postgres") is { Superuser: false } ? "postgres" : Server.DatabaseOwner;

    public ServerRole? FindRole(string name) => Roles.FirstOrDefault(r => r.Name == name);
    public bool HasSchema(string name) => Schemas.Any(s => s.Name == name);
    public ServerExtension? FindExtension(string name) => Extensions.FirstOrDefault(e => e.Name == name);
}

public sealed record ServerFact
{
    public required int VersionNumber { get; init; }
    public int Major => VersionNumber / 10000;
    public required string Database { get; init; }
    public required string DatabaseOwner { get; init; }
    public required string Role { get; init; }
    public bool IsSuperuser { get; init; }
    public bool BypassesRls { get; init; }
    public bool CanCreateRoles { get; init; }
    public bool CanReplicate { get; init; }
    public bool CanCreateDatabases { get; init; }
    public bool CanReadHashes { get; init; }
    public bool CanCreateInDatabase { get; init; }
    public string SharedLibraries { get; init; } = "";
    public int MaxConnections { get; init; }
    /// <summary>The one database in which pg_cron can be installed, where the library is loaded.</summary>
    public string? CronDatabase { get; init; }
    public int DatabaseConnectionLimit { get; init; } = -1;
    public int RoleConnectionLimit { get; init; } = -1;
    public long SizeBytes { get; init; }
    public string Encoding { get; init; } = "";
    public string Collation { get; init; } = "";
    public string? DatabaseComment { get; init; }
}

public sealed record ServerRole(string Name)
{
    public bool Superuser { get; init; }
    public bool Inherit { get; init; } = true;
    public bool CreateRole { get; init; }
    public bool CreateDb { get; init; }
    public bool Login { get; init; }
    public bool Replication { get; init; }
    public bool BypassRls { get; init; }
    public int ConnectionLimit { get; init; } = -1;
    public string? ValidUntil { get; init; }
    public string? Comment { get; init; }
}

/// <summary><paramref name="Member"/> may act as <paramref name="Role"/>. Before version 16, inherit is the member's own attribute, and set always holds.</summary>
public sealed record MembershipFact(string Role, string Member, bool Admin, bool Inherit, bool Set);

/// <summary><paramref name="Role"/> "" is every role; <paramref name="ThisDatabase"/> false is every database.</summary>
public sealed record ServerSetting(string Role, bool ThisDatabase, string Name, string Value)
{
    /// <summary>Such as app.settings.jwt_secret, which older projects keep in the database.</summary>
    public bool IsSecret => PlatformNames.LooksSecret(Name);
}

/// <summary><paramref name="Role"/> "" is everybody.</summary>
public sealed record DatabaseGrant(string Role, string Privilege, bool Grantable);

public sealed record SchemaFact(string Name, string Owner, string? Extension, bool Usable);

/// <summary><paramref name="Schema"/> is null where it is available and not installed.</summary>
public sealed record ServerExtension(string Name, string Version, string? Schema)
{
    public bool Installed => Schema is not null;
    /// <summary>It says something else than the extension's own files do.</summary>
    public bool HasOwnComment { get; init; }
}

/// <summary><paramref name="Enabled"/>: O, R, A or D as in pg_event_trigger.</summary>
public sealed record EventTriggerFact(string Name, string Event, string Enabled, string Owner, string FunctionSchema, string Function, bool FromExtension);

/// <summary><paramref name="Table"/> is null in the one row of a publication without tables. <paramref name="Keyless"/>: its updates cannot be published, and fail.</summary>
public sealed record PublicationFact(string Name, string Owner, bool AllTables, string? Schema, string? Table, string? RowFilter, bool Keyless);

public sealed record ForeignServerFact(string Name, string Wrapper, ImmutableArray<string> Options, string? Host, int Tables, ImmutableArray<string> Mappings, string? Extension);

public enum RoleUseKind { Owner, Grant, Policy }

public sealed record RoleUse(string Role, RoleUseKind Kind, string Schema);

public sealed record HiddenTable(string Schema, string Name, bool RowSecurity, bool Readable);

/// <summary>
/// An object of the application that needs something which stays behind. <paramref name="Kind"/> is PostgreSQL's word: "trigger", "function", "policy",
/// "rule" (a view), "default value". <paramref name="UsesKind"/>: function, table or type; "" where only the text of a function says it.
/// </summary>
public sealed record PlatformUse(string Kind, string Schema, string Name, string UsesSchema, string Uses, string UsesKind)
{
    public string Subject => $"{Kind switch { "rule" => "view", var k => k }} {Schema}.{(Kind == "rule" ? Name[..Math.Max(0, Name.LastIndexOf('.'))] : Name)}";
}

public sealed record FunctionSignature(string Schema, string Name, string IdentityArguments, string Arguments, string Result, bool IsFunction, bool ReturnsSet, bool IsTrigger, bool PlainTypes);

/// <summary>A check that calls a function of the application.</summary>
public sealed record FunctionCheck(string Schema, string Table, string Name, string Definition);

/// <summary>A function without a search_path of its own that <paramref name="User"/>, an index or a materialized view, calls.</summary>
public sealed record IndexFunction(string Schema, string Name, string IdentityArguments, string User);

public sealed record TriggerFact(string Schema, string Table, string Name, string FunctionSchema, string Function, string Enabled);

/// <summary><paramref name="Uses"/>: what its command calls in the platform's schemas ("net.http_post").</summary>
public sealed record CronJobFact(long Id, string Name, string Schedule, string Database, string User, bool Active, ImmutableArray<string> Uses)
{
    public string Subject => "cron job " + (Name.Length > 0 ? Name : Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
}

public sealed record VaultSecretFact(string Id, string Name, string Description);

public sealed record BucketFact(string Id, long Objects, long Bytes);

public sealed record HashKind(string Kind, long Users);
