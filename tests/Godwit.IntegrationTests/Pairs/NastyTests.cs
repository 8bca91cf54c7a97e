using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>A database with one of each kind of object arrives as it was: pg_dump says the same of both sides.</summary>
public class NastyTests(PostgresFixture postgres)
{
    private static readonly string Schema = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "nasty", "schema.sql"));

    [Fact]
    public async Task Every_kind_of_object_arrives_as_it_was()
    {
        await using var pair = await CreateAsync(postgres);

        var result = await pair.MigrateAsync();

        Assert.Equal(["foreign-server-kept", "user-mapping-left", "foreign-key-orphans"], result.Findings.Where(f => f.Severity > Severity.Info).Select(f => f.Code));
        // Its password stands in no plan.
        await pair.TargetAsync($"CREATE USER MAPPING FOR {Godwit.Schema.SqlName.AlwaysQuote(pair.Source.Settings.Database + "_reader")} SERVER elsewhere OPTIONS (user 'u', password 'synthetic')");
        await pair.SourceAsync("ALTER TABLE public.items DROP CONSTRAINT items_owner_id_fkey");
        await pair.TargetAsync("ALTER TABLE public.items DROP CONSTRAINT items_owner_id_fkey");
        await pair.AssertEqualAsync("--load-via-partition-root", "--inserts");
        Assert.Equal(["2999"], await pair.Target.QueryAsync("SELECT count(*) FROM app.people"));
    }

    /// <summary>The database of schema.sql, with roles of its own.</summary>
    internal static async Task<Pair> CreateAsync(PostgresFixture postgres)
    {
        var pair = await Pair.CreateAsync(postgres);
        await pair.RoleAsync("owner");
        await pair.RoleAsync("reader");
        await pair.RoleAsync(" Odd;Role", "NOINHERIT");
        await pair.SourceAsync(Schema.Replace("%P%", pair.Source.Settings.Database, StringComparison.Ordinal));
        return pair;
    }
}
