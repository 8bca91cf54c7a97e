using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Verify.Pairs;

/// <summary>What a plan said beforehand would differ: objects that it leaves out, roles that the target does not have.</summary>
public static partial class PlanPromises
{
    /// <summary>Kinds as a dump names them, as the catalog comparison does; "" is any kind, with the property that is meant.</summary>
    private static readonly Dictionary<string, (string Kind, string? Aspect)> Kinds = new()
    {
        ["foreign table"] = ("table", null),
        ["materialized view"] = ("view", null),
        ["procedure"] = ("function", null),
        ["aggregate"] = ("function", null),
        ["fk constraint"] = ("constraint", null),
        ["check constraint"] = ("constraint", null),
        ["domain"] = ("type", null),
        ["server"] = ("foreign-server", null),
        ["event trigger"] = ("event-trigger", null),
        ["operator class"] = ("operator-class", null),
        ["user mapping"] = ("user-mapping", null),
        ["default acl"] = ("default-privileges", null),
        ["default"] = ("column", "default"),
        ["row security"] = ("table", "row security"),
        ["sequence owned by"] = ("sequence", "owned by"),
        ["publication table"] = ("publication", "tables"),
        ["publication tables in schema"] = ("publication", "tables"),
        ["acl"] = ("*", "acl"),
        ["comment"] = ("*", "comment"),
    };

    /// <summary>The request, with what the plan announced. <paramref name="targetRole"/> owns what nobody else could.</summary>
    public static PairRequest Added(PairRequest request, MigrationPlan plan, string targetRole)
    {
        var absent = plan.Findings.Where(f => f.Code is "role-missing" && f.Subject.StartsWith("ROLE ", StringComparison.Ordinal)).Select(f => f.Subject[5..]).ToImmutableHashSet();
        var unowned = plan.Findings.Where(f => f.Code is "owner-not-set" && f.Subject.StartsWith("ROLE ", StringComparison.Ordinal)).Select(f => f.Subject[5..]);
        return request with
        {
            AbsentRoles = request.AbsentRoles.Union(absent).Union(plan.Departures?.AbsentRoles ?? []),
            UnownedRoles = request.UnownedRoles.Union(unowned),
            MergedRoles = request.MergedRoles.Union(plan.Departures?.AdminRoles ?? []),
            OwnerInstead = plan.Departures?.Admin ?? targetRole,
            OneOwner = request.OneOwner || plan.Departures is { OwnersToAdmin: true },
            Promised = [.. request.Promised, .. LeftOut(plan), .. plan.Departures?.Objects.Select(Promised) ?? [], .. absent.Select(r => new PromisedDifference("role", r, "the target has no such role"))],
        };
    }

    /// <summary>Tells tables of the source that the plan leaves behind, by themselves or with their schema. A table that it does not know is none of them.</summary>
    public static Func<SqlName, bool> LeftBehind(MigrationPlan plan)
    {
        var made = plan.Objects.Where(o => o.Kind == "table" && !o.Steps.IsEmpty).Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        var promised = LeftOut(plan).Concat(plan.Departures?.Objects.Select(Promised) ?? []).Where(p => p.Aspect is null).ToList();
        return table => !made.Contains($"{new SqlName(table.Schema ?? "public")}.{table.Name}")
            && promised.Exists(p => p.Covers("table", table.ToString(), null) || p.Kind is "within" or "schema" && p.Name == table.Schema);
    }

    private static IEnumerable<PromisedDifference> LeftOut(MigrationPlan plan)
    {
        var reasons = plan.Findings.GroupBy(f => f.Subject).ToDictionary(g => g.Key, g => g.First().Problem, StringComparer.Ordinal);
        // Made, but not filled: --include and --exclude choose rows. A partitioned table has none of its own.
        var filled = plan.Tables.Select(t => $"{new SqlName(t.Target.Schema ?? "public")}.{t.Target.Name}").ToHashSet(StringComparer.Ordinal);
        foreach (var empty in plan.Objects.Where(o => o.Kind == "table" && !o.Steps.IsEmpty && !filled.Contains(o.Name)))
            yield return new("table", empty.Name, "the plan copies no rows of it", "rows");
        foreach (var proven in plan.Findings.Where(f => f.Code == "constraint-proven"))
            yield return new("constraint", proven.Subject["CONSTRAINT ".Length..], "--on-misfit quarantine proves it", "def|validated");
        foreach (var left in plan.Objects.Where(o => o.Steps.IsEmpty))
        {
            var reason = reasons.GetValueOrDefault(left.Subject, "left out by the plan");
            yield return left.Kind == "publication table" ? new("publication", Publication().Match(left.Sql).Groups[1].Value, reason, "tables") : Promised(new(left.Kind, left.Name, reason));
        }
    }

    /// <summary>Of what is in a publication, a dump's tag does not tell where the one name ends and the other begins.</summary>
    [GeneratedRegex("""^ALTER PUBLICATION ((?:[^" ]|"(?:[^"]|"")*")+) ADD""")]
    private static partial Regex Publication();

    private static PromisedDifference Promised(Departure departure)
    {
        var (kind, aspect) = Kinds.GetValueOrDefault(departure.Kind, (departure.Kind, null));
        var name = aspect is "acl" or "comment" ? WithoutKind(departure.Name) : kind == "user-mapping" ? departure.Name.Replace("USER MAPPING ", "", StringComparison.Ordinal).Replace(" SERVER ", " on ", StringComparison.Ordinal) : departure.Name;
        return new(kind, name, departure.Reason, departure.Aspect ?? aspect);
    }

    /// <summary>"public.TABLE orders" is "public.orders".</summary>
    private static string WithoutKind(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var blank = name.LastIndexOf(' ');
        return blank < 0 ? name : dot < 0 ? name[(blank + 1)..] : $"{name[..dot]}.{name[(blank + 1)..]}";
    }
}
