using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>CREATE EXTENSION brings the comment that the extension's files say; what somebody said instead is the application's.</summary>
public sealed class ExtensionTests(PostgresFixture postgres)
{
    private const string Own = "create extension citext; comment on extension citext is 'not without e-mail'; create extension hstore; create table t (id int primary key, c citext)";
    private const string Comment = "select obj_description(oid, 'pg_extension') from pg_extension where extname = 'citext'";

    [Fact]
    public async Task What_the_user_says_of_an_extension_moves()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Own);
        var result = await pair.MigrateAsync();
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        await pair.AssertEqualAsync();
        Assert.Equal(["not without e-mail"], await pair.Target.QueryAsync(Comment));
    }

    [Fact]
    public async Task Of_an_extension_that_is_somebody_elses_the_statement_is_named_and_everything_else_is_there()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Own);
        var settings = pair.Target.Settings;
        var role = await pair.RoleAsync("mover", "login password 'mover'");
        await pair.TargetAsync($"create extension citext; grant create on database \"{settings.Database}\" to \"{role}\"; grant create on schema public to \"{role}\"");
        var result = await pair.MigrateAsync(to: $"host={settings.Host} port={settings.Port} dbname={settings.Database} user={role} password=mover sslmode=disable");
        Assert.Contains("COMMENT ON EXTENSION citext IS 'not without e-mail'", Assert.Single(result.Findings, f => f.Code == "step-refused").Problem, StringComparison.Ordinal);
        Assert.Equal(["citext"], await pair.Target.QueryAsync("select format_type(atttypid, null) from pg_attribute where attrelid = 't'::regclass and attname = 'c'"));
    }
}
