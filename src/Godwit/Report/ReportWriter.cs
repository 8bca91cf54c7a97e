using System.Text.Encodings.Web;
using System.Text.Json;

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
        var json = Path.Combine(directory, "report.json");
        var html = Path.Combine(directory, "report.html");
        try
        {
            Directory.CreateDirectory(directory);
            await File.WriteAllTextAsync(json, ToJson(result) + "\n", ct);
            await File.WriteAllTextAsync(html, ToHtml(result), ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Usage, "report-not-written", $"The report could not be written to {directory}: {e.Message}", "Name a directory that can be written to.", e);
        }
        return (json, html);
    }
}
