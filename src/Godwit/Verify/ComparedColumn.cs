using Godwit.Plan;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Verify;

/// <summary>A column as verification sees it: what it is called on both sides, and what its values mean.</summary>
internal sealed class ComparedColumn(ColumnPlan plan, bool isKey)
{
    public string Source { get; } = plan.Source;
    public string Target { get; } = plan.Target;
    public string PgType { get; } = plan.PgType;
    public CellEncoding Encoding { get; } = plan.Encoding.Kind;
    public CellForm Form { get; private init; } = plan.Encoding.Geometry is null ? CellForms.Of(plan.PgType) : CellForm.Geometry;
    /// <summary>How the source numbers reference systems, of a geometry.</summary>
    public GeometryLimits? Geometry { get; } = plan.Encoding.Geometry;
    /// <summary>The plan has said that something of these values is not kept.</summary>
    public bool Lossy { get; } = plan.Fidelity == Fidelity.Lossy;
    public bool IsKey { get; } = isKey;
    public bool Secret { get; private init; } = Secrets.LooksSecret(plan.Source);
    /// <summary>The target's SQL, where this is no column; null for any other.</summary>
    public string? Expression { get; private init; }
    /// <summary>What <see cref="Expression"/> yields.</summary>
    public ViewColumnPlan? Yields { get; private init; }

    /// <summary>An expression that both sides evaluate. <paramref name="numericTime"/>: the source counts what the target has as moments.</summary>
    public static ComparedColumn Computed(string name, string source, string target, string pgType, string? numericTime) =>
        new(new ColumnPlan(name, name, "", pgType, new(CellEncoding.Text), Fidelity.Equivalent, ""), isKey: false)
        {
            Form = CellForm.Computed,
            Expression = target,
            Yields = new(name, name, pgType, numericTime),
            Secret = Secrets.LooksSecret(name) || Secrets.LooksSecret(source),
        };

    /// <summary>
    /// bytea is read as it is: its hexadecimal text would double the traffic and cannot be longer than 1 GB (half of that in bytes), and the
    /// bytes are what is meant. Everything else is PostgreSQL's own text.
    /// </summary>
    public string SelectFrom(string alias)
    {
        if (Expression is not null) return $"({Expression})::text";
        var c = $"{alias}.{SqlName.Quote(Target)}";
        return Form switch
        {
            CellForm.Bytes => c,
            CellForm.Interval => $"(extract(year from {c}) * 12 + extract(month from {c}))::bigint || ' ' || (extract(day from {c}) * 86400000000 + extract(hour from {c}) * 3600000000 + extract(minute from {c}) * 60000000 + extract(microseconds from {c}))::bigint",
            _ => c + "::text",
        };
    }

    /// <summary>
    /// The same in COPY's text format, which prints most types as their text without a cast: a third less work for the server. Of what is text already
    /// or only near to it (character(n), whose blanks the cast takes away), the cast is kept.
    /// </summary>
    public string PrintedFrom(string alias) => Form is CellForm.Text or CellForm.Interval or CellForm.Computed ? SelectFrom(alias) : $"{alias}.{SqlName.Quote(Target)}";

    /// <summary>Digits behind the second that a moment's type keeps.</summary>
    public int Digits { get; } = 6 - plan.Encoding.Scale;
    public bool Rounds { get; } = plan.Encoding.Rounds;
}

/// <summary>Columns whose values do not belong into a report.</summary>
internal static class Secrets
{
    public const string Mask = "(masked)";

    private static readonly string[] Anywhere = ["password", "passwd", "secret", "apikey", "privatekey", "token"];
    private static readonly string[] Words = ["hash", "salt", "pwd"];

    public static bool LooksSecret(string column)
    {
        var joined = column.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
        return Anywhere.Any(s => joined.Contains(s, StringComparison.OrdinalIgnoreCase)) || Words.Any(w => HasWord(column, w));
    }

    /// <summary>As a whole word of snake_case, kebab-case or camelCase: "hash" is in password_hash and fileHash, not in hashtags.</summary>
    private static bool HasWord(string column, string word)
    {
        for (var at = column.IndexOf(word, StringComparison.OrdinalIgnoreCase); at >= 0; at = column.IndexOf(word, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            var end = at + word.Length;
            var starts = at == 0 || !char.IsLetter(column[at - 1]) || char.IsUpper(column[at]) && char.IsLower(column[at - 1]);
            var ends = end == column.Length || !char.IsLetter(column[end]) || char.IsUpper(column[end]) && char.IsLower(column[end - 1]);
            if (starts && ends) return true;
        }
        return false;
    }
}
