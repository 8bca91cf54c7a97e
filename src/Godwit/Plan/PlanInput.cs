using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>
/// A table that the target already has: its columns with format_type names, in order. Used by --data-only and --if-exists append.
/// </summary>
public sealed record ExistingTable(SqlName Name, ImmutableArray<ExistingColumn> Columns)
{
    public ImmutableArray<ExistingKey> ForeignKeys { get; init; } = [];
    /// <summary>Triggers that fire for rows which come in.</summary>
    public ImmutableArray<string> Triggers { get; init; } = [];
}

/// <summary>A foreign key of the target's; <paramref name="Definition"/> as pg_get_constraintdef writes it.</summary>
public sealed record ExistingKey(string Name, string Parent, string Definition);

/// <summary><paramref name="PgType"/> of a domain is what it is made of. <paramref name="Labels"/>: of an enumeration, each between two NULs.</summary>
public sealed record ExistingColumn(string Name, string PgType, bool Generated, bool NotNull, bool HasDefault, bool Identity, string? Labels = null);

/// <summary>Everything that a plan depends on. The same input yields the same plan.</summary>
public sealed record PlanInput
{
    public required string Source { get; init; }
    public required Position Position { get; init; }
    public required DatabaseSchema Schema { get; init; }
    /// <summary>By source table name; columns in the order of the table's.</summary>
    public required ImmutableDictionary<string, TableProfile> Profiles { get; init; }
    public required ISqlTranslator Translator { get; init; }
    /// <summary>Major version of the target, 14 to 18.</summary>
    public required int TargetMajor { get; init; }
    public required MigrationOptions Options { get; init; }
    /// <summary>Tables of the target schema, by target name; only looked at with --data-only or --if-exists append.</summary>
    public ImmutableDictionary<string, ExistingTable> Existing { get; init; } = ImmutableDictionary<string, ExistingTable>.Empty;
    /// <summary>The same of a PostgreSQL source's: what looks at its rows; null where none come into tables that were there before.</summary>
    public ExistingKeys? ExistingKeys { get; init; }
    /// <summary>Generated columns and defaults that the server has refused, and its reason: they are made without.</summary>
    public ImmutableDictionary<(string Table, string Column), string> RefusedColumns { get; init; } = ImmutableDictionary<(string Table, string Column), string>.Empty;
    /// <summary>What the target's server has, where the source speaks PostgreSQL; null without a target.</summary>
    public TargetInventory? Inventory { get; init; }
    /// <summary>The run goes on: what stands in the target is its own work.</summary>
    public bool Resuming { get; init; }
    public ImmutableArray<Finding> SourceFindings { get; init; } = [];
    /// <summary>The schema where the target has PostGIS; null where it has none.</summary>
    public string? PostGis { get; init; }
    /// <summary>Names of the target schema that something else has and keeps.</summary>
    public ImmutableArray<string> Taken { get; init; } = [];
}

/// <summary>What the parts of the planner share while one plan is being made.</summary>
internal sealed class PlanContext(PlanInput input, NameMap names)
{
    public const string LoadSchema = "godwit_load";

    public PlanInput Input { get; } = input;
    public NameMap Names { get; } = names;
    public MigrationOptions Options => Input.Options;
    public List<Finding> Findings { get; } = [];
    public Dictionary<(string Table, string Column), TypeChoice> Types { get; } = [];
    /// <summary>Columns of which a NOCASE or RTRIM index or constraint is made: they compare by bytes, as SQLite's BINARY does.</summary>
    public HashSet<(string Table, string Column)> ByteOrdered { get; } = [];
    /// <summary>Views that were translated, in the load schema.</summary>
    public List<ScopeTable> Views { get; } = [];
    /// <summary>By source table, for verification.</summary>
    public List<(string Table, TestedExpression Expression)> Expressions { get; } = [];
    public SortedSet<string> Helpers { get; } = new(StringComparer.Ordinal);

    public ImmutableArray<Table> Tables => Input.Schema.Tables;

    public TypeChoice Type(Table table, Column column) => Types[(table.Name, column.Name)];

    public ColumnProfile Profile(Table table, Column column) => Input.Profiles[table.Name].Columns[table.Columns.IndexOf(column)];

    public SqlName Load(Table table) => new(LoadSchema, Names.Table(table.Name));

    public SqlName Target(Table table) => new(Options.TargetSchema, Names.Table(table.Name));

    public string Column(Table table, string column) => Names.Column(table.Name, column);

    public void Find(string code, Severity severity, string subject, string problem, string? hint = null) =>
        Findings.Add(new(code, severity, subject, problem, hint));

    public ScopeTable Scope(Table table) => new(table.Name, Load(table), [.. table.Columns.Select(c => ScopeColumn(table, c))]);

    public ScopeColumn ScopeColumn(Table table, Column column)
    {
        var type = Type(table, column);
        var texts = type.Encoding.Kind is CellEncoding.Date or CellEncoding.Time or CellEncoding.Timestamp or CellEncoding.TimestampTz ? Profile(table, column) : null;
        return new(column.Name, Column(table, column.Name), type.PgType, column.Collation)
        {
            NumericTime = type.Encoding.Kind is >= CellEncoding.EpochSeconds and <= CellEncoding.JulianDate ? type.Encoding.Kind.ToString() : null,
            Spelling = texts?.Spelling,
            SpelledVariously = texts?.SpelledVariously == true,
            Geometry = type.Encoding.Geometry,
            NotNull = column.NotNull && Profile(table, column)[ValueFact.Null] == 0,
            Affinity = SourceAffinity.Of(column.DeclaredType, table.Strict),
            IsRowKey = column.IsRowKey,
            OnlyText = Profile(table, column) is var profile && profile[ValueFact.Integer] + profile[ValueFact.Real] + profile[ValueFact.Blob] == 0,
            MayHoldText = profile[ValueFact.Text] > 0 || profile[ValueFact.Integer] + profile[ValueFact.Real] + profile[ValueFact.Blob] == 0,
            MixedBlob = profile[ValueFact.Integer] + profile[ValueFact.Real] + profile[ValueFact.Text] > 0,
            Generated = column.Generated?.Expression,
        };
    }

    /// <summary>Uses a translation's helpers and notes; returns its SQL.</summary>
    public string Use(Translation translation, string subject)
    {
        Helpers.UnionWith(translation.Helpers);
        foreach (var note in translation.Notes) Find("translated-with-note", Severity.Info, subject, note);
        return translation.Sql!;
    }
}

/// <summary>Column affinity after https://www.sqlite.org/datatype3.html, section 3.1.</summary>
internal static class SourceAffinity
{
    public static string Of(string declaredType, bool strict)
    {
        bool Has(string s) => declaredType.Contains(s, StringComparison.OrdinalIgnoreCase);
        if (strict && declaredType.Equals("ANY", StringComparison.OrdinalIgnoreCase)) return "BLOB";
        return Has("INT") ? "INTEGER"
            : Has("CHAR") || Has("CLOB") || Has("TEXT") ? "TEXT"
            : Has("BLOB") || declaredType.Length == 0 ? "BLOB"
            : Has("REAL") || Has("FLOA") || Has("DOUB") ? "REAL"
            : "NUMERIC";
    }
}
