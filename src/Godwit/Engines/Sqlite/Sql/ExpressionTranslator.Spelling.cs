using System.Text;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Moments as the texts that they are in the source.</summary>
internal sealed partial class ExpressionTranslator
{
    private string MomentAsText(Term t)
    {
        if (t.Spelling is { } spelling) return Spelled(t, spelling.Parts);
        var picture = t.Kind switch { PgKind.Date => "YYYY-MM-DD", PgKind.Time => "HH:MM:SS", _ => "YYYY-MM-DD HH:MM:SS" };
        if (t.Column is { SpelledVariously: true }) Context.Note($"{Show(t)} is read as text: its values are spelled in several ways in the source, and {picture} here.");
        else if (t.Kind is PgKind.Timestamp or PgKind.TimestampTz) Context.Note($"Moments read as text are spelled {picture}.");
        return t.Kind switch
        {
            PgKind.Time => $"{t.Operand}::text",
            PgKind.Date => TimeText(Naive(t), picture),
            _ => TimeText(Naive(t), "YYYY-MM-DD HH24:MI:SS"),
        };
    }

    private string Spelled(Term t, Spellings parts)
    {
        bool Has(Spellings part) => (parts & part) != 0;
        // PostgreSQL prints a time of day so by itself.
        if (t.Kind == PgKind.Time && Has(Spellings.NoDate) && Has(Spellings.Seconds | Spellings.AsNeeded)) return $"{t.Operand}::text";
        var moment = t.Kind == PgKind.Time ? $"(DATE '2000-01-01' + {t.Operand})" : Naive(t);
        if (Has(Spellings.DateAlone)) return TimeText(moment, "YYYY-MM-DD");
        var minutes = (Has(Spellings.DateSpace) ? "YYYY-MM-DD " : Has(Spellings.DateT) ? "YYYY-MM-DD\"T\"" : "") + "HH24:MI";
        var zone = Has(Spellings.Z) ? "Z" : Has(Spellings.Utc) ? "+00:00" : Has(Spellings.SpacedUtc) ? " +00:00" : "";
        string Text(string digits) => TimeText(moment, minutes + digits + (zone.Length > 0 ? $"\"{zone}\"" : ""));
        if (Has(Spellings.Minutes)) return Text("");
        if (Has(Spellings.Seconds)) return Text(":SS");
        if (Has(Spellings.Milliseconds)) return Text(":SS.MS");
        if (Has(Spellings.Microseconds)) return Text(":SS.US");
        if (Has(Spellings.MicrosecondsOrNone)) return $"CASE WHEN {moment} = date_trunc('second', {moment}) THEN {Text(":SS")} ELSE {Text(":SS.US")} END";
        var needed = $"rtrim(rtrim({TimeText(moment, minutes + ":SS.US")}, '0'), '.')";
        return zone.Length > 0 ? $"({needed} || '{zone}')" : needed;
    }

    /// <summary>The spelling that the branches of one value have in common.</summary>
    public static MomentSpelling? SharedSpelling(IEnumerable<Term> terms)
    {
        var spellings = terms.Where(t => t.Kind != PgKind.Null).Select(t => PgTypes.IsMoment(t.Kind) && !IsNumericTime(t) ? t.Spelling : null).Distinct().ToList();
        return spellings is [var one] ? one : null;
    }

    /// <summary>Whether a value is spelled otherwise than this moment's column, so that SQLite compares letters; false where that is not known.</summary>
    private static bool IsSpelledOtherwise(string op, Term column, Term value) =>
        column.Spelling is { } spelling && !(column.Kind == PgKind.Date && (spelling.Parts & Spellings.DateAlone) != 0) && SpellingsOf(value) is var others and not Spellings.None
        && ((others & spelling.Parts) != spelling.Parts || op is not ("=" or "<>") && !spelling.Sorts);

    /// <summary>Whether a value's text is the beginning of how the column spells the same moment: it is smaller, and nothing of the column's stands between.</summary>
    private static bool IsBeginning(Term column, Term value)
    {
        if (column is not { Spelling: { Sorts: true } spelling } || column.Kind == PgKind.Time || SpellingsOf(value) is var others && (others & Spellings.NoZone) == 0) return false;
        if ((others & Spellings.DateAlone) != 0) return (spelling.Parts & (Spellings.DateSpace | Spellings.DateT)) != 0;
        return (others & spelling.Parts & Spellings.Leads) != 0
            && ((others & Spellings.Clocks) == Spellings.Minutes || (others & Spellings.Seconds) != 0 && (spelling.Parts & Spellings.Minutes) == 0);
    }

    private static Spellings SpellingsOf(Term t)
    {
        if (t.Constant is string s)
        {
            var text = Encoding.UTF8.GetBytes(s);
            if (IsoText.Parse(text, out _) is var kind and not IsoKind.None) return MomentSpelling.OfMoment(text, kind);
            return IsoText.ParseTime(text, out var clock, out _) ? MomentSpelling.OfTime(text, clock) : Spellings.None;
        }
        if (t.Moment is not null)
            return t.Picture switch
            {
                "YYYY-MM-DD" => Spellings.DateAlone | Spellings.Clocks | Spellings.NoZone,
                "YYYY-MM-DD HH24:MI:SS" => Spellings.DateSpace | Spellings.Seconds | Spellings.MicrosecondsOrNone | Spellings.AsNeeded | Spellings.NoZone,
                "HH24:MI:SS" => Spellings.NoDate | Spellings.Seconds | Spellings.MicrosecondsOrNone | Spellings.AsNeeded | Spellings.NoZone,
                _ => Spellings.None,
            };
        return PgTypes.IsMoment(t.Kind) && !IsNumericTime(t) ? t.Spelling?.Parts ?? Spellings.None : Spellings.None;
    }
}
