using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>
/// Which roles the target needs, and the steps that make them: idempotent, and never a change to the role that connects to the target or to the attributes
/// of a role that was there before. Pure. Password hashes are no part of a plan: they are carried from server to server.
/// </summary>
internal sealed class RolePlanner(SupabaseFacts source, SupabaseFacts target, SupabaseChoices choices)
{
    private readonly ImmutableArray<SqlStep>.Builder _steps = ImmutableArray.CreateBuilder<SqlStep>();
    private readonly ImmutableArray<Finding>.Builder _findings = ImmutableArray.CreateBuilder<Finding>();
    private readonly ImmutableArray<Departure>.Builder _departures = ImmutableArray.CreateBuilder<Departure>();

    public sealed record Result(RoleMap Map, ImmutableArray<string> Made, ImmutableArray<SqlStep> Steps, ImmutableArray<Finding> Findings, ImmutableArray<Departure> Departures);

    private string Admin => target.Server.Role;

    public Result Plan()
    {
        var wanted = Wanted().ToList();
        var made = new List<ServerRole>();
        var missing = new List<ServerRole>();
        foreach (var role in wanted)
        {
            if (target.FindRole(role.Name) is { } there) Compare(role, there);
            else if (!choices.CreateRoles || !target.Server.CanCreateRoles) missing.Add(role);
            else made.Add(role);
        }
        if (missing.Count > 0) Refuse(missing);
        foreach (var role in made) Create(role);
        var same = wanted.Except(missing).Select(r => r.Name).ToList();
        var map = new RoleMap(Admin, choices.KeepOwners, same, source.Roles.Where(IsAdmin).Select(r => r.Name));
        Memberships(map, made.Select(r => r.Name).ToHashSet(StringComparer.Ordinal));
        TellOthers(wanted);
        return new(map, [.. made.Select(r => r.Name)], _steps.ToImmutable(), _findings.ToImmutable(), _departures.ToImmutable());
    }

    /// <summary>Superusers, the platform's admins, and a role of the target admin's own name: they are one with it.</summary>
    private bool IsAdmin(ServerRole role) => role.Name == Admin || role.Superuser
        || (source.IsSupabase && (role.Name == source.PlatformAdmin || (PlatformNames.IsServiceRole(role.Name) && !IsNamed(role.Name))));

    private IEnumerable<ServerRole> Wanted()
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        if (!source.IsSupabase)
        {
            needed.UnionWith(source.RoleUses.Select(u => u.Role));
            needed.UnionWith(source.Settings.Where(s => s.ThisDatabase).Select(s => s.Role));
            needed.UnionWith(source.DatabaseGrants.Select(g => g.Role));
            // Who may act as a needed role is needed, and what a needed role may act as.
            for (var before = -1; before != needed.Count;)
            {
                before = needed.Count;
                needed.UnionWith(source.Memberships.Where(m => needed.Contains(m.Role)).Select(m => m.Member).ToList());
                needed.UnionWith(source.Memberships.Where(m => needed.Contains(m.Member)).Select(m => m.Role).ToList());
            }
        }
        return source.Roles.Where(r => !IsAdmin(r) && (source.IsSupabase ? !PlatformNames.IsServiceRole(r.Name) || IsNamed(r.Name) : needed.Contains(r.Name)));
    }

    /// <summary>A policy or a grant of the application names this role of the platform: an auth hook's, say.</summary>
    private bool IsNamed(string role) => source.RoleUses.Any(u => u.Role == role && u.Kind switch
    {
        RoleUseKind.Policy => true,
        RoleUseKind.Grant => u.Schema.Length > 0 && u.Schema != PlatformNames.ExtensionSchema
            && !PlatformNames.MovedSchemas.Contains(u.Schema) && !PlatformNames.LeftSchemas.Contains(u.Schema),
        _ => false,
    });

    private void Create(ServerRole role)
    {
        var platform = source.IsSupabase && PlatformNames.IsServiceRole(role.Name);
        var login = role.Login && !platform;
        List<string> options = [login ? "LOGIN" : "NOLOGIN", role.Inherit ? "INHERIT" : "NOINHERIT"];
        if (role.ConnectionLimit >= 0) options.Add($"CONNECTION LIMIT {role.ConnectionLimit}");
        if (role.ValidUntil is { } until && login) options.Add($"VALID UNTIL {SqlText.Literal(until)}");
        var left = new List<string>();
        if (!platform)
        {
            Attribute(role.BypassRls, target.Server.BypassesRls, "BYPASSRLS");
            Attribute(role.Replication, target.Server.CanReplicate, "REPLICATION");
            Attribute(role.CreateDb, target.Server.CanCreateDatabases, "CREATEDB");
            if (role.CreateRole) options.Add("CREATEROLE");
        }
        if (platform) Departs(role, "nobody signs in as it here, and it has no rights beyond what is granted to it", "attributes|settings|settings in this database|comment");
        if (left.Count > 0) Departs(role, $"{Admin} may not give {string.Join(" and ", left)} on the target", "attributes");
        var name = SqlName.Quote(role.Name);
        // Asked again when it runs: another database of the same server may be moved at the same moment, and roles belong to all of them.
        var sql = $"DO $godwit$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {SqlText.Literal(role.Name)}) THEN CREATE ROLE {name} {string.Join(' ', options)}; END IF; END $godwit$";
        _steps.Add(new("role:" + role.Name, StepKind.Role, "role " + role.Name, sql, Why(role.Name), $"DROP ROLE IF EXISTS {name}"));
        if (role.Comment is { } comment) _steps.Add(new("role-comment:" + role.Name, StepKind.Role, "role " + role.Name, $"COMMENT ON ROLE {name} IS {SqlText.Literal(comment)}", "the source's comment") { Fallback = "" });
        if (left.Count > 0)
            _findings.Add(new("role-attribute-left", Severity.Warning, "role " + role.Name, $"It has {string.Join(" and ", left)} on the source, which {Admin} may not give on the target.",
                $"As a superuser of the target: ALTER ROLE {name} {string.Join(' ', left)};"));
        if (login && !(choices.RolePasswords && source.Server.CanReadHashes))
            _findings.Add(new("role-password-not-moved", Severity.Warning, "role " + role.Name,
                choices.RolePasswords ? "Its password hash cannot be read on the source, so that it cannot sign in yet." : "Its password stays behind by --role-passwords none, so that it cannot sign in yet.",
                $"On the target, in psql: \\password {role.Name}"));

        void Attribute(bool has, bool canGive, string word)
        {
            // Before 16 only superusers give these, and CREATEDB needs CREATEROLE alone.
            if (!has) return;
            if (target.Server.IsSuperuser || (word == "CREATEDB" && target.Server.Major < 16) || (target.Server.Major >= 16 && canGive)) options.Add(word);
            else left.Add(word);
        }
    }

    private void Departs(ServerRole role, string why, string aspect) => _departures.Add(new("role", SqlName.Quote(role.Name), why, aspect));

    private string Why(string role) => PlatformNames.ApiRoles.Contains(role) && source.IsSupabase ? "requests of the application run as this role"
        : source.IsSupabase && PlatformNames.IsServiceRole(role) ? "a grant or policy of the application names it; nobody signs in as it here"
        : "a role of the source";

    private void Refuse(List<ServerRole> missing)
    {
        var names = string.Join(", ", missing.Select(r => r.Name));
        if (!choices.CreateRoles)
            _findings.Add(new("roles-missing", Severity.Warning, "roles", $"The target does not have {names}, and --roles existing says that none is made. What they own goes to {Admin}; grants to them are left out.", "Leave --roles out, or make them first."));
        else
            _findings.Add(new("target-no-createrole", Severity.Block, "roles", $"{Admin} may not create roles on the target, which lacks {names}.",
                $"As a superuser of the target: ALTER ROLE {SqlName.Quote(Admin)} CREATEROLE; or --roles existing to do without them."));
    }

    private void Compare(ServerRole role, ServerRole there)
    {
        Departs(role, "the target had this role before, and it stays as it is", "attributes|connection limit|valid until|comment");
        var differs = new List<string>();
        void Of(bool source, bool target, string word)
        {
            if (source != target) differs.Add(source ? $"lacks {word}" : $"has {word}");
        }
        Of(role.BypassRls || role.Superuser, there.BypassRls || there.Superuser, "BYPASSRLS");
        Of(role.Inherit, there.Inherit, "INHERIT");
        Of(role.Login && !(source.IsSupabase && PlatformNames.IsServiceRole(role.Name)), there.Login, "LOGIN");
        if (differs.Count > 0)
            _findings.Add(new("role-differs", Severity.Warning, "role " + role.Name, $"The target has this role already, and it stays as it is: it {string.Join(" and ", differs)}, otherwise than on the source.", $"If the application needs it: ALTER ROLE {SqlName.Quote(role.Name)} ..."));
        else if (source.Roles.Length > 0 && choices.CreateRoles)
            _findings.Add(new("role-exists", Severity.Info, "role " + role.Name, "The target has this role already; its attributes and password stay as they are."));
    }

    private void Memberships(RoleMap map, HashSet<string> made)
    {
        foreach (var m in source.Memberships)
        {
            var own = m.Role.StartsWith("pg_", StringComparison.Ordinal);
            // What the admin may act as is its own affair, and nobody is given the admin.
            if (map.Find(m.Member) is not { } member || member == Admin) continue;
            var role = own ? m.Role : map.Find(m.Role);
            if (role is null || role == Admin) continue;
            if (target.Memberships.FirstOrDefault(t => t.Role == role && t.Member == member) is { } has && has.Admin == m.Admin && (target.Server.Major < 16 || has.Inherit == m.Inherit)) continue;
            var sql = $"GRANT {SqlName.Quote(role)} TO {SqlName.Quote(member)}{Options(m)}";
            var mayGrant = target.Server.IsSuperuser || made.Contains(role) || (target.Server.Major < 16 && !own) || target.Memberships.Any(t => t.Role == role && t.Member == Admin && t.Admin);
            if (mayGrant) _steps.Add(new($"member:{role}:{member}", StepKind.Role, "role " + member, sql, $"{member} may act as {role} on the source", $"REVOKE {SqlName.Quote(role)} FROM {SqlName.Quote(member)}") { Fallback = own ? "" : null });
            else
            {
                _departures.Add(new("role", SqlName.Quote(member), $"{Admin} may not make it a member of {role}", "member of"));
                _findings.Add(new("membership-left", Severity.Warning, "role " + member, $"It may act as {role} on the source; {Admin} may not give that on the target.", $"As a superuser of the target: {sql};"));
            }
        }
        // Giving an object to a role takes the right to act as it; version 16 and later give it with every role that is made.
        if (target.Server.IsSuperuser || !choices.KeepOwners) return;
        foreach (var owner in source.RoleUses.Where(u => u.Kind == RoleUseKind.Owner).Select(u => map.Owner(u.Role)).Distinct().Where(o => o != Admin && made.Contains(o)))
            _steps.Add(new("own:" + owner, StepKind.Role, "role " + owner, $"GRANT {SqlName.Quote(owner)} TO {SqlName.Quote(Admin)}", $"{Admin} gives {owner} what it owned on the source", $"REVOKE {SqlName.Quote(owner)} FROM {SqlName.Quote(Admin)}"));
    }

    // Before version 16 a membership has no options of its own besides ADMIN; the member's INHERIT says the rest.
    private string Options(MembershipFact m)
    {
        if (target.Server.Major < 16) return m.Admin ? " WITH ADMIN OPTION" : "";
        return $" WITH ADMIN {Word(m.Admin)}, INHERIT {Word(m.Inherit)}, SET {Word(m.Set)}";
        static string Word(bool on) => on ? "TRUE" : "FALSE";
    }

    private void TellOthers(List<ServerRole> wanted)
    {
        var kept = wanted.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        var admins = source.Roles.Where(r => IsAdmin(r) && r.Name != Admin && source.RoleUses.Any(u => u.Role == r.Name && u.Kind == RoleUseKind.Owner)).Select(r => r.Name).ToList();
        if (admins.Count > 0)
            _findings.Add(new("owner-mapped", Severity.Info, "roles", $"What {string.Join(", ", admins)} own on the source belongs to {Admin} on the target. {Admin} itself is not changed.", "--owners admin gives it everything."));
        var others = source.Roles.Where(r => !kept.Contains(r.Name) && !IsAdmin(r)).Select(r => r.Name).ToList();
        if (others.Count > 0) _findings.Add(new("roles-not-needed", Severity.Info, "roles", $"Nothing in this database names {string.Join(", ", others.Take(8))}{(others.Count > 8 ? $" and {others.Count - 8} more" : "")}: not made on the target."));
        var owner = source.FindRole(source.IsSupabase ? source.PlatformAdmin : source.Server.DatabaseOwner);
        if (owner is { } o && (o.BypassRls || o.Superuser) && !target.Server.BypassesRls)
            _findings.Add(new("owner-without-bypassrls", Severity.Warning, "role " + Admin, $"{o.Name} passes by row-level security on the source; {Admin} does not on the target. Views and SECURITY DEFINER functions that it will own may see fewer rows of tables with FORCE ROW LEVEL SECURITY or of other owners.",
                $"As a superuser of the target: ALTER ROLE {SqlName.Quote(Admin)} BYPASSRLS;"));
    }
}
