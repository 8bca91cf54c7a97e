using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>What a translated expression is in PostgreSQL, as far as translation needs to know.</summary>
internal enum PgKind
{
    Null, Bool, Int, Real, Numeric, Text, Bytea, Date, Time, Timestamp, TimestampTz, Json, Jsonb, Uuid,
    /// <summary>A type that no translation knows; it can be passed on, nothing else.</summary>
    Other,
}

internal static class PgTypes
{
    /// <summary>"varchar(80)" -> Text.</summary>
    public static PgKind Kind(string pgType) => Base(pgType) switch
    {
        "boolean" or "bool" => PgKind.Bool,
        "smallint" or "integer" or "bigint" or "int2" or "int4" or "int8" or "int" => PgKind.Int,
        "double precision" or "real" or "float4" or "float8" => PgKind.Real,
        "numeric" or "decimal" => PgKind.Numeric,
        "text" or "varchar" or "character varying" or "citext" => PgKind.Text,
        "bytea" => PgKind.Bytea,
        "date" => PgKind.Date,
        "time" or "time without time zone" => PgKind.Time,
        "timestamp" or "timestamp without time zone" => PgKind.Timestamp,
        "timestamptz" or "timestamp with time zone" => PgKind.TimestampTz,
        "json" => PgKind.Json,
        "jsonb" => PgKind.Jsonb,
        "uuid" => PgKind.Uuid,
        _ => PgKind.Other,
    };

    /// <summary>The type's name without its length: "timestamp(3) with time zone" -> "timestamp with time zone".</summary>
    public static string Base(string pgType)
    {
        var open = pgType.IndexOf('(', StringComparison.Ordinal);
        if (open < 0) return pgType.Trim().ToLowerInvariant();
        var close = pgType.IndexOf(')', open);
        return (pgType[..open].Trim() + (close < 0 ? "" : " " + pgType[(close + 1)..].Trim())).Trim().ToLowerInvariant();
    }

    /// <summary>The numbers of "numeric(10,2)", empty where none.</summary>
    public static int[] Arguments(string pgType)
    {
        var open = pgType.IndexOf('(', StringComparison.Ordinal);
        var close = open < 0 ? -1 : pgType.IndexOf(')', open);
        return close < 0 ? [] : [.. pgType[(open + 1)..close].Split(',').Select(n => int.TryParse(n, out var i) ? i : 0)];
    }

    public static bool IsWide(string pgType) => Base(pgType) is "bigint" or "int8";

    public static bool IsNumber(PgKind kind) => kind is PgKind.Int or PgKind.Real or PgKind.Numeric or PgKind.Bool;

    public static bool IsMoment(PgKind kind) => kind is PgKind.Date or PgKind.Time or PgKind.Timestamp or PgKind.TimestampTz;

    /// <summary>The type of a view's column of this kind.</summary>
    public static string Name(PgKind kind, bool wide = true) => kind switch
    {
        PgKind.Bool => "boolean",
        PgKind.Int => wide ? "bigint" : "integer",
        PgKind.Real => "double precision",
        PgKind.Numeric => "numeric",
        PgKind.Bytea => "bytea",
        PgKind.Date => "date",
        PgKind.Time => "time",
        PgKind.Timestamp => "timestamp",
        PgKind.TimestampTz => "timestamptz",
        PgKind.Json => "json",
        PgKind.Jsonb => "jsonb",
        PgKind.Uuid => "uuid",
        _ => "text",
    };

    /// <summary>Affinity of a declared type (https://www.sqlite.org/datatype3.html, section 3.1).</summary>
    public static string Affinity(string declared)
    {
        bool Has(string part) => declared.Contains(part, StringComparison.OrdinalIgnoreCase);
        if (Has("INT")) return "INTEGER";
        if (Has("CHAR") || Has("CLOB") || Has("TEXT")) return "TEXT";
        if (Has("BLOB") || declared.Trim().Length == 0) return "BLOB";
        return Has("REAL") || Has("FLOA") || Has("DOUB") ? "REAL" : "NUMERIC";
    }
}

/// <summary>A translated expression. <paramref name="Atomic"/>: needs no parentheses as an operand.</summary>
internal sealed record Term(string Sql, PgKind Kind, bool Atomic = false)
{
    /// <summary>As SQLite sees it; null: none, so that nothing is converted for its sake in a comparison.</summary>
    public string? Affinity { get; init; }
    /// <summary>NOCASE or RTRIM, of the column or by COLLATE; null is BINARY.</summary>
    public string? Collation { get; init; }
    public bool CollateSaid { get; init; }
    /// <summary>Never NULL.</summary>
    public bool NotNull { get; init; }
    /// <summary>A constant's value as SQLite holds it: long, double, string or byte[].</summary>
    public object? Constant { get; init; }
    /// <summary>A stored column (of a table or a view), not a computed value.</summary>
    public ScopeColumn? Column { get; init; }
    /// <summary>The kind in SQLite may differ from row to row (json_extract, CASE with mixed branches, widened columns).</summary>
    public bool Mixed { get; init; }
    /// <summary>The jsonb value that a mixed term shows.</summary>
    public string? Json { get; init; }
    /// <summary>JSON that may be a lone value: a view shows it as SQLite does, as text.</summary>
    public bool ShownAsText { get; init; }
    /// <summary>For text that SQLite's date functions made: the moment as a timestamp, and to_char's picture of the text.</summary>
    public string? Moment { get; init; }
    public string? Picture { get; init; }
    /// <summary>For a moment that the source holds as text, and always in this way.</summary>
    public MomentSpelling? Spelling { get; init; }
    /// <summary>For text that always is an integer (strftime('%s')): the same as bigint.</summary>
    public string? Digits { get; init; }
    /// <summary>For a condition: SQL that may yield NULL in place of false, and lets PostgreSQL join by hash. For WHERE and ON.</summary>
    public string? Filter { get; init; }
    /// <summary>An int2 or int4, whose arithmetic would overflow before SQLite's does.</summary>
    public bool Narrow { get; init; }
    /// <summary>For typeof(): the operand and the name it has where it is not NULL.</summary>
    public (Term Operand, string Name)? TypeOf { get; init; }

    public bool IsConstant => Constant is not null || Kind == PgKind.Null;

    /// <summary>As an operand of any operator.</summary>
    public string Operand => Atomic ? Sql : $"({Sql})";

    public override string ToString() => Operand;
}

/// <summary>Leaves a translation: the message is the reason given to the user.</summary>
internal sealed class UntranslatableException(string problem) : Exception(problem)
{
    /// <summary>The table or view that is named and not there.</summary>
    public string? Missing { get; init; }
}
