using System.Runtime.InteropServices;

namespace Godwit.Bench;

/// <summary>The program in the form in which it is handed out: one file, with its runtime, compiled ahead for this machine.</summary>
internal static class Release
{
    private const int VersionRuns = 20;

    public static async Task<string> PublishAsync(string root, string folder, CancellationToken stop)
    {
        var into = Path.Combine(folder, "release");
        if (Directory.Exists(into)) Directory.Delete(into, recursive: true);
        Command Publish(params string[] more) => new("dotnet", ["publish", Path.Combine(root, "src", "Godwit.Cli"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier,
            "-o", into, "-v", "q", "-nologo", .. more]);
        // Machine code alone needs a linker. What was timed stands in the results.
        if ((await Publish("-p:PublishAot=true").RunAsync(stop)).ExitCode != 0) await Publish().MustAsync(stop);
        return Directory.GetFiles(into).Where(f => Path.GetFileName(f) is "godwit" or "Godwit.Cli").FirstOrDefault()
            ?? throw new InvalidOperationException($"publish left no program in {into}");
    }

    /// <summary>The self-contained file carries its runtime with it; machine code alone is a fraction of its size.</summary>
    public static string Form(string godwit) => new FileInfo(godwit).Length is var bytes && bytes > 50_000_000
        ? $"one file with its runtime, {bytes / 1_000_000} MB" : $"native machine code, {bytes / 1_000_000} MB";

    public static async Task<(string Version, IReadOnlyList<TimeSpan> Runs)> VersionAsync(string godwit, CancellationToken stop)
    {
        var version = (await new Command(godwit, ["--version"]).MustAsync(stop)).Output.Trim();
        var runs = new List<TimeSpan>();
        for (var i = 0; i < VersionRuns; i++) runs.Add((await new Command(godwit, ["--version"]).MustAsync(stop)).Elapsed);
        return (version, runs);
    }

    public static async Task<string> PgloaderVersionAsync(CancellationToken stop) =>
        (await new Command("pgloader", ["--version"]).MustAsync(stop)).Output.Split('\n')[0].Replace("pgloader version", "", StringComparison.Ordinal).Trim(' ', '"');
}
