using System.Globalization;
using Godwit.IntegrationTests.Migrating;
using Godwit.Writer;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

/// <summary>Several processes write at random while Godwit copies and follows; whenever they pause, both sides must be equal in every value.</summary>
public class WritersTests(PostgresFixture postgres)
{
    private static readonly int Checkpoints = int.Parse(Environment.GetEnvironmentVariable("GODWIT_MODEL_CHECKPOINTS") ?? "5", CultureInfo.InvariantCulture);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("GODWIT_MODEL_SEED") ?? "1", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task Processes_that_write_at_random_lose_nothing(string journal)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, RandomWriter.Schema);
        scenario.Source($"pragma journal_mode = {journal}");
        var writers = Enumerable.Range(0, 3).Select(i => new WriterProcess(scenario.File, Seed * 10 + i)).ToList();
        try
        {
            var writing = Task.WhenAll(writers.Select(w => w.WriteAsync(150)));
            await scenario.MigrateAsync(FollowTests.Options);
            for (var checkpoint = 0; checkpoint < Checkpoints; checkpoint++)
            {
                while (!writing.IsCompleted) await FollowTests.CatchUpAsync(scenario);
                await writing;
                await FollowTests.CatchUpAsync(scenario);
                await FollowTests.AssertEqualAsync(scenario, $"checkpoint {checkpoint} of seed {Seed}");
                writing = Task.WhenAll(writers.Select(w => w.WriteAsync(60)));
            }
            await writing;
        }
        finally
        {
            writers.ForEach(w => w.Dispose());
        }
    }
}
