using Godwit.Target;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>Which private server a dump or an export is restored into, where GODWIT_PG_BIN names one.</summary>
public sealed class DumpServerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-dump-server-");

    [Fact]
    public async Task A_server_that_no_pg_dump_reads_gives_way_to_an_installed_one_that_one_reads()
    {
        var newer = await ProgramsAsync("newer", ("initdb", 99), ("pg_ctl", 99), ("postgres", 99));
        string? Named(string name) => name == "GODWIT_PG_BIN" ? newer : Environment.GetEnvironmentVariable(name);

        var chosen = (await DumpRestore.ServerEnvironmentAsync(Named, Pair.Token))("GODWIT_PG_BIN");

        Assert.NotEqual(newer, chosen);
        var server = await ServerBinaries.FindAsync(name => name == "GODWIT_PG_BIN" ? chosen : null, null, Pair.Token);
        Assert.InRange(server!.Major, 14, (await PgDump.AllAsync(Named, Pair.Token)).Max(p => p.Major));
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), (await DumpRestore.ServerEnvironmentAsync(Named, Pair.Token))("PATH"));
    }

    [Fact]
    public async Task Without_one_it_is_said_what_GODWIT_PG_BIN_names_and_what_is_missing()
    {
        var newer = await ProgramsAsync("newer", ("initdb", 99), ("pg_ctl", 99), ("postgres", 99));
        var older = Path.Combine(await ProgramsAsync("older", ("pg_dump", 13)), "pg_dump");

        var failure = await Assert.ThrowsAsync<GodwitException>(() => DumpRestore.ServerEnvironmentAsync(name => name switch { "GODWIT_PG_BIN" => newer, "GODWIT_PG_DUMP" => older, _ => null }, Pair.Token));

        Assert.Equal(("pg-dump-missing", ErrorKind.Blocked), (failure.Code, failure.Kind));
        Assert.Contains($"GODWIT_PG_BIN names {newer}", failure.Problem, StringComparison.Ordinal);
        Assert.Contains($"13 ({older})", failure.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_a_pg_dump_reads_is_taken()
    {
        var both = await ProgramsAsync("both", ("initdb", 99), ("pg_ctl", 99), ("postgres", 99), ("pg_dump", 99));
        Assert.Equal(both, (await DumpRestore.ServerEnvironmentAsync(name => name == "GODWIT_PG_BIN" ? both : null, Pair.Token))("GODWIT_PG_BIN"));
    }

    /// <summary>Programs that do no more than say their version. Written by a process of its own: what this one writes, a child that it starts meanwhile holds open.</summary>
    private async Task<string> ProgramsAsync(string name, params (string Program, int Major)[] programs)
    {
        var folder = _folder.CreateSubdirectory(name).FullName;
        foreach (var (program, major) in programs)
        {
            var path = Path.Combine(folder, program);
            var written = await Tool.RunAsync(["/bin/sh", "-c", "printf '#!/bin/sh\\necho \"%s\"\\n' \"$1\" >\"$2\" && chmod +x \"$2\"", "sh", $"{program} (PostgreSQL) {major}.1", path], "/", Pair.Token);
            Assert.True(written.ExitCode == 0, written.Error);
        }
        return folder;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
