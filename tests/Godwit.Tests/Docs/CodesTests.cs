using System.Text.RegularExpressions;
using Xunit;

namespace Godwit.Tests.Docs;

/// <summary>Codes of findings and errors are promises: each one in the code is documented, and each documented one exists.</summary>
public sealed partial class CodesTests
{
    [Fact]
    public void Findings_are_those_of_the_documentation() => AssertSame("docs/reference/findings.md", Codes(FindingCode()));

    [Fact]
    public void Errors_are_those_of_the_documentation() => AssertSame("docs/reference/errors.md", Codes(ErrorCode()));

    [Theory]
    [InlineData("new Finding(\"name-changed\", Severity.Warning, x)", "name-changed")]
    [InlineData("context.Find(\"step-refused\", Severity.Warning, x)", "step-refused")]
    [InlineData("new(\"a-b\", ok ? Severity.Info : Severity.Block, x)", "a-b")]
    [InlineData("Add(found ? \"blob-values\" : \"widened\", Severity.Warning)", "blob-values", "widened")]
    [InlineData("new Odd(ValueFact.Blob, \"blob-values\", \"are blobs\")", "blob-values")]
    [InlineData("new(\"target-tls\", Readiness.Pass, x)", "target-tls")]
    public void A_finding_is_seen_however_it_is_made(string code, params string[] expected) => Assert.Equal(expected, Found(FindingCode(), code));

    [Theory]
    [InlineData("new GodwitException(ErrorKind.Usage, \"usage\", x)", "usage")]
    [InlineData("new(ErrorKind.Internal,\n    \"internal\", x)", "internal")]
    [InlineData("=> Fatal(\"target-refused\", x)", "target-refused")]
    [InlineData("ConfirmAsync($\"drops {x}\",\n  \"replace-unconfirmed\", ct)", "replace-unconfirmed")]
    public void An_error_is_seen_however_it_is_made(string code, string expected) => Assert.Equal([expected], Found(ErrorCode(), code));

    [Fact]
    public void Compat_functions_are_those_of_the_documentation()
    {
        var files = Directory.GetFiles(Repository.Path("src/Godwit/Engines/Sqlite/Sql/compat"), "*.sql").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal);
        Assert.Equal(files, DocumentedFunction().Matches(File.ReadAllText(Repository.Path("docs/reference/compat-functions.md"))).Select(m => m.Groups[1].Value));
    }

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex DocumentedFunction();

    private static SortedSet<string> Codes(Regex pattern) => [.. Repository.Code("src").SelectMany(f => Found(pattern, f.Text))];

    private static IEnumerable<string> Found(Regex pattern, string code) =>
        pattern.Matches(code).SelectMany(m => m.Groups["code"].Captures).Select(c => c.Value);

    private static void AssertSame(string page, SortedSet<string> inCode)
    {
        var documented = DocumentedCode().Matches(File.ReadAllText(Repository.Path(page))).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(documented.Count, documented.Distinct().Count());
        Assert.True(inCode.Count > 10, $"only {inCode.Count} codes were seen");
        var missing = inCode.Except(documented).ToList();
        var stale = documented.Except(inCode).ToList();
        Assert.True(missing.Count + stale.Count == 0, $"{page}: not documented: {string.Join(", ", missing)}; no longer in the code: {string.Join(", ", stale)}");
    }

    // "code", Severity.X or "a" : "b", Severity.X; a table of facts with a code each; an item of the readiness check.
    [GeneratedRegex("""(?:"(?<code>[a-z][a-z0-9-]*)"\s*:\s*)?"(?<code>[a-z][a-z0-9-]*)"\s*,[^,";]*\b(?:Severity|Readiness)\.|\bValueFact\.\w+\s*,\s*"(?<code>[a-z][a-z0-9-]*)"|\bnew\((?:\w+ \? )?ValueFact\.\w+(?: : ValueFact\.\w+)?,\s*"(?<code>[a-z][a-z0-9-]*)"\s*,""")]
    private static partial Regex FindingCode();

    [GeneratedRegex("""(?:\bErrorKind\.\w+\s*,|\bFatal\(|\bTransient\()\s*"(?<code>[a-z][a-z0-9-]*)"|\bConfirmAsync\([^;]*?"(?<code>[a-z][a-z0-9-]*)"\s*,\s*ct\)""")]
    private static partial Regex ErrorCode();

    [GeneratedRegex(@"^\| `([a-z0-9-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex DocumentedCode();
}
