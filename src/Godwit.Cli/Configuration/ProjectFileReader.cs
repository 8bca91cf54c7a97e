using System.Collections.Immutable;
using System.Globalization;
using Godwit.Plan;
using Godwit.Schema;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Godwit.Cli.Configuration;

/// <summary>
/// Reads godwit.yaml by its representation model (no reflection). Every problem is collected, with its line, before any is reported.
/// </summary>
internal sealed partial class ProjectFileReader
{
    private static readonly string[] Keys =
        ["source", "target", "schema", "jobs", "names", "json", "index-foreign-keys", "fts", "orm", "verify", "on-misfit", "report", "tables", "casts", "platform", "indexes"];

    private readonly List<string> _problems = [];

    public static ProjectFile Parse(string text, List<string> problems)
    {
        var reader = new ProjectFileReader();
        var file = reader.Read(text);
        problems.AddRange(reader._problems);
        return file;
    }

    private ProjectFile Read(string text)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            _problems.Add($"{ProjectFile.FileName} line {e.Start.Line}: not valid YAML: {e.InnerException?.Message ?? e.Message}");
            return new();
        }
        if (yaml.Documents.Count == 0) return new();
        if (yaml.Documents[0].RootNode is YamlScalarNode { Value: null or "" }) return new();
        if (yaml.Documents[0].RootNode is not YamlMappingNode root)
        {
            Add(yaml.Documents[0].RootNode, "keys and values are expected");
            return new();
        }
        var file = new ProjectFile();
        foreach (var (key, value) in Entries(root, Keys, ""))
            file = Apply(file, key, value);
        return file;
    }

    private ProjectFile Apply(ProjectFile file, string key, YamlNode value) => key switch
    {
        "source" => file with { Source = Text(value, key) },
        "target" => file with { Target = Text(value, key) },
        "schema" => file with { Schema = Text(value, key) },
        "report" => file with { Report = Text(value, key) },
        "jobs" => file with { Jobs = Jobs(value) },
        "names" => file with { Names = Choice(value, key, Words.Names) },
        "json" => file with { JsonAsText = Choice(value, key, Words.JsonAsText) },
        "verify" => file with { Verify = Choice(value, key, Words.Verify) },
        "orm" => file with { FollowOrm = Choice(value, key, Words.Orm) },
        "fts" => file with { FullTextSearch = Choice(value, key, Words.YesNo) },
        "index-foreign-keys" => file with { IndexForeignKeys = Choice(value, key, Words.YesNo) },
        "on-misfit" => Misfits(file, value),
        "tables" => Tables(file, value),
        "casts" => file with { Casts = Casts(value) },
        "platform" => file with { Platform = Platform(value) },
        _ => file with { Indexes = Indexes(value) },
    };

    private Located<int>? Jobs(YamlNode node)
    {
        if (Text(node, "jobs") is not { } text) return null;
        if (int.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var jobs) && jobs is > 0 and <= 256) return new(jobs, text.Line);
        Add(node, $"jobs: a number from 1 to 256 is expected, not '{text.Value}'");
        return null;
    }

    private ProjectFile Misfits(ProjectFile file, YamlNode node)
    {
        if (node is YamlScalarNode) return file with { Misfits = Choice(node, "on-misfit", Words.Misfits) };
        if (node is not YamlMappingNode map)
        {
            Add(node, "on-misfit: widen, quarantine or fail is expected, or a map of column pattern to policy");
            return file;
        }
        var rules = ImmutableArray.CreateBuilder<MisfitRule>();
        foreach (var (key, value) in Entries(map, null, "on-misfit."))
        {
            if (Choice(value, "on-misfit." + key, Words.Misfits) is not { } policy) continue;
            if (key == "default") file = file with { Misfits = policy };
            else rules.Add(new(key, policy.Value));
        }
        return file with { MisfitRules = new(rules.ToImmutable(), Line(node)) };
    }

    private ProjectFile Tables(ProjectFile file, YamlNode node)
    {
        if (node is not YamlMappingNode map)
        {
            Add(node, "tables: include: and exclude: are expected");
            return file;
        }
        foreach (var (key, value) in Entries(map, ["include", "exclude"], "tables."))
        {
            var patterns = new Located<ImmutableArray<string>>(List(value, "tables." + key), Line(value));
            file = key == "include" ? file with { Include = patterns } : file with { Exclude = patterns };
        }
        return file;
    }

    private Located<ImmutableArray<CastRule>>? Casts(YamlNode node)
    {
        if (node is not YamlMappingNode map)
        {
            Add(node, "casts: a map of column, declared type or pattern to a PostgreSQL type is expected");
            return null;
        }
        var casts = ImmutableArray.CreateBuilder<CastRule>();
        foreach (var (key, value) in Entries(map, null, "casts."))
            if (Text(value, "casts." + key) is { } type) casts.Add(new(key, type.Value));
        return new(casts.ToImmutable(), Line(node));
    }

    private Located<ImmutableArray<ExtraIndex>>? Indexes(YamlNode node)
    {
        if (node is not YamlSequenceNode list)
        {
            Add(node, "indexes: a list of table:, on: and optionally name:, unique: is expected");
            return null;
        }
        var indexes = ImmutableArray.CreateBuilder<ExtraIndex>();
        foreach (var item in list)
        {
            if (item is not YamlMappingNode map)
            {
                Add(item, "indexes: table: and on: are expected");
                continue;
            }
            string? table = null, on = null, name = null;
            var unique = false;
            foreach (var (key, value) in Entries(map, ["table", "on", "name", "unique"], "indexes."))
            {
                if (key == "unique") unique = Choice(value, "indexes.unique", Words.YesNo)?.Value ?? false;
                else if (key == "table") table = Text(value, "indexes.table")?.Value;
                else if (key == "on") on = Text(value, "indexes.on")?.Value;
                else name = Text(value, "indexes.name")?.Value;
            }
            if (table is null || on is null) Add(item, "indexes: table: and on: are both needed, such as on: (lower(email))");
            else indexes.Add(new(table, on.StartsWith('(') || on.StartsWith("USING", StringComparison.OrdinalIgnoreCase) ? on : $"({on})", name, unique));
        }
        return new(indexes.ToImmutable(), Line(node));
    }

    private IEnumerable<(string Key, YamlNode Value)> Entries(YamlMappingNode map, string[]? allowed, string path)
    {
        foreach (var (keyNode, value) in map.Children)
        {
            if (keyNode is not YamlScalarNode { Value: { Length: > 0 } key })
            {
                Add(keyNode, "a plain key is expected");
                continue;
            }
            if (allowed is not null && !allowed.Contains(key))
            {
                var meant = Nearest.To(key, allowed);
                Add(keyNode, $"unknown key '{path}{key}'" + (meant is null ? $"; known are {string.Join(", ", allowed)}" : $"; did you mean '{meant}'?"));
                continue;
            }
            yield return (key, value);
        }
    }

    private Located<string>? Text(YamlNode node, string key)
    {
        if (node is YamlScalarNode { Value: { Length: > 0 } value }) return new(value, Line(node));
        Add(node, $"{key}: one value is expected");
        return null;
    }

    private Located<T>? Choice<T>(YamlNode node, string key, ImmutableArray<(string Word, T Value)> choices)
    {
        if (Text(node, key) is not { } text) return null;
        foreach (var (word, value) in choices)
            if (string.Equals(word, text.Value, StringComparison.OrdinalIgnoreCase)) return new(value, text.Line);
        var meant = Nearest.To(text.Value, choices.Select(c => c.Word));
        Add(node, $"{key}: '{text.Value}' is not one of {Words.List(choices)}" + (meant is null ? "" : $"; did you mean '{meant}'?"));
        return null;
    }

    private ImmutableArray<string> List(YamlNode node, string key)
    {
        if (node is YamlScalarNode) return Text(node, key) is { } one ? [one.Value] : [];
        if (node is YamlSequenceNode list) return [.. list.Select(item => Text(item, key)?.Value).OfType<string>()];
        Add(node, $"{key}: a list of patterns is expected");
        return [];
    }

    private static int Line(YamlNode node) => (int)node.Start.Line;

    private void Add(YamlNode node, string problem) => _problems.Add($"{ProjectFile.FileName} line {Line(node)}: {problem}");
}
