using System.Runtime.CompilerServices;

namespace Godwit.TypeMapping;

/// <summary>Counts the facts of one column, cell by cell. The hot path of a profile scan.</summary>
internal sealed class ColumnCounter(ProfileRequest request)
{
    /// <summary>2^63: the least positive number that 64 bits do not hold.</summary>
    private const double Int8End = 9.2233720368547758E+18;

    private readonly long[]?[] _examples = new long[]?[FactCounts.Length];
    private readonly JsonText? _json = (request.Probes & Probes.Json) != 0 ? new JsonText() : null;
    private readonly Probes _probes = request.Probes;
    private readonly int _limit = request.Length;
    private readonly CellLook _look = new(request.Probes);
    private FactCounts _counts;
    private long _position;
    private long _minInteger = long.MaxValue, _maxInteger = long.MinValue, _minIntegerText = long.MaxValue, _maxIntegerText = long.MinValue;
    private double _minReal = double.PositiveInfinity, _maxReal = double.NegativeInfinity;
    private int _maxCharacters, _maxTextBytes, _maxBlobBytes, _integerDigits, _scale, _fraction;
    private long _fractionUnit = IsoText.Second;
    private Spellings _spellings = Spellings.All;

    /// <summary>What is known of the text seen last.</summary>
    public CellLook Look => _look;

    /// <summary>Returns the payload's bytes.</summary>
    public int Add(in SourceCell cell, long position)
    {
        _position = position;
        switch (cell.Class)
        {
            case StorageClass.Null:
                _counts[(int)ValueFact.Null]++;
                return 0;
            case StorageClass.Integer:
                Integer(cell.Integer);
                return 8;
            case StorageClass.Real:
                Real(cell.Real);
                return 8;
            case StorageClass.Text:
                Text(cell.Bytes);
                return cell.Bytes.Length;
            default:
                Count(ValueFact.Blob);
                _maxBlobBytes = Math.Max(_maxBlobBytes, cell.Bytes.Length);
                if (cell.Bytes.Length != 16) Count(ValueFact.NotUuidBlob);
                if ((_probes & Probes.Geometry) != 0) Geometry(cell.Bytes);
                return cell.Bytes.Length;
        }
    }

    private void Geometry(ReadOnlySpan<byte> blob)
    {
        if (!GeometryBlob.TryRead(blob, out var geometry))
        {
            Count(ValueFact.NotGeometry);
            return;
        }
        Unless(request.Geometry!.Takes(geometry), ValueFact.OtherGeometry);
        Unless(!geometry.HasZ, ValueFact.GeometryZ);
        Unless(!geometry.HasM, ValueFact.GeometryM);
    }

    private void Integer(long value)
    {
        Count(ValueFact.Integer);
        if (value < _minInteger) _minInteger = value;
        if (value > _maxInteger) _maxInteger = value;
        if ((ulong)value > 1)
        {
            Count(ValueFact.NotBit);
            if ((short)value != value)
            {
                Count(ValueFact.BeyondInt2);
                if ((int)value != value) Wide(value);
            }
        }
        if ((_probes & (Probes.Moment | Probes.Digits)) != 0) IntegerContent(value);
        if (_limit > 0) NumberLength(value);
    }

    private void Wide(long value)
    {
        Count(ValueFact.BeyondInt4);
        if (!NumberFit.IsExactDouble(value)) Count(ValueFact.BeyondDouble);
    }

    private void Real(double value)
    {
        Count(ValueFact.Real);
        if (value < _minReal) _minReal = value;
        if (value > _maxReal) _maxReal = value;
        if ((float)value != value) Count(ValueFact.BeyondFloat4);
        // The conversion saturates. Math.Truncate would call the C library's modf in the release form.
        if ((double)(long)value == value)
        {
            if (value >= Int8End) Count(ValueFact.RealBeyondInt8);
        }
        else if (!(Math.Abs(value) >= Int8End))
        {
            Count(ValueFact.Fractional);
        }
        else if (double.IsInfinity(value))
        {
            Count(ValueFact.Fractional, ValueFact.Infinite);
        }
        else
        {
            Count(ValueFact.RealBeyondInt8);
        }
        if ((_probes & (Probes.Moment | Probes.Digits)) != 0) RealContent(value);
    }

    private void Text(ReadOnlySpan<byte> text)
    {
        Count(ValueFact.Text);
        _look.Text = Misfit.None;
        if (text.Length > _maxTextBytes) _maxTextBytes = text.Length;
        if (text.IsEmpty)
        {
            Count(ValueFact.EmptyText);
            Count(ValueFact.NotIntegerText);
            Count(ValueFact.NotUuid);
            Count(ValueFact.NotCanonicalUuid);
        }
        else
        {
            if (!Utf8Text.IsPlain(text)) Unplain(text);
            // A text has no more characters than bytes: most need no counting.
            if (text.Length > _maxCharacters || (_limit > 0 && text.Length > _limit)) Characters(text);
            // Most texts are told from a number by their first byte, and from a UUID by their length.
            if ((text[0] == '-' || (uint)(text[0] - '0') <= 9) && NumberText.TryInteger(text, out var value)) IntegerText(value);
            else Count(ValueFact.NotIntegerText);
            if (text.Length is 32 or 36 or 38) Uuid(text);
            else Count(ValueFact.NotUuid, ValueFact.NotCanonicalUuid);
        }
        if (_probes != Probes.None) TextContent(text);
    }

    /// <summary>Text with bytes that are not ASCII, or NUL.</summary>
    private void Unplain(ReadOnlySpan<byte> text)
    {
        if (!Utf8Text.IsValid(text)) _look.Text = Misfit.InvalidUtf8;
        if (Utf8Text.HasNul(text))
        {
            Count(ValueFact.NulInText);
            if (_look.Text == Misfit.None) _look.Text = Misfit.NulInText;
        }
        if (_look.Text == Misfit.InvalidUtf8) Count(ValueFact.InvalidUtf8);
    }

    private void Characters(ReadOnlySpan<byte> text)
    {
        var characters = Utf8Text.CountCharacters(text);
        if (characters > _maxCharacters) _maxCharacters = characters;
        if (_limit > 0 && characters > _limit) Count(ValueFact.TooLong);
    }

    private void IntegerText(long value)
    {
        if (value < _minIntegerText) _minIntegerText = value;
        if (value > _maxIntegerText) _maxIntegerText = value;
        if ((short)value != value) Count(ValueFact.IntegerTextBeyondInt2);
        if ((int)value != value) Count(ValueFact.IntegerTextBeyondInt4);
    }

    private void Uuid(ReadOnlySpan<byte> text)
    {
        Span<byte> uuid = stackalloc byte[16];
        if (!UuidText.TryParse(text, uuid, out var canonical)) Count(ValueFact.NotUuid, ValueFact.NotCanonicalUuid);
        else if (!canonical) Count(ValueFact.NotCanonicalUuid);
    }

    private void NumberLength(long value)
    {
        Span<byte> digits = stackalloc byte[NumberText.MaxLength];
        Characters(digits[..NumberText.Format(value, digits)]);
    }

    private void IntegerContent(long value)
    {
        if ((_probes & Probes.Moment) != 0)
        {
            if (!NumericTime.IsPlausible(value, 1)) Count(ValueFact.OutsideSeconds);
            if (!NumericTime.IsPlausible(value, 1e3)) Count(ValueFact.OutsideMilliseconds);
            if (!NumericTime.IsPlausible(value, 1e6)) Count(ValueFact.OutsideMicroseconds);
            Moment(value);
        }
        if ((_probes & Probes.Digits) != 0) Digits(NumberFit.Digits(value), 0);
    }

    private void RealContent(double value)
    {
        if ((_probes & Probes.Moment) != 0)
        {
            Unless(Exact(value, 1, CellEncoding.EpochSeconds), ValueFact.OutsideSeconds);
            Unless(Exact(value, 1e3, CellEncoding.EpochMilliseconds), ValueFact.OutsideMilliseconds);
            Unless(Exact(value, 1e6, CellEncoding.EpochMicroseconds), ValueFact.OutsideMicroseconds);
            Moment(value);
        }
        if ((_probes & Probes.Digits) != 0)
        {
            if (double.IsInfinity(value)) Unless(request.Precision == 0, ValueFact.WouldRound);
            else if (NumberFit.TryScaled(value, request.Scale, out var scaled)) Digits(NumberFit.Digits(scaled) - request.Scale, request.Scale, value);
            else RealDigits(value);
        }

        static bool Exact(double value, double unitsPerSecond, CellEncoding unit) =>
            NumericTime.IsPlausible(value, unitsPerSecond) && NumericTime.ToUnixMicroseconds(value, unit, out _) == Misfit.None;
    }

    private void Moment(double value)
    {
        if (NumericTime.IsLike(value, 1)) Count(ValueFact.SecondsLike);
        if (NumericTime.IsLike(value, 1e3)) Count(ValueFact.MillisecondsLike);
        if (NumericTime.IsLike(value, 1e6)) Count(ValueFact.MicrosecondsLike);
        if (NumericTime.ToUnixMicroseconds(value, CellEncoding.JulianTimestamp, out var us) != Misfit.None) Count(ValueFact.NotJulian);
        else if (us % IsoText.Day != 0) Count(ValueFact.JulianTime);
    }

    private void RealDigits(double value)
    {
        Span<byte> text = stackalloc byte[NumberText.MaxLength], digits = stackalloc byte[NumberText.MaxLength];
        if (NumberText.TryDecimal(text[..NumberText.Format(value, text)], digits, out var number)) Digits(number.IntegerDigits, number.NeededScale);
    }

    // A number that the declared scale holds may need fewer digits; the scale seen is then left as it is.
    private void Digits(int integerDigits, int scale, double value = double.NaN)
    {
        if (integerDigits > _integerDigits) _integerDigits = integerDigits;
        if (scale > _scale && !(value == Math.Truncate(value))) _scale = scale;
        if (request.Precision > 0 && (scale > request.Scale || integerDigits > request.Precision - request.Scale)) Count(ValueFact.WouldRound);
    }

    private void TextContent(ReadOnlySpan<byte> text)
    {
        if ((_probes & Probes.Bool) != 0) Unless(BoolText.TryParse(text, out _), ValueFact.NotBoolText);
        var tooFine = false;
        if ((_probes & Probes.Clock) != 0)
        {
            var isClock = IsoText.ParseTime(text, out var clock, out var asPrinted, out tooFine);
            tooFine &= isClock;
            Unless(isClock, ValueFact.NotClock);
            Unless(!tooFine, ValueFact.TooFine);
            Unless(asPrinted, ValueFact.Respelled);
            if (isClock)
            {
                Fraction(clock);
                _spellings &= MomentSpelling.OfTime(text, clock);
            }
            Unless(!isClock || !IsoText.IsDated(text), ValueFact.DummyDate);
        }
        if ((_probes & Probes.Moment) != 0) MomentText(text, tooFine);
        if ((_probes & Probes.Decimal) != 0) DecimalText(text);
        if ((_probes & Probes.Existing) != 0) Unless(RowEncoder.HoldsText(request.Existing, request.Labels, text), ValueFact.NotExisting);
        if (_json is not null)
        {
            var verdict = _look.Json = _look.Text == Misfit.InvalidUtf8 ? JsonVerdict.Invalid : _json.Check(text);
            if (verdict != JsonVerdict.Jsonb)
                Count(verdict switch { JsonVerdict.DuplicateKeys => ValueFact.DuplicateJsonKeys, JsonVerdict.JsonOnly => ValueFact.UnsupportedJson, _ => ValueFact.NotJson });
        }
    }

    private void MomentText(ReadOnlySpan<byte> text, bool saidTooFine)
    {
        var kind = IsoText.Parse(text, out var moment);
        _look.Kind = kind;
        _look.Moment = moment;
        // A time behind Rails' date is both, and counted once.
        if (kind != IsoKind.TooFine || !saidTooFine)
            Count(kind switch { IsoKind.Date => ValueFact.DateOnly, IsoKind.Naive => ValueFact.Naive, IsoKind.Offset => ValueFact.Offset, IsoKind.TooFine => ValueFact.TooFine, _ => ValueFact.NotMoment });
        if (kind == IsoKind.None) return;
        Fraction(moment.UnixMicroseconds);
        _spellings &= MomentSpelling.OfMoment(text, kind);
        if (moment.OffsetMinutes != 0) Count(ValueFact.OffsetNotUtc);
        if (moment.UnixMicroseconds % IsoText.Day != 0) Count(ValueFact.WithTime);
        Unless(moment.AsPrinted, ValueFact.Respelled);
    }

    private void Fraction(long microseconds)
    {
        for (; microseconds % _fractionUnit != 0; _fractionUnit /= 10) _fraction++;
    }

    private void DecimalText(ReadOnlySpan<byte> text)
    {
        Span<byte> scratch = stackalloc byte[256];
        // Longer numbers are rare, and anything else is told by its first byte.
        var couldBe = text.Length > 0 && text[0] is >= (byte)'+' and <= (byte)'9';
        if (couldBe && text.Length > scratch.Length) scratch = new byte[text.Length];
        if (!couldBe || !NumberText.TryDecimal(text, scratch, out var number))
        {
            Count(ValueFact.NotNumericText, ValueFact.NotDecimalText);
            Count(ValueFact.NotDoubleText);
            return;
        }
        Unless(number.Plain, ValueFact.NotDecimalText);
        Unless(NumberText.TryExactDouble(text, out _), ValueFact.NotDoubleText);
        if ((_probes & Probes.Digits) != 0) Digits(number.IntegerDigits, number.NeededScale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Unless(bool holds, ValueFact fact)
    {
        if (!holds) Count(fact);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Count(ValueFact fact)
    {
        if (++_counts[(int)fact] <= ColumnProfile.MaxExamples) Remember(fact);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Count(ValueFact one, ValueFact other)
    {
        Count(one);
        Count(other);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Remember(ValueFact fact)
    {
        var positions = _examples[(int)fact] ??= new long[ColumnProfile.MaxExamples];
        positions[_counts[(int)fact] - 1] = _position;
    }

    public ColumnProfile ToProfile() => new(_counts, [.. _examples.Select(e => (long[]?)e?.Clone())])
    {
        Probed = _probes,
        MinInteger = _minInteger,
        MaxInteger = _maxInteger,
        MinReal = _minReal,
        MaxReal = _maxReal,
        MinIntegerText = _minIntegerText,
        MaxIntegerText = _maxIntegerText,
        MaxCharacters = _maxCharacters,
        MaxTextBytes = _maxTextBytes,
        MaxBlobBytes = _maxBlobBytes,
        IntegerDigits = _integerDigits,
        Scale = _scale,
        FractionDigits = _fraction,
        Spellings = _spellings,
        DeclaredLength = _limit,
        DeclaredNumeric = (request.Precision, request.Scale),
    };
}
