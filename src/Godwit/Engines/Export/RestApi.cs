using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Godwit.Engines.Export;

/// <summary>A project's data API (PostgREST), asked with its service key: pages of a table, repeated where the server asks for patience.</summary>
internal sealed class RestApi(HttpClient http, Uri project, string key, TimeProvider clock)
{
    private const int Tries = 6;

    /// <summary>Follows no redirect: the key would go along, wherever it leads.</summary>
    public static HttpClient Client() => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromMinutes(5) };

    /// <summary>The key goes into headers and nowhere else.</summary>
    public const string KeyVariable = "SUPABASE_SERVICE_ROLE_KEY";

    /// <exception cref="GodwitException">api-key-missing, api-key-role: a key under which row security would hide rows, without an error.</exception>
    public static RestApi Open(HttpClient http, Uri project, string? key, TimeProvider clock)
    {
        if (string.IsNullOrWhiteSpace(key))
            throw new GodwitException(ErrorKind.Usage, "api-key-missing", "The data API shows every row to the project's service key alone.", $"Set {KeyVariable}, in the environment or in .env; it never goes on the command line.");
        if (RoleOf(key) is { } role && role != "service_role")
            throw new GodwitException(ErrorKind.Blocked, "api-key-role", $"The key in {KeyVariable} is of role {role}: row-level security hides rows from it, and what it sees would look like the whole.", "Take the service_role key, or a secret key (sb_secret_...), from the project's settings.");
        return new(http, project, key, clock);
    }

    /// <summary>The role that a key is of; null where it does not say.</summary>
    internal static string? RoleOf(string key)
    {
        if (key.StartsWith("sb_publishable_", StringComparison.Ordinal)) return "anon";
        if (key.StartsWith("sb_secret_", StringComparison.Ordinal)) return "service_role";
        if (key.Split('.') is not [_, var payload, _]) return null;
        try
        {
            var text = payload.Replace('-', '+').Replace('_', '/');
            using var json = JsonDocument.Parse(Convert.FromBase64String(text.PadRight(text.Length + (4 - text.Length % 4) % 4, '=')));
            return json.RootElement.TryGetProperty("role", out var role) ? role.GetString() : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Rows of a table, each value as PostgreSQL prints it or null, in the order of <paramref name="columns"/>.</summary>
    public async Task<List<string?[]>> PageAsync(ExportTable table, IReadOnlyList<ExportColumn> columns, IReadOnlyList<ExportColumn> order, string filter, int rows, long skip, CancellationToken ct)
    {
        var query = new StringBuilder(PathOf(table)).Append("?select=").AppendJoin(',', columns.Select((c, i) => Uri.EscapeDataString($"c{i}:{Quote(c.Name)}::text")))
            .Append("&order=").AppendJoin(',', order.Select(c => Uri.EscapeDataString(Quote(c.Name) + ".asc.nullsfirst"))).Append(CultureInfo.InvariantCulture, $"&limit={rows}");
        if (filter.Length > 0) query.Append('&').Append(filter);
        if (skip > 0) query.Append(CultureInfo.InvariantCulture, $"&offset={skip}");
        using var response = await SendAsync(HttpMethod.Get, query.ToString(), table, ct);
        await using var body = await response.Content.ReadAsStreamAsync(ct);
        try
        {
            using var json = await JsonDocument.ParseAsync(body, cancellationToken: ct);
            return [.. json.RootElement.EnumerateArray().Select(row => columns.Select((_, i) => row.GetProperty($"c{i}").GetString()).ToArray())];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or HttpIOException)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "api-answer", $"What {project.Host} answers for {table} is no page of rows: {e.GetType().Name}.", "Is the URL the project's own (https://REF.supabase.co)?", e);
        }
    }

    public async Task<long> CountAsync(ExportTable table, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Head, PathOf(table) + "?select=*&limit=1", table, ct, "count=exact");
        // "0-0/25": without the unit that HTTP asks for, so that it is no valid header to .NET.
        return response.Content.Headers.NonValidated.TryGetValues("Content-Range", out var ranges) && long.TryParse(ranges.ToString().AsSpan()[(ranges.ToString().LastIndexOf('/') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count
            : throw new GodwitException(ErrorKind.SourceFatal, "api-answer", $"{project.Host} does not say how many rows {table} has.", "Is the URL the project's own (https://REF.supabase.co)?");
    }

    /// <summary>Rows behind this one, in the order of a key: a &gt; x, or a = x and b &gt; y, and so on.</summary>
    public static string After(IReadOnlyList<ExportColumn> keys, IReadOnlyList<string> last)
    {
        string Term(int i, string compare) => $"{Quote(keys[i].Name)}.{compare}.{Quote(last[i])}";
        if (keys.Count == 1) return "or=" + Uri.EscapeDataString($"({Term(0, "gt")})");
        var terms = keys.Select((_, i) => i == 0 ? Term(0, "gt") : $"and({string.Join(',', Enumerable.Range(0, i).Select(j => Term(j, "eq")))},{Term(i, "gt")})");
        return "or=" + Uri.EscapeDataString($"({string.Join(',', terms)})");
    }

    private static string Quote(string name) => "\"" + name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    private static string PathOf(ExportTable table) => Uri.EscapeDataString(table.Name.Name);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string query, ExportTable table, CancellationToken ct, string? prefer = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, new Uri(new Uri(project, project.AbsolutePath.Contains("/rest/v1", StringComparison.Ordinal) ? project.AbsolutePath.TrimEnd('/') + "/" : "/rest/v1/"), query));
            request.Headers.Add("apikey", key);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            request.Headers.Add("Accept-Profile", table.Name.Schema);
            if (prefer is not null) request.Headers.Add("Prefer", prefer);
            HttpResponseMessage? response = null;
            string why;
            try
            {
                response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, ct);
                if (response.IsSuccessStatusCode) return response;
                if (response.StatusCode is not (HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError) || attempt >= Tries) throw await RefusedAsync(response, table, ct);
                why = $"it answers {(int)response.StatusCode}";
            }
            catch (Exception e) when (e is HttpRequestException || e is OperationCanceledException && !ct.IsCancellationRequested)
            {
                why = e.Message;
                if (attempt >= Tries) throw new GodwitException(ErrorKind.SourceTransient, "api-unreachable", $"{project.Host} is not reached: {why}", "Run the same command again: what was read is kept.", e);
            }
            var wait = response?.Headers.RetryAfter?.Delta ?? TimeSpan.FromMilliseconds(250 << attempt);
            response?.Dispose();
            await Task.Delay(wait < TimeSpan.FromMinutes(2) ? wait : TimeSpan.FromMinutes(2), clock, ct);
        }
    }

    private async Task<GodwitException> RefusedAsync(HttpResponseMessage response, ExportTable table, CancellationToken ct)
    {
        var code = "";
        try
        {
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync(ct));
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("code", out var named)) code = named.ToString();
        }
        catch (JsonException)
        {
            // A proxy's page: the status says enough.
        }
        var status = $"{(int)response.StatusCode}{(code.Length > 0 ? " " + code : "")}";
        return (response.StatusCode, code) switch
        {
            (HttpStatusCode.Unauthorized, _) => new(ErrorKind.SourceFatal, "api-key-refused", $"{project.Host} does not accept the key ({status}).", $"Set {KeyVariable} to the service key of this project; keys are rotated and revoked."),
            (_, "PGRST106") => new(ErrorKind.SourceFatal, "api-schema-not-exposed", $"The data API does not show schema {table.Name.Schema} ({status}).", "Add it under the project's API settings (Exposed schemas), or leave it out of ?schemas=."),
            (HttpStatusCode.Forbidden, _) => new(ErrorKind.SourceFatal, "api-table-refused", $"The key's role may not read {table} ({status}).", $"GRANT SELECT ON {table.Name} TO service_role; in the project's SQL editor."),
            (HttpStatusCode.NotFound, _) => new(ErrorKind.SourceFatal, "api-table-missing", $"The data API knows no table {table} ({status}).", "Is the schema file this project's? After a change: NOTIFY pgrst, 'reload schema'."),
            (HttpStatusCode.TooManyRequests, _) => new(ErrorKind.SourceTransient, "api-rate-limited", $"{project.Host} goes on refusing for its limits ({status}).", "Run the same command again later: what was read is kept."),
            ( >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest, _) => new(ErrorKind.SourceFatal, "api-redirected", $"{project.Host} sends elsewhere{(response.Headers.Location is { IsAbsoluteUri: true } to ? $", to {to.Host}" : "")} ({status}); the key is not sent there.", "Name the URL that answers itself: the project's own, https://REF.supabase.co."),
            _ => new(ErrorKind.SourceFatal, "api-refused", $"{project.Host} refuses to show {table} ({status}).", "42703: the schema file names a column that the project lacks. 57014: the page took too long; ?rows=100 asks for smaller ones."),
        };
    }
}
