namespace Godwit.Verify.Pairs;

/// <summary>Roles of the source by the names that they have in the target, wherever a catalog names one: owners, privileges, policies, memberships.</summary>
internal sealed class RoleNames(PairRequest request)
{
    public static RoleNames Same { get; } = new(new PairRequest(VerifyMode.Full, 1));

    public bool IsAbsent(string role) => request.AbsentRoles.Contains(role);

    /// <summary>It is one with the role that owns what nobody else could.</summary>
    public bool IsMerged(string role) => request.MergedRoles.Contains(role);

    public string Of(string role) => IsMerged(role) ? request.OwnerInstead! : request.Roles.GetValueOrDefault(role, role);

    public void Apply(Dictionary<string, string> aspects)
    {
        if (request.Roles.Count == 0 && request.AbsentRoles.IsEmpty && request.MergedRoles.IsEmpty && request.UnownedRoles.IsEmpty && !request.OneOwner) return;
        var owner = aspects.GetValueOrDefault("owner");
        // A predefined role owns on every server what it owns.
        string? Owner(string role) => role.StartsWith("pg_", StringComparison.Ordinal) ? role : request.OneOwner || IsAbsent(role) || request.UnownedRoles.Contains(Of(role)) ? request.OwnerInstead : Of(role);
        if (aspects.TryGetValue("acl", out var acl)) aspects["acl"] = Privileges(acl, role => role == owner ? Owner(role) : IsAbsent(role) ? null : Of(role));
        if (owner is not null && Owner(owner) is { } named) aspects["owner"] = named;
        if (aspects.TryGetValue("roles", out var roles)) Set("roles", roles.Split("; ").Where(r => !IsAbsent(r)).Select(Of));
        // Nobody is made a member of the role that connects, nor is what it may act as anybody's to say.
        if (aspects.TryGetValue("member of", out var groups)) Set("member of", groups.Split("; ").Select(Listed).OfType<string>());

        void Set(string aspect, IEnumerable<string> names)
        {
            var listed = string.Join("; ", names.Distinct().Order(StringComparer.Ordinal));
            if (listed.Length > 0) aspects[aspect] = listed;
            else aspects.Remove(aspect);
        }
    }

    /// <summary>"role" or "role (admin)".</summary>
    private string? Listed(string entry)
    {
        var name = entry.EndsWith(" (admin)", StringComparison.Ordinal) ? entry[..^8] : entry;
        return IsAbsent(name) || IsMerged(name) ? null : Of(name) + entry[name.Length..];
    }

    /// <summary>Privileges of two objects that are one in the target.</summary>
    public static string Together(string? one, string? other) => Privileges(string.Join("; ", new[] { one, other }.OfType<string>().Where(a => a.Length > 0)), role => role);

    /// <summary>"role=SELECT,UPDATE*; other=SELECT": roles that became one have what both had.</summary>
    private static string Privileges(string acl, Func<string, string?> named)
    {
        var held = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var entry in acl.Split("; ", StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = entry.LastIndexOf('=');
            if (named(entry[..equals]) is not { } role) continue;
            if (!held.TryGetValue(role, out var privileges)) held[role] = privileges = new(StringComparer.Ordinal);
            privileges.UnionWith(entry[(equals + 1)..].Split(','));
        }
        return string.Join("; ", held.Select(h => $"{h.Key}={string.Join(',', h.Value.Where(p => !h.Value.Contains(p + "*")))}"));
    }
}
