using System.Globalization;
using Godwit.IntegrationTests.Migrating;
using Godwit.Verify;
using Godwit.Writer;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow;

/// <summary>After the cutover several connections write to the target at random while Godwit carries back; whenever they pause, both sides are equal.</summary>
public class WayBackModelTests(PostgresFixture postgres)
{
    private static readonly int Checkpoints = int.Parse(Environment.GetEnvironmentVariable("GODWIT_MODEL_CHECKPOINTS") ?? "5", CultureInfo.InvariantCulture);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("GODWIT_MODEL_SEED") ?? "1", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Writes_to_the_target_come_back_whoever_makes_them()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, RandomWriter.Schema);
        await scenario.MigrateAsync(FollowTests.Options);
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        var cutting = new CuttingOver(TimeProvider.System);
        await cutting.CutoverAsync(source, target, FollowTests.Options, new(null, [], null, VerifyMode.Full), _ => { }, Scenario.Token);
        for (var checkpoint = 0; checkpoint < Checkpoints; checkpoint++)
        {
            var writing = Task.WhenAll(Enumerable.Range(0, 3).Select(w => WriteAsync(scenario, new Random(Seed * 10_000 + checkpoint * 10 + w))));
            while (!writing.IsCompleted) await FollowTests.CatchUpAsync(scenario);
            await writing;
            Assert.True((await FollowTests.CatchUpAsync(scenario)).IsBack);
            // Keys that the writers chose themselves are ahead of the sequences; the rows are what is compared.
            var different = (await scenario.VerifyAsync()).Tables.Where(t => t.Verdict != Verdict.Equal).SelectMany(t => t.Differences.Take(3).Select(d => $"{t.Table} {d}")).ToList();
            Assert.True(different.Count == 0, $"checkpoint {checkpoint} of seed {Seed}: {string.Join('\n', different)}");
        }

        await cutting.RollbackAsync(source, target, FollowTests.Options, new(null, [], null, VerifyMode.Full), _ => { }, Scenario.Token);

        Assert.Equal(0, (await FollowTests.CatchUpAsync(scenario)).Changes);
    }

    private static async Task WriteAsync(Scenario scenario, Random random)
    {
        await using var connection = await scenario.Database.ConnectAsync();
        for (var i = 0; i < 40; i++)
        {
            var inTransaction = random.Next(4) == 0;
            if (inTransaction) await TryAsync(connection, "begin");
            for (var k = inTransaction ? random.Next(5) : 0; k >= 0; k--) await TryAsync(connection, Statement(random.Next));
            if (inTransaction) await TryAsync(connection, random.Next(4) == 0 ? "rollback" : "commit");
        }
    }

    private static string Statement(Func<int, int> r) => r(20) switch
    {
        0 or 1 => $"insert into a (u, n, v) values ('w{r(90)}', {r(40)}, 'new {r(1000)}') on conflict do nothing",
        2 => $"insert into a (id, u, n, v) values ({r(90) + 1}, 'w{r(90)}', {r(40)}, 'x') on conflict (id) do update set v = 'upsert', n = excluded.n",
        3 => $"update a set v = 'changed {r(1000)}', n = {r(40)} where id = {r(90)}",
        4 => $"update a set id = id + 1000 where id = {r(90)}",
        5 => $"delete from a where id = {r(90)}",
        6 => $"insert into b (k, w) values ('k{r(80)}', {r(80)}) on conflict (k) do update set note = 'n{r(9)}'",
        7 => $"update b set k = 'k{r(200)}' where w = {r(80)}",
        8 => $"delete from b where w < {r(5)}",
        9 => $"insert into c (x, y, z) values ({r(7)}, 'y{r(90)}', {r(100)} / 7.0) on conflict do nothing",
        10 => $"update c set z = z + 1 where x = {r(7)}",
        11 => $"insert into e (v, n) select 'e', g from generate_series(1, {r(4)}) g",
        12 => $"update e set n = n + 1 where n = {r(9)}",
        13 => $"delete from e where n = {r(9)}",
        14 => $"update d set f = f * 2 where id % 11 = {r(11)}",
        15 => $"insert into h (k, n) values ('\\x{r(90):x2}', {r(100)}) on conflict do nothing",
        16 => $"update h set k = '\\x{r(250):x2}' where n = {r(60)}",
        17 => $"update g set tag = 'tag{r(300)}' where id % 13 = {r(13)}",
        18 => $"insert into i (id, v, n) values ({r(200) + 1}, 'i{r(300)}', {r(12)}) on conflict do nothing",
        _ => r(30) == 0 ? "truncate e" : $"delete from i where id = {r(90)}",
    };

    private static async Task TryAsync(NpgsqlConnection connection, string sql)
    {
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(Scenario.Token);
        }
        catch (PostgresException e) when (e.SqlState[..2] is "23" or "25" or "40")
        {
            // Refused by a constraint, in a failed transaction, or the victim of a deadlock.
        }
    }
}
