using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

public class VirtualTableTests(PostgresFixture postgres)
{
    private const string Schema = """
        create virtual table note using fts5(title, body, tag unindexed, tokenize = 'porter unicode61'); insert into note values ('hello', 'running dogs', 'a'), ('second', 'row', null);
        create virtual table "old ""one" using fts4(content text, tokenize=porter); insert into "old ""one" values ('x y');
        create table doc (id integer primary key, title text, body text, n int); insert into doc values (1, 'a cat', 'sat', 1), (2, null, 'mat', 2);
        create virtual table doc_index using fts5(title, body, content='doc', content_rowid='id');
        create trigger doc_ai after insert on doc begin insert into doc_index (rowid, title, body) values (new.id, new.title, new.body); end;
        create virtual table nowhere using fts5(a, content='');
        create virtual table area using rtree(id, minx, maxx, miny, maxy, +label text); insert into area values (1, 0, 1, 0, 1, 'sq'), (7, -5.5, 5.5, -5.5, 5.5, 'big');
        create view titles as select title, tag from note; create view big as select id, maxx - minx as w from area;
        """;

    [Fact]
    public async Task Content_arrives_as_plain_tables_and_views_read_it()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema);

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(5, await scenario.AskAsync<long>("select (select count(*) from note) + (select count(*) from \"old \"\"one\") + (select count(*) from titles where tag = 'a' or title = 'second')"));
        Assert.Equal("1|2", await scenario.AskAsync<string>("select string_agg(rowid::text, '|' order by rowid) from note"));
        Assert.Equal("7|11", await scenario.AskAsync<string>("select id || '|' || w from big where w > 5"));
        Assert.Equal("area", await scenario.AskAsync<string>("select conrelid::regclass::text from pg_constraint where contype = 'p' and conrelid = 'area'::regclass"));
        Assert.Equal(["area", "note", "old \"one"], result.Findings.Where(f => f.Code == "virtual-table-kept").Select(f => f.Subject).Order(StringComparer.Ordinal));
        Assert.Equal(["doc_index", "nowhere"], result.Findings.Where(f => f.Code == "virtual-table-skipped").Select(f => f.Subject).Order(StringComparer.Ordinal));
        Assert.Equal("doc", Assert.Single(result.Findings, f => f.Code == "full-text-offered").Subject);
        Assert.Equal("trigger doc_ai of doc", Assert.Single(result.Findings, f => f.Code == "trigger-keeps-index").Subject);
        Assert.DoesNotContain(result.Findings, f => f.Code == "trigger-not-translated");
    }

    [Fact]
    public async Task Views_that_search_are_told_what_takes_their_place()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema + """
            create view found as select d.id from doc d join doc_index i on i.rowid = d.id; create view matched as select title from note where note match 'dog';
            """);

        var result = await scenario.MigrateAsync();

        Assert.Contains("--fts", Assert.Single(result.Findings, f => f is { Code: "view-not-translated", Subject: "view found" }).Hint, StringComparison.Ordinal);
        Assert.Contains("MATCH", Assert.Single(result.Findings, f => f is { Code: "view-not-translated", Subject: "view matched" }).Problem.Split("Its SQL")[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_report_accounts_for_every_object_of_the_source()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table plain (id integer primary key, t text); create index plain_t on plain (t); create index plain_l on plain (lower(t)); create table d (id integer primary key, b boolean, s varchar(3)); insert into d values (1, 1, 'too long');
            create view v as select t from plain; create view w as select application_function(t) from plain; create trigger g after insert on plain begin delete from d; end; create virtual table x using fts5(a, content='plain');
            create table u (a text unique, b); insert into u values ('a', 1); create unique index u_b on u (b); insert into u values ('b', '1');
            """);

        var result = await scenario.MigrateAsync();

        var objects = Report.ObjectReport.Of(result.Plan, result.Findings).ToDictionary(o => o.Name);
        string[] Named(Report.ObjectOutcome outcome) => [.. objects.Values.Where(o => o.Outcome == outcome && !o.Kind.StartsWith("shadow", StringComparison.Ordinal)).Select(o => o.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(["plain", "plain_t"], Named(Report.ObjectOutcome.AsIs));
        Assert.Equal(["g", "plain_l", "v"], Named(Report.ObjectOutcome.Translated));
        Assert.Equal(["d", "u"], Named(Report.ObjectOutcome.Changed));
        Assert.Equal(["u_b", "w", "x"], Named(Report.ObjectOutcome.Skipped));
        Assert.All(objects.Values, o => Assert.NotEmpty(o.SourceSql));
        Assert.Contains("CREATE FUNCTION", objects["g"].TargetSql, StringComparison.Ordinal);
        Assert.Contains("view-not-translated", Assert.Single(objects["w"].How), StringComparison.Ordinal);
        Assert.Empty(objects["u_b"].TargetSql);
    }

    [Fact]
    public async Task Words_can_be_searched_where_asked_for()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema);

        var result = await scenario.MigrateAsync(new MigrationOptions { Jobs = 2, FullTextSearch = true });

        Assert.DoesNotContain(result.Findings, f => f.Code == "step-refused");
        Assert.Equal("hello", await scenario.AskAsync<string>("select title from note where words @@ websearch_to_tsquery('english', 'run dog')"));
        await scenario.DoAsync("insert into doc (title, body) values ('new', 'hat')");
        Assert.Equal(3, await scenario.AskAsync<long>("select id from doc where words @@ websearch_to_tsquery('simple', 'hat')"));
        Assert.Equal(3, await scenario.AskAsync<long>("select count(*) from pg_indexes where indexdef like '%USING gin (words)'"));
    }
}
