using System.CommandLine;
using System.Diagnostics;
using Godwit.Cli.Output;
using Godwit.Schema;
using Godwit.Target;

namespace Godwit.Cli.Commands;

internal static class LocalCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("local", "A private PostgreSQL server for trials: own folder, own port, own password");
        command.Add(Verb(shell, "start", "Start it; the first time, make it", StartAsync));
        command.Add(Verb(shell, "stop", "Stop it; its data stay", StopAsync));
        command.Add(Verb(shell, "url", "Print its connection URL, with the password", UrlAsync));
        command.Add(Psql(shell));
        command.Add(Verb(shell, "destroy", "Stop it and delete its data", DestroyAsync));
        return command;
    }

    private static Command Verb(Shell shell, string name, string description, Func<Invocation, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description);
        command.Add(new Argument<string>("NAME") { Description = "Name of the server (default: default)", DefaultValueFactory = _ => LocalServer.DefaultName, Arity = ArgumentArity.ZeroOrOne });
        command.SetAction(Invocation.Action(shell, run));
        return command;
    }

    private static Command Psql(Shell shell)
    {
        var command = new Command("psql", "Open psql on it; everything after NAME goes to psql: godwit local psql demo -c 'select 1'");
        command.Add(new Argument<string[]>("NAME ARGS")
        {
            HelpName = "NAME [ARGS...]",
            Description = "Name of the server (default: default), then psql's own options",
            Arity = ArgumentArity.ZeroOrMore,
            CaptureRemainingTokens = true,
        });
        command.SetAction(Invocation.Action(shell, PsqlAsync));
        return command;
    }

    private static LocalServer Server(Invocation invocation, string name) =>
        LocalServers.Find(name, invocation.Settings.Environment, invocation.Shell.Clock, invocation.Note);

    private static async Task<int> StartAsync(Invocation invocation, CancellationToken ct)
    {
        var server = Server(invocation, invocation.Option<string>("NAME")!);
        var settings = await LocalServers.ReadyAsync(server, fresh: false, ct);
        Print(invocation, "local start", server, "running", settings.DisplayWithPassword, $"{settings.DisplayWithPassword}\n");
        invocation.Note($"local PostgreSQL \"{server.Name}\" runs; its data are in {server.Folder}");
        return 0;
    }

    private static async Task<int> StopAsync(Invocation invocation, CancellationToken ct)
    {
        var server = Existing(invocation);
        await server.StopAsync(ct);
        Print(invocation, "local stop", server, "stopped", null, "");
        invocation.Note($"local PostgreSQL \"{server.Name}\" is stopped; its data stay in {server.Folder}");
        return 0;
    }

    private static Task<int> UrlAsync(Invocation invocation, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var server = Existing(invocation);
        var url = server.Settings(LocalServers.Database).DisplayWithPassword;
        Print(invocation, "local url", server, "running", url, url + "\n");
        return Task.FromResult(0);
    }

    private static async Task<int> DestroyAsync(Invocation invocation, CancellationToken ct)
    {
        var server = Existing(invocation);
        await invocation.ConfirmAsync($"this deletes the local PostgreSQL \"{server.Name}\" with all its data in {server.Folder}", "destroy-unconfirmed", ct);
        await server.DestroyAsync(ct);
        Print(invocation, "local destroy", server, "destroyed", null, "");
        invocation.Note($"local PostgreSQL \"{server.Name}\" is gone");
        return 0;
    }

    private static LocalServer Existing(Invocation invocation) => Existing(invocation, invocation.Option<string>("NAME")!);

    private static LocalServer Existing(Invocation invocation, string name)
    {
        var server = Server(invocation, name);
        if (server.Exists) return server;
        var names = LocalServer.Names(new() { Environment = v => invocation.Settings.Environment.GetValueOrDefault(v) });
        var meant = Nearest.To(name, names);
        throw new GodwitException(ErrorKind.Usage, "local-missing", $"there is no local PostgreSQL \"{name}\"{(meant is null ? "" : $"; did you mean \"{meant}\"?")}",
            names.Count > 0 ? $"There are: {string.Join(", ", names)}. `godwit local start {name}` makes it." : $"`godwit local start {name}` makes it.");
    }

    private static void Print(Invocation invocation, string command, LocalServer server, string state, string? url, string plain)
    {
        // The password of a private server is the user's own, and this command is how it is asked for.
        if (invocation.IsMachine)
            invocation.Shell.Out.WriteLine(CliJson.Text(new LocalDocument(command) { Name = server.Name, State = state, Url = url, Directory = server.Folder }, invocation.Global.Json));
        else invocation.Shell.Out.Write(plain);
    }

    private static async Task<int> PsqlAsync(Invocation invocation, CancellationToken ct)
    {
        var words = invocation.Option<string[]>("NAME ARGS") ?? [];
        var named = words.Length > 0 && !words[0].StartsWith('-');
        var server = Existing(invocation, named ? words[0] : LocalServer.DefaultName);
        var settings = await LocalServers.ReadyAsync(server, fresh: false, ct);
        var start = new ProcessStartInfo(FindPsql(invocation)) { UseShellExecute = false };
        foreach (var word in named ? words[1..] : words) start.ArgumentList.Add(word);
        // By the environment: an argument could be read by anyone on the machine.
        start.Environment["PGHOST"] = settings.Host;
        start.Environment["PGPORT"] = settings.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = settings.User;
        start.Environment["PGDATABASE"] = settings.Database;
        start.Environment["PGPASSWORD"] = settings.Password;
        start.Environment["PGSSLMODE"] = "disable";
        start.Environment.Remove("PGSERVICE");
        // Ctrl-C in psql ends a query, not psql.
        invocation.Shell.Notice = _ => { };
        using var psql = Process.Start(start) ?? throw new GodwitException(ErrorKind.Internal, "psql-failed", "psql could not be started");
        await psql.WaitForExitAsync(CancellationToken.None);
        return psql.ExitCode;
    }

    private static string FindPsql(Invocation invocation)
    {
        var environment = invocation.Settings.Environment;
        var folders = new[] { environment.GetValueOrDefault("GODWIT_PG_BIN") ?? "" }.Concat((environment.GetValueOrDefault("PATH") ?? "").Split(':'))
            .Concat(Directory.Exists("/usr/lib/postgresql") ? Directory.EnumerateDirectories("/usr/lib/postgresql").OrderDescending().Select(d => Path.Combine(d, "bin")) : []);
        return folders.Where(f => f.Length > 0).Select(f => Path.Combine(f, "psql")).FirstOrDefault(File.Exists)
            ?? throw new GodwitException(ErrorKind.Blocked, "psql-missing", "psql is not installed", "Install the package postgresql-client, or set GODWIT_PG_BIN to the folder that holds it.");
    }
}
