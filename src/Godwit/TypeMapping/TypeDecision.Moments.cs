namespace Godwit.TypeMapping;

/// <summary>Dates, timestamps and times of day: the values say which.</summary>
internal sealed partial class TypeDecision
{
    private static readonly PgTypeName Date = new("date", CellEncoding.Date), Timestamp = new("timestamp", CellEncoding.Timestamp),
        TimestampTz = new("timestamptz", CellEncoding.TimestampTz);

    private static readonly Odd NotMoments = new(ValueFact.NotMoment, "date-invalid", "are not an ISO date or timestamp of the years 1 to 9999"),
        TooFine = new(ValueFact.TooFine, "fraction-too-fine", "have a fraction finer than microseconds");

    public TypeChoice Moments(TypeRule rule)
    {
        if (profile.Values == 0) return Fits(new PgTypeName(rule.To, rule.Encode), rule.Fidelity, "no values; by its name");
        if (profile.Numbers == profile.Values) return MomentsAsNumbers(rule);
        long naive = profile[ValueFact.Naive] + profile[ValueFact.DateOnly], offset = profile[ValueFact.Offset];
        var clean = profile.Numbers + profile[ValueFact.Blob] + profile[ValueFact.NotMoment] + profile[ValueFact.TooFine] == 0;
        if (naive > 0 && offset > 0 && (clean || !WidenAllowed)) return MixedZones(naive, offset);
        if (naive == 0 && offset == 0 && WidenAllowed) return Fit(new(rule.To, rule.Encode), rule.Fidelity, rule.Why, NotMoments, TooFine, IntegersAreOdd, RealsAreOdd, BlobsAreOdd);
        if (offset > naive) return MomentsWithOffset();
        if (rule.Encode == CellEncoding.Date && profile[ValueFact.WithTime] == 0)
            return FitMoment(Date, profile[ValueFact.Respelled] + profile[ValueFact.Naive] > 0 ? Fidelity.Equivalent : Fidelity.Exact, rule.Why);
        if (rule.Encode == CellEncoding.Date && clean)
        {
            Odd times = new(ValueFact.WithTime, "date-with-time", "have a time other than midnight");
            Add(times.Code, Severity.Warning, $"{Say(times)}, so that the column becomes timestamp instead of date.", KeepHint("date"));
        }
        if (rule.Encode == CellEncoding.TimestampTz && clean)
            Add("no-offsets", Severity.Info, "No value names an offset, so that the column becomes timestamp.", $"--cast {_subject}=timestamptz reads the values as UTC.");
        return FitMoment(Timestamp, profile[ValueFact.Respelled] + profile[ValueFact.DateOnly] > 0 ? Fidelity.Equivalent : Fidelity.Exact, "every value is date and time without offset");
    }

    private TypeChoice FitMoment(PgTypeName type, Fidelity fidelity, string why, params ReadOnlySpan<Odd> more) =>
        Fit(type, fidelity, why, [NotMoments, TooFine, IntegersAreOdd, RealsAreOdd, BlobsAreOdd, .. more]);

    private TypeChoice MomentsWithOffset()
    {
        var kept = profile[ValueFact.OffsetNotUtc] == 0;
        if (!kept)
        {
            Odd offsets = new(ValueFact.OffsetNotUtc, "offset-not-kept", "have an offset other than UTC");
            Add(offsets.Code, Severity.Info, $"{Say(offsets)}; timestamptz keeps the moment, not the offset it was written with.", $"--cast {_subject}=text keeps the spelling.");
        }
        return FitMoment(TimestampTz, kept ? Fidelity.Equivalent : Fidelity.Lossy, "every value names its offset");
    }

    private TypeChoice MixedZones(long naive, long offset)
    {
        Odd withOffset = new(ValueFact.Offset, "mixed-time-zones", "name an offset and the others do not");
        if (WidenAllowed)
        {
            Add(withOffset.Code, Severity.Warning, $"{Say(withOffset)}, so that the column becomes text.", $"--cast {_subject}=timestamptz reads values without an offset as UTC.");
            var (type, fidelity, why) = Ladder();
            return Fits(type, fidelity, why);
        }
        if (naive >= offset) return FitMoment(Timestamp, Fidelity.Equivalent, "most values are date and time without offset", withOffset);
        Add(withOffset.Code, Severity.Warning, $"{Say(withOffset)}; those without are read as UTC.", $"--cast {_subject}=text keeps the spelling.");
        return MomentsWithOffset();
    }

    private TypeChoice MomentsAsNumbers(TypeRule rule)
    {
        if (EpochUnit() is { } unit)
        {
            var (name, encoding) = unit;
            Add("epoch-as-timestamptz", Severity.Info, $"Every value is a Unix time in {name}; the column becomes timestamptz.", $"--cast {_subject}=bigint keeps the numbers.");
            return Fits(new("timestamptz", encoding), Fidelity.Exact, $"every value is a Unix time in {name}");
        }
        if (IsJulian)
        {
            var date = rule.Encode == CellEncoding.Date && profile[ValueFact.JulianTime] == 0;
            Add("julian-as-timestamp", Severity.Info, $"Every value is a julian day; the column becomes {(date ? "date" : "timestamp")}.", $"--cast {_subject}=\"double precision\" keeps the numbers.");
            return Fits(date ? new("date", CellEncoding.JulianDate) : new("timestamp", CellEncoding.JulianTimestamp), Fidelity.Exact, "every value is a julian day");
        }
        var (type, fidelity, _) = Ladder();
        Add("epoch-ambiguous", Severity.Warning, $"The values are numbers, and whether they are seconds, milliseconds, microseconds or days is not certain; the column becomes {type.Name} instead of {rule.To}.",
            $"Convert it after the migration with to_timestamp(), or say --cast {_subject}=TYPE.");
        return Fits(type, fidelity, "numbers whose unit of time is not certain");
    }

    /// <summary>The one unit in which every value is plausible, some are surely in it, and none looks like a finer count's coarser cousin.</summary>
    private (string Name, CellEncoding Encoding)? EpochUnit() =>
        profile[ValueFact.OutsideSeconds] == 0 && profile[ValueFact.SecondsLike] > 0 ? ("seconds", CellEncoding.EpochSeconds)
        : profile[ValueFact.SecondsLike] > 0 ? null
        : profile[ValueFact.OutsideMilliseconds] == 0 && profile[ValueFact.MillisecondsLike] > 0 ? ("milliseconds", CellEncoding.EpochMilliseconds)
        : profile[ValueFact.MillisecondsLike] > 0 ? null
        : profile[ValueFact.OutsideMicroseconds] == 0 && profile[ValueFact.MicrosecondsLike] > 0 ? ("microseconds", CellEncoding.EpochMicroseconds)
        : null;

    private bool IsJulian => profile[ValueFact.NotJulian] == 0 && profile[ValueFact.Real] > 0;

    public TypeChoice Times(TypeRule rule)
    {
        var choice = Fit(new("time", CellEncoding.Time), profile[ValueFact.Respelled] > 0 ? Fidelity.Equivalent : Fidelity.Exact, rule.Why,
            new Odd(ValueFact.NotClock, "time-invalid", "are no time of day (HH:MM:SS, 00:00 to 24:00)"), TooFine with { Code = "time-invalid" }, IntegersAreOdd, RealsAreOdd, BlobsAreOdd);
        return choice.Encoding.Kind == CellEncoding.Time && DateNotKept() is { } said ? choice with { Findings = choice.Findings.Add(said) } : choice;
    }

    // Rails puts a date before a time of day that means nothing.
    private Finding? DateNotKept()
    {
        const string Date = "the date 2000-01-01 before the time of day, as Rails writes it";
        Odd dated = new(ValueFact.DummyDate, "date-not-kept", "have " + Date);
        if (profile[dated.Fact] == 0) return null;
        var which = profile[dated.Fact] == profile.Values ? "Every value has " + Date : Say(dated);
        return new(dated.Code, Severity.Info, _subject, $"{which}; time keeps the time of day, not that date.", $"--cast {_subject}=timestamp keeps date and time, --cast {_subject}=text the spelling.");
    }
}
