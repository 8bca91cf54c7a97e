using System.Diagnostics;
using Godwit.Journal;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>A run that ends in the middle, by whatever cause, goes on by the same command, and the target is equal in the end.</summary>
public class ResumeTests(PostgresFixture postgres)
{
    private const string Tables = """
        create table a (id int primary key, v text); create table b (id int primary key, a_id int references a, v text); create table c (v text); create table d (id int, v text); create index on d (v);
        insert into a select i, repeat('a' || i, 40) from generate_series(1, 4000) i; insert into b select i, i, repeat('b' || i, 30) from generate_series(1, 4000) i;
        insert into c select repeat('c' || i, 20) from generate_series(1, 4000) i; insert into d select i, 'd' || i from generate_series(1, 4000) i;
        create sequence s; select setval('s', 41); select lo_from_bytea(4711, 'large');
        create view w as select a.id, b.v from a join b on b.a_id = a.id
        """;

    private static readonly MigrationOptions OneJob = new() { Jobs = 1, ChunkBytes = 200_000 };

    [Fact]
    public async Task What_is_loaded_and_unchanged_since_is_kept_and_the_rest_is_loaded_at_the_new_moment()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        await InterruptAsync(pair, e => e is MigrationEvent.TableFinished { Stage: Stage.Copy, Table: "public.c" });
        // The largest tables come first: a and b are loaded, in several chunks each; d is not.
        await pair.SourceAsync("update a set v = 'changed' where id = 7; insert into d values (9999, 'new'); select nextval('s'), nextval('s')");
        var found = new List<Finding>();

        var result = await pair.MigrateAsync(OneJob, e => { if (e is MigrationEvent.Found f) found.Add(f.Finding); });

        Assert.Equal("public.a", Assert.Single(found, f => f.Code == "source-changed-since").Subject);
        Assert.Equal(16_001, result.Tables.Sum(t => t.RowsWritten));
        await pair.AssertEqualAsync("--inserts");
        Assert.Equal(["changed"], await pair.Target.QueryAsync("select v from a where id = 7"));
        Assert.Equal(["43"], await pair.Target.QueryAsync("select last_value from s"));
    }

    [Theory]
    [InlineData("delete from b where id = 17")]
    [InlineData("delete from b where id = 17; insert into b values (4001, 1, 'x')")]
    [InlineData("vacuum full b")]
    [InlineData("truncate b")]
    [InlineData("begin; savepoint x; insert into b values (4001, 1, 'x'); release x; commit")]
    public async Task Every_kind_of_change_is_noticed(string change)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        await InterruptAsync(pair, e => e is MigrationEvent.TableFinished { Stage: Stage.Copy, Table: "public.b" });
        await pair.SourceAsync(change);

        await pair.MigrateAsync(OneJob);

        await pair.AssertEqualAsync("--inserts");
    }

    [Fact]
    public async Task An_unchanged_source_is_not_read_twice()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        // Beside a transaction that is older than the rows (of another test) nobody can tell that they were there before the first moment.
        var written = (await pair.Source.QueryAsync("select pg_current_xact_id()::text"))[0];
        await pair.Source.WaitForAsync($"select (pg_snapshot_xmin(pg_current_snapshot()) > '{written}'::xid8)::text", "true");
        await InterruptAsync(pair, e => e is MigrationEvent.TableFinished { Stage: Stage.Copy, Table: "public.b" });
        var started = new List<string>();
        long resumed = 0;

        await pair.MigrateAsync(OneJob, e =>
        {
            if (e is MigrationEvent.TableStarted { Stage: Stage.Copy } s) started.Add(s.Table);
            if (e is MigrationEvent.Resumed r) resumed = r.DoneRows;
        });

        Assert.DoesNotContain("public.b", started);
        Assert.InRange(resumed, 4000, 15_999);
        await pair.AssertEqualAsync("--inserts");
    }

    [Theory]
    [InlineData(Stage.Prepare)]
    [InlineData(Stage.Copy)]
    [InlineData(Stage.PostData)]
    public async Task Other_objects_in_the_source_mean_that_the_run_starts_over(Stage stage)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        await InterruptAsync(pair, e => e is MigrationEvent.StageFinished f && f.Stage == stage);
        await pair.SourceAsync("drop view w; alter table a add more int default 5; create view w as select id from a; create type color as enum ('red')");

        await pair.MigrateAsync(OneJob);

        await pair.AssertEqualAsync("--inserts");
    }

    [Fact]
    public async Task Rows_that_changed_when_keys_were_built_mean_that_the_run_starts_over()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        await InterruptAsync(pair, e => e is MigrationEvent.StepFinished { Id: var id } && id.StartsWith("INDEX", StringComparison.Ordinal));
        await pair.SourceAsync("update b set v = 'late'");

        await pair.MigrateAsync(OneJob);

        await pair.AssertEqualAsync("--inserts");
    }

    [Theory]
    [InlineData("source", "pid <> pg_backend_pid() and query like 'COPY%'")]
    [InlineData("source", "pid <> pg_backend_pid() and query not like 'COPY%'")]
    [InlineData("target", "pid <> pg_backend_pid() and query like 'COPY%'")]
    public async Task Sessions_that_end_in_the_middle_of_the_copy_cost_a_chunk(string where, string which)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        var cut = 0;

        await pair.MigrateAsync(OneJob, e =>
        {
            if (e is MigrationEvent.TableProgress { Stage: Stage.Copy, Table: "public.b" } && Interlocked.Exchange(ref cut, 1) == 0)
                Task.Run(() => (where == "source" ? pair.Source : pair.Target).ExecuteAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'godwit' and {which} order by backend_start limit 1")).GetAwaiter().GetResult();
        });

        Assert.Equal(1, cut);
        await pair.AssertEqualAsync("--inserts");
    }

    [Fact]
    public async Task When_every_session_on_the_source_ends_the_run_fails_and_goes_on_by_the_same_command()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        var cut = 0;

        var failure = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(OneJob, e =>
        {
            if (e is MigrationEvent.TableFinished { Stage: Stage.Copy, Table: "public.b" } && Interlocked.Exchange(ref cut, 1) == 0)
                Task.Run(() => pair.Source.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'godwit'")).GetAwaiter().GetResult();
        }));
        Assert.Equal("source-snapshot-lost", failure.Code);

        await pair.MigrateAsync(OneJob);

        await pair.AssertEqualAsync("--inserts");
    }

    [Theory]
    [InlineData("select count(*) >= 3 from godwit.step")]
    [InlineData("select count(*) >= 2 from godwit.chunk")]
    [InlineData("select count(*) >= 4 from godwit.chunk")]
    [InlineData("select bool_or(stage = 'PostData') from godwit.run")]
    [InlineData("select count(*) >= 8 from godwit.step")]
    public async Task Killed_at_any_moment_the_same_command_goes_on(string moment)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        await pair.SourceAsync("insert into c select repeat(md5(i::text), 40) from generate_series(1, 60000) i");

        var exit = await RunAsync(pair, async child =>
        {
            while (!child.HasExited && !await IsAsync(pair, moment)) await Task.Yield();
            child.Kill();
        });
        // On a quick machine it may have come to its end.
        if (exit != 0) exit = await RunAsync(pair, _ => Task.CompletedTask);

        Assert.Equal(0, exit);
        await pair.AssertEqualAsync("--inserts");
    }

    private static async Task<int> RunAsync(Pair pair, Func<Process, Task> meanwhile)
    {
        var here = AppContext.BaseDirectory;
        var report = Directory.CreateTempSubdirectory("godwit-kill-").FullName;
        var start = new ProcessStartInfo(Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet") { WorkingDirectory = Path.GetTempPath(), RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["exec", "--runtimeconfig", Path.Combine(here, "Godwit.IntegrationTests.runtimeconfig.json"), "--depsfile", Path.Combine(here, "Godwit.IntegrationTests.deps.json"),
            Path.Combine(here, "Godwit.Cli.dll"), "migrate", pair.SourceUrl, pair.Target.Url, "--quiet", "--report", report])
            start.ArgumentList.Add(argument);
        using var child = Process.Start(start)!;
        var said = Task.WhenAll(child.StandardOutput.ReadToEndAsync(Pair.Token), child.StandardError.ReadToEndAsync(Pair.Token));
        await meanwhile(child);
        await child.WaitForExitAsync(Pair.Token);
        await said;
        Directory.Delete(report, recursive: true);
        return child.ExitCode;
    }

    private static async Task<bool> IsAsync(Pair pair, string moment) =>
        (await pair.Target.QueryAsync("select to_regclass('godwit.chunk') is not null and to_regclass('godwit.step') is not null"))[0] == "t" && (await pair.Target.QueryAsync(moment))[0] == "t";

    private static async Task InterruptAsync(Pair pair, Func<MigrationEvent, bool> when)
    {
        await pair.SettledAsync();
        using var interrupt = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.MigrateAsync(OneJob, e => { if (when(e)) interrupt.Cancel(); }, interrupt.Token));
        await using var connection = await pair.Target.ConnectAsync();
        Assert.Equal(RunState.Interrupted, (await RunJournal.ReadStatusAsync(connection, Pair.Token))[0].State);
    }
}
