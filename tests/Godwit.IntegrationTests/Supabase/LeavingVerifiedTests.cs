using Godwit.Supabase;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Godwit.IntegrationTests.Supabase;

/// <summary>A project that has moved is compared whole: what the profile decided is expected, each with its reason, and everything else that differs is named.</summary>
[Collection(SupabaseServers.Name)]
public sealed class LeavingVerifiedTests(TwoServers servers) : IDisposable
{
    private static readonly string Application = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Supabase", "portal.sql"));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-leave-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<(ConnectionSettings Old, ConnectionSettings New, MigrationResult Result)> MoveAsync(SupabaseChoices? choices = null, string prepareTarget = "")
    {
        var (superuser, admin) = await servers.CreateProjectAsync();
        await PostgresFixture.ExecuteAsync(superuser, Application.Replace("{admin}", admin.User, StringComparison.Ordinal));
        var home = await servers.CreateHomeAsync();
        if (prepareTarget.Length > 0) await PostgresFixture.ExecuteAsync(home, prepareTarget);
        await using var source = await EngineRegistry.OpenAsync(admin.DisplayWithPassword + "?sslmode=disable", _ => null, Token);
        await using var target = await TargetDatabase.OpenAsync(home, 6, Token);
        var options = new MigrationOptions { Jobs = 2, Platform = (choices ?? new()) with { SecretsFolder = Path.Combine(_folder.FullName, "secrets") } };
        return (admin, home, await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(source, target, options, null, new Progress<MigrationEvent>(), Token));
    }

    private static async Task<VerifyReport> VerifyAsync(ConnectionSettings old, ConnectionSettings home, BehaviourDepth? depth = null)
    {
        await using var source = await TargetDatabase.OpenAsync(ConnectionSettings.Parse(old.DisplayWithPassword + "?sslmode=disable", _ => null), 8, Token);
        await using var target = await TargetDatabase.OpenAsync(home, 8, Token);
        return await PairVerifying.RunAsync(source, target, new(VerifyMode.Full, 2) { Behaviour = depth is { } d ? new(d, []) : null }, new Progress<MigrationEvent>(), TimeProvider.System, Token);
    }

    private static IEnumerable<string> Different(VerifyReport report) => report.Checks.Where(c => c.Verdict == Verdict.Different).Select(c => $"{c.Name}: {c.Detail}")
        .Concat(report.Tables.Where(t => t.Verdict == Verdict.Different).Select(t => t.Table)).Concat(report.Behaviour.Where(b => b.Verdict == Verdict.Different).Select(b => b.ToString()));

    [Fact]
    public async Task Rows_catalog_and_behaviour_are_equal_but_for_what_was_decided()
    {
        var (old, home, result) = await MoveAsync();
        Assert.Equal([], Different(result.Verification!));
        Assert.Contains(result.Verification!.Checks, c => c is { Name: "catalog: policy", Verdict: Verdict.Equal });

        var report = await VerifyAsync(old, home, BehaviourDepth.Write);
        Assert.Equal([], Different(report));
        var unequal = string.Join('\n', report.Tables.Where(t => t.Verdict != Verdict.Equal).Select(t => $"{t.Table}: {string.Join(", ", t.Checks)}"));
        Assert.True(unequal.Length == 0, unequal);
        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.True(report.Behaviour.Count(b => b.Verdict == Verdict.Equal) > 100, $"{report.Behaviour.Length} cells");
        Assert.All(report.Expected, e => Assert.NotEmpty(e.Reason));
        var expected = report.Expected.ToLookup(e => e.Subject, e => e.Seen);
        Assert.Contains(expected["schema vault"], s => s.Contains("not in the target", StringComparison.Ordinal));
        Assert.Contains("made otherwise", expected["function net.http_post(text,jsonb,jsonb,jsonb,integer)"].Single(), StringComparison.Ordinal);
        Assert.NotEmpty(expected["publication supabase_realtime"]);
        Assert.NotEmpty(expected["role authenticator"]);
        Assert.NotEmpty(expected["trigger public.documents.hook"]);
        Assert.DoesNotContain("hook-s3cret", string.Join('\n', report.Expected), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("revoke select on public.documents from anon", "table public.documents")]
    [InlineData("drop policy own_files on storage.objects", "policy storage.objects.own_files")]
    [InlineData("alter policy hear on realtime.messages using (true)", "policy realtime.messages.hear")]
    [InlineData("alter role authenticated bypassrls", "role authenticated")]
    [InlineData("alter role authenticator set statement_timeout = '1s'", "role authenticator")]
    [InlineData("revoke execute on function auth.uid() from public", "function auth.uid()")]
    [InlineData("create table extensions.stray (id int)", "table extensions.stray")]
    [InlineData("alter default privileges in schema public revoke select on tables from anon", "default privileges")]
    [InlineData("alter function public.handle_new_user() security invoker", "function public.handle_new_user()")]
    public async Task What_nobody_decided_is_a_difference(string change, string subject)
    {
        var (old, home, result) = await MoveAsync();
        Assert.Equal([], Different(result.Verification!));
        await PostgresFixture.ExecuteAsync(home, change);
        var report = await VerifyAsync(old, home);
        Assert.Equal(Verdict.Different, report.Verdict);
        Assert.Contains(Different(report), d => d.StartsWith(subject, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_role_that_is_not_made_is_named_with_what_it_had()
    {
        var (old, home, result) = await MoveAsync(new() { CreateRoles = false }, "create role authenticated; create role service_role bypassrls");
        var left = result.Findings.Single(f => f is { Code: "role-left", Subject: "role anon" });
        Assert.Contains("USAGE ON SCHEMA public", left.Problem, StringComparison.Ordinal);
        Assert.Contains("policy public_documents on public.documents", left.Problem, StringComparison.Ordinal);
        Assert.Contains(" more", left.Problem, StringComparison.Ordinal);
        Assert.Equal([], Different(await VerifyAsync(old, home)));
    }

    [Fact]
    public async Task The_plan_is_found_whoever_compares()
    {
        var (old, home, _) = await MoveAsync();
        Assert.Equal([], Different(await VerifyAsync(servers.Hosted.WithDatabase(old.Database), home)));
    }

    [Fact]
    public async Task One_owner_for_everything_is_expected_where_it_was_chosen()
    {
        var (old, home, result) = await MoveAsync(new() { KeepOwners = false });
        Assert.Equal([], Different(result.Verification!));
        Assert.Equal([], Different(await VerifyAsync(old, home)));
    }
}
