using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>Every decision of the profile that shows in the target's catalog, in the words of the plan. Pure; one use.</summary>
internal sealed class DepartureList(SupabaseFacts source, RoleMap roles, ImmutableHashSet<string> left)
{
    private readonly List<Departure> _objects = [];

    public void LeftOut(SchemaStatement s, string why)
    {
        // Privileges of roles follow from the roles; what lies in a schema that stays behind is told by the schema.
        if (s.Kind is "ACL" || SchemaOf(s) is { } schema && left.Contains(schema)) return;
        if (s.Kind is not "DEFAULT ACL") _objects.Add(new(s.Kind.ToLowerInvariant(), NameOf(s), why));
        else if (Rights.DefaultsOf(s.Sql) is { } maker)
            _objects.AddRange([new("default acl", maker + ": *", why), new("default acl", maker + " in *", why)]);
    }

    public void Otherwise(SchemaStatement before, SchemaStatement after)
    {
        // Who is called what follows from the roles.
        if (after.Sql == before.Sql || after.Kind is "ACL" or "DEFAULT ACL" or "POLICY") return;
        _objects.Add(new(after.Kind.ToLowerInvariant(), NameOf(after), after.Rewritten ?? "made otherwise", after.Kind switch
        {
            "FUNCTION" => Departure.Definition,
            "TRIGGER" => "def",
            "SERVER" => "secret options",
            _ => null,
        }));
    }

    /// <summary>What no statement of the source makes: stand-ins, with their schemas.</summary>
    public void Added(SchemaStatement s)
    {
        var why = s.Rewritten ?? "made by the profile";
        var name = NameOf(s);
        // A stand-in's arguments have names here, and none in a catalog.
        if (s.Kind == "FUNCTION") name = name[..name.IndexOf('(', StringComparison.Ordinal)] + "(*)";
        _objects.Add(new(s.Kind.ToLowerInvariant(), name, why, s.Kind == "SCHEMA" ? "owner|acl|comment" : null));
    }

    public Departures Done(IEnumerable<Departure> others, SupabaseChoices choices) => new()
    {
        Admin = roles.Admin,
        OwnersToAdmin = !roles.KeepsOwners,
        AdminRoles = [.. roles.Admins.Order(StringComparer.Ordinal)],
        AbsentRoles = [.. source.Roles.Select(r => r.Name).Where(r => roles.Find(r) is null).Order(StringComparer.Ordinal)],
        Objects =
        [
            .. left.Where(source.HasSchema).Order(StringComparer.Ordinal).Select(s => new Departure(Departure.Within, s, choices.LeaveSchemas.Contains(s) ? "left behind by --leave-schema" : "a service of the platform that stays behind")),
            .. _objects.Distinct(),
            .. others.Distinct(),
        ],
    };

    internal static string? SchemaOf(SchemaStatement s) => s.Schema ?? (s.Kind == "SCHEMA" ? s.Name : s.Kind is "ACL" or "COMMENT" && s.Name.StartsWith("SCHEMA ", StringComparison.Ordinal) ? Rights.Unquote(s.Name[7..]) : null);

    private static string NameOf(SchemaStatement s) => s.Schema is null ? s.Name : $"{new SqlName(s.Schema)}.{s.Name}";
}
