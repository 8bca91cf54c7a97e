using Godwit.Supabase;
using Xunit;

namespace Godwit.IntegrationTests.Supabase;

/// <summary>What is read from a hosted project's own catalogs, by its admin who is no superuser.</summary>
[Collection(SupabaseServers.Name)]
public sealed class FactsTests(TwoServers servers)
{
    [Fact]
    public async Task A_project_is_recognised_by_its_roles_and_schemas()
    {
        var (_, admin) = await servers.CreateProjectAsync();
        var facts = await TwoServers.FactsAsync(admin);
        Assert.True(facts.IsSupabase);
        Assert.False(facts.Server.IsSuperuser);
        Assert.True(facts.Server.BypassesRls);
        Assert.Equal(facts.Server.Role, facts.PlatformAdmin);
        Assert.False((await TwoServers.FactsAsync(await servers.CreateHomeAsync())).IsSupabase);
    }

    [Fact]
    public async Task Roles_memberships_and_settings_are_read()
    {
        var (_, admin) = await servers.CreateProjectAsync();
        var facts = await TwoServers.FactsAsync(admin);
        Assert.True(facts.FindRole("service_role")!.BypassRls);
        Assert.False(facts.FindRole("authenticator")!.Inherit);
        Assert.Contains(new("anon", "authenticator", false, false, true), facts.Memberships);
        Assert.Contains(new("anon", false, "statement_timeout", "3s"), facts.Settings);
        Assert.Contains(new("authenticated", true, "app.settings.page_size", "50"), facts.Settings);
        Assert.True(facts.Settings.Single(s => s.Name == "app.settings.jwt_secret").IsSecret);
        Assert.False(facts.Settings.Single(s => s.Name == "app.settings.jwt_exp").IsSecret);
    }

    [Fact]
    public async Task What_needs_the_platform_is_named()
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, """
            create table public.orders (id int primary key, email extensions.citext);
            create trigger hook after insert on public.orders for each row
              execute function supabase_functions.http_request('https://x.example/hook?key=k', 'POST', '{"Authorization":"Bearer s3cret"}', '{}', '1000');
            create function public.ping() returns trigger language plpgsql as $$ begin
              -- net.http_delete is only spoken of
              perform net.http_post(url := 'https://x.example', body := '{}'); return new; end $$;
            create trigger ping after update on public.orders for each row execute function public.ping();
            create view public.waiting as select id, method from net.http_request_queue;
            select cron.schedule('nightly', '0 3 * * *', 'select net.http_get(''https://x.example'')');
            update cron.job set username = (select datdba::regrole::text from pg_database where datname = current_database());
            """);
        var facts = await TwoServers.FactsAsync(admin);
        Assert.Contains(new("trigger", "public", "orders.hook", "supabase_functions", "http_request", "function"), facts.PlatformUses);
        Assert.Contains(new("function", "public", "ping", "net", "http_post", ""), facts.PlatformUses);
        Assert.Contains(facts.PlatformUses, u => u is { Kind: "rule", Schema: "public", Uses: "http_request_queue", Subject: "view public.waiting" });
        Assert.DoesNotContain(facts.PlatformUses, u => u.Uses == "http_delete");
        Assert.Equal("public.ping", $"{facts.Triggers.Single(t => t.Name == "ping").FunctionSchema}.{facts.Triggers.Single(t => t.Name == "ping").Function}");
        Assert.Equal("net.http_get", Assert.Single(Assert.Single(facts.CronJobs!.Value).Uses));
        Assert.Equal("column email of table public.orders", facts.ExtensionUses["citext"]);
        Assert.Contains(facts.PlatformFunctions, f => f is { Schema: "net", Name: "http_post", PlainTypes: true, Result: "bigint" });
    }

    [Fact]
    public async Task A_role_that_row_security_binds_sees_which_tables_hide_rows()
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, """
            create table public.secured (id int); alter table public.secured enable row level security;
            do $$ begin if not exists (select from pg_roles where rolname = 'plain_reader') then create role plain_reader login password 'sample'; end if; end $$;
            grant pg_read_all_data to plain_reader;
            """);
        Assert.DoesNotContain((await TwoServers.FactsAsync(admin)).HiddenTables, t => t.Name == "secured");
        var plain = await TwoServers.FactsAsync(admin.With("user", "plain_reader", "test"));
        Assert.Contains(new("public", "secured", true, true), plain.HiddenTables);
        var findings = SupabaseProfile.Plan(plain, await TwoServers.FactsAsync(await servers.CreateHomeAsync()), [], new()).Findings;
        Assert.Equal(Severity.Block, findings.Single(f => f.Code == "source-row-security").Severity);
    }

    [Fact]
    public async Task Vault_storage_and_users_are_counted_and_no_secret_is_read()
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, """
            select vault.create_secret('the-very-secret', 'mail', 'for mail');
            insert into storage.buckets (id, name) values ('docs', 'docs');
            insert into storage.objects (bucket_id, name, metadata) values ('docs', 'a/b.txt', '{"size": 5}'), ('docs', 'c.txt', '{"size": 7}');
            insert into auth.users (id, email, encrypted_password) values (gen_random_uuid(), 'a@example.com', '$2a$10$abcdefghijklmnopqrstuv'), (gen_random_uuid(), 'b@example.com', null), (gen_random_uuid(), 'c@example.com', '{"key_id":"x"}');
            """);
        var facts = await TwoServers.FactsAsync(admin);
        Assert.Equal("mail", Assert.Single(facts.VaultSecrets!.Value).Name);
        Assert.True(facts.VaultReadable);
        Assert.Equal(new BucketFact("docs", 2, 12), Assert.Single(facts.Buckets));
        Assert.Equal([new("bcrypt", 1), new("encrypted", 1), new("none", 1)], facts.AuthUsers);
        Assert.DoesNotContain("the-very-secret", facts.ToString(), StringComparison.Ordinal);
        var findings = SupabaseProfile.Plan(facts, await TwoServers.FactsAsync(await servers.CreateHomeAsync()), [], new()).Findings;
        Assert.Contains(findings, f => f is { Code: "auth-users-must-reset", Severity: Severity.Warning });
        Assert.Contains(findings, f => f is { Code: "storage-files-left", Severity: Severity.Warning });
        Assert.Contains(findings, f => f is { Code: "vault-to-file", Severity: Severity.Warning });
    }
}
