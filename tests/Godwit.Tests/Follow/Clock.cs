namespace Godwit.Tests.Follow;

/// <summary>Stands still until it is set.</summary>
internal sealed class Clock : TimeProvider
{
    public double Seconds { get; set; }
    public override long GetTimestamp() => (long)(Seconds * TimestampFrequency);
}
