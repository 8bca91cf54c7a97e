using Godwit.Verify;
using Godwit.Verify.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Verify.Pairs;

/// <summary>Two databases with the same content, until a test changes one.</summary>
internal sealed class Pair(TestDatabase source, TestDatabase target) : IAsyncDisposable
{
    public TestDatabase Source => source;
    public TestDatabase Target => target;
    public EventLog Log { get; } = new();

    public static async Task<Pair> OfAsync(PostgresFixture postgres, string sql)
    {
        var pair = new Pair(await postgres.CreateDatabaseAsync(), await postgres.CreateDatabaseAsync());
        await pair.Source.ExecuteAsync(sql);
        await pair.Target.ExecuteAsync(sql);
        return pair;
    }

    public Task<VerifyReport> VerifyAsync(VerifyMode mode = VerifyMode.Full) => VerifyAsync(new PairRequest(mode, 2));

    public async Task<VerifyReport> VerifyAsync(PairRequest request)
    {
        await using var from = await source.OpenTargetAsync();
        await using var to = await target.OpenTargetAsync();
        return await new PairVerifier(from, to, Log, TimeProvider.System).VerifyAsync(request, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        await target.DisposeAsync();
    }
}
