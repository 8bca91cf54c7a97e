using Godwit.Cutover;
using Godwit.Target;
using Godwit.Verify;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Godwit.IntegrationTests.Supabase;

/// <summary>A project is followed and left: what its platform goes on writing to tables that stay behind is in nobody's way.</summary>
[Collection(SupabaseServers.Name)]
public sealed class LeavingFollowedTests(TwoServers servers) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-leave-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // The project's event trigger writes down each statement that makes something: Godwit's own are none of the application's.
    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public async Task A_project_is_cut_over_while_its_platform_writes(FollowMethod method)
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Supabase", "portal.sql")).Replace("{admin}", admin.User, StringComparison.Ordinal));
        var home = await servers.CreateHomeAsync();
        var (stored, files) = (_folder.CreateSubdirectory("stored"), Path.Combine(_folder.FullName, "files"));
        var options = new MigrationOptions { Jobs = 2, Follow = true, FollowMethod = method, Platform = new() { SecretsFolder = Path.Combine(_folder.FullName, "secrets"), StorageFiles = stored.FullName, StorageFolder = files } };
        var papers = stored.CreateSubdirectory("papers").FullName;
        foreach (var name in new[] { "kept", "replaced" }) File.WriteAllText(Path.Combine(papers, name), "first");
        await PostgresFixture.ExecuteAsync(superuser, """truncate storage.objects; insert into storage.buckets (id, name) values ('papers', 'papers'); insert into storage.objects (bucket_id, name, metadata) values ('papers', 'kept', '{"size": 5}'), ('papers', 'replaced', '{"size": 5}'); set session_replication_role = replica; update storage.objects set updated_at = now() - interval '1 minute'""");
        await using var source = await EngineRegistry.OpenAsync(superuser.DisplayWithPassword + "?sslmode=disable", _ => null, Token);
        await using (var target = await TargetDatabase.OpenAsync(home, 6, Token))
            await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(source, target, options, null, new Progress<MigrationEvent>(), Token);
        var before = await TwoServers.QueryAsync(home, "select count(*) from app.rates");
        await PostgresFixture.ExecuteAsync(superuser, "insert into app.rates values ('2031-01-01', 7); insert into _realtime.tenants (id, inserted_at, updated_at) values (gen_random_uuid(), now(), now()); insert into supabase_migrations.schema_migrations (version) values ('20310101')");
        await PostgresFixture.ExecuteAsync(superuser, "select vault.create_secret('made since', 'later', ''), cron.schedule('late', '* * * * *', 'select 1')");
        // Behind the copy's back: one more file, and another of the same size.
        File.WriteAllText(Path.Combine(papers, "new"), "more");
        File.WriteAllText(Path.Combine(papers, "replaced"), "other");
        await PostgresFixture.ExecuteAsync(superuser, """insert into storage.objects (bucket_id, name, metadata) values ('papers', 'new', '{"size": 4}'), ('papers', 'lost', '{"size": 9}'); update storage.objects set version = 'next' where name = 'replaced'""");
        var found = new List<Finding>();
        await using var again = await EngineRegistry.OpenAsync(superuser.DisplayWithPassword + "?sslmode=disable", _ => null, Token);
        await using (var target = await TargetDatabase.OpenAsync(home, 6, Token))
            await new CuttingOver(TimeProvider.System) { Found = found.Add }.CutoverAsync(again, target, options, new(null, [], null, VerifyMode.Full), _ => { }, Token);
        Assert.Equal([(int.Parse(before[0]!) + 1).ToString()], await TwoServers.QueryAsync(home, "select count(*) from app.rates"));
        Assert.DoesNotContain(found, f => f.Code == "cutover-schema-differs");
        Assert.EndsWith(": secret later; job late.", Assert.Single(found, f => f.Code == "cutover-carried-before").Problem, StringComparison.Ordinal);
        Assert.Equal(["kept: first", "new: more", "replaced: other"], Directory.EnumerateFiles(Path.Combine(files, "papers")).Order().Select(f => $"{Path.GetFileName(f)}: {File.ReadAllText(f)}"));
        Assert.StartsWith("2 file(s)", Assert.Single(found, f => f.Code == "cutover-files").Problem, StringComparison.Ordinal);
        Assert.Contains("papers/lost", Assert.Single(found, f => f.Code == "storage-file-missing").Problem, StringComparison.Ordinal);
    }
}
