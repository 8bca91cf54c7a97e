using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Npgsql;

namespace Godwit.Target;

/// <summary>One libpq parameter and where its value came from ("argument", "PGHOST", "~/.pgpass", "default").</summary>
public sealed record ConnectionValue(string Name, string Value, string Origin)
{
    public bool Secret => Name is "password" or "sslpassword";

    /// <summary>As `godwit config show` prints it.</summary>
    public string Shown => Secret ? "********" : Value;

    public override string ToString() => $"{Name}={Shown} ({Origin})";
}

/// <summary>
/// Where a PostgreSQL database is and how to sign in, completed the way libpq does it: the string itself, then the service file,
/// then the PG* variables, then the password file, then libpq's defaults (PostgreSQL documentation, 34.1, 34.15 to 34.17).
/// </summary>
public sealed class ConnectionSettings
{
    private readonly ImmutableSortedDictionary<string, ConnectionValue> _values;

    internal ConnectionSettings(ImmutableSortedDictionary<string, ConnectionValue> values, ImmutableArray<Finding> findings)
    {
        _values = values;
        Findings = findings;
    }

    public string Host => _values["host"].Value;
    public int Port => int.Parse(_values["port"].Value, CultureInfo.InvariantCulture);
    public string User => _values["user"].Value;
    public string Database => _values["dbname"].Value;
    public string? Password => Get("password");
    public bool IsUnixSocket => Host.StartsWith('/') || Host.StartsWith('@');
    public IEnumerable<ConnectionValue> Values => _values.Values;

    /// <summary>What was passed over on the way, such as a password file that others can read.</summary>
    public ImmutableArray<Finding> Findings { get; }

    /// <summary>
    /// <paramref name="text"/>: a postgres:// URL, libpq's keyword form, or Npgsql's "Host=...;Username=..." form.
    /// Throws <see cref="GodwitException"/> "connection-string-invalid".
    /// </summary>
    public static ConnectionSettings Parse(string text, Func<string, string?> environment, string origin = "argument") =>
        ConnectionDefaults.Complete(ConnectionStringParser.Parse(text, origin), environment);

    /// <summary>True for text that names PostgreSQL by its URL scheme or by libpq keywords.</summary>
    public static bool IsPostgres(string text) => ConnectionStringParser.IsPostgres(text);

    /// <summary>Complete settings that need nothing from the environment.</summary>
    public static ConnectionSettings From(string host, int port, string user, string? password, string database, string origin)
    {
        List<ConnectionValue> given =
        [
            new("host", host, origin), new("port", port.ToString(CultureInfo.InvariantCulture), origin), new("user", user, origin), new("dbname", database, origin),
        ];
        if (password is not null) given.Add(new("password", password, origin));
        return ConnectionDefaults.Complete(given, _ => null);
    }

    /// <summary>The same as Npgsql has it.</summary>
    public static ConnectionSettings From(NpgsqlConnectionStringBuilder builder, string origin)
    {
        var settings = From(builder.Host ?? "localhost", builder.Port, builder.Username ?? "", builder.Password, builder.Database ?? builder.Username ?? "", origin);
        void Set(string name, string? value)
        {
            if (value is { Length: > 0 }) settings = settings.With(name, value, origin);
        }
        Set("sslmode", builder.SslMode switch { SslMode.VerifyCA => "verify-ca", SslMode.VerifyFull => "verify-full", var mode => mode.ToString().ToLowerInvariant() });
        Set("sslrootcert", builder.RootCertificate);
        Set("sslcert", builder.SslCertificate);
        Set("sslkey", builder.SslKey);
        Set("sslpassword", builder.SslPassword);
        Set("options", builder.Options);
        Set("channel_binding", builder.ChannelBinding.ToString().ToLowerInvariant());
        return settings;
    }

    public string? Get(string name) => _values.GetValueOrDefault(name)?.Value;

    /// <summary>The same server and role, another database.</summary>
    public ConnectionSettings WithDatabase(string database) => With("dbname", database, _values["dbname"].Origin);

    public ConnectionSettings With(string name, string value, string origin) =>
        new(_values.SetItem(name, new ConnectionValue(name, value, origin)), Findings);

    /// <summary>postgres://user@host:port/database, never a password.</summary>
    public string Display => Url(null);

    /// <summary>The same with the password, for the user's own application.</summary>
    public string DisplayWithPassword => Url(Password);

    public override string ToString() => Display;

    public NpgsqlConnectionStringBuilder ToBuilder()
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = Host,
            Port = Port,
            Username = User,
            Database = Database,
            SslMode = TlsMode,
            // Npgsql 10 tries Kerberos encryption first by default; libpq users who want it say so.
            GssEncryptionMode = Get("gssencmode") switch { "prefer" => GssEncryptionMode.Prefer, "require" => GssEncryptionMode.Require, _ => GssEncryptionMode.Disable },
            Timeout = ConnectTimeout,
            PersistSecurityInfo = false,
            // Of several statements that were sent together, the one that failed is to be known.
            IncludeFailedBatchedCommand = true,
        };
        if (Password is { } password) builder.Password = password;
        if (Get("sslrootcert") is { } root && root != "system") builder.RootCertificate = root;
        if (Get("sslcert") is { } certificate) builder.SslCertificate = certificate;
        if (Get("sslkey") is { } key) builder.SslKey = key;
        if (Get("sslpassword") is { } keyPassword) builder.SslPassword = keyPassword;
        if (Get("sslnegotiation") == "direct") builder.SslNegotiation = SslNegotiation.Direct;
        if (Get("options") is { } options) builder.Options = options;
        if (Get("krbsrvname") is { } service) builder.KerberosServiceName = service;
        builder.ChannelBinding = Get("channel_binding") switch { "require" => ChannelBinding.Require, "disable" => ChannelBinding.Disable, _ => ChannelBinding.Prefer };
        return builder;
    }

    // libpq: "require" with a root certificate at hand behaves as verify-ca; sslrootcert=system asks for verify-full.
    internal SslMode TlsMode => Get("sslmode") switch
    {
        _ when IsUnixSocket => SslMode.Disable,
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "require" when Get("sslrootcert") == "system" => SslMode.VerifyFull,
        "require" when Get("sslrootcert") is not null => SslMode.VerifyCA,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => SslMode.Prefer,
    };

    // libpq: 0 or less waits for ever, 1 counts as 2. Godwit's own default is 15 seconds.
    private int ConnectTimeout => int.Parse(Get("connect_timeout") ?? "15", CultureInfo.InvariantCulture) switch { <= 0 => 0, 1 => 2, var n => Math.Min(n, 1024) };

    private string Url(string? password)
    {
        var url = new StringBuilder("postgres://").Append(Uri.EscapeDataString(User));
        if (password is not null) url.Append(':').Append(Uri.EscapeDataString(password));
        url.Append('@');
        if (!IsUnixSocket) url.Append(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host).Append(':').Append(Port);
        url.Append('/').Append(Uri.EscapeDataString(Database));
        if (IsUnixSocket) url.Append("?host=").Append(Uri.EscapeDataString(Host).Replace("%2F", "/", StringComparison.Ordinal)).Append("&port=").Append(Port);
        return url.ToString();
    }
}
