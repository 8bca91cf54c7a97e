using System.Globalization;
using Godwit.Cli.Output;

namespace Godwit.Cli.Configuration;

/// <summary>Every setting with its value and origin, in the order of docs/reference/configuration.md. Values are not masked yet.</summary>
internal static class Effective
{
    /// <summary>Variables that Godwit, libpq or the terminal read; .env.template names each of them.</summary>
    public static readonly string[] Variables =
    [
        "SUPABASE_DB_URL", "DATABASE_URL", "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD",
        "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE",
        "GODWIT_PG_BIN", "GODWIT_TEST_PG", "NO_COLOR",
    ];

    public static IEnumerable<ConfigLine> Lines(Settings settings)
    {
        var project = settings.Project;
        yield return Connection("source", settings.Source);
        yield return Connection("target", settings.Target);
        yield return Line("schema", project.Schema, s => s, "public");
        yield return Line("jobs", project.Jobs, j => j.ToString(CultureInfo.InvariantCulture), Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture));
        yield return Line("names", project.Names, n => Words.Of(Words.Names, n), "keep");
        yield return Line("json", project.JsonAsText, j => Words.Of(Words.JsonAsText, j), "jsonb");
        yield return Line("orm", project.FollowOrm, b => Words.Of(Words.Orm, b), "auto");
        yield return Line("fts", project.FullTextSearch, b => b ? "true" : "false", "false");
        yield return Line("index-foreign-keys", project.IndexForeignKeys, b => b ? "true" : "false", "false");
        yield return Line("verify", project.Verify, v => Words.Of(Words.Verify, v), "full");
        yield return Line("on-misfit", project.Misfits, m => Words.Of(Words.Misfits, m), "widen");
        foreach (var rule in project.MisfitRules?.Value ?? [])
            yield return new($"on-misfit.{rule.Pattern}", Words.Of(Words.Misfits, rule.Policy), Origin(project.MisfitRules!.Line));
        yield return Line("tables.include", project.Include, i => string.Join(", ", i), "*");
        yield return Line("tables.exclude", project.Exclude, i => string.Join(", ", i), null);
        foreach (var cast in project.Casts?.Value ?? [])
            yield return new($"casts.{cast.Pattern}", cast.PgType, Origin(project.Casts!.Line));
        foreach (var index in project.Indexes?.Value ?? [])
            yield return new("indexes", $"{(index.Unique ? "unique " : "")}{index.Name} on {index.Table} {index.Definition}", Origin(project.Indexes!.Line));
        yield return Line("report", project.Report, r => r, "godwit-report");
        foreach (var name in Variables)
            if (settings.Variable(name) is { } set) yield return new(name, SecretMask.IsSecretName(name) ? SecretMask.Mask : set.Value, set.Origin);
    }

    private static ConfigLine Connection(string name, Setting? setting) =>
        setting is null ? new(name, null, "") : new(name, SecretMask.OfConnection(setting.Value), setting.Origin);

    private static ConfigLine Line<T>(string name, Located<T>? located, Func<T, string> text, string? fallback) =>
        located is null ? new(name, fallback, "default") : new(name, text(located.Value), Origin(located.Line));

    private static string Origin(int line) => $"{ProjectFile.FileName} line {line}";
}
