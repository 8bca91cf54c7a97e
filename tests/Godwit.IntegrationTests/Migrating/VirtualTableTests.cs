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
        Assert.Equal("7|11", await scenario.AskAsync<string>("select id || '|' || w from big where w > 5"));
        Assert.Equal("area", await scenario.AskAsync<string>("select conrelid::regclass::text from pg_constraint where contype = 'p' and conrelid = 'area'::regclass"));
        Assert.Equal(["area", "note", "old \"one"], result.Findings.Where(f => f.Code == "virtual-table-kept").Select(f => f.Subject).Order(StringComparer.Ordinal));
        Assert.Equal(["doc_index", "nowhere"], result.Findings.Where(f => f.Code == "virtual-table-skipped").Select(f => f.Subject).Order(StringComparer.Ordinal));
        Assert.Equal("doc", Assert.Single(result.Findings, f => f.Code == "full-text-offered").Subject);
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
