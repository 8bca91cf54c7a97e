using Godwit.IntegrationTests.Pairs;
using Godwit.Verify;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>Two migrations of one old database, to two targets: both may follow it, and one of them may be cut over; what is that one's at the old side is out of the other's hands.</summary>
public sealed class TwoMigrationsTests(PostgresFixture postgres)
{
    private static readonly SwitchOptions How = new(null, [], null, VerifyMode.Full);

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public async Task The_second_leaves_alone_the_fence_and_the_way_back_of_the_first(FollowMethod method)
    {
        var options = new MigrationOptions { Jobs = 2, Follow = true, FollowMethod = method };
        await using var pair = await Pair.CreateAsync(postgres);
        await using var other = await postgres.CreateDatabaseAsync();
        await pair.SourceAsync("create table t (id bigint generated always as identity primary key, v text); insert into t (v) select 'v' || i from generate_series(1, 10) i");
        await pair.MigrateAsync(options);
        await pair.MigrateAsync(options, to: other.Url);
        await SwitchAsync(pair, pair.Target, options);
        await pair.TargetAsync("insert into t (v) values ('at the first')");

        Assert.Equal("nothing-to-roll-back", await CodeAsync(() => SwitchAsync(pair, other, options, back: true)));
        Assert.Equal("cutover-elsewhere", await CodeAsync(() => SwitchAsync(pair, other, options)));
        Assert.Equal("cutover-elsewhere", await CodeAsync(() => SwitchAsync(pair, other, options, how: How with { NoWayBack = true })));
        // As a version before the fence said whose it is: the way back says so.
        await pair.SourceAsync("set default_transaction_read_only = off; comment on function godwit.pair_fence() is null");
        Assert.Equal("nothing-to-roll-back", await CodeAsync(() => SwitchAsync(pair, other, options, back: true)));
        Assert.Equal("cutover-elsewhere", await CodeAsync(() => SwitchAsync(pair, other, options)));

        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => pair.SourceAsync("set default_transaction_read_only = off; insert into t (v) values ('stray')"))).SqlState);
        Assert.True((await FollowAsync(pair, pair.Target, options)).IsBack);
        Assert.Equal(["at the first"], await pair.Source.QueryAsync("select v from t where id > 10"));
        // What came back is news to the second.
        Assert.False((await FollowAsync(pair, other, options)).IsBack);
        Assert.Equal(["at the first"], await other.QueryAsync("select v from t where id > 10"));

        await SwitchAsync(pair, pair.Target, options, back: true);
        await pair.SourceAsync("insert into t (v) values ('home')");
        await SwitchAsync(pair, other, options);
        Assert.Equal(["at the first", "home"], await other.QueryAsync("select v from t where id > 10 order by id"));
        // And the other way round.
        Assert.Equal("cutover-elsewhere", await CodeAsync(() => SwitchAsync(pair, pair.Target, options)));
        await other.ExecuteAsync("insert into t (v) values ('at the second')");
        await FinishAsync(pair, pair.Target, options);
        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => pair.SourceAsync("set default_transaction_read_only = off; insert into t (v) values ('stray')"))).SqlState);
        await SwitchAsync(pair, other, options, back: true);
        Assert.Equal(["at the first", "home", "at the second"], await pair.Source.QueryAsync("select v from t where id > 10 order by id"));
    }

    /// <summary>Without a way back the fence alone says who has moved the application.</summary>
    [Fact]
    public async Task A_first_one_without_a_way_back_keeps_its_fence()
    {
        var options = new MigrationOptions { Jobs = 2, Follow = true };
        await using var pair = await Pair.CreateAsync(postgres);
        await using var other = await postgres.CreateDatabaseAsync();
        await pair.SourceAsync("create table t (id bigint generated always as identity primary key, v text)");
        await pair.MigrateAsync(options);
        await pair.MigrateAsync(options, to: other.Url);
        await SwitchAsync(pair, pair.Target, options, how: How with { NoWayBack = true });

        Assert.Equal("nothing-to-roll-back", await CodeAsync(() => SwitchAsync(pair, other, options, back: true)));
        Assert.Equal("cutover-elsewhere", await CodeAsync(() => SwitchAsync(pair, other, options)));
        await FinishAsync(pair, other, options);
        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(() => pair.SourceAsync("set default_transaction_read_only = off; insert into t (v) values ('stray')"))).SqlState);
    }

    private static async Task<string> CodeAsync(Func<Task> act) => (await Assert.ThrowsAsync<GodwitException>(act)).Code;

    private static async Task<FollowResult> FollowAsync(Pair pair, TestDatabase to, MigrationOptions options)
    {
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await to.OpenTargetAsync(5);
        return await new Following(TimeProvider.System).RunAsync(source, target, options, true, new FollowTests.Listener(null), Pair.Token);
    }

    private static async Task<CutoverResult> SwitchAsync(Pair pair, TestDatabase to, MigrationOptions options, bool back = false, SwitchOptions? how = null)
    {
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await to.OpenTargetAsync(8);
        var cutting = new CuttingOver(TimeProvider.System);
        return back ? await cutting.RollbackAsync(source, target, options, how ?? How, _ => { }, Pair.Token) : await cutting.CutoverAsync(source, target, options, how ?? How, _ => { }, Pair.Token);
    }

    private static async Task FinishAsync(Pair pair, TestDatabase to, MigrationOptions options)
    {
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await to.OpenTargetAsync(5);
        await new CuttingOver(TimeProvider.System).FinishAsync(source, target, options, abandon: true, Pair.Token);
    }
}
