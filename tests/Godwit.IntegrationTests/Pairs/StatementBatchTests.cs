using System.Text.RegularExpressions;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>Small statements are committed together; what each of them meets is what it would meet alone.</summary>
public class StatementBatchTests(PostgresFixture postgres)
{
    private const string Source = """
        create extension citext;
        create table t (a citext, b citext);
        create view compares as select nullif(a, b) is null as n from t;
        create view plain_1 as select 1 as one;
        create view refused as select 2 as two;
        create view over_refused as select two from refused;
        create function f() returns int language sql as 'select 1';
        create view plain_2 as select 2 as two;
        create view refused_too as select 3 as three;
        comment on view plain_2 is 'after it';
        """;

    /// <summary>The target writes down under which settings each object was made, in which transaction, and refuses some.</summary>
    private const string Watch = """
        create schema watch;
        create table watch.made (n bigserial, object text, path text, bodies text, tx bigint);
        create function watch.note() returns event_trigger language plpgsql as $$
          declare r record;
          begin
            for r in select * from pg_catalog.pg_event_trigger_ddl_commands() loop
              if r.object_identity like 'public.refused%' then raise exception 'not this one' using errcode = '22000'; end if;
              insert into watch.made (object, path, bodies, tx) values (r.command_tag || ' ' || r.object_identity, pg_catalog.current_setting('search_path'), pg_catalog.current_setting('check_function_bodies'), pg_catalog.txid_current());
            end loop;
          end $$;
        create event trigger watch on ddl_command_end execute function watch.note()
        """;

    [Fact]
    public async Task One_that_is_refused_is_told_alone_and_the_others_are_made()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Source);
        await pair.TargetAsync(Watch);

        var result = await pair.MigrateAsync();

        Assert.Equal(["VIEW public.over_refused", "VIEW public.refused", "VIEW public.refused_too"], result.Findings.Where(f => f.Code == "step-refused").Select(f => f.Subject));
        Assert.Contains("22000 not this one", result.Findings.First(f => f.Subject == "VIEW public.refused").Problem, StringComparison.Ordinal);
        Assert.Equal(["compares", "plain_1", "plain_2"], await pair.Target.QueryAsync("select viewname::text from pg_views where schemaname = 'public' order by 1"));
        Assert.Equal(["after it"], await pair.Target.QueryAsync("select obj_description('plain_2'::regclass)"));
        // Each with its fact, once.
        Assert.Equal([$"{result.Plan.PreData.Length + result.Plan.PostData.Length}"], await pair.Target.QueryAsync("select count(*) from godwit.step"));
        Assert.Equal(["VIEW public.over_refused", "VIEW public.refused", "VIEW public.refused_too"], await pair.Target.QueryAsync("select id from godwit.step where outcome = 'Refused' order by 1"));
    }

    [Fact]
    public async Task What_one_sets_for_itself_is_not_there_for_the_next()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Source);
        await pair.TargetAsync(Watch);

        var plan = (await pair.MigrateAsync()).Plan;

        var usual = (await pair.Target.QueryAsync("show search_path"))[0]!;
        var objects = new[] { "FUNCTION public.f()", "TABLE public.t", "VIEW public.compares", "VIEW public.plain_1", "VIEW public.plain_2" };
        string Said(string sql, string setting, string otherwise) => Regex.Match(sql, $"^SET LOCAL {setting} = (.*);$", RegexOptions.Multiline) is { Success: true } m ? m.Groups[1].Value.Replace("'", "", StringComparison.Ordinal) : otherwise;
        var expected = objects.Select<string, string?>(o => plan.PreData.Single(s => s.Id == o).Sql is var sql ? $"CREATE {o}: {Said(sql, "search_path", usual)}, {Said(sql, "check_function_bodies", "on")}" : "").ToList();
        Assert.True(expected.Select(e => e!.Split(": ")[1]).Distinct().Count() > 1);
        Assert.Equal(expected, await pair.Target.QueryAsync($"select object || ': ' || path || ', ' || bodies from watch.made where object in ({string.Join(',', objects.Select(o => $"'CREATE {o}'"))}) order by object"));
        Assert.Equal(["t"], await pair.Target.QueryAsync("select count(distinct tx) < count(*) from watch.made where object ~ '^CREATE VIEW'"));
    }
}
