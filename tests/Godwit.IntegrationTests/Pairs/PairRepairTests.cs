using System.Collections.Immutable;
using Godwit.Follow;
using Godwit.IntegrationTests.Follow;
using Godwit.IntegrationTests.Follow.Logical;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>verify --repair between servers: tables that differ get the source's rows, what they held is kept, and what follows the source goes on from there.</summary>
public sealed class PairRepairTests(PostgresFixture postgres)
{
    private static async Task<(VerifyReport Report, ImmutableArray<RepairedTable> Repaired)> RepairAsync(Pair pair, Func<Task>? meanwhile = null)
    {
        await using var source = await pair.Source.OpenTargetAsync(6);
        await using var target = await pair.Target.OpenTargetAsync(6);
        var different = (await VerifyAsync()).Tables.Where(t => t.Verdict == Verdict.Different).ToList();
        if (meanwhile is not null) await meanwhile();
        var repaired = await new PairRepairing(TimeProvider.System).RunAsync(source, target, different, new FollowTests.Listener(null), Pair.Token);
        return (await VerifyAsync(), repaired);

        async Task<VerifyReport> VerifyAsync() => await new PairLiveVerification(TimeProvider.System).RunAsync(source, target, new(VerifyMode.Full, 2), new FollowTests.Listener(null), Pair.Token)
            ?? await PairVerifying.RunAsync(source, target, new(VerifyMode.Full, 2), new FollowTests.Listener(null), TimeProvider.System, Pair.Token);
    }

    private static void AssertTablesEqual(VerifyReport report) => Assert.DoesNotContain(report.Tables, t => t.Verdict != Verdict.Equal);

    [Fact]
    public async Task Rows_come_back_whatever_the_table_is_and_what_was_there_is_kept()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            create table owner (id int primary key, name text, t int); insert into owner select i, 'o' || i from generate_series(1, 20) i;
            create table "Odd name" (id int generated always as identity primary key, owner int references owner, twice int generated always as (owner * 2) stored); insert into "Odd name" (owner) select i from generate_series(1, 20) i;
            create table part (id int primary key, v text) partition by range (id); create table part_low partition of part for values from (0) to (50); create table part_rest partition of part default; insert into part select i, 'x' from generate_series(1, 100) i;
            create table nokey (a int); insert into nokey values (1), (1), (2);
            create materialized view names as select count(*) as n, max(name) as last from owner
            """);
        await pair.MigrateAsync();
        await pair.TargetAsync("""
            create table here_alone (a int); insert into here_alone values (1);
            update owner set name = 'wrong' where id <= 3; delete from "Odd name" where owner = 7; delete from owner where id = 7; refresh materialized view names;
            delete from part where id = 70; insert into part values (1000, 'stray'); delete from nokey where a = 2; insert into nokey values (1)
            """);
        var (report, repaired) = await RepairAsync(pair);
        AssertTablesEqual(report);
        Assert.Equal(["public.\"Odd name\" 0 1", "public.nokey 1 1", "public.owner 3 4", "public.part_rest 1 1"], repaired.Select(r => $"{r.Table} {r.Kept} {r.Written}").Order(StringComparer.Ordinal));
        Assert.Equal(["(1000, stray)", "(1, wrong)", "(2, wrong)", "(3, wrong)"], await pair.Target.QueryAsync("select format('(%s, %s)', row ->> 'id', coalesce(row ->> 'name', row ->> 'v')) from godwit.repaired where row ? 'id' order by row ->> 'v', (row ->> 'id')::int"));
        Assert.Equal("1", Assert.Single(await pair.Target.QueryAsync("select a::text from here_alone")));
        Assert.Equal(["14"], await pair.Target.QueryAsync("select twice::text from \"Odd name\" where owner = 7"));
        Assert.Empty((await RepairAsync(pair)).Repaired);
    }

    [Fact]
    public async Task A_table_without_a_place_for_a_column_ends_it_before_any_table_is_repaired()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table a (id int primary key, v text); create table b (id int primary key, \"Why not\" text, gone int); insert into a values (1, 'x'); insert into b values (1, 'y', 2)");
        await pair.MigrateAsync();
        await pair.TargetAsync("update a set v = 'wrong'; alter table b drop gone; alter table b drop \"Why not\"; alter table b add \"Why not\" text generated always as ('z') stored");
        var refused = await Assert.ThrowsAsync<GodwitException>(() => RepairAsync(pair));
        Assert.Equal("repair-columns", refused.Code);
        Assert.Contains("public.b", refused.Message, StringComparison.Ordinal);
        Assert.Contains("\"Why not\", gone", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["wrong"], await pair.Target.QueryAsync("select v from a"));
        await pair.TargetAsync("alter table b drop \"Why not\"; alter table b add \"Why not\" text, add gone int");
        AssertTablesEqual((await RepairAsync(pair)).Report);
    }

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public async Task A_target_that_follows_is_repaired_at_one_moment_and_goes_on_from_it(FollowMethod method)
    {
        var options = new MigrationOptions { Jobs = 2, Follow = true, FollowMethod = method };
        await using var pair = await Pair.CreateAsync(postgres);
        // Of rows without a key, one that came twice would stay.
        await pair.SourceAsync("create table nokey (a int); alter table nokey replica identity full; create table t (id int primary key, v text); insert into nokey select i from generate_series(1, 10) i; insert into t select i, 'v' from generate_series(1, 10) i");
        await pair.MigrateAsync(options);
        await pair.TargetAsync("set session_replication_role = replica; delete from nokey where a = 1; insert into nokey values (99); update t set v = 'wrong' where id = 5");
        await using var other = await pair.Target.ConnectAsync();
        var late = Task.CompletedTask;
        var (report, repaired) = await RepairAsync(pair, meanwhile: async () =>
        {
            // What is written after the comparison is in the source's tables and in the stream; and what is written while that is waited for is of a later moment.
            await DoAsync("begin; lock table t in share mode");
            await pair.SourceAsync("insert into nokey values (11); update t set v = 'newer' where id = 6");
            late = WriteLateAsync();
        });
        await late;
        Assert.Equal(VerifyBasis.OneMoment, report.Basis);
        AssertTablesEqual(report);
        Assert.Equal(["public.nokey 1 1", "public.t 1 1"], repaired.Select(r => $"{r.Table} {r.Kept} {r.Written}").Order(StringComparer.Ordinal));

        await pair.SourceAsync("insert into nokey values (12); delete from nokey where a = 2; update t set v = 'last' where id = 5");
        await PairJourneyTests.FollowAsync(pair, options: options);
        foreach (var table in new[] { "nokey", "t" })
            Assert.Equal(await pair.Source.QueryAsync($"select x::text from {table} x order by 1"), await pair.Target.QueryAsync($"select x::text from {table} x order by 1"));
        Assert.Equal("0", (await pair.Target.QueryAsync("select coalesce(sum(count), 0)::text from godwit.conflict"))[0]);

        await pair.TargetAsync("set session_replication_role = replica; update t set v = 'wrong' where id = 5");
        var differs = await Assert.ThrowsAsync<GodwitException>(() => PairJourneyTests.SwitchAsync(pair, options: options));
        Assert.Equal("cutover-differs", differs.Code);
        Assert.Contains("--repair", differs.Hint);
        AssertTablesEqual((await RepairAsync(pair)).Report);
        await PairJourneyTests.SwitchAsync(pair, options: options);
        await pair.TargetAsync("insert into t values (20, 'since the switch')");
        var refused = await Assert.ThrowsAsync<GodwitException>(() => RepairAsync(pair));
        Assert.Equal("repair-wrong-side", refused.Code);
        Assert.Equal(["since the switch"], await pair.Target.QueryAsync("select v from t where id = 20"));

        async Task WriteLateAsync()
        {
            while ((await pair.Target.QueryAsync("select 1 from pg_stat_activity where datname = current_database() and application_name = 'godwit follow' and wait_event_type = 'Lock'")).Count == 0) await Task.Delay(20, Pair.Token);
            await pair.SourceAsync("insert into nokey values (13)");
            await DoAsync("commit");
        }

        async Task DoAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, other);
            await command.ExecuteNonQueryAsync(Pair.Token);
        }
    }
}
