using Godwit.Schema;

namespace Godwit.TypeMapping;

/// <summary>Values of one kind that a type does not hold: counted by <paramref name="Fact"/>, reported as <paramref name="Code"/>.</summary>
internal readonly record struct Odd(ValueFact Fact, string Code, string What);

/// <summary>One column's decision in the making. The families of types are in the other files of this class.</summary>
internal sealed partial class TypeDecision(string table, Column column, ColumnProfile profile, TypeOptions options)
{
    private static readonly Odd IntegersAreOdd = new(ValueFact.Integer, "widened", "are integers");
    private static readonly Odd RealsAreOdd = new(ValueFact.Real, "widened", "are reals");
    private static readonly Odd TextsAreOdd = new(ValueFact.Text, "widened", "are text");
    private static readonly Odd BlobsAreOdd = new(ValueFact.Blob, "blob-values", "are blobs");
    private static readonly Odd NulIsOdd = new(ValueFact.NulInText, "nul-in-text", "hold a NUL character, which PostgreSQL's text cannot");
    private static readonly Odd InvalidUtf8IsOdd = new(ValueFact.InvalidUtf8, "invalid-utf8", "are not valid UTF-8");

    private readonly string _subject = $"{table}.{column.Name}";
    private readonly List<Finding> _findings = [];

    private bool WidenAllowed => options.WidenAllowed(table, column.Name);

    /// <summary>SQLite's 64-bit row key: always bigint, because its next value may be anything.</summary>
    public TypeChoice RowKey() => Fits(new("bigint", CellEncoding.Int8), Fidelity.Exact, "SQLite's row key holds 64 bits");

    /// <summary>The natural type where every value fits, else by policy a wider one or the natural one with misfits.</summary>
    private TypeChoice Fit(PgTypeName type, Fidelity fidelity, string why, params ReadOnlySpan<Odd> odds)
    {
        long misfits = 0;
        foreach (var odd in odds) misfits += profile[odd.Fact];
        if (misfits == 0) return Fits(type, fidelity, why);
        if (WidenAllowed) return Widen(type.Name, odds);
        foreach (var odd in odds)
        {
            if (profile[odd.Fact] > 0)
                Add(odd.Code, Severity.Warning, $"{Say(odd)}; they do not fit {type.Name}.", "The policy --on-misfit sets these rows aside; --on-misfit widen takes a type that holds them.");
        }
        return new TypeChoice(type.Name, EncodingOf(type, proven: false), fidelity, why, misfits, [.. _findings]);
    }

    private TypeChoice Widen(string natural, params ReadOnlySpan<Odd> odds)
    {
        var (type, fidelity, why) = Ladder();
        foreach (var odd in odds)
        {
            if (profile[odd.Fact] > 0)
                Add(odd.Code, Severity.Warning, $"{Say(odd)}, so that the column becomes {type.Name} instead of {natural}.", KeepHint(natural));
        }
        SayWhyBytes(type, odds);
        return Fits(type, fidelity, why);
    }

    /// <summary>The narrowest of bigint, double precision, numeric, text and bytea that holds every value without loss.</summary>
    private (PgTypeName Type, Fidelity Fidelity, string Why) Ladder()
    {
        long texts = profile[ValueFact.Text], blobs = profile[ValueFact.Blob], unprintable = profile[ValueFact.InvalidUtf8] + profile[ValueFact.NulInText];
        if (profile.Values == 0) return OfAffinity();
        if (blobs == profile.Values) return (new("bytea", CellEncoding.Bytea), Fidelity.Exact, "every value is a blob");
        if (blobs > 0) return (new("bytea", CellEncoding.Bytea), Fidelity.Lossy, "blobs and other values: bytes hold both");
        if (unprintable > 0) return (new("bytea", CellEncoding.Bytea), texts == profile.Values ? Fidelity.Exact : Fidelity.Lossy, "text that PostgreSQL's text cannot hold, kept as its bytes");
        if (texts == profile.Values) return (new("text", CellEncoding.Text), Fidelity.Exact, "every value is text");
        if (texts > 0) return (new("text", CellEncoding.Text), Fidelity.Equivalent, "text and numbers: text holds both");
        if (profile[ValueFact.Real] == 0) return (new("bigint", CellEncoding.Int8), Fidelity.Exact, "every value is an integer");
        if (profile[ValueFact.BeyondDouble] == 0)
            return (new("double precision", CellEncoding.Float8), profile[ValueFact.Integer] > 0 ? Fidelity.Equivalent : Fidelity.Exact, "every value is a number that a double holds exactly");
        return (new("numeric", CellEncoding.Numeric), Fidelity.Equivalent, "integers beyond 2^53 and reals: numeric holds both");
    }

    private (PgTypeName Type, Fidelity Fidelity, string Why) OfAffinity() => DeclaredType.Parse(column.DeclaredType) switch
    {
        { Affinity: Affinity.Integer } => (new("bigint", CellEncoding.Int8), Fidelity.Exact, "no values; integer affinity"),
        { Affinity: Affinity.Real } => (new("double precision", CellEncoding.Float8), Fidelity.Exact, "no values; real affinity"),
        { Affinity: Affinity.Numeric, Name: not ("ANY" or "NONE") } => (new("numeric", CellEncoding.Numeric), Fidelity.Equivalent, "no values; numeric affinity"),
        { Affinity: Affinity.Blob, Name: not "" } => (new("bytea", CellEncoding.Bytea), Fidelity.Exact, "no values; blob affinity"),
        _ => (new("text", CellEncoding.Text), Fidelity.Exact, "no values and no declared type"),
    };

    /// <summary>No declared type, or one that no rule knows.</summary>
    public TypeChoice ByValues(TypeRule rule, DeclaredType declared)
    {
        var (type, fidelity, why) = Ladder();
        if (rule.IsCatchAll)
            Add("type-unknown", Severity.Info, $"The declared type {declared.Name} says nothing that Godwit knows; by its values the column becomes {type.Name}.", $"--cast {_subject}=TYPE sets another type.");
        var kinds = 0;
        foreach (var kind in (ReadOnlySpan<ValueFact>)[ValueFact.Integer, ValueFact.Real, ValueFact.Text, ValueFact.Blob]) kinds += profile[kind] > 0 ? 1 : 0;
        if (kinds > 1 && profile[ValueFact.Text] + profile[ValueFact.Blob] > 0)
        {
            // '1' and 1 are two values here, and become one.
            if (fidelity == Fidelity.Equivalent) fidelity = Fidelity.Lossy;
            Add(profile[ValueFact.Blob] > 0 ? "blob-values" : "widened", Severity.Warning,
                $"Integers ({profile[ValueFact.Integer]}), reals ({profile[ValueFact.Real]}), texts ({profile[ValueFact.Text]}) and blobs ({profile[ValueFact.Blob]}) stand in one column; as {type.Name} their kind is no longer told apart.",
                $"--cast {_subject}=TYPE sets another type.");
        }
        SayWhyBytes(type, []);
        return Fits(type, fidelity, $"{rule.Why}; {why}");
    }

    // The reason why text became bytes is said even where another kind of value was the first oddity.
    private void SayWhyBytes(PgTypeName type, ReadOnlySpan<Odd> said)
    {
        if (type.Encode != CellEncoding.Bytea) return;
        foreach (var odd in (ReadOnlySpan<Odd>)[NulIsOdd, InvalidUtf8IsOdd])
        {
            if (profile[odd.Fact] > 0 && !said.Contains(odd))
                Add(odd.Code, Severity.Warning, $"{Say(odd)}, so that the column becomes bytea.", KeepHint("text"));
        }
    }

    private TypeChoice Fits(PgTypeName type, Fidelity fidelity, string why) => new(type.Name, EncodingOf(type, proven: true), fidelity, why, 0, [.. _findings]);

    private static ColumnEncoding EncodingOf(PgTypeName type, bool proven) => new(type.Encode, type.Length, type.Precision, type.Scale, proven);

    private void Add(string code, Severity severity, string problem, string? hint = null) => _findings.Add(new Finding(code, severity, _subject, problem, hint));

    private string KeepHint(string natural) => $"--on-misfit quarantine keeps {natural} and sets these rows aside; --cast {_subject}=TYPE sets another type.";

    /// <summary>"3 values are text (rows 4, 9, 12)".</summary>
    private string Say(Odd odd) => $"{profile[odd.Fact]} {(profile[odd.Fact] == 1 ? "value" : "values")} {(profile[odd.Fact] == 1 ? Singular(odd.What) : odd.What)} ({Rows(odd.Fact)})";

    private static string Singular(string what) =>
        what.StartsWith("are ", StringComparison.Ordinal) ? "is " + what[4..] : what.StartsWith("have ", StringComparison.Ordinal) ? "has " + what[5..] : what.StartsWith("lie ", StringComparison.Ordinal) ? "lies " + what[4..] : what;

    private string Rows(ValueFact fact)
    {
        var rows = profile.Examples(fact);
        return $"{(rows.Length == 1 ? "row" : "rows")} {string.Join(", ", rows)}{(profile[fact] > rows.Length ? ", ..." : "")}";
    }
}
