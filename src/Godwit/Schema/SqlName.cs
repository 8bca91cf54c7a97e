using System.Collections.Frozen;

namespace Godwit.Schema;

/// <summary>
/// A PostgreSQL name, optionally with its schema. <see cref="ToString"/> quotes where PostgreSQL needs it, so that a name
/// interpolated into SQL is always safe; a bare string interpolated into SQL is a smell.
/// </summary>
public readonly record struct SqlName(string? Schema, string Name)
{
    public SqlName(string name) : this(null, name) { }

    public override string ToString() => Schema is null ? Quote(Name) : $"{Quote(Schema)}.{Quote(Name)}";

    /// <summary>Quotes where the name is not a plain lower-case word, or is a word that PostgreSQL reserves.</summary>
    public static string Quote(string identifier) =>
        IsPlain(identifier) && !Reserved.Contains(identifier) ? identifier : AlwaysQuote(identifier);

    public static string AlwaysQuote(string identifier) => "\"" + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    public static string List(IEnumerable<string> identifiers) => string.Join(", ", identifiers.Select(Quote));

    private static bool IsPlain(string s)
    {
        if (s.Length == 0 || !(s[0] is >= 'a' and <= 'z' or '_')) return false;
        foreach (var c in s)
            if (!(c is >= 'a' and <= 'z' or >= '0' and <= '9' or '_')) return false;
        return true;
    }

    // PostgreSQL 14-18, appendix C: reserved words, words that need AS, and words that cannot be a function or type name.
    private static readonly FrozenSet<string> Reserved = """
        all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
        char character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
        current_role current_schema current_time current_timestamp current_user day dec decimal default deferrable desc distinct do
        else end except exists extract false fetch filter float for foreign freeze from full grant greatest group grouping having hour ilike in
        initially inner inout int integer intersect interval into is isnull join json json_array json_arrayagg json_exists json_object
        json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left like limit
        localtime localtimestamp merge_action minute month national natural nchar none normalize not notnull null nullif numeric offset on
        only or order out outer over overlaps overlay placing position precision primary real references returning right row second
        select session_user setof similar smallint some substring symmetric system_user table tablesample then time
        timestamp to trailing treat trim true union unique user using values varchar variadic varying verbose when where window with within
        without xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable year
        """.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}

/// <summary>String literals and comments for SQL text.</summary>
public static class SqlText
{
    /// <summary>A string literal that means the same whatever standard_conforming_strings says.</summary>
    public static string Literal(string value)
    {
        var quoted = "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'";
        return value.Contains('\\', StringComparison.Ordinal) ? "E" + quoted.Replace("\\", "\\\\", StringComparison.Ordinal) : quoted;
    }
}
