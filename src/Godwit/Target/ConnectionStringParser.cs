using System.Collections.Frozen;
using System.Text;
using Npgsql;

namespace Godwit.Target;

/// <summary>Splits a connection string into libpq parameters. Reads nothing else; messages never repeat the string, which may hold a password.</summary>
internal static class ConnectionStringParser
{
    /// <summary>libpq's parameters (PostgreSQL documentation, 34.1.2). Those without a meaning here are accepted, so that a string that psql takes is taken.</summary>
    internal static readonly FrozenSet<string> Keywords = FrozenSet.Create(StringComparer.Ordinal,
        "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "require_auth", "channel_binding", "connect_timeout", "client_encoding", "options",
        "application_name", "fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
        "gssencmode", "gsslib", "gssdelegation", "krbsrvname", "sslmode", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslpassword", "sslcertmode", "sslrootcert", "sslcrl",
        "sslcrldir", "sslsni", "requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version", "min_protocol_version", "max_protocol_version", "service", "target_session_attrs",
        "load_balance_hosts");

    internal static bool IsPostgres(string text) => IsUrl(text) || LooksLikeKeywords(text);

    internal static IReadOnlyList<ConnectionValue> Parse(string text, string origin)
    {
        if (string.IsNullOrWhiteSpace(text)) throw Invalid("it is empty");
        if (IsUrl(text)) return ParseUrl(text.Trim(), origin);
        if (text.Contains("://", StringComparison.Ordinal) && !text.Contains('=', StringComparison.Ordinal)) throw Invalid("the scheme is not postgres:// or postgresql://");
        if (IsAdoForm(text)) return ParseAdo(text, origin);
        if (text.Contains('=', StringComparison.Ordinal)) return ParseKeywords(text, origin);
        throw Invalid("it is neither a postgres:// URL nor of the form \"host=... dbname=...\"");
    }

    internal static GodwitException Invalid(string why) =>
        new(ErrorKind.Usage, "connection-string-invalid", $"The PostgreSQL connection string is not valid: {why}.",
            "write it as postgres://user@host:5432/database?sslmode=require, with special characters percent-encoded (@ is %40, / is %2F)");

    private static bool IsUrl(string text) =>
        text.TrimStart() is var t && (t.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || t.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase));

    private static bool LooksLikeKeywords(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && text[..at].Trim().ToLowerInvariant() is var first
        && (Keywords.Contains(first) || first is "server" or "username" or "user id" or "database" or "data source");

    // "Host=a;Port=1" is Npgsql's; "host=a password=x;y" is libpq's. Names and addresses hold no semicolon.
    private static bool IsAdoForm(string text)
    {
        if (!text.Contains(';', StringComparison.Ordinal)) return false;
        try
        {
            return ParseKeywords(text, "").Any(v => v.Name is "host" or "hostaddr" or "port" or "user" or "dbname" && v.Value.Contains(';', StringComparison.Ordinal));
        }
        catch (GodwitException)
        {
            return true;
        }
    }

    /// <summary>postgres://[user[:password]@][host][:port][/dbname][?name=value&amp;...], as RFC 3986 and PostgreSQL documentation 34.1.1.2.</summary>
    private static List<ConnectionValue> ParseUrl(string text, string origin)
    {
        var values = new List<ConnectionValue>();
        void Add(string name, string encoded, string what)
        {
            if (encoded.Length > 0) values.Add(new(name, Decode(encoded, what), origin));
        }

        var rest = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var query = "";
        if (rest.IndexOf('?', StringComparison.Ordinal) is >= 0 and var mark) (rest, query) = (rest[..mark], rest[(mark + 1)..]);
        // The last @ ends the credentials: a password with a bare @ is common and cannot mean anything else. A slash in a password must be %2F.
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? rest : rest[..slash];
        if (slash >= 0 && !authority.Contains('@', StringComparison.Ordinal) && rest.Contains('@', StringComparison.Ordinal))
            throw Invalid("there is a / before the @, so the user or password holds an unencoded slash");
        if (slash >= 0) Add("dbname", rest[(slash + 1)..], "database name");
        var at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            var credentials = authority[..at];
            var colon = credentials.IndexOf(':', StringComparison.Ordinal);
            Add("user", colon < 0 ? credentials : credentials[..colon], "user");
            if (colon >= 0) Add("password", credentials[(colon + 1)..], "password");
        }
        var (host, port) = SplitHost(authority[(at + 1)..]);
        Add("host", host, "host");
        Add("port", port, "port");
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) throw Invalid("a parameter after the ? has no value");
            var name = Decode(pair[..equals], "parameter name");
            // libpq keeps JDBC's spelling working: ssl=true is sslmode=require.
            var (keyword, value) = name == "ssl" && pair[(equals + 1)..] == "true" ? ("sslmode", "require") : (name, pair[(equals + 1)..]);
            RequireKnown(keyword);
            values.RemoveAll(v => v.Name == keyword);
            Add(keyword, value, keyword);
        }
        return values;
    }

    private static (string Host, string Port) SplitHost(string text)
    {
        if (text.Contains(',', StringComparison.Ordinal)) throw Invalid("it names several hosts; Godwit writes to one");
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || (end + 1 < text.Length && text[end + 1] != ':')) throw Invalid("the IPv6 address is not closed by ]");
            return (text[1..end], end + 1 < text.Length ? text[(end + 2)..] : "");
        }
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0 && text.IndexOf(':', colon + 1) >= 0) throw Invalid("an IPv6 address must stand in brackets: [::1]");
        return colon < 0 ? (text, "") : (text[..colon], text[(colon + 1)..]);
    }

    /// <summary>keyword = value pairs; values may be quoted by ' and hold \' and \\.</summary>
    internal static List<ConnectionValue> ParseKeywords(string text, string origin)
    {
        var values = new List<ConnectionValue>();
        var i = 0;
        void SkipSpace() { while (i < text.Length && char.IsWhiteSpace(text[i])) i++; }

        for (SkipSpace(); i < text.Length; SkipSpace())
        {
            var start = i;
            while (i < text.Length && text[i] != '=' && !char.IsWhiteSpace(text[i])) i++;
            var keyword = text[start..i].ToLowerInvariant();
            SkipSpace();
            if (i >= text.Length || text[i] != '=') throw Invalid("a parameter has no = and value");
            i++;
            SkipSpace();
            RequireKnown(keyword);
            var value = ReadValue(text, ref i);
            values.RemoveAll(v => v.Name == keyword);
            if (value.Length > 0) values.Add(new(keyword, value, origin));
        }
        return values;
    }

    private static string ReadValue(string text, ref int i)
    {
        var value = new StringBuilder();
        var quoted = i < text.Length && text[i] == '\'';
        if (quoted) i++;
        while (i < text.Length && (quoted ? text[i] != '\'' : !char.IsWhiteSpace(text[i])))
        {
            if (text[i] == '\\' && i + 1 < text.Length) i++;
            value.Append(text[i++]);
        }
        if (quoted && i++ >= text.Length) throw Invalid("a quoted value is not closed");
        return value.ToString();
    }

    private static List<ConnectionValue> ParseAdo(string text, string origin)
    {
        NpgsqlConnectionStringBuilder ado;
        try
        {
            ado = new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            // The message of the inner exception may hold a value: left out.
            throw Invalid("it has semicolons but does not parse as \"Host=...;Username=...\"");
        }
        var values = new List<ConnectionValue>();
        void Add(string adoName, string keyword, string? value)
        {
            if (ado.ContainsKey(adoName) && value is { Length: > 0 }) values.Add(new(keyword, value, origin));
        }

        Add("Host", "host", ado.Host);
        Add("Port", "port", $"{ado.Port}");
        Add("Username", "user", ado.Username);
        Add("Password", "password", ado.Password);
        Add("Passfile", "passfile", ado.Passfile);
        Add("Database", "dbname", ado.Database);
        Add("SSL Mode", "sslmode", ado.SslMode switch { SslMode.VerifyCA => "verify-ca", SslMode.VerifyFull => "verify-full", var m => m.ToString().ToLowerInvariant() });
        Add("Root Certificate", "sslrootcert", ado.RootCertificate);
        Add("SSL Certificate", "sslcert", ado.SslCertificate);
        Add("SSL Key", "sslkey", ado.SslKey);
        Add("Timeout", "connect_timeout", $"{ado.Timeout}");
        Add("Options", "options", ado.Options);
        return values;
    }

    internal static void RequireKnown(string keyword)
    {
        if (!Keywords.Contains(keyword))
            throw Invalid($"PostgreSQL clients know no parameter \"{(keyword.Length > 40 ? keyword[..40] + "..." : keyword)}\"");
    }

    private static string Decode(string text, string what)
    {
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                throw Invalid($"the {what} holds a % that is not followed by two hexadecimal digits (write %25)");
        var decoded = Uri.UnescapeDataString(text);
        return decoded.Contains('\0', StringComparison.Ordinal) ? throw Invalid($"the {what} holds %00") : decoded;
    }
}
