using System.Diagnostics;
using Godwit.Writer;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

/// <summary>A <see cref="RandomWriter"/> in a process of its own.</summary>
internal sealed class WriterProcess : IDisposable
{
    private readonly Process _process;

    public WriterProcess(string file, int seed)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(RandomWriter).Assembly.Location, file, $"{seed}"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        _process = Process.Start(start)!;
    }

    /// <summary>Completes when the process has written; returns its answer.</summary>
    public async Task<string> WriteAsync(int statements)
    {
        await _process.StandardInput.WriteLineAsync($"{statements}");
        await _process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        return await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException($"writer {_process.Id} ended");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}
