using System.Text;

namespace Godwit.Cli.Configuration;

/// <summary>What serves as SOURCE and TARGET when the command line names none.</summary>
internal static class ConnectionDefaults
{
    /// <summary>Variables that name a whole connection, the first that is set wins for its end.</summary>
    private static readonly string[] Urls = ["SUPABASE_DB_URL", "DATABASE_URL"];

    public static (Setting? Source, Setting? Target) Resolve(Settings settings)
    {
        Setting? source = null, target = null;
        foreach (var name in Urls)
        {
            if (settings.Variable(name) is not { } url) continue;
            if (SqlitePath(url.Value) is { } path) source ??= new("source", path, url.Origin);
            else if (IsPostgres(url.Value)) target ??= new("target", StripDriver(url.Value), url.Origin);
        }
        target ??= FromParts(settings) ?? FromLibpq(settings);
        var project = settings.Project;
        source ??= project.Source is { } s ? new("source", SqlitePath(s.Value) ?? s.Value, $"{ProjectFile.FileName} line {s.Line}") : null;
        target ??= project.Target is { } t ? new("target", StripDriver(t.Value), $"{ProjectFile.FileName} line {t.Line}") : null;
        return (source, target);
    }

    /// <summary>
    /// SQLAlchemy's form: sqlite:///relative.db and sqlite:////absolute.db, also with a driver (sqlite+aiosqlite). Null where it is something else.
    /// </summary>
    public static string? SqlitePath(string url)
    {
        var end = url.IndexOf(":///", StringComparison.Ordinal);
        if (end < 0) return null;
        var scheme = url[..end];
        if (scheme != "sqlite" && !scheme.StartsWith("sqlite+", StringComparison.Ordinal)) return null;
        var path = url[(end + 4)..];
        return path is "" or ":memory:" ? null : path;
    }

    public static bool IsPostgres(string url) =>
        url.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("postgresql", StringComparison.OrdinalIgnoreCase)
        || url.StartsWith("supabase:", StringComparison.OrdinalIgnoreCase) || url.Contains("host=", StringComparison.OrdinalIgnoreCase)
        || url.Contains("dbname=", StringComparison.OrdinalIgnoreCase);

    /// <summary>postgresql+psycopg2://... names a Python driver that libpq does not know.</summary>
    public static string StripDriver(string url)
    {
        var end = url.IndexOf("://", StringComparison.Ordinal);
        return end > 0 && url.StartsWith("postgresql+", StringComparison.OrdinalIgnoreCase) ? "postgresql" + url[end..] : url;
    }

    private static Setting? FromParts(Settings settings)
    {
        string[] names = ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB"];
        var parts = names.Select(settings.Variable).ToArray();
        // A user or a password alone does not say where.
        if (parts[2] is null && parts[4] is null) return null;
        var user = parts[0]?.Value ?? "postgres";
        var url = new StringBuilder("postgres://").Append(Uri.EscapeDataString(user));
        if (parts[1] is { } password) url.Append(':').Append(Uri.EscapeDataString(password.Value));
        url.Append('@').Append(parts[2]?.Value ?? "localhost");
        if (parts[3] is { } port) url.Append(':').Append(port.Value);
        url.Append('/').Append(Uri.EscapeDataString(parts[4]?.Value ?? user));
        return new("target", url.ToString(), Origins(parts));
    }

    private static Setting? FromLibpq(Settings settings)
    {
        var parts = new[] { "PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE" }.Select(settings.Variable).ToArray();
        return parts.All(p => p is null) ? null : new("target", "postgres://", Origins(parts));
    }

    private static string Origins(Setting?[] parts) =>
        string.Join(", ", parts.OfType<Setting>().GroupBy(p => p.Origin[..p.Origin.IndexOf(':', StringComparison.Ordinal)].Split(" line ")[0])
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(p => p.Origin[(p.Origin.IndexOf(':', StringComparison.Ordinal) + 2)..]))}"));
}
