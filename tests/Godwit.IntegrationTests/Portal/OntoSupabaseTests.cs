using Godwit.Samples.InternshipTracker;
using Godwit.Supabase.Rls;
using Godwit.Target;
using Godwit.Verify;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Portal;

/// <summary>An application's SQLite file moves onto a hosted project, with the rights that one has there.</summary>
public sealed class OntoSupabaseTests
{
    // Everything in the platform's own schemas, with its rights.
    private const string Managed = """
        SELECT concat_ws(' ', n.nspname, c.relname, c.relkind, c.relacl::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT IN ('public', 'private', 'godwit', 'pg_toast') AND n.nspname NOT LIKE 'pg_t%'
        UNION ALL SELECT concat_ws(' ', n.nspname, p.proname, p.proacl::text, md5(p.prosrc)) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('public', 'private', 'godwit')
        UNION ALL SELECT concat_ws(' ', polrelid::regclass::text, polname) FROM pg_policy WHERE polrelid::regclass::text LIKE 'cron.%' UNION ALL SELECT tgrelid::regclass || tgname FROM pg_trigger WHERE tgrelid IN ('auth.users'::regclass, 'storage.objects'::regclass)
        UNION ALL SELECT concat_ws(' ', nspname, nspacl::text) FROM pg_namespace WHERE nspname NOT IN ('public', 'private', 'godwit') AND nspname NOT LIKE 'pg\_t%'
        UNION ALL SELECT concat_ws(' ', rolname, rolsuper, rolbypassrls, rolcanlogin) FROM pg_roles UNION ALL SELECT concat_ws(' ', setrole::regrole::text, setconfig::text) FROM pg_db_role_setting
        UNION ALL SELECT concat_ws(' ', defaclrole::regrole::text, defaclnamespace::regnamespace::text, defaclacl::text) FROM pg_default_acl ORDER BY 1
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_tracker_moves_in_without_a_superuser_and_touches_nothing_of_the_platform()
    {
        await using var hosted = await HostedServer.StartAsync(Token);
        await using (var postgres = await hosted.ConnectAsync())
        {
            await using var refused = new NpgsqlCommand("SET session_replication_role = replica", postgres);
            Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => refused.ExecuteNonQueryAsync(Token))).SqlState);
        }
        // The platform's own event triggers would tell the REST service too.
        await hosted.ExecuteAsync("DROP EVENT TRIGGER pgrst_ddl_watch; DROP EVENT TRIGGER pgrst_drop_watch");
        var before = await hosted.QueryAsync(Managed);
        var told = 0;
        await using var service = await hosted.ConnectAsync();
        service.Notification += (_, e) => told += e is { Channel: "pgrst", Payload: "reload schema" } ? 1 : 0;
        await using (var listen = new NpgsqlCommand("LISTEN pgrst", service)) await listen.ExecuteNonQueryAsync(Token);

        await MigrateAsync(hosted);

        await using (var poll = new NpgsqlCommand("SELECT 1", service)) await poll.ExecuteScalarAsync(Token);
        if (told == 0) await service.WaitAsync(30_000, Token);
        Assert.Equal(1, told);
        Assert.Equal(["60"], await hosted.QueryAsync("SELECT count(*) FROM public.users"));
        Assert.Equal(["postgres"], await hosted.QueryAsync("SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"));
        Assert.Equal(before, await hosted.QueryAsync(Managed));
        // Nothing is open before somebody says so.
        Assert.Equal(["f"], await hosted.QueryAsync("SELECT bool_or(has_table_privilege('anon', oid, 'select')) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"));

        var matrix = await ProtectAsync(hosted);
        Assert.Empty(matrix.Cells.Where(c => c.IsDifferent || c.Found is null));
        Assert.Equal(before, await hosted.QueryAsync(Managed));
    }

    private static async Task MigrateAsync(HostedServer hosted)
    {
        var folder = Directory.CreateTempSubdirectory("godwit-tracker-");
        try
        {
            var file = Path.Combine(folder.FullName, "app.db");
            TrackerGenerator.Write(file, new TrackerOptions(Users: 60));
            await using var source = await EngineRegistry.OpenAsync(file, Token);
            await using var target = await TargetDatabase.OpenAsync(hosted.Settings, 5, Token);
            var result = await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(source, target, new MigrationOptions { Jobs = 2 }, null, new Progress<MigrationEvent>(), Token);
            Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
            Assert.False(result.HasDifferences);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<RlsMatrix> ProtectAsync(HostedServer hosted)
    {
        await using var target = await TargetDatabase.OpenAsync(hosted.Settings, 2, Token);
        await using var connection = await target.ConnectAsync(Token);
        async Task<RlsPlan> PlanAsync() => new RlsPlanner(await RlsInspector.ReadAsync(connection, "public", Token), new RlsOptions()).Plan();
        await RlsApplier.ApplyAsync(connection, await PlanAsync(), Token);
        return await new RlsTester(connection, await PlanAsync()).RunAsync(Token);
    }
}
