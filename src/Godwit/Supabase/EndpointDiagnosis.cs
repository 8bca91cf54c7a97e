using System.Text.RegularExpressions;
using Godwit.Target;

namespace Godwit.Supabase;

/// <summary>
/// What a connection string says of the way to the server. A hosted database has three: the server itself (db.REF.supabase.co:5432, IPv6 unless the
/// add-on is bought), a pooler in session mode (5432) and one in transaction mode (6543), whose user names carry the project: postgres.REF. Pure.
/// </summary>
public static partial class EndpointDiagnosis
{
    public const int TransactionPort = 6543;

    /// <summary>The project's reference in the user name or the host, null where neither has one.</summary>
    public static string? Reference(ConnectionSettings settings) =>
        PooledUser().Match(settings.User) is { Success: true } user ? user.Groups[2].Value
        : DirectHost().Match(settings.Host) is { Success: true } host ? host.Groups[1].Value : null;

    public static bool IsPoolerHost(ConnectionSettings settings) => settings.Host.EndsWith(".pooler.supabase.com", StringComparison.OrdinalIgnoreCase);

    public static bool IsDirectHost(ConnectionSettings settings) => DirectHost().IsMatch(settings.Host);

    public static bool IsTransactionPooler(ConnectionSettings settings) =>
        settings.Port == TransactionPort && (IsPoolerHost(settings) || IsDirectHost(settings) || PooledUser().IsMatch(settings.User));

    /// <summary>
    /// Before connecting: what cannot work is refused with the endpoint that does. <paramref name="replication"/>: changes are to be followed too. <paramref name="side"/>: "source" or "target".
    /// </summary>
    public static void Refuse(ConnectionSettings settings, bool replication = false, string side = "source")
    {
        if (IsTransactionPooler(settings))
            throw new GodwitException(ErrorKind.Blocked, side + "-transaction-pooler",
                $"{settings.Host}:{settings.Port} is a pooler in transaction mode: each transaction may go to another session, and a snapshot, a session's settings and locks are lost between them.",
                "Use " + (replication ? Direct(settings) : Session(settings)));
        if (replication && IsPoolerHost(settings))
            throw new GodwitException(ErrorKind.Blocked, "endpoint-no-replication", $"{settings.Host} is a pooler, and replication does not go through it.", "Use " + Direct(settings));
    }

    /// <summary>Opens one side, with the endpoint that works in every error of the way there.</summary>
    public static async Task<T> OpenAsync<T>(ConnectionSettings settings, string side, Func<Task<T>> open)
    {
        Refuse(settings, side: side);
        try
        {
            return await open();
        }
        catch (GodwitException e) when (Explain(settings, e) is { } better && better != e)
        {
            throw better;
        }
    }

    /// <summary>Puts the endpoint that works into an error of the connection; other errors pass unchanged.</summary>
    public static GodwitException Explain(ConnectionSettings settings, GodwitException failure)
    {
        var kind = failure.Kind is ErrorKind.TargetFatal or ErrorKind.TargetTransient ? ErrorKind.TargetFatal : ErrorKind.SourceFatal;
        GodwitException Fatal(string code, string problem, string hint) => new(kind, code, problem, hint, failure);
        if (IsDirectHost(settings) && failure.Code.EndsWith("-unreachable", StringComparison.Ordinal))
            return Fatal("endpoint-ipv6-only", $"{settings.Host} cannot be reached from here. A project's own host has an IPv6 address only, unless the IPv4 add-on is bought, and this machine may have no IPv6.", "Use " + Session(settings));
        if (IsPoolerHost(settings) && !PooledUser().IsMatch(settings.User) && failure.SqlState is "XX000" or "28000" or "28P01" or "08006")
            return Fatal("endpoint-user-without-project", $"{settings.Host} serves many projects, and the user name {settings.User} does not say which.",
                $"Sign in as {settings.User}.REF, where REF is the project's reference (Connect, in its dashboard)");
        return failure;
    }

    /// <summary>"the session pooler: postgres://postgres.REF@aws-0-REGION.pooler.supabase.com:5432/postgres".</summary>
    public static string Session(ConnectionSettings settings)
    {
        var host = IsPoolerHost(settings) ? settings.Host : "aws-0-REGION.pooler.supabase.com";
        var user = PooledUser().IsMatch(settings.User) ? settings.User : $"{settings.User}.{Reference(settings) ?? "REF"}";
        return $"the pooler in session mode: postgres://{user}@{host}:5432/{settings.Database}" + (IsPoolerHost(settings) ? "" : " (the region stands in the dashboard under Connect)");
    }

    /// <summary>"the server itself: postgres://postgres@db.REF.supabase.co:5432/postgres".</summary>
    public static string Direct(ConnectionSettings settings)
    {
        var user = PooledUser().Match(settings.User) is { Success: true } match ? match.Groups[1].Value : settings.User;
        return $"the server itself: postgres://{user}@db.{Reference(settings) ?? "REF"}.supabase.co:5432/{settings.Database} (needs IPv6 or the IPv4 add-on)";
    }

    [GeneratedRegex(@"^([^.]+)\.([a-z0-9]{16,24})$")]
    private static partial Regex PooledUser();

    [GeneratedRegex(@"^db\.([a-z0-9]{16,24})\.supabase\.(?:co|com|in|red)$", RegexOptions.IgnoreCase)]
    private static partial Regex DirectHost();
}
