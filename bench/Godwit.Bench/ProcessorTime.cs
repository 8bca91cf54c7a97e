using System.Globalization;

namespace Godwit.Bench;

/// <summary>
/// Processor seconds, as Linux counts them in /proc: what a lap costs, whatever else the machine does meanwhile. Zero where there is no /proc.
/// </summary>
internal static class ProcessorTime
{
    // USER_HZ (proc(5)): 100 on every platform that .NET runs on.
    private const double TicksPerSecond = 100;
    // proc(5), /proc/pid/stat, counted behind the name: state is 0, ppid 1.
    private const int Parent = 1, User = 11, System = 12, ChildrenUser = 13, ChildrenSystem = 14;

    /// <summary>Of the processes that this one has started and that have ended.</summary>
    public static TimeSpan OfEndedChildren() => Seconds(Stat("self") is { } own ? own[ChildrenUser] + own[ChildrenSystem] : 0);

    /// <summary>Of a process's children, those that have ended and those that live.</summary>
    public static TimeSpan OfChildren(int process)
    {
        if (!Directory.Exists("/proc")) return default;
        while (true)
        {
            var ended = Ended(process);
            var alive = Directory.EnumerateDirectories("/proc").Select(f => Path.GetFileName(f)).Where(n => char.IsAsciiDigit(n[0])).Select(Stat)
                .Sum(s => s is { } child && child[Parent] == process ? child[User] + child[System] : 0);
            // A child that ended between the two looks would be missing, or be counted twice.
            if (ended == Ended(process)) return Seconds(ended + alive);
        }
    }

    /// <summary>Of one process; zero where it has ended.</summary>
    public static TimeSpan Of(int process) => Seconds(Stat($"{process}") is { } own ? own[User] + own[System] : 0);

    private static long Ended(int process) => Stat($"{process}") is { } parent ? parent[ChildrenUser] + parent[ChildrenSystem] : 0;

    private static TimeSpan Seconds(long ticks) => TimeSpan.FromSeconds(ticks / TicksPerSecond);

    private static long[]? Stat(string process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return [.. text[(text.LastIndexOf(')') + 2)..].Split(' ').Take(ChildrenSystem + 1).Select(f => long.TryParse(f, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : 0)];
        }
        catch (IOException)
        {
            return null; // it has ended between two looks
        }
    }
}
