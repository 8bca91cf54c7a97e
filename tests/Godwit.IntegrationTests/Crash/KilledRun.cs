using Godwit.IntegrationTests.Follow;
using Godwit.IntegrationTests.Migrating;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>A small application that is migrated, followed, switched, and killed at every moment of it.</summary>
internal sealed class KilledRun(Scenario scenario) : IAsyncDisposable
{
    public const int Killed = 137;

    private const string Tables = """
        pragma journal_mode = wal;
        create table t (id integer primary key autoincrement, u text unique, at timestamp);
        create table c (t_id integer references t (id) on delete cascade, n integer, primary key (t_id, n));
        create table keyless (v text);
        insert into t (u, at) with recursive i(i) as (select 1 union all select i + 1 from i where i < 500) select 'u' || i, '2024-01-02 03:04:05' from i;
        insert into c select id, id % 3 from t; insert into keyless select u from t where id < 20;
        """;

    private int _written;

    public Scenario Scenario => scenario;

    public static async Task<KilledRun> CreateAsync(PostgresFixture postgres)
    {
        var run = new KilledRun(await Scenario.CreateAsync(postgres, Tables));
        await File.WriteAllTextAsync(run.EnvFile, Env, Scenario.Token);
        return run;
    }

    public const string Env = "USE_SUPABASE=true\n";
    public string EnvFile => Path.Combine(Path.GetDirectoryName(scenario.File)!, ".env.app");
    private string[] EnvFlags => ["--env", EnvFile];

    public Task<(int Code, string Said)> MigrateAsync(string? failpoint) => GodwitProcess.RunAsync(scenario, ["migrate"], failpoint, ["--follow"]);
    public Task<(int Code, string Said)> FollowAsync(string? failpoint = null) => GodwitProcess.RunAsync(scenario, ["follow"], failpoint, ["--once"]);
    public Task<(int Code, string Said)> CutoverAsync(string? failpoint = null, bool noWayBack = false) => GodwitProcess.RunAsync(scenario, ["cutover"], failpoint, [.. EnvFlags, "--set", "USE_SUPABASE=false", .. noWayBack ? ["--no-way-back"] : Array.Empty<string>()]);
    public Task<(int Code, string Said)> RollbackAsync(string? failpoint = null) => GodwitProcess.RunAsync(scenario, ["rollback"], failpoint, EnvFlags);
    public Task<(int Code, string Said)> FinishAsync(bool abandon, string? failpoint = null) => GodwitProcess.RunAsync(scenario, ["finish"], failpoint, abandon ? [.. EnvFlags, "--abandon"] : EnvFlags);

    /// <summary>`migrate --follow` until it follows; then it is killed once more.</summary>
    public async Task MigrateUntilFollowingAsync()
    {
        using var process = new GodwitProcess(scenario, ["migrate"], null, ["--follow"]);
        while (!process.HasExited && await StateAsync() != "following") await Task.Delay(50, Scenario.Token);
        if (process.HasExited) Assert.Fail((await process.EndAsync()).Said);
        process.Kill();
        await process.EndAsync();
        // The server notices a killed client only when it reads from it: the lock is let go a moment later.
        while (await IsLockedAsync()) await Task.Delay(20, Scenario.Token);
    }

    public async Task<string?> StateAsync() => await scenario.AskAsync<bool>("select to_regclass('godwit.follow') is not null") ? await scenario.AskAsync<string?>("select coalesce(max(f.state), '') from godwit.follow f join godwit.run r on r.id = f.run_id where r.state <> 'abandoned'") : null;

    public Task<bool> IsLockedAsync() => scenario.AskAsync<bool>("select exists (select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database()))");

    /// <summary>The application writes: inserts, updates, a cascade, a replaced key.</summary>
    public void WriteToSource()
    {
        var n = ++_written;
        scenario.Source($"pragma foreign_keys = on; insert into t (u) values ('s{n}'); update t set u = 'x{n}' where id = {n * 7}; delete from t where id = {n * 11}; insert or replace into t (id, u) values ({n * 13}, 'u{n * 17}'); insert into keyless values ('k{n}'); update c set n = n + 5 where t_id = {n * 3}");
    }

    /// <summary>Everything that the file is made of, but its rows.</summary>
    public List<string> SourceSchema()
    {
        using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select type || ' ' || name || ' ' || coalesce(sql, '') from sqlite_schema order by 1";
        using var row = command.ExecuteReader();
        var all = new List<string>();
        while (row.Read()) all.Add(row.GetString(0));
        return all;
    }

    /// <summary>Nothing of Godwit's is left at either side but the journal.</summary>
    public async Task AssertFinishedAsync()
    {
        WriteToSource();
        await WriteToTargetAsync();
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from pg_trigger where tgname like '%godwit%'"));
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from pg_proc where pronamespace = to_regnamespace('godwit')"));
        Assert.Equal("chunk,follow,follow_table,handover,quarantine,repaired,run,step,way_back", await scenario.AskAsync<string>("select string_agg(relname, ',' order by relname) from pg_class where relkind in ('r', 'p') and relnamespace = to_regnamespace('godwit')"));
        Assert.Equal("done finished", await scenario.AskAsync<string>("select r.state || ' ' || f.state from godwit.run r join godwit.follow f on f.run_id = r.id"));
        foreach (var start in new Func<Task<(int, string)>>[] { () => FollowAsync(), () => CutoverAsync(), () => RollbackAsync() })
        {
            var (code, said) = await start();
            Assert.True(code == 4 && said.Contains("follow-finished", StringComparison.Ordinal), said);
        }
    }

    public Task WriteToTargetAsync()
    {
        var n = ++_written;
        return scenario.DoAsync($"insert into t (u, at) values ('n{n}', '2025-01-01 00:00:00'); update t set u = 'y{n}' where id = {n * 5}; delete from t where id = {n * 19 + 1}; insert into keyless values ('k{n}')");
    }

    public async Task AssertSourceInUseAsync()
    {
        WriteToSource();
        var (code, said) = await FollowAsync();
        Assert.True(code == 0, said);
        await FollowTests.AssertEqualAsync(scenario);
        Assert.Equal(Env, await File.ReadAllTextAsync(EnvFile, Scenario.Token));
    }

    public async Task AssertSwitchedAsync()
    {
        await FollowTests.AssertEqualAsync(scenario);
        await WriteToTargetAsync();
        Assert.Contains("godwit", Assert.Throws<SqliteException>(WriteToSource).Message);
        Assert.Equal("USE_SUPABASE=false\n", await File.ReadAllTextAsync(EnvFile, Scenario.Token));
    }

    public async Task AssertTargetInUseAsync()
    {
        await AssertSwitchedAsync();
        var followed = await FollowAsync();
        Assert.True(followed.Code == 0, followed.Said);
        await FollowTests.AssertEqualAsync(scenario);
    }

    public async Task AssertTargetRefusesAsync() => Assert.Equal("25006", (await Assert.ThrowsAsync<PostgresException>(WriteToTargetAsync)).SqlState);

    public ValueTask DisposeAsync() => scenario.DisposeAsync();
}
