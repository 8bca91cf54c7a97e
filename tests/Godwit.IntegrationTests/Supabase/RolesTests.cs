using Godwit.Schema;
using Godwit.Supabase;
using Godwit.Target;
using Xunit;

namespace Godwit.IntegrationTests.Supabase;

/// <summary>Roles, memberships, settings and hashes arrive; the target's admin stays what it was.</summary>
[Collection(SupabaseServers.Name)]
public sealed class RolesTests(TwoServers servers)
{
    private const string OwnRoles = """
        do $$ begin
          if not exists (select from pg_roles where rolname = 'reporting') then create role reporting login password 'sample-report' connection limit 4; grant authenticated to reporting with admin option; end if;
          if not exists (select from pg_roles where rolname = 'Auditors') then create role "Auditors" nologin bypassrls; end if;
        end $$;
        alter role reporting set work_mem = '8MB'; alter role reporting set search_path = reports, public; comment on role reporting is 'reads at night';
        """;

    private const string RoleState = """
        select concat_ws('|', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit,
          (select string_agg(g.rolname || case when m.admin_option then '*' else '' end, ',' order by g.rolname) from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid and g.rolname !~ '^pgsodium'))
        from pg_roles r where rolname in ('anon', 'authenticated', 'service_role', 'authenticator', 'reporting', 'Auditors') order by rolname collate "C"
        """;

    private const string SettingState = """
        select coalesce(r.rolname, '') || '|' || (s.setdatabase <> 0) || '|' || c from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole cross join unnest(s.setconfig) c
        where s.setdatabase in (0, (select oid from pg_database where datname = current_database())) and coalesce(r.rolname, '') in ('', 'anon', 'authenticated', 'service_role', 'authenticator', 'reporting')
        and c not like 'session_preload%' order by 1
        """;

    [Fact]
    public async Task Roles_arrive_as_they_were_and_a_second_run_changes_nothing()
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, OwnRoles);
        var home = await servers.CreateHomeAsync();
        var plan = await PlanAsync(superuser, home);
        await ExecuteAsync(plan, superuser, home);

        Assert.Equal(await TwoServers.QueryAsync(superuser, RoleState), await TwoServers.QueryAsync(home, RoleState));
        Assert.Equal(6, (await TwoServers.QueryAsync(home, RoleState)).Count);
        Assert.Equal(await TwoServers.QueryAsync(superuser, SettingState), await TwoServers.QueryAsync(home, SettingState));
        Assert.Equal(["t"], await TwoServers.QueryAsync(home, "select rolsuper from pg_roles where rolname = current_user"));
        Assert.Equal([], await TwoServers.QueryAsync(home, "select rolname from pg_roles where rolname like 'supabase%' or rolname like 'pgsodium%' or rolname = 'dashboard_user'"));
        Assert.Equal(["reads at night"], await TwoServers.QueryAsync(home, "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = 'reporting'"));

        var again = await PlanAsync(superuser, home);
        Assert.Empty(again.Before);
        Assert.Empty(again.After);
        Assert.NotEmpty(admin.User);
    }

    [Fact]
    public async Task A_login_works_with_its_old_password_and_without_the_platform_s_libraries()
    {
        var (superuser, _) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, OwnRoles);
        var home = await servers.CreateHomeAsync();
        var plan = await PlanAsync(superuser, home);
        Assert.Superset(new HashSet<string> { "authenticator", "reporting" }, plan.Carriage.PasswordRoles.ToHashSet());
        Assert.DoesNotContain(plan.Before.Concat(plan.After), s => s.Sql.Contains("SCRAM", StringComparison.Ordinal));
        await ExecuteAsync(plan, superuser, home);
        Assert.Equal(["reporting"], await TwoServers.QueryAsync(As(home, "reporting", "sample-report"), "select current_user"));
        Assert.Equal(["authenticator"], await TwoServers.QueryAsync(As(home, "authenticator", "sample"), "select current_user"));
        Assert.Contains(plan.Findings, f => f is { Code: "preload-library-left", Subject: "role authenticator" });
        Assert.Equal(["sample-secret-of-the-client-portal-not-a-real-one"], await TwoServers.QueryAsync(home, "select current_setting('app.settings.jwt_secret')"));
        Assert.DoesNotContain(plan.After, s => s.Sql.Contains("sample-secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_hashes_are_not_readable_logins_are_named()
    {
        var (superuser, _) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, OwnRoles + "do $$ begin if not exists (select from pg_roles where rolname = 'passer') then create role passer login bypassrls password 'sample'; end if; end $$");
        var plan = await PlanAsync(As(superuser, "passer", "sample"), await servers.CreateHomeAsync());
        Assert.Empty(plan.Carriage.PasswordRoles);
        Assert.Contains(plan.Findings, f => f is { Code: "role-password-not-moved", Subject: "role reporting", Severity: Severity.Warning });
    }

    [Fact]
    public async Task A_role_that_exists_is_kept_as_it_is()
    {
        var (superuser, _) = await servers.CreateProjectAsync();
        var home = await servers.CreateHomeAsync();
        await PostgresFixture.ExecuteAsync(home, "create role service_role nologin; create role anon nologin noinherit");
        var plan = await PlanAsync(superuser, home);
        await ExecuteAsync(plan, superuser, home);
        Assert.Contains(plan.Findings, f => f is { Code: "role-differs", Subject: "role service_role", Severity: Severity.Warning });
        Assert.Contains(plan.Findings, f => f is { Code: "role-exists", Subject: "role anon", Severity: Severity.Info });
        Assert.Equal(["f"], await TwoServers.QueryAsync(home, "select rolbypassrls from pg_roles where rolname = 'service_role'"));
    }

    [Fact]
    public async Task An_admin_without_createrole_is_told_before_anything_is_begun()
    {
        var (superuser, _) = await servers.CreateProjectAsync();
        var home = await servers.CreateHomeAsync();
        await PostgresFixture.ExecuteAsync(home, "create role mover login password 'sample'");
        var mover = await TwoServers.FactsAsync(As(home, "mover", "sample"));
        var source = await TwoServers.FactsAsync(superuser);
        Assert.Contains(SupabaseProfile.Plan(source, mover, [], new()).Findings, f => f is { Code: "target-no-createrole", Severity: Severity.Block });
        var without = SupabaseProfile.Plan(source, mover, [], new() { CreateRoles = false });
        Assert.DoesNotContain(without.Findings, f => f.Severity == Severity.Block);
        Assert.Contains(without.Findings, f => f.Code == "roles-missing");
        Assert.Empty(without.Before);
    }

    [Fact]
    public async Task An_admin_that_is_no_superuser_makes_what_it_may_and_names_the_rest()
    {
        var (superuser, _) = await servers.CreateProjectAsync();
        var home = await servers.CreateHomeAsync();
        await PostgresFixture.ExecuteAsync(home, $"create role mover login createrole password 'sample'; alter database {new SqlName(home.Database)} owner to mover");
        var mover = As(home, "mover", "sample");
        var plan = await PlanAsync(superuser, mover);
        await ExecuteAsync(plan, superuser, mover);
        Assert.Contains(plan.Findings, f => f is { Code: "role-attribute-left", Subject: "role service_role", Severity: Severity.Warning });
        Assert.Equal(["anon", "authenticated", "service_role"], await TwoServers.QueryAsync(home, "select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles u on u.oid = m.member where u.rolname = 'authenticator' order by 1"));
        Assert.Contains(plan.Findings, f => f is { Code: "setting-left", Severity: Severity.Warning } && f.Problem.Contains("app.settings.jwt_secret", StringComparison.Ordinal));
        Assert.Contains("mover|f|t", await TwoServers.QueryAsync(home, "select rolname || '|' || rolsuper::text::char || '|' || rolcreaterole::text::char from pg_roles where rolname = 'mover'"));
    }

    private static ConnectionSettings As(ConnectionSettings settings, string user, string password) => settings.With("user", user, "test").With("password", password, "test");

    private static async Task<ProfilePlan> PlanAsync(ConnectionSettings source, ConnectionSettings target) =>
        SupabaseProfile.Plan(await TwoServers.FactsAsync(source), await TwoServers.FactsAsync(target), [], new());

    private static async Task ExecuteAsync(ProfilePlan plan, ConnectionSettings source, ConnectionSettings target)
    {
        foreach (var step in plan.Before.Concat(plan.After)) await PostgresFixture.ExecuteAsync(target, step.Sql);
        await using var from = await PostgresFixture.OpenAsync(source);
        await using var to = await PostgresFixture.OpenAsync(target);
        Assert.Empty((await new Carrier(from, to, plan.Carriage with { Secrets = false, Jobs = [] }).RunAsync(TestContext.Current.CancellationToken)).Where(f => f.Severity != Severity.Info));
    }
}
