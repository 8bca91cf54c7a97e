using System.Collections.Concurrent;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Godwit.Target;
using Godwit.Wire.Replication;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>Two databases with the same schema, the first followed by the second; rows were copied under the slot's snapshot.</summary>
internal sealed class StreamPair : IAsyncDisposable
{
    private StreamPair(TestDatabase source, TestDatabase target, FollowMethod method)
    {
        (Source, Target) = (source, target);
        From = new(source.Settings.ToBuilder(), "the source", "source");
        To = new(target.Settings.ToBuilder(), "the target", "target");
        Feed = StreamFeed.Forward(Guid.NewGuid().ToString("N")[..8]) with { Method = method };
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public TestDatabase Source { get; }
    public TestDatabase Target { get; }
    public StreamEnd From { get; set; }
    public StreamEnd To { get; set; }
    public StreamFeed Feed { get; }
    public ConcurrentBag<Finding> Found { get; } = [];
    public StreamLimits Limits { get; set; } = new();

    /// <summary><paramref name="rows"/> runs at the source before the slot is made, <paramref name="meanwhile"/> after it and before the copy.</summary>
    public static async Task<StreamPair> CreateAsync(PostgresFixture postgres, string schema, string rows = "", string meanwhile = "", (ConnectionSettings Source, ConnectionSettings Target)? on = null, FollowMethod method = FollowMethod.Slot)
    {
        var pair = new StreamPair(await postgres.CreateDatabaseAsync(on?.Source ?? postgres.Admin), await postgres.CreateDatabaseAsync(on?.Target ?? postgres.Admin), method);
        await pair.Source.ExecuteAsync(schema);
        await pair.Target.ExecuteAsync(schema);
        if (rows.Length > 0) await pair.Source.ExecuteAsync(rows);
        var arming = StreamOrigin.Of(pair.From, pair.Feed);
        foreach (var finding in await arming.PublishAsync(await pair.TablesAsync(), Token)) pair.Found.Add(finding);
        using var armed = await arming.BeginAsync(Token);
        await using (var target = await pair.Target.ConnectAsync()) await StreamFacts.StartAsync(target, pair.Feed, "test", armed.Position, Token);
        if (meanwhile.Length > 0) await pair.Source.ExecuteAsync(meanwhile);
        await pair.CopyAsync(armed.Snapshot);
        return pair;
    }

    public async Task<List<SqlName>> TablesAsync() =>
        [.. (await Source.QueryAsync("select relname from pg_class where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace order by 1")).Select(t => new SqlName("public", t!))];

    public async Task<StreamTotals> CatchUpAsync(CancellationToken? stop = null)
    {
        var goal = await StreamOrigin.Of(From, Feed).NowAsync(Token);
        return await FollowAsync(goal, stop ?? Token);
    }

    public Task<StreamTotals> FollowAsync(Lsn? goal, CancellationToken stop, IProgress<StreamReport>? progress = null) =>
        new StreamFollower(From, To, Feed, r => r.Schema == "godwit" ? null : new SqlName(r.Schema, r.Name), Limits, TimeProvider.System, progress ?? new Progress<StreamReport>(), Found.Add).RunAsync(goal, stop);

    /// <summary>Every row of every table, as both sides print it.</summary>
    public async Task AssertEqualAsync()
    {
        foreach (var table in await TablesAsync())
        {
            var columns = (await Source.QueryAsync($"select quote_ident(attname) from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped order by attnum")).ToList();
            var sql = $"select row({string.Join(", ", columns)})::text from {table} order by row({string.Join(", ", columns)})::text collate \"C\"";
            var (there, here) = (await Source.QueryAsync(sql), await Target.QueryAsync(sql));
            if (there.SequenceEqual(here)) continue;
            Assert.Fail($"{table}: {there.Count} and {here.Count} rows; first of those that differ: {there.Except(here).FirstOrDefault()?[..Math.Min(200, there.Except(here).First()!.Length)]} / {here.Except(there).FirstOrDefault()}");
        }
    }

    private async Task CopyAsync(string snapshot)
    {
        await using var from = await Source.ConnectAsync();
        await using var to = await Target.ConnectAsync();
        await using (var begin = new NpgsqlCommand($"begin isolation level repeatable read; set transaction snapshot '{snapshot}'", from)) await begin.ExecuteNonQueryAsync(Token);
        await using (var replica = new NpgsqlCommand("set session_replication_role = replica", to)) await replica.ExecuteNonQueryAsync(Token);
        foreach (var table in await TablesAsync())
        {
            var columns = string.Join(", ", await Source.QueryAsync($"select quote_ident(attname) from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum"));
            using var reader = await from.BeginTextExportAsync($"copy (select {columns} from {table}) to stdout", Token);
            await using var writer = await to.BeginTextImportAsync($"copy {table} ({columns}) from stdin", Token);
            await writer.WriteAsync(await reader.ReadToEndAsync(Token));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
        await using var admin = await PostgresFixture.OpenAsync(Source.Settings.WithDatabase("postgres"));
        await using var drop = new NpgsqlCommand($"select pg_replication_origin_drop(roname) from pg_replication_origin where roname in ('{Feed.Origin}', '{Feed.Skip}')", admin);
        await drop.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
