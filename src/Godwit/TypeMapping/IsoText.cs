namespace Godwit.TypeMapping;

internal enum IsoKind : byte
{
    None,
    /// <summary>A date alone.</summary>
    Date,
    /// <summary>Date and time without offset.</summary>
    Naive,
    /// <summary>Date and time with an offset or Z.</summary>
    Offset,
    /// <summary>A date and time whose fraction does not fit in microseconds.</summary>
    TooFine,
}

/// <summary>A moment read from text. <see cref="UnixMicroseconds"/> is UTC where there is an offset, else as on the wall.</summary>
internal readonly record struct IsoMoment(long UnixMicroseconds, int OffsetMinutes, bool AsPrinted);

/// <summary>
/// ISO 8601 text as SQLite's date functions and the common ORMs write it: 'YYYY-MM-DD', 'YYYY-MM-DD[ T]HH:MM[:SS[.f]]', with an optional
/// offset 'Z', 'UTC', '+HH', '+HHMM' or '+HH:MM' that one space may precede. Real calendar dates of the years 0001 to 9999 only.
/// </summary>
internal static class IsoText
{
    public const long Second = 1_000_000;
    public const long Day = 86_400 * Second;
    public const long MinUnixMicroseconds = -62_135_596_800 * Second;
    public const long MaxUnixMicroseconds = 253_402_300_800 * Second - 1;

    public static IsoKind Parse(ReadOnlySpan<byte> s, out IsoMoment moment)
    {
        moment = default;
        if (s.Length < 10 || s[4] != '-' || s[7] != '-') return IsoKind.None;
        int century = Two(s, 0), years = Two(s, 2), month = Two(s, 5), day = Two(s, 8);
        if ((century | years | month | day) < 0) return IsoKind.None;
        var year = century * 100 + years;
        if (year < 1 || month is < 1 or > 12 || day < 1 || (day > 28 && day > DateTime.DaysInMonth(year, month))) return IsoKind.None;
        var date = DaysSinceEpoch(year, month, day) * Day;
        if (s.Length == 10)
        {
            moment = new(date, 0, true);
            return IsoKind.Date;
        }
        if (s[10] is not ((byte)' ' or (byte)'T')) return IsoKind.None;
        if (!ParseClock(s[11..], 23, out var clock, out var used, out var tooFine, out var asPrinted)) return IsoKind.None;
        asPrinted &= s[10] == ' ';
        var rest = s[(11 + used)..];
        if (rest.IsEmpty)
        {
            moment = new(date + clock, 0, asPrinted);
            return tooFine ? IsoKind.TooFine : IsoKind.Naive;
        }
        if (!ParseOffset(rest, out var offset)) return IsoKind.None;
        var utc = date + clock - offset * 60 * Second;
        if (utc is < MinUnixMicroseconds or > MaxUnixMicroseconds) return IsoKind.None;
        moment = new(utc, offset, asPrinted);
        return tooFine ? IsoKind.TooFine : IsoKind.Offset;
    }

    /// <summary>What Rails puts before every time of day (ActiveRecord::Type::Time).</summary>
    public static ReadOnlySpan<byte> DummyDate => "2000-01-01 "u8;

    /// <summary>Whether a text that is a time of day stands behind that date.</summary>
    public static bool IsDated(ReadOnlySpan<byte> s) => s.StartsWith(DummyDate);

    /// <summary>'HH:MM[:SS[.f]]' from 00:00 to 24:00:00, the range of PostgreSQL's time; also behind the date that Rails puts before a time.</summary>
    public static bool ParseTime(ReadOnlySpan<byte> s, out long microseconds, out bool asPrinted) => ParseTime(s, out microseconds, out asPrinted, out var tooFine) && !tooFine;

    /// <summary>The same with digits beyond the sixth, which are left out of <paramref name="microseconds"/>.</summary>
    public static bool ParseTime(ReadOnlySpan<byte> s, out long microseconds, out bool asPrinted, out bool tooFine)
    {
        var dated = IsDated(s);
        if (dated) s = s[DummyDate.Length..];
        if (!ParseClock(s, 24, out microseconds, out var used, out tooFine, out asPrinted) || used != s.Length || microseconds > Day) return false;
        asPrinted &= !dated;
        return true;
    }

    private static bool ParseClock(ReadOnlySpan<byte> s, int maxHour, out long microseconds, out int used, out bool tooFine, out bool asPrinted)
    {
        microseconds = 0;
        used = 5;
        tooFine = asPrinted = false;
        if (s.Length < 5 || s[2] != ':') return false;
        int hour = Two(s, 0), minute = Two(s, 3);
        if ((hour | minute) < 0 || hour > maxHour || minute > 59) return false;
        microseconds = (hour * 60 + minute) * 60 * Second;
        if (s.Length < 6 || s[5] != ':') return true;
        if (s.Length < 8) return false;
        var second = Two(s, 6);
        if (second is < 0 or > 59) return false;
        microseconds += second * Second;
        used = 8;
        asPrinted = true;
        if (s.Length == 8 || s[8] != '.') return true;
        var i = 9;
        long fraction = 0, unit = Second / 10;
        for (; i < s.Length && (uint)(s[i] - '0') <= 9; i++, unit /= 10)
        {
            if (unit == 0) tooFine |= s[i] != '0';
            fraction += (s[i] - '0') * unit;
        }
        if (i == 9) return false;
        asPrinted = s[i - 1] != '0';
        microseconds += fraction;
        used = i;
        return true;
    }

    /// <summary>Half up at the seventh digit behind the second of a text that is too fine: 1 or 0 microseconds.</summary>
    public static long RoundingUp(ReadOnlySpan<byte> s)
    {
        var point = s.LastIndexOf((byte)'.');
        return point >= 0 && s.Length > point + 7 && s[point + 7] is >= (byte)'5' and <= (byte)'9' ? 1 : 0;
    }

    private static bool ParseOffset(ReadOnlySpan<byte> s, out int minutes)
    {
        minutes = 0;
        if (s[0] == ' ') s = s[1..];
        if (s.Length == 1) return (s[0] | 0x20) == 'z';
        if (s.SequenceEqual("UTC"u8)) return true;
        if (s.Length < 3 || s[0] is not ((byte)'+' or (byte)'-')) return false;
        int hour = Two(s, 1), minute = s.Length switch
        {
            3 => 0,
            5 => Two(s, 3),
            6 when s[3] == ':' => Two(s, 4),
            _ => -1,
        };
        // PostgreSQL takes offsets up to 15:59:59.
        if (hour is < 0 or > 15 || minute is < 0 or > 59) return false;
        minutes = (hour * 60 + minute) * (s[0] == '-' ? -1 : 1);
        return true;
    }

    private static int Two(ReadOnlySpan<byte> s, int at)
    {
        uint tens = (uint)(s[at] - '0'), ones = (uint)(s[at + 1] - '0');
        return tens > 9 || ones > 9 ? -1 : (int)(tens * 10 + ones);
    }

    /// <summary>Days of the year that begins in March before each month; the first is no month.</summary>
    private static ReadOnlySpan<short> BeforeMonth => [0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275];

    // Days of the proleptic Gregorian calendar, which both engines use: a year begins in March, so that the leap day is its last.
    private static long DaysSinceEpoch(int year, int month, int day)
    {
        if (month <= 2) year--;
        var century = year / 100;
        return year * 365 + (year >> 2) - century + (century >> 2) + BeforeMonth[month] + day - 719_469;
    }
}
