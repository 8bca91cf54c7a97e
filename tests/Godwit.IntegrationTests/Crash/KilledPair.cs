using Godwit.IntegrationTests.Pairs;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>A small application that moves from one PostgreSQL to another, is followed, switched, and killed at every moment of it.</summary>
internal sealed class KilledPair : IAsyncDisposable
{
    public static readonly MigrationOptions Options = new() { Jobs = 2, Follow = true };

    private const string Tables = """
        create table t (id bigint generated always as identity primary key, u text unique, at timestamptz);
        create table c (t_id bigint references t (id) on delete cascade, n int, primary key (t_id, n));
        create table keyless (v text);
        create table part (id int, k int, primary key (id, k)) partition by list (k);
        create table part_1 partition of part for values in (1);
        create table part_2 partition of part for values in (2);
        create sequence loose start 100;
        insert into t (u, at) select 'u' || i, '2024-01-02 03:04:05+00' from generate_series(1, 500) i;
        insert into c select id, id % 3 from t;
        insert into keyless select u from t where id < 20 union all select u from t where id < 5;
        insert into part select i, 1 + i % 2 from generate_series(1, 50) i;
        create table doc (id int primary key, body oid, expected text);
        insert into doc select i, lo_from_bytea(0, convert_to('original ' || i, 'utf8')), 'original ' || i from generate_series(1, 50) i;
        """;

    private static readonly string[] s_tables = ["t", "c", "keyless", "part", "part_1", "part_2", "doc"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-killed-");
    private readonly Pair _pair;
    private readonly string _passwords;
    private int _written;

    private readonly FollowMethod _method;

    private KilledPair(Pair pair, FollowMethod method) => (_pair, _method, _passwords) = (pair, method, GodwitProcess.WritePasswords(pair, _folder.FullName));

    private string[] MethodFlags => ["--method", _method == FollowMethod.Slot ? "slot" : "triggers"];

    public string EnvFile => Path.Combine(_folder.FullName, ".env.app");
    private string[] EnvFlags => ["--env", EnvFile];

    public static async Task<KilledPair> CreateAsync(PostgresFixture postgres, bool migrated, FollowMethod method = FollowMethod.Slot)
    {
        var run = new KilledPair(await Pair.CreateAsync(postgres), method);
        await File.WriteAllTextAsync(run.EnvFile, KilledRun.Env, Pair.Token);
        await run._pair.SourceAsync(Tables);
        if (migrated) await run._pair.MigrateAsync(Options with { FollowMethod = method });
        return run;
    }

    public GodwitProcess Start(string word, string? failpoint = null) => new(_pair, _folder.FullName, _passwords, word.Split(' '), failpoint, word.Split(' ')[0] switch
    {
        "migrate" => ["--follow", .. MethodFlags],
        "follow" => ["--once"],
        "cutover" => [.. EnvFlags, "--set", "USE_SUPABASE=false", .. MethodFlags],
        _ => EnvFlags,
    });

    /// <summary>Runs to the end, or to the failpoint, and until the server has noticed.</summary>
    public async Task<(int Code, string Said)> RunAsync(string word, string? failpoint = null)
    {
        using var process = Start(word, failpoint);
        var ended = await process.EndAsync();
        await UnlockedAsync();
        return ended;
    }

    /// <summary>Dies at the failpoint.</summary>
    public async Task KillAsync(string word, string failpoint)
    {
        var (code, said) = await RunAsync(word, failpoint);
        Assert.True(code == KilledRun.Killed, said);
    }

    public async Task SucceedAsync(string word)
    {
        var (code, said) = await RunAsync(word);
        Assert.True(code == 0, said);
    }

    /// <summary>`migrate --follow` until it follows; then it is killed once more.</summary>
    public async Task MigrateUntilFollowingAsync()
    {
        using var process = Start("migrate");
        while (!process.HasExited && await StateAsync() != "following") await Task.Delay(50, Pair.Token);
        if (process.HasExited) Assert.Fail((await process.EndAsync()).Said);
        process.Kill();
        await process.EndAsync();
        await UnlockedAsync();
    }

    /// <summary>The server notices a killed client only when it reads from it: lock and slots are let go a moment later.</summary>
    public async Task UnlockedAsync()
    {
        await _pair.Target.WaitForAsync("select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())", "0");
        foreach (var side in new[] { _pair.Source, _pair.Target }) await side.WaitForAsync("select count(*) from pg_stat_activity where datname = current_database() and application_name like 'godwit%'", "0");
    }

    private async Task<string?> StateAsync() => (await _pair.Target.QueryAsync("select to_regclass('godwit.follow') is not null"))[0] == "t" ? (await _pair.Target.QueryAsync("select coalesce(max(f.state), '') from godwit.follow f join godwit.run r on r.id = f.run_id where r.state <> 'abandoned'"))[0] : null;

    /// <summary>Nothing of Godwit's is left at either side but the journal; where the application has moved, the old side keeps its fence.</summary>
    public async Task AssertFinishedAsync(bool switched)
    {
        var id = (await _pair.Target.QueryAsync("select feed from godwit.stream where name = 'forward'"))[0];
        foreach (var (side, fenced) in new[] { (_pair.Source, switched), (_pair.Target, false) })
        {
            Assert.Empty(await side.QueryAsync("select slot_name from pg_replication_slots where database = current_database()"));
            Assert.Empty(await side.QueryAsync("select pubname from pg_publication"));
            Assert.Empty(await side.QueryAsync($"select roname from pg_replication_origin where roname like 'godwit\\_{id}\\_%'"));
            Assert.Empty(await side.QueryAsync("select evtname from pg_event_trigger where evtname like '%godwit%'"));
            Assert.Empty(await side.QueryAsync("select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and relreplident <> 'd'"));
            Assert.Equal(fenced ? ["godwit_pair_fence"] : [], await side.QueryAsync("select distinct tgname from pg_trigger where tgname like '%godwit%'"));
            Assert.Equal(fenced ? ["pair_fence"] : [], await side.QueryAsync("select proname from pg_proc where pronamespace = to_regnamespace('godwit')"));
            Assert.Equal(fenced ? ["default_transaction_read_only=on"] : [], await side.QueryAsync("select unnest(setconfig) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database()"));
        }
        Assert.Equal(switched ? ["fence"] : [], await _pair.Source.QueryAsync(Tables("godwit")));
        Assert.Equal(switched, (await _pair.Source.QueryAsync("select to_regnamespace('godwit') is not null"))[0] == "t");
        // The journal, of which status tells.
        Assert.Equal(["chunk", "conflict", "follow", "follow_table", "handover", "quarantine", "repaired", "run", "step", "stream", "way_back"], await _pair.Target.QueryAsync(Tables("godwit")));
        Assert.Equal("done finished", (await _pair.Target.QueryAsync("select r.state || ' ' || f.state from godwit.run r join godwit.follow f on f.run_id = r.id"))[0]);
        await WriteToTargetAsync();
        if (switched) Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(WriteToSourceAsync)).SqlState);
        else await WriteToSourceAsync();
        foreach (var word in new[] { "follow", "cutover", "rollback" })
        {
            var (code, said) = await RunAsync(word);
            Assert.True(code == 4 && said.Contains("follow-finished", StringComparison.Ordinal), said);
        }
        static string Tables(string schema) => $"select relname from pg_class where relkind in ('r', 'p') and relnamespace = to_regnamespace('{schema}') order by 1";
    }

    public Task WriteToSourceAsync() => _pair.SourceAsync(Writes("s"));

    public Task WriteToTargetAsync() => _pair.TargetAsync(Writes("n"));

    /// <summary>Inserts, updates, a cascade, changed keys, rows without a key, rows that move between partitions, large objects.</summary>
    private string Writes(string side)
    {
        var n = ++_written;
        return $"insert into t (u, at) values ('{side}{n}', now()); update t set u = 'x{n}' where id = {n * 7}; delete from t where id = {n * 11}; update c set n = n + 5 where t_id = {n * 3}; insert into keyless values ('k{n}'); "
            + $"delete from keyless where ctid = (select min(ctid) from keyless); update part set k = 3 - k where id = {n}; insert into part values ({1000 + n}, 1); select nextval('loose'); "
            + $"insert into doc values ({1000 + n}, lo_from_bytea(0, 'of {side}{n}'), 'of {side}{n}'); update doc set expected = 'changed ' || {n} where id = {n * 3}; select lo_from_bytea(body, convert_to(expected, 'utf8')) from doc where id = {n * 3} and lo_unlink(body) = 1; "
            + $"select lo_unlink(body) from doc where id = {n * 5}; delete from doc where id = {n * 5}";
    }

    public async Task AssertEqualAsync()
    {
        foreach (var table in s_tables)
        {
            var sql = $"select x::text from {table} x order by x::text collate \"C\"";
            var there = await _pair.Source.QueryAsync(sql);
            Assert.NotEmpty(there);
            Assert.Equal(there, await _pair.Target.QueryAsync(sql));
        }
        foreach (var side in new[] { _pair.Source, _pair.Target })
            if ((await side.QueryAsync("select to_regclass('godwit.stream') is not null"))[0] == "t") Assert.Equal("0", (await side.QueryAsync("select coalesce(sum(conflicts), 0) from godwit.stream"))[0]);
    }

    // Large objects are in step where the application is, not before a switch where it will be.
    private static async Task AssertObjectsAsync(TestDatabase inUse) => Assert.Equal(["0"], await inUse.QueryAsync("select count(*) filter (where convert_from(lo_get(body), 'utf8') <> expected) + abs(count(*) - (select count(*) from pg_largeobject_metadata)) from doc"));

    /// <summary>How many slots either side keeps its log for, or records of changes it fills.</summary>
    private async Task AssertSlotsAsync(string source, string target)
    {
        var sql = _method == FollowMethod.Slot ? "select count(*) from pg_replication_slots where database = current_database()" : @"select count(*) from pg_class where relkind = 'r' and relnamespace = to_regnamespace('godwit') and relname like 'logged\_%'";
        Assert.Equal(source, (await _pair.Source.QueryAsync(sql))[0]);
        Assert.Equal(target, (await _pair.Target.QueryAsync(sql))[0]);
    }

    public async Task AssertSourceInUseAsync()
    {
        await WriteToSourceAsync();
        await SucceedAsync("follow");
        await AssertEqualAsync();
        await AssertObjectsAsync(_pair.Source);
        await AssertSlotsAsync("1", "0");
        Assert.Equal(KilledRun.Env, await File.ReadAllTextAsync(EnvFile, Pair.Token));
    }

    public async Task AssertTargetInUseAsync()
    {
        await SucceedAsync("follow");
        await AssertEqualAsync();
        await AssertObjectsAsync(_pair.Target);
        await WriteToTargetAsync();
        Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(WriteToSourceAsync)).SqlState);
        Assert.Equal("USE_SUPABASE=false\n", await File.ReadAllTextAsync(EnvFile, Pair.Token));
        await SucceedAsync("follow");
        await AssertEqualAsync();
        await AssertSlotsAsync("1", "1");
    }

    public async Task AssertTargetRefusesAsync() => Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(WriteToTargetAsync)).SqlState);

    public async ValueTask DisposeAsync()
    {
        await _pair.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
