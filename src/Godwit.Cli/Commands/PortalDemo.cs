using Godwit.Cli.Terminal;
using Godwit.Journal;
using Godwit.Samples.ClientPortal;
using Godwit.Target;
using Npgsql;
using Spectre.Console;

namespace Godwit.Cli.Commands;

/// <summary>
/// demo --from supabase: builds a client portal in the shape of a hosted project on one private server and moves it to another, which ends with
/// every row and the whole catalog compared.
/// </summary>
internal static class PortalDemo
{
    private const string SourceServer = "supabase-demo";
    private const string TargetServer = "own-demo";
    private const string SourceDatabase = "portal";

    private static readonly (string About, string Sql)[] s_queries =
    [
        ("passwords came along", "select left(encrypted_password, 4) as kind, count(*) from auth.users group by 1 order by 2 desc"),
        ("so did the policies: a client sees his group, nobody else's", "begin; select set_config('request.jwt.claims', json_build_object('sub', client_user_id)::text, true) from client_groups limit 1; set local role authenticated; select id, name from client_groups; rollback"),
        ("and citext: 'Active' is 'ACTIVE'", "select name, theme_colour from open_providers order by name limit 5"),
    ];

    public static async Task<int> RunAsync(Invocation invocation, bool fresh, int clients, CancellationToken ct)
    {
        var clock = invocation.Shell.Clock;
        var started = clock.GetTimestamp();
        LocalServer Find(string name) => LocalServers.Find(name, invocation.Settings.Environment, clock, invocation.Note);
        var (from, to) = (Find(SourceServer), Find(TargetServer));
        var target = await LocalServers.ReadyAsync(to, fresh, ct);
        await from.StartAsync(ct);
        invocation.Note($"two private servers ready after {Units.Time(clock.GetElapsedTime(started))}: {from.Folder} and {to.Folder}");
        if (!fresh && await FinishedAsync(invocation, ct) is { } before)
        {
            invocation.Note($"the demo of {before.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC is still there and was kept; --fresh starts over");
            Next(invocation, target);
            return 0;
        }
        var source = await BuildAsync(invocation, from, fresh, clients, ct);
        var exit = await MoveAsync(invocation, source, Path.Combine(to.Folder, "report"), ct);
        if (!invocation.IsMachine)
        {
            Closing.Line(invocation.Screen.Out, "took", $"{Units.Time(clock.GetElapsedTime(started))} in all");
            Next(invocation, target);
        }
        return exit;
    }

    private static async Task<RunStatus?> FinishedAsync(Invocation invocation, CancellationToken ct)
    {
        await using var target = await invocation.Backend.OpenTargetAsync("local:" + TargetServer, invocation.Settings.Environment, 1, ct);
        return (await invocation.Backend.ReadStatusAsync(target, ct)).OrderByDescending(r => r.Started).FirstOrDefault() is { State: RunState.Done or RunState.DoneWithDifferences } run ? run : null;
    }

    /// <summary>A portal that was built to its end carries a remark; one that was not is built anew.</summary>
    private static async Task<ConnectionSettings> BuildAsync(Invocation invocation, LocalServer server, bool fresh, int clients, CancellationToken ct)
    {
        var remark = $"the client portal of godwit demo, {clients} clients";
        await server.EnsureDatabaseAsync(SourceDatabase, fresh, ct);
        var settings = server.Settings(SourceDatabase);
        if (await ScalarAsync(settings, "SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database WHERE datname = current_database()", ct) is string found && found == remark) return settings;
        await server.EnsureDatabaseAsync(SourceDatabase, fresh: true, ct);
        var clock = invocation.Shell.Clock;
        var started = clock.GetTimestamp();
        await using (var connection = await OpenAsync(settings, ct))
            await PortalGenerator.BuildAsync(connection, new PortalOptions(clients), ct);
        await ScalarAsync(settings, $"COMMENT ON DATABASE {SourceDatabase} IS '{remark}'", ct);
        invocation.Note($"portal of {Units.Plural(clients, "client")} built in {Units.Time(clock.GetElapsedTime(started))}: users, policies, jobs and all");
        return settings;
    }

    private static async Task<int> MoveAsync(Invocation invocation, ConnectionSettings from, string reports, CancellationToken ct)
    {
        var options = new MigrationOptions { Platform = new() { SecretsFolder = Path.Combine(Path.GetDirectoryName(reports)!, "secrets") } };
        invocation.Shell.Secrets.LearnConnection(from.DisplayWithPassword);
        var environment = invocation.Settings.Environment;
        MigrationResult result;
        await using (var source = await invocation.Backend.OpenSourceAsync(from.DisplayWithPassword, environment, ct))
        await using (var target = await invocation.Backend.OpenTargetAsync("local:" + TargetServer, environment, options.Jobs + 3, ct))
            result = await MigrationRun.ExecuteAsync(invocation, source, target, options, plan: null, ct);
        var files = await invocation.Backend.WriteReportAsync(reports, result, ct);
        var exit = MigrationRun.ExitCode(result);
        if (invocation.IsMachine)
        {
            MigrationRun.Print(invocation, result, files, exit);
            return exit;
        }
        Closing.Write(invocation.Screen.Out, result, invocation.Global.Verbose);
        if (files.Length > 0) Closing.Line(invocation.Screen.Out, "report", Markup.Escape(string.Join('\n', files)));
        return exit;
    }

    private static void Next(Invocation invocation, ConnectionSettings settings)
    {
        if (invocation.IsMachine) return;
        var console = invocation.Screen.Out;
        Closing.Line(console, "url", Markup.Escape(settings.DisplayWithPassword));
        invocation.Shell.Out.WriteLine("\n Worth trying:");
        foreach (var (about, sql) in s_queries)
        {
            console.MarkupLine($"\n   [grey]# {Markup.Escape(about)}[/]");
            // Not wrapped by the console: the lines are there to be copied.
            invocation.Shell.Out.WriteLine($"   {invocation.Self} local psql {TargetServer} -c \"{sql}\"");
        }
        invocation.Shell.Out.WriteLine($"\n The portal that was left: {invocation.Self} local psql {SourceServer} -d {SourceDatabase}");
        invocation.Shell.Out.WriteLine($" When you are done: {invocation.Self} local destroy {TargetServer}; {invocation.Self} local destroy {SourceServer}");
    }

    private static async Task<NpgsqlConnection> OpenAsync(ConnectionSettings settings, CancellationToken ct)
    {
        var builder = settings.ToBuilder();
        builder.Pooling = false;
        var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync(ct);
        return connection;
    }

    private static async Task<object?> ScalarAsync(ConnectionSettings settings, string sql, CancellationToken ct)
    {
        await using var connection = await OpenAsync(settings, ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(ct);
    }
}
