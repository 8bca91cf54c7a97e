using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Source;

namespace Godwit.Verify.Pairs;

/// <summary>
/// Compares two catalogs, object by object and property by property. What was promised is told as such; what PostgreSQL merely prints in
/// another way in another version is told apart from what is different.
/// </summary>
internal sealed partial class CatalogComparison(PairSides sides, PairRequest request)
{
    public const string Missing = "is missing in the target";
    private const int Named = 50;
    private static readonly string[] Printed = ["def", "using", "with check", "default", "generated", "parsed body", "partition bound", "partition key"];

    /// <summary>By what text is sorted, and which characters are letters.</summary>
    private static readonly string[] Locale = ["collate", "ctype"];

    private readonly ImmutableArray<VerifyCheck>.Builder _checks = ImmutableArray.CreateBuilder<VerifyCheck>();
    private readonly ImmutableArray<ExpectedDifference>.Builder _expected = ImmutableArray.CreateBuilder<ExpectedDifference>();
    private readonly SortedDictionary<string, List<string>> _behind = new(StringComparer.Ordinal);
    private Catalog _source = null!, _target = null!;
    private bool _oneServer;

    public async Task<(ImmutableArray<VerifyCheck> Checks, ImmutableArray<ExpectedDifference> Expected)> RunAsync(CancellationToken ct)
    {
        _oneServer = await sides.AreOfOneServerAsync(ct);
        var spelt = sides.SameMajor ? text => text : await SpeltAlikeAsync(ct);
        var (source, target) = (Catalog.ReadAsync(sides.Source, s => PairTables.IsCompared(s, request), new RoleNames(request), spelt, (kind, identity) => Promise(kind, identity) is not null, ct),
            Catalog.ReadAsync(sides.Target, s => PairTables.IsCompared(s, request), RoleNames.Same, spelt, (_, _) => false, ct));
        await Task.WhenAll(source, target);
        (_source, _target) = (await source, await target);
        var left = (await ReparsedViews.ReadAsync(sides.Target, ViewsPrintedOtherwise(), ct)).ToDictionary(v => v.Key, v => spelt(v.Value), StringComparer.Ordinal);
        foreach (var kind in PairSql.Kinds) Kind(kind, left);
        foreach (var promise in request.Promised.Where(p => p is { Kind: "schema", Aspect: null })) _expected.Add(new("schema " + promise.Name, "not compared", promise.Reason));
        foreach (var (schema, behind) in _behind)
            _expected.Add(new("schema " + schema, behind.Count == 1 ? $"{behind[0]} is not in the target" : $"{behind.Count:N0} of its objects are not in the target: {Listed(behind)}", request.Promised.First(p => p.Kind == "within" && p.Name == schema).Reason));
        foreach (var (kind, identity) in _source.OfRoles) _expected.Add(new($"{kind.Replace('-', ' ')} {identity}", "is not in the target", Promise(kind, identity)!.Reason));
        if (request.SourceStandsIn) _expected.Add(new("database this database", "its locale is not compared", "files do not say which one the source had"));
        if (_source.Merged.Count > 0) _expected.Add(new(_source.Merged.Count == 1 ? "role " + _source.Merged[0] : "roles " + Listed(_source.Merged), $"{request.OwnerInstead} in the target", "the role that connects stands for superusers and the platform's own admins, and is not changed itself"));
        foreach (var role in request.UnownedRoles.Order(StringComparer.Ordinal)) _expected.Add(new("owner " + role, $"what it would own belongs to {request.OwnerInstead}", "the migrating role may not give objects to it"));
        return (_checks.ToImmutable(), _expected.ToImmutable());
    }

    /// <summary>A name that only one of two versions takes for a keyword is printed in quotes by that one ("json" from PostgreSQL 17 on): without them on both.</summary>
    private async Task<Func<string, string>> SpeltAlikeAsync(CancellationToken ct)
    {
        async Task<HashSet<string>> KeywordsAsync(PairSide side) => [.. (await TextRows.ReadAsync(side.Main, "select word from pg_get_keywords() where catcode <> 'U'", ct)).Select(r => r[0]!)];
        var words = await KeywordsAsync(sides.Source);
        words.SymmetricExceptWith(await KeywordsAsync(sides.Target));
        if (words.Count == 0) return text => text;
        var quoted = new Regex($"(?<!\")\"({string.Join('|', words)})\"(?!\")");
        return text => text.Contains('"', StringComparison.Ordinal) ? quoted.Replace(text, "$1") : text;
    }

    private void Kind(string kind, IReadOnlyDictionary<string, string> reparsed)
    {
        var word = kind.Replace('-', ' ');
        if (_source.Unread.GetValueOrDefault(kind) is { } why || _target.Unread.TryGetValue(kind, out why!))
        {
            _checks.Add(new("catalog: " + word, Verdict.NotChecked, why));
            return;
        }
        var source = _source.Objects.Values.Where(o => o.Kind == kind).ToDictionary(o => o.Identity, StringComparer.Ordinal);
        var target = _target.Objects.Values.Where(o => o.Kind == kind).ToDictionary(o => o.Identity, StringComparer.Ordinal);
        var (equal, different, unsure) = (0, new List<VerifyCheck>(), new List<string>());
        foreach (var identity in source.Keys.Union(target.Keys).Order(StringComparer.Ordinal))
        {
            var (s, t) = (source.GetValueOrDefault(identity), target.GetValueOrDefault(identity));
            var one = (s ?? t)!;
            if (s is null || t is null)
            {
                // Roles are the cluster's: those that the target has besides are its own affair.
                if (IsPartOfAbsent(one, s is null) || s is null && kind == "role") continue;
                if (t is null && one.Schema is { } schema && request.Promised.Any(p => p.Kind == "within" && p.Name == schema))
                {
                    if (!_behind.TryGetValue(schema, out var behind)) _behind[schema] = behind = [];
                    behind.Add(Subject(one));
                    continue;
                }
                // A dump leaves out what CREATE INDEX CONCURRENTLY never finished.
                if (t is null && kind == "index" && one.Aspects.GetValueOrDefault("valid") == "not valid")
                {
                    _expected.Add(new(Subject(one), Missing, "it is not valid in the source: its building never ended well, and no query uses it"));
                    continue;
                }
                var absent = s is null ? "is in the target, not in the source" : Missing;
                if (!Announced(one, null, absent)) different.Add(new(Subject(one), Verdict.Different, absent));
                continue;
            }
            if (request.Promised.FirstOrDefault(p => p.Aspect is null && p.Covers(kind, identity, null)) is { } otherwise)
            {
                var aspects = s.Aspects.Keys.Union(t.Aspects.Keys).Where(a => Value(s, a) != Value(t, a)).Order(StringComparer.Ordinal).ToList();
                if (aspects.Count > 0) _expected.Add(new(Subject(s), "made otherwise: " + string.Join(", ", aspects), otherwise.Reason));
                else equal++;
                continue;
            }
            var seen = s.Aspects.Keys.Union(t.Aspects.Keys).Select(aspect => Compare(s, t, aspect, reparsed, unsure)).OfType<string>().ToList();
            if (seen.Count == 0) equal++;
            else different.Add(new(Subject(s), Verdict.Different, string.Join("; ", seen)));
        }
        foreach (var check in different.Take(Named)) _checks.Add(check);
        if (different.Count > Named) _checks.Add(new("catalog: " + word, Verdict.Different, $"and {different.Count - Named:N0} more differences"));
        if (unsure.Count > 0)
            _checks.Add(new("catalog: " + word, Verdict.NotChecked, $"PostgreSQL {sides.Source.Database.Profile.Major} and {sides.Target.Database.Profile.Major} print {Listed(unsure)} differently; what they call is the same"));
        if (equal > 0) _checks.Add(new("catalog: " + word, Verdict.Equal, (different.Count == 0 ? $"all {equal:N0} equal" : $"{equal:N0} others equal") + (kind == "role" && _oneServer ? "; source and target are databases of one server, and share its roles" : "")));
    }

    /// <summary>What is to be told of one property, null where there is nothing to tell.</summary>
    private string? Compare(CatalogObject source, CatalogObject target, string aspect, IReadOnlyDictionary<string, string> reparsed, List<string> unsure)
    {
        var (s, t) = (Value(source, aspect), Value(target, aspect));
        if (s == t || _oneServer && IsShared(source, aspect) || request.SourceStandsIn && source.Kind == "database" && Locale.Contains(aspect)) return null;
        if (aspect == "acl" && source.Kind is "database" or "schema" && request.MigratedAs is { } migrant && Without(migrant, s) == Without(migrant, t))
        {
            _expected.Add(new(Subject(source), $"acl: {Members(s, t, "; ")}", $"{migrant} is the role that connects, and needs rights of its own to migrate"));
            return null;
        }
        // Read back, an expression may be held in another shape: a view that prints alike then, and calls the same, is the same.
        var readBack = aspect == "def" && source.Kind == "view" && reparsed.GetValueOrDefault(source.Identity) is { } printed && PrintedForm.ReadBack(printed) == t;
        if (sides.SameMajor && (readBack && Calls(source) == Calls(target) || aspect == "calls" && Calls(source) == Calls(target) && Printed.Any(a => source.Aspects.GetValueOrDefault(a) != target.Aspects.GetValueOrDefault(a)))) return null;
        if (!sides.SameMajor)
        {
            if (source.Kind == "extension" && aspect == "version")
            {
                _expected.Add(new($"extension {source.Identity}", $"version {s} in the source, {t} in the target", "each version of PostgreSQL brings its own"));
                return null;
            }
            // What was decided is told as decided, whatever the versions print.
            if (Printed.Contains(aspect) && Value(source, "calls") == Value(target, "calls") && s is not null && t is not null && Promise(source.Kind, source.Identity, aspect) is null)
            {
                if (!readBack) unsure.Add($"{source.Identity} ({aspect})");
                return null;
            }
        }
        var seen = aspect.StartsWith("secret", StringComparison.Ordinal) ? $"{aspect[7..]} differ (their values are not shown)"
            // A webhook's headers hold keys.
            : source.Kind == "trigger" && aspect == "def" && (s + t).Contains("http_request(", StringComparison.Ordinal) ? "def differs (what it sends is not shown)"
            : aspect.StartsWith("settings", StringComparison.Ordinal) ? SettingsSeen(source, aspect, s, t)
            : aspect is "acl" or "member of" or "roles" or "calls" ? $"{aspect}: {Members(s, t, aspect == "calls" ? ", " : "; ")}"
            : $"{aspect}: {Clipped(s, t)} in the source, {Clipped(t, s)} in the target";
        return seen is null || Announced(source, aspect, seen) ? null : seen;
    }

    /// <summary>One role seen from two databases: what differs is what the plan leaves behind or calls otherwise, which is there all the same.</summary>
    private bool IsShared(CatalogObject one, string aspect) => one.Kind == "role" && aspect != "settings in this database" && !request.Roles.Values.Contains(one.Identity);

    /// <summary>Settings are promised one by one; null where nothing else differs.</summary>
    private string? SettingsSeen(CatalogObject one, string aspect, string? source, string? target)
    {
        var (s, t) = (Lines(source), Lines(target));
        foreach (var name in s.Keys.Union(t.Keys).Order(StringComparer.Ordinal).ToList())
        {
            if (s.GetValueOrDefault(name) == t.GetValueOrDefault(name)) continue;
            if (!Announced(one, "setting " + name, $"{aspect}: {Settings(s.GetValueOrDefault(name), t.GetValueOrDefault(name))}")) continue;
            s.Remove(name);
            t.Remove(name);
        }
        return Settings(string.Join('\n', s.Values), string.Join('\n', t.Values)) is { Length: > 0 } left ? $"{aspect}: {left}" : null;

        static Dictionary<string, string> Lines(string? settings) =>
            (settings ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).GroupBy(l => l.Split('=', 2)[0]).ToDictionary(g => g.Key, g => string.Join('\n', g), StringComparer.Ordinal);
    }

    private PromisedDifference? Promise(string kind, string identity, string? aspect = null) => request.Promised.FirstOrDefault(p => p.Covers(kind, identity, aspect));

    private static string Subject(CatalogObject one) => $"{one.Kind.Replace('-', ' ')} {one.Identity}";

    /// <summary>True where the difference was promised; it is told among those.</summary>
    private bool Announced(CatalogObject one, string? aspect, string seen)
    {
        var promise = Promise(one.Kind, one.Identity, aspect) ?? request.Promised.FirstOrDefault(p => one.Of is not null && p.Aspect is null && (p.Covers("table", one.Of, null) || p.Covers("view", one.Of, null)));
        if (promise is not null) _expected.Add(new(Subject(one), seen, promise.Reason));
        return promise is not null;
    }

    /// <summary>What hangs on a table or schema that is missing as a whole is not told again.</summary>
    private bool IsPartOfAbsent(CatalogObject one, bool missingInSource)
    {
        var other = missingInSource ? _source : _target;
        if (one.Kind != "schema" && one.Schema is not null && !other.Objects.Keys.Any(k => k.Kind == "schema" && (k.Identity == one.Schema || k.Identity == Schema.SqlName.AlwaysQuote(one.Schema))) && one.Schema != "public") return true;
        return one.Of is not null && !new[] { "table", "view", "type" }.Any(k => other.Objects.ContainsKey((k, one.Of)));
    }

    private string? Value(CatalogObject one, string aspect)
    {
        if (one.Aspects.GetValueOrDefault(aspect) is not { } value) return null;
        // Another version may hold the same expression in another shape: what it calls, not how often.
        if (aspect == "calls" && !sides.SameMajor) return Calls(one);
        if (Printed.Contains(aspect)) return PrintedForm.ReadBack(value);
        // The privilege MAINTAIN came with PostgreSQL 17.
        return aspect == "acl" && Math.Min(sides.Source.Database.Profile.Major, sides.Target.Database.Profile.Major) < 17 ? Maintain().Replace(value, "") : value;
    }

    private static string? Calls(CatalogObject one) => one.Aspects.GetValueOrDefault("calls") is { } calls ? string.Join(", ", Times().Replace(calls, "").Split(", ").Distinct()) : null;

    private Dictionary<string, string> ViewsPrintedOtherwise() => _source.Objects.Values
        .Where(v => v.Kind == "view" && _target.Objects.TryGetValue(("view", v.Identity), out var other) && other.Aspects.GetValueOrDefault("def") != v.Aspects.GetValueOrDefault("def"))
        .ToDictionary(v => v.Identity, v => v.Aspects.GetValueOrDefault("def", ""));

    /// <summary>Settings one a line: the names of those that differ, and the values where the name is not that of a secret.</summary>
    private static string Settings(string? source, string? target)
    {
        var (s, t) = ((source ?? "").Split('\n'), (target ?? "").Split('\n'));
        string Shown(string setting) => setting.Split('=', 2) is [var name, _] && Secrets.LooksSecret(name) ? $"{name}={Secrets.Mask}" : setting;
        var parts = s.Except(t).Where(x => x.Length > 0).Select(x => "source " + Shown(x)).Concat(t.Except(s).Where(x => x.Length > 0).Select(x => "target " + Shown(x)));
        return string.Join(", ", parts);
    }

    /// <summary>Of two lists, what one holds and the other does not.</summary>
    private static string Members(string? source, string? target, string separator)
    {
        var (s, t) = ((source ?? "").Split(separator), (target ?? "").Split(separator));
        return $"{Clipped(string.Join(separator, s.Except(t)) is { Length: > 0 } a ? a : null, null)} in the source, {Clipped(string.Join(separator, t.Except(s)) is { Length: > 0 } b ? b : null, null)} in the target";
    }

    /// <summary>Privileges ("role=CREATE; other=USAGE") without those of one role.</summary>
    private static string Without(string role, string? acl) => string.Join("; ", (acl ?? "").Split("; ").Where(e => e.LastIndexOf('=') is var end && (end < 0 || e[..end] != role)));

    /// <summary>A value, or of a long one the part where it begins to differ.</summary>
    private static string Clipped(string? value, string? other)
    {
        const int Most = 160;
        if (value is null) return "none";
        if (value.Length <= Most) return value;
        var at = 0;
        while (other is not null && at < value.Length && at < other.Length && value[at] == other[at]) at++;
        var from = Math.Max(0, Math.Min(at - 40, value.Length - Most));
        return $"{(from > 0 ? "…" : "")}{value.AsSpan(from, Math.Min(Most, value.Length - from))}{(from + Most < value.Length ? "…" : "")}";
    }

    private static string Listed(List<string> what) => string.Join(", ", what.Take(10)) + (what.Count > 10 ? $" and {what.Count - 10:N0} more" : "");

    [GeneratedRegex(@" x\d+(?=, |$|;)")]
    private static partial Regex Times();

    [GeneratedRegex(@",?MAINTAIN\*?")]
    private static partial Regex Maintain();
}
