using System.Diagnostics;
using System.Globalization;
using Godwit.Follow.Logical;
using Godwit.IntegrationTests.Crash;
using Godwit.Target;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>The ways to both servers break at any moment, with a word or without, and the servers themselves restart: nothing is lost, nothing comes twice.</summary>
public sealed class BrokenStreamTests(PostgresFixture postgres)
{
    private static readonly StreamLimits Limits = new() { Silence = TimeSpan.FromSeconds(2), Answer = TimeSpan.FromSeconds(2) };

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public Task A_follower_outlives_every_cut(FollowMethod method) => BreakAsync(method, BrokenWays.Cuts, p => p.Cut());

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public Task A_follower_outlives_connections_that_say_nothing_any_more(FollowMethod method) => BreakAsync(method, BrokenWays.Stalls, p => p.Stall());

    private async Task BreakAsync(FollowMethod method, int times, Func<TcpProxy, int> harm)
    {
        await using var pair = await StreamPair.CreateAsync(postgres, PgWriter.Schema, method: method);
        await using var there = BrokenWays.ProxyTo(pair.Source.Settings);
        await using var here = BrokenWays.ProxyTo(pair.Target.Settings);
        var (direct, end) = (pair.From, pair.To);
        (pair.From, pair.To, pair.Limits) = (direct with { Settings = there.Through(pair.Source.Settings).ToBuilder() }, end with { Settings = here.Through(pair.Target.Settings).ToBuilder() }, Limits);
        using var stop = new CancellationTokenSource();
        var follow = pair.FollowAsync(null, stop.Token);
        var writer = new PgWriter(pair.Source, 77);
        var random = new Random(5);
        for (var harmed = 0; harmed < times;)
        {
            await Task.WhenAll(writer.WriteAsync(10, StreamPair.Token), Task.Delay(random.Next(300), StreamPair.Token));
            Assert.False(follow.IsCompleted);
            if (harm(random.Next(2) == 0 ? there : here) == 0) continue;
            harmed++;
            await ArrivesAsync(pair, harmed);
        }
        await stop.CancelAsync();
        await follow;
        (pair.From, pair.To) = (direct, end);
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
        Assert.DoesNotContain(pair.Found, f => f.Code == "follow-conflict");
    }

    [Fact]
    public async Task A_target_that_is_lost_while_a_session_begins_is_tried_again()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Tags, method: FollowMethod.Triggers);
        pair.Limits = Limits;
        using var stop = new CancellationTokenSource();
        Task follow;
        // The reader, which asks where extensions are, waits for this lock when the target is ready; and the target is spoken to once more after it.
        await using (var holder = await HoldAsync(pair, "pg_catalog.pg_extension"))
        {
            follow = pair.FollowAsync(null, stop.Token);
            await pair.Source.WaitForAsync($"select (count(*) > 0)::text from pg_stat_activity where {Followers} and wait_event_type = 'Lock'", "true");
            Assert.NotEmpty(await pair.Target.QueryAsync($"select pg_terminate_backend(pid) from pg_stat_activity where {Followers}"));
        }
        await ArrivesAsync(pair, 1);
        await stop.CancelAsync();
        await follow;
    }

    [Fact]
    public async Task What_a_dead_reader_of_triggers_holds_at_the_origin_is_ended()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Tags, method: FollowMethod.Triggers);
        await using var there = BrokenWays.ProxyTo(pair.Source.Settings);
        (pair.From, pair.Limits) = (pair.From with { Settings = there.Through(pair.Source.Settings).ToBuilder() }, Limits);
        using var stop = new CancellationTokenSource();
        var follow = pair.FollowAsync(null, stop.Token);
        await ArrivesAsync(pair, 1);
        // The second of its connections waits for this lock while the first holds the moment that they share.
        var table = (await pair.Source.QueryAsync("select relname from pg_class where relnamespace = 'godwit'::regnamespace and relname like 'logged%' and relkind = 'r'"))[0];
        await using (var holder = await HoldAsync(pair, $"godwit.{table}"))
        {
            await pair.Source.ExecuteAsync("insert into tags (words) values (array['behind the lock'])");
            await pair.Source.WaitForAsync($"select (count(*) > 0)::text from pg_stat_activity where {Followers} and state = 'idle in transaction' and query like '%pg_export_snapshot%'", "true");
            there.Stall();
        }
        await ArrivesAsync(pair, 2);
        await stop.CancelAsync();
        await follow;
    }

    [Fact]
    public async Task A_target_that_says_nothing_more_while_a_session_begins_is_not_waited_for()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Tags);
        await using var here = BrokenWays.ProxyTo(pair.Target.Settings);
        (pair.To, pair.Limits) = (pair.To with { Settings = here.Through(pair.Target.Settings).ToBuilder() }, Limits);
        using var stop = new CancellationTokenSource();
        Task follow;
        await using (var holder = await pair.Target.ConnectAsync())
        {
            // A session of the follower begins by writing to it.
            await using var hold = new NpgsqlCommand("begin; select from godwit.stream for update", holder);
            await hold.ExecuteNonQueryAsync(StreamPair.Token);
            follow = pair.FollowAsync(null, stop.Token);
            await pair.Target.WaitForAsync($"select (count(*) > 0)::text from pg_stat_activity where {Followers} and wait_event_type = 'Lock'", "true");
            here.Stall();
        }
        await ArrivesAsync(pair, 1);
        await stop.CancelAsync();
        await follow;
    }

    [Fact]
    public async Task An_origin_that_says_nothing_more_while_its_record_begins_to_be_read_is_not_waited_for()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Tags, method: FollowMethod.Triggers);
        await using var there = BrokenWays.ProxyTo(pair.Source.Settings);
        (pair.From, pair.Limits) = (pair.From with { Settings = there.Through(pair.Source.Settings).ToBuilder() }, Limits);
        using var stop = new CancellationTokenSource();
        Task follow;
        // The reader begins by asking where extensions are.
        await using (var holder = await HoldAsync(pair, "pg_catalog.pg_extension"))
        {
            follow = pair.FollowAsync(null, stop.Token);
            await pair.Source.WaitForAsync($"select (count(*) > 0)::text from pg_stat_activity where {Followers} and wait_event_type = 'Lock'", "true");
            there.Stall();
        }
        await ArrivesAsync(pair, 1);
        await stop.CancelAsync();
        await follow;
    }

    /// <summary>Neither the way back from the server nor the end of the connection comes through: its process holds the slot or the replication origin for as long as nobody ends it. The server may be away for the note of it, and when it is to be ended.</summary>
    [Theory]
    [InlineData(FollowMethod.Slot, true, "START_REPLICATION", 0)]
    [InlineData(FollowMethod.Slot, false, "pg_replication_origin_session_setup", 0)]
    [InlineData(FollowMethod.Slot, false, "pg_replication_origin_session_setup", 2)]
    [InlineData(FollowMethod.Triggers, false, "pg_replication_origin_session_setup", 0)]
    public async Task What_a_session_leaves_that_never_came_to_be_is_ended(FollowMethod method, bool atOrigin, string words, int away)
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Tags, method: method);
        await using var proxy = BrokenWays.ProxyTo(atOrigin ? pair.Source.Settings : pair.Target.Settings);
        // The server itself would end its sender after a minute.
        if (atOrigin) pair.From = pair.From with { Settings = new(proxy.Through(pair.Source.Settings).ToBuilder().ConnectionString) { Options = "-c wal_sender_timeout=0" } };
        else pair.To = pair.To with { Settings = proxy.Through(pair.Target.Settings).ToBuilder() };
        pair.Limits = Limits;
        using var stop = new CancellationTokenSource();
        proxy.StallAfter(words, away);
        var follow = pair.FollowAsync(null, stop.Token);
        await ArrivesAsync(pair, 1);
        Assert.Equal((1, away), (proxy.Stalled, proxy.Refused));
        await stop.CancelAsync();
        await follow;
    }

    private const string Tags = "create table tags (id bigint generated always as identity primary key, words text[])";
    private const string Followers = "application_name = 'godwit follow' and datname = current_database()";

    /// <summary>Nobody reads the table until it is disposed.</summary>
    private static async Task<NpgsqlConnection> HoldAsync(StreamPair pair, string table)
    {
        var holder = await pair.Source.ConnectAsync();
        await using var hold = new NpgsqlCommand($"begin; lock table {table}", holder);
        await hold.ExecuteNonQueryAsync(StreamPair.Token);
        return holder;
    }

    // What is written after it arrives, by the follower's own doing.
    private static async Task ArrivesAsync(StreamPair pair, int n)
    {
        await pair.Source.ExecuteAsync($"insert into tags (words) values (array['mark {n}'])");
        var began = Stopwatch.GetTimestamp();
        while ((await pair.Target.QueryAsync($"select count(*) from tags where words = array['mark {n}']"))[0] == "0")
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(2), $"mark {n}");
            await Task.Delay(50, StreamPair.Token);
        }
    }

    // An immediate shutdown (PostgreSQL documentation, 19.5): nobody is waited for, and the next start recovers.
    private static async Task CrashAsync(LocalServer server)
    {
        var postmaster = int.Parse((await File.ReadAllLinesAsync(Path.Combine(server.Folder, "data", "postmaster.pid"), StreamPair.Token))[0], CultureInfo.InvariantCulture);
        using (var kill = Process.Start("kill", ["-QUIT", $"{postmaster}"])) await kill.WaitForExitAsync(StreamPair.Token);
        while (Directory.Exists($"/proc/{postmaster}")) await Task.Delay(20, StreamPair.Token);
    }

    [Fact]
    public async Task A_server_without_room_for_an_origin_is_not_waited_for()
    {
        var folder = PostgresFixture.MakeFolder();
        var server = LocalServer.For("test", new LocalServerOptions { Root = folder.FullName, ServerSettings = new Dictionary<string, string> { ["wal_level"] = "logical", ["shared_buffers"] = "32MB", ["max_replication_slots"] = "1" } });
        try
        {
            await server.StartAsync(StreamPair.Token);
            await using var admin = new KeptSessions(server.Settings("postgres"));
            // From 18 on a setting of its own.
            if ((await admin.QueryAsync("select count(*)::text from pg_settings where name = 'max_active_replication_origins'"))[0] == "1")
            {
                await admin.ExecuteAsync("alter system set max_active_replication_origins = 1");
                await server.StopAsync(StreamPair.Token);
                await server.StartAsync(StreamPair.Token);
            }
            await using var pair = await StreamPair.CreateAsync(postgres, "create table t (id int primary key)", on: (postgres.Admin, server.Settings("postgres")));
            await pair.Target.ExecuteAsync("select pg_replication_origin_create('another'), pg_replication_origin_session_setup('another')");

            Assert.Equal("follow-no-origin", (await Assert.ThrowsAsync<GodwitException>(() => pair.CatchUpAsync())).Code);
        }
        finally
        {
            await server.DestroyAsync(CancellationToken.None);
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_follower_outlives_restarts_of_either_server()
    {
        var folder = PostgresFixture.MakeFolder();
        var servers = new[] { "source", "test" }.Select(name => LocalServer.For(name, new LocalServerOptions { Root = folder.FullName, Durable = true, ServerSettings = new Dictionary<string, string> { ["wal_level"] = "logical", ["max_connections"] = "40", ["shared_buffers"] = "32MB" } })).ToList();
        try
        {
            foreach (var server in servers) await server.StartAsync(StreamPair.Token);
            await using var pair = await StreamPair.CreateAsync(postgres, PgWriter.Schema, on: (servers[0].Settings("postgres"), servers[1].Settings("postgres")));
            pair.Limits = Limits;
            using var stop = new CancellationTokenSource();
            var follow = pair.FollowAsync(null, stop.Token);
            var writer = new PgWriter(pair.Source, 78);
            for (var restart = 0; restart < BrokenWays.Restarts; restart++)
            {
                await writer.WriteAsync(10, StreamPair.Token);
                var (server, immediate) = (servers[restart / 2 % 2], restart % 2 == 0);
                if (immediate) await CrashAsync(server);
                else await server.StopAsync(StreamPair.Token);
                await server.StartAsync(StreamPair.Token);
                Assert.False(follow.IsCompleted);
                await ArrivesAsync(pair, restart);
            }
            await stop.CancelAsync();
            await follow;
            await pair.CatchUpAsync();
            await pair.AssertEqualAsync();
            Assert.DoesNotContain(pair.Found, f => f.Code == "follow-conflict");
        }
        finally
        {
            foreach (var server in servers) await server.DestroyAsync(CancellationToken.None);
            folder.Delete(recursive: true);
        }
    }
}
