using System.Collections.Immutable;
using Godwit.Plan;

namespace Godwit;

public enum IfExists { Fail, Append, Replace }

public enum VerifyMode { Counts, Sample, Full }

public enum NameStyle { Keep, Fold }

/// <summary>How it is known what was written since the copy: by the server's write-ahead log, by triggers, or by comparing.</summary>
public enum FollowMethod { Slot, Triggers, Diff }

/// <summary>One --cast rule: <paramref name="Pattern"/> is a declared type ("DATETIME"), a column ("users.born") or a pattern
/// ("*.created_at"); <paramref name="PgType"/> the PostgreSQL type to use.</summary>
public sealed record CastRule(string Pattern, string PgType);

/// <summary>Misfit policy of one column pattern ("users.bio", "*.notes"); the first that matches wins.</summary>
public sealed record MisfitRule(string Pattern, MisfitPolicy Policy);

/// <summary>An index of godwit.yaml that the source does not have. <paramref name="Definition"/> is what follows ON table: "(lower(email))".</summary>
public sealed record ExtraIndex(string Table, string Definition, string? Name = null, bool Unique = false);

/// <summary>What flags and godwit.yaml decide. Everything has a default that is safe.</summary>
public sealed record MigrationOptions
{
    public string TargetSchema { get; init; } = "public";
    /// <summary>Table patterns (* and ?), by source name. Empty includes everything.</summary>
    public ImmutableArray<string> Include { get; init; } = [];
    public ImmutableArray<string> Exclude { get; init; } = [];
    /// <summary>Concurrent readers, COPY streams and index builds.</summary>
    public int Jobs { get; init; } = Environment.ProcessorCount;
    /// <summary>Between PostgreSQL servers: bytes of a table, with TOAST, that are loaded in one transaction.</summary>
    public long ChunkBytes { get; init; } = 128L << 20;
    public IfExists IfExists { get; init; }
    public bool SchemaOnly { get; init; }
    public bool DataOnly { get; init; }
    public NameStyle Names { get; init; }
    public ImmutableArray<CastRule> Casts { get; init; } = [];
    public MisfitPolicy Misfits { get; init; } = MisfitPolicy.Widen;
    public ImmutableArray<MisfitRule> MisfitRules { get; init; } = [];
    /// <summary>json instead of jsonb: keeps text, key order and duplicates.</summary>
    public bool JsonAsText { get; init; }
    public bool IndexForeignKeys { get; init; }
    /// <summary>Types as the framework that made the source would create them (Django, Rails, ...), where one is recognised.</summary>
    public bool FollowOrm { get; init; } = true;
    /// <summary>A tsvector column with a GIN index for each full-text table of the source.</summary>
    public bool FullTextSearch { get; init; }
    public ImmutableArray<ExtraIndex> ExtraIndexes { get; init; } = [];
    /// <summary>The source goes on being written: its changes are recorded from before the first row is read.</summary>
    public bool Follow { get; init; }
    /// <summary>Null: what the source allows, with the least that it notices.</summary>
    public FollowMethod? FollowMethod { get; init; }
    /// <summary>For sources that are PostgreSQL servers.</summary>
    public SupabaseChoices Platform { get; init; } = new();
    /// <summary>The project's service key, for the bytes of its storage; from the environment, written nowhere.</summary>
    public string? StorageKey { get; init; }
    public VerifyMode? Verify { get; init; } = VerifyMode.Full;
    /// <summary>maintenance_work_mem of index builds in megabytes; null picks by the server's own setting and memory.</summary>
    public int? MaintenanceWorkMemMb { get; init; }
}
