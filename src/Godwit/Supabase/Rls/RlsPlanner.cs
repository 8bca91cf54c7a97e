using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Supabase.Rls;

/// <summary>Facts and the user's decisions -> statements, promises, findings. Pure.</summary>
public sealed class RlsPlanner(RlsFacts facts, RlsOptions options)
{
    // Columns by which users would promote themselves.
    private static readonly string[] s_rank = ["role", "roles", "is_admin", "admin", "is_staff", "is_superuser", "superuser", "permissions", "is_active", "verified", "email_verified"];

    private readonly List<Finding> _findings = [];

    public RlsPlan Plan()
    {
        var finder = new OwnershipFinder(facts, options);
        var users = finder.Users();
        var key = OwnershipFinder.KeyOf(users, facts);
        var ownership = finder.All(users);
        var mapped = WithAuthId(users);
        ImmutableArray<RlsTable> tables = [.. facts.Tables.Select(t => Table(t == users ? mapped : t, ownership[t.Name.Name], key))];
        var steps = new List<RlsStep>();
        var mapping = new MappingSteps(facts, options, users, key);
        steps.AddRange(mapping.Steps());
        foreach (var table in tables) steps.AddRange(new TableSteps(table, options).Steps());
        steps.AddRange(ViewSteps());
        steps.Add(new("PostgREST", "NOTIFY pgrst, 'reload schema'", "The REST service reads the schema anew; without one, nothing happens."));
        foreach (var table in tables) Look(table);
        LookAround(users, tables);
        return new RlsPlan
        {
            Options = options,
            Users = mapped,
            UsersKey = key,
            Tables = tables,
            Steps = [.. steps],
            Promises = [.. tables.SelectMany(Promises)],
            Findings = [.. _findings],
        };
    }

    private static RlsRelation WithAuthId(RlsRelation users) =>
        users.Column(OwnerSql.AuthId) is not null ? users : users with { Columns = users.Columns.Add(new(OwnerSql.AuthId, "uuid", false, false, false, false)) };

    private static RlsTable Table(RlsRelation relation, Ownership ownership, string key)
    {
        var self = ownership is Ownership.Self;
        var writable = relation.Columns.Where(c => !c.Unwritable).ToList();
        return new RlsTable(relation, ownership, OwnerSql.Owners(ownership, key, "t."),
            ownership switch { Ownership.Direct d => d.Columns, Ownership.Through t => t.Key.Columns, _ => [] },
            ownership is Ownership.Direct or Ownership.Through ? [.. writable.Where(c => !SecretColumns.IsSecret(c)).Select(c => c.Name)]
            : self ? [.. writable.Where(c => c.Name != key && c.Name != OwnerSql.AuthId && !SecretColumns.IsSecret(c) && !s_rank.Contains(c.Name.ToLowerInvariant())).Select(c => c.Name)] : []);
    }

    private IEnumerable<RlsPromise> Promises(RlsTable table)
    {
        var name = table.Relation.Name.Name;
        var owner = (options.Force || table.Relation.Forced) && !table.Relation.OwnerBypasses && !(options.Force && table.Ownership is Ownership.Self && !table.Relation.Forced) ? Reach.None : Reach.All;
        foreach (var command in Enum.GetValues<RlsAction>())
        {
            var mine = Promised(table, command);
            if (command == RlsAction.GiveAway)
            {
                if (table.OwnColumns.IsEmpty) continue;
                yield return new(name, RlsRole.UserA, command, mine);
                yield return new(name, RlsRole.UserB, command, mine);
                continue;
            }
            yield return new(name, RlsRole.Anon, command, Reach.None);
            yield return new(name, RlsRole.UserA, command, mine);
            yield return new(name, RlsRole.UserB, command, mine);
            yield return new(name, RlsRole.ServiceRole, command, Reach.All);
            yield return new(name, RlsRole.Owner, command, owner);
        }
    }

    private static Reach Promised(RlsTable table, RlsAction command) => (table.Ownership, command) switch
    {
        (Ownership.Closed, _) or (_, RlsAction.GiveAway) => Reach.None,
        (Ownership.Shared, _) => command == RlsAction.Select ? Reach.All : Reach.None,
        (Ownership.Self, _) => command == RlsAction.Select || (command == RlsAction.Update && !table.Updatable.IsEmpty) ? Reach.Own : Reach.None,
        _ => Reach.Own,
    };

    // A view reads with its owner's rights, past every policy, unless it is told to ask with the caller's.
    private IEnumerable<RlsStep> ViewSteps()
    {
        const string Closing = "REVOKE ALL ON {0} FROM PUBLIC, anon, authenticated";
        foreach (var view in facts.Relations.Where(r => !r.IsTable))
        {
            var name = $"{view.Name}";
            yield return new(name, string.Format(null, Closing, view.Name), "Default privileges may have opened it to everybody.");
            if (view.Kind == 'v' && facts.VersionNumber >= 150000)
            {
                if (!view.SecurityInvoker) yield return new(name, $"ALTER VIEW {view.Name} SET (security_invoker = true)", "It read with its owner's rights, past every policy; now with those of who asks.", $"ALTER VIEW {view.Name} RESET (security_invoker)");
                yield return new(name, $"GRANT SELECT ON {view.Name} TO authenticated, service_role", "It shows what the tables' policies let through.", $"REVOKE SELECT ON {view.Name} FROM authenticated, service_role");
                continue;
            }
            _findings.Add(new("rls-view-closed", Severity.Warning, name, view.Kind switch
            {
                'm' => "a materialized view holds rows outside every policy; only service_role reads it",
                'f' => "a foreign table has no policies; only service_role reads it",
                _ => "before PostgreSQL 15 a view reads past the policies; only service_role reads it",
            }, "grant it to authenticated only where everybody may see all of it"));
            yield return new(name, $"GRANT SELECT ON {view.Name} TO service_role", "The back end reads it.", $"REVOKE SELECT ON {view.Name} FROM service_role");
        }
    }

    private void Look(RlsTable table)
    {
        var (relation, name) = (table.Relation, $"{table.Relation.Name}");
        if (table.Ownership is Ownership.Closed && !relation.IsPartition)
            _findings.Add(new("rls-closed-table", Severity.Warning, name, "no foreign key leads to a user, so that nobody but service_role reaches it through the API",
                $"--shared {relation.Name.Name} lets every signed-in user read it; --owner {relation.Name.Name}=COLUMN names its owner"));
        if (table.Ownership is Ownership.Direct { Columns.Length: > 1 } d)
            _findings.Add(new("rls-several-owners", Severity.Info, name, $"its rows are of the users in {string.Join(" and ", d.Columns)}: each may read, change and delete them; {d.Columns[0]} writes new ones",
                $"--owner {relation.Name.Name}={d.Columns[0]} makes it the only owner"));
        var foreign = relation.Policies.Where(p => !TableSteps.PolicyNames.Contains(p)).ToList();
        if (foreign.Count > 0)
            _findings.Add(new("rls-policies-exist", Severity.Warning, name, $"it has policies of its own: {string.Join(", ", foreign)}; what any of them admits stays admitted", "drop them, or leave the table to them"));
        var secrets = relation.Columns.Where(SecretColumns.IsSecret).Select(c => c.Name).ToList();
        if (secrets.Count > 0 && table.Ownership is not Ownership.Closed)
            _findings.Add(new("rls-secret-columns", Severity.Info, name, $"nobody reads {string.Join(", ", secrets)} through the API, not even of one's own row", "name the other columns in a select: select=* is refused"));
    }

    private void LookAround(RlsRelation users, ImmutableArray<RlsTable> tables)
    {
        if ((facts.Roles.Length < 3 || !facts.HasAuthUid) && !options.AuthShim)
            _findings.Add(new("rls-auth-missing", Severity.Block, "auth.uid()", "this server has no roles anon, authenticated and service_role, or no auth.uid()", "--auth-shim makes them"));
        var unmapped = $"a user sees nothing until {users.Name}.{OwnerSql.AuthId} holds the id of his account in auth.users";
        _findings.Add(new("rls-users-to-map", Severity.Info, $"{users.Name}", unmapped, $"UPDATE {users.Name} u SET {OwnerSql.AuthId} = a.id FROM auth.users a WHERE lower(a.email) = lower(u.email) AND a.email_confirmed_at IS NOT NULL AND u.{OwnerSql.AuthId} IS NULL"));
        var owners = tables.Where(t => !t.Relation.OwnerBypasses && !options.Force && !t.Relation.Forced).Select(t => t.Relation.Owner).Concat(tables.Where(t => t.Relation.OwnerBypasses).Select(t => t.Relation.Owner)).Distinct().ToList();
        foreach (var owner in owners)
            _findings.Add(new("rls-owner-bypasses", Severity.Warning, $"role {owner}", "it owns the tables and passes by every policy: an application that connects as this role is not protected by them",
                "let the application connect as a role of its own; --force holds an owner without BYPASSRLS to the policies too"));
        if (options.Force) _findings.Add(new("rls-users-not-forced", Severity.Info, $"{users.Name}", "the function that maps accounts to users reads it as its owner, so that FORCE is left out here"));
        foreach (var function in facts.DefinerFunctions)
            _findings.Add(new("rls-definer-function", Severity.Warning, function, "it runs with its owner's rights, past every policy, and whoever may call the schema's functions may call it", $"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC, anon, authenticated"));
        _findings.Add(new("rls-later-tables", Severity.Info, facts.Schema, "a table that is made later has no policy: run godwit rls plan again after each change of the schema"));
    }
}
