using Godwit.IntegrationTests.Portal;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Verify.Pairs;

/// <summary>Verification where it is used: after a migration, and of a whole application.</summary>
public sealed class PairJourneyVerifiedTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_migration_ends_with_rows_and_catalog_compared()
    {
        await using var pair = await IntegrationTests.Pairs.Pair.CreateAsync(postgres);
        await pair.SourceAsync(PairCatalogTests.Portal);
        await pair.SourceAsync("INSERT INTO app.clients (email, age) SELECT 'c' || i, 20 + i FROM generate_series(1, 50) i; INSERT INTO app.orders (client, total, note) SELECT i, i * 1.10, 'n' FROM generate_series(1, 50) i; REFRESH MATERIALIZED VIEW app.sums");
        var result = await pair.MigrateAsync();
        var report = result.Verification!;
        Assert.Equal([], report.Checks.Where(c => c.Verdict == Verdict.Different));
        Assert.Equal([], report.Tables.Where(t => t.Verdict != Verdict.Equal));
        Assert.Contains(report.Tables, t => t.SourceRows == 50 && result.Tables.Any(r => r.Table == t.Table));
    }

    [Fact]
    public async Task A_migration_that_leaves_out_says_so_as_expected()
    {
        await using var pair = await IntegrationTests.Pairs.Pair.CreateAsync(postgres);
        await pair.SourceAsync("CREATE TABLE kept (id int PRIMARY KEY, v text); INSERT INTO kept VALUES (1, 'a'); CREATE TABLE dropped (id int PRIMARY KEY); INSERT INTO dropped VALUES (1)");
        var result = await pair.MigrateAsync(new MigrationOptions { Jobs = 2, Exclude = ["public.dropped"] });
        Assert.Equal([], result.Verification!.Checks.Where(c => c.Verdict == Verdict.Different));
        Assert.Equal(Verdict.Equal, result.Verification.Verdict);
        Assert.Contains(result.Verification.Expected, e => e.Subject == "table public.dropped");
    }

    [Fact]
    public async Task An_application_in_the_shape_of_a_hosted_project_is_compared_whole()
    {
        await using var pair = new Pair(await postgres.CreateDatabaseAsync(), await postgres.CreateDatabaseAsync());
        await pair.Source.BuildPortalAsync();
        await pair.Target.BuildPortalAsync();
        var user = (await pair.Source.QueryAsync("SELECT min(id::text) FROM auth.users"))[0];
        // Secrets are encrypted by a random key, and jobs name their database: two builds differ there.
        var report = await pair.VerifyAsync(new PairRequest(VerifyMode.Full, 2)
        {
            ExcludeSchemas = ["vault", "pgsodium*", "cron"],
            Behaviour = new(BehaviourDepth.Read, [new("anon", "anon", "{\"role\": \"anon\"}"), new("user", "authenticated", $$"""{"role": "authenticated", "sub": "{{user}}", "aal": "aal1"}""")]),
        });
        Assert.Equal([], report.Behaviour.Where(b => b.Verdict == Verdict.Different));
        Assert.Equal([], report.Checks.Where(c => c.Verdict == Verdict.Different));
        Assert.Equal([], report.Tables.Where(t => t.Verdict != Verdict.Equal));
        Assert.True(report.Behaviour.Count(b => b.Verdict == Verdict.Equal) > 50, $"{report.Behaviour.Length} cells");
    }
}
