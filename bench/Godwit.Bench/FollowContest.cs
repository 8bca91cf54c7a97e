using System.Diagnostics;
using System.Globalization;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Bench;

/// <summary>
/// The same backlog of changes, caught up by PostgreSQL's own subscription and by Godwit, in turn: transactions as pgbench writes them, then
/// wide rows. Both targets are copies of one database; both read from slots that were made before the backlog. Rows of both sides are compared.
/// </summary>
internal sealed class FollowContest(PrivateServer server, TextWriter say)
{
    private const string Source = "follow_source";
    private static readonly string[] Settings = ["wal_level=logical", "max_replication_slots=20", "max_wal_senders=20"];

    public static IEnumerable<string> ServerSettings => Settings;

    public async Task<string> RunAsync(int transactions, int wide, int rounds, CancellationToken stop)
    {
        var lines = new List<string> { "| round | row changes | subscription | godwit | ratio | |", "| --- | --- | --- | --- | --- | --- |" };
        for (var round = 1; round <= rounds; round++)
        {
            await PrepareAsync(stop);
            var changes = await BacklogAsync(transactions, wide, stop);
            // Who goes first changes from round to round.
            TimeSpan native = default, godwit = default;
            foreach (var own in round % 2 == 0 ? [true, false] : new[] { false, true })
                if (own) godwit = await GodwitAsync(stop);
                else native = await SubscriptionAsync(stop);
            var equal = await DigestAsync(Source, stop) is var digest && digest == await DigestAsync("follow_native", stop) && digest == await DigestAsync("follow_godwit", stop);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"| {round} | {changes:N0} | {changes / native.TotalSeconds:N0} rows/s | {changes / godwit.TotalSeconds:N0} rows/s | {native / godwit:0.00} x | {(equal ? "equal" : "NOT EQUAL")} |"));
            say.WriteLine(lines[^1]);
        }
        return string.Join('\n', lines);
    }

    private async Task PrepareAsync(CancellationToken stop)
    {
        foreach (var database in new[] { "follow_native", "follow_godwit", Source }) await DropAsync(database, stop);
        await server.FreshAsync(Source, stop);
        await server.Client("pgbench", "-i", "-q", "-s", "10", Source).MustAsync(stop);
        await server.ExecuteAsync(Source, """
            ALTER TABLE pgbench_history ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
            CREATE TABLE wide (id int PRIMARY KEY, a text, b text, c timestamptz, d numeric, e uuid, f jsonb, g text, h bigint, i text, j text);
            INSERT INTO wide SELECT n, md5(n::text), repeat('x', 200), now(), n / 7.0, gen_random_uuid(), jsonb_build_object('n', n), repeat('y', 100), n, md5(n::text), 'j' FROM generate_series(1, 100000) n;
            CREATE INDEX ON wide (h);
            """, stop);
        foreach (var database in new[] { "follow_native", "follow_godwit" })
        {
            await server.ExecuteAsync("postgres", $"CREATE DATABASE {database} TEMPLATE {Source}", stop);
            await server.ExecuteAsync(Source, $"SELECT pg_create_logical_replication_slot('{database}', 'pgoutput')", stop);
        }
        await server.ExecuteAsync(Source, "CREATE PUBLICATION follow FOR ALL TABLES", stop);
    }

    private async Task<long> BacklogAsync(int transactions, int wide, CancellationToken stop)
    {
        const string Rows = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables";
        await server.ExecuteAsync(Source, "SELECT pg_stat_reset()", stop);
        await server.Client("pgbench", "-n", "-c", "4", "-j", "2", "-t", $"{transactions / 4}", Source).MustAsync(stop);
        for (var at = 0; at < wide; at += 10_000)
            await server.ExecuteAsync(Source, $"UPDATE wide SET g = g || 'z', h = h + 1, f = f || '{{\"u\": 1}}' WHERE id % 100000 >= {at % 100_000} AND id % 100000 < {at % 100_000 + 10_000}", stop);
        await using var connection = await server.ConnectAsync(Source, stop);
        await using var command = new NpgsqlCommand($"SELECT pg_stat_force_next_flush(); {Rows}", connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        await reader.ReadAsync(stop);
        return reader.GetInt64(0);
    }

    private async Task<TimeSpan> SubscriptionAsync(CancellationToken stop)
    {
        var goal = await NowAsync(stop);
        var started = Stopwatch.GetTimestamp();
        await using (var connection = await server.ConnectAsync("follow_native", stop))
        {
            var password = server.Environment["PGPASSWORD"].Replace("'", "''", StringComparison.Ordinal);
            await using var create = new NpgsqlCommand($"CREATE SUBSCRIPTION follow CONNECTION 'host=127.0.0.1 port={server.Environment["PGPORT"]} user=bench password={password} dbname={Source}' PUBLICATION follow WITH (create_slot = false, slot_name = 'follow_native', copy_data = false, streaming = on, binary = true)", connection);
            await create.ExecuteNonQueryAsync(stop);
        }
        await using var source = await server.ConnectAsync(Source, stop);
        while (true)
        {
            await using var command = new NpgsqlCommand($"SELECT confirmed_flush_lsn >= '{goal}' FROM pg_replication_slots WHERE slot_name = 'follow_native'", source);
            if (await command.ExecuteScalarAsync(stop) is true) break;
            await Task.Delay(20, stop);
        }
        var took = Stopwatch.GetElapsedTime(started);
        await server.ExecuteAsync("follow_native", "ALTER SUBSCRIPTION follow DISABLE; ALTER SUBSCRIPTION follow SET (slot_name = NONE)", stop);
        await server.ExecuteAsync("follow_native", "DROP SUBSCRIPTION follow", stop);
        return took;
    }

    private async Task<TimeSpan> GodwitAsync(CancellationToken stop)
    {
        StreamEnd from = new(Builder(Source), "source", "source"), to = new(Builder("follow_godwit"), "target", "target");
        var feed = new StreamFeed(StreamFeed.ForwardName, "follow_godwit", "follow", "follow_godwit", "follow_none");
        var started = Stopwatch.GetTimestamp();
        await using (var connection = await to.ConnectAsync(stop)) await StreamFacts.StartAsync(connection, feed, "bench", default, stop);
        await server.ExecuteAsync("follow_godwit", $"UPDATE godwit.stream SET applied = {(await ConfirmedAsync(stop)).ToString(CultureInfo.InvariantCulture)}", stop);
        var goal = await StreamFollower.NowAsync(from, stop);
        var totals = await new StreamFollower(from, to, feed, r => new SqlName(r.Schema, r.Name), new(), TimeProvider.System, new Progress<StreamReport>(), f => say.WriteLine($"{f.Code}: {f.Problem}")).RunAsync(goal, stop);
        say.WriteLine($"godwit: {totals.Changes:N0} changes in {totals.Transactions:N0} transactions, {Process.GetCurrentProcess().PeakWorkingSet64 / 1_000_000} MB at most");
        return Stopwatch.GetElapsedTime(started);
    }

    private NpgsqlConnectionStringBuilder Builder(string database) => new()
    {
        Host = "127.0.0.1", Port = int.Parse(server.Environment["PGPORT"], CultureInfo.InvariantCulture), Username = "bench", Password = server.Environment["PGPASSWORD"], Database = database, SslMode = SslMode.Disable,
    };

    private async Task<decimal> ConfirmedAsync(CancellationToken stop)
    {
        await using var connection = await server.ConnectAsync(Source, stop);
        await using var command = new NpgsqlCommand("SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = 'follow_godwit'", connection);
        return (decimal)(await command.ExecuteScalarAsync(stop))!;
    }

    private async Task<string> NowAsync(CancellationToken stop)
    {
        await using var connection = await server.ConnectAsync(Source, stop);
        await using var command = new NpgsqlCommand("SELECT pg_logical_emit_message(true, 'bench', 'here')::text", connection);
        return (string)(await command.ExecuteScalarAsync(stop))!;
    }

    private async Task<string> DigestAsync(string database, CancellationToken stop)
    {
        await using var connection = await server.ConnectAsync(database, stop);
        var digest = "";
        foreach (var table in new[] { "pgbench_accounts", "pgbench_tellers", "pgbench_branches", "pgbench_history", "wide" })
        {
            await using var command = new NpgsqlCommand($"SELECT count(*) || ' ' || sum(hashtextextended(t::text, 0)) FROM {table} t", connection);
            digest += $"{table} {await command.ExecuteScalarAsync(stop)}; ";
        }
        return digest;
    }

    private async Task DropAsync(string database, CancellationToken stop)
    {
        await server.ExecuteAsync("postgres", $"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{database}'", stop);
        await server.ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS {database} WITH (FORCE)", stop);
    }
}
