using System.Globalization;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>
/// Several writers of all kinds of statements while Godwit follows; again and again they stop, and both sides are compared to the last value.
/// GODWIT_SOAK_CHECKPOINTS makes it long.
/// </summary>
public sealed class StreamModelTests(PostgresFixture postgres)
{
    private static int Checkpoints => int.TryParse(Environment.GetEnvironmentVariable("GODWIT_SOAK_CHECKPOINTS"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? wanted : 6;

    private static int Seed => int.TryParse(Environment.GetEnvironmentVariable("GODWIT_MODEL_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? wanted : 0;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task What_any_writer_does_arrives(int seed) => RunAsync(postgres, seed, FollowMethod.Slot);

    internal static async Task RunAsync(PostgresFixture postgres, int seed, FollowMethod method)
    {
        await using var pair = await StreamPair.CreateAsync(postgres, PgWriter.Schema, method: method);
        var writers = Enumerable.Range(0, 3).Select(i => new PgWriter(pair.Source, Seed * 1000 + seed * 100 + i)).ToList();
        // Small enough that transactions are cut into several batches, and stream before they commit.
        pair.Limits = pair.Limits with { BatchBytes = seed % 2 == 0 ? 4096 : 1024 * 1024, SpillBytes = 4096 };
        var settings = pair.From.Settings;
        settings.Options = "-c logical_decoding_work_mem=64kB";
        pair.From = pair.From with { Settings = settings };
        for (var checkpoint = 0; checkpoint < Checkpoints; checkpoint++)
        {
            using var stop = new CancellationTokenSource();
            var follow = pair.FollowAsync(null, stop.Token);
            await Task.WhenAll(writers.Select(w => w.WriteAsync(20, StreamPair.Token)));
            // Stopped anywhere: what was under way is not lost, and not doubled.
            await stop.CancelAsync();
            await follow;
            await pair.CatchUpAsync();
            await pair.AssertEqualAsync();
        }
        Assert.True(writers.Sum(w => w.Statements) > 50);
        Assert.DoesNotContain(pair.Found, f => f.Code == "follow-conflict");
    }
}
