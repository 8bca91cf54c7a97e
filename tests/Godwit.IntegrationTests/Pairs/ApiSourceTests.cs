using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Godwit.Verify;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>A project's data API as a source, against a server that answers as PostgREST does, out of a real database.</summary>
public sealed partial class ApiSourceTests(PostgresFixture postgres) : IDisposable
{
    private const string Schema = """
        CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL, note text, tags text[], data jsonb, at timestamptz, paid numeric, raw bytea);
        CREATE TABLE pairs (a text, b int, v text, PRIMARY KEY (a, b)); CREATE TABLE keyless (n int, t text); CREATE SCHEMA private; CREATE TABLE private.kept (id int PRIMARY KEY);
        """;

    private const string Rows = """
        INSERT INTO people SELECT i, CASE WHEN i = 3 THEN '' ELSE E'na,"me' || i || E'\n' END, CASE WHEN i % 2 = 0 THEN 'null' END, ARRAY['a,b', i::text, NULL], CASE WHEN i = 4 THEN 'null' ELSE jsonb_build_object('i', i) END, timestamptz '2024-01-01Z' + i * interval '1 microsecond',
          12345678901234567890.000000001 * i, '\x00ff' FROM generate_series(1, 25) i;
        INSERT INTO pairs SELECT CASE WHEN i % 3 = 0 THEN 'x"y\,(' ELSE 'k' END, i, 'v' FROM generate_series(1, 25) i; INSERT INTO keyless SELECT i / 2, NULLIF('t', 't') FROM generate_series(1, 12) i; INSERT INTO private.kept VALUES (1);
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-test-api-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Key(string role) => $"x.{Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"role":"{{role}}"}""")).TrimEnd('=')}.y";

    private string Source(Server server, string more = "") => $"supabase-api:{server.Url}?schema={Path.Combine(_folder.FullName, "schema.sql")}&folder={Path.Combine(_folder.FullName, "rows")}&rows=10{more}";

    private static Func<string, string?> With(string? key) => name => name == "SUPABASE_SERVICE_ROLE_KEY" ? key : name == "GODWIT_PG_BIN" ? null : Environment.GetEnvironmentVariable(name);

    private async Task<MigrationResult> MigrateAsync(TestDatabase target, string source, string? key)
    {
        await using var opened = await EngineRegistry.OpenAsync(source, With(key), Pair.Token);
        await using var there = await target.OpenTargetAsync();
        return await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(opened, there, new MigrationOptions { Jobs = 2 }, null, new Progress<MigrationEvent>(), Pair.Token);
    }

    [Fact]
    public async Task Every_row_arrives_page_by_page_and_a_killed_run_goes_on()
    {
        await using var project = await postgres.CreateDatabaseAsync();
        await project.ExecuteAsync(Schema + Rows);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), Schema, Pair.Token);
        await using var server = new Server(project, Key("service_role"));
        await using var target = await postgres.CreateDatabaseAsync();
        // The third page of a table is refused for good: what was read before is kept.
        server.Refuse = (path, asked) => path.StartsWith("people", StringComparison.Ordinal) && asked == 3 ? (400, """{"code":"57014"}""", null) : null;
        Assert.Equal("api-refused", (await Assert.ThrowsAsync<GodwitException>(() => MigrateAsync(target, Source(server), Key("service_role")))).Code);
        var before = server.Asked.Count(a => a.StartsWith("people", StringComparison.Ordinal));
        // Twice it asks for patience, once without saying how much.
        server.Refuse = (path, asked) => !path.StartsWith("people", StringComparison.Ordinal) ? null : asked == 1 ? (429, "", "0") : asked == 2 ? (503, "<html>", null) : null;
        server.Forget();
        var result = await MigrateAsync(target, Source(server), Key("service_role"));
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        foreach (var table in (string[])["people", "pairs", "keyless"])
        {
            var rows = $"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM public.{table} t";
            Assert.Equal(await project.QueryAsync(rows), await target.QueryAsync(rows));
        }
        // Two pages were there: the third was refused twice and answered, the next is empty; then the count.
        Assert.Equal(3, before);
        Assert.Equal(5, server.Asked.Count(a => a.StartsWith("people", StringComparison.Ordinal)));
        Assert.Contains(result.Findings, f => f is { Code: "api-without-key", Subject: "public.keyless" });
        Assert.Contains("private.kept", result.Findings.Single(f => f.Code == "api-schema-left").Problem, StringComparison.Ordinal);
        // The same download is what verification reads.
        server.Forget();
        await using var again = await EngineRegistry.OpenAsync(Source(server), With(Key("service_role")), Pair.Token);
        Assert.Empty(server.Asked);
        Assert.Contains(again.Info.Findings, f => f.Code == "api-download-kept");
        Assert.DoesNotContain("x.", again.Info.Display, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_of_every_type_arrives()
    {
        await using var project = await postgres.CreateDatabaseAsync();
        await project.ExecuteAsync(EveryTypeTests.Schema + EveryTypeTests.Rows);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), EveryTypeTests.Schema, Pair.Token);
        await using var server = new Server(project, Key("service_role"));
        await using var target = await postgres.CreateDatabaseAsync();
        Assert.Equal(Verdict.Equal, (await MigrateAsync(target, Source(server), Key("service_role"))).Verification!.Verdict);
        Assert.Equal(await EveryTypeTests.PrintedAsync(project), await EveryTypeTests.PrintedAsync(target));
    }

    [Theory]
    [InlineData(null, "api-key-missing")]
    [InlineData("anon", "api-key-role")]
    [InlineData("authenticated", "api-key-role")]
    public async Task A_key_of_another_role_is_refused_before_anything_is_asked(string? role, string code)
    {
        await using var project = await postgres.CreateDatabaseAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), Schema, Pair.Token);
        await using var server = new Server(project, "other");
        var error = await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync(Source(server), With(role is null ? null : Key(role)), Pair.Token));
        Assert.Equal(code, error.Code);
        Assert.Empty(server.Asked);
    }

    [Theory]
    [InlineData(401, "{}", "api-key-refused")]
    [InlineData(403, """{"code":"42501"}""", "api-table-refused")]
    [InlineData(404, """{"code":"PGRST205"}""", "api-table-missing")]
    [InlineData(406, """{"code":"PGRST106"}""", "api-schema-not-exposed")]
    [InlineData(400, """{"code":"42703"}""", "api-refused")]
    [InlineData(200, "<html>", "api-answer")]
    [InlineData(307, "", "api-redirected")]
    public async Task What_the_api_refuses_is_named(int status, string body, string code)
    {
        await using var project = await postgres.CreateDatabaseAsync();
        await project.ExecuteAsync(Schema);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), Schema, Pair.Token);
        await using var server = new Server(project, Key("service_role")) { Refuse = (_, _) => (status, body, null) };
        Assert.Equal(code, (await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync(Source(server), With(Key("service_role")), Pair.Token))).Code);
    }

    [Theory]
    [InlineData("http://project.example?schema=s.sql", "api-url-plain")]
    [InlineData("ftp://localhost?schema=s.sql", "api-url-invalid")]
    public async Task A_key_never_goes_where_others_read_it(string project, string code) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync("supabase-api:" + project, With(Key("service_role")), Pair.Token))).Code);

    [Fact]
    public async Task A_key_does_not_follow_a_redirect()
    {
        await using var project = await postgres.CreateDatabaseAsync();
        await project.ExecuteAsync(Schema);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), Schema, Pair.Token);
        await using var elsewhere = new Server(project, Key("service_role"));
        await using var server = new Server(project, Key("service_role")) { Refuse = (_, _) => (307, "", elsewhere.Url + "/rest/v1/people") };
        var error = await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync(Source(server), With(Key("service_role")), Pair.Token));
        Assert.Equal("api-redirected", error.Code);
        Assert.Single(server.Asked);
        Assert.Empty(elsewhere.Asked);
    }

    [Fact]
    public async Task A_page_that_breaks_off_is_asked_for_again()
    {
        await using var project = await postgres.CreateDatabaseAsync();
        await project.ExecuteAsync(Schema + Rows);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), Schema, Pair.Token);
        await using var server = new Server(project, Key("service_role")) { BreaksOff = (path, asked) => path == "people" && asked == 2 };
        await using var target = await postgres.CreateDatabaseAsync();
        Assert.Equal(Verdict.Equal, (await MigrateAsync(target, Source(server), Key("service_role"))).Verification!.Verdict);
        // Three pages and the empty one, one of them twice; and the count.
        Assert.Equal(6, server.Asked.Count(a => a == "people"));
    }

    [Fact]
    public async Task Rows_that_an_api_cuts_off_without_a_word_are_missed_by_its_own_count()
    {
        await using var project = await postgres.CreateDatabaseAsync();
        await project.ExecuteAsync(Schema + Rows);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), Schema, Pair.Token);
        await using var server = new Server(project, Key("service_role")) { Refuse = (path, asked) => path.StartsWith("keyless", StringComparison.Ordinal) && asked == 2 ? (200, "[]", null) : null };
        Assert.Equal("api-rows-differ", (await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync(Source(server), With(Key("service_role")), Pair.Token))).Code);
    }

    /// <summary>As much of PostgREST as is asked for: select with casts and aliases, order, limit, offset, or=() on keys, counts, profiles, errors.</summary>
    private sealed partial class Server : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly TestDatabase _database;
        private readonly string _key;
        private readonly ConcurrentDictionary<string, int> _counts = new();
        private readonly Task _loop;

        public Server(TestDatabase database, string key)
        {
            (_database, _key) = (database, key);
            // A port that is free now; nobody else asks for it within the moment.
            using (var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Url = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
            }
            _listener.Prefixes.Add(Url + "/");
            _listener.Start();
            _loop = LoopAsync();
        }

        public string Url { get; }
        public ConcurrentQueue<string> Asked { get; } = new();
        public Func<string, int, (int Status, string Body, string? Header)?>? Refuse { get; set; }
        public Func<string, int, bool>? BreaksOff { get; init; }

        public void Forget()
        {
            Asked.Clear();
            _counts.Clear();
        }

        private async Task LoopAsync()
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
                await AnswerAsync(context);
            }
        }

        private async Task AnswerAsync(HttpListenerContext context)
        {
            var (request, response) = (context.Request, context.Response);
            var table = Uri.UnescapeDataString(request.Url!.AbsolutePath.Replace("/rest/v1/", "", StringComparison.Ordinal));
            Asked.Enqueue(table);
            var asked = _counts.AddOrUpdate(table, 1, (_, n) => n + 1);
            var (status, body) = (200, "");
            if (Refuse?.Invoke(table, asked) is { } refusal)
            {
                (status, body) = (refusal.Status, refusal.Body);
                if (refusal.Header is { } value) response.Headers[status == 307 ? "Location" : "Retry-After"] = value;
            }
            else if (request.Headers["apikey"] != _key || request.Headers["Authorization"] != "Bearer " + _key) (status, body) = (401, """{"message":"Invalid API key"}""");
            else
            {
                var parts = request.Url.Query.TrimStart('?').Split('&').Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => Uri.UnescapeDataString(p[1]));
                var from = $"\"{request.Headers["Accept-Profile"]}\".\"{table}\"";
                var where = parts.TryGetValue("or", out var or) ? " WHERE " + Condition(or) : "";
                if (request.Headers["Prefer"] == "count=exact") response.Headers["Content-Range"] = $"0-0/{(await _database.QueryAsync($"SELECT count(*) FROM {from}"))[0]}";
                if (request.HttpMethod == "GET")
                {
                    var columns = Selected().Matches(parts["select"]).Select(m => $"\"{m.Groups["name"].Value}\"::text AS {m.Groups["alias"].Value}");
                    var order = string.Join(", ", Ordered().Matches(parts["order"]).Select(m => $"\"{m.Groups[1].Value}\" ASC NULLS FIRST"));
                    body = (await _database.QueryAsync($"SELECT coalesce(json_agg(x), '[]')::text FROM (SELECT {string.Join(", ", columns)} FROM {from}{where} ORDER BY {order} LIMIT {parts["limit"]} OFFSET {parts.GetValueOrDefault("offset", "0")}) x"))[0]!;
                }
            }
            response.StatusCode = status;
            if (BreaksOff?.Invoke(table, asked) == true)
            {
                response.ContentLength64 = body.Length;
                await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body).AsMemory(0, body.Length / 2));
                response.Abort();
                return;
            }
            if (request.HttpMethod == "GET") await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            response.Close();
        }

        // ("a".gt."x",and("a".eq."x","b".gt."1")) is (a > 'x' OR (a = 'x' AND b > '1')).
        private static string Condition(string or) => Word().Replace(or, m => m.Value switch
        {
            "," => " ; ",
            "and(" => "AND(",
            _ when m.Groups["compare"].Success => $"\"{m.Groups["name"].Value}\" {(m.Groups["compare"].Value == "gt" ? ">" : "=")} '{m.Groups["value"].Value.Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'",
            var other => other,
        }) is var text ? Grouped(text) : "";

        // Within AND( ), separators mean AND; outside, OR.
        private static string Grouped(string text) => And().Replace(text, m => "(" + m.Groups[1].Value.Replace(" ; ", " AND ", StringComparison.Ordinal) + ")").Replace(" ; ", " OR ", StringComparison.Ordinal);

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _loop;
            _listener.Close();
        }

        [GeneratedRegex("""(?<alias>c\d+):"(?<name>[^"]+)"::text""")]
        private static partial Regex Selected();

        [GeneratedRegex("\"([^\"]+)\"\\.asc\\.nullsfirst")]
        private static partial Regex Ordered();

        [GeneratedRegex("""("(?<name>[^"]+)"\.(?<compare>gt|eq)\."(?<value>(?:[^"\\]|\\.)*)")|and\(|,|[()]""")]
        private static partial Regex Word();

        [GeneratedRegex("""AND\(((?:'(?:[^']|'')*'|[^()'])*)\)""")]
        private static partial Regex And();
    }
}
