using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>
/// Which role of the source is which on the target. Superusers and the platform's own admins become the role that connects to the target;
/// the others keep their names, where they exist or are made; what is neither is nobody.
/// </summary>
public sealed class RoleMap
{
    private readonly ImmutableDictionary<string, string> _names;
    private readonly bool _keepOwners;

    internal RoleMap(string admin, bool keepOwners, IEnumerable<string> same, IEnumerable<string> admins)
    {
        Admin = admin;
        _keepOwners = keepOwners;
        _names = same.ToImmutableDictionary(n => n, n => n).SetItems(admins.Select(n => KeyValuePair.Create(n, admin)));
    }

    /// <summary>The role that connects to the target.</summary>
    public string Admin { get; }

    /// <summary>
    /// Null: no such role on the target, and grants to it are left out. "public" is everybody. Predefined roles stand on every server; one that
    /// the target's version lacks is named when its grant is planned.
    /// </summary>
    public string? Find(string source) => source is "public" or "PUBLIC" ? "PUBLIC" : source.StartsWith("pg_", StringComparison.Ordinal) ? source : _names.GetValueOrDefault(source);

    /// <summary>Who owns on the target what <paramref name="source"/> owned.</summary>
    public string Owner(string source) => _keepOwners ? _names.GetValueOrDefault(source, Admin) : Admin;

    /// <summary>Roles of the source that are one with <see cref="Admin"/>.</summary>
    public IEnumerable<string> Admins => _names.Where(n => n.Value == Admin).Select(n => n.Key);

    /// <summary>Owners other than <see cref="Admin"/> stay owners.</summary>
    public bool KeepsOwners => _keepOwners;

    public bool IsAdmin(string source) => Find(source) == Admin;

    /// <summary>As written in SQL.</summary>
    public static string Quote(string role) => role == "PUBLIC" ? role : SqlName.Quote(role);
}
