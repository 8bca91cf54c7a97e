using Godwit.Samples.ClientPortal;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Portal;

/// <summary>The client portal is built whole, the same each time, and its policies admit and refuse whom they should.</summary>
public sealed class PortalTests(PostgresFixture postgres)
{
    private static readonly PortalOptions s_options = new(Clients: 30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Equal_options_give_equal_rows_in_every_table()
    {
        var contents = await Task.WhenAll(ContentAsync(s_options), ContentAsync(s_options));
        Assert.True(contents[0].Count > 45, $"only {contents[0].Count} tables were compared");
        Assert.Equal(contents[0], contents[1]);
        Assert.NotEqual(contents[0], await ContentAsync(s_options with { Seed = 43 }));
    }

    [Fact]
    public async Task No_client_at_all_is_a_portal_too()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPortalAsync(new PortalOptions(Clients: 0));
        Assert.Equal(["0"], await database.QueryAsync("SELECT count(*) FROM public.valuations"));
    }

    [Fact]
    public async Task Accounts_of_every_state_are_there()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPortalAsync();
        Assert.Equal(["$2a", "$2b", "$2y", "$argon2i", "$argon2id", "$fbscrypt", "''", "null", "{"], await database.QueryAsync("""
            SELECT DISTINCT CASE WHEN encrypted_password IS NULL THEN 'null' WHEN encrypted_password = '' THEN '''''' ELSE coalesce(substring(encrypted_password FROM '^\$\w+'), left(encrypted_password, 1)) END COLLATE "C" AS kind
            FROM auth.users ORDER BY 1
            """));
        Assert.Equal(["t"], await database.QueryAsync("""
            SELECT bool_or(banned_until > '2100-01-01') AND bool_or(deleted_at IS NOT NULL) AND bool_or(is_anonymous) AND bool_or(is_sso_user) AND bool_or(email_confirmed_at IS NULL)
              AND bool_or(confirmation_token IS NULL) AND bool_or(raw_app_meta_data IS NULL) AND bool_or(phone IS NOT NULL) FROM auth.users
            """));
        Assert.Equal(["aal1", "aal2"], await database.QueryAsync("SELECT DISTINCT aal FROM auth.sessions ORDER BY 1"));
        Assert.Equal(["t"], await database.QueryAsync("SELECT count(*) > 0 FROM auth.users u JOIN public.profiles p USING (id) WHERE CASE WHEN encrypted_password LIKE '$2a%' THEN extensions.crypt('sample-password-1', encrypted_password) = encrypted_password END"));
    }

    [Fact]
    public async Task The_application_has_what_a_move_has_to_carry()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPortalAsync();
        Assert.Equal(["t"], await database.QueryAsync("SELECT count(*) >= 30 FROM pg_policy WHERE polrelid::regclass::text NOT LIKE 'cron.%'"));
        Assert.Equal(["t"], await database.QueryAsync("SELECT count(*) >= 20 FROM pg_class WHERE relkind = 'v' AND relnamespace IN ('public'::regnamespace, 'reporting'::regnamespace)"));
        Assert.Equal(["4"], await database.QueryAsync("SELECT count(*) FROM pg_class WHERE relkind = 'm'"));
        Assert.Equal(["f"], await database.QueryAsync("SELECT is_called FROM public.never_used_seq"));
        Assert.Equal(["t"], await database.QueryAsync("SELECT count(*) > count(DISTINCT a::text) FROM public.holding_activity_log a"));
        // What a dump's empty search_path breaks: a check that reads another table, an index by a function, citext's operators.
        var refused = await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync(
            "INSERT INTO public.products (client_group_id, provider_id, kind, name, start_date) VALUES (1, 15, 'ISA', 'of a closed provider', '2025-01-01')"));
        Assert.Equal("products_provider_open", refused.ConstraintName);
        Assert.Equal(["14"], await database.QueryAsync("SELECT count(*) FROM public.open_providers"));
    }

    [Fact]
    public async Task A_new_user_gets_a_profile_and_a_webhook_is_queued()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPortalAsync();
        await database.ExecuteAsync("""INSERT INTO auth.users (id, email, raw_user_meta_data) VALUES ('00000000-0000-0000-0000-00000000000a', 'new@example.com', '{"full_name": "New User"}')""");
        Assert.Equal(["NU"], await database.QueryAsync("SELECT initials FROM public.profiles WHERE email = 'NEW@example.com'"));
        await database.ExecuteAsync("UPDATE public.client_groups SET notes = 'x' WHERE id = 1");
        Assert.Equal(["1"], await database.QueryAsync("SELECT count(*) FROM net.http_request_queue"));
    }

    [Theory]
    [InlineData("anon", null, "client_groups", 0)]
    [InlineData("authenticated", "client 1", "client_groups", 1)]
    [InlineData("authenticated", "administrator", "client_groups", 30)]
    [InlineData("authenticated", "client 1", "profiles", 1)]
    [InlineData("authenticated", "compliance", "audit_events", 0)]
    [InlineData("service_role", null, "client_groups", 30)]
    public async Task A_role_sees_the_rows_of_its_policies(string role, string? user, string table, int rows)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPortalAsync();
        Assert.Equal($"{rows}", await AsAsync(database, role, user, "aal1", $"SELECT count(*) FROM public.{table}"));
    }

    [Fact]
    public async Task A_second_factor_is_needed_to_change_a_product_and_to_read_the_trail()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPortalAsync();
        const string change = "WITH changed AS (UPDATE public.products SET fixed_fee = 1 WHERE client_group_id = 1 RETURNING 1) SELECT count(*) > 0 FROM changed";
        Assert.Equal("False", await AsAsync(database, "authenticated", "administrator", "aal1", change));
        Assert.Equal("True", await AsAsync(database, "authenticated", "administrator", "aal2", change));
        Assert.Equal("True", await AsAsync(database, "authenticated", "compliance", "aal2", "SELECT count(*) > 0 FROM public.audit_events"));
    }

    [Fact]
    public async Task A_column_that_is_not_granted_is_refused()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPortalAsync();
        var refused = await Assert.ThrowsAsync<PostgresException>(() => AsAsync(database, "authenticated", "administrator", "aal2", "SELECT national_insurance FROM public.product_owners"));
        Assert.Equal("42501", refused.SqlState);
        Assert.Equal("True", await AsAsync(database, "authenticated", "administrator", "aal2", "SELECT count(email) > 0 FROM public.product_owners"));
    }

    private async Task<List<string?>> ContentAsync(PortalOptions options)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.BuildPortalAsync(options);
        // The secret's bytes depend on the database's own key, and partitions show through their parent.
        var tables = await database.QueryAsync("""
            SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'vault', 'pgsodium', 'cron', 'extensions') ORDER BY 1
            """);
        var union = string.Join(" UNION ALL ", tables.Select(t => $"SELECT '{t!.Replace("'", "''", StringComparison.Ordinal)} ' || count(*) || ' ' || coalesce(sum(hashtextextended(r::text, 0)), 0) FROM {t} r"));
        return [.. (await database.QueryAsync(union)).Order(StringComparer.Ordinal)];
    }

    /// <summary>Asks as the REST service would, in a transaction that is rolled back; the first value as text.</summary>
    private static async Task<string?> AsAsync(TestDatabase database, string role, string? user, string aal, string sql)
    {
        var id = user switch
        {
            null => (Guid?)null,
            "client 1" => new Guid((await database.QueryAsync("SELECT client_user_id FROM public.client_groups WHERE id = 1"))[0]!),
            _ => new Guid((await database.QueryAsync($"SELECT id FROM public.profiles WHERE role = '{user}' ORDER BY created_at LIMIT 1"))[0]!),
        };
        await using var connection = await database.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var command = new NpgsqlCommand($$"""SET LOCAL ROLE {{role}}; SET LOCAL request.jwt.claims = '{"sub": "{{id}}", "role": "{{role}}", "aal": "{{aal}}"}'""", connection);
        await command.ExecuteNonQueryAsync(Token);
        await using var question = new NpgsqlCommand(sql, connection);
        return $"{await question.ExecuteScalarAsync(Token)}";
    }
}
