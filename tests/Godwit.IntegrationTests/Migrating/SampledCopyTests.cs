using Godwit.Journal;
using Godwit.Plan;
using Godwit.Verify;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>
/// A large table's types are guessed from a sample, and every value is looked at while it is copied. The odd value of each case stands where
/// no sample looks, just before the end of the table's first range.
/// </summary>
public class SampledCopyTests(PostgresFixture postgres)
{
    private const int Rows = 70_000;
    private const int Unseen = 23_000;

    private static string Large(string declared, string usual, string odd, string more = "") => $"""
        create table t (id integer primary key, v {declared}, w text{more});
        insert into t (id, v, w) with recursive n(i) as (select 1 union all select i + 1 from n where i < {Rows}) select i, case i when {Unseen} then {odd} else {usual} end, 'w' || i from n;
        """;

    private static async Task<MigrationPlan> WholePlanAsync(Scenario scenario)
    {
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        return await new Migration(TimeProvider.System, NullLogger.Instance).PlanAsync(source, target, new() { Jobs = 2 }, new Progress<MigrationEvent>(), Scenario.Token);
    }

    private static void AssertSame(MigrationPlan expected, MigrationPlan actual)
    {
        Assert.DoesNotContain(actual.Tables, t => t.Sampled);
        Assert.Equal(expected.PreData.Select(s => s.Sql), actual.PreData.Select(s => s.Sql));
        Assert.Equal(expected.PostData.Select(s => s.Sql), actual.PostData.Select(s => s.Sql));
        Assert.Equal(expected.Sequences, actual.Sequences);
        Assert.Equal(expected.Findings.Select(f => (f.Code, f.Subject, f.Problem)), actual.Findings.Select(f => (f.Code, f.Subject, f.Problem)));
        Assert.Equal(expected.Tables.Select(t => t.Rows), actual.Tables.Select(t => t.Rows));
        Assert.Equal(expected.Tables.SelectMany(t => t.Columns), actual.Tables.SelectMany(t => t.Columns));
    }

    [Theory]
    [InlineData("integer", "i", "'many'", "text")]
    [InlineData("integer", "i", "4000000000.5", "double precision")]
    [InlineData("smallint", "i % 100", "1000000", "integer")]
    [InlineData("varchar(5)", "'abc'", "'abcdefg'", "text")]
    [InlineData("varchar(5)", "'abc'", "'abc       '", "text")]
    [InlineData("text", "'abc'", "x'00ff'", "bytea")]
    [InlineData("text", "'abc'", "cast(x'61ff62' as text)", "bytea")]
    [InlineData("text", "'abc'", "'a' || char(0) || 'b'", "bytea")]
    [InlineData("json", "'{\"a\": 1}'", "'{\"a\": 1, \"a\": 2}'", "json")]
    [InlineData("json", "'{\"a\": 1}'", "'{broken'", "text")]
    [InlineData("boolean", "i % 2", "7", "smallint")]
    [InlineData("date", "'2024-02-03'", "'soon'", "text")]
    [InlineData("datetime", "'2024-02-03 04:05:06'", "'2024-02-03 04:05:06+02:00'", "text")]
    [InlineData("decimal(5,2)", "i / 100.0", "0.1234567", "numeric")]
    [InlineData("uuid", "'00000000-0000-4000-8000-000000000000'", "'none'", "text")]
    [InlineData("", "i", "x'01'", "bytea")]
    public async Task What_the_sample_misjudged_is_loaded_again_by_the_plan_of_every_value(string declared, string usual, string odd, string expected)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Large(declared, usual, odd));
        var copies = 0;

        var result = await scenario.MigrateAsync(on: e => copies += e is MigrationEvent.StageStarted { Stage: Stage.Copy } ? 1 : 0);

        Assert.Equal(2, copies);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(Rows, await scenario.AskAsync<long>("select count(*) from t"));
        Assert.Equal(expected, await scenario.AskAsync<string>("select format_type(atttypid, null) from pg_attribute where attrelid = 't'::regclass and attname = 'v'"));
        AssertSame(await WholePlanAsync(scenario), result.Plan);
    }

    [Theory]
    [InlineData("integer not null", "i")]
    [InlineData("varchar(5) not null", "'abc'")]
    public async Task A_null_where_none_is_declared_is_loaded_as_well(string declared, string usual)
    {
        // A file whose schema was changed by hand: NOT NULL stands over rows that hold NULL.
        await using var scenario = await Scenario.CreateAsync(postgres, Large(declared.Replace(" not null", ""), usual, "null"));
        scenario.Source($"pragma writable_schema = on; update sqlite_schema set sql = replace(sql, 'v {declared.Replace(" not null", "")}', 'v {declared}') where name = 't'; pragma writable_schema = off;");

        var result = await scenario.MigrateAsync();

        Assert.Contains(result.Findings, f => f.Code == "not-null-broken");
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        AssertSame(await WholePlanAsync(scenario), result.Plan);
    }

    [Fact]
    public async Task A_sample_that_judged_right_is_loaded_once_and_leaves_the_plan_of_every_value()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Large("integer", "i", "5000000000", ", check (v > 0), unique (w)"));
        var copies = 0;

        var result = await scenario.MigrateAsync(on: e => copies += e is MigrationEvent.StageStarted { Stage: Stage.Copy } ? 1 : 0);

        Assert.Equal(1, copies);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        AssertSame(await WholePlanAsync(scenario), result.Plan);
    }

    [Fact]
    public async Task Quarantined_rows_of_a_table_that_is_loaded_again_stand_there_once()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Large("integer", "i", "'many'"));

        var result = await scenario.MigrateAsync(new() { Jobs = 2, Misfits = MisfitPolicy.Quarantine });

        Assert.Equal(1, result.Tables.Single().Quarantined);
        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from godwit.quarantine"));
        Assert.Equal(Rows - 1, await scenario.AskAsync<long>("select count(*) from t"));
    }

    [Theory]
    [InlineData("5000000000")]
    [InlineData("'many'")]
    public async Task An_interrupted_run_goes_on_and_scans_what_it_has_not_seen(string odd)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Large("integer", "i", odd));
        using var interrupt = new CancellationTokenSource();
        var options = new MigrationOptions { Jobs = 1 };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scenario.MigrateAsync(options, e => { if (e is MigrationEvent.TableProgress { Stage: Stage.Copy }) interrupt.Cancel(); }, interrupt.Token));
        Assert.InRange(await scenario.AskAsync<long>("select coalesce(sum(rows), 0)::bigint from godwit.chunk"), 1, Rows - 1);

        var result = await scenario.MigrateAsync(options);

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(Rows, await scenario.AskAsync<long>("select count(*) from t"));
        AssertSame(await WholePlanAsync(scenario), result.Plan);
    }

    [Fact]
    public async Task A_policy_of_fail_is_told_before_anything_is_loaded()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Large("integer", "i", "'many'"));

        var failure = await Assert.ThrowsAsync<GodwitException>(() => scenario.MigrateAsync(new() { Jobs = 2, Misfits = MisfitPolicy.Fail }));

        Assert.Equal("values-do-not-fit", failure.Code);
        Assert.False(await scenario.AskAsync<bool>("select to_regclass('godwit.run') is not null"));
    }

    [Fact]
    public async Task A_child_key_follows_its_parents_type_when_that_was_misjudged()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Large("integer", "i", "'many'", ", unique (v)") + "create table child (id integer primary key, v integer references t (v)); insert into child values (1, 5), (2, 'many');");

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        AssertSame(await WholePlanAsync(scenario), result.Plan);
    }
}
