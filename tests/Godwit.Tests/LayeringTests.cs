using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Xunit;

namespace Godwit.Tests;

/// <summary>
/// A stage reads what the stage before it wrote, and never reaches back. Layers are folders of src/Godwit; a file depends on a layer when it
/// says <c>using Godwit.Layer</c>, or names one of its types by Layer.Type.
/// </summary>
public sealed partial class LayeringTests
{
    private static readonly string[] UpToPlan = ["Wire", "Schema", "TypeMapping", "Source", "Journal", "Target", "Plan"];

    /// <summary>What each layer may see besides itself. Stages that stand side by side (Copy, PostData, Verify, Check) never see each other.</summary>
    private static readonly FrozenDictionary<string, string[]> MaySee = new Dictionary<string, string[]>
    {
        ["Wire"] = [],
        ["Schema"] = [],
        ["TypeMapping"] = UpToPlan[..2],
        ["Source"] = UpToPlan[..3],
        ["Engines"] = UpToPlan[..4],
        ["Journal"] = UpToPlan[..4],
        ["Target"] = UpToPlan[..5],
        ["Plan"] = UpToPlan[..6],
        ["Copy"] = UpToPlan,
        ["PostData"] = UpToPlan,
        ["Verify"] = UpToPlan,
        ["Check"] = UpToPlan,
        ["Supabase"] = UpToPlan,
        ["Follow"] = UpToPlan,
        ["Cutover"] = [.. UpToPlan, "Follow", "Verify"],
        ["Report"] = [.. UpToPlan, "Copy", "PostData", "Verify", "Check"],
    }.ToFrozenDictionary();

    /// <summary>Words of the whole program, in its root; everything else in the root stands above all layers.</summary>
    private static readonly string[] Vocabulary = ["Finding.cs", "GodwitException.cs", "MigrationOptions.cs", "MigrationEvent.cs", "SupabaseChoices.cs"];

    /// <summary>The words from above that a layer may say: the copy fills the lines of the closing table, and a report renders a finished run.</summary>
    private static readonly (string Layer, string Type)[] MaySay = [("Copy", "TableResult"), ("Report", "TableResult"), ("Report", "MigrationResult")];

    private const int MostLines = 400;

    private sealed record SourceFile(string Path, string Layer, string Code, string Namespace, IReadOnlyList<string> Types);

    [Fact]
    public void Every_layer_sees_only_those_before_it()
    {
        var files = Repository.Code("src/Godwit").Concat(Repository.Code("src/Godwit.Cli")).ToList();
        Assert.True(files.Count > 50, $"only {files.Count} files were seen");
        Assert.Empty(Violations(files));
    }

    [Fact]
    public void No_file_is_longer_than_a_person_reads()
    {
        var files = ((string[])["src", "samples", "bench", "tests"]).SelectMany(Repository.Code).ToList();
        Assert.True(files.Count > 60, $"only {files.Count} files were seen");
        Assert.Empty(files.Select(f => (f.Path, Lines: f.Text.Count(c => c == '\n'))).Where(f => f.Lines > MostLines).Select(f => $"{f.Path}: {f.Lines} lines"));
    }

    [Theory]
    [InlineData("src/Godwit/Schema/A.cs", "using Godwit.Plan; namespace Godwit.Schema;")]
    [InlineData("src/Godwit/Copy/A.cs", "using Godwit.Verify; namespace Godwit.Copy;")]
    [InlineData("src/Godwit/Journal/A.cs", "using Godwit.Target; namespace Godwit.Journal;")]
    [InlineData("src/Godwit/Plan/A.cs", "using Rows = Godwit.Copy.Loader; namespace Godwit.Plan;")]
    [InlineData("src/Godwit/Plan/A.cs", "using static Godwit.Engines.Sqlite.Sql.Expr; namespace Godwit.Plan;")]
    [InlineData("src/Godwit/Plan/A.cs", "namespace Godwit.Plan; class A { Godwit.Copy.Loader? _x; }")]
    [InlineData("src/Godwit/Plan/A.cs", "namespace Godwit.Plan; class A { Copy.Loader? _x; }")]
    [InlineData("src/Godwit/Plan/A.cs", "namespace Godwit.Plan; class A { Migration? _x; }")]
    [InlineData("src/Godwit/Copy/A.cs", "namespace Godwit.Copy; class A { MigrationResult? _x; }")]
    [InlineData("src/Godwit/Plan/A.cs", "namespace Godwit; class A;")]
    [InlineData("src/Godwit/A.cs", "namespace Godwit.Plan; class A;")]
    [InlineData("src/Godwit/Engines/Sqlite/A.cs", "using Godwit.Target; namespace Godwit.Engines.Sqlite;")]
    [InlineData("src/Godwit/A.cs", "using Godwit.Engines.Sqlite; namespace Godwit;")]
    [InlineData("src/Godwit.Cli/A.cs", "using Godwit.Engines.Sqlite; namespace Godwit.Cli;")]
    [InlineData("src/Godwit/Newcomer/A.cs", "namespace Godwit.Newcomer;")]
    public void Reaching_back_is_seen(string path, string text) => Assert.Single(Violations([(path, text), .. Known]));

    [Theory]
    [InlineData("src/Godwit/Copy/A.cs", "using Godwit.Plan; namespace Godwit.Copy; class A { MigrationOptions? _o; Finding? _f; }")]
    [InlineData("src/Godwit/Plan/A.cs", "// as Copy.Loader does\nnamespace Godwit.Plan; class A { string _x = \"Copy.Loader\"; }")]
    [InlineData("src/Godwit/Report/A.cs", "using Godwit.Verify; namespace Godwit.Report; class A { MigrationResult? _r; }")]
    [InlineData("src/Godwit/EngineRegistry.cs", "using Godwit.Engines.Sqlite; namespace Godwit; class EngineRegistry;")]
    [InlineData("src/Godwit/Session.cs", "using Godwit.Copy; using Godwit.Report; namespace Godwit;")]
    [InlineData("src/Godwit/Copy/A.cs", "namespace Godwit.Copy; class A { int F(Some plan) => plan.Copy.Rows; }")]
    public void Reading_what_came_before_is_allowed(string path, string text) => Assert.Empty(Violations([(path, text), .. Known]));

    private static readonly (string, string)[] Known =
    [
        ("src/Godwit/Copy/Loader.cs", "namespace Godwit.Copy;\npublic sealed class Loader;"),
        ("src/Godwit/Migration.cs", "namespace Godwit;\npublic sealed class Migration;"),
        ("src/Godwit/MigrationResult.cs", "namespace Godwit;\npublic sealed record MigrationResult;"),
    ];

    private static List<string> Violations(IEnumerable<(string Path, string Text)> texts)
    {
        var files = texts.Select(t => Read(t.Path, t.Text)).ToList();
        var typesOf = files.GroupBy(f => f.Layer).ToDictionary(g => g.Key, g => g.SelectMany(f => f.Types).ToHashSet());
        var above = files.Where(f => f.Layer.Length == 0 && !Vocabulary.Contains(System.IO.Path.GetFileName(f.Path))).ToList();
        return files.SelectMany(f => Violations(f, typesOf, above)).Distinct().ToList();
    }

    private static IEnumerable<string> Violations(SourceFile file, Dictionary<string, HashSet<string>> typesOf, List<SourceFile> above)
    {
        if (file.Layer is "Cli")
        {
            if (Seen(file, typesOf).Contains("Engines")) yield return $"{file.Path} sees Engines";
            yield break;
        }
        var expected = "Godwit" + string.Concat(file.Path.Split('/')[2..^1].Select(p => "." + p));
        if (file.Namespace.Length > 0 && file.Namespace != expected) yield return $"{file.Path} has namespace {file.Namespace} instead of {expected}";
        if (file.Layer.Length == 0)
        {
            if (Seen(file, typesOf).Contains("Engines") && !file.Path.EndsWith("/EngineRegistry.cs", StringComparison.Ordinal)) yield return $"{file.Path} sees Engines";
            yield break;
        }
        if (!MaySee.TryGetValue(file.Layer, out var allowed))
        {
            yield return $"{file.Path}: the layer {file.Layer} is not in the order; say where it stands";
            yield break;
        }
        foreach (var layer in Seen(file, typesOf))
            if (layer != file.Layer && !allowed.Contains(layer)) yield return $"{file.Path} sees {layer}";
        foreach (var root in above)
            foreach (var type in root.Types)
                if (Regex.IsMatch(file.Code, $@"(?<![.\w]){type}\b") && !typesOf[file.Layer].Contains(type) && !MaySay.Contains((file.Layer, type)))
                    yield return $"{file.Path} sees {type} of {root.Path}";
    }

    private static HashSet<string> Seen(SourceFile file, Dictionary<string, HashSet<string>> typesOf)
    {
        var seen = FullName().Matches(file.Code).Select(m => m.Groups[1].Value).Where(n => MaySee.ContainsKey(n)).ToHashSet();
        foreach (Match match in ShortName().Matches(file.Code))
            if (typesOf.TryGetValue(match.Groups[1].Value, out var types) && types.Contains(match.Groups[2].Value)) seen.Add(match.Groups[1].Value);
        return seen;
    }

    private static SourceFile Read(string path, string text)
    {
        var parts = path.Split('/');
        var code = NotCode().Replace(text, " ");
        var layer = parts[1] != "Godwit" ? "Cli" : parts.Length > 3 ? parts[2] : "";
        return new(path, layer, NamespaceLine().Replace(code, ""), NamespaceLine().Match(code) is { Success: true } ns ? ns.Groups[1].Value : "",
            TypeDeclaration().Matches(code).Select(m => m.Groups[1].Value).ToList());
    }

    [GeneratedRegex(""""
        """[\s\S]*?"""|@"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*[\s\S]*?\*/
        """")]
    private static partial Regex NotCode();

    [GeneratedRegex(@"\bnamespace\s+([\w.]+)\s*;")]
    private static partial Regex NamespaceLine();

    // Types of the namespace, which stand at the margin; a nested type is named through the one around it.
    [GeneratedRegex(@"^(?:[a-z]+ )*(?:class|record struct|record|struct|interface|enum) ([A-Z]\w*)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\bGodwit\.([A-Z]\w*)")]
    private static partial Regex FullName();

    [GeneratedRegex(@"(?<![.\w])([A-Z]\w*)\.([A-Z]\w*)")]
    private static partial Regex ShortName();
}
