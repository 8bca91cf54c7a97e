using Godwit.Supabase;
using Godwit.Target;
using Xunit;

namespace Godwit.Tests.Supabase;

public sealed class EndpointTests
{
    private const string Pooler = "aws-0-eu-central-1.pooler.supabase.com";
    private const string Reference = "abcdefghijklmnopqrst";

    private static ConnectionSettings At(string url) => ConnectionSettings.Parse(url, _ => null);

    [Theory]
    [InlineData($"postgres://postgres.{Reference}@{Pooler}:6543/postgres")]
    [InlineData($"postgres://postgres@db.{Reference}.supabase.co:6543/postgres")]
    [InlineData($"postgres://postgres.{Reference}@pooler.example.com:6543/postgres")]
    public void A_pooler_in_transaction_mode_is_refused_with_the_one_in_session_mode(string url)
    {
        var error = Assert.Throws<GodwitException>(() => EndpointDiagnosis.Refuse(At(url)));
        Assert.Equal("source-transaction-pooler", error.Code);
        Assert.Equal("target-transaction-pooler", Assert.Throws<GodwitException>(() => EndpointDiagnosis.Refuse(At(url), side: "target")).Code);
        Assert.Contains($"postgres.{Reference}@", error.Hint, StringComparison.Ordinal);
        Assert.Contains(":5432/postgres", error.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData($"postgres://postgres.{Reference}@{Pooler}:5432/postgres")]
    [InlineData($"postgres://postgres@db.{Reference}.supabase.co:5432/postgres")]
    [InlineData("postgres://app@127.0.0.1:6543/app")]
    public void Others_are_let_through(string url) => EndpointDiagnosis.Refuse(At(url));

    [Fact]
    public void Following_needs_the_server_itself()
    {
        var error = Assert.Throws<GodwitException>(() => EndpointDiagnosis.Refuse(At($"postgres://postgres.{Reference}@{Pooler}:5432/postgres"), replication: true));
        Assert.Equal("endpoint-no-replication", error.Code);
        Assert.Contains($"postgres@db.{Reference}.supabase.co:5432", error.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ErrorKind.SourceFatal, "source-unreachable")]
    [InlineData(ErrorKind.TargetFatal, "target-unreachable")]
    public void A_direct_name_that_is_not_reached_is_told_to_be_IPv6(ErrorKind kind, string code)
    {
        var error = EndpointDiagnosis.Explain(At($"postgres://postgres@db.{Reference}.supabase.co:5432/postgres"), new(kind, code, "the host name is not known"));
        Assert.Equal(("endpoint-ipv6-only", kind), (error.Code, error.Kind));
        Assert.Contains($"postgres.{Reference}@", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pooler_without_the_project_in_the_user_name_is_told()
    {
        var failure = new GodwitException(ErrorKind.SourceFatal, "source-damaged", "Tenant or user not found") { SqlState = "XX000" };
        Assert.Equal("endpoint-user-without-project", EndpointDiagnosis.Explain(At($"postgres://postgres@{Pooler}:5432/postgres"), failure).Code);
        Assert.Same(failure, EndpointDiagnosis.Explain(At("postgres://postgres@db.example.com:5432/postgres"), failure));
    }
}
