using Godwit.Journal;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

public class InterruptionTests(PostgresFixture postgres)
{
    // Six tables, so that an interruption after the first leaves work.
    private const string Tables = """
        create table a (id integer primary key, v text); create table b (id integer primary key, v text); create table c (id integer primary key, v text);
        create table d (id integer primary key, v text); create table e (id integer primary key, v text, a_id integer references a (id)); create index e_v on e (v);
        insert into a with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) select i, 'v' || i from n;
        insert into b select * from a; insert into c select * from a; insert into d select * from a; insert into e select id, v, id from a;
        """;

    private static readonly MigrationOptions OneJob = new() { Jobs = 1 };

    [Fact]
    public async Task Ctrl_C_stops_between_chunks_and_the_same_command_goes_on()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        using var interrupt = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scenario.MigrateAsync(OneJob, e => { if (e is MigrationEvent.TableFinished { Stage: Stage.Copy }) interrupt.Cancel(); }, interrupt.Token));

        Assert.Equal(0, await scenario.TablesInPublicAsync());
        var status = await StatusAsync(scenario);
        Assert.Equal(RunState.Interrupted, status.State);
        Assert.Equal(2000, status.Tables.Sum(t => t.LoadedRows));

        long resumedAt = 0;
        var result = await scenario.MigrateAsync(OneJob, e => { if (e is MigrationEvent.Resumed r) resumedAt = r.DoneRows; });

        Assert.Equal(2000, resumedAt);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(10_000, result.Tables.Sum(t => t.RowsWritten));
        Assert.Equal(RunState.Done, (await StatusAsync(scenario)).State);
    }

    [Theory]
    [InlineData(Stage.Prepare)]
    [InlineData(Stage.PostData)]
    [InlineData(Stage.Publish)]
    [InlineData(Stage.Verify)]
    public async Task A_run_interrupted_in_any_stage_goes_on(Stage stage)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        using var interrupt = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scenario.MigrateAsync(OneJob, e => { if (e is MigrationEvent.StageStarted s && s.Stage == stage) interrupt.Cancel(); }, interrupt.Token));

        var result = await scenario.MigrateAsync(OneJob);

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(10_000, await scenario.AskAsync<long>("select (select count(*) from a) + (select count(*) from b) + (select count(*) from c) + (select count(*) from d) + (select count(*) from e)"));
    }

    [Fact]
    public async Task A_connection_cut_in_the_middle_of_a_copy_costs_one_chunk_and_doubles_nothing()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        var cut = 0;

        var result = await scenario.MigrateAsync(OneJob, e =>
        {
            if (e is MigrationEvent.TableProgress { Stage: Stage.Copy, Table: "b" } && Interlocked.Exchange(ref cut, 1) == 0)
                Task.Run(() => scenario.DoAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'COPY%' and pid <> pg_backend_pid()")).GetAwaiter().GetResult();
        });

        Assert.Equal(1, cut);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(2000, await scenario.AskAsync<long>("select count(*) from b"));
    }

    [Fact]
    public async Task A_source_written_to_since_the_interruption_starts_over_at_one_moment()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        using var interrupt = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scenario.MigrateAsync(OneJob, e => { if (e is MigrationEvent.TableFinished { Stage: Stage.Copy }) interrupt.Cancel(); }, interrupt.Token));
        scenario.Source("update a set v = 'changed'; insert into d values (9999, 'new')");
        var codes = new List<string>();

        var result = await scenario.MigrateAsync(OneJob, e => { if (e is MigrationEvent.Found f) codes.Add(f.Finding.Code); });

        Assert.Contains("source-changed-since", codes);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(2000, await scenario.AskAsync<long>("select count(*) from a where v = 'changed'"));
    }

    [Fact]
    public async Task A_second_godwit_on_the_same_target_is_refused()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        GodwitException? second = null;

        await scenario.MigrateAsync(OneJob, e =>
        {
            if (e is MigrationEvent.StageStarted { Stage: Stage.Copy })
                second = Task.Run(() => Assert.ThrowsAsync<GodwitException>(() => scenario.MigrateAsync(OneJob))).GetAwaiter().GetResult();
        });

        Assert.Equal(("target-busy", ErrorKind.Blocked), (second!.Code, second.Kind));
    }

    [Fact]
    public async Task An_occupied_target_is_refused_and_replaced_only_at_the_end()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Tables);
        await scenario.DoAsync("create table a (old int); insert into a values (1)");

        var refused = await Assert.ThrowsAsync<GodwitException>(() => scenario.MigrateAsync(OneJob));
        Assert.Equal(("target-not-empty", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.False(await scenario.AskAsync<bool>("select exists (select from pg_namespace where nspname like 'godwit%')"));

        var old = 0;
        var result = await scenario.MigrateAsync(OneJob with { IfExists = IfExists.Replace }, e =>
        {
            if (e is MigrationEvent.StageStarted { Stage: Stage.Publish }) old = Task.Run(() => scenario.AskAsync<int>("select old from public.a")).GetAwaiter().GetResult();
        });

        Assert.Equal(1, old);
        Assert.Equal(2000, await scenario.AskAsync<long>("select count(*) from public.a"));
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }

    private static async Task<RunStatus> StatusAsync(Scenario scenario)
    {
        await using var connection = await scenario.Database.ConnectAsync();
        return (await RunJournal.ReadStatusAsync(connection, Scenario.Token))[0];
    }
}
