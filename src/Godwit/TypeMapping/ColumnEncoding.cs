namespace Godwit.TypeMapping;

/// <summary>
/// How a source value becomes a field of PostgreSQL's binary COPY format (https://www.postgresql.org/docs/current/sql-copy.html,
/// "Binary Format"; the field layouts are those of the types' *_recv functions).
/// </summary>
public enum CellEncoding : byte
{
    Text, Bytea, Bool, Int2, Int4, Int8, Float4, Float8, Numeric, Uuid, Json, Jsonb,
    /// <summary>ISO 8601 text.</summary>
    Date, Time, Timestamp, TimestampTz,
    /// <summary>Unix time as integer or real.</summary>
    EpochSeconds, EpochMilliseconds, EpochMicroseconds,
    /// <summary>Julian day number as real or integer, to timestamp or date.</summary>
    JulianTimestamp, JulianDate,
    /// <summary>An address as text, with or without the length of a network's prefix. Only into columns that the target has.</summary>
    Inet,
    /// <summary>A duration as text ('1.02:03:04.5', 'P1DT2H'), or a count of microseconds. Only into columns that the target has.</summary>
    Interval, IntervalMicroseconds,
    /// <summary>A blob of a GeoPackage or of SpatiaLite, to PostGIS's geometry.</summary>
    Geometry,
}

/// <summary>
/// One column's encoding with its limits. <see cref="Length"/>: characters of varchar(n), 0 = none.
/// <see cref="Precision"/>/<see cref="Scale"/>: of numeric(p,s), 0 precision = none; of a time, how many of the six digits behind the second the
/// type does not keep. <see cref="Rounds"/>: a finer time is rounded to what the type keeps, as the server would, and not set aside.
/// <see cref="Labels"/>: of an enumeration, each between two NULs; a text that is none of them does not fit.
/// <see cref="Proven"/>: a scan of the same snapshot has shown that every value fits, so that content that only the server would
/// refuse (JSON syntax, invalid UTF-8) need not be looked at again.
/// </summary>
public readonly record struct ColumnEncoding(CellEncoding Kind, int Length = 0, int Precision = 0, int Scale = 0, bool Proven = false, bool Rounds = false, string? Labels = null)
{
    /// <summary>Of geometries.</summary>
    public GeometryLimits? Geometry { get; init; }
}

/// <summary>What a conversion keeps.</summary>
public enum Fidelity
{
    /// <summary>The source's value can be rebuilt bit by bit.</summary>
    Exact,
    /// <summary>The value means the same, its spelling may differ (JSON whitespace, '2020-01-01T10:00' for '2020-01-01 10:00:00').</summary>
    Equivalent,
    /// <summary>Something of the value is not kept; always with a finding.</summary>
    Lossy,
}

/// <summary>Why a value does not fit its column. The names are used in reports and in godwit.quarantine.</summary>
public enum Misfit : byte
{
    None, NotAnInteger, OutOfRange, NotANumber, NotABoolean, NotADate, NotATime, NotATimestamp, InvalidJson, DuplicateJsonKeys, UnsupportedJson,
    NotAUuid, NulInText, InvalidUtf8, TooLong, WouldRound, BlobInText, TextInBytea, NotALabel, NotAnAddress, NotADuration, RowTooWide, NotAGeometry, OtherGeometry,
}
