using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>What a step makes; the order of the members is the order of execution.</summary>
public enum StepKind
{
    Role, Schema, Helper, Object, Table, Sequence, Constraint, Index, PrimaryKey, Unique, Attach, Check, ForeignKey, ForeignKeyValidation, View, Trigger, Late, Analyze, Publish, Grant, Refresh, Closing, Setting,
}

/// <summary>
/// One statement, why it is there and how it is undone. <paramref name="Id"/> is unique in the plan and stable from run to run;
/// the journal knows steps by it. <paramref name="Subject"/> is the object in source names.
/// </summary>
public sealed record SqlStep(string Id, StepKind Kind, string Subject, string Sql, string Why, string? Undo = null)
{
    /// <summary>The table (source name) that must be loaded before, null where none.</summary>
    public string? Table { get; init; }
    /// <summary>
    /// Tried when the server refuses <see cref="Sql"/> because of the data (a foreign key as NOT VALID, an index left out is "").
    /// Null: a refusal fails the run.
    /// </summary>
    public string? Fallback { get; init; }
    /// <summary>Id of a step without which this one makes no sense: when that was refused, this is left out without a word of its own.</summary>
    public string? Requires { get; init; }
    /// <summary>What a unique index asks for; null where the step makes none, or where only its statement says it.</summary>
    public UniqueKey? UniqueKey { get; init; }
    /// <summary>How much work a row of the table is, relative to an index on one number: long steps begin first, so that no worker ends alone with one.</summary>
    public int Effort { get; init; } = 2;
}

/// <summary>Terms and predicate as SQL of the target.</summary>
public sealed record UniqueKey(SqlName Table, string Terms, string? Predicate);

/// <summary>What happens to a value that does not fit its column's natural type.</summary>
public enum MisfitPolicy
{
    /// <summary>Choose a type that holds every value without loss.</summary>
    Widen,
    /// <summary>Keep the natural type; rows that do not fit go whole to godwit.quarantine.</summary>
    Quarantine,
    /// <summary>Refuse to run.</summary>
    Fail,
}

/// <summary>One column of the copy. Generated columns are not copied and are not listed here.</summary>
public sealed record ColumnPlan(string Source, string Target, string DeclaredType, string PgType, ColumnEncoding Encoding, Fidelity Fidelity, string Why);

/// <summary>A column that the target computes: generated, or by a default. Both as PostgreSQL's SQL.</summary>
public sealed record ComputedColumn(string Source, string Target, string PgType, string Expression, bool Generated);

/// <summary>
/// An expression of the source that the target evaluates too, for verification. <paramref name="Source"/> is SQL over the table's columns;
/// <paramref name="Object"/> is the constraint or index that has the target's own, <paramref name="Term"/> which term of the index, from 1; 0 is its predicate, or a check.
/// </summary>
public sealed record TestedExpression(string Subject, string Source, Reading Reading, string? Collation, string Object, int Term);

/// <summary>One table of the copy.</summary>
public sealed record TablePlan
{
    public required string Source { get; init; }
    /// <summary>Where rows are loaded: in the load schema, or the existing table with --data-only or --if-exists append.</summary>
    public required SqlName Load { get; init; }
    /// <summary>Where the table is found when the run has finished.</summary>
    public required SqlName Target { get; init; }
    public required ImmutableArray<ColumnPlan> Columns { get; init; }
    /// <summary>Generated columns, which PostgreSQL computes: not copied, but compared.</summary>
    public ImmutableArray<ColumnPlan> Generated { get; init; } = [];
    /// <summary>Generated columns and defaults, for the case that the server refuses one of them.</summary>
    public ImmutableArray<ComputedColumn> Computed { get; init; } = [];
    /// <summary>Checks, index predicates and index expressions, which verification evaluates for each row on both sides.</summary>
    public ImmutableArray<TestedExpression> Expressions
    {
        // A plan that was written before there were any does not name them.
        get => field.IsDefault ? [] : field;
        init;
    } = [];
    /// <summary>How rows travel; text only between PostgreSQL servers, where a column's binary form may not be understood at the other end.</summary>
    public RowFormat Format { get; init; }
    /// <summary>Target names of the key by which rows are named: the primary key, else a unique NOT NULL key, else empty.</summary>
    public ImmutableArray<string> Key { get; init; } = [];
    /// <summary>Rows and payload bytes that the profile saw.</summary>
    public long Rows { get; init; }
    public long Bytes { get; init; }
    /// <summary>Ranges that are loaded in one transaction each.</summary>
    public ImmutableArray<PlannedChunk> Chunks { get; init; } = [];
    /// <summary>Types were chosen by a sample, and Rows, Bytes and Chunks are estimates: the copy looks at every value and the plan is made again.</summary>
    public bool Sampled { get; init; }
    /// <summary>The partitioned table (source name) at the top of those that it is a part of; null where it is none.</summary>
    public string? Tree { get; init; }
    /// <summary>The file of a PostgreSQL source's table (pg_relation_filenode): another one, and ranges of pages mean other rows.</summary>
    public string? SourceFile { get; init; }
    /// <summary>Rows that the profile expects in quarantine.</summary>
    public long ExpectedMisfits { get; init; }
    /// <summary>Rows come in when those of all earlier rounds are there; 0 for all tables where their order does not matter.</summary>
    public int Round { get; init; }
}

public sealed record PlannedChunk(int Number, long? From, long? To, long Rows);

/// <summary>A translated view and what its columns are, for verification.</summary>
public sealed record ViewPlan(string Source, SqlName Target, ImmutableArray<ViewColumnPlan> Columns);

/// <summary><paramref name="NumericTime"/>: the source holds numbers that mean moments ("EpochSeconds", ...), or null.</summary>
public sealed record ViewColumnPlan(string Source, string Target, string PgType, string? NumericTime)
{
    /// <summary>Of a geometry: how the source numbers its reference systems.</summary>
    public GeometryLimits? Geometry { get; init; }
}

/// <summary>
/// An object of the source and the ids of the steps that make it; none: it is left out. <paramref name="Subject"/> is its name in findings.
/// <paramref name="Rewritten"/>: its SQL is not the source's (views, triggers, expressions).
/// </summary>
public sealed record SourceObject(string Kind, string Name, string Subject, string Sql, bool Rewritten, ImmutableArray<string> Steps);

/// <summary>A sequence's planned state, for verification.</summary>
public sealed record SequencePlan(string Table, string Column, SqlName Target, string TargetColumn, long NextValue);

/// <summary>
/// The whole migration as a value: reviewable as JSON and as SQL, executed unchanged. Made by the planner, which is pure.
/// </summary>
public sealed record MigrationPlan
{
    public const int CurrentFormat = 1;
    [System.Text.Json.Serialization.JsonPropertyName("format_version")]
    public int Format { get; init; } = CurrentFormat;
    public required string Source { get; init; }
    /// <summary>The moment of the source that the types were chosen for.</summary>
    public required string SourcePosition { get; init; }
    /// <summary>The target schema ("public") and the schema in which everything is built before it is published.</summary>
    public required string TargetSchema { get; init; }
    public required string LoadSchema { get; init; }
    /// <summary>Statements are the source's own and make objects where they belong; nothing moves at the end (docs/decisions/0007).</summary>
    public bool InPlace { get; init; }
    /// <summary>search_path of the sessions that load rows, where checks call functions that need it; null is pg_catalog alone.</summary>
    public string? LoadSearchPath { get; init; }
    public ImmutableArray<SqlStep> PreData { get; init; } = [];
    public ImmutableArray<TablePlan> Tables { get; init; } = [];
    public ImmutableArray<SqlStep> PostData { get; init; } = [];
    /// <summary>Executed in ONE transaction at the end: moves everything from the load schema into the target schema.</summary>
    public ImmutableArray<SqlStep> Publish { get; init; } = [];
    public ImmutableArray<SequencePlan> Sequences { get; init; } = [];
    public ImmutableArray<ViewPlan> Views { get; init; } = [];
    /// <summary>Secrets, jobs and files that go along, named; null where there are none.</summary>
    public Carriage? Carriage { get; init; }
    /// <summary>Where the target is meant to differ from a PostgreSQL source; null where nothing was decided.</summary>
    public Departures? Departures { get; init; }
    public ImmutableArray<SourceObject> Objects { get; init; } = [];
    public ImmutableArray<Finding> Findings { get; init; } = [];

    /// <summary>
    /// Rows go as they are (session_replication_role = replica) into tables that were there before: their triggers have fired in the source, and foreign keys need no
    /// order, but nobody checks them either.
    /// </summary>
    public bool LoadsQuietly(ITarget target) => InPlace && IntoExisting && target.Profile.IsSuperuser;

    /// <summary>Rows go into tables that were there before, beside rows that may be somebody's: --data-only and --if-exists append. All that is done before is that keys are taken off.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IntoExisting => Publish.IsEmpty && PreData.All(s => s.Kind == StepKind.Constraint);
}
