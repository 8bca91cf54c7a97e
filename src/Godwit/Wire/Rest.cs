using System.Runtime.InteropServices;

namespace Godwit.Wire;

/// <summary>Sleeps of less than a millisecond, which the runtime does not have.</summary>
internal static partial class Rest
{
    private static volatile bool _hasNanosleep = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    /// <summary>Where the system has no such sleep, one below a millisecond is none at all.</summary>
    public static void For(TimeSpan time)
    {
        if (!_hasNanosleep || time >= TimeSpan.FromMilliseconds(1))
        {
            Thread.Sleep(time);
            return;
        }
        try
        {
            _ = nanosleep(new() { Nanoseconds = (nint)(time.Ticks * 100) }, 0);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            _hasNanosleep = false;
        }
    }

    private struct Timespec
    {
        public nint Seconds, Nanoseconds;
    }

    [LibraryImport("libc")]
    private static partial int nanosleep(in Timespec time, nint remaining);
}
