using Godwit.Verify;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>Views, generated columns and indexes that read moments as text find the text that the source holds.</summary>
public class MomentSpellingTests(PostgresFixture postgres)
{
    private static readonly string[] Queries =
    [
        "select id, at || '' as x from t",
        "select id, substr(at, 1, 10) as day, substr(at, 12) as rest, substr(at, -3) as tail from t",
        "select id from t where at like '2024-01-%' or at like '%Z'",
        "select id, length(at) as l, upper(at) as u, replace(at, ':', '') as r, instr(at, 'T') as i from t",
        "select id, cast(at as text) as c, coalesce(at, '-') as o, ifnull(at, at) || '' as n, quote(at) as q, printf('%s', at) as p, hex(at) as h from t",
        "select min(at) || '' as x, group_concat(at, ', ') as g from t",
        "select id, json_object('at', at) ->> '$.at' as j from t",
        "select id, cast(at as integer) as i from t",
        "select id, (case when id > 1 then at else at end) || '' as x from t",
        "select at || '' as x from (select at from t union all select at from t)",
        "select id, at || '' as x from passed",
        "select id from t where at >= '2024-02-01'",
        "select id from t where at < '2024-01-31'",
        "select id from t where at > '2024-02-01 00:00:00'",
        "select id from t where at <= '2024-01-31 23:30:00'",
        "select id from t where at <= '2024-01-31 23:30'",
        "select id from t where at >= '2024-01-31T23:30:00'",
        "select id from t where at = '2024-01-31 23:30:00' or at = '2024-01-31'",
        "select id from t where at < '2024-01-31T23:30:00.000Z' or at in ('2024-02-01', '2024-02-01T00:00:00', '2000-01-01 08:30:00')",
        "select id from t where at between '2000-01-01 08:00:00' and '2000-01-01 09:00:00'",
        "select id from t where at > datetime('2024-01-31 23:30:00') or at = date('2024-02-01')",
        "select a.id as a, b.id as b from t a join t b on a.at < b.at",
        "select a.id as a, b.id as b from t a join other b on a.at = b.at or a.at < b.at",
    ];

    [Theory]
    [InlineData("datetime", "2024-01-31 23:30:00|2024-02-01 00:00:00|2023-12-31 10:20:30")]
    [InlineData("datetime", "2024-01-31T23:30:00|2024-02-01T00:00:00|2023-12-31T10:20:30")]
    [InlineData("datetime", "2024-01-31 23:30|2024-02-01 00:00|2023-12-31 10:20")]
    [InlineData("datetime", "2024-01-31T23:30|2024-02-01T00:00|2023-12-31T10:20")]
    [InlineData("datetime", "2024-01-31|2024-02-01|2023-12-31")]
    [InlineData("datetime", "2024-01-31 23:30:00.000|2024-02-01 00:00:00.120|2023-12-31 10:20:30.123")]
    [InlineData("datetime", "2024-01-31 23:30:00.000000|2024-02-01 00:00:00.120000|2023-12-31 10:20:30.123456")]
    [InlineData("datetime", "2024-01-31 23:30:00|2024-02-01 00:00:00.120000|2023-12-31 10:20:30.123456")]
    [InlineData("datetime", "2024-01-31T23:30:00|2024-02-01T00:00:00.120000|2023-12-31T10:20:30.123456")]
    [InlineData("datetime", "2024-01-31 23:30:00|2024-02-01 00:00:00.12|2023-12-31 10:20:30.123456")]
    [InlineData("datetime", "2024-01-31T23:30:00Z|2024-02-01T00:00:00Z|2023-12-31T10:20:30Z")]
    [InlineData("datetime", "2024-01-31T23:30:00.000Z|2024-02-01T00:00:00.120Z|2023-12-31T10:20:30.123Z")]
    [InlineData("datetime", "2024-01-31T23:30:00Z|2024-01-31T23:30:00.120000Z|2023-12-31T10:20:30.123456Z")]
    [InlineData("datetime", "2024-01-31T23:30:00+00:00|2024-02-01T00:00:00.120000+00:00|2023-12-31T10:20:30.123456+00:00")]
    [InlineData("datetime", "2024-01-31 23:30:00+00:00|2024-02-01 00:00:00.12+00:00|2023-12-31 10:20:30.123456+00:00")]
    [InlineData("datetime", "2024-01-31 23:30:00.000 +00:00|2024-02-01 00:00:00.120 +00:00|2023-12-31 10:20:30.123 +00:00")]
    [InlineData("date", "2024-01-31|2024-02-01|2023-12-31")]
    [InlineData("date", "2024-01-31 00:00:00|2024-02-01 00:00:00|2023-12-31 00:00:00")]
    [InlineData("time", "08:30:00|23:30:00.25|24:00:00")]
    [InlineData("time", "08:30:00.000000|23:30:00.250000|09:00:00.000000")]
    [InlineData("time", "2000-01-01 08:30:00|2000-01-01 23:30:00.250000|2000-01-01 09:00:00")]
    public async Task A_moment_is_read_as_the_text_that_it_is_in_the_source(string type, string values)
    {
        var rows = string.Join(", ", values.Split('|').Select((v, i) => $"({i + 1}, '{v}')"));
        await using var scenario = await Scenario.CreateAsync(postgres, $"""
            create table t (id integer primary key, at {type}, text_ text generated always as (substr(at, 9) || length(at)) stored);
            insert into t (id, at) values {rows}, (9, null);
            create table other (id integer primary key, at datetime); insert into other values (1, '2024-01-31 23:30:00.000'), (2, '2024-02-01 00:00:00.000'), (3, '2000-01-01 08:30:00.000');
            create index t_rest on t (substr(at, 11));
            create view passed as select id, at from t;
            {string.Join("\n", Queries.Select((q, i) => $"create view v{i} as {q};"))}
            """);

        var result = await scenario.MigrateAsync();

        Assert.DoesNotContain(result.Findings, f => f.Code is "view-not-translated" or "generated-not-translated" or "index-not-translated" || f.Problem.Contains("read as text", StringComparison.Ordinal));
        for (var i = 0; i < Queries.Length; i++)
            Assert.Equal((Queries[i], string.Join('\n', FromSource(scenario, $"v{i}"))), (Queries[i], string.Join('\n', await FromTargetAsync(scenario, $"v{i}"))));
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }

    [Theory]
    [InlineData(" ", "")]
    [InlineData("T", "Z")]
    public async Task A_comparison_with_the_beginning_of_a_text_is_one_of_moments_for_which_an_index_serves(string separator, string zone)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, $"""
            create table t (id integer primary key, at datetime); insert into t values (1, '2024-01-31{separator}23:30:00{zone}'), (2, '2024-02-01{separator}00:00:00{zone}');
            create view v as select id from t where at >= '2024-02-01';
            """);

        Assert.Equal(Verdict.Equal, (await scenario.MigrateAsync()).Verification!.Verdict);

        Assert.DoesNotContain("to_char", await scenario.AskAsync<string>("select pg_get_viewdef('v'::regclass)"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Triggers_and_checks_read_the_text_too()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table t (id integer primary key, at datetime, constraint utc check (substr(at, -1) = 'Z'), constraint morning check (substr(at, 12) < '12:00:00')); create table log (id integer, rest text);
            create trigger noted after insert on t begin insert into log values (new.id, substr(new.at, 12)); end; insert into t values (1, '2024-01-31T03:30:00.000Z');
            create view logged as select id, rest from log;
            """);
        Assert.Equal(Verdict.Equal, (await scenario.MigrateAsync()).Verification!.Verdict);
        const string Later = "insert into t values (2, '2024-05-06T07:08:09.120Z')";
        scenario.Source(Later);
        await scenario.DoAsync(Later);

        Assert.Equal(["1|03:30:00.000Z", "2|07:08:09.120Z"], FromSource(scenario, "logged"));
        Assert.Equal(FromSource(scenario, "logged"), await FromTargetAsync(scenario, "logged"));
        Assert.Equal("morning", (await Assert.ThrowsAsync<PostgresException>(() => scenario.DoAsync("insert into t values (3, '2024-05-06T17:08:09.120Z')"))).ConstraintName);
    }

    [Fact]
    public async Task Moments_that_are_spelled_in_several_ways_are_named_where_they_are_read_as_text()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table t (id integer primary key, at datetime); insert into t values (1, '2024-01-31 23:30:00'), (2, '2024-01-31T23:30:00');
            create view v as select id, substr(at, 11) as rest from t;
            """);

        var result = await scenario.MigrateAsync();

        Assert.Contains("at is read as text: its values are spelled in several ways", Assert.Single(result.Findings, f => f.Code == "translated-with-note").Problem, StringComparison.Ordinal);
        Assert.Contains(result.Verification!.Checks, c => c is { Name: "view v", Verdict: Verdict.Different });
    }

    [Fact]
    public async Task A_moment_that_two_spellings_tell_apart_in_a_key_keeps_its_text()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table slots (id integer primary key, at datetime unique, ends datetime); insert into slots values (1, '2024-01-01 00:00:00', '2024-01-01 01:00:00'), (2, '2024-01-01T00:00:00', '2024-01-01T01:00:00');
            create table days (room int, day date, primary key (room, day)); insert into days values (1, '2024-01-01'), (1, '2024-01-01 00:00:00');
            create table plain (at datetime primary key); insert into plain values ('2024-01-01T00:00:00+02:00'), ('2024-01-01T00:00:00+01:00');
            """);

        var result = await scenario.MigrateAsync();

        Assert.Equal(["days.day", "slots.at"], result.Findings.Where(f => f.Code == "moment-spelled-in-key").Select(f => f.Subject).Order(StringComparer.Ordinal));
        Assert.Equal("at text,day text,ends timestamp without time zone,plain timestamp with time zone",
            await scenario.AskAsync<string>("select string_agg(case c.relname when 'plain' then c.relname else a.attname end || ' ' || format_type(atttypid, null), ',' order by c.relname = 'plain', a.attname = 'ends', a.attname) from pg_attribute a join pg_class c on c.oid = attrelid where c.relname in ('slots', 'days', 'plain') and c.relnamespace = 'public'::regnamespace and a.attname in ('at', 'day', 'ends')"));
        Assert.Equal(3L, await scenario.AskAsync<long>("select count(*) from pg_constraint where conrelid in ('slots'::regclass, 'days'::regclass, 'plain'::regclass) and contype in ('p', 'u') and conname not like 'slots_pk%'"));
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }

    private static List<string> FromSource(Scenario scenario, string view)
    {
        using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"select * from {view}";
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read()) rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => $"{reader.GetValue(i)}")));
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    private static async Task<List<string>> FromTargetAsync(Scenario scenario, string view)
    {
        await using var connection = await scenario.Database.ConnectAsync();
        await using var command = new NpgsqlCommand($"select * from {view}", connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync(Scenario.Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Scenario.Token)) rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "" : reader.GetString(i))));
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }
}
