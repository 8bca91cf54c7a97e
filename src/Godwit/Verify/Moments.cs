using System.Globalization;

namespace Godwit.Verify;

/// <summary>
/// Dates and times as the digits that are written, not as a count of anything: a date is y*10000 + m*100 + d, a time of day is microseconds.
/// ISO text of both sides is read digit by digit; only offsets and epochs need arithmetic.
/// </summary>
internal readonly record struct Moment(long Date, long Micros)
{
    public const long MicrosPerDay = 86_400_000_000;

    public Digest Digest => Digest.OfWords(Tag.Value, unchecked((ulong)Date), unchecked((ulong)Micros));

    /// <summary>How PostgreSQL writes it, for a comparison in SQL.</summary>
    public string Iso(CellForm form)
    {
        var (year, month, day) = (Date / 10000, Date / 100 % 100, Date % 100);
        var seconds = Micros / 1_000_000;
        var date = string.Create(CultureInfo.InvariantCulture, $"{year:0000}-{month:00}-{day:00}");
        var time = string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:00}:{seconds / 60 % 60:00}:{seconds % 60:00}.{Micros % 1_000_000:000000}");
        return form switch { CellForm.Date => date, CellForm.Time => time, CellForm.TimestampTz => $"{date} {time}+00", _ => $"{date} {time}" };
    }

    /// <summary>Microseconds since 1970-01-01 00:00 UTC.</summary>
    public static Moment? OfUnixMicros(decimal micros)
    {
        if (decimal.Abs(micros) > 1e19m) return null;
        var whole = decimal.ToInt64(decimal.Floor(micros / MicrosPerDay));
        var rest = decimal.ToInt64(micros - (decimal)whole * MicrosPerDay);
        var dayNumber = whole + DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        // PostgreSQL goes from 4713 BC to 294276 AD; the calendar repeats every 400 years = 146097 days, which keeps DateOnly in its range.
        if (dayNumber < -3_000_000 || dayNumber > 110_000_000) return null;
        long cycles = 0;
        while (dayNumber < 0) { dayNumber += 146_097; cycles--; }
        if (dayNumber > DateOnly.MaxValue.DayNumber)
        {
            cycles = (dayNumber - DateOnly.MaxValue.DayNumber + 146_096) / 146_097;
            dayNumber -= cycles * 146_097;
        }
        var date = DateOnly.FromDayNumber((int)dayNumber);
        return new Moment(((date.Year + cycles * 400) * 10000) + date.Month * 100 + date.Day, rest);
    }
}

/// <summary>Reads ISO 8601 text and PostgreSQL's ISO output.</summary>
internal ref struct MomentReader(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    /// <summary>A fraction finer than microseconds is rounded, half up; else it is none.</summary>
    public bool Rounds { get; init; }

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>All that is left is a time of day, which may stand behind the date that Rails puts before it.</summary>
    public bool TimeOfDay(out long micros)
    {
        micros = 0;
        return (!_rest.StartsWith("2000-01-01 "u8) || Date(out _) && Separator()) && Time(out micros) && AtEnd;
    }

    private bool Eat(char c)
    {
        if (_rest.IsEmpty || _rest[0] != c) return false;
        _rest = _rest[1..];
        return true;
    }

    private bool Digits(int count, out int value)
    {
        value = 0;
        if (_rest.Length < count) return false;
        if (count == 2)
        {
            uint tens = (uint)(_rest[0] - '0'), ones = (uint)(_rest[1] - '0');
            if (tens > 9 || ones > 9) return false;
            value = (int)(tens * 10 + ones);
            _rest = _rest[2..];
            return true;
        }
        for (var i = 0; i < count; i++)
        {
            var digit = _rest[i] - '0';
            if ((uint)digit > 9) return false;
            value = value * 10 + digit;
        }
        _rest = _rest[count..];
        return true;
    }

    /// <summary>YYYY-MM-DD; years may have more digits.</summary>
    public bool Date(out long date)
    {
        date = 0;
        var length = 0;
        while (length < _rest.Length && length < 7 && (uint)(_rest[length] - '0') <= 9) length++;
        if (length < 4 || !Digits(length, out var year) || !Eat('-') || !Digits(2, out var month) || !Eat('-') || !Digits(2, out var day)) return false;
        if (month is < 1 or > 12 || day < 1 || day > DaysIn(year, month, day)) return false;
        date = year * 10000L + month * 100 + day;
        return true;
    }

    // No month is shorter: most dates need no calendar.
    private static int DaysIn(int year, int month, int day) =>
        day <= 28 ? 28 : DateTime.DaysInMonth(year % 400 + 400, month);

    /// <summary>HH:MM, HH:MM:SS or HH:MM:SS.f; digits beyond microseconds must be zeros.</summary>
    public bool Time(out long micros)
    {
        micros = 0;
        if (!Digits(2, out var hour) || !Eat(':') || !Digits(2, out var minute)) return false;
        var second = 0;
        long fraction = 0;
        if (Eat(':'))
        {
            if (!Digits(2, out second)) return false;
            if (Eat('.') && !Fraction(out fraction)) return false;
        }
        if (hour > 24 || minute > 59 || second > 60) return false;
        micros = ((hour * 60L + minute) * 60 + second) * 1_000_000 + fraction;
        return true;
    }

    private bool Fraction(out long micros)
    {
        micros = 0;
        var (count, up) = (0, 0);
        for (; !_rest.IsEmpty && (uint)(_rest[0] - '0') <= 9; _rest = _rest[1..], count++)
        {
            var digit = _rest[0] - '0';
            if (count < 6) micros = micros * 10 + digit;
            else if (!Rounds && digit != 0) return false;
            else if (count == 6 && digit >= 5) up = 1;
        }
        for (var i = count; i < 6; i++) micros *= 10;
        micros += up;
        return count > 0;
    }

    public bool Separator() => Eat(' ') || Eat('T') || Eat('t');

    /// <summary>Z, +HH, +HHMM, +HH:MM or +HH:MM:SS, in seconds east; null where there is none.</summary>
    public bool Offset(out int? seconds)
    {
        seconds = null;
        if (_rest.IsEmpty) return true;
        var saved = _rest;
        Eat(' ');
        var utc = _rest.SequenceEqual("UTC"u8);
        if (utc) _rest = default;
        if (utc || Eat('Z') || Eat('z'))
        {
            seconds = 0;
            return true;
        }
        var east = Eat('+');
        if (!east && !Eat('-'))
        {
            _rest = saved;
            return true;
        }
        if (!Digits(2, out var hours)) return false;
        int minutes = 0, rest = 0;
        if (Eat(':'))
        {
            if (!Digits(2, out minutes)) return false;
            if (Eat(':') && !Digits(2, out rest)) return false;
        }
        else if (_rest.Length >= 2 && !Digits(2, out minutes)) return false;
        var total = hours * 3600 + minutes * 60 + rest;
        seconds = east ? total : -total;
        return true;
    }

    /// <summary>" BC" of PostgreSQL's output; year 1 BC is year 0 of the digits, and so on down.</summary>
    public bool Era(ref long date)
    {
        if (!_rest.StartsWith(" BC"u8)) return false;
        _rest = _rest[3..];
        date = -date;
        return true;
    }
}
