using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Godwit.Target;

/// <summary>
/// Turns what Npgsql throws into the one user error, by SQLSTATE (PostgreSQL documentation, appendix A) and by the kind of exception,
/// never by the text of a message: a server may speak any language.
/// </summary>
public static class TargetErrors
{
    private const string Resume = "run the same command again: it resumes where it stopped";

    /// <summary>True for what a connection, a command or a COPY stream throws when the target or the way to it fails.</summary>
    public static bool IsTargetError(Exception e) =>
        e is NpgsqlException or SocketException or IOException or TimeoutException or AuthenticationException;

    /// <summary>Trying again soon may help: the connection went away, the server restarts, two transactions collided.</summary>
    public static bool IsTransient(Exception e) => e switch
    {
        GodwitException g => g.Kind == ErrorKind.TargetTransient && g.Code is not "target-disk-full",
        PostgresException p => Map(p, "").Kind == ErrorKind.TargetTransient && p.SqlState is not PostgresErrorCodes.DiskFull,
        _ => IsTargetError(e) && Map(e, "") is { Kind: ErrorKind.TargetTransient },
    };

    /// <summary><paramref name="doing"/> starts the message: "Connecting to postgres://app@db:5432/app".</summary>
    public static GodwitException Map(Exception e, string doing) => e switch
    {
        GodwitException g => g,
        PostgresException p => FromServer(p, doing),
        _ => FromClient(e, doing),
    };

    internal static GodwitException Error(ErrorKind kind, string code, string doing, string what, string hint, Exception? inner = null) =>
        new(kind, code, $"{doing}: {what}.", hint, inner) { SqlState = (inner as PostgresException)?.SqlState };

    private static GodwitException FromServer(PostgresException p, string doing)
    {
        GodwitException Fatal(string code, string what, string hint) => Error(ErrorKind.TargetFatal, code, doing, $"{what} (SQLSTATE {p.SqlState})", hint, p);
        GodwitException Transient(string code, string what, string hint) => Error(ErrorKind.TargetTransient, code, doing, $"{what} (SQLSTATE {p.SqlState})", hint, p);

        return p.SqlState switch
        {
            "28P01" => Fatal("target-auth-failed", "the server does not accept this user and password", "check the user and password, and that it has not expired (VALID UNTIL); PGPASSWORD or ~/.pgpass keep it out of the command line"),
            "28000" => Fatal("target-auth-failed", "the server does not let this user in from here: unknown role, no login, or no line of pg_hba.conf for this address, database and TLS mode",
                "check the user's name, sslmode, and the server's pg_hba.conf"),
            "3D000" => Fatal("target-database-missing", "the database does not exist", "create it first: createdb NAME, or name another one"),
            "42501" => Fatal("target-no-privilege", $"the role may not do this: {p.MessageText}", "sign in as the owner, or let an administrator grant it: GRANT CREATE ON DATABASE name (or ON SCHEMA name) TO role"),
            "25006" => Fatal("target-read-only", "the server or the session is read-only", "connect to the primary, and check default_transaction_read_only"),
            "53100" => Transient("target-disk-full", "the server's disk is full", "free or add space on the server; then " + Resume),
            "53200" => Transient("target-out-of-memory", "the server is out of memory", "lower --jobs or the server's memory settings; then " + Resume),
            "53300" => Transient("target-too-many-connections", "the server has no free connection", "lower --jobs, or raise max_connections or the role's or database's connection limit"),
            "53400" => Transient("target-limit-exceeded", "a configured limit of the server is exceeded", "raise the limit (temp_file_limit and the like); then " + Resume),
            "57P01" or "57P02" or "57P04" => Transient("target-connection-lost", "the server ended the connection", Resume),
            "57P03" => Transient("target-connection-lost", "the server is starting up or shutting down", "wait until it accepts connections; then " + Resume),
            "57P05" or "25P03" or "25P04" => Transient("target-connection-lost", "the server ended an idle or long session", Resume),
            "57014" => Transient("target-canceled", "the server cancelled the statement: a timeout or an administrator", Resume),
            "40001" or "40P01" => Transient("target-conflict", "another transaction was in the way", Resume),
            "55P03" => Transient("target-lock-timeout", $"a lock could not be had{On(p)}", "see who holds it in pg_stat_activity; then " + Resume),
            "0A000" => Fatal("target-unsupported", $"the server does not support this: {p.MessageText}", "check the server's version and extensions"),
            "08P01" => Fatal("target-protocol", "the server or a pooler in between does not speak PostgreSQL's protocol as asked", "connect to the server itself, or to the pooler's session mode"),
            _ when p.SqlState.StartsWith("08", StringComparison.Ordinal) => Transient("target-connection-lost", "the connection broke", Resume),
            _ when p.SqlState.StartsWith("58", StringComparison.Ordinal) => Transient("target-system-error", "the server met an input/output error", "see the server's log; then " + Resume),
            _ when p.SqlState.StartsWith("XX", StringComparison.Ordinal) => Fatal("target-damaged", "the server reports an internal error or damaged data", "see the server's log"),
            // The text of classes 22 and 23 quotes values of rows, which belong in no message.
            _ when p.SqlState.StartsWith("22", StringComparison.Ordinal) => Fatal("target-value-refused", $"the server refused a value{On(p)}", "this is a bug in Godwit: it should have checked the value; please report it"),
            _ when p.SqlState.StartsWith("23", StringComparison.Ordinal) => Fatal("target-constraint-violated", $"a constraint of the target does not hold{On(p)}", "look at the rows of that table and constraint"),
            _ => Fatal("target-refused", $"the server refused: {p.MessageText}", "see the SQLSTATE in appendix A of PostgreSQL's documentation"),
        };
    }

    private static string On(PostgresException p)
    {
        var subject = string.Join(", ", new[]
        {
            p.TableName is { Length: > 0 } t ? $"table {(p.SchemaName is { Length: > 0 } s ? s + "." : "")}{t}" : null,
            p.ColumnName is { Length: > 0 } c ? $"column {c}" : null,
            p.ConstraintName is { Length: > 0 } n ? $"constraint {n}" : null,
        }.Where(x => x is not null));
        return subject.Length == 0 ? "" : $": {subject}";
    }

    private static GodwitException FromClient(Exception e, string doing)
    {
        if (Find<PostgresException>(e) is { } server) return FromServer(server, doing);
        if (Find<AuthenticationException>(e) is not null)
            return Error(ErrorKind.TargetFatal, "target-tls-refused", doing, "the TLS handshake failed, or the server's certificate is not trusted for this host name",
                "check sslrootcert and the host name; sslmode=require encrypts without checking the certificate", e);
        if (Find<SocketException>(e) is { } socket) return FromSocket(socket, doing, e);
        if (Find<TimeoutException>(e) is not null)
            return Error(ErrorKind.TargetTransient, "target-timeout", doing, "no answer in time", "check host, port and firewall; connect_timeout=60 waits longer", e);
        if (Find<IOException>(e) is not null) return Error(ErrorKind.TargetTransient, "target-connection-lost", doing, "the connection broke", Resume, e);
        return e is InvalidOperationException
            ? new GodwitException(ErrorKind.Internal, "target-misused", $"{doing}: {e.Message}", "please report this", e)
            : Error(ErrorKind.TargetFatal, "target-refused", doing, e.Message.TrimEnd('.'), "see the server's log", e);
    }

    private static GodwitException FromSocket(SocketException socket, string doing, Exception e) => socket.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData =>
            Error(ErrorKind.TargetFatal, "target-unreachable", doing, "the host name is not known", "check the spelling of the host", e),
        SocketError.TryAgain or SocketError.NoRecovery =>
            Error(ErrorKind.TargetTransient, "target-unreachable", doing, "the host name could not be looked up", "check the network and the spelling of the host", e),
        SocketError.ConnectionRefused =>
            Error(ErrorKind.TargetTransient, "target-unreachable", doing, "nothing listens on this host and port", "start the server, or check host and port", e),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown or SocketError.TimedOut =>
            Error(ErrorKind.TargetTransient, "target-unreachable", doing, "there is no way to this host, or it does not answer", "check the network, the address and the firewall", e),
        // A unix socket that is not there: ENOENT and ENOTDIR arrive as AddressNotAvailable or without a code of their own.
        SocketError.AddressNotAvailable or SocketError.AccessDenied or SocketError.InvalidArgument or SocketError.SocketError =>
            Error(ErrorKind.TargetFatal, "target-unreachable", doing, "this address or socket cannot be opened", "check host (a socket folder starts with /) and port", e),
        _ => Error(ErrorKind.TargetTransient, "target-connection-lost", doing, "the connection broke", Resume, e),
    };

    private static T? Find<T>(Exception? e) where T : Exception
    {
        for (; e is not null; e = e.InnerException)
            if (e is T found) return found;
        return null;
    }
}
