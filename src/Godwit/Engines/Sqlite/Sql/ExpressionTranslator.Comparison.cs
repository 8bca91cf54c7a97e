using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Godwit.TypeMapping;
using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>A comparison; the sides stand alone only where PostgreSQL's plain operator says the whole of it.</summary>
internal sealed record Compared(Term Term, string? Left = null, string? Op = null, string? Right = null)
{
    public string Sql => Term.Sql;
}

/// <summary>
/// Comparisons by SQLite's affinity rules (https://www.sqlite.org/datatype3.html, section 4.2), as far as the types prove the outcome.
/// </summary>
internal sealed partial class ExpressionTranslator
{
    private Term Comparison(Binary b)
    {
        if (b.Left is Row left && b.Right is Row right) return RowComparison(b.Op, left, right);
        return Compare(b.Op, Translate(b.Left), Translate(b.Right)).Term;
    }

    private Term RowComparison(string op, Row left, Row right)
    {
        if (left.Items.Length != right.Items.Length) throw Refuse("row values of different lengths are compared");
        if (op is not ("=" or "<>")) return RowOrder(op, left, right);
        var parts = left.Items.Zip(right.Items, (l, r) => Compare("=", Translate(l), Translate(r)).Sql);
        var all = string.Join(" AND ", parts);
        return new Term(op == "=" ? $"({all})" : $"NOT ({all})", PgKind.Bool);
    }

    // PostgreSQL orders row values as SQLite does: by the first pair that differs.
    private Term RowOrder(string op, Row left, Row right)
    {
        var pairs = left.Items.Zip(right.Items, (l, r) => Compare(op, Translate(l), Translate(r))).ToList();
        if (pairs.Exists(p => p.Left is null || p.Right is null || p.Op != op)) throw Refuse("row values of different kinds are compared by order");
        return new Term($"({string.Join(", ", pairs.Select(p => p.Left))}) {op} ({string.Join(", ", pairs.Select(p => p.Right))})", PgKind.Bool);
    }

    private static string Flip(string op) => op switch { "<" => ">", "<=" => ">=", ">" => "<", ">=" => "<=", _ => op };

    private static Compared Raw(string sql, bool notNull = false) => new(new Term(sql, PgKind.Bool) { NotNull = notNull });

    private static Compared Plain(string left, string op, string right, bool nullSafe, bool notNull)
    {
        var word = nullSafe ? op == "=" ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM" : op;
        return new Compared(new Term($"{left} {word} {right}", PgKind.Bool) { NotNull = notNull || nullSafe }, left, word, right);
    }

    /// <summary><paramref name="op"/> is one of = &lt;&gt; &lt; &lt;= &gt; &gt;=; null-safe (IS, IS NOT) only with the first two.</summary>
    public Compared Compare(string op, Term l, Term r, bool nullSafe = false)
    {
        if (l.Kind == PgKind.Null || r.Kind == PgKind.Null) return Raw("NULL::boolean");
        if (l.IsConstant && !r.IsConstant) return Swapped(op, l, r, nullSafe);
        if (l.TypeOf is { } type && r.Constant is string name) return TypeComparison(op, type, name);
        if ((l is { Mixed: true, Kind: PgKind.Bytea } ? l : r is { Mixed: true, Kind: PgKind.Bytea } ? r : null) is { } several) throw Refuse($"{Show(several)} holds values of several kinds, which bytea does not tell apart");
        if (WordComparison(op, l, r, nullSafe) is { } word) return word;
        if (MomentComparison(op, l, r, nullSafe) is { } moment) return moment;
        if (JsonComparison(op, l, r, nullSafe) is { } json) return json;
        // Text in a numeric column is text that is no number, and larger than any number.
        var ordered = op is not ("=" or "<>");
        if (IsWidened(l) && PgTypes.IsNumber(r.Kind) && (ordered || r.Constant is double || l.Affinity == "REAL")) return TextAsNumber(op, l, r, nullSafe);
        if (IsWidened(r) && PgTypes.IsNumber(l.Kind) && (ordered || l.Constant is double || r.Affinity == "REAL")) return TextAsNumber(Flip(op), r, l, nullSafe);
        (l, r) = (WithAffinity(l, r), WithAffinity(r, l));
        var notNull = l.NotNull && r.NotNull;
        if (PgTypes.IsNumber(l.Kind) && PgTypes.IsNumber(r.Kind)) return Numbers(op, l, r, nullSafe, notNull);
        if (l.Kind == PgKind.Text && r.Kind == PgKind.Text) return Texts(op, l, r, nullSafe, notNull);
        if (l.Kind == r.Kind && l.Kind is PgKind.Bytea or PgKind.Uuid or PgKind.Date or PgKind.Time or PgKind.Timestamp or PgKind.TimestampTz)
            return Plain(l.Operand, op, r.Operand, nullSafe, notNull);
        if (l.Kind == PgKind.Text && PgTypes.IsNumber(r.Kind) && r.Affinity is "INTEGER" or "REAL" or "NUMERIC") return TextAsNumber(op, l, r, nullSafe);
        if (r.Kind == PgKind.Text && PgTypes.IsNumber(l.Kind) && l.Affinity is "INTEGER" or "REAL" or "NUMERIC") return TextAsNumber(Flip(op), r, l, nullSafe);
        if (l.Kind == PgKind.Uuid || r.Kind == PgKind.Uuid) return Uuids(op, l, r, nullSafe);
        if (l.Kind is PgKind.Json or PgKind.Jsonb || r.Kind is PgKind.Json or PgKind.Jsonb) return JsonTexts(op, l, r, nullSafe);
        if (l.Mixed || r.Mixed) throw Refuse($"{Show(l.Mixed ? l : r)} holds values of several kinds, which SQLite compares by their kind");
        return DifferentClasses(op, l, r, nullSafe);
    }

    // flag = 'Y', where the column of 'Y' and 'N' has become a boolean.
    private Compared? WordComparison(string op, Term l, Term r, bool nullSafe)
    {
        if (op is not ("=" or "<>") || l is not { Kind: PgKind.Bool, Column.MayHoldText: true } || r.Constant is not string word) return null;
        if (SqliteNumbers.WellFormed(word) is not null || !BoolText.TryParse(Encoding.UTF8.GetBytes(word), out var truth)) return null;
        Context.Note($"'{word}' is compared with {Show(l)}, which is a boolean: it counts as {(truth ? "true" : "false")}.");
        return Plain(l.Operand, op, truth ? "true" : "false", nullSafe, l.NotNull);
    }

    private Compared Swapped(string op, Term l, Term r, bool nullSafe) => Compare(Flip(op), r, l, nullSafe);

    /// <summary>Applies the other side's affinity to this side.</summary>
    private Term WithAffinity(Term t, Term other)
    {
        var otherIsNumeric = PgTypes.IsNumber(other.Kind) && other.Affinity is "INTEGER" or "REAL" or "NUMERIC" || IsNumericTime(other);
        if (IsNumericTime(t) && (PgTypes.IsNumber(other.Kind) || other.Kind == PgKind.Text)) return ToNumber(t);
        if (otherIsNumeric && t.Kind == PgKind.Text)
        {
            if (t.Constant is string s) return SqliteNumbers.WellFormed(s) is { } number ? Constant(number) : t;
            if (t.Digits is { } digits) return new Term(digits, PgKind.Int, true) { NotNull = t.NotNull };
            return t;
        }
        if (other.Kind == PgKind.Text && PgTypes.IsNumber(t.Kind))
        {
            if (other.Affinity == "TEXT" && t.Affinity is null) return new Term(ToText(t), PgKind.Text, true) { NotNull = t.NotNull, Constant = t.Constant is null ? null : t.Constant is double d ? SqliteNumbers.Text(d) : t.Constant.ToString() };
            // A widened column (text in an integer column) shows its integers as text.
            if (other.Column is not null && other.Affinity is "INTEGER" or "NUMERIC" && t.Constant is long n) return Constant(n.ToString(CultureInfo.InvariantCulture)) with { Affinity = "INTEGER" };
        }
        return t;
    }

    internal static bool IsWidened(Term t) => t is { Kind: PgKind.Text, Column: not null, Constant: null, Json: null, Affinity: "INTEGER" or "REAL" or "NUMERIC" };

    // A text that is compared with a numeric column counts as a number where it is one, and is larger than any number where it is not.
    private Compared TextAsNumber(string op, Term text, Term number, bool nullSafe)
    {
        var value = number.Kind switch { PgKind.Bool => $"{number.Operand}::int", PgKind.Real => $"{number.Operand}::numeric", _ => number.Operand };
        var equal = $"{Context.Helper("as_number", text.Sql)} {op} {value}";
        if (nullSafe) return Raw($"(({Context.Helper("as_number", text.Sql)} IS NOT DISTINCT FROM {value} AND ({text.Operand} IS NULL) = ({number.Operand} IS NULL)) = {(op == "=" ? "true" : "false")})", true);
        var otherwise = op is "<>" or ">" or ">=" ? "true" : "false";
        return new Compared(new Term($"CASE WHEN {text.Operand} IS NULL OR {number.Operand} IS NULL THEN NULL ELSE coalesce({equal}, {otherwise}) END", PgKind.Bool, true)
        {
            Filter = otherwise == "false" ? equal : null,
        });
    }

    private static Compared Numbers(string op, Term l, Term r, bool nullSafe, bool notNull)
    {
        if (l.Kind == PgKind.Bool && r.Kind == PgKind.Bool) return Plain(l.Operand, op, r.Operand, nullSafe, notNull);
        if (l.Kind == PgKind.Bool && op is "=" or "<>" && r.Constant is 0L or 1L) return Plain(l.Operand, op, r.Constant is 1L ? "true" : "false", nullSafe, notNull);
        return Plain(Side(l), op, Side(r), nullSafe, notNull);

        static string Side(Term t) => t.Kind == PgKind.Bool ? $"{t.Operand}::int"
            : t.Constant is double d && double.IsFinite(d) && !double.IsNegative(d) ? d.ToString("R", CultureInfo.InvariantCulture)
            : t.Operand;
    }

    private Compared Texts(string op, Term l, Term r, bool nullSafe, bool notNull)
    {
        var ordered = op is not ("=" or "<>");
        if (ordered && (l.Mixed && l.Affinity != "TEXT" && r.Constant is null || r.Mixed && r.Affinity != "TEXT")) throw Refuse($"{Show(l.Mixed ? l : r)} holds values of several kinds, which SQLite compares by their kind");
        var collation = l.CollateSaid ? l.Collation : r.CollateSaid ? r.Collation : l.Column is not null ? l.Collation : r.Column is not null ? r.Collation : null;
        var (left, right) = (Collated(l, collation), Collated(r, collation));
        return Plain(ordered && collation is null or "RTRIM" ? $"{left} COLLATE \"C\"" : left, op, right, nullSafe, notNull) is var c && ordered ? c : Plain(left, op, right, nullSafe, notNull);
    }

    /// <summary>Text such that PostgreSQL's equality is SQLite's under the collation.</summary>
    public static string Collated(Term t, string? collation) => collation switch
    {
        "NOCASE" => t.Constant is string s ? TextLiteral(AsciiLower(s)) : $"lower({t.Sql} COLLATE \"C\")",
        "RTRIM" => t.Constant is string s ? TextLiteral(s.TrimEnd(' ')) : $"rtrim({t.Sql}, ' ')",
        null => t.Operand,
        _ => throw Refuse($"the collation {collation} is the application's own"),
    };

    private Compared Uuids(string op, Term l, Term r, bool nullSafe)
    {
        if (op is "=" or "<>" && r.Constant is string s && Guid.TryParseExact(s, "D", out _) && s == AsciiLower(s))
            return Plain(l.Operand, op, $"{TextLiteral(s)}::uuid", nullSafe, l.NotNull);
        return Texts(op, new Term(ToText(l), PgKind.Text, true), new Term(ToText(r), PgKind.Text, true) { Constant = r.Constant as string }, nullSafe, l.NotNull && r.NotNull);
    }

    private Compared JsonTexts(string op, Term l, Term r, bool nullSafe)
    {
        if (op is not ("=" or "<>")) throw Refuse("JSON text is compared by order");
        if (l.Kind == PgKind.Json && r.Kind is PgKind.Text) return Plain($"{l.Operand}::text", op, r.Operand, nullSafe, l.NotNull && r.NotNull);
        if (l.Kind == PgKind.Jsonb && r.Constant is string s && IsJson(s))
        {
            Context.Note("JSON is compared by its content, not by its spelling.");
            return Plain(l.Operand, op, $"{TextLiteral(s)}::jsonb", nullSafe, l.NotNull);
        }
        if (l.Kind == PgKind.Jsonb && r.Constant is string) return DifferentClasses(op, l, r, nullSafe);
        throw Refuse("JSON is compared as text, and jsonb does not keep the spelling");
    }

    // Numbers sort before text, text before blobs, whatever their content.
    private static Compared DifferentClasses(string op, Term l, Term r, bool nullSafe)
    {
        var sign = Rank(l).CompareTo(Rank(r));
        if (sign == 0 && op is not ("=" or "<>")) throw Refuse($"{Show(l)} and {Show(r)} are compared as text, which their types do not keep");
        var outcome = op switch { "=" => false, "<>" => true, "<" or "<=" => sign < 0, _ => sign > 0 };
        var word = outcome ? "true" : "false";
        if (nullSafe)
            return l.NotNull || r.NotNull ? Raw(word, true) : Raw($"({l.Operand} IS NULL AND {r.Operand} IS NULL) = {(op == "=" ? "true" : "false")}", true);
        var tests = new[] { l, r }.Where(t => !t.NotNull).Select(t => $"{t.Operand} IS NOT NULL").ToList();
        return tests.Count == 0 ? Raw(word, true) : Raw($"CASE WHEN {string.Join(" AND ", tests)} THEN {word} END");
    }

    private static int Rank(Term t) => PgTypes.IsNumber(t.Kind) ? 0 : t.Kind == PgKind.Bytea ? 2 : t.Kind == PgKind.Other ? throw Refuse($"{Show(t)} is of a type that cannot be compared") : 1;

    // typeof(column) = 'text': known but for NULL.
    private static Compared TypeComparison(string op, (Term Operand, string Name) type, string name)
    {
        if (op is not ("=" or "<>")) throw Refuse("typeof() is compared by order");
        var (operand, known) = type;
        if (name == "null") return Raw($"{operand.Operand} IS {(op == "=" ? "" : "NOT ")}NULL", true);
        var equal = known == name;
        if (op == "<>") return equal ? Raw($"{operand.Operand} IS NULL", true) : Raw("true", true);
        return !equal ? Raw("false", true) : operand.NotNull ? Raw("true", true) : Raw($"{operand.Operand} IS NOT NULL", true);
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d$")]
    private static partial Regex DateShape { get; }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?$")]
    private static partial Regex DateTimeShape { get; }

    [GeneratedRegex(@"^\d\d:\d\d:\d\d(\.\d{1,6})?$")]
    private static partial Regex TimeShape { get; }

    private enum MomentShape { None, Date, DateTime, Time }

    /// <summary>A date and time that exists: "2021-02-30" does not.</summary>
    public static bool IsRealDate(string s) => DateTime.TryParse(s, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    // The shape of the text that stands for a moment, and the moment as SQL of the wanted type.
    private (MomentShape Shape, string Sql) ShapeOf(Term t)
    {
        if (t.Constant is string s)
        {
            if (DateShape.IsMatch(s) && IsRealDate(s)) return (MomentShape.Date, $"DATE {TextLiteral(s)}");
            if (DateTimeShape.IsMatch(s) && IsRealDate(s)) return (MomentShape.DateTime, $"TIMESTAMP {TextLiteral(s)}");
            return TimeShape.IsMatch(s) && IsRealDate(s) ? (MomentShape.Time, $"TIME {TextLiteral(s)}") : (MomentShape.None, "");
        }
        if (t.Moment is { } moment)
            return t.Picture switch
            {
                "YYYY-MM-DD" => (MomentShape.Date, $"({moment})::date"),
                "YYYY-MM-DD HH24:MI:SS" => (MomentShape.DateTime, $"date_trunc('second', {moment})"),
                "HH24:MI:SS" => (MomentShape.Time, $"date_trunc('second', {moment})::time"),
                _ => (MomentShape.None, ""),
            };
        if (t.Column?.NumericTime is not null) return (MomentShape.None, "");
        return t.Kind switch
        {
            PgKind.Date => (MomentShape.Date, t.Operand),
            PgKind.Timestamp or PgKind.TimestampTz => (MomentShape.DateTime, Naive(t)),
            PgKind.Time => (MomentShape.Time, t.Operand),
            _ => (MomentShape.None, ""),
        };
    }

    /// <summary>A moment held by a column against text or another moment: SQLite compares the spellings.</summary>
    private Compared? MomentComparison(string op, Term l, Term r, bool nullSafe)
    {
        var (lm, rm) = (PgTypes.IsMoment(l.Kind) && !IsNumericTime(l), PgTypes.IsMoment(r.Kind) && !IsNumericTime(r));
        if (!lm && rm) return MomentComparison(Flip(op), r, l, nullSafe);
        if (!lm || (l.Kind == r.Kind && rm && !IsSpelledOtherwise(op, l, r)) || IsNumericTime(r) || PgTypes.IsNumber(r.Kind)) return null;
        if (r.Kind is not PgKind.Text && !rm) throw Refuse($"{Show(l)} and {Show(r)} are compared as text, which their types do not keep");
        var (column, value) = (ShapeOf(l), ShapeOf(r));
        if (IsSpelledOtherwise(op, l, r))
        {
            if (op is not ("=" or "<>") && value.Shape != MomentShape.None && IsBeginning(l, r))
                return Plain(column.Sql, op is "<" or "<=" ? "<" : ">=", value.Sql, false, l.NotNull && r.NotNull);
            return Texts(op, new Term(ToText(l), PgKind.Text, true), rm ? new Term(ToText(r), PgKind.Text, true) : r, nullSafe, l.NotNull && r.NotNull);
        }
        if (column.Shape == value.Shape)
        {
            if (l.Kind == PgKind.TimestampTz && !rm) return Plain(l.Operand, op, $"({value.Sql}) AT TIME ZONE 'UTC'", nullSafe, l.NotNull && r.NotNull);
            return Plain(column.Sql, op, value.Sql, nullSafe, l.NotNull && r.NotNull);
        }
        // '2020-01-01' is the beginning of '2020-01-01 00:00:00' and therefore smaller.
        if (op is "<" or "<=" or ">" or ">=" && column.Shape == MomentShape.DateTime && value.Shape == MomentShape.Date)
            return Plain(column.Sql, op is "<" or "<=" ? "<" : ">=", value.Sql, false, l.NotNull && r.NotNull);
        if (op is "<" or "<=" or ">" or ">=" && column.Shape == MomentShape.Date && value.Shape == MomentShape.DateTime)
            return Plain(column.Sql, op is "<" or "<=" ? "<=" : ">", $"({value.Sql})::date", false, l.NotNull && r.NotNull);
        // '2020-01-01' and '2020-01-01 00:00:00' are never equal.
        if (rm && op is "=" or "<>" && column.Shape is MomentShape.Date or MomentShape.DateTime && value.Shape is MomentShape.Date or MomentShape.DateTime) return DifferentClasses(op, l, r, nullSafe);
        if (r.Kind == PgKind.Text && (r.Constant is string || r.Moment is not null))
            return Texts(op, new Term(ToText(l), PgKind.Text, true), r with { Sql = r.Sql }, nullSafe, false);
        if (Context.Immutable || r.Kind is not PgKind.Text && !rm) throw Refuse($"{Show(l)} is a moment and is compared with text");
        return Texts(op, new Term(ToText(l), PgKind.Text, true), new Term(ToText(r), PgKind.Text, true) { Column = r.Kind == PgKind.Text ? r.Column : null, Collation = r.Collation }, nullSafe, false);
    }

    private Term InListTerm(InList i)
    {
        if (i.Items.Length == 0) return new Term(i.Not ? "true" : "false", PgKind.Bool, true) { NotNull = true };
        if (i.Value is Row row)
        {
            var rows = i.Items.Select(item => item is Row other && other.Items.Length == row.Items.Length ? RowComparison("=", row, other).Sql : throw Refuse("row values of different lengths are compared"));
            return new Term($"{(i.Not ? "NOT " : "")}({string.Join(" OR ", rows)})", PgKind.Bool);
        }
        var value = Translate(i.Value);
        // The items' own affinity does not count.
        var all = i.Items.Select(item => Compare("=", value, Translate(item) with { Affinity = null })).ToList();
        if (all.TrueForAll(c => c.Left is not null && c.Op == "=" && c.Left == all[0].Left))
            return new Term($"{all[0].Left} {(i.Not ? "NOT " : "")}IN ({string.Join(", ", all.Select(c => c.Right))})", PgKind.Bool);
        return new Term($"{(i.Not ? "NOT " : "")}({string.Join(" OR ", all.Select(c => c.Sql))})", PgKind.Bool);
    }

    private Term InSelectTerm(InSelect i)
    {
        var values = i.Value is Row row ? row.Items.Select(Translate).ToList() : [Translate(i.Value)];
        var query = SelectTranslator.Inner(Context, Scope, i.Query);
        if (query.Columns.Length != values.Count) throw Refuse("IN compares a different number of columns");
        var left = new List<string>();
        for (var n = 0; n < values.Count; n++)
        {
            var cmp = Compare("=", values[n], query.Columns[n].Term with { Constant = null });
            // The right side must be the query's column as it stands.
            if (cmp.Left is null || cmp.Op != "=" || cmp.Right != query.Columns[n].Term.Operand) return InConverted(i, values, query);
            left.Add(cmp.Left);
        }
        return new Term($"{(left.Count == 1 ? left[0] : $"({string.Join(", ", left)})")} {(i.Not ? "NOT " : "")}IN ({query.Sql})", PgKind.Bool);
    }

    // Values that are converted before they are compared: true where one row is equal, else NULL where one comparison is.
    private Term InConverted(InSelect i, List<Term> values, TranslatedQuery query)
    {
        var columns = SelectTranslator.Source("q", "q", query.Columns).Columns;
        var equal = string.Join(" AND ", values.Select((v, n) => $"({Compare("=", v, columns[n]).Sql})"));
        var found = $"(SELECT CASE WHEN bool_or(w.equal) THEN true WHEN bool_or(w.equal IS NULL) THEN NULL ELSE false END FROM (SELECT {equal} AS equal FROM ({query.Sql}) AS q) AS w)";
        return new Term(i.Not ? $"NOT {found}" : found, PgKind.Bool, !i.Not);
    }
}
