using System.Collections.Immutable;

namespace Godwit.TypeMapping;

/// <summary>A type that somebody else chose: what of the values does not fit it.</summary>
internal sealed partial class TypeDecision
{
    /// <summary><paramref name="existing"/>: the target has this column, so that no other type can be chosen: what is finer than it keeps is rounded.</summary>
    public TypeChoice As(PgTypeName type, string why, bool existing = false)
    {
        if (Numbers(type) is { } encoded) type = type with { Encode = encoded };
        var (needs, odds) = OddsOf(type);
        var rounds = existing && type.Encode is CellEncoding.Time or CellEncoding.Timestamp or CellEncoding.TimestampTz or (>= CellEncoding.EpochSeconds and <= CellEncoding.JulianTimestamp);
        if (rounds)
        {
            odds = odds.Remove(TooFine);
            if (profile[ValueFact.TooFine] > 0)
                Add("fraction-too-fine", Severity.Warning, $"{Say(TooFine)}: they are rounded to microseconds, as PostgreSQL does.", null);
            if (LimitExceeded(type))
                Add("fraction-too-fine", Severity.Warning, $"Some times have more digits behind the second than {type.Name} keeps ({why}): they are rounded, as PostgreSQL does.", null);
        }
        long misfits = 0;
        foreach (var odd in odds)
        {
            if (profile[odd.Fact] == 0) continue;
            misfits += profile[odd.Fact];
            Add("cast-misfits", Severity.Warning, $"{Say(odd)}; they do not fit {type.Name} ({why}).", $"--on-misfit quarantine sets these rows aside; another --cast {_subject}=TYPE holds them.");
        }
        if (misfits == 0 && !rounds && LimitExceeded(type))
        {
            misfits = 1;
            Add("cast-misfits", Severity.Warning, $"Some values are longer or finer than {type.Name} holds ({why}).", $"Another --cast {_subject}=TYPE holds them.");
        }
        var looked = profile.Values == 0 || (profile.Probed & needs) == needs || (needs != Probes.None && profile[ValueFact.Text] == 0 && needs is not (Probes.Moment or Probes.Decimal or (Probes.Decimal | Probes.Digits)));
        if (!looked)
            Add("type-not-proven", Severity.Warning, $"The values were not examined for {type.Name} ({why}); each is checked when it is copied.", null);
        if (type.Encode == CellEncoding.TimestampTz && profile[ValueFact.Naive] + profile[ValueFact.DateOnly] > 0)
            Add("naive-as-utc", Severity.Warning, $"{profile[ValueFact.Naive] + profile[ValueFact.DateOnly]} values without an offset are read as UTC ({why}).", $"--cast {_subject}=timestamp keeps them without a zone.");
        if (type.Encode is CellEncoding.TimestampTz && profile[ValueFact.OffsetNotUtc] > 0)
            Add("offset-not-kept", Severity.Info, "timestamptz keeps the moment, not the offset it was written with.", $"--cast {_subject}=text keeps the spelling.");
        if (type.Encode is CellEncoding.Time && DateNotKept() is { } said) _findings.Add(existing ? said with { Hint = null } : said);
        var proven = looked && misfits == 0;
        var lossy = rounds && (LimitExceeded(type) || profile[ValueFact.TooFine] > 0);
        return new TypeChoice(type.Name, EncodingOf(type, proven) with { Rounds = rounds }, lossy ? Fidelity.Lossy : FidelityAs(type), why, misfits, [.. _findings]);
    }

    /// <summary>An enumeration that the target has.</summary>
    public TypeChoice AsLabels(string pgType, string labels, string why)
    {
        var others = profile.Values - profile[ValueFact.Text];
        if (others > 0) Add("cast-misfits", Severity.Warning, $"{others} value(s) are no text; they do not fit {pgType} ({why}).", "Change the column's type in the target, or those values.");
        Odd strangers = new(ValueFact.NotExisting, "cast-misfits", "are none of its labels");
        if (profile[ValueFact.NotExisting] > 0) Add(strangers.Code, Severity.Warning, $"{Say(strangers)}; they do not fit {pgType} ({why}).", $"ALTER TYPE {pgType} ADD VALUE ... adds labels; --on-misfit quarantine sets these rows aside.");
        if (profile[ValueFact.Text] > 0 && (profile.Probed & Probes.Existing) == 0)
            Add("type-not-proven", Severity.Warning, $"Each value is held against the labels of {pgType} when it is copied ({why}).", null);
        return new TypeChoice(pgType, new ColumnEncoding(CellEncoding.Text, Labels: labels), Fidelity.Exact, why, others + profile[ValueFact.NotExisting], [.. _findings]);
    }

    /// <summary>How numbers become moments, where the target is a moment and the values are numbers.</summary>
    private CellEncoding? Numbers(PgTypeName type)
    {
        if (profile.Values == 0 || profile.Numbers != profile.Values) return null;
        // Django's DurationField.
        if (type.Encode == CellEncoding.Interval && profile[ValueFact.Integer] == profile.Values && options.MicrosecondDurations) return CellEncoding.IntervalMicroseconds;
        if (type.Encode is CellEncoding.Timestamp or CellEncoding.TimestampTz)
            return EpochUnit()?.Encoding ?? (IsJulian ? CellEncoding.JulianTimestamp : null);
        return type.Encode == CellEncoding.Date && IsJulian ? CellEncoding.JulianDate : null;
    }

    private (Probes Needs, ImmutableArray<Odd> Odds) OddsOf(PgTypeName type)
    {
        Odd Is(ValueFact fact, string what) => new(fact, "cast-misfits", what);
        const string Beyond = "lie outside its range";
        ImmutableArray<Odd> notText = [IntegersAreOdd, RealsAreOdd, BlobsAreOdd];
        Odd[] integers = [Is(ValueFact.Fractional, "have a fraction"), Is(ValueFact.RealBeyondInt8, Beyond), Is(ValueFact.NotIntegerText, "are text that is no integer in its plain spelling"), BlobsAreOdd];
        return type.Encode switch
        {
            CellEncoding.Int2 => (Probes.None, [Is(ValueFact.BeyondInt2, Beyond), Is(ValueFact.IntegerTextBeyondInt2, Beyond), .. integers]),
            CellEncoding.Int4 => (Probes.None, [Is(ValueFact.BeyondInt4, Beyond), Is(ValueFact.IntegerTextBeyondInt4, Beyond), .. integers]),
            CellEncoding.Int8 => (Probes.None, [.. integers]),
            CellEncoding.Float4 => (Probes.Decimal, [Is(ValueFact.BeyondFloat4, "are not exact as real"), Is(ValueFact.BeyondDouble, "are not exact as real"), Is(ValueFact.NotDoubleText, "are text that is no exact number"), BlobsAreOdd]),
            CellEncoding.Float8 => (profile[ValueFact.Text] > 0 ? Probes.Decimal : Probes.None, [Is(ValueFact.BeyondDouble, "are integers that no double holds exactly"), Is(ValueFact.NotDoubleText, "are text that is no exact number"), BlobsAreOdd]),
            CellEncoding.Numeric when type.Precision > 0 => (Probes.Decimal | Probes.Digits,
                [.. (profile.DeclaredNumeric == (type.Precision, type.Scale) ? new[] { Is(ValueFact.WouldRound, "have more digits") } : [Is(ValueFact.Infinite, "are infinite")]), Is(ValueFact.NotNumericText, "are text that is no number"), BlobsAreOdd]),
            CellEncoding.Numeric => (profile[ValueFact.Text] > 0 ? Probes.Decimal : Probes.None, [Is(ValueFact.NotNumericText, "are text that is no number"), BlobsAreOdd]),
            CellEncoding.Bool => (Probes.Bool, [Is(ValueFact.NotBit, "are integers other than 0 and 1"), RealsAreOdd, Is(ValueFact.NotBoolText, "are text that is no word for true or false"), BlobsAreOdd]),
            CellEncoding.Uuid => (Probes.None, [IntegersAreOdd, RealsAreOdd, Is(ValueFact.NotUuid, "are text that is no UUID"), Is(ValueFact.NotUuidBlob, "are blobs of other than 16 bytes")]),
            CellEncoding.Json => (Probes.Json, [Is(ValueFact.NotJson, "are not valid JSON"), Is(ValueFact.Infinite, "are infinite"), BlobsAreOdd]),
            CellEncoding.Jsonb => (Probes.Json, [Is(ValueFact.NotJson, "are not valid JSON"), Is(ValueFact.DuplicateJsonKeys, "hold equal keys in one object"), Is(ValueFact.UnsupportedJson, "are JSON that jsonb refuses"), Is(ValueFact.Infinite, "are infinite"), BlobsAreOdd]),
            CellEncoding.Date => (Probes.Moment, [NotMoments, TooFine, Is(ValueFact.WithTime, "have a time other than midnight"), Is(ValueFact.Offset, "name an offset"), .. notText]),
            CellEncoding.Timestamp => (Probes.Moment, [NotMoments, TooFine, Is(ValueFact.Offset, "name an offset"), .. notText]),
            CellEncoding.TimestampTz => (Probes.Moment, [NotMoments, TooFine, .. notText]),
            CellEncoding.Inet or CellEncoding.Interval => (profile[ValueFact.Text] > 0 ? Probes.Existing : Probes.None,
                [Is(ValueFact.NotExisting, type.Encode == CellEncoding.Inet ? "are text that is no address" : "are text that is no duration"), .. notText]),
            CellEncoding.Time => (Probes.Clock, [Is(ValueFact.NotClock, "are no time of day"), TooFine, .. notText]),
            CellEncoding.JulianDate => (Probes.Moment, [Is(ValueFact.JulianTime, "have a time other than midnight")]),
            CellEncoding.Text => (Probes.None, [.. (type.Length > 0 && profile.DeclaredLength == type.Length ? new[] { Is(ValueFact.TooLong, "are too long") } : []), BlobsAreOdd, NulIsOdd, InvalidUtf8IsOdd]),
            _ => (Probes.None, []),
        };
    }

    // Limits other than those that the profile counted against are known by the largest value only.
    private bool LimitExceeded(PgTypeName type) => type switch
    {
        { Encode: CellEncoding.Text, Length: > 0 } => profile.DeclaredLength != type.Length && profile.MaxCharacters > type.Length,
        { Encode: CellEncoding.Numeric, Precision: > 0 } => profile.DeclaredNumeric != (type.Precision, type.Scale)
            && (profile.Scale > type.Scale || profile.IntegerDigits > type.Precision - type.Scale),
        { Encode: CellEncoding.Time or CellEncoding.Timestamp or CellEncoding.TimestampTz } => profile.FractionDigits > 6 - type.Scale,
        { Encode: CellEncoding.EpochMilliseconds } => type.Scale > 3 || profile[ValueFact.Real] > 0 && type.Scale > 0,
        { Encode: CellEncoding.EpochSeconds } => type.Scale > 0 && profile[ValueFact.Real] > 0,
        { Encode: CellEncoding.EpochMicroseconds or CellEncoding.JulianTimestamp } => type.Scale > 0,
        { Encode: CellEncoding.Int2 } => profile.MinReal < short.MinValue || profile.MaxReal > short.MaxValue,
        { Encode: CellEncoding.Int4 } => profile.MinReal < int.MinValue || profile.MaxReal > int.MaxValue,
        _ => false,
    };

    private Fidelity FidelityAs(PgTypeName type) => type.Encode switch
    {
        CellEncoding.TimestampTz when profile[ValueFact.OffsetNotUtc] > 0 => Fidelity.Lossy,
        CellEncoding.Bytea when profile[ValueFact.Blob] != profile.Values => Fidelity.Lossy,
        CellEncoding.Bytea or CellEncoding.Json => Fidelity.Exact,
        CellEncoding.Text when profile.Numbers == 0 => Fidelity.Exact,
        CellEncoding.Int2 or CellEncoding.Int4 or CellEncoding.Int8 when profile[ValueFact.Real] + profile[ValueFact.Text] == 0 => Fidelity.Exact,
        CellEncoding.Float8 when profile[ValueFact.Integer] + profile[ValueFact.Text] == 0 => Fidelity.Exact,
        CellEncoding.EpochSeconds or CellEncoding.EpochMilliseconds or CellEncoding.EpochMicroseconds or CellEncoding.JulianDate or CellEncoding.JulianTimestamp => Fidelity.Exact,
        _ => Fidelity.Equivalent,
    };
}
