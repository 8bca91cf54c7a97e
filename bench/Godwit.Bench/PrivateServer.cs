using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Npgsql;

namespace Godwit.Bench;

/// <summary>A PostgreSQL of the bench's own: fresh data directory, free port, settings that are the same for every contender and stand in the results.</summary>
internal sealed partial class PrivateServer : IAsyncDisposable
{
    /// <summary>What a person would set for a first load on a small machine; durability as shipped.</summary>
    public static readonly (string Name, string Value)[] Settings =
    [
        ("shared_buffers", "1GB"), ("max_wal_size", "16GB"), ("checkpoint_timeout", "30min"), ("wal_buffers", "16MB"), ("autovacuum", "off"), ("log_min_messages", "error"),
    ];

    private readonly string _bin;
    private readonly string _folder;
    private readonly string _password;
    private readonly int _port;

    private PrivateServer(string bin, string folder, string password, int port) => (_bin, _folder, _password, _port) = (bin, folder, password, port);

    public static async Task<PrivateServer> StartAsync(string parent, CancellationToken stop, params string[] more)
    {
        var folder = Path.Combine(parent, "godwit-bench-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)));
        var server = new PrivateServer(FindBin(), folder, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)), FreePort());
        Directory.CreateDirectory(folder);
        var passwordFile = Path.Combine(folder, "password");
        await File.WriteAllTextAsync(passwordFile, server._password, stop);
        if (System.Environment.IsPrivilegedProcess) await new Command("chown", ["-R", "postgres", folder]).MustAsync(stop);
        try
        {
            await server.AsServer("initdb", "-D", server.Data, "-U", "bench", "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8", "--locale", "C.UTF-8", "--lc-collate", "C", "-N").MustAsync(stop);
            await new Command("chmod", ["0600", passwordFile]).MustAsync(stop);
            var options = string.Join(' ', Settings.Select(s => $"-c {s.Name}={s.Value}").Concat(more.Select(s => $"-c {s}")));
            var start = server.AsServer("pg_ctl", "-D", server.Data, "-w", "-l", Path.Combine(folder, "log"), "-o",
                $"-p {server._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} {options}", "start");
            await (start with { DiscardOutput = true }).MustAsync(stop);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        return server;
    }

    private string Data => Path.Combine(_folder, "data");

    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["PGHOST"] = "127.0.0.1", ["PGPORT"] = $"{_port}", ["PGUSER"] = "bench", ["PGPASSWORD"] = _password,
    };

    /// <summary>Without the password, which stands in <see cref="Environment"/>.</summary>
    public string Url(string database, string scheme = "postgres") => $"{scheme}://bench@127.0.0.1:{_port}/{database}";

    /// <summary>Of its backends and workers, since it was started.</summary>
    public TimeSpan ProcessorTime() => Bench.ProcessorTime.OfChildren(int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture));

    public Command Client(string program, params string[] arguments) => new(Path.Combine(_bin, program), arguments) { Environment = Environment };

    public async Task<NpgsqlConnection> ConnectAsync(string database, CancellationToken stop)
    {
        var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={_port};Username=bench;Password={_password};Database={database};Pooling=false;Command Timeout=0");
        await connection.OpenAsync(stop);
        return connection;
    }

    public async Task ExecuteAsync(string database, string sql, CancellationToken stop)
    {
        await using var connection = await ConnectAsync(database, stop);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Up to where the log is on the disk.</summary>
    public async Task<string> LogEndAsync(CancellationToken stop)
    {
        await using var connection = await ConnectAsync("postgres", stop);
        await using var command = new NpgsqlCommand("SELECT pg_current_wal_flush_lsn()::text", connection);
        return (string)(await command.ExecuteScalarAsync(stop))!;
    }

    /// <summary>When each transaction and part of one committed whose end lies in the log after <paramref name="after"/>, to the microsecond, by the server's clock.</summary>
    public async Task<Dictionary<uint, DateTime>> CommitsAsync(string after, CancellationToken stop)
    {
        // Commits that did not wait are not on the disk before this.
        await ExecuteAsync("postgres", "CHECKPOINT", stop);
        var end = await LogEndAsync(stop);
        var log = await (AsServer("pg_waldump", "-p", Path.Combine(Data, "pg_wal"), "-s", after, "-e", end, "-r", "Transaction") with { Environment = new Dictionary<string, string> { ["TZ"] = "UTC" } }).MustAsync(stop);
        var commits = new Dictionary<uint, DateTime>();
        foreach (Match commit in CommitRecord().Matches(log.Output))
        {
            var at = DateTime.ParseExact(commit.Groups["at"].Value, "yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
            // What was written after a savepoint has a number of its own.
            foreach (Capture transaction in commit.Groups["tx"].Captures) commits[uint.Parse(transaction.Value, CultureInfo.InvariantCulture)] = at;
        }
        return commits;
    }

    [GeneratedRegex(@"tx:\s*(?<tx>\d+),.* desc: COMMIT (?<at>\S+ \S+) UTC(.*?; subxacts:( (?<tx>\d+))+)?")]
    private static partial Regex CommitRecord();

    /// <summary>An empty database of that name, and nothing left to write of those before it.</summary>
    public async Task FreshAsync(string database, CancellationToken stop)
    {
        await ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS {database} WITH (FORCE)", stop);
        await ExecuteAsync("postgres", $"CREATE DATABASE {database}", stop);
        await ExecuteAsync("postgres", "CHECKPOINT", stop);
    }

    public async ValueTask DisposeAsync()
    {
        await AsServer("pg_ctl", "-D", Data, "-m", "immediate", "stop").RunAsync(CancellationToken.None);
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private Command AsServer(string program, params string[] arguments) => System.Environment.IsPrivilegedProcess
        ? new("runuser", ["-u", "postgres", "--", Path.Combine(_bin, program), .. arguments])
        : new(Path.Combine(_bin, program), arguments);

    private static string FindBin()
    {
        if (System.Environment.GetEnvironmentVariable("GODWIT_PG_BIN") is { Length: > 0 } set) return set;
        var candidates = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return candidates.Select(c => Path.Combine(c, "bin")).Where(b => File.Exists(Path.Combine(b, "initdb")) && File.Exists(Path.Combine(b, "psql")))
                .OrderByDescending(b => int.TryParse(Path.GetFileName(Path.GetDirectoryName(b)), out var major) ? major : 0).FirstOrDefault()
            ?? throw new InvalidOperationException("No PostgreSQL server found: install the postgresql package, or set GODWIT_PG_BIN to its bin folder.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
