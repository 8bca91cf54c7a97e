using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>Which schemas stay behind, what of the application needs them, and what becomes of it. Pure.</summary>
internal sealed partial class MissingParts
{
    private readonly SupabaseFacts _source;
    private readonly SupabaseChoices _choices;
    private readonly ImmutableArray<FunctionSignature> _stubs;
    private readonly HashSet<(string Schema, string Table, string Trigger)> _omitted = [];
    private readonly List<Finding> _findings = [];

    public MissingParts(SupabaseFacts source, SupabaseFacts target, SupabaseChoices choices)
    {
        (_source, _choices) = (source, choices);
        Left = [.. source.Schemas.Select(s => s.Name).Where(s => source.IsSupabase && PlatformNames.LeftSchemas.Contains(s)).Concat(choices.LeaveSchemas).Except(choices.MoveSchemas)];
        // Services that the target has itself are not missing there.
        var there = target.Extensions.Where(e => e.Installed && e.Schema is not null && Left.Contains(e.Schema)).Select(e => e.Schema!).ToHashSet(StringComparer.Ordinal);
        var uses = source.PlatformUses.Where(u => Left.Contains(u.UsesSchema) && !there.Contains(u.UsesSchema) && !Left.Contains(u.Schema)
            && u is not { UsesSchema: "realtime", Uses: "topic" }).ToList();
        var wanted = uses.Select(u => (u.UsesSchema, u.Uses)).ToHashSet();
        _stubs = choices.MissingFunctions == MissingFunctions.Omit ? [] : [.. source.PlatformFunctions.Where(f => f.IsFunction && f.PlainTypes && wanted.Contains((f.Schema, f.Name)))];
        foreach (var group in uses.GroupBy(u => (u.UsesSchema, u.Uses))) Tell(group.Key.UsesSchema, group.Key.Uses, [.. group]);
    }

    public ImmutableHashSet<string> Left { get; }

    public IReadOnlyList<Finding> Findings => _findings;

    public IEnumerable<SchemaStatement> Stubs(Func<string, bool> hasSchema) => Supabase.Stubs.Make(_stubs, _choices.MissingFunctions == MissingFunctions.Silent, hasSchema);

    /// <summary>A statement of the dump that makes a function which a stand-in replaces.</summary>
    public bool HasStub(SchemaStatement s) => s.Kind == "FUNCTION" && _stubs.Any(f => f.Schema == s.Schema && s.Name.StartsWith(f.Name + "(", StringComparison.Ordinal));

    /// <summary>A trigger that is left out because of what it would call; the finding names it with the rest, so that it is null here too.</summary>
    public Finding? LeftOut(SchemaStatement s) =>
        s.Kind == "TRIGGER" && _omitted.Any(o => o.Schema == s.Schema && s.Name == $"{o.Table} {o.Trigger}")
            ? new("trigger-omitted", Severity.Warning, s.Subject, "It calls a service that stays behind, and is left out by --missing-functions omit.") : null;

    /// <summary>Headers of a webhook carry keys: the stand-in does not need them, and a plan must not show them.</summary>
    public SchemaStatement WithoutSecrets(SchemaStatement s)
    {
        if (!Left.Contains("supabase_functions") || Webhook().Match(s.Sql) is not { Success: true } call) return s;
        var url = call.Groups["url"].Value;
        var query = url.IndexOf('?', StringComparison.Ordinal);
        return s with
        {
            Sql = $"{s.Sql[..call.Groups["args"].Index]}'{(query < 0 ? url : url[..query])}', '{call.Groups["method"].Value}'{s.Sql[(call.Groups["args"].Index + call.Groups["args"].Length)..]}",
            Rewritten = "without the webhook's headers and body, which may hold keys",
        };
    }

    public static string WithoutSecretOptions(string sql) =>
        ServerOptions().Replace(sql, options => "OPTIONS (" + string.Join(", ", Option().Matches(options.Groups[1].Value).Where(o => !PlatformNames.LooksSecret(o.Groups[1].Value)).Select(o => o.Value.Trim())) + ")")
            .Replace(" OPTIONS ()", "", StringComparison.Ordinal);

    private void Tell(string schema, string name, List<PlatformUse> uses)
    {
        var called = $"{schema}.{name}";
        var subjects = uses.Select(u => u.Subject).Distinct().Order(StringComparer.Ordinal).ToList();
        var triggers = uses.SelectMany(TriggersOf).Distinct().ToList();
        var through = triggers.Select(t => $"{t.Schema}.{t.Table}").Distinct().ToList();
        var function = _source.PlatformFunctions.FirstOrDefault(f => f.Schema == schema && f.Name == name);
        var list = string.Join(", ", subjects.Take(6)) + (subjects.Count > 6 ? $" and {subjects.Count - 6} more" : "");
        if (function is null)
        {
            // Words of a text that are no name there: a comment, an alias.
            if (uses.All(u => u.UsesKind.Length == 0) && !IsTable(schema, name)) return;
            _findings.Add(new("platform-table-missing", Severity.Warning, called, $"{list} need it, and it stays behind.", "Change them, or take it along: --move-schema " + schema));
            return;
        }
        if (_choices.MissingFunctions == MissingFunctions.Omit)
        {
            foreach (var trigger in triggers) _omitted.Add((trigger.Schema, trigger.Table, trigger.Name));
            _findings.Add(new("platform-function-missing", Severity.Warning, called + "()", $"{list} call it, and it stays behind. Triggers that would call it are left out{On(through)}; functions stay, and fail when they are called.", "--missing-functions fail or silent puts a stand-in there."));
            return;
        }
        if (!_stubs.Contains(function))
        {
            _findings.Add(new("platform-function-missing", Severity.Warning, called + "()", $"{list} call it, it stays behind, and no stand-in can be made: its types stay behind too.", "Change what calls it, or take it along: --move-schema " + schema));
            return;
        }
        _findings.Add(_choices.MissingFunctions == MissingFunctions.Silent
            ? new("platform-function-silent", Severity.Warning, called + "()", $"{list} call it, and it stays behind: a stand-in there does nothing.", "--missing-functions fail makes it raise an error.")
            : new("platform-function-fails", Severity.Warning, called + "()", $"{list} call it, and it stays behind: a stand-in there raises an error, so that what calls it fails{(through.Count == 0 ? "" : ", writes to " + string.Join(", ", through) + " among it")}.", "--missing-functions silent makes it do nothing; omit leaves the triggers out."));
    }

    private static string On(List<string> tables) => tables.Count == 0 ? "" : " on " + string.Join(", ", tables);

    private bool IsTable(string schema, string name) => (schema, name) is ("vault", "decrypted_secrets" or "secrets") or ("cron", "job" or "job_run_details") or ("net", "_http_response" or "http_request_queue")
        or ("realtime", "messages" or "subscription") or ("graphql", "_field") && _source.HasSchema(schema);

    private IEnumerable<TriggerFact> TriggersOf(PlatformUse use) => use.Kind switch
    {
        "trigger" => _source.Triggers.Where(t => t.Schema == use.Schema && use.Name == $"{t.Table}.{t.Name}"),
        "function" => _source.Triggers.Where(t => t.FunctionSchema == use.Schema && t.Function == use.Name),
        _ => [],
    };

    [GeneratedRegex(@"EXECUTE\s+(?:FUNCTION|PROCEDURE)\s+supabase_functions\.http_request\((?<args>'(?<url>(?:[^']|'')*)'\s*,\s*'(?<method>(?:[^']|'')*)'(?:\s*,\s*E?'(?:[^']|'')*')*)\)", RegexOptions.IgnoreCase)]
    private static partial Regex Webhook();

    [GeneratedRegex(@"OPTIONS\s*\(((?:[^()']|'(?:[^']|'')*')*)\)", RegexOptions.IgnoreCase)]
    private static partial Regex ServerOptions();

    [GeneratedRegex("""\s*"?([A-Za-z_]\w*)"?\s+'(?:[^']|'')*'""")]
    private static partial Regex Option();
}
