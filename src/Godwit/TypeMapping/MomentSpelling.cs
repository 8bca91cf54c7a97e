namespace Godwit.TypeMapping;

/// <summary>
/// How texts spell moments: what stands before the clock, the clock, and the zone behind it. A set; within each part, what comes first is taken
/// where several hold.
/// </summary>
[Flags]
internal enum Spellings : ushort
{
    None = 0,
    /// <summary>A date and a space; a date and T; a date alone; a clock alone.</summary>
    DateSpace = 1, DateT = 2, DateAlone = 4, NoDate = 8,
    /// <summary>HH:MM; HH:MM:SS; with three digits behind the second; with six; with six, or none where they are zero (Python); with as many as it takes.</summary>
    Minutes = 16, Seconds = 32, Milliseconds = 64, Microseconds = 128, MicrosecondsOrNone = 256, AsNeeded = 512,
    /// <summary>With another number of digits.</summary>
    OtherClock = 1024,
    /// <summary>Nothing; Z; +00:00; the same behind a space; another.</summary>
    NoZone = 2048, Z = 4096, Utc = 8192, SpacedUtc = 16384, OtherZone = 32768,

    Leads = DateSpace | DateT | DateAlone | NoDate,
    Clocks = Minutes | Seconds | Milliseconds | Microseconds | MicrosecondsOrNone | AsNeeded | OtherClock,
    Zones = NoZone | Z | Utc | SpacedUtc | OtherZone,
    All = Leads | Clocks | Zones,
}

/// <summary>The one way in which every text of a column spells its moment.</summary>
public sealed record MomentSpelling
{
    private MomentSpelling(Spellings parts) => Parts = parts;

    /// <summary>One of each part.</summary>
    internal Spellings Parts { get; }

    /// <summary>Whether texts sort as their moments do: a fraction that may be missing sorts before Z.</summary>
    internal bool Sorts => (Parts & Spellings.Z) == 0 || (Parts & (Spellings.MicrosecondsOrNone | Spellings.AsNeeded)) == 0;

    /// <summary>Null where texts have no spelling in common that can be written, or where there are none.</summary>
    internal static MomentSpelling? Of(Spellings common)
    {
        var parts = First(common & Spellings.Leads) | First(common & Spellings.Clocks) | First(common & Spellings.Zones);
        return common == Spellings.All || HasNone(common) || (parts & (Spellings.OtherClock | Spellings.OtherZone)) != 0 ? null : new(parts);
    }

    /// <summary>Whether some part is spelled in several ways.</summary>
    internal static bool HasNone(Spellings common) => (common & Spellings.Leads) == 0 || (common & Spellings.Clocks) == 0 || (common & Spellings.Zones) == 0;

    private static Spellings First(Spellings of) => (Spellings)((int)of & -(int)of);

    /// <summary>Every spelling that a text follows, which <see cref="IsoText.Parse"/> has read as <paramref name="kind"/>.</summary>
    internal static Spellings OfMoment(ReadOnlySpan<byte> text, IsoKind kind)
    {
        if (kind == IsoKind.Date) return Spellings.DateAlone | Spellings.Clocks | Spellings.NoZone;
        if (kind is not (IsoKind.Naive or IsoKind.Offset)) return Spellings.None;
        var lead = text[10] == 'T' ? Spellings.DateT : Spellings.DateSpace;
        if (kind == IsoKind.Naive) return lead | Spellings.NoZone | OfDigits(text[11..]);
        if (text[^1] == 'Z') return lead | Spellings.Z | OfDigits(text[11..^1]);
        if (!text.EndsWith("+00:00"u8)) return lead | Spellings.OtherZone | Spellings.Clocks;
        return text[^7] == ' ' ? lead | Spellings.SpacedUtc | OfDigits(text[11..^7]) : lead | Spellings.Utc | OfDigits(text[11..^6]);
    }

    /// <summary>The same of a time of day, which may stand behind Rails' date.</summary>
    internal static Spellings OfTime(ReadOnlySpan<byte> text, long microseconds)
    {
        var dated = IsoText.IsDated(text);
        var all = (dated ? Spellings.DateSpace : Spellings.NoDate) | Spellings.NoZone | OfDigits(dated ? text[IsoText.DummyDate.Length..] : text);
        // 24:00:00 is the next day wherever a date is put before it.
        return microseconds < IsoText.Day ? all : all & (Spellings.NoDate | Spellings.Seconds | Spellings.AsNeeded | Spellings.NoZone);
    }

    private static Spellings OfDigits(ReadOnlySpan<byte> clock)
    {
        const int Point = 8;
        if (clock.Length == Point) return Spellings.Seconds | Spellings.MicrosecondsOrNone | Spellings.AsNeeded;
        if (clock.Length == 5) return Spellings.Minutes;
        if (clock.Length is < 10 or > 15) return Spellings.OtherClock;
        var found = clock[^1] != '0' ? Spellings.AsNeeded : Spellings.None;
        if (clock.Length == 12) return found | Spellings.Milliseconds;
        if (clock.Length != 15) return found | Spellings.OtherClock;
        return found | Spellings.Microseconds | (clock[(Point + 1)..].ContainsAnyExcept((byte)'0') ? Spellings.MicrosecondsOrNone : Spellings.None);
    }
}
