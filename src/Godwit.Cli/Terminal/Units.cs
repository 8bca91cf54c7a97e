using System.Globalization;

namespace Godwit.Cli.Terminal;

/// <summary>Numbers as people read them.</summary>
internal static class Units
{
    public static string Count(long n) => n.ToString("N0", CultureInfo.InvariantCulture);

    public static string Plural(long n, string one, string? many = null) => $"{Count(n)} {(n == 1 ? one : many ?? one + "s")}";

    public static string Bytes(double bytes) => bytes switch
    {
        < 1e3 => $"{bytes:0} B",
        < 1e6 => $"{bytes / 1e3:0.0} kB",
        < 1e9 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.00} GB",
    };

    public static string Rate(double perSecond) => perSecond switch
    {
        < 10_000 => $"{perSecond:0}",
        < 1e6 => $"{perSecond / 1e3:0}k",
        _ => $"{perSecond / 1e6:0.0}M",
    };

    public static string Time(TimeSpan span) => span.TotalSeconds switch
    {
        < 0.0095 => $"{span.TotalSeconds:0.000} s",
        < 9.95 => $"{span.TotalSeconds:0.00} s",
        < 99.5 => $"{span.TotalSeconds:0.0} s",
        < 3600 => $"{(int)span.TotalMinutes} min {span.Seconds:00} s",
        _ => $"{(int)span.TotalHours} h {span.Minutes:00} min",
    };

    /// <summary>Cuts in the middle, so that both ends of a name stay readable.</summary>
    public static string Fit(string text, int width)
    {
        if (text.Length <= width || width < 3) return text;
        var head = width / 2;
        return string.Concat(text.AsSpan(0, head), "…", text.AsSpan(text.Length - (width - head - 1)));
    }
}
