using System.Net.Sockets;
using System.Security.Authentication;
using Godwit.Target;
using Npgsql;
using Xunit;

namespace Godwit.Tests.Target;

public sealed class TargetErrorsTests
{
    [Theory]
    [InlineData("28P01", "target-auth-failed", ErrorKind.TargetFatal, false)]
    [InlineData("28000", "target-auth-failed", ErrorKind.TargetFatal, false)]
    [InlineData("3D000", "target-database-missing", ErrorKind.TargetFatal, false)]
    [InlineData("42501", "target-no-privilege", ErrorKind.TargetFatal, false)]
    [InlineData("25006", "target-read-only", ErrorKind.TargetFatal, false)]
    [InlineData("53100", "target-disk-full", ErrorKind.TargetTransient, false)]
    [InlineData("53200", "target-out-of-memory", ErrorKind.TargetTransient, true)]
    [InlineData("53300", "target-too-many-connections", ErrorKind.TargetTransient, true)]
    [InlineData("57P01", "target-connection-lost", ErrorKind.TargetTransient, true)]
    [InlineData("57P02", "target-connection-lost", ErrorKind.TargetTransient, true)]
    [InlineData("57P03", "target-connection-lost", ErrorKind.TargetTransient, true)]
    [InlineData("08006", "target-connection-lost", ErrorKind.TargetTransient, true)]
    [InlineData("08P01", "target-protocol", ErrorKind.TargetFatal, false)]
    [InlineData("40P01", "target-conflict", ErrorKind.TargetTransient, true)]
    [InlineData("22P02", "target-value-refused", ErrorKind.TargetFatal, false)]
    [InlineData("23505", "target-constraint-violated", ErrorKind.TargetFatal, false)]
    [InlineData("XX001", "target-damaged", ErrorKind.TargetFatal, false)]
    [InlineData("42P07", "target-refused", ErrorKind.TargetFatal, false)]
    public void A_server_error_is_known_by_its_sqlstate(string state, string code, ErrorKind kind, bool transient)
    {
        var server = new PostgresException("whatever \"secretvalue\"", "ERROR", "ERROR", state);

        var error = TargetErrors.Map(server, "Trying");

        Assert.Equal((code, kind, state), (error.Code, error.Kind, error.SqlState));
        Assert.Equal((transient, transient), (TargetErrors.IsTransient(server), TargetErrors.IsTransient(error)));
        Assert.NotNull(error.Hint);
        if (state[..2] is "22" or "23") Assert.DoesNotContain("secretvalue", error.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, "target-unreachable", false)]
    [InlineData(SocketError.ConnectionRefused, "target-unreachable", true)]
    [InlineData(SocketError.NetworkUnreachable, "target-unreachable", true)]
    [InlineData(SocketError.TimedOut, "target-unreachable", true)]
    [InlineData(SocketError.ConnectionReset, "target-connection-lost", true)]
    [InlineData(SocketError.Shutdown, "target-connection-lost", true)]
    public void A_socket_error_is_known_by_its_code_however_deep(SocketError socket, string code, bool transient)
    {
        var e = new NpgsqlException("x", new IOException("y", new SocketException((int)socket)));

        Assert.Equal(code, TargetErrors.Map(e, "Trying").Code);
        Assert.Equal(transient, TargetErrors.IsTransient(e));
    }

    [Fact]
    public void Other_failures_of_the_client_are_known_by_their_kind()
    {
        Assert.Equal("target-tls-refused", TargetErrors.Map(new NpgsqlException("x", new AuthenticationException("y")), "Trying").Code);
        Assert.Equal("target-timeout", TargetErrors.Map(new NpgsqlException("x", new TimeoutException()), "Trying").Code);
        Assert.Equal("target-connection-lost", TargetErrors.Map(new NpgsqlException("x", new EndOfStreamException()), "Trying").Code);
        Assert.Equal("target-refused", TargetErrors.Map(new NpgsqlException("x"), "Trying").Code);
    }

    [Fact]
    public void A_user_error_passes_unchanged()
    {
        var own = new GodwitException(ErrorKind.Blocked, "some-code", "problem");

        Assert.Same(own, TargetErrors.Map(own, "Trying"));
        Assert.False(TargetErrors.IsTransient(own));
    }

    [Fact]
    public void Errors_of_other_parts_are_not_target_errors()
    {
        Assert.False(TargetErrors.IsTargetError(new InvalidOperationException()));
        Assert.False(TargetErrors.IsTargetError(new OperationCanceledException()));
    }
}
