using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Source;

/// <summary>Where a translated expression will stand; it decides what PostgreSQL allows there.</summary>
public enum ExpressionUse { Check, Default, Generated, IndexTerm, IndexPredicate }

/// <summary>
/// <paramref name="Sql"/> is null where the fragment cannot be translated with the same meaning; then <paramref name="Problem"/> says why.
/// Both are null where nothing is to be made, because the column's type says the same already (CHECK (flag IN (0,1)) on a boolean).
/// <paramref name="Helpers"/> are names of godwit_compat functions that the SQL calls. <paramref name="Notes"/> are differences the user
/// should know of although the fragment was translated.
/// </summary>
public sealed record Translation(string? Sql, string? Problem, ImmutableArray<string> Helpers, ImmutableArray<string> Notes)
{
    public static Translation Of(string sql) => new(sql, null, [], []);
    public static Translation SaidByType => new(null, null, [], []);
    public static Translation Impossible(string problem) => new(null, problem, [], []);
}

/// <summary>The target's side of one source table or view, as far as expressions need it.</summary>
public sealed record ScopeTable(string SourceName, SqlName Target, ImmutableArray<ScopeColumn> Columns)
{
    public bool IsView { get; init; }
    /// <summary>Keys by which ON CONFLICT can find rows.</summary>
    public ImmutableArray<ScopeKey> UniqueKeys { get; init; } = [];
    /// <summary>The primary key's columns in source names, where none of their values is NULL: they tell one row, as its number does. Empty where there are none.</summary>
    public ImmutableArray<string> PrimaryKey { get; init; } = [];
    /// <summary>A row can be refused for other reasons than a key: NOT NULL, CHECK.</summary>
    public bool MayRefuse { get; init; }
    /// <summary>There are unique indexes besides, partial ones or on expressions.</summary>
    public bool HasOtherUniqueIndexes { get; init; }
    /// <summary>The triggers that the source has for it, whether or not they can be translated.</summary>
    public ImmutableArray<ScopeTrigger> Triggers { get; init; } = [];
}

/// <summary>When a trigger fires: "BEFORE", "AFTER", "INSTEAD OF"; "INSERT", "UPDATE", "DELETE".</summary>
public sealed record ScopeTrigger(string Name, string Timing, string Event);

/// <summary>A unique key in source names; <paramref name="Sql"/> is its list of terms in the target.</summary>
public sealed record ScopeKey(ImmutableArray<string> Columns, string Sql);

/// <summary><paramref name="PgType"/> as in the plan: "bigint", "varchar(80)", "timestamptz", "jsonb" ...
/// <paramref name="SourceCollation"/> is the source's declared collation, null for its default.</summary>
public sealed record ScopeColumn(string SourceName, string TargetName, string PgType, string? SourceCollation = null)
{
    /// <summary>The source holds numbers here that mean moments ("EpochSeconds", "JulianTimestamp", ...), or null.</summary>
    public string? NumericTime { get; init; }
    /// <summary>How the source spells the moments that it holds as text; null where that is not one way.</summary>
    public MomentSpelling? Spelling { get; init; }
    /// <summary>The source spells them in several ways.</summary>
    public bool SpelledVariously { get; init; }
    /// <summary>Of a geometry: how the source numbers its reference systems.</summary>
    public GeometryLimits? Geometry { get; init; }
    /// <summary>No value is NULL and the target column is NOT NULL.</summary>
    public bool NotNull { get; init; }
    /// <summary>Target SQL of the default of a column that is declared NOT NULL, which INSERT OR REPLACE writes in place of NULL; null where there is none.</summary>
    public string? InPlaceOfNull { get; init; }
    /// <summary>Every value of the source is text, whatever the declared type would allow.</summary>
    public bool OnlyText { get; init; }
    /// <summary>The source holds text here, or nothing yet: a boolean may be spelled 'Y' or 't'.</summary>
    public bool MayHoldText { get; init; }
    /// <summary>A bytea column that also holds numbers or text, whose kind is no longer told apart.</summary>
    public bool MixedBlob { get; init; }
    /// <summary>This column is the row key (SQLite: rowid is another name of it).</summary>
    public bool IsRowKey { get; init; }
    /// <summary>Source SQL of a generated column, which no statement may write; null for any other.</summary>
    public string? Generated { get; init; }
    public bool IsGenerated => Generated is not null;
    /// <summary>The source column's affinity in SQLite's words: "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB".</summary>
    public string Affinity { get; init; } = "BLOB";
}

/// <summary>All tables and (already translated) views an expression may name.</summary>
public sealed record TranslationScope(ImmutableArray<ScopeTable> Tables)
{
    public ScopeTable? Find(string sourceName) => Tables.FirstOrDefault(t => NameComparer.Same(t.SourceName, sourceName));
}

/// <summary>A translated view: its query, the columns it yields (so that later views can build on it), or the problem.</summary>
public sealed record ViewTranslation(string? Query, ImmutableArray<ScopeColumn> Columns, string? Problem, ImmutableArray<string> Helpers, ImmutableArray<string> Notes)
{
    /// <summary>The table or view that it names and that is not there; null where that is not the problem.</summary>
    public string? Missing { get; init; }
}

/// <summary>A statement in a trigger changes this table. <paramref name="Event"/>: "INSERT", "UPDATE", "DELETE"; <paramref name="Columns"/> of an update.</summary>
public sealed record TriggerWrite(string Table, string Event, ImmutableArray<string> Columns);

/// <summary>
/// A translated trigger. <paramref name="Body"/> is PL/pgSQL without its quotes, null where <paramref name="Problem"/> says why. <paramref name="Timing"/>
/// and <paramref name="When"/> stand in CREATE TRIGGER ("BEFORE", "UPDATE OF a, b"); <paramref name="Table"/>, <paramref name="Event"/> and
/// <paramref name="Columns"/> say in source names what fires it, <paramref name="Writes"/> what it changes itself.
/// </summary>
public sealed record TriggerTranslation(string? Body, string Timing, string When, string Table, string Event, ImmutableArray<string> Columns, ImmutableArray<TriggerWrite> Writes,
    string? Problem, ImmutableArray<string> Helpers, ImmutableArray<string> Notes)
{
    /// <inheritdoc cref="ViewTranslation.Missing"/>
    public string? Missing { get; init; }

    public static TriggerTranslation Impossible(string problem) => new(null, "", "", "", "", [], [], problem, [], []);
}

/// <summary>Translates the source's SQL into PostgreSQL's by an allow-list: what is not known to mean the same is refused.</summary>
public interface ISqlTranslator
{
    /// <summary>An expression over one table's columns. <paramref name="column"/> is the column that it belongs to (default, generated), or null;
    /// its PgType is the type the result must have.</summary>
    Translation Expression(string sql, ScopeTable table, ScopeColumn? column, ExpressionUse use);

    /// <summary>A view, from its CREATE VIEW text. Views are given in dependency order as far as the source allows.</summary>
    ViewTranslation View(View view, TranslationScope scope);

    /// <summary>
    /// A trigger, from its CREATE TRIGGER text. The scope's targets are where tables stand when the trigger fires.
    /// <paramref name="onceAtATime"/>: while it runs, what it does itself does not enter it again.
    /// </summary>
    TriggerTranslation Trigger(Trigger trigger, TranslationScope scope, bool onceAtATime);

    /// <summary>When it fires; null where its SQL is not understood.</summary>
    ScopeTrigger? Fires(Trigger trigger) => null;

    /// <summary>Names of the tables and views that a view reads, for ordering.</summary>
    ImmutableArray<string> References(View view);

    /// <summary>CREATE FUNCTION statements of the named helpers, in the given schema, in dependency order.</summary>
    ImmutableArray<string> HelperSql(IEnumerable<string> helpers, string schema);
}
