namespace Godwit.TypeMapping;

/// <summary>Dates and times: microseconds or days since 2000-01-01, as PostgreSQL holds them.</summary>
public sealed partial class RowEncoder
{
    // 2000-01-01 in Unix time.
    private const long PostgresEpoch = 946_684_800 * IsoText.Second;
    private const int PostgresEpochDay = 10_957;

    private static IsoKind Parse(in SourceCell cell, CellLook? look, out IsoMoment moment)
    {
        if (look is not { HasMoment: true }) return IsoText.Parse(cell.Bytes, out moment);
        moment = look.Moment;
        return look.Kind;
    }

    private Misfit Timestamp(in ColumnEncoding encoding, in SourceCell cell, bool withZone, CellLook? look)
    {
        if (cell.Class != StorageClass.Text) return Misfit.NotATimestamp;
        switch (Parse(cell, look, out var moment))
        {
            case IsoKind.TooFine when encoding.Rounds: return PutKept(encoding, moment.UnixMicroseconds - PostgresEpoch + IsoText.RoundingUp(cell.Bytes));
            case IsoKind.TooFine: return Misfit.WouldRound;
            case IsoKind.None: return Misfit.NotATimestamp;
            case IsoKind.Offset when !withZone: return Misfit.NotATimestamp;
            default: return PutKept(encoding, moment.UnixMicroseconds - PostgresEpoch);
        }
    }

    // The server rounds to the digits that the type keeps (timestamp_recv, AdjustTimestampForTypmod).
    private Misfit PutKept(in ColumnEncoding encoding, long microseconds)
    {
        if (encoding.Scale > 0 && !encoding.Rounds && microseconds % s_powers[encoding.Scale] != 0) return Misfit.WouldRound;
        return PutMicroseconds(microseconds);
    }

    private static readonly long[] s_powers = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

    private Misfit Date(in SourceCell cell, CellLook? look)
    {
        if (cell.Class != StorageClass.Text) return Misfit.NotADate;
        var kind = Parse(cell, look, out var moment);
        return kind is IsoKind.Date or IsoKind.Naive ? PutDate(moment.UnixMicroseconds) : Misfit.NotADate;
    }

    private Misfit Time(in ColumnEncoding encoding, in SourceCell cell)
    {
        if (cell.Class != StorageClass.Text || !IsoText.ParseTime(cell.Bytes, out var microseconds, out _, out var tooFine)) return Misfit.NotATime;
        if (!tooFine) return PutKept(encoding, microseconds);
        return encoding.Rounds ? PutKept(encoding, microseconds + IsoText.RoundingUp(cell.Bytes)) : Misfit.NotATime;
    }

    private Misfit NumericMoment(in ColumnEncoding encoding, in SourceCell cell)
    {
        var unit = encoding.Kind;
        long microseconds;
        Misfit reason;
        switch (cell.Class)
        {
            case StorageClass.Integer: reason = NumericTime.ToUnixMicroseconds(cell.Integer, unit, out microseconds); break;
            case StorageClass.Real: reason = NumericTime.ToUnixMicroseconds(cell.Real, unit, out microseconds); break;
            default: return Misfit.NotATimestamp;
        }
        if (reason != Misfit.None) return reason;
        return unit == CellEncoding.JulianDate ? PutDate(microseconds) : PutKept(encoding, microseconds - PostgresEpoch);
    }

    private Misfit PutMicroseconds(long value)
    {
        Reserve(12);
        Put32(8);
        Put64(value);
        return Misfit.None;
    }

    private Misfit PutDate(long unixMicroseconds)
    {
        var day = Math.DivRem(unixMicroseconds, IsoText.Day, out var time);
        if (time != 0) return Misfit.NotADate;
        Reserve(8);
        Put32(4);
        Put32((int)day - PostgresEpochDay);
        return Misfit.None;
    }
}
