using Godwit.Check;
using Godwit.Source;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>What check tells of a PostgreSQL source before anything is moved.</summary>
public sealed class SourceCheckTests(PostgresFixture postgres)
{
    [Fact]
    public async Task How_long_it_takes_follows_from_a_part_that_is_read()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("CREATE TABLE small (id int); CREATE SCHEMA \"o'dd\"; CREATE TABLE \"o'dd\".\"Large \"\"one\" AS SELECT i AS id, repeat(md5(i::text), 30) AS t FROM generate_series(1, 10000) i");
        await using var source = (IPostgresSource)await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        var item = Assert.Single(await SourceServerCheck.OfServerAsync(source, await pair.PlanAsync(), new MigrationOptions { Jobs = 1 }, 15, TimeProvider.System, Pair.Token), i => i.Code == "estimated-time");
        Assert.Contains("\"o'dd\".\"Large \"\"one\" was read at ", item.Detail, StringComparison.Ordinal);
        await pair.SourceAsync("DROP SCHEMA \"o'dd\" CASCADE");
        item = Assert.Single(await SourceServerCheck.OfServerAsync(source, await pair.PlanAsync(), new MigrationOptions { Jobs = 1 }, 15, TimeProvider.System, Pair.Token), i => i.Code == "estimated-time");
        Assert.Contains("1 tables: seconds", item.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Orphans_under_a_partitioned_key_are_seen_and_the_rest_passes()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            CREATE TABLE people (a int, "b c" int, PRIMARY KEY (a, "b c")); INSERT INTO people VALUES (1, 1);
            CREATE TABLE events (a int, "b c" int, n int, CONSTRAINT events_person FOREIGN KEY (a, "b c") REFERENCES people) PARTITION BY RANGE (n); CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
            INSERT INTO events VALUES (1, 1, 1), (NULL, 7, 2)
            """);
        await using var source = (IPostgresSource)await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        var items = await SourceServerCheck.OfServerAsync(source, await pair.PlanAsync(), new MigrationOptions { Jobs = 1 }, 15, TimeProvider.System, Pair.Token);
        Assert.Equal(["estimated-time", "source-connections", "source-slots"], items.Select(i => i.Code).Order());
        // Triggers off, as a bulk load has them: nobody looks for the parent.
        await pair.SourceAsync("SET session_replication_role = replica; INSERT INTO events VALUES (2, 2, 3)");
        items = await SourceServerCheck.OfServerAsync(source, null, new MigrationOptions { Jobs = 1 }, 15, TimeProvider.System, Pair.Token);
        var orphans = Assert.Single(items, i => i.Code == "partitioned-key-orphans");
        Assert.Equal((Readiness.Warn, "public.events"), (orphans.Level, orphans.Subject));
        Assert.Equal(["2"], await pair.Source.QueryAsync(orphans.Remedy!["Find them: ".Length..].Replace("*", "c.a", StringComparison.Ordinal)));
        Assert.DoesNotContain(await SourceServerCheck.OfServerAsync(source, null, new MigrationOptions { Jobs = 1 }, 18, TimeProvider.System, Pair.Token), i => i.Code == "partitioned-key-orphans");
    }
}
