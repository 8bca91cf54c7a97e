using System.Diagnostics;
using System.Globalization;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Bench;

/// <summary>
/// The same backlog of changes, caught up by PostgreSQL's own subscription and by Godwit, in turn: transactions as pgbench writes them, then
/// wide rows. Both targets are copies of one database; both read from slots that were made before the backlog. Then an equal backlog, made under
/// Godwit's triggers, is caught up from their record. Rows of both sides are compared. Two servers: on one, what the first lap writes lies in the log
/// behind the backlog, and the second lap's sender reads it all.
/// </summary>
internal sealed class FollowContest(PrivateServer origin, PrivateServer target, TextWriter say)
{
    private const string Source = "follow_source";
    private static readonly StreamFeed Feed = new(StreamFeed.ForwardName, "follow_godwit", "follow", "follow_godwit", "follow_none");
    private static readonly StreamFeed Noted = StreamFeed.Forward("bench") with { Method = FollowMethod.Triggers };
    private static readonly string[] Tables = ["pgbench_accounts", "pgbench_tellers", "pgbench_branches", "pgbench_history", "wide", "narrow"];
    private static readonly string[] Settings = ["wal_level=logical", "max_replication_slots=20", "max_wal_senders=20", "wal_keep_size=4GB"];

    public static IEnumerable<string> ServerSettings => Settings;

    public async Task<string> RunAsync(int transactions, int wide, int rounds, CancellationToken stop)
    {
        var lines = new List<string> { "| round | row changes | subscription | godwit | ratio | by triggers | processor time: subscription | processor time: godwit | processor time: by triggers | |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |" };
        for (var round = 1; round <= rounds; round++)
        {
            await PrepareAsync(stop);
            var changes = await BacklogAsync(transactions, wide, stop);
            var end = await NowAsync(Feed, stop);
            // Who goes first changes from round to round.
            TimeSpan native = default, godwit = default;
            string nativeCost = "", godwitCost = "";
            foreach (var own in round % 2 == 0 ? [true, false] : new[] { false, true })
                if (own) (godwit, godwitCost) = await CostAsync(() => GodwitAsync(Feed, null, end, stop), own, stop);
                else (native, nativeCost) = await CostAsync(() => SubscriptionAsync(end, stop), own, stop);
            var equal = await DigestAsync(Source, stop) is var digest && digest == await DigestAsync("follow_native", stop) && digest == await DigestAsync("follow_godwit", stop);
            var position = await PrepareNotedAsync(stop);
            var notes = await BacklogAsync(transactions, wide, stop);
            end = await NowAsync(Noted, stop);
            var (noted, notedCost) = await CostAsync(() => GodwitAsync(Noted, position, end, stop), true, stop);
            equal &= await DigestAsync(Source, stop) == await DigestAsync("follow_godwit", stop);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"| {round} | {changes:N0} | {changes / native.TotalSeconds:N0} rows/s | {changes / godwit.TotalSeconds:N0} rows/s | {native / godwit:0.00} x | {notes / noted.TotalSeconds:N0} rows/s | {nativeCost} | {godwitCost} | {notedCost} | {(equal ? "equal" : "NOT EQUAL")} |"));
            say.WriteLine(lines[^1]);
        }
        return string.Join('\n', lines);
    }

    /// <summary>What a lap costs, whatever else the machine does meanwhile: of the process that sends, of the one that applies, and of Godwit itself.</summary>
    private async Task<(TimeSpan, string)> CostAsync(Func<Task<TimeSpan>> lap, bool own, CancellationToken stop)
    {
        var costs = new Dictionary<(int Process, bool Sends), TimeSpan>();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var before = Environment.CpuUsage.TotalTime;
        var looking = Task.Run(async () =>
        {
            await using var sending = await origin.ConnectAsync("postgres", CancellationToken.None);
            await using var applying = await target.ConnectAsync("postgres", CancellationToken.None);
            while (!over.IsCancellationRequested)
            {
                foreach (var connection in new[] { sending, applying })
                {
                    await using var command = new NpgsqlCommand("SELECT pid FROM pg_stat_activity WHERE backend_type IN ('walsender', 'logical replication worker') OR application_name = 'godwit follow'", connection);
                    await using var row = await command.ExecuteReaderAsync(CancellationToken.None);
                    while (await row.ReadAsync(CancellationToken.None))
                        // One that has just ended keeps what it had at the last look.
                        if (ProcessorTime.Of(row.GetInt32(0)) is { Ticks: > 0 } cost) costs[(row.GetInt32(0), connection == sending)] = cost;
                }
                await Task.Delay(100, CancellationToken.None);
            }
        }, stop);
        var took = await lap();
        var itself = Environment.CpuUsage.TotalTime - before;
        await over.CancelAsync();
        await looking;
        double Of(bool sends) => costs.Keys.Where(p => p.Sends == sends).Sum(p => costs[p].TotalSeconds);
        return (took, string.Create(CultureInfo.InvariantCulture, $"{Of(true):0.0} s sends, {Of(false):0.0} s applies{(own ? $", {itself.TotalSeconds:0.0} s between" : "")}"));
    }

    /// <summary>
    /// From the commit of a transaction of pgbench's to the commit that shows it at the target, while pgbench writes as fast as it can. Both moments are read
    /// from the servers' logs afterwards, one a row of pgbench_history, so that looking costs none of the contenders anything.
    /// </summary>
    public async Task<string> LagAsync(int seconds, int rounds, CancellationToken stop)
    {
        var lines = new List<string> { "| round | follower | median lag | p95 lag | longest | pgbench |", "| --- | --- | ---: | ---: | ---: | ---: |" };
        for (var round = 1; round <= rounds; round++)
        {
            // Who goes first changes from round to round.
            var feeds = new[] { null, Feed, Noted };
            foreach (var feed in round % 2 == 0 ? feeds.Reverse() : feeds)
            {
                var (lags, rate) = await LagAsync(feed, seconds, stop);
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"| {round} | {(feed is null ? "subscription" : feed == Noted ? "godwit, by triggers" : "godwit")} | {lags[lags.Count / 2]:0.0} ms | {lags[(int)(lags.Count * 0.95)]:0.0} ms | {lags[^1]:0} ms | {rate:N0} tps |"));
                say.WriteLine(lines[^1]);
            }
        }
        return string.Join('\n', lines);
    }

    /// <summary>Milliseconds in ascending order, one a row, and transactions a second.</summary>
    private async Task<(List<double> Lags, double Rate)> LagAsync(StreamFeed? feed, int seconds, CancellationToken stop)
    {
        const string FirstSeconds = "3";
        Wire.Replication.Lsn? position = null;
        if (feed == Noted) position = await PrepareNotedAsync(stop);
        else await PrepareAsync(stop);
        var database = feed is null ? "follow_native" : "follow_godwit";
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (feed is null) await SubscribeAsync(stop);
        var following = feed is null ? Task.CompletedTask : Task.Run(() => FollowAsync(feed, position, null, over.Token), stop);
        await origin.Client("pgbench", "-n", "-c", "4", "-j", "2", "-T", FirstSeconds, Source).MustAsync(stop);
        var (before, origins, targets) = (await RowsAsync(origin, Source, stop), await origin.LogEndAsync(stop), await target.LogEndAsync(stop));
        var ran = await origin.Client("pgbench", "-n", "-c", "4", "-j", "2", "-T", $"{seconds}", Source).MustAsync(stop);
        var written = await RowsAsync(origin, Source, stop);
        var shown = await RowsAsync(target, database, stop);
        while (shown.Count < written.Count)
        {
            await Task.Delay(100, stop);
            shown = await RowsAsync(target, database, stop);
        }
        var (committed, applied) = (await origin.CommitsAsync(origins, stop), await target.CommitsAsync(targets, stop));
        await over.CancelAsync();
        await following;
        if (feed is null) await UnsubscribeAsync(stop);
        var lags = written.Where(r => !before.ContainsKey(r.Key)).Select(r => (applied[shown[r.Key]] - committed[r.Value]).TotalMilliseconds).Order().ToList();
        return (lags, double.Parse(ran.Output.Split('\n').First(l => l.StartsWith("tps", StringComparison.Ordinal)).Split(' ')[2], CultureInfo.InvariantCulture));
    }

    /// <summary>Rows of pgbench_history, each with the number of the transaction that wrote it.</summary>
    private static async Task<Dictionary<long, uint>> RowsAsync(PrivateServer server, string database, CancellationToken stop)
    {
        await using var connection = await server.ConnectAsync(database, stop);
        await using var command = new NpgsqlCommand("SELECT id, xmin FROM pgbench_history", connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        var rows = new Dictionary<long, uint>();
        while (await reader.ReadAsync(stop)) rows.Add(reader.GetInt64(0), reader.GetFieldValue<uint>(1));
        return rows;
    }

    /// <summary>Memory of this process while Godwit, in it, applies one transaction of that many rows.</summary>
    public async Task<string> MemoryAsync(int rows, CancellationToken stop)
    {
        await PrepareAsync(stop);
        await origin.ExecuteAsync(Source, $"INSERT INTO narrow SELECT n, n * 7, md5(n::text) FROM generate_series(1, {rows}) n", stop);
        // proc(5): 5 sets the peak back to what is resident now.
        await File.WriteAllTextAsync("/proc/self/clear_refs", "5", stop);
        var started = Stopwatch.GetTimestamp();
        await FollowAsync(Feed, null, await NowAsync(Feed, stop), stop);
        var took = Stopwatch.GetElapsedTime(started);
        var peak = (await File.ReadAllLinesAsync("/proc/self/status", stop)).First(l => l.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        await using var connection = await target.ConnectAsync("follow_godwit", stop);
        await using var count = new NpgsqlCommand("SELECT count(*) FROM narrow", connection);
        if ((long)(await count.ExecuteScalarAsync(stop))! != rows) throw new InvalidOperationException("rows are missing");
        return string.Create(CultureInfo.InvariantCulture, $"One transaction of {rows:N0} rows: {long.Parse(peak, CultureInfo.InvariantCulture) / 1024:N0} MB at most (the whole process, the bench in it), {rows / took.TotalSeconds:N0} rows/s.");
    }

    private async Task PrepareAsync(CancellationToken stop)
    {
        await origin.ExecuteAsync("postgres", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots", stop);
        await origin.FreshAsync(Source, stop);
        await origin.Client("pgbench", "-i", "-q", "-s", "10", Source).MustAsync(stop);
        await origin.ExecuteAsync(Source, """
            ALTER TABLE pgbench_history ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
            CREATE TABLE wide (id int PRIMARY KEY, a text, b text, c timestamptz, d numeric, e uuid, f jsonb, g text, h bigint, i text, j text);
            INSERT INTO wide SELECT n, md5(n::text), repeat('x', 200), now(), n / 7.0, gen_random_uuid(), jsonb_build_object('n', n), repeat('y', 100), n, md5(n::text), 'j' FROM generate_series(1, 100000) n;
            CREATE INDEX ON wide (h);
            CREATE TABLE narrow (id bigint PRIMARY KEY, n bigint, t text);
            """, stop);
        var dump = Path.GetTempFileName();
        try
        {
            await origin.Client("pg_dump", "-Fc", "-Z0", "-f", dump, Source).MustAsync(stop);
            foreach (var database in new[] { "follow_native", "follow_godwit" })
            {
                await target.FreshAsync(database, stop);
                await target.Client("pg_restore", "-d", database, dump).MustAsync(stop);
                await target.ExecuteAsync(database, "VACUUM ANALYZE", stop);
                await origin.ExecuteAsync(Source, $"SELECT pg_create_logical_replication_slot('{database}', 'pgoutput')", stop);
            }
        }
        finally
        {
            File.Delete(dump);
        }
        await target.ExecuteAsync("postgres", "CHECKPOINT", stop);
        await origin.ExecuteAsync(Source, "CREATE PUBLICATION follow FOR ALL TABLES", stop);
    }

    /// <summary>The same without slots, and with triggers that note what is written; returns the moment that both databases are at.</summary>
    private async Task<Wire.Replication.Lsn> PrepareNotedAsync(CancellationToken stop)
    {
        await PrepareAsync(stop);
        await origin.ExecuteAsync(Source, "DROP PUBLICATION follow", stop);
        await origin.ExecuteAsync(Source, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()", stop);
        var notes = StreamOrigin.Of(new(Builder(origin, Source), "source", "source"), Noted);
        await notes.PublishAsync([.. Tables.Select(t => new SqlName("public", t))], stop);
        using var armed = await notes.BeginAsync(stop);
        return armed.Position;
    }

    private async Task<long> BacklogAsync(int transactions, int wide, CancellationToken stop)
    {
        const string Rows = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables WHERE schemaname = 'public'";
        await origin.ExecuteAsync(Source, "SELECT pg_stat_reset()", stop);
        await origin.Client("pgbench", "-n", "-c", "4", "-j", "2", "-t", $"{transactions / 4}", Source).MustAsync(stop);
        for (var at = 0; at < wide; at += 10_000)
            await origin.ExecuteAsync(Source, $"UPDATE wide SET g = g || 'z', h = h + 1, f = f || '{{\"u\": 1}}' WHERE id % 100000 >= {at % 100_000} AND id % 100000 < {at % 100_000 + 10_000}", stop);
        await using var connection = await origin.ConnectAsync(Source, stop);
        await using var command = new NpgsqlCommand($"SELECT pg_stat_force_next_flush(); {Rows}", connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        await reader.ReadAsync(stop);
        return reader.GetInt64(0);
    }

    private async Task<TimeSpan> SubscriptionAsync(Wire.Replication.Lsn goal, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        await SubscribeAsync(stop);
        await using var source = await origin.ConnectAsync(Source, stop);
        while (true)
        {
            await using var command = new NpgsqlCommand($"SELECT confirmed_flush_lsn >= '{goal}' FROM pg_replication_slots WHERE slot_name = 'follow_native'", source);
            if (await command.ExecuteScalarAsync(stop) is true) break;
            await Task.Delay(20, stop);
        }
        var took = Stopwatch.GetElapsedTime(started);
        await UnsubscribeAsync(stop);
        return took;
    }

    private async Task SubscribeAsync(CancellationToken stop)
    {
        await using var connection = await target.ConnectAsync("follow_native", stop);
        var password = origin.Environment["PGPASSWORD"].Replace("'", "''", StringComparison.Ordinal);
        await using var create = new NpgsqlCommand($"CREATE SUBSCRIPTION follow CONNECTION 'host=127.0.0.1 port={origin.Environment["PGPORT"]} user=bench password={password} dbname={Source}' PUBLICATION follow WITH (create_slot = false, slot_name = 'follow_native', copy_data = false, streaming = on, binary = true)", connection);
        await create.ExecuteNonQueryAsync(stop);
    }

    private async Task UnsubscribeAsync(CancellationToken stop)
    {
        await target.ExecuteAsync("follow_native", "ALTER SUBSCRIPTION follow DISABLE; ALTER SUBSCRIPTION follow SET (slot_name = NONE)", stop);
        await target.ExecuteAsync("follow_native", "DROP SUBSCRIPTION follow", stop);
    }

    private async Task<TimeSpan> GodwitAsync(StreamFeed feed, Wire.Replication.Lsn? position, Wire.Replication.Lsn goal, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        await FollowAsync(feed, position, goal, stop);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary><paramref name="position"/>: where it begins; null: where the slot stands.</summary>
    private async Task FollowAsync(StreamFeed feed, Wire.Replication.Lsn? position, Wire.Replication.Lsn? goal, CancellationToken stop)
    {
        StreamEnd from = new(Builder(origin, Source), "source", "source"), to = new(Builder(target, "follow_godwit"), "target", "target");
        await using (var connection = await to.ConnectAsync(CancellationToken.None)) await StreamFacts.StartAsync(connection, feed, "bench", position ?? new((ulong)await ConfirmedAsync(CancellationToken.None)), CancellationToken.None);
        var totals = await new StreamFollower(from, to, feed, r => new SqlName(r.Schema, r.Name), new(), TimeProvider.System, new Progress<StreamReport>(), f => say.WriteLine($"{f.Code}: {f.Problem}")).RunAsync(goal, stop);
        say.WriteLine($"godwit: {totals.Changes:N0} changes in {totals.Transactions:N0} transactions");
    }

    private static NpgsqlConnectionStringBuilder Builder(PrivateServer server, string database) => new()
    {
        Host = "127.0.0.1", Port = int.Parse(server.Environment["PGPORT"], CultureInfo.InvariantCulture), Username = "bench", Password = server.Environment["PGPASSWORD"], Database = database, SslMode = SslMode.Disable,
    };

    private async Task<decimal> ConfirmedAsync(CancellationToken stop)
    {
        await using var connection = await origin.ConnectAsync(Source, stop);
        await using var command = new NpgsqlCommand("SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = 'follow_godwit'", connection);
        return (decimal)(await command.ExecuteScalarAsync(stop))!;
    }

    private async Task<Wire.Replication.Lsn> NowAsync(StreamFeed feed, CancellationToken stop) =>
        await StreamOrigin.Of(new(Builder(origin, Source), "source", "source"), feed).NowAsync(stop);

    private async Task<string> DigestAsync(string database, CancellationToken stop)
    {
        await using var connection = await (database == Source ? origin : target).ConnectAsync(database, stop);
        var digest = "";
        foreach (var table in new[] { "pgbench_accounts", "pgbench_tellers", "pgbench_branches", "pgbench_history", "wide" })
        {
            await using var command = new NpgsqlCommand($"SELECT count(*) || ' ' || sum(hashtextextended(t::text, 0)) FROM {table} t", connection);
            digest += $"{table} {await command.ExecuteScalarAsync(stop)}; ";
        }
        return digest;
    }
}
