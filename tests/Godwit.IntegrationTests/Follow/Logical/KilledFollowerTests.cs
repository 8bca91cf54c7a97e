using System.Globalization;
using Godwit.IntegrationTests.Crash;
using Godwit.IntegrationTests.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>The program is killed (kill -9) at random moments while it follows, and the same command goes on. GODWIT_SOAK_KILLS makes it long.</summary>
public sealed class KilledFollowerTests(PostgresFixture postgres) : IDisposable
{
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("GODWIT_SOAK_KILLS") ?? "3", CultureInfo.InvariantCulture);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-killed-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Killed_at_any_moment_it_loses_and_doubles_nothing()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(PgWriter.Schema);
        await pair.MigrateAsync(new() { Jobs = 2, Follow = true });
        var passwords = GodwitProcess.WritePasswords(pair, _folder.FullName);
        var seed = int.Parse(Environment.GetEnvironmentVariable("GODWIT_KILL_SEED") ?? "1", CultureInfo.InvariantCulture);
        var random = new Random(seed);
        var writer = new PgWriter(pair.Source, seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = new GodwitProcess(pair, _folder.FullName, passwords, ["follow"], more: ["-q"]);
            try
            {
                // It is at work, and something is under way.
                var before = (await pair.Target.QueryAsync("select changes::text from godwit.stream"))[0]!;
                await writer.WriteAsync(10, Pair.Token);
                await pair.Target.WaitForAsync($"select (changes > {before})::text from godwit.stream", "true");
                await Task.WhenAll(writer.WriteAsync(20, Pair.Token), Task.Delay(random.Next(150), Pair.Token).ContinueWith(_ => process.Kill(), Pair.Token, TaskContinuationOptions.None, TaskScheduler.Default));
            }
            finally
            {
                process.Kill();
                await process.EndAsync();
            }
            await FollowOnceAsync(pair);
            await AssertEqualAsync(pair);
        }
        Assert.Equal("0", (await pair.Target.QueryAsync("select conflicts from godwit.stream"))[0]);
    }

    // The killed one's sessions may not have ended at the server yet.
    private static async Task FollowOnceAsync(Pair pair)
    {
        await pair.Target.WaitForAsync("select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())", "0");
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(5);
        await new Following(TimeProvider.System).RunAsync(source, target, new() { Follow = true }, untilCaughtUp: true, new FollowTests.Listener(null), Pair.Token);
    }

    private static async Task AssertEqualAsync(Pair pair)
    {
        foreach (var table in new[] { "accounts", "lines", "events", "full_id", "parts", "tags", "def" })
        {
            var sql = $"select x::text from {table} x order by x::text collate \"C\"";
            Assert.Equal(await pair.Source.QueryAsync(sql), await pair.Target.QueryAsync(sql));
        }
    }
}
