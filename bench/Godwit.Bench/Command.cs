using System.Diagnostics;
using System.Globalization;

namespace Godwit.Bench;

/// <summary>What one process did. <paramref name="PeakBytes"/> is its resident high-water mark, <paramref name="PeakPrivateBytes"/> the part of it
/// that is not file pages (SQLite's mapping of the source counts as resident while the kernel has room for it).</summary>
internal sealed record Ran(int ExitCode, TimeSpan Elapsed, string Output, string Errors, long PeakBytes, long PeakPrivateBytes);

/// <summary>A program with its arguments, run to its end and measured.</summary>
internal sealed record Command(string Program, IReadOnlyList<string> Arguments)
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromMilliseconds(50);

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public string? Input { get; init; }
    /// <summary>Where a server is started: pg_ctl's child keeps the pipes, so they must not be waited for.</summary>
    public bool DiscardOutput { get; init; }

    public async Task<Ran> RunAsync(CancellationToken stop)
    {
        var info = new ProcessStartInfo(Program, Arguments)
        {
            RedirectStandardOutput = !DiscardOutput,
            RedirectStandardError = !DiscardOutput,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in Environment) info.Environment[name] = value;
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(info) ?? throw new InvalidOperationException($"{Program} did not start");
        var output = DiscardOutput ? Task.FromResult("") : process.StandardOutput.ReadToEndAsync(stop);
        var errors = DiscardOutput ? Task.FromResult("") : process.StandardError.ReadToEndAsync(stop);
        if (Input is not null) await process.StandardInput.WriteAsync(Input);
        process.StandardInput.Close();
        try
        {
            var (peak, privatePeak) = await WatchAsync(process, stop);
            var elapsed = Stopwatch.GetElapsedTime(started);
            return new(process.ExitCode, elapsed, await output, await errors, peak, privatePeak);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Runs and throws where the exit code is not 0.</summary>
    public async Task<Ran> MustAsync(CancellationToken stop)
    {
        var ran = await RunAsync(stop);
        return ran.ExitCode == 0
            ? ran
            : throw new InvalidOperationException($"{Program} {string.Join(' ', Arguments)}\nended with {ran.ExitCode}:\n{ran.Errors}{ran.Output}");
    }

    private static async Task<(long Peak, long PrivatePeak)> WatchAsync(Process process, CancellationToken stop)
    {
        long peak = 0, privatePeak = 0;
        var exit = process.WaitForExitAsync(stop);
        do
        {
            foreach (var line in Status(process.Id))
            {
                if (line.StartsWith("VmHWM:", StringComparison.Ordinal)) peak = Math.Max(peak, Kilobytes(line));
                else if (line.StartsWith("RssAnon:", StringComparison.Ordinal)) privatePeak = Math.Max(privatePeak, Kilobytes(line));
            }
        }
        while (await Task.WhenAny(exit, Task.Delay(SampleEvery, stop)) != exit);
        await exit;
        return (peak * 1024, privatePeak * 1024);
    }

    private static string[] Status(int process)
    {
        try
        {
            return File.ReadAllLines($"/proc/{process}/status");
        }
        catch (IOException)
        {
            return []; // it has ended between two looks
        }
    }

    private static long Kilobytes(string line) => long.Parse(line.AsSpan(line.IndexOf(':') + 1).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture);
}
