using System.Collections.Immutable;
using System.Globalization;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>Roles of the source that the target does not have and that are not made: each is named with what it had, which nobody has on the target. Pure; one use.</summary>
internal sealed class AbsentRoles(SupabaseFacts source, RoleMap roles)
{
    private const int Shown = 8;

    private readonly SortedDictionary<string, List<string>> _had = new(StringComparer.Ordinal);
    private readonly List<(string Role, string Policy)> _policies = [];

    /// <summary>A GRANT or ALTER DEFAULT PRIVILEGES that is left out for want of <paramref name="role"/>. What is a REVOKE gave nothing.</summary>
    public void Lost(string role, string statement)
    {
        var flat = string.Join(' ', statement.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        var grant = flat.IndexOf("GRANT ", StringComparison.Ordinal);
        var to = flat.LastIndexOf(" TO ", StringComparison.Ordinal);
        if (grant < 0 || to < grant) return;
        var what = flat[(grant + "GRANT ".Length)..to];
        Had(role, grant == 0 ? what : what + " of objects to come");
    }

    public void LostPolicy(SchemaStatement policy)
    {
        foreach (var role in Rights.PolicyRolesOf(policy.Sql).Where(r => roles.Find(r) is null)) _policies.Add((role, $"policy {policy.Name[(policy.Name.IndexOf(' ', StringComparison.Ordinal) + 1)..]} on {policy.Schema}.{policy.Name[..Math.Max(0, policy.Name.IndexOf(' ', StringComparison.Ordinal))]}"));
    }

    public IEnumerable<Finding> Findings()
    {
        foreach (var grant in source.DatabaseGrants.Where(g => g.Role.Length > 0 && roles.Find(g.Role) is null)) Had(grant.Role, grant.Privilege + " ON DATABASE");
        foreach (var m in source.Memberships)
        {
            // What nobody named is nobody's loss, unless one of the two is on the target.
            if (roles.Find(m.Member) is null && roles.Find(m.Role) is not null && IsNamed(m.Member)) Had(m.Member, "membership in " + m.Role);
            if (roles.Find(m.Role) is null && roles.Find(m.Member) is not null && IsNamed(m.Role)) Had(m.Role, m.Member + " as its member");
        }
        foreach (var setting in source.Settings.Where(s => s.Role.Length > 0 && roles.Find(s.Role) is null && (s.ThisDatabase || IsNamed(s.Role)))) Had(setting.Role, "setting " + setting.Name);
        foreach (var owner in source.RoleUses.Where(u => u.Kind == RoleUseKind.Owner && roles.Find(u.Role) is null).Select(u => u.Role).Distinct()) Had(owner, $"objects, which belong to {roles.Admin}");
        // Policies before grants: a table with row security shows nothing without one.
        foreach (var role in _policies.GroupBy(p => p.Role))
        {
            if (!_had.TryGetValue(role.Key, out var had)) _had[role.Key] = had = [];
            had.InsertRange(0, role.Select(p => p.Policy));
        }
        foreach (var (role, had) in _had)
            yield return new("role-left", Severity.Warning, "role " + role, $"The target has no such role, and none is made. It had: {List(had.Distinct().ToList())}.", $"CREATE ROLE {SqlName.Quote(role)}; on the target before the migration keeps all of it.");
    }

    private bool IsNamed(string role) => _had.ContainsKey(role) || source.RoleUses.Any(u => u.Role == role);

    private void Had(string role, string what)
    {
        if (!_had.TryGetValue(role, out var had)) _had[role] = had = [];
        had.Add(what);
    }

    private static string List(List<string> had) => string.Join("; ", had.Take(Shown)) + (had.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $"; and {had.Count - Shown:N0} more") : "");
}
