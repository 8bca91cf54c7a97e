using System.Text.Encodings.Web;
using System.Text.Json;
using Godwit.Verify;

namespace Godwit.Report;

/// <summary>Writes how a run ended: report.json for programs, report.html for people. Neither holds a password; values of secret-looking columns are masked.</summary>
public static class ReportWriter
{
    private static readonly JsonSerializerOptions Options = new(ReportJsonContext.Default.Options)
    {
        // Names and values in other scripts stay readable; the text is never put into HTML as it is.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string ToJson(MigrationResult result) =>
        JsonSerializer.Serialize(ReportDocument.Of(result), Options.GetTypeInfo(typeof(ReportDocument)));

    /// <summary>One self-contained page: no script, nothing loaded from elsewhere.</summary>
    public static string ToHtml(MigrationResult result) => new HtmlReport(result).Write();

    /// <summary>Makes the directory where needed, replaces older reports in it, and returns both paths.</summary>
    public static async Task<(string Json, string Html)> WriteAsync(MigrationResult result, string directory, CancellationToken ct)
    {
        return await WriteAsync(directory, "report", ToJson(result), ToHtml(result), ct);
    }

    /// <summary>A verification by itself, as verification.json and verification.html. <paramref name="source"/>, <paramref name="target"/>: without passwords.</summary>
    public static async Task<(string Json, string Html)> WriteAsync(VerifyReport report, string source, string target, DateTimeOffset finished, string directory, CancellationToken ct)
    {
        var document = new ComparisonDocument(source, target, finished, report.Verdict, ReportVerification.Of(report));
        return await WriteAsync(directory, "verification", JsonSerializer.Serialize(document, Options.GetTypeInfo(typeof(ComparisonDocument))), new HtmlComparison(document, report).Write(), ct);
    }

    private static async Task<(string Json, string Html)> WriteAsync(string directory, string name, string jsonText, string htmlText, CancellationToken ct)
    {
        var json = Path.Combine(directory, name + ".json");
        var html = Path.Combine(directory, name + ".html");
        try
        {
            Directory.CreateDirectory(directory);
            await File.WriteAllTextAsync(json, jsonText + "\n", ct);
            await File.WriteAllTextAsync(html, htmlText, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Usage, "report-not-written", $"The report could not be written to {directory}: {e.Message}", "Name a directory that can be written to.", e);
        }
        return (json, html);
    }
}
