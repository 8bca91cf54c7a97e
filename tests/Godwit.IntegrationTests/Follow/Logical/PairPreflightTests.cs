using Godwit.Follow.Logical;
using Godwit.IntegrationTests.Pairs;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>Before the fence of a cutover between two servers: what stops it, what is named, and what is made ready.</summary>
public sealed class PairPreflightTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Who_will_meet_the_fence_is_named_beforehand()
    {
        await using var pair = await PairJourneyTests.FollowedAsync(postgres);
        // As the extension makes it.
        await pair.SourceAsync("create schema cron; create table cron.job (jobid bigint, schedule text, command text, database text default current_database(), active bool default true, jobname text); insert into cron.job values (1, '5 * * * *', 'select 1'), (2, '* * * * *', 'select 2')");
        await pair.TargetAsync("create schema cron; create table cron.job (jobid bigint, schedule text, command text, database text default current_database(), active bool default true, jobname text)");
        await pair.SourceAsync("update cron.job set jobname = 'nightly' where jobid = 1; update cron.job set active = false where jobid = 2");
        await using var open = await pair.Source.ConnectAsync();
        await using (var begin = new NpgsqlCommand("set application_name = 'report'; begin; select 1; ", open)) await begin.ExecuteNonQueryAsync(Pair.Token);
        await pair.Source.WaitForAsync("select (count(*) > 0)::text from pg_stat_activity where application_name = 'report' and datname = current_database() and clock_timestamp() - xact_start > interval '3.2 s'", "true");
        var found = new List<Finding>();
        await PairJourneyTests.SwitchAsync(pair, found: found.Add);
        Assert.Contains("nightly", Assert.Single(found, f => f.Code == "cutover-cron").Problem);
        Assert.DoesNotContain("job 2", found.Single(f => f.Code == "cutover-cron").Problem);
        Assert.Contains("report", Assert.Single(found, f => f.Code == "cutover-long-transactions").Problem);
    }

    [Fact]
    public async Task What_the_source_was_given_since_the_migration_is_not_lost_in_silence()
    {
        await using var pair = await PairJourneyTests.FollowedAsync(postgres);
        await pair.SourceAsync("create table late (id int); insert into late values (1); create table gone (id int); drop table gone; create index late_index on t (v); create policy late_policy on t using (true); alter table t enable row level security");
        var refused = await Assert.ThrowsAsync<GodwitException>(() => PairJourneyTests.SwitchAsync(pair));
        Assert.Equal(("cutover-new-tables", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.Contains(": public.late.", refused.Problem);
        // Still in use.
        await pair.SourceAsync("insert into t (v) values ('after the refusal'); drop table late");
        var found = new List<Finding>();
        await PairJourneyTests.SwitchAsync(pair, found: found.Add);
        var said = Assert.Single(found, f => f.Code == "cutover-schema-differs").Problem;
        foreach (var what in new[] { "index public.late_index is missing in the target", "policy public.t.late_policy is missing in the target", "table public.t row security: enabled in the source" }) Assert.Contains(what, said);
    }

    [Fact]
    public async Task Materialized_views_are_refreshed_before_the_switch_and_one_that_cannot_be_is_named()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(PairJourneyTests.Schema + "create materialized view a_second as select 1 as n; drop materialized view a_second; create materialized view z_first as select count(*) as n from t; create materialized view a_second as select n from z_first; create materialized view failing as select count(*) as n from nokey");
        await pair.MigrateAsync(PairJourneyTests.Options);
        await pair.SourceAsync("insert into t (v) values ('followed')");
        await pair.TargetAsync("create function refuse() returns int language plpgsql as 'begin raise exception ''no''; end'; drop materialized view failing; create materialized view failing as select refuse() as n with no data");
        var found = new List<Finding>();
        await PairJourneyTests.SwitchAsync(pair, found: found.Add);
        Assert.Equal(["101"], await pair.Target.QueryAsync("select n::text from a_second"));
        Assert.Contains("failing", Assert.Single(found, f => f.Code == "cutover-view-not-refreshed").Subject);
    }

    [Fact]
    public async Task A_prepared_transaction_stops_the_cutover_before_it_begins()
    {
        await using var pair = await PairJourneyTests.FollowedAsync(postgres);
        await using (var connection = await pair.Source.ConnectAsync())
        await using (var command = new NpgsqlCommand("begin; insert into t (v) values ('prepared'); prepare transaction 'godwit_test'", connection)) await command.ExecuteNonQueryAsync(Pair.Token);
        Assert.Equal("cutover-prepared", (await Assert.ThrowsAsync<GodwitException>(() => PairJourneyTests.SwitchAsync(pair))).Code);
        await using (var connection = await pair.Source.ConnectAsync())
        await using (var command = new NpgsqlCommand("commit prepared 'godwit_test'", connection)) await command.ExecuteNonQueryAsync(Pair.Token);
        await PairJourneyTests.SwitchAsync(pair);
        Assert.Equal("1", (await pair.Target.QueryAsync("select count(*) from t where v = 'prepared'"))[0]);
    }

    [Theory]
    [InlineData(FollowMethod.Slot, "", "")]
    [InlineData(FollowMethod.Triggers, "", "")]
    [InlineData(FollowMethod.Slot, "public.t", "")]
    [InlineData(FollowMethod.Slot, "", "public.nokey")]
    public async Task Schemas_that_are_as_they_were_migrated_are_not_told_to_differ(FollowMethod method, string include, string exclude)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(PairJourneyTests.Schema);
        var options = PairJourneyTests.Options with { FollowMethod = method, Include = include.Length == 0 ? [] : [include], Exclude = exclude.Length == 0 ? [] : [exclude] };
        await pair.MigrateAsync(options);
        var found = new List<Finding>();
        await PairJourneyTests.SwitchAsync(pair, found: found.Add, options: options);
        await PairJourneyTests.SwitchAsync(pair, back: true, options: options);
        await PairJourneyTests.SwitchAsync(pair, found: found.Add, options: options);
        Assert.DoesNotContain(found, f => f.Code == "cutover-schema-differs");
    }
}
