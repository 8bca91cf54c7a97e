using System.Diagnostics;
using Godwit.IntegrationTests.Migrating;
using Godwit.IntegrationTests.Pairs;
using Godwit.Target;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>The program itself, in a process that can be killed. The target's password goes by the environment, as a user would give it.</summary>
internal sealed class GodwitProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _out, _error;

    /// <summary><paramref name="launcher"/>: a program that starts the rest, with its own arguments.</summary>
    public GodwitProcess(Scenario scenario, string[] words, string? failpoint = null, string[]? more = null, string[]? launcher = null)
        : this(Path.GetDirectoryName(scenario.File)!, [.. words, scenario.File, End(scenario.Database.Settings)], ("PGPASSWORD", scenario.Database.Settings.Password ?? ""), failpoint, more, launcher)
    {
    }

    /// <summary>From one server to another: <paramref name="passwords"/> is a file of them, as the two may stand on different servers, each with its own.</summary>
    public GodwitProcess(Pair pair, string folder, string passwords, string[] words, string? failpoint = null, string[]? more = null)
        : this(folder, [.. words, End(pair.Source.Settings), End(pair.Target.Settings)], ("PGPASSFILE", passwords), failpoint, more)
    {
    }

    private GodwitProcess(string folder, string[] words, (string Name, string Value) secret, string? failpoint = null, string[]? more = null, string[]? launcher = null)
    {
        string[] command = [.. launcher ?? [], "dotnet"];
        var start = new ProcessStartInfo(command[0], [.. command[1..], Path.Combine(AppContext.BaseDirectory, "Godwit.Cli.dll"), .. words, "--yes", "--no-input", .. more ?? []])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        start.Environment[secret.Name] = secret.Value;
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (failpoint is not null) start.Environment["GODWIT_FAILPOINT"] = failpoint;
        _process = Process.Start(start)!;
        _out = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    private static string End(ConnectionSettings settings)
    {
        var end = settings.ToBuilder();
        return $"host={end.Host} port={end.Port} dbname={end.Database} user={end.Username} sslmode=disable";
    }

    /// <summary>A file of the passwords of both ends, for PGPASSFILE; only its owner can read it.</summary>
    public static string WritePasswords(Pair pair, string folder)
    {
        var file = Path.Combine(folder, ".pgpass");
        File.WriteAllText(file, "");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllLines(file, new[] { pair.Source.Settings.ToBuilder(), pair.Target.Settings.ToBuilder() }.Select(s => $"{s.Host}:{s.Port}:{s.Database}:{s.Username}:{s.Password}"));
        return file;
    }

    public bool HasExited => _process.HasExited;

    /// <summary>The exit code (137: killed), and what was said.</summary>
    public async Task<(int Code, string Said)> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (_process.ExitCode, await _out + await _error);
    }

    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    public static async Task<(int Code, string Said)> RunAsync(Scenario scenario, string[] words, string? failpoint = null, string[]? more = null, string[]? launcher = null)
    {
        using var process = new GodwitProcess(scenario, words, failpoint, more, launcher);
        return await process.EndAsync();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
