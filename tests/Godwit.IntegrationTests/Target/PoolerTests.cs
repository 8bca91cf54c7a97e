using Godwit.Target;
using Xunit;

namespace Godwit.IntegrationTests.Target;

public sealed class PoolerTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_pooler_in_transaction_mode_before_either_side_is_refused()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await using var pooler = new SmallPooler(database.Settings.Host, database.Settings.Port, sharesSession: true);
        var url = Through(database, pooler);

        var asTarget = await Assert.ThrowsAsync<GodwitException>(() => TargetDatabase.OpenAsync(ConnectionSettings.Parse(url, _ => null), 1, TestContext.Current.CancellationToken));
        var asSource = await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync(url, TestContext.Current.CancellationToken));

        Assert.Equal(("target-transaction-pooler", ErrorKind.Blocked), (asTarget.Code, asTarget.Kind));
        Assert.Equal(("source-transaction-pooler", ErrorKind.Blocked), (asSource.Code, asSource.Kind));
    }

    [Fact]
    public async Task One_in_session_mode_is_not()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await using var pooler = new SmallPooler(database.Settings.Host, database.Settings.Port, sharesSession: false);
        var url = Through(database, pooler);

        await using var target = await TargetDatabase.OpenAsync(ConnectionSettings.Parse(url, _ => null), 1, TestContext.Current.CancellationToken);
        await using var source = await EngineRegistry.OpenAsync(url, TestContext.Current.CancellationToken);

        Assert.Equal(database.Settings.User, target.Profile.Role);
        Assert.Contains(source.Info.Findings, f => f.Code == "source-pooler");
    }

    private static string Through(TestDatabase database, SmallPooler pooler) =>
        $"host=127.0.0.1 port={pooler.Port} dbname={database.Settings.Database} user={database.Settings.User} password='{database.Settings.Password}' sslmode=disable";
}
