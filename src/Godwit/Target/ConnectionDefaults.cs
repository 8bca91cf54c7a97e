using System.Collections.Immutable;
using System.Globalization;

namespace Godwit.Target;

/// <summary>Completes what a connection string left open, in libpq's order: service file, environment, defaults, and last the password file.</summary>
internal static class ConnectionDefaults
{
    private static readonly (string Keyword, string Variable)[] Variables =
    [
        ("host", "PGHOST"), ("hostaddr", "PGHOSTADDR"), ("port", "PGPORT"), ("dbname", "PGDATABASE"), ("user", "PGUSER"), ("password", "PGPASSWORD"),
        ("passfile", "PGPASSFILE"), ("sslmode", "PGSSLMODE"), ("sslrootcert", "PGSSLROOTCERT"), ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY"),
        ("sslnegotiation", "PGSSLNEGOTIATION"), ("channel_binding", "PGCHANNELBINDING"), ("connect_timeout", "PGCONNECT_TIMEOUT"), ("options", "PGOPTIONS"),
        ("gssencmode", "PGGSSENCMODE"), ("krbsrvname", "PGKRBSRVNAME"),
    ];

    private static readonly string[] SocketDirectories = ["/var/run/postgresql", "/tmp"];

    internal static ConnectionSettings Complete(IReadOnlyList<ConnectionValue> given, Func<string, string?> environment)
    {
        var values = given.ToImmutableSortedDictionary(v => v.Name, v => v, StringComparer.Ordinal).ToBuilder();
        var findings = ImmutableArray.CreateBuilder<Finding>();
        void Offer(string name, string? value, string origin)
        {
            if (value is { Length: > 0 } && !values.ContainsKey(name)) values[name] = new ConnectionValue(name, value, origin);
        }

        Offer("service", environment("PGSERVICE"), "PGSERVICE");
        if (values.TryGetValue("service", out var service))
            foreach (var v in ServiceFile.Read(service.Value, environment)) Offer(v.Name, v.Value, v.Origin);
        foreach (var (keyword, variable) in Variables) Offer(keyword, environment(variable), variable);

        Offer("user", Environment.UserName, "operating system user");
        Offer("port", "5432", "default");
        var user = values["user"].Value;
        Offer("dbname", user, "default (as the user)");
        // hostaddr only spares the name lookup; the name is still what a certificate is checked against.
        if (values.TryGetValue("hostaddr", out var address)) Offer("host", address.Value, address.Origin);
        RequireNumber(values["port"], 1, 65535);
        if (values.TryGetValue("connect_timeout", out var timeout)) RequireNumber(timeout, -1, int.MaxValue);
        Offer("host", DefaultHost(values["port"].Value), "default");
        if (values["host"].Value.Contains(',', StringComparison.Ordinal)) throw ConnectionStringParser.Invalid("it names several hosts; Godwit writes to one");
        RequireOneOf(values, "sslmode", "disable", "allow", "prefer", "require", "verify-ca", "verify-full");
        Offer("sslmode", "prefer", "default");
        if (environment("HOME") is { Length: > 0 } home)
        {
            OfferFile("sslrootcert", Path.Combine(home, ".postgresql", "root.crt"));
            OfferFile("sslcert", Path.Combine(home, ".postgresql", "postgresql.crt"));
            OfferFile("sslkey", Path.Combine(home, ".postgresql", "postgresql.key"));
        }
        if (!values.ContainsKey("password"))
        {
            if (PasswordFile.Locate(values.GetValueOrDefault("passfile")?.Value, environment) is { } file
                && PasswordFile.Find(file, values["host"].Value, values["port"].Value, values["dbname"].Value, user, findings) is { } password)
                values["password"] = new ConnectionValue("password", password, file);
        }
        return new ConnectionSettings(values.ToImmutable(), findings.ToImmutable());

        void OfferFile(string name, string path)
        {
            if (File.Exists(path)) Offer(name, path, "default");
        }
    }

    // libpq built for Debian looks in /var/run/postgresql, built from source in /tmp; without either socket, TCP.
    private static string DefaultHost(string port) =>
        Array.Find(SocketDirectories, d => File.Exists(Path.Combine(d, ".s.PGSQL." + port))) ?? "localhost";

    private static void RequireNumber(ConnectionValue value, int min, int max)
    {
        if (!int.TryParse(value.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) || n < min || n > max)
            throw ConnectionStringParser.Invalid($"{value.Name} (from {value.Origin}) is not a number{(max < int.MaxValue ? $" from {min} to {max}" : "")}");
    }

    private static void RequireOneOf(ImmutableSortedDictionary<string, ConnectionValue>.Builder values, string name, params string[] allowed)
    {
        if (values.TryGetValue(name, out var v) && !allowed.Contains(v.Value, StringComparer.Ordinal))
            throw ConnectionStringParser.Invalid($"{name} (from {v.Origin}) is none of {string.Join(", ", allowed)}");
    }
}

/// <summary>pg_service.conf: named groups of parameters (PostgreSQL documentation, 34.17).</summary>
internal static class ServiceFile
{
    internal static IReadOnlyList<ConnectionValue> Read(string service, Func<string, string?> environment)
    {
        string?[] files =
        [
            environment("PGSERVICEFILE") is { Length: > 0 } named ? named : environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".pg_service.conf") : null,
            Path.Combine(environment("PGSYSCONFDIR") is { Length: > 0 } system ? system : "/etc/postgresql-common", "pg_service.conf"),
        ];
        foreach (var file in files)
            if (file is not null && File.Exists(file) && ReadSection(file, service) is { } values)
                return values;
        throw new GodwitException(ErrorKind.Usage, "connection-string-invalid", $"The service \"{service}\" is not defined in a PostgreSQL service file.",
            $"add a section [{service}] to ~/.pg_service.conf, or name the file in PGSERVICEFILE");
    }

    private static List<ConnectionValue>? ReadSection(string file, string service)
    {
        List<ConnectionValue>? found = null;
        foreach (var raw in File.ReadLines(file))
        {
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            if (line[0] == '[')
            {
                if (found is not null) break;
                if (line == $"[{service}]") found = [];
                continue;
            }
            if (found is null) continue;
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw ConnectionStringParser.Invalid($"a line of service \"{service}\" in {file} is not name=value");
            var name = line[..equals].Trim();
            ConnectionStringParser.RequireKnown(name);
            found.Add(new ConnectionValue(name, line[(equals + 1)..].Trim(), $"service {service} in {file}"));
        }
        return found;
    }
}

/// <summary>~/.pgpass: host:port:database:user:password, first match wins (PostgreSQL documentation, 34.16).</summary>
internal static class PasswordFile
{
    internal static string? Locate(string? named, Func<string, string?> environment) =>
        named ?? (environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".pgpass") : null);

    internal static string? Find(string file, string host, string port, string database, string user, ImmutableArray<Finding>.Builder findings)
    {
        if (!File.Exists(file)) return null;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) != 0)
        {
            findings.Add(new Finding("password-file-ignored", Severity.Warning, file, "Others may read this password file, so it is not used (as in libpq).", $"chmod 600 {file}"));
            return null;
        }
        if (host is "/var/run/postgresql" or "/tmp") host = "localhost";
        try
        {
            foreach (var line in File.ReadLines(file))
            {
                if (line.Length == 0 || line[0] == '#') continue;
                var fields = Split(line);
                if (fields.Count >= 5 && Matches(fields[0], host) && Matches(fields[1], port) && Matches(fields[2], database) && Matches(fields[3], user))
                    return fields[4];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Add(new Finding("password-file-ignored", Severity.Warning, file, "This password file cannot be read, so it is not used.", $"make {file} readable by you"));
        }
        return null;
    }

    private static bool Matches(string pattern, string value) => pattern == "*" || pattern == value;

    // Backslash escapes : and itself. The password is what follows the fourth colon, colons included where escaped.
    private static List<string> Split(string line)
    {
        var fields = new List<string>();
        var field = new System.Text.StringBuilder();
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\' && i + 1 < line.Length) field.Append(line[++i]);
            else if (line[i] == ':' && fields.Count < 5)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else field.Append(line[i]);
        }
        fields.Add(field.ToString());
        return fields;
    }
}
