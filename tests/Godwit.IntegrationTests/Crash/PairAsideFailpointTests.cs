using Godwit.IntegrationTests.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Crash;

/// <summary>Between two servers, killed while rows are set aside: each is in its table or in quarantine, and in the end the run is as one that was never killed.</summary>
public class PairAsideFailpointTests(PostgresFixture postgres)
{
    private const string Tables = """
        create table people (id int primary key, boss int constraint people_boss references people on delete cascade);
        create table orders (id int primary key, person int constraint orders_person references people on delete cascade);
        insert into people select i, nullif(i - 1, 0) from generate_series(1, 100) i; insert into orders select i, i from generate_series(1, 100) i;
        set session_replication_role = replica; delete from people where id in (40, 80); insert into orders values (101, 999);
        """;

    private const string Everywhere = """
        select count(*) || ' of people' from (select id::text from people union select row ->> 'id' from godwit.quarantine where source_table = 'public.people') x
        union all select count(*) || ' of orders' from (select id::text from orders union select row ->> 'id' from godwit.quarantine where source_table = 'public.orders') x
        """;

    private const string Both = """
        select count(*) from (select id::text from people intersect select row ->> 'id' from godwit.quarantine q join godwit.run r on r.id = q.run_id where source_table = 'public.people' and r.state <> 'abandoned') x
        """;

    [Theory]
    [InlineData(Failpoints.RowsAside, false)]
    [InlineData(Failpoints.RowsAsideDone, false)]
    [InlineData(Failpoints.RowsAsideDone, true)]
    public async Task Killed_while_rows_are_set_aside(string failpoint, bool written)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Tables);
        var folder = Directory.CreateTempSubdirectory("godwit-aside-");
        try
        {
            var passwords = GodwitProcess.WritePasswords(pair, folder.FullName);
            var (code, said) = await RunAsync("migrate", failpoint, "--on-misfit", "quarantine");
            Assert.True(code == KilledRun.Killed, said);
            Assert.Equal(["98 of people", "101 of orders"], await pair.Target.QueryAsync(Everywhere));
            Assert.Equal(["0"], await pair.Target.QueryAsync(Both));
            // Rows of the source that came later are met by a run that begins again, and the rows of the one before do not count.
            if (written) await pair.SourceAsync("insert into people values (201, 1), (202, 201)");

            (code, said) = await RunAsync("migrate", null, "--on-misfit", "quarantine");

            Assert.True(code == 3, said);
            Assert.Equal([written ? "41" : "39", "39", "59", "62"], await pair.Target.QueryAsync("""
                select count(*) from people union all select count(*) from orders where id < 200
                union all (select count(*) from godwit.quarantine q join godwit.run r on r.id = q.run_id where r.state <> 'abandoned' group by source_table order by source_table desc)
                """));
            Assert.Equal(["t"], await pair.Target.QueryAsync("select distinct convalidated from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace"));
            (code, said) = await RunAsync("verify", null);
            Assert.True(code == 0, said);

            Task<(int, string)> RunAsync(string word, string? at, params string[] more) => EndAsync(pair, new GodwitProcess(pair, folder.FullName, passwords, [word], at, more));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(Failpoints.RowsAside)]
    [InlineData(Failpoints.RowsAsideDone)]
    public async Task Killed_while_rows_that_an_existing_table_refuses_are_set_aside(string failpoint)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int primary key, n int); insert into t select i, i % 90 from generate_series(1, 100) i");
        await pair.TargetAsync("create table t (id int primary key, n int unique)");
        var folder = Directory.CreateTempSubdirectory("godwit-aside-");
        try
        {
            var passwords = GodwitProcess.WritePasswords(pair, folder.FullName);
            var (code, said) = await RunAsync(failpoint);
            Assert.True(code == KilledRun.Killed, said);
            Assert.Equal(failpoint == Failpoints.RowsAside ? ["0", "0"] : ["10", "90"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine union all select count(*) from t"));

            (code, said) = await RunAsync(null);

            Assert.True(code == 3, said);
            Assert.Equal(["10", "90"], await pair.Target.QueryAsync("select count(*) from godwit.quarantine union all select count(*) from t"));
            Assert.Equal(["100"], await pair.Target.QueryAsync("select count(*) from (select id from t union select (row ->> 'id')::int from godwit.quarantine) x"));

            Task<(int, string)> RunAsync(string? at) => EndAsync(pair, new GodwitProcess(pair, folder.FullName, passwords, ["migrate"], at, ["--data-only", "--on-misfit", "quarantine"]));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(int, string)> EndAsync(Pair pair, GodwitProcess process)
    {
        using (process)
        {
            var ended = await process.EndAsync();
            await pair.Target.WaitForAsync("select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())", "0");
            foreach (var side in new[] { pair.Source, pair.Target }) await side.WaitForAsync("select count(*) from pg_stat_activity where datname = current_database() and application_name like 'godwit%'", "0");
            return ended;
        }
    }
}
