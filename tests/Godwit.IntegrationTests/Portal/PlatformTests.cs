using Godwit.Samples.ClientPortal;
using Xunit;

namespace Godwit.IntegrationTests.Portal;

/// <summary>The sample's platform has the shape of a hosted project.</summary>
public sealed class PlatformTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Several_databases_of_one_server_are_built_at_the_same_moment()
    {
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            await using var database = await postgres.CreateDatabaseAsync();
            await database.BuildPlatformAsync();
            Assert.Equal(["0"], await database.QueryAsync("SELECT count(*) FROM auth.users"));
        }));
    }

    [Fact]
    public async Task The_admin_is_no_superuser_and_owns_the_database()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var names = await database.BuildPlatformAsync();
        Assert.Equal([names.Admin], await database.QueryAsync("SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"));
        Assert.Equal(["f,t,t,t,t"], await database.QueryAsync(
            $"SELECT concat_ws(',', rolsuper::text::char, rolcreaterole::text::char, rolcreatedb::text::char, rolreplication::text::char, rolbypassrls::text::char) FROM pg_roles WHERE rolname = '{names.Admin}'"));
    }

    [Theory]
    [InlineData("SET request.jwt.claim.sub = '00000000-0000-0000-0000-00000000000a'")]
    [InlineData("""SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a"}'""")]
    public async Task A_request_s_claims_are_read_in_both_forms(string claims)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPlatformAsync();
        await using var connection = await database.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand(claims + "; SELECT auth.uid()", connection);
        Assert.Equal(new Guid("00000000-0000-0000-0000-00000000000a"), await command.ExecuteScalarAsync(Token));
    }

    [Fact]
    public async Task Vault_shows_a_secret_in_the_clear_and_stores_it_otherwise()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPlatformAsync();
        await database.ExecuteAsync("SELECT vault.create_secret('s3cret of more than thirty-two bytes in all', 'mail')");
        Assert.Equal(["s3cret of more than thirty-two bytes in all"], await database.QueryAsync("SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'mail'"));
        Assert.Equal(["0"], await database.QueryAsync("SELECT count(*) FROM vault.secrets WHERE encode(decode(secret, 'base64'), 'escape') LIKE '%s3cret%'"));
    }

    [Fact]
    public async Task Deleting_a_file_s_row_directly_is_refused()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPlatformAsync();
        var error = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => database.ExecuteAsync("DELETE FROM storage.objects"));
        Assert.Equal("42501", error.SqlState);
    }

    [Fact]
    public async Task Roles_of_a_prefix_are_apart_from_the_shared_ones()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var names = await database.BuildPlatformAsync(new PlatformOptions(RolePrefix: "apart_"));
        Assert.StartsWith("apart_", names.Admin, StringComparison.Ordinal);
        Assert.Equal(["apart_supabase_auth_admin"], await database.QueryAsync("SELECT relowner::regrole::text FROM pg_class WHERE oid = 'auth.users'::regclass"));
        Assert.Equal(["0"], await database.QueryAsync("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'apart%'"));
        Assert.Equal(["t"], await database.QueryAsync("SELECT has_table_privilege('apart_anon', 'storage.objects', 'select')"));
    }
}
