using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>ALTER ROLE SET, ALTER DATABASE SET, ALTER ROLE IN DATABASE SET and grants on the database, as far as the target can take them. Pure.</summary>
internal sealed class SettingsPlanner(SupabaseFacts source, SupabaseFacts target, RoleMap roles, SupabaseChoices choices)
{
    private readonly ImmutableArray<SqlStep>.Builder _steps = ImmutableArray.CreateBuilder<SqlStep>();
    private readonly ImmutableArray<Finding>.Builder _findings = ImmutableArray.CreateBuilder<Finding>();
    private readonly SortedDictionary<string, List<string>> _left = new(StringComparer.Ordinal);

    private readonly ImmutableArray<Departure>.Builder _departures = ImmutableArray.CreateBuilder<Departure>();

    private string Database => SqlName.Quote(target.Server.Database);

    public (ImmutableArray<SqlStep> Steps, ImmutableArray<ServerSetting> Secrets, ImmutableArray<Finding> Findings, ImmutableArray<Departure> Departures) Plan()
    {
        var secrets = ImmutableArray.CreateBuilder<ServerSetting>();
        var adminSettings = new List<string>();
        foreach (var setting in source.Settings)
        {
            if (setting.Role.Length > 0 && roles.IsAdmin(setting.Role))
            {
                if (!source.IsSupabase || setting.Role == source.PlatformAdmin) adminSettings.Add(setting.Name);
                continue;
            }
            if (setting.Role.Length > 0 && roles.Find(setting.Role) is null) continue;
            // The search path of the database is decided as a whole below.
            if (setting is { Role: "", Name: "search_path" }) continue;
            if (Usable(setting) is not { } usable) continue;
            if (usable.IsSecret) secrets.Add(usable);
            else Add(usable);
        }
        PinSearchPath();
        if (source.IsSupabase && secrets.Count > 0)
            _findings.Add(new("setting-secret", Severity.Info, "settings", $"{string.Join(", ", secrets.Select(s => s.Name).Distinct())} may hold a secret: set on the target straight from the source, and written nowhere."));
        if (adminSettings.Count > 0)
            _findings.Add(new("admin-settings-left", Severity.Info, "role " + roles.Admin, $"Settings of the source's admin role are not given to {roles.Admin}: {string.Join(", ", adminSettings.Distinct().Order(StringComparer.Ordinal))}."));
        foreach (var (reason, names) in _left)
            _findings.Add(new("setting-left", Severity.Warning, "settings", $"{string.Join(", ", names.Distinct())}: {reason}."));
        Grants();
        if (source.Server.DatabaseComment is { } comment && source.Server.DatabaseComment != target.Server.DatabaseComment && !source.IsSupabase)
            _steps.Add(new("database-comment", StepKind.Setting, "database", $"COMMENT ON DATABASE {Database} IS {SqlText.Literal(comment)}", "the source's comment") { Fallback = "" });
        // Of the database itself; the platform's remark on its own is not this server's.
        if (source.IsSupabase) _departures.Add(new("database", "this database", "the platform's remark on its database stays behind", "comment"));
        return (_steps.ToImmutable(), secrets.ToImmutable(), _findings.ToImmutable(), _departures.ToImmutable());
    }

    /// <summary>The statement that sets it on the target; its value stands in it.</summary>
    public string Statement(ServerSetting setting)
    {
        var assignment = SettingText.Assignment(setting.Name, setting.Value);
        if (setting.Role.Length == 0) return $"ALTER DATABASE {Database} SET {assignment}";
        var role = RoleMap.Quote(roles.Find(setting.Role)!);
        return setting.ThisDatabase ? $"ALTER ROLE {role} IN DATABASE {Database} SET {assignment}" : $"ALTER ROLE {role} SET {assignment}";
    }

    private void Add(ServerSetting setting)
    {
        var who = setting.Role.Length == 0 ? "database" : "role " + setting.Role;
        // What was set for every database of the source would reach other applications' databases on the target: it becomes this database's.
        if (setting is { Role: "", ThisDatabase: false }) Departs(setting, "set for all databases of the source, and for this one on the target");
        var why = setting is { Role: "", ThisDatabase: false } ? "set for all roles of the source" : "set on the source";
        var has = target.Settings.Any(t => t.Role == (setting.Role.Length == 0 ? "" : roles.Find(setting.Role)) && t.ThisDatabase == (setting.ThisDatabase || setting.Role.Length == 0) && t.Name == setting.Name && t.Value == setting.Value);
        if (!has) _steps.Add(new($"setting:{setting.Role}:{(setting.ThisDatabase ? "db" : "all")}:{setting.Name}", StepKind.Setting, who, Statement(setting), why) { Fallback = "" });
    }

    /// <summary>Null where the target cannot take it: each with its reason among the findings.</summary>
    private ServerSetting? Usable(ServerSetting setting)
    {
        if (setting.Name.StartsWith("supautils.", StringComparison.Ordinal) || setting.Name.StartsWith("safeupdate.", StringComparison.Ordinal))
            return Left(setting, "the platform's own library, which the target does not have");
        if (setting.Name is "session_preload_libraries" or "local_preload_libraries")
        {
            var all = SettingText.Split(setting.Value);
            var kept = all.Where(l => !PlatformNames.Libraries.Contains(l)).ToList();
            if (kept.Count < all.Length)
            {
                Departs(setting, "names libraries that only the platform has");
                _findings.Add(new("preload-library-left", Severity.Info, "role " + setting.Role,
                    $"{setting.Name} names {string.Join(", ", all.Except(kept))}, which only the platform has: {setting.Role} could not sign in with it. Left out" + (all.Contains("safeupdate") || all.Any(l => l.EndsWith("/safeupdate", StringComparison.Ordinal)) ? "; UPDATE and DELETE without WHERE are no longer refused for it." : ".")));
            }
            if (kept.Count == 0) return null;
            setting = setting with { Value = string.Join(", ", kept.Select(SqlName.AlwaysQuote)) };
        }
        if (!target.Parameters.TryGetValue(setting.Name, out var context))
            return setting.Name.Contains('.', StringComparison.Ordinal)
                ? target.Server.IsSuperuser ? setting : Left(setting, $"only a superuser may set a parameter that the server does not know, and {target.Server.Role} is none on the target")
                : Left(setting, $"PostgreSQL {target.Server.Major} on the target does not know it");
        if (context is "superuser" or "superuser-backend" && !target.Server.IsSuperuser) return Left(setting, $"only a superuser may set it, and {target.Server.Role} is none");
        return setting;
    }

    private ServerSetting? Left(ServerSetting setting, string reason)
    {
        if (!_left.TryGetValue(reason, out var names)) _left[reason] = names = [];
        Departs(setting, reason);
        names.Add(setting.Role.Length == 0 ? setting.Name : $"{setting.Name} of {setting.Role}");
        return null;
    }

    private void Departs(ServerSetting setting, string why) => _departures.Add(setting.Role.Length == 0
        ? new("database", "this database", why, "setting " + setting.Name)
        : new("role", SqlName.Quote(roles.Find(setting.Role)!), why, "setting " + setting.Name));

    /// <summary>
    /// Sessions of the application find the extensions' types, functions and operators where they found them. Without it NULLIF, CASE x WHEN and IS DISTINCT FROM
    /// on citext bind to text's = and change meaning without an error.
    /// </summary>
    private void PinSearchPath()
    {
        if (choices.SearchPath is "") return;
        var path = choices.SearchPath is { } chosen ? SettingText.Split(chosen) : SearchPaths.OfApplication(source);
        if (path.IsEmpty) return;
        _departures.Add(new("database", "this database", "sessions find tables and extensions by it as on the source", "setting search_path"));
        var value = SettingText.List(path);
        if (target.Settings.Any(s => s is { Role: "", ThisDatabase: true, Name: "search_path" } && SettingText.List(SettingText.Split(s.Value)) == value)) return;
        _steps.Add(new("setting::db:search_path", StepKind.Setting, "database", $"ALTER DATABASE {Database} SET search_path = {value}",
            "sessions find extensions and tables as on the source; --search-path changes it", $"ALTER DATABASE {Database} RESET search_path"));
        _findings.Add(new("search-path-pinned", Severity.Info, "database", $"New sessions in {target.Server.Database} get search_path = {string.Join(", ", path)}, as on the source.", "--search-path 'a, b' sets another, --search-path none sets nothing."));
    }

    private void Grants()
    {
        foreach (var grant in source.DatabaseGrants.Where(g => g.Role.Length > 0))
        {
            if (roles.Find(grant.Role) is not { } role || role == roles.Admin) continue;
            if (target.DatabaseGrants.Any(t => t.Role == role && t.Privilege == grant.Privilege && t.Grantable == grant.Grantable)) continue;
            _steps.Add(new($"database-grant:{role}:{grant.Privilege}", StepKind.Setting, "database", $"GRANT {grant.Privilege} ON DATABASE {Database} TO {SqlName.Quote(role)}{(grant.Grantable ? " WITH GRANT OPTION" : "")}", "granted on the source"));
        }
        var everybody = source.DatabaseGrants.Where(g => g.Role.Length == 0).Select(g => g.Privilege).ToList();
        foreach (var lost in target.DatabaseGrants.Where(t => t.Role.Length == 0 && !everybody.Contains(t.Privilege)))
            _steps.Add(new("database-revoke:" + lost.Privilege, StepKind.Setting, "database", $"REVOKE {lost.Privilege} ON DATABASE {Database} FROM PUBLIC", "everybody lacks it on the source", $"GRANT {lost.Privilege} ON DATABASE {Database} TO PUBLIC"));
    }
}
