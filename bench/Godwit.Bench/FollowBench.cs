using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Godwit.Bench.Data;
using Npgsql;
using SQLitePCL;

namespace Godwit.Bench;

/// <summary>What following costs the writer, and for how long a cutover and a rollback under load keep everybody from writing.</summary>
internal sealed class FollowBench(PrivateServer server, string godwit, string folder, TextWriter log)
{
    private const string Database = "follow";
    private const int Writes = 2_000, Rounds = 5;
    private long _friends;
    private readonly Dictionary<string, List<double>> _steps = [];
    private string File => Path.Combine(folder, "follow.db");
    private string EnvFile => Path.Combine(folder, "follow.env");

    public async Task<string> RunAsync(Sizes sizes, int switches, CancellationToken stop)
    {
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        Datasets.Write(Dataset.Tracker, File, sizes);
        using (var db = new Sqlite(File)) db.Do("pragma journal_mode = wal");
        var before = Overhead();
        await server.FreshAsync(Database, stop);
        await MigrateAsync(stop);
        var after = Overhead();
        await GodwitAsync(["follow", "--once"], stop);
        var text = new StringBuilder("## Following an SQLite file\n\n").Append(Writer(sizes, before, after));
        using (var db = new Sqlite(File)) _friends = db.Number("select count(*) from friendships where user_id = 1");
        await System.IO.File.WriteAllTextAsync(EnvFile, "USE_NEW=0\n", stop);
        using var application = new Application(File, EnvFile, server);
        var load = Task.Run(() => application.Run(), stop);
        List<(double Said, double Seen)> forward = [], back = [];
        for (var i = 0; i < switches; i++)
        {
            forward.Add(await SwitchAsync("cutover", application, ["--set", "USE_NEW=1"], stop));
            await Task.Delay(300, stop);
            back.Add(await SwitchAsync("rollback", application, [], stop));
            await Task.Delay(300, stop);
            await log.WriteLineAsync($"  switch {i + 1}: cutover {forward[^1].Said:0.00} s, rollback {back[^1].Said:0.00} s, {application.Written:N0} writes so far");
        }
        application.Stop();
        await load;
        text.Append(CultureInfo.InvariantCulture, $"""
            {switches} cutovers and as many rollbacks of the same database, each with every value verified, while one application writes to whichever side its `.env` names ({application.Written:N0} writes; none was lost:
            the rows of both sides were counted and compared at the end).
            "outage" is what Godwit prints: from the fence to the opening. "gap" is what the application saw: from its last write on the old side to its first on the new one.

            | | median outage | p95 outage | longest | p95 gap |
            | --- | ---: | ---: | ---: | ---: |
            | cutover | {Median(forward, x => x.Said):0.00} s | {P95(forward, x => x.Said):0.00} s | {forward.Max(x => x.Said):0.00} s | {P95(forward, x => x.Seen):0.00} s |
            | rollback | {Median(back, x => x.Said):0.00} s | {P95(back, x => x.Said):0.00} s | {back.Max(x => x.Said):0.00} s | {P95(back, x => x.Seen):0.00} s |

            Where the time goes ("fence" holds the wait for the file's lock, which keeps nobody from writing and is not counted):

            | step | median | p95 |
            | --- | ---: | ---: |

            """);
        foreach (var (step, times) in _steps)
            text.Append(CultureInfo.InvariantCulture, $"| {step} | {times.Order().ElementAt(times.Count / 2):0.000} s | {times.Order().ElementAt((int)Math.Ceiling(times.Count * 0.95) - 1):0.000} s |\n");
        await GodwitAsync(["follow", "--once"], stop);
        await GodwitAsync(["verify"], stop);
        using (var db = new Sqlite(File))
            if (db.Number("select count(*) from friendships where user_id = 1") - _friends is var found && application.Added != found) throw new InvalidOperationException($"{application.Added} rows were added, {found} are there");
        return text.ToString();
    }

    private static double Median(List<(double, double)> of, Func<(double Said, double Seen), double> which) => of.Select(which).Order().ElementAt(of.Count / 2);

    private static double P95(List<(double, double)> of, Func<(double Said, double Seen), double> which) => of.Select(which).Order().ElementAt((int)Math.Ceiling(of.Count * 0.95) - 1);

    private static string Writer(Sizes sizes, double[] before, double[] after)
    {
        string Row(string what, int at) => string.Create(CultureInfo.InvariantCulture, $"| {what} | {before[at]:0.0} us | {after[at]:0.0} us | {after[at] / before[at]:0.00} |\n");
        return string.Create(CultureInfo.InvariantCulture, $"""
            The tracker with {sizes.Users:N0} users, WAL, synchronous=normal. One write of the application to internships (two indexes), prepared, without and with Godwit's triggers; median of {Rounds} rounds of {Writes:N0} writes.

            | write | without | with | ratio |
            | --- | ---: | ---: | ---: |

            """) + Row("INSERT, each committed", 0) + Row("UPDATE, each committed", 1) + Row("DELETE, each committed", 2) + Row("INSERT in one transaction", 3) + Row("UPDATE in one transaction", 4) + Row("DELETE in one transaction", 5) + "\n";
    }

    /// <summary>Microseconds a write: insert, update, delete; each committed, then all in one transaction.</summary>
    private double[] Overhead()
    {
        using var db = new Sqlite(File);
        db.Do("pragma synchronous = normal; pragma foreign_keys = on");
        var laps = Enumerable.Range(0, 6).Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < Rounds; round++)
            for (var kind = 0; kind < 6; kind++)
            {
                using var statement = db.Prepare((kind % 3) switch
                {
                    0 => "insert into internships (id, user_id, company, position) values (?1 + 100000000, 1, 'bench', 'bench')",
                    1 => "update internships set status = 'offer', notes = 'bench' where id = ?1 + 100000000",
                    _ => "delete from internships where id = ?1 + 100000000",
                });
                if (kind >= 3) db.Do("begin");
                var started = Stopwatch.GetTimestamp();
                for (var i = 0; i < Writes; i++) db.Run(statement, i);
                if (kind >= 3) db.Do("commit");
                laps[kind].Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds / Writes);
            }
        return [.. laps.Select(l => l.Order().ElementAt(l.Count / 2))];
    }

    private async Task MigrateAsync(CancellationToken stop)
    {
        var start = new ProcessStartInfo(godwit, ["migrate", File, server.Url(Database), "--follow", "--yes", "--no-input", "--quiet"]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in server.Environment) start.Environment[name] = value;
        using var migrate = Process.Start(start) ?? throw new InvalidOperationException($"{godwit} did not start");
        var said = Task.WhenAll(migrate.StandardOutput.ReadToEndAsync(stop), migrate.StandardError.ReadToEndAsync(stop));
        while (!migrate.HasExited)
        {
            await Task.Delay(500, stop);
            var status = await new Command(godwit, ["status", server.Url(Database), "--json"]) { Environment = server.Environment }.RunAsync(stop);
            if (status.Output.Contains("\"following\"", StringComparison.Ordinal)) break;
        }
        await new Command("kill", ["-INT", $"{migrate.Id}"]).RunAsync(stop);
        await migrate.WaitForExitAsync(stop);
        if (migrate.ExitCode != 0) throw new InvalidOperationException(string.Join('\n', await said));
    }

    private Task<Ran> GodwitAsync(string[] words, CancellationToken stop) =>
        new Command(godwit, [words[0], File, server.Url(Database), .. words[1..], "--no-input"]) { Environment = server.Environment }.MustAsync(stop);

    private async Task<(double Said, double Seen)> SwitchAsync(string command, Application application, string[] more, CancellationToken stop)
    {
        application.ForgetGap();
        var ran = await new Command(godwit, [command, File, server.Url(Database), "--yes", "--no-input", "--json", "--env", EnvFile, .. more]) { Environment = server.Environment }.MustAsync(stop);
        using var document = JsonDocument.Parse(ran.Output);
        foreach (var step in document.RootElement.GetProperty("steps").EnumerateArray())
        {
            var name = $"{command}: {step.GetProperty("step").GetString()}";
            if (!_steps.TryGetValue(name, out var times)) _steps[name] = times = [];
            times.Add(step.GetProperty("seconds").GetDouble());
        }
        await Task.Delay(100, stop);
        return (document.RootElement.GetProperty("outage_seconds").GetDouble(), application.LongestGap);
    }

    /// <summary>Writes without pause to the side that its .env names, and tries again when it is refused.</summary>
    private sealed class Application(string file, string env, PrivateServer server) : IDisposable
    {
        private readonly Sqlite _old = new(file);
        private volatile bool _stopped;
        private long _lastWrite = Stopwatch.GetTimestamp();

        public long Written { get; private set; }
        public long Added { get; private set; }
        public double LongestGap { get; private set; }

        public void ForgetGap() => LongestGap = 0;

        public void Stop() => _stopped = true;

        public void Run()
        {
            using var there = server.ConnectAsync(Database, CancellationToken.None).GetAwaiter().GetResult();
            for (var i = 0; !_stopped; i++)
            {
                try
                {
                    // A friend is added, and now and then a status changes.
                    var sql = i % 3 < 2 ? $"insert into friendships (user_id, friend_id, status, created_at) select 1, u.id, 'pending', {{0}} from users u where u.id > 1 and not exists (select 1 from friendships f where f.user_id = 1 and f.friend_id = u.id) limit 1"
                        : $"update internships set notes = 'note {i}' where id = {1 + i % 1000}";
                    long changed;
                    if (System.IO.File.ReadAllText(env).Contains("USE_NEW=1", StringComparison.Ordinal))
                    {
                        using var command = new NpgsqlCommand(string.Format(CultureInfo.InvariantCulture, sql, "'2025-01-01'"), there);
                        changed = command.ExecuteNonQuery();
                    }
                    else
                    {
                        changed = _old.Do(string.Format(CultureInfo.InvariantCulture, sql, "'2025-01-01 00:00:00'"));
                    }
                    // A statement that finds nothing to write meets no fence.
                    if (changed == 0) continue;
                    if (i % 3 < 2) Added += changed;
                    Written++;
                    var now = Stopwatch.GetTimestamp();
                    LongestGap = Math.Max(LongestGap, Stopwatch.GetElapsedTime(_lastWrite, now).TotalSeconds);
                    _lastWrite = now;
                    Thread.Sleep(2);
                }
                catch (Exception e) when (e is PostgresException or InvalidOperationException or IOException)
                {
                    Thread.Sleep(5);
                }
            }
        }

        public void Dispose() => _old.Dispose();
    }

    /// <summary>A connection of the application's.</summary>
    private sealed class Sqlite : IDisposable
    {
        private readonly sqlite3 _db;

        public Sqlite(string file)
        {
            if (raw.sqlite3_open(file, out _db) != raw.SQLITE_OK) throw new InvalidOperationException(file);
            raw.sqlite3_busy_timeout(_db, 30_000);
        }

        public long Do(string sql)
        {
            if (raw.sqlite3_exec(_db, sql) is not raw.SQLITE_OK) throw new InvalidOperationException(raw.sqlite3_errmsg(_db).utf8_to_string());
            return raw.sqlite3_changes(_db);
        }

        public long Number(string sql)
        {
            using var statement = Prepare(sql);
            return raw.sqlite3_step(statement) == raw.SQLITE_ROW ? raw.sqlite3_column_int64(statement, 0) : 0;
        }

        public sqlite3_stmt Prepare(string sql) => raw.sqlite3_prepare_v2(_db, sql, out var statement) == raw.SQLITE_OK ? statement : throw new InvalidOperationException(raw.sqlite3_errmsg(_db).utf8_to_string());

        public void Run(sqlite3_stmt statement, long value)
        {
            raw.sqlite3_bind_int64(statement, 1, value);
            if (raw.sqlite3_step(statement) != raw.SQLITE_DONE) throw new InvalidOperationException(raw.sqlite3_errmsg(_db).utf8_to_string());
            raw.sqlite3_reset(statement);
        }

        public void Dispose() => _db.Dispose();
    }
}
