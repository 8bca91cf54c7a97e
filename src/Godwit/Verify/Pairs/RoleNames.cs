namespace Godwit.Verify.Pairs;

/// <summary>Roles of the source by the names that they have in the target, wherever a catalog names one: owners, privileges, policies, memberships.</summary>
internal sealed class RoleNames(IReadOnlyDictionary<string, string> map, IReadOnlySet<string> absent, string? ownerInstead)
{
    public static RoleNames Same { get; } = new(new Dictionary<string, string>(), new HashSet<string>(), null);

    public bool IsAbsent(string role) => absent.Contains(role);

    public string Of(string role) => map.GetValueOrDefault(role, role);

    public void Apply(Dictionary<string, string> aspects)
    {
        if (map.Count == 0 && absent.Count == 0) return;
        var owner = aspects.GetValueOrDefault("owner");
        string? Owner(string role) => IsAbsent(role) ? ownerInstead : Of(role);
        if (aspects.TryGetValue("acl", out var acl)) aspects["acl"] = Privileges(acl, role => role == owner ? Owner(role) : IsAbsent(role) ? null : Of(role));
        if (owner is not null && Owner(owner) is { } named) aspects["owner"] = named;
        foreach (var list in (string[])["roles", "member of"])
            if (aspects.TryGetValue(list, out var roles)) aspects[list] = string.Join("; ", roles.Split("; ").Select(Listed).OfType<string>().Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>"role" or "role (admin)".</summary>
    private string? Listed(string entry)
    {
        var name = entry.EndsWith(" (admin)", StringComparison.Ordinal) ? entry[..^8] : entry;
        return IsAbsent(name) ? null : Of(name) + entry[name.Length..];
    }

    /// <summary>"role=SELECT,UPDATE*; other=SELECT": roles that became one have what both had.</summary>
    private static string Privileges(string acl, Func<string, string?> named)
    {
        var held = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var entry in acl.Split("; "))
        {
            var equals = entry.LastIndexOf('=');
            if (named(entry[..equals]) is not { } role) continue;
            if (!held.TryGetValue(role, out var privileges)) held[role] = privileges = new(StringComparer.Ordinal);
            privileges.UnionWith(entry[(equals + 1)..].Split(','));
        }
        return string.Join("; ", held.Select(h => $"{h.Key}={string.Join(',', h.Value.Where(p => !h.Value.Contains(p + "*")))}"));
    }
}
