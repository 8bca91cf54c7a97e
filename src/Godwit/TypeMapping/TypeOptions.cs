using System.Collections.Immutable;
using System.IO.Enumeration;
using Godwit.Schema;

namespace Godwit.TypeMapping;

/// <summary>
/// "Use this PostgreSQL type": <paramref name="Pattern"/> is a declared type ("DATETIME", with or without its length) or, with a point,
/// a column ("users.born", "*.created_at"). * and ? stand for any characters; case does not matter.
/// </summary>
/// <param name="Pattern">See above.</param>
/// <param name="PgType">As the user writes it.</param>
/// <param name="Proposed">The reason of a proposal, which only holds where every value fits; null: the user's own word, which holds in any case.</param>
public sealed record TypeCast(string Pattern, string PgType, string? Proposed = null)
{
    public bool Matches(string table, Column column)
    {
        // A point inside parentheses does not make a column pattern.
        var paren = Pattern.IndexOf('(', StringComparison.Ordinal);
        var point = Pattern.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0 && (paren < 0 || point < paren)) return Like($"{table}.{column.Name}");
        var declared = string.Join(' ', column.DeclaredType.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (declared.Length == 0) return false;
        var bare = declared.IndexOf('(', StringComparison.Ordinal);
        return Like(declared) || Like(declared.Replace(" ", "", StringComparison.Ordinal))
            || Like(DeclaredType.Parse(declared).Name) || (bare > 0 && Like(declared[..bare].TrimEnd()));
    }

    private bool Like(string name) => FileSystemName.MatchesSimpleExpression(Pattern.Trim(), name, ignoreCase: true);
}

/// <summary><paramref name="Labels"/>: of an enumeration, each between two NULs.</summary>
public sealed record ExistingType(string PgType, string? Labels);

/// <summary>
/// What the user decides about types. Of the casts the first that matches wins. <paramref name="WidenAllowed"/> is asked with source table
/// and column: false keeps the natural type and leaves values that do not fit to the caller (quarantine, fail).
/// </summary>
public sealed record TypeOptions(ImmutableArray<TypeCast> Casts, bool JsonAsText, Func<string, string, bool> WidenAllowed)
{
    /// <summary>Integers in a column of durations count microseconds, as Django writes them.</summary>
    public bool MicrosecondDurations { get; init; }

    /// <summary>The type of the column that the target has for a source table and column, null where it has none: what to look for in the values.</summary>
    public Func<string, string, ExistingType?>? Existing { get; init; }

    /// <summary>The schema where the target has PostGIS; null where it has none, so that geometries stay bytes.</summary>
    public string? PostGis { get; init; }

    public static TypeOptions Default { get; } = new([], false, static (_, _) => true);

    public TypeCast? CastOf(string table, Column column) => Casts.FirstOrDefault(c => c.Matches(table, column));
}

/// <summary>
/// The type chosen for a column. <paramref name="Misfits"/> counts the values that <paramref name="Encoding"/> will refuse;
/// <paramref name="Why"/> says the rule and what the values said.
/// </summary>
public sealed record TypeChoice(string PgType, ColumnEncoding Encoding, Fidelity Fidelity, string Why, long Misfits, ImmutableArray<Finding> Findings);
