using System.Globalization;

namespace Godwit.Wire.Replication;

/// <summary>A position in a server's write-ahead log, in bytes (PostgreSQL documentation, 8.20 "pg_lsn"). Positions of different servers say nothing of each other.</summary>
public readonly record struct Lsn(ulong Value) : IComparable<Lsn>
{
    public static Lsn Zero => default;

    public static Lsn Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && uint.TryParse(text.AsSpan(0, slash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            && uint.TryParse(text.AsSpan(slash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low)
            ? new((ulong)high << 32 | low) : throw new FormatException($"\"{text}\" is no position of a write-ahead log.");
    }

    /// <summary>As the server prints it: "16/B374D848".</summary>
    public override string ToString() => $"{Value >> 32:X}/{(uint)Value:X}";

    public int CompareTo(Lsn other) => Value.CompareTo(other.Value);
    public static bool operator <(Lsn a, Lsn b) => a.Value < b.Value;
    public static bool operator >(Lsn a, Lsn b) => a.Value > b.Value;
    public static bool operator <=(Lsn a, Lsn b) => a.Value <= b.Value;
    public static bool operator >=(Lsn a, Lsn b) => a.Value >= b.Value;
    public static Lsn Max(Lsn a, Lsn b) => a > b ? a : b;
}
