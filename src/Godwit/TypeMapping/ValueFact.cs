namespace Godwit.TypeMapping;

/// <summary>
/// What a profile counts of a column's values. Where a fact needs a look at the content (<see cref="Probes"/>), it is counted only when
/// that probe was on. "Not" facts count the values that would not fit, so that their positions can be named.
/// </summary>
public enum ValueFact : byte
{
    Null, Integer, Real, Text, Blob,

    /// <summary>Integers other than 0 and 1.</summary>
    NotBit,
    BeyondInt2, BeyondInt4,
    /// <summary>Integers that no double holds exactly.</summary>
    BeyondDouble,

    /// <summary>Reals: infinite; with a fraction (or infinite); without a fraction but outside 64 bits; that no float4 holds exactly.</summary>
    Infinite, Fractional, RealBeyondInt8, BeyondFloat4,

    EmptyText, InvalidUtf8, NulInText,
    /// <summary>Longer, in characters, than the declared length.</summary>
    TooLong,
    /// <summary>Text that is not a 64-bit integer in its only spelling ("5", "-7"; not "05", "+5").</summary>
    NotIntegerText,
    IntegerTextBeyondInt2, IntegerTextBeyondInt4,
    /// <summary>Text that is not a UUID in any spelling, and text that is not one in lower case with hyphens.</summary>
    NotUuid, NotCanonicalUuid,
    /// <summary>Blobs that are not 16 bytes.</summary>
    NotUuidBlob,

    /// <summary>Text that is not a number; that is not a plain decimal in its only spelling; that is not exactly one double.</summary>
    NotNumericText, NotDecimalText, NotDoubleText,
    /// <summary>Numbers that the declared precision and scale do not hold exactly.</summary>
    WouldRound,

    NotBoolText,

    /// <summary>Text that is no date and no timestamp; with a fraction finer than microseconds.</summary>
    NotMoment, TooFine,
    DateOnly, Naive, Offset,
    /// <summary>Moments with an offset other than UTC; with a time other than midnight; not spelled as PostgreSQL prints them.</summary>
    OffsetNotUtc, WithTime, Respelled,
    /// <summary>Numbers that are not a moment of the years 1900 to 2199 in this unit, or not exactly to the microsecond.</summary>
    OutsideSeconds, OutsideMilliseconds, OutsideMicroseconds,
    /// <summary>Numbers large enough to be believed in this unit, and small enough.</summary>
    SecondsLike, MillisecondsLike, MicrosecondsLike,
    /// <summary>Numbers that are no julian day of the years 0 to 9999; julian days other than midnight.</summary>
    NotJulian, JulianTime,

    /// <summary>Text that is no time of day.</summary>
    NotClock,
    /// <summary>Times of day behind the date that Rails puts before them.</summary>
    DummyDate,

    /// <summary>Not valid for json; valid for json only.</summary>
    NotJson, DuplicateJsonKeys, UnsupportedJson,

    /// <summary>Text that the column which the target has does not hold: no label of an enumeration, no address, no duration.</summary>
    NotExisting,

    /// <summary>Blobs that are no geometry which PostGIS takes; that are of another kind or reference system than their column; that have heights; that have measures.</summary>
    NotGeometry, OtherGeometry, GeometryZ, GeometryM,
}

/// <summary>Looks at the content of values that cost more than counting, taken only where the declared type or a cast asks for them.</summary>
[Flags]
public enum Probes : byte
{
    None = 0,
    Moment = 1,
    Clock = 2,
    Json = 4,
    Bool = 8,
    /// <summary>Numbers spelled as text.</summary>
    Decimal = 16,
    /// <summary>How many digits numbers have before and after the point.</summary>
    Digits = 32,
    /// <summary>Text for a type that only a column of the target can have (<see cref="ValueFact.NotExisting"/>).</summary>
    Existing = 64,
    /// <summary>Blobs as geometries.</summary>
    Geometry = 128,
}
