using System.Net.Sockets;
using System.Security.Authentication;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>What a PostgreSQL source refuses, and how the way to it breaks, as errors that a user can act upon: by SQLSTATE, never by a message's text.</summary>
internal static class PostgresErrors
{
    private const string Resume = "run the same command again: it resumes where it stopped";

    internal static bool IsServerError(Exception e) => e is NpgsqlException or SocketException or IOException or TimeoutException or AuthenticationException;

    /// <summary><paramref name="doing"/> starts the message: "Connecting to postgres://app@db:5432/app".</summary>
    internal static GodwitException Map(Exception e, string doing) => e switch
    {
        GodwitException g => g,
        PostgresException p => FromServer(p, doing),
        _ => FromClient(e, doing),
    };

    /// <summary>For connecting: the driver says "no password given", "the server does not do TLS" and "no PostgreSQL" by one type; what the server answers to an SSLRequest tells them apart.</summary>
    internal static async Task<GodwitException> ExplainAsync(Exception e, NpgsqlConnectionStringBuilder settings, string doing, CancellationToken ct)
    {
        if (TlsProbe.MayTell(e))
        {
            var answer = await TlsProbe.AskAsync(settings, ct);
            if (answer == TlsAnswer.NotPostgres)
                return Error(ErrorKind.SourceFatal, "source-not-postgresql", doing, "what answers there is no PostgreSQL server", "check host and port: PostgreSQL's own is 5432", e);
            if (settings.SslMode is SslMode.Require or SslMode.VerifyCA or SslMode.VerifyFull && answer == TlsAnswer.Refused)
                return Error(ErrorKind.SourceFatal, "source-tls-refused", doing, "sslmode asks for TLS, which the server does not offer", "turn on TLS on the server (ssl = on), or accept an unencrypted connection with sslmode=prefer", e);
            if (settings.Password is null && e is NpgsqlException { InnerException: null })
                return Error(ErrorKind.SourceFatal, "source-auth-failed", doing, "the server asks for a password and none was given", "set PGPASSWORD, or add a line to ~/.pgpass (chmod 600)", e);
        }
        return Map(e, doing);
    }

    private static GodwitException FromServer(PostgresException p, string doing)
    {
        GodwitException Fatal(string code, string what, string hint) => Error(ErrorKind.SourceFatal, code, doing, $"{what} (SQLSTATE {p.SqlState})", hint, p);
        GodwitException Transient(string code, string what, string hint) => Error(ErrorKind.SourceTransient, code, doing, $"{what} (SQLSTATE {p.SqlState})", hint, p);
        var on = p.TableName is { Length: > 0 } table ? $": table {table}" : "";
        return p.SqlState switch
        {
            "28P01" => Fatal("source-auth-failed", "the server does not accept this user and password", "check the user and password, and that it has not expired (VALID UNTIL); PGPASSWORD or ~/.pgpass keep it out of the command line"),
            "28000" => Fatal("source-auth-failed", "the server does not let this user in from here: unknown role, no login, or no line of pg_hba.conf for this address, database and TLS mode", "check the user's name, sslmode, and the server's pg_hba.conf"),
            "3D000" => Fatal("source-database-missing", "the database does not exist", "list them: psql -l"),
            "42501" when p.MessageText.Contains("row-level security", StringComparison.OrdinalIgnoreCase) => Fatal("source-row-security", $"row level security hides rows from this role{on}; Godwit does not copy a part of a table", "sign in as a role with BYPASSRLS, or as a superuser"),
            "42501" => Fatal("source-no-privilege", $"the role may not read this{on}: {p.MessageText}", "sign in as the owner, or let an administrator run: GRANT pg_read_all_data TO role"),
            "53300" => Transient("source-too-many-connections", "the server has no free connection", "lower --jobs, or raise the server's or the role's connection limit"),
            "57014" => Transient("source-statement-timeout", "the server cancelled the statement: a timeout, an administrator, or a pooler between", "connect to the server itself instead of a pooler; then " + Resume),
            "57P01" or "57P02" or "57P04" => Transient("source-connection-lost", "the server ended the connection", Resume),
            "57P03" => Transient("source-connection-lost", "the server is starting up or shutting down", "wait until it accepts connections; then " + Resume),
            "57P05" or "25P03" or "25P04" => Transient("source-connection-lost", "the server ended an idle or long session", Resume),
            "40001" or "40P01" => Transient("source-conflict", "recovery or another transaction of the server was in the way", "on a standby, raise max_standby_streaming_delay; then " + Resume),
            "55P03" => Transient("source-lock-timeout", $"a lock could not be had{on}", "see who holds it in pg_stat_activity; then " + Resume),
            "08P01" => Fatal("source-protocol", "the server or a pooler in between does not speak PostgreSQL's protocol as asked", "connect to the server itself, or to the pooler's session mode"),
            "XX001" or "XX002" => Fatal("source-corrupt", $"the server reports damaged data{on}: {p.MessageText}", "restore the table from a backup, or leave it out with --exclude"),
            _ when p.SqlState.StartsWith("08", StringComparison.Ordinal) => Transient("source-connection-lost", "the connection broke", Resume),
            _ when p.SqlState.StartsWith("53", StringComparison.Ordinal) => Transient("source-out-of-resources", $"the server ran out of something: {p.MessageText}", "see the server's log; then " + Resume),
            _ => Fatal("source-query-failed", $"the server refused: {p.MessageText}", "see the SQLSTATE in appendix A of PostgreSQL's documentation"),
        };
    }

    private static GodwitException FromClient(Exception e, string doing)
    {
        if (Find<PostgresException>(e) is { } server) return FromServer(server, doing);
        if (Find<AuthenticationException>(e) is not null)
            return Error(ErrorKind.SourceFatal, "source-tls-refused", doing, "the TLS handshake failed, or the server's certificate is not trusted for this host name", "check sslrootcert and the host name; sslmode=require encrypts without checking the certificate", e);
        if (Find<SocketException>(e) is { } socket) return FromSocket(socket, doing, e);
        if (Find<TimeoutException>(e) is not null)
            return Error(ErrorKind.SourceTransient, "source-unreachable", doing, "no answer in time", "check host, port and firewall; connect_timeout=60 waits longer", e);
        if (Find<IOException>(e) is not null) return Error(ErrorKind.SourceTransient, "source-connection-lost", doing, "the connection broke", Resume, e);
        return Error(ErrorKind.SourceFatal, "source-auth-failed", doing, e.Message.TrimEnd('.'), "set PGPASSWORD, or add a line to ~/.pgpass (chmod 600)", e);
    }

    private static GodwitException FromSocket(SocketException socket, string doing, Exception e) => socket.SocketErrorCode switch
    {
        // A name that has IPv6 addresses only ends here too, on a machine without IPv6: that of Supabase's direct endpoint, say.
        SocketError.HostNotFound or SocketError.NoData => Error(ErrorKind.SourceFatal, "source-unreachable", doing, "the host name is not known, or has no address that this machine can use",
            "check the spelling of the host; a Supabase project's db.REF.supabase.co is IPv6 only: use its session pooler, aws-REGION.pooler.supabase.com:5432", e),
        SocketError.ConnectionRefused => Error(ErrorKind.SourceTransient, "source-unreachable", doing, "nothing listens on this host and port", "start the server, or check host and port", e),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown or SocketError.TimedOut or SocketError.TryAgain =>
            Error(ErrorKind.SourceTransient, "source-unreachable", doing, "there is no way to this host, or it does not answer",
                "check the network and the firewall; a host with an IPv6 address only needs IPv6 here, or the provider's pooler in session mode (port 5432)", e),
        SocketError.AddressNotAvailable or SocketError.AccessDenied or SocketError.InvalidArgument or SocketError.SocketError =>
            Error(ErrorKind.SourceFatal, "source-unreachable", doing, "this address or socket cannot be opened", "check host (a socket folder starts with /) and port", e),
        _ => Error(ErrorKind.SourceTransient, "source-connection-lost", doing, "the connection broke", Resume, e),
    };

    private static GodwitException Error(ErrorKind kind, string code, string doing, string what, string hint, Exception inner) =>
        new(kind, code, $"{doing}: {what}.", hint, inner) { SqlState = (inner as PostgresException)?.SqlState };

    private static T? Find<T>(Exception? e) where T : Exception
    {
        for (; e is not null; e = e.InnerException)
            if (e is T found) return found;
        return null;
    }
}
