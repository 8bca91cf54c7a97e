using System.Diagnostics;
using Godwit.IntegrationTests.Migrating;

namespace Godwit.IntegrationTests.Crash;

/// <summary>The program itself, in a process that can be killed. The target's password goes by the environment, as a user would give it.</summary>
internal sealed class GodwitProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _out, _error;

    /// <summary><paramref name="launcher"/>: a program that starts the rest, with its own arguments.</summary>
    public GodwitProcess(Scenario scenario, string[] words, string? failpoint = null, string[]? more = null, string[]? launcher = null)
    {
        var settings = scenario.Database.Settings.ToBuilder();
        string[] command = [.. launcher ?? [], "dotnet"];
        var start = new ProcessStartInfo(command[0], [.. command[1..], Path.Combine(AppContext.BaseDirectory, "Godwit.Cli.dll"), .. words, scenario.File, $"host={settings.Host} port={settings.Port} dbname={settings.Database} user={settings.Username} sslmode=disable", "--yes", "--no-input", .. more ?? []])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Path.GetDirectoryName(scenario.File)!,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        start.Environment["PGPASSWORD"] = settings.Password;
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (failpoint is not null) start.Environment["GODWIT_FAILPOINT"] = failpoint;
        _process = Process.Start(start)!;
        _out = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    public bool HasExited => _process.HasExited;

    /// <summary>The exit code (137: killed), and what was said.</summary>
    public async Task<(int Code, string Said)> EndAsync()
    {
        await _process.WaitForExitAsync(Scenario.Token);
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
