using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>
/// pg_dump puts what depends on something after it, as far as the catalog knows: of a function whose text calls another it knows nothing. A function that
/// takes a table's row (a computed column of PostgREST, a record of Godwit's own triggers) draws that table before the functions whose names come later.
/// </summary>
public sealed class StatementOrderTests(PostgresFixture postgres)
{
    private const string Source = """
        create function plain(t text) returns text language sql immutable as 'select pg_catalog.lower(t)';
        create function folded(t text) returns text language sql immutable as 'select public.plain(t)';
        create table parts (id int, title text) partition by list (folded(title));
        create table parts_a partition of parts for values in ('a');
        create table docs (id int primary key, title text, norm text generated always as (folded(title)) stored, constraint docs_norm check (folded(title) <> 'bad'));
        create function about(docs) returns text language sql stable as 'select $1.norm';
        create function about(parts) returns text language sql stable as 'select $1.title';
        comment on table docs is 'after it';
        insert into parts values (1, 'A'); insert into docs select i, 'Title ' || i from generate_series(1, 20) i;
        """;

    [Fact]
    public async Task A_table_waits_for_what_a_function_of_its_columns_calls()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Source);
        var order = (await pair.PlanAsync()).PreData.Select(s => s.Id).ToList();
        Assert.True(order.IndexOf("TABLE public.docs") < order.IndexOf("FUNCTION public.plain(text)"));
        Assert.True(order.IndexOf("TABLE public.parts") < order.IndexOf("FUNCTION public.plain(text)"));

        var result = await pair.MigrateAsync();

        Assert.DoesNotContain(result.Findings, f => f.Code == "step-refused");
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        await pair.AssertEqualAsync();
        Assert.Equal(["after it"], await pair.Target.QueryAsync("select obj_description('docs'::regclass)"));
        Assert.Equal([$"{result.Plan.PreData.Length + result.Plan.PostData.Length}"], await pair.Target.QueryAsync("select count(*) from godwit.step where outcome = 'Done'"));
    }

    [Fact]
    public async Task What_calls_a_function_that_is_nowhere_is_named_and_nothing_waits_for_ever()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Source + "; drop function plain(text)");
        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync());
        Assert.Equal("42883", refused.SqlState);
        Assert.Contains("TABLE public.docs", refused.Message, StringComparison.Ordinal);
        Assert.Contains("public.plain(text)", refused.Message, StringComparison.Ordinal);

        await pair.SourceAsync("create function plain(t text) returns text language sql immutable as 'select pg_catalog.lower(t)'");
        Assert.Equal(Verdict.Equal, (await pair.MigrateAsync()).Verification!.Verdict);
        await pair.AssertEqualAsync();
    }
}
