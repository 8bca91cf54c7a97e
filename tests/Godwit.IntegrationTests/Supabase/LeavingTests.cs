using System.Collections.Immutable;
using System.Text.Json;
using Godwit.Plan;
using Godwit.Supabase;
using Godwit.Target;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Supabase;

/// <summary>A project moves to a server of one's own, by its admin who is no superuser, and works the same there.</summary>
[Collection(SupabaseServers.Name)]
public sealed class LeavingTests(TwoServers servers) : IDisposable
{
    private const string A = "00000000-0000-0000-0000-00000000000a";
    private static readonly string Application = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Supabase", "portal.sql"));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-leave-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    private SupabaseChoices Choices => new() { SecretsFolder = Path.Combine(_folder.FullName, "secrets"), StorageFolder = Path.Combine(_folder.FullName, "files") };

    private sealed record Moved(ConnectionSettings Old, ConnectionSettings New, MigrationResult Result)
    {
        public IEnumerable<string> Codes(Severity severity) => Result.Findings.Where(f => f.Severity == severity).Select(f => f.Code);
    }

    private async Task<Moved> MoveAsync(SupabaseChoices? choices = null, string prepareTarget = "")
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        // The application is made by the project's admin; triggers on auth.users, too, as the platform allows.
        await PostgresFixture.ExecuteAsync(superuser, Application.Replace("{admin}", admin.User, StringComparison.Ordinal));
        await PostgresFixture.ExecuteAsync(superuser, $"update cron.job set username = '{admin.User}'; update cron.job set database = current_database()");
        var home = await servers.CreateHomeAsync();
        if (prepareTarget.Length > 0) await PostgresFixture.ExecuteAsync(home, prepareTarget);
        return new(superuser, home, await MigrateAsync(admin, home, choices ?? Choices));
    }

    private static async Task<MigrationResult> MigrateAsync(ConnectionSettings from, ConnectionSettings to, SupabaseChoices choices, IProgress<MigrationEvent>? progress = null, CancellationToken? stop = null)
    {
        await using var source = await EngineRegistry.OpenAsync(from.DisplayWithPassword + "?sslmode=disable", _ => null, Token);
        await using var target = await TargetDatabase.OpenAsync(to, 6, Token);
        return await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(source, target, new() { Jobs = 2, Platform = choices }, null, progress ?? new Progress<MigrationEvent>(), stop ?? Token);
    }

    private sealed class StopAt(Func<MigrationEvent, bool> at, CancellationTokenSource stop) : IProgress<MigrationEvent>
    {
        public void Report(MigrationEvent value)
        {
            if (at(value)) stop.Cancel();
        }
    }

    /// <summary>Rows that a role sees under claims, as both servers print them.</summary>
    private static async Task<List<string>> AsAsync(ConnectionSettings settings, string role, string? user, string sql, string aal = "aal1")
    {
        await using var connection = await PostgresFixture.OpenAsync(settings);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        var claims = user is null ? "" : $$"""{"sub": "{{user}}", "role": "{{role}}", "aal": "{{aal}}"}""";
        await using (var set = new NpgsqlCommand($"set local role {role}; select set_config('request.jwt.claims', $${claims}$$, true)", connection)) await set.ExecuteNonQueryAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        try
        {
            await using var reader = await command.ExecuteReaderAsync(Token);
            var rows = new List<string>();
            while (await reader.ReadAsync(Token)) rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "" : reader.GetString(i))));
            return rows;
        }
        catch (PostgresException e)
        {
            return [e.SqlState];
        }
    }

    [Fact]
    public async Task The_same_rows_are_admitted_and_refused()
    {
        var moved = await MoveAsync();
        Assert.Empty(moved.Codes(Severity.Block));
        (string Role, string? User, string Sql, string Aal)[] requests =
        [
            ("anon", null, "select id, title from public.documents order by id", "aal1"),
            ("anon", null, "select * from public.accounts", "aal1"),
            ("authenticated", A, "select id, title from public.documents order by id", "aal1"),
            ("authenticated", A, "select id, title from public.documents order by id", "aal2"),
            ("authenticated", null, "select id from public.documents", "aal1"),
            ("authenticated", A, "select id from public.accounts", "aal1"),
            ("authenticated", A, "select day from app.rates", "aal1"),
            ("authenticated", A, "select rate from app.rates", "aal1"),
            ("authenticated", A, "select name from storage.objects", "aal1"),
            ("authenticated", A, "insert into public.documents (owner, title) values ('00000000-0000-0000-0000-00000000000b', 'stolen')", "aal1"),
            ("anon", null, "insert into public.documents (owner, title) values ('00000000-0000-0000-0000-00000000000a', 'x')", "aal1"),
            ("service_role", null, "select id, title from public.documents order by id", "aal1"),
            ("authenticated", A, "select * from auth.users", "aal1"),
            ("service_role", null, "delete from storage.objects", "aal1"),
        ];
        foreach (var (role, user, sql, aal) in requests) Assert.Equal(await AsAsync(moved.Old, role, user, sql, aal), await AsAsync(moved.New, role, user, sql, aal));
        Assert.Equal(["1", "2"], await AsAsync(moved.New, "authenticated", A, "select id from public.documents order by id", "aal2"));
        Assert.Equal(["42501"], await AsAsync(moved.New, "authenticated", A, "select rate from app.rates"));
    }

    [Fact]
    public async Task Operators_functions_indexes_and_views_mean_what_they_meant()
    {
        var moved = await MoveAsync();
        const string view = "select concat_ws('|', is_a, which, not_c) from public.same_mail order by id";
        Assert.Equal(["t|other|t", "f|b|t", "f|other|f"], await TwoServers.QueryAsync(moved.New, view));
        Assert.Equal(await TwoServers.QueryAsync(moved.Old, view), await TwoServers.QueryAsync(moved.New, view));
        Assert.Equal(["Creme", "Cafe", "b's"], await TwoServers.QueryAsync(moved.New, "select title from public.plain_titles order by id"));
        Assert.Equal(["extensions"], await TwoServers.QueryAsync(moved.New, "select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'citext'"));
        await PostgresFixture.ExecuteAsync(moved.New, "update public.accounts set email = 'A@EXAMPLE.COM' where email = 'a@example.com'");
        Assert.Equal(["0"], await TwoServers.QueryAsync(moved.New, "select count(*) from public.log where what like 'mail of%'"));
        await PostgresFixture.ExecuteAsync(moved.New, "update public.accounts set email = 'z@example.com' where email = 'a@example.com'");
        Assert.Equal(["1"], await TwoServers.QueryAsync(moved.New, "select count(*) from public.log where what like 'mail of%'"));
        Assert.Equal(["3"], await TwoServers.QueryAsync(moved.New, "select count(*) from pg_constraint where conrelid = 'public.documents'::regclass and contype in ('c', 'f') and convalidated"));
        Assert.Equal(["documents_title_plain"], await TwoServers.QueryAsync(moved.New, "select indexrelid::regclass::text from pg_index where indrelid = 'public.documents'::regclass and not indisprimary and indisvalid"));
    }

    [Fact]
    public async Task Triggers_on_users_fire_and_the_admin_stays_what_it_was()
    {
        var moved = await MoveAsync();
        await PostgresFixture.ExecuteAsync(moved.New, "insert into auth.users (id, email) values ('00000000-0000-0000-0000-00000000000d', 'd@example.com')");
        Assert.Equal(["d@example.com"], await TwoServers.QueryAsync(moved.New, "select email from public.accounts where id::text like '%d'"));
        Assert.Equal(["3"], await TwoServers.QueryAsync(moved.Old, "select count(*) from auth.users"));
        Assert.Equal(["t"], await TwoServers.QueryAsync(moved.New, "select rolsuper and rolcanlogin from pg_roles where rolname = current_user"));
        Assert.Equal(["0"], await TwoServers.QueryAsync(moved.New, "select count(*) from pg_namespace where nspname in ('graphql', 'pgsodium', 'cron', 'vault', '_realtime', 'pgbouncer')"));
        Assert.Equal(["0"], await TwoServers.QueryAsync(moved.New, "select count(*) from pg_event_trigger where evtname like 'pgrst%' or evtname like 'issue%'"));
        Assert.Equal(["app_on_ddl"], await TwoServers.QueryAsync(moved.New, "select evtname from pg_event_trigger"));
        Assert.Equal(["hear|messages", "hook_reads|accounts", "own_account|accounts", "own_documents|documents", "own_files|objects", "public_documents|documents"],
            await TwoServers.QueryAsync(moved.New, "select policyname || '|' || tablename from pg_policies order by 1"));
        Assert.Equal(["documents_only"], await TwoServers.QueryAsync(moved.New, "select pubname from pg_publication"));
        Assert.Equal(["{id,title}|(secret_level = 0)"], await TwoServers.QueryAsync(moved.New, "select attnames::text || '|' || rowfilter from pg_publication_tables where pubname = 'documents_only'"));
        Assert.Contains("realtime-left", moved.Codes(Severity.Warning));
        // New tables are open to the API's roles, as they were: the default privileges are the admin's now.
        await PostgresFixture.ExecuteAsync(moved.New, "create table public.newer (id int)");
        Assert.Equal(["t"], await TwoServers.QueryAsync(moved.New, "select has_table_privilege('anon', 'public.newer', 'insert')"));
        // Created after the event trigger: it noticed.
        Assert.Equal(["CREATE TABLE"], await TwoServers.QueryAsync(moved.New, "select what from public.log where what = 'CREATE TABLE'"));
    }

    [Fact]
    public async Task An_interrupted_move_goes_on_and_its_roles_get_their_passwords()
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, Application.Replace("{admin}", admin.User, StringComparison.Ordinal));
        var home = await servers.CreateHomeAsync();
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(Token))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MigrateAsync(admin, home, Choices, new StopAt(e => e is MigrationEvent.StepFinished { Id: var id } && id.StartsWith("analyze", StringComparison.Ordinal), stop), stop.Token));
        Assert.Equal(["1"], await TwoServers.QueryAsync(home, "select count(*) from pg_roles where rolname = 'authenticator'"));
        // Another moment: what was loaded is looked at again, also where an index calls what only the application's search_path finds.
        await PostgresFixture.ExecuteAsync(superuser, "select pg_current_xact_id()");
        var result = await MigrateAsync(admin, home, Choices);
        Assert.Equal([result.RunId.ToString()], await TwoServers.QueryAsync(home, "select id::text from godwit.run"));
        Assert.Equal(["authenticator"], await TwoServers.QueryAsync(home.With("user", "authenticator", "test").With("password", "sample", "test"), "select current_user"));
        Assert.Equal(await TwoServers.QueryAsync(superuser, "select count(*) from auth.users"), await TwoServers.QueryAsync(home, "select count(*) from auth.users"));
    }

    [Theory]
    [InlineData(MissingFunctions.Fail, "0A000", "platform-function-fails")]
    [InlineData(MissingFunctions.Silent, "", "platform-function-silent")]
    [InlineData(MissingFunctions.Omit, "", "trigger-omitted")]
    public async Task Calls_of_services_that_stay_behind_fail_or_are_silent_or_left_out(MissingFunctions choice, string expected, string code)
    {
        var moved = await MoveAsync(Choices with { MissingFunctions = choice });
        Assert.Contains(code, moved.Codes(Severity.Warning));
        foreach (var sql in new[] { $"insert into public.documents (owner, title) values ('{A}', 'new')", "update app.rates set rate = 2" })
            Assert.Equal(expected.Length == 0 ? [] : [expected], await AsAsync(moved.New, "postgres", null, sql));
        Assert.Equal([choice == MissingFunctions.Omit ? "0" : "2"], await TwoServers.QueryAsync(moved.New, "select count(*) from pg_trigger where tgname in ('hook', 'ping')"));
    }

    [Fact]
    public async Task Secrets_and_jobs_go_to_protected_files_and_nowhere_else()
    {
        var moved = await MoveAsync();
        var vault = Path.Combine(_folder.FullName, "secrets", Carrier.VaultFile);
        using (var json = JsonDocument.Parse(await File.ReadAllTextAsync(vault, Token))) Assert.Equal("vault-s3cret", json.RootElement[0].GetProperty("secret").GetString());
        Assert.Contains("cron-s3cret", await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "secrets", Carrier.CronFile), Token), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(vault));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(vault)!));
        }
        var (html, report) = await Report.ReportWriter.WriteAsync(moved.Result, Path.Combine(_folder.FullName, "report"), Token);
        var everything = await File.ReadAllTextAsync(html, Token) + await File.ReadAllTextAsync(report, Token) + string.Join('\n', await TwoServers.QueryAsync(moved.New, "select plan::text from godwit.run"));
        Assert.True(everything.Length > 10_000);
        foreach (var secret in new[] { "vault-s3cret", "cron-s3cret", "hook-s3cret", "SCRAM-SHA-256", "sample-secret-of-the-client-portal" }) Assert.DoesNotContain(secret, everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_target_has_a_vault_and_cron_they_take_them()
    {
        const string services = """
            create schema vault; create table vault.secrets (id uuid default gen_random_uuid(), name text, description text, secret text, created_at timestamptz default now());
            create view vault.decrypted_secrets as select *, secret as decrypted_secret from vault.secrets;
            create function vault.create_secret(s text, n text, d text) returns uuid language sql as 'insert into vault.secrets (secret, name, description) values (s, n, d) returning id';
            create schema cron; create table cron.job (jobid bigserial, schedule text, command text, database text default current_database(), username text default current_user, active boolean default true, jobname text unique);
            create function cron.schedule(n text, s text, c text) returns bigint language sql as
              'insert into cron.job (jobname, schedule, command) values (n, s, c) on conflict (jobname) do update set schedule = excluded.schedule, command = excluded.command returning jobid';
            """;
        var moved = await MoveAsync(prepareTarget: services);
        Assert.Equal(["mail|vault-s3cret"], await TwoServers.QueryAsync(moved.New, "select name || '|' || decrypted_secret from vault.decrypted_secrets"));
        Assert.Equal(["nightly|0 3 * * *|f"], await TwoServers.QueryAsync(moved.New, "select concat_ws('|', jobname, schedule, active) from cron.job"));
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "secrets")));
        Assert.Contains("vault-encrypted-again", moved.Codes(Severity.Info));
        Assert.Contains("cron-needs-platform", moved.Codes(Severity.Warning));
    }

    [Fact]
    public async Task Files_of_storage_come_along_from_a_folder_and_what_lacks_is_named()
    {
        var files = _folder.CreateSubdirectory("old");
        Directory.CreateDirectory(Path.Combine(files.FullName, "docs", A));
        await File.WriteAllTextAsync(Path.Combine(files.FullName, "docs", A, "a.txt"), "12345", Token);
        var moved = await MoveAsync(Choices with { StorageFiles = files.FullName });
        Assert.Equal("12345", await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "files", "docs", A, "a.txt"), Token));
        Assert.Contains("b.txt", moved.Result.Findings.Single(f => f.Code == "storage-file-missing").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_says_it_all_without_a_target()
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, Application.Replace("{admin}", admin.User, StringComparison.Ordinal));
        await using var source = await EngineRegistry.OpenAsync(admin.DisplayWithPassword + "?sslmode=disable", _ => null, Token);
        var plan = await new Migration(TimeProvider.System, NullLogger.Instance).PlanAsync(source, null, new() { Jobs = 1 }, new Progress<MigrationEvent>(), Token);
        Assert.Contains(plan.PreData, s => s.Id == "role:anon");
        Assert.Contains(plan.Findings, f => f.Code == "supabase-recognised");
        Assert.DoesNotContain(plan.Tables, t => t.Target.Schema is "realtime" or "net" or "vault" or "cron");
        Assert.Contains(plan.Tables, t => t.Source == "auth.users");
        Assert.Equal(PlanJson.Write(plan), PlanJson.Write(PlanJson.Read(PlanJson.Write(plan))));
    }
}
