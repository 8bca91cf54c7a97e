namespace Godwit.TypeMapping;

/// <summary>Moments held as numbers: Unix time in three units, and julian days. All exact to the microsecond, or refused.</summary>
internal static class NumericTime
{
    // 1900-01-01 and 2200-01-01: what a column of moments plausibly holds.
    private const long PlausibleFrom = -2_208_988_800, PlausibleTo = 7_258_118_400;
    private const double JulianFrom = 1_721_059.5, JulianTo = 5_373_484.5, JulianEpoch = 2_440_587.5;

    /// <summary>Unix microseconds of a number in the unit of <paramref name="encoding"/>, within the years 1 to 9999.</summary>
    public static Misfit ToUnixMicroseconds(long value, CellEncoding encoding, out long microseconds)
    {
        microseconds = 0;
        if (encoding is CellEncoding.JulianTimestamp or CellEncoding.JulianDate) return JulianToUnixMicroseconds(value, out microseconds);
        long factor = encoding switch { CellEncoding.EpochSeconds => 1_000_000, CellEncoding.EpochMilliseconds => 1_000, _ => 1 };
        if (value < IsoText.MinUnixMicroseconds / factor || value > IsoText.MaxUnixMicroseconds / factor) return Misfit.OutOfRange;
        microseconds = value * factor;
        return Misfit.None;
    }

    public static Misfit ToUnixMicroseconds(double value, CellEncoding encoding, out long microseconds)
    {
        microseconds = 0;
        if (encoding is CellEncoding.JulianTimestamp or CellEncoding.JulianDate) return JulianToUnixMicroseconds(value, out microseconds);
        double factor = encoding switch { CellEncoding.EpochSeconds => 1e6, CellEncoding.EpochMilliseconds => 1e3, _ => 1 };
        var scaled = Math.Round(value * factor);
        if (!(scaled >= IsoText.MinUnixMicroseconds && scaled <= IsoText.MaxUnixMicroseconds)) return Misfit.OutOfRange;
        if (scaled / factor != value) return Misfit.WouldRound;
        microseconds = (long)scaled;
        return Misfit.None;
    }

    /// <summary>
    /// SQLite counts julian days in milliseconds; where the number is exactly such a moment it is that moment, else the nearest microsecond.
    /// A double's step is about 40 us here, so that either leads back to the same number.
    /// </summary>
    private static Misfit JulianToUnixMicroseconds(double day, out long microseconds)
    {
        microseconds = 0;
        if (!(day >= JulianFrom && day < JulianTo)) return Misfit.OutOfRange;
        var milliseconds = Math.Round(day * 86_400e3);
        if (milliseconds / 86_400e3 == day)
        {
            microseconds = ((long)milliseconds - 210_866_760_000_000) * 1000;
        }
        else
        {
            var us = Math.Round((day - JulianEpoch) * 86_400e6);
            if (us / 86_400e6 + JulianEpoch != day) return Misfit.WouldRound;
            microseconds = (long)us;
        }
        return microseconds < IsoText.MinUnixMicroseconds ? Misfit.OutOfRange : Misfit.None;
    }

    public static bool IsPlausible(double value, double unitsPerSecond) => value >= PlausibleFrom * unitsPerSecond && value < PlausibleTo * unitsPerSecond;

    /// <summary>Large enough to be a moment in this unit and none in the next coarser: 1e8 s is 1973, 1e11 ms is 1973.</summary>
    public static bool IsLike(double value, double unitsPerSecond)
    {
        var magnitude = Math.Abs(value);
        return magnitude >= 1e8 * unitsPerSecond && magnitude < PlausibleTo * unitsPerSecond;
    }
}
