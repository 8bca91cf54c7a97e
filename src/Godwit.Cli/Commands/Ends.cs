using Godwit.Cli.Configuration;
using Godwit.Source;
using Godwit.Target;

namespace Godwit.Cli.Commands;

/// <summary>SOURCE and TARGET of an invocation: the command line's, else what the surroundings say.</summary>
internal sealed record Ends(string Source, string? Target)
{
    /// <summary>TARGET where the command cannot do without.</summary>
    public string RequiredTarget => Target ?? throw new GodwitException(ErrorKind.Usage, "target-missing",
        "no TARGET is given, and neither SUPABASE_DB_URL, DATABASE_URL, POSTGRES_HOST nor godwit.yaml names one",
        "Give it after SOURCE: postgres://user@host:5432/db, or local for a private PostgreSQL.");

    public static Ends Of(Invocation invocation)
    {
        var (source, target) = (invocation.Option<string>("SOURCE"), invocation.Option<string>("TARGET"));
        // `godwit migrate postgres://...`: the one end that is given is the target; check and plan look at a source alone as well.
        if (source is not null && target is null && (LocalServers.IsLocal(source)
            || (ConnectionDefaults.IsPostgres(source) && (invocation.Settings.Source is not null || invocation.Parse.CommandResult.Command.Name is not ("check" or "plan")))))
            (source, target) = (null, source);
        invocation.Shell.Secrets.LearnConnection(source);
        invocation.Shell.Secrets.LearnConnection(target);
        source = source is null ? Default(invocation, invocation.Settings.Source) : ConnectionDefaults.SqlitePath(source) ?? source;
        target = target is null ? Default(invocation, invocation.Settings.Target) : ConnectionDefaults.StripDriver(target);
        return new(source ?? throw new GodwitException(ErrorKind.Usage, "source-missing-argument",
            "no SOURCE is given, and neither DATABASE_URL (sqlite:///app.db) nor godwit.yaml names one", "Give the path of the SQLite file, or the URL of the PostgreSQL server."), target);
    }

    /// <summary>TARGET alone, for commands that have no source.</summary>
    public static string TargetOf(Invocation invocation)
    {
        var target = invocation.Option<string>("TARGET");
        invocation.Shell.Secrets.LearnConnection(target);
        target = target is null ? Default(invocation, invocation.Settings.Target) : ConnectionDefaults.StripDriver(target);
        return new Ends("", target).RequiredTarget;
    }

    public Task<ISource> OpenSourceAsync(Invocation invocation, CancellationToken ct) =>
        invocation.Backend.OpenSourceAsync(Described(), invocation.Settings.Environment, ct);

    /// <summary>Exports of rows alone, into a target that has the tables: it says of which types they are.</summary>
    private string Described()
    {
        const string Exports = "csv:", Api = "supabase-api:";
        if (Target is null || !ConnectionDefaults.IsPostgres(Target) || Source.Contains("schema=", StringComparison.Ordinal)) return Source;
        if (Source.StartsWith(Exports, StringComparison.OrdinalIgnoreCase)) return File.Exists(Path.Combine(Source[Exports.Length..], "schema.sql")) ? Source : $"{Source}?schema={Target}";
        // What may hold & is the last part.
        return Source.StartsWith(Api, StringComparison.OrdinalIgnoreCase) && !File.Exists("schema.sql") ? $"{Source}{(Source.Contains('?', StringComparison.Ordinal) ? '&' : '?')}schema={Target}" : Source;
    }

    public Task<ITarget> OpenTargetAsync(Invocation invocation, int jobs, CancellationToken ct) =>
        // One connection a job, one for the journal, one for the lock, one to spare.
        invocation.Backend.OpenTargetAsync(RequiredTarget, invocation.Settings.Environment, jobs + 3, ct);

    private static string? Default(Invocation invocation, Setting? setting)
    {
        if (setting is not null) invocation.Note($"{setting.Name} from {setting.Origin}");
        return setting?.Value;
    }
}
