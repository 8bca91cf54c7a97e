using System.Collections.Immutable;
using System.Globalization;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>
/// Goes through a dump's statements and says of each: executed, executed otherwise, or left out; and why. What is the platform's own is counted by schema,
/// what is the application's is named. Pure; one use.
/// </summary>
internal sealed class StatementSort(SupabaseFacts source, SupabaseFacts target, RoleMap roles, MissingParts missing, SupabaseChoices choices)
{
    private readonly List<Finding> _findings = [];
    private readonly SortedDictionary<string, int> _platform = new(StringComparer.Ordinal);
    /// <summary>Statements that were left out and that others may need, with the reason; null where nothing needs to be said of these.</summary>
    private readonly Dictionary<string, string?> _left = new(StringComparer.Ordinal);
    private readonly DepartureList _departures = new(source, roles, missing.Left);
    private readonly AbsentRoles _absent = new(source, roles);
    private string _why = "";
    private bool _realtimePolicies;

    public DepartureList Departures => _departures;

    public (ImmutableArray<SchemaStatement> Statements, ImmutableArray<Finding> Findings) Run(IReadOnlyList<SchemaStatement> statements)
    {
        _realtimePolicies = missing.Left.Contains("realtime") && (statements.Any(s => s is { Kind: "POLICY", Schema: "realtime" }) || source.PlatformUses.Any(u => u is { UsesSchema: "realtime", Uses: "topic" }));
        var kept = ImmutableArray.CreateBuilder<SchemaStatement>();
        foreach (var statement in statements)
        {
            _why = "left out with what it belongs to";
            if (Sort(statement) is { } result)
            {
                kept.Add(WithOwner(result));
                _departures.Otherwise(statement, result);
                continue;
            }
            _left.TryAdd(statement.Id, null);
            _departures.LeftOut(statement, _why);
        }
        AddStubs(kept);
        if (source.IsSupabase && source.HasSchema("auth") && !missing.Left.Contains("auth")) AddAuthFunctions(kept);
        TellPlatform();
        _findings.AddRange(_absent.Findings());
        return (kept.ToImmutable(), [.. _findings]);
    }

    private SchemaStatement? Sort(SchemaStatement s)
    {
        // The database has another name on the target; its grants and comment are settings of the profile.
        if (s.Schema is null && s.Kind is "ACL" or "COMMENT" or "SECURITY LABEL" && s.Name.StartsWith("DATABASE ", StringComparison.Ordinal)) return null;
        if (DepartureList.SchemaOf(s) is { } schema && missing.Left.Contains(schema) && !(schema == "realtime" && _realtimePolicies && IsBroadcast(s))) return Platform(s, schema);
        if (missing.LeftOut(s) is { } omitted) return Told(s, omitted);
        if (NeededButLeft(s) is { } needed) return Lost(s, needed);
        if (AuthFunctions.Rewrite(s) is { } auth && source.IsSupabase) return auth;
        return s.Kind switch
        {
            "EXTENSION" => Extension(s),
            "COMMENT" when s.Name.StartsWith("EXTENSION ", StringComparison.Ordinal) => source.Extensions.Any(e => e.HasOwnComment && s.Name == "EXTENSION " + SqlName.Quote(e.Name)) && !s.DependsOn.Any(_left.ContainsKey) ? s : null,
            "COMMENT" when s.Name.StartsWith("EVENT TRIGGER ", StringComparison.Ordinal) && source.EventTriggers.Any(t => PlatformNames.IsOwn(t) && s.Name.EndsWith(" " + SqlName.Quote(t.Name), StringComparison.Ordinal)) => null,
            "FUNCTION" or "COMMENT" or "ACL" when source.IsSupabase && s.Schema is not null && IsOwnFunction(s) => Platform(s, s.Schema),
            "ACL" => Acl(s),
            "DEFAULT ACL" => DefaultAcl(s),
            "POLICY" => Policy(s),
            "EVENT TRIGGER" => EventTrigger(s),
            "PUBLICATION" or "PUBLICATION TABLE" or "PUBLICATION TABLES IN SCHEMA" => Publication(s),
            "SERVER" or "FOREIGN TABLE" or "FOREIGN DATA WRAPPER" => Foreign(s),
            "USER MAPPING" => MissingParts.WithoutSecretOptions(s.Sql) == s.Sql ? s
                : Told(s, new("user-mapping-left", Severity.Warning, s.Subject, "It holds a password for another server, which belongs in no plan: left out.", "On the target: " + OneLine(MissingParts.WithoutSecretOptions(s.Sql)) + " and the password.")),
            "TRIGGER" => missing.WithoutSecrets(s),
            _ => s,
        };
    }

    private SchemaStatement WithOwner(SchemaStatement s)
    {
        if (s.Owner is null) return s;
        var owner = roles.Owner(s.Owner);
        return s with { Owner = owner == roles.Admin ? null : owner };
    }

    private static bool IsOwnFunction(SchemaStatement s)
    {
        var tag = s.Name.StartsWith("FUNCTION ", StringComparison.Ordinal) ? s.Name[9..] : s.Name;
        var open = tag.IndexOf('(', StringComparison.Ordinal);
        return PlatformNames.IsOwnFunction(s.Schema!, open < 0 ? tag : tag[..open]);
    }

    /// <summary>What policies on broadcast messages stand on. The table stays without partitions, and so without rows: the service is not here.</summary>
    private static bool IsBroadcast(SchemaStatement s) => s.Kind switch
    {
        "SCHEMA" => true,
        "ACL" or "COMMENT" => s.Name is "SCHEMA realtime" or "TABLE messages" or "FUNCTION topic()",
        "TABLE" => s.Name == "messages",
        "FUNCTION" => s.Name == "topic()",
        "POLICY" or "ROW SECURITY" or "CONSTRAINT" => s.Name == "messages" || s.Name.StartsWith("messages ", StringComparison.Ordinal),
        _ => false,
    };

    private SchemaStatement? Platform(SchemaStatement s, string schema)
    {
        _platform[schema] = _platform.GetValueOrDefault(schema) + 1;
        _why = "a part of the platform that stays behind";
        _left[s.Id] = s.Kind is "SCHEMA" or "EXTENSION" || missing.HasStub(s) ? null : $"{schema} stays behind";
        return null;
    }

    private SchemaStatement? Told(SchemaStatement s, Finding? finding)
    {
        if (finding is not null)
        {
            _findings.Add(finding);
            _why = finding.Problem;
        }
        _left[s.Id] = $"{s.Subject} is left out";
        return null;
    }

    private string? NeededButLeft(SchemaStatement s) =>
        s.Kind is "COMMENT" or "ACL" or "SCHEMA" ? null
        : s.DependsOn.FirstOrDefault(d => _left.GetValueOrDefault(d) is not null) is { } id ? _left[id] : null;

    private SchemaStatement? Lost(SchemaStatement s, string why)
    {
        if (s.Kind is "TABLE" or "TYPE" or "DOMAIN" or "SEQUENCE")
            return Told(s, new("platform-needed", Severity.Block, s.Subject, $"It cannot be made on the target, because {why}.", "--move-schema NAME takes that schema along; or --exclude the table."));
        // What is made and dropped with its table was counted with it.
        return Told(s, s.Kind is "SEQUENCE OWNED BY" or "DEFAULT" or "INDEX ATTACH" or "TABLE ATTACH" ? null
            : new("platform-needed-by", Severity.Warning, s.Subject, $"It is left out, because {why}.", "--move-schema NAME takes that schema along."));
    }

    private SchemaStatement? Acl(SchemaStatement s)
    {
        var sql = Rights.Rewrite(s.Sql, roles, _absent.Lost);
        if (sql.Length == 0) return null;
        return sql.Trim() == s.Sql.Trim() ? s : s with { Sql = sql, Rewritten = "names the target's roles" };
    }

    private SchemaStatement? Policy(SchemaStatement s)
    {
        _absent.LostPolicy(s);
        if (Rights.Policy(s.Sql, roles) is not { } sql)
            return Told(s, new("policy-left", Severity.Warning, s.Subject, "It applies only to roles that the target does not have, and is left out."));
        return sql == s.Sql ? s : s with { Sql = sql, Rewritten = "names the target's roles" };
    }

    private SchemaStatement? DefaultAcl(SchemaStatement s)
    {
        // Objects that the platform's services will make: nobody makes them on the target.
        if (source.IsSupabase && Rights.DefaultsOf(s.Sql) is { } maker && maker != source.PlatformAdmin && (PlatformNames.IsServiceRole(maker) || source.FindRole(maker) is { Superuser: true })) return Platform(s, s.Schema ?? "default privileges");
        return Acl(s);
    }

    private SchemaStatement? Extension(SchemaStatement s)
    {
        var name = s.Name;
        var there = target.FindExtension(name);
        var schema = source.FindExtension(name)?.Schema;
        if (schema is not null && missing.Left.Contains(schema)) return Platform(s, schema);
        if (choices.LeaveExtensions.Contains(name)) return Told(s, new("extension-left", Severity.Info, "extension " + name, "Left behind by --leave-extension."));
        if (there is null)
        {
            var needed = source.ExtensionUses.GetValueOrDefault(name);
            if (PlatformNames.ServiceExtensions.Contains(name) && source.IsSupabase && needed is null)
                return Told(s, new("extension-left", Severity.Info, "extension " + name, "The target cannot have it, and nothing in this database needs it: it stays behind."));
            return Told(s, new("extension-missing", Severity.Block, "extension " + name, $"The target cannot have it{(needed is null ? "" : $", and {needed} needs it")}.",
                ExtensionPackages.Hint(name, target.Server.Major) + " Or --leave-extension " + name + "."));
        }
        if (there.Schema is { } elsewhere && schema is not null && elsewhere != schema && name != "plpgsql")
            return Told(s, new("extension-elsewhere", Severity.Block, "extension " + name, $"It is in schema {schema} on the source and in {elsewhere} on the target: names of its types and functions would not be found.", $"ALTER EXTENSION {SqlName.Quote(name)} SET SCHEMA {SqlName.Quote(schema)};"));
        // IF NOT EXISTS; left in where it is there, so that a run that goes on plans the same again.
        return s;
    }

    private SchemaStatement? EventTrigger(SchemaStatement s)
    {
        var trigger = source.EventTriggers.FirstOrDefault(t => t.Name == s.Name);
        if (trigger is not null && source.IsSupabase && PlatformNames.IsOwn(trigger)) return Platform(s, "event triggers");
        if (!choices.EventTriggers) return Told(s, new("event-trigger-left", Severity.Info, s.Subject, "Left out by --event-triggers omit."));
        return target.Server.IsSuperuser ? s
            : Told(s, new("event-trigger-needs-superuser", Severity.Warning, s.Subject, $"Only a superuser may make event triggers, and {target.Server.Role} is none on the target: left out.", "As a superuser of the target: " + OneLine(s.Sql)));
    }

    private SchemaStatement? Publication(SchemaStatement s)
    {
        var name = s.Kind == "PUBLICATION" ? s.Name : source.Publications.Select(p => p.Name).Distinct().Where(p => s.Name.StartsWith(p + " ", StringComparison.Ordinal)).MaxBy(p => p.Length) ?? s.Name;
        if (!choices.Publications) return Told(s, s.Kind != "PUBLICATION" ? null : new("publication-left", Severity.Info, s.Subject, "Left out by --publications omit."));
        var rows = source.Publications.Where(p => p.Name == name).ToList();
        if (source.IsSupabase && name == PlatformNames.RealtimePublication && !choices.RealtimePublication)
        {
            var tables = rows.Where(p => p.Table is not null).Select(p => $"{p.Schema}.{p.Table}").ToList();
            return Told(s, s.Kind != "PUBLICATION" ? null : new("realtime-left", tables.Count == 0 ? Severity.Info : Severity.Warning, s.Subject,
                tables.Count == 0 ? "The Realtime service stays behind, and its publication was empty." : $"The Realtime service stays behind: clients that listen to changes of {string.Join(", ", tables)} hear nothing from the target.",
                "--publications with-realtime takes the publication along, for a Realtime server of your own."));
        }
        if (s.Kind == "PUBLICATION" && rows.Any(p => p.AllTables) && !target.Server.IsSuperuser)
            return Told(s, new("publication-needs-superuser", Severity.Warning, s.Subject, $"Only a superuser may publish all tables, and {target.Server.Role} is none on the target: left out.", "As a superuser of the target: " + OneLine(s.Sql)));
        if (s.Kind == "PUBLICATION" && rows.Where(p => p.Keyless).Select(p => $"{p.Schema}.{p.Table}").ToList() is { Count: > 0 } keyless)
            _findings.Add(new("publication-keyless", Severity.Warning, s.Subject, $"{string.Join(", ", keyless)} have no key by which changes are published: UPDATE and DELETE on them fail, on the source as on the target.", "ALTER TABLE ... REPLICA IDENTITY FULL, or a primary key."));
        return s;
    }

    private SchemaStatement? Foreign(SchemaStatement s)
    {
        var server = source.ForeignServers.FirstOrDefault(f => f.Name == s.Name);
        if (s.Kind != "SERVER" || server is null) return s;
        if (server.Extension is { } extension && target.FindExtension(extension) is null)
            return Told(s, new("foreign-server-left", Severity.Warning, s.Subject, $"Its extension {extension} is not available on the target: left out, with its foreign tables.", ExtensionPackages.Hint(extension, target.Server.Major)));
        _findings.Add(new("foreign-server-kept", Severity.Warning, s.Subject,
            $"It still points to {server.Host ?? "where it pointed"}, {server.Tables.ToString(CultureInfo.InvariantCulture)} foreign tables read through it.",
            $"ALTER SERVER {SqlName.Quote(server.Name)} OPTIONS (SET host '...');"));
        var sql = MissingParts.WithoutSecretOptions(s.Sql);
        return sql == s.Sql ? s : s with { Sql = sql, Rewritten = "without options that may hold secrets" };
    }

    private void AddStubs(ImmutableArray<SchemaStatement>.Builder kept)
    {
        var stubs = missing.Stubs(schema => kept.Any(k => k.Kind == "SCHEMA" && k.Name == schema)).ToList();
        // After schemas, types come only from PostgreSQL itself; and before whatever may call them.
        var at = kept.FindLastIndex(k => k.Kind is "SCHEMA") + 1;
        for (var i = 0; i < stubs.Count; i++) kept.Insert(at + i, stubs[i]);
        stubs.ForEach(_departures.Added);
        _findings.AddRange(missing.Findings);
        if (_realtimePolicies)
            _findings.Add(new("realtime-policies-kept", Severity.Info, "schema realtime", "Policies on realtime.messages move with the empty table that they stand on; the service that asks them stays behind."));
    }

    private void AddAuthFunctions(ImmutableArray<SchemaStatement>.Builder kept)
    {
        var at = kept.FindLastIndex(k => k.Kind is "SCHEMA") + 1;
        foreach (var function in AuthFunctions.Missing(kept).ToList())
        {
            kept.Insert(at, function);
            _departures.Added(function);
        }
    }

    private void TellPlatform()
    {
        if (_platform.Count == 0) return;
        var counts = string.Join(", ", _platform.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key} {p.Value}")));
        _findings.Add(new("platform-left", Severity.Info, "platform", string.Create(CultureInfo.InvariantCulture, $"{_platform.Values.Sum()} objects of the platform's services stay behind: {counts}."), "--move-schema NAME takes one of these schemas along."));
    }

    private static string OneLine(string sql) => string.Join(' ', sql.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}

file static class BuilderSearch
{
    public static int FindLastIndex(this ImmutableArray<SchemaStatement>.Builder builder, Func<SchemaStatement, bool> wanted)
    {
        for (var i = builder.Count - 1; i >= 0; i--)
            if (wanted(builder[i])) return i;
        return -1;
    }
}
