using System.Collections.Immutable;

namespace Godwit.Schema;

/// <summary>What a source that speaks PostgreSQL says of itself besides its statements and tables. Read under the snapshot where it can be.</summary>
public sealed record PostgresFacts
{
    /// <summary>server_version_num: 150018.</summary>
    public required int VersionNumber { get; init; }
    public required string Version { get; init; }
    public int Major => VersionNumber / 10000;
    public required string Database { get; init; }
    public required string Role { get; init; }
    public bool IsSuperuser { get; init; }
    /// <summary>Row security does not apply to the role: it sees every row.</summary>
    public bool BypassesRowSecurity { get; init; }
    public required string Encoding { get; init; }
    /// <summary>The database's collation and character type, as in <c>datcollate</c>.</summary>
    public string Collation { get; init; } = "";
    /// <summary>search_path of the application's sessions: the database's own setting, else the server's.</summary>
    public string SearchPath { get; init; } = "\"$user\", public";
    /// <summary>Every statement of the dump, in an order in which they can be executed.</summary>
    public ImmutableArray<SchemaStatement> Statements { get; init; } = [];
    /// <summary>Those that are not executed, because of tables that the user leaves out.</summary>
    public ImmutableArray<SchemaStatement> LeftOut { get; init; } = [];
    /// <summary>Schemas besides pg_catalog that have an operator "=" (where citext is, say).</summary>
    public ImmutableArray<string> EqualitySchemas { get; init; } = [];
    public ImmutableArray<RoleFact> Roles { get; init; } = [];
    public ImmutableArray<ExtensionFact> Extensions { get; init; } = [];
    public ImmutableArray<SettingFact> Settings { get; init; } = [];
    public ImmutableArray<SequenceFact> Sequences { get; init; } = [];
    public ImmutableArray<MaterializedViewFact> MaterializedViews { get; init; } = [];
    public LargeObjectFacts LargeObjects { get; init; } = new(0, 0);
    public string? DatabaseComment { get; init; }
}

/// <summary>A role of the source's server. <paramref name="Memberships"/>: roles that it is a member of.</summary>
public sealed record RoleFact(string Name, bool Superuser, bool Inherits, bool CreatesRoles, bool CreatesDatabases, bool LogsIn, bool Replicates, bool BypassesRowSecurity, int ConnectionLimit, string? ValidUntil, ImmutableArray<string> Memberships);

public sealed record ExtensionFact(string Name, string Version, string Schema);

/// <summary>ALTER DATABASE / ROLE ... SET. Null <paramref name="Role"/>: every role; not <paramref name="InDatabase"/>: in every database.</summary>
public sealed record SettingFact(string? Role, bool InDatabase, string Name, string Value);

/// <summary>A sequence's state. <paramref name="LastValue"/> null: it could not be read. Owned by an identity or serial column where <paramref name="Table"/> is set.</summary>
public sealed record SequenceFact(SqlName Name, long? LastValue, bool IsCalled, string? Table, string? Column);

/// <summary>A materialized view; <paramref name="DependsOn"/> are those that must be filled before it.</summary>
public sealed record MaterializedViewFact(SqlName Name, bool Populated, ImmutableArray<SqlName> DependsOn);

public sealed record LargeObjectFacts(long Count, long Bytes);

/// <summary>How a PostgreSQL table stores its rows.</summary>
public sealed record TableStorage
{
    /// <summary>pg_class.relkind: 'r' a table, 'p' a partitioned one without rows of its own.</summary>
    public required char Kind { get; init; }
    /// <summary>"heap": rows can be read by ranges of pages.</summary>
    public string? AccessMethod { get; init; }
    /// <summary>pg_relation_filenode: another one after the table was rewritten.</summary>
    public string? FileNode { get; init; }
    public long Pages { get; init; }
    /// <summary>With TOAST, without indexes.</summary>
    public long Bytes { get; init; }
    /// <summary>pg_class.reltuples: an estimate, -1 where unknown.</summary>
    public double EstimatedRows { get; init; }
    /// <summary>The partitioned or inherited table above, by <see cref="Table.Name"/>.</summary>
    public string? Parent { get; init; }
    /// <summary>
    /// The partitioned table through which rows must be loaded, because hash values of the key differ from server to server (enums); null
    /// where rows go into the table itself.
    /// </summary>
    public SqlName? LoadThrough { get; init; }
    public bool Unlogged { get; init; }
    public bool RowSecurity { get; init; }
    public bool ForcesRowSecurity { get; init; }
    /// <summary>pg_class.relreplident: 'd' primary key, 'n' nothing, 'f' full, 'i' an index.</summary>
    public char ReplicaIdentity { get; init; } = 'd';
    /// <summary>Only these rows are copied: those that an extension's table holds beside its own (pg_extension.extcondition). Null: all.</summary>
    public string? Condition { get; init; }
    /// <summary>The table belongs to this extension, which creates it.</summary>
    public string? Extension { get; init; }
}
