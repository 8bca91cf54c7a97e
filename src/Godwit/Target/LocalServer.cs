using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Target;

/// <summary>
/// A PostgreSQL server of the user's own, for trials and tests: own data folder, own socket folder, a free port on 127.0.0.1, a generated
/// password. It outlives the process that started it. Safe to call from several processes: a lock file lets one at a time change it.
/// </summary>
public sealed class LocalServer
{
    public const string DefaultName = "default";
    public const string User = "postgres";
    private const int PortAttempts = 5;

    private readonly LocalServerOptions _options;
    private readonly LocalFiles _files;

    private LocalServer(string name, LocalServerOptions options)
    {
        Name = name;
        _options = options;
        _files = new LocalFiles(Path.Combine(options.Root ?? LocalFiles.DefaultRoot(options.Environment), name));
    }

    public string Name { get; }
    public string Folder => _files.Folder;
    public string LogPath => _files.Log;
    public bool Exists => Directory.Exists(_files.Data);

    /// <summary>Touches nothing. <paramref name="name"/>: letters, digits, - and _, at most 40.</summary>
    public static LocalServer For(string name, LocalServerOptions options)
    {
        if (name.Length is 0 or > 40 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            throw new GodwitException(ErrorKind.Usage, "local-name-invalid", $"\"{name}\" is no name for a local server.", "use letters, digits, - and _, at most 40: local:trial");
        return new LocalServer(name, options);
    }

    /// <summary>Names of the servers that exist, running or not.</summary>
    public static IReadOnlyList<string> Names(LocalServerOptions options)
    {
        var root = options.Root ?? LocalFiles.DefaultRoot(options.Environment);
        return !Directory.Exists(root) ? [] : [.. Directory.EnumerateDirectories(root).Where(d => Directory.Exists(Path.Combine(d, "data"))).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];
    }

    /// <summary>Finds or installs the programs, makes the data folder at the first time, starts, and waits until it accepts connections. Does nothing where it runs.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        if (IsReady) return;
        _files.CreateFolder();
        using var guard = await LockAsync(ct);
        await WaitWhileStartingAsync(ct);
        if (IsReady) return;
        var binaries = await BinariesAsync(ct);
        // After the programs: their package brings the user that they run as.
        var account = await ServerAccount.FindAsync(_files.Data, _options.Environment, ct);
        _files.RefuseUnreachable(account);
        if (!Exists) await InitializeAsync(binaries, account, ct);
        // What is left of a server that was killed: none lives on this folder, but another process may have its id by now, and PostgreSQL would refuse.
        File.Delete(_files.PidFile);
        for (var attempt = 1; ; attempt++)
        {
            var port = PickPort(attempt);
            await _files.WriteConfigurationAsync(port, await SocketFolderAsync(account, ct), _options, ct);
            var start = await Tool.RunAsync(account.Command(binaries.Program("pg_ctl"), "start", "-D", _files.Data, "-l", _files.Log, "-w", "-t", "60", "-s"), "/", ct);
            if (start.ExitCode == 0) return;
            // Another process may have taken the port since it was picked.
            if (attempt == PortAttempts || IsFree(port))
                throw new GodwitException(ErrorKind.Blocked, "local-start-failed", $"The local PostgreSQL \"{Name}\" did not start: {start.LastLine}. Its log: {_files.Log}{LogTail()}", $"look at the log, or begin anew: godwit local destroy {Name}");
        }
    }

    /// <summary>Ends its connections and stops it; waits for the end. Does nothing where it does not run.</summary>
    public async Task StopAsync(CancellationToken ct)
    {
        if (_files.ReadPostmaster() is null) return;
        using var guard = await LockAsync(ct);
        await StopLockedAsync(ct);
    }

    /// <summary>Stops it and deletes its data, its log and its password.</summary>
    public async Task DestroyAsync(CancellationToken ct)
    {
        if (!Directory.Exists(_files.Folder)) return;
        using (await LockAsync(ct))
        {
            await StopLockedAsync(ct);
            _files.DeleteAll();
        }
    }

    public Task<bool> IsRunningAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return Task.FromResult(IsReady);
    }

    /// <summary>How to connect; the server has to run.</summary>
    public ConnectionSettings Settings(string database) =>
        _files.ReadPostmaster() is { Ready: true, Port: var port }
            ? ConnectionSettings.From("127.0.0.1", port, User, _files.ReadPassword(), database, $"local server {Name}").With("sslmode", "disable", $"local server {Name}")
            : throw new GodwitException(ErrorKind.Blocked, "local-not-running", $"The local PostgreSQL \"{Name}\" does not run.", $"godwit local start{(Name == DefaultName ? "" : " " + Name)}");

    /// <summary>A command for the user's shell; the password stays in its file.</summary>
    public string PsqlCommand(string database)
    {
        var settings = Settings(database);
        return $"PGPASSFILE={ShellWord(_files.PasswordFile)} psql -h {settings.Host} -p {settings.Port} -U {User} {ShellWord(database)}";
    }

    /// <summary>Makes the database where it is missing; <paramref name="fresh"/> drops it first, with everything in it.</summary>
    public async Task EnsureDatabaseAsync(string database, bool fresh, CancellationToken ct)
    {
        var settings = Settings("postgres");
        try
        {
            var builder = settings.ToBuilder();
            builder.Pooling = false;
            await using var connection = new NpgsqlConnection(builder.ConnectionString);
            await connection.OpenAsync(ct);
            await using (var find = new NpgsqlCommand("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", connection))
            {
                find.Parameters.Add(new NpgsqlParameter { Value = database });
                var exists = await find.ExecuteScalarAsync(ct) is not null;
                if (exists && !fresh) return;
            }
            var name = new SqlName(database);
            await using (var drop = new NpgsqlCommand($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", connection)) await drop.ExecuteNonQueryAsync(ct);
            await using (var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection)) await create.ExecuteNonQueryAsync(ct);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, $"Making the database {database} on the local server {Name}");
        }
    }

    private bool IsReady => _files.ReadPostmaster() is { Ready: true };

    // Recovery after a crash of the machine may take longer than the start that began it had patience for.
    private async Task WaitWhileStartingAsync(CancellationToken ct)
    {
        var started = _options.Clock.GetTimestamp();
        while (_files.ReadPostmaster() is { Ready: false })
        {
            if (_options.Clock.GetElapsedTime(started) > TimeSpan.FromMinutes(2))
                throw new GodwitException(ErrorKind.Blocked, "local-busy", $"The local PostgreSQL \"{Name}\" is still starting or stopping. Its log: {_files.Log}", "wait for it, and try again");
            await Task.Delay(TimeSpan.FromMilliseconds(100), _options.Clock, ct);
        }
    }

    private async Task StopLockedAsync(CancellationToken ct)
    {
        if (_files.ReadPostmaster() is null) return;
        var account = await ServerAccount.FindAsync(_files.Data, _options.Environment, ct);
        // Stopping is a signal, which the pg_ctl of any version sends: a server whose own programs went away can be stopped, and destroyed.
        var binaries = await ServerBinaries.FindAsync(_options.Environment, _files.ReadMajor(), ct) ?? await ServerBinaries.FindOrInstallAsync(_options, ct);
        var stop = await Tool.RunAsync(account.Command(binaries.Program("pg_ctl"), "stop", "-D", _files.Data, "-m", "fast", "-w", "-t", "60", "-s"), "/", ct);
        if (stop.ExitCode != 0 && _files.ReadPostmaster() is not null)
            throw new GodwitException(ErrorKind.Blocked, "local-stop-failed", $"The local PostgreSQL \"{Name}\" did not stop: {stop.LastLine}. Its log: {_files.Log}", "look at the log");
    }

    // A data folder is read by its own major only. GODWIT_PG_BIN decides for new folders; an old one may need another installation.
    private async Task<ServerBinaries> BinariesAsync(CancellationToken ct)
    {
        if (_files.ReadMajor() is not { } major) return await ServerBinaries.FindOrInstallAsync(_options, ct);
        var named = await ServerBinaries.FindAsync(_options.Environment, major, ct);
        if (named?.Major == major) return named;
        return await ServerBinaries.FindAsync(n => n == "GODWIT_PG_BIN" ? null : _options.Environment(n), major, ct)
            ?? throw new GodwitException(ErrorKind.Blocked, "local-version-mismatch", $"The data of the local server \"{Name}\" is of PostgreSQL {major}, whose programs are not here.",
                $"install PostgreSQL {major} or set GODWIT_PG_BIN; or begin anew: godwit local destroy {Name}");
    }

    private async Task InitializeAsync(ServerBinaries binaries, ServerAccount account, CancellationToken ct)
    {
        if (account.BlockedAt(binaries.Folder) is { } blocked)
            throw new GodwitException(ErrorKind.Blocked, "postgres-not-found", $"User {account.User} cannot reach PostgreSQL's programs: {blocked} is closed to others.", $"chmod o+x {blocked}, or set GODWIT_PG_BIN to another installation");
        _options.Progress?.Report($"Making a private PostgreSQL {binaries.Major} server in {_files.Folder}");
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        await _files.WritePasswordAsync(password, User, ct);
        // Made beside and renamed when complete: an interrupted initdb leaves nothing that looks like a server.
        if (Directory.Exists(_files.NewData)) Directory.Delete(_files.NewData, recursive: true);
        await account.OwnDirectoryAsync(_files.NewData, ct);
        await account.OwnDirectoryAsync(_files.LogFolder, ct);
        var passwordForInitdb = Path.Combine(_files.LogFolder, "initial-password");
        await LocalFiles.WriteSecretAsync(passwordForInitdb, password + "\n", ct);
        try
        {
            await account.OwnAsync(passwordForInitdb, ct);
            List<string> initdb = [binaries.Program("initdb"), "-D", _files.NewData, "-U", User, $"--pwfile={passwordForInitdb}", "--auth=scram-sha-256", "--encoding=UTF8", $"--locale={await LocaleAsync(ct)}", "--lc-collate=C", "--no-instructions"];
            if (!_options.Durable) initdb.Add("--no-sync");
            var init = await Tool.RunAsync(account.Command([.. initdb]), "/", ct);
            if (init.ExitCode != 0) throw new GodwitException(ErrorKind.Blocked, "local-start-failed", $"initdb failed: {init.LastLine}", "check the free space and rights of the folder");
        }
        finally
        {
            File.Delete(passwordForInitdb);
        }
        Directory.Move(_files.NewData, _files.Data);
    }

    // Sorts text by its bytes, as SQLite's BINARY does, and still knows letters from signs.
    private static async Task<string> LocaleAsync(CancellationToken ct)
    {
        var locales = await Tool.RunAsync(["locale", "-a"], "/", ct);
        return locales.Output.Split('\n', StringSplitOptions.TrimEntries).FirstOrDefault(l => l is "C.UTF-8" or "C.utf8") is null ? "C" : "C.UTF-8";
    }

    private int PickPort(int attempt)
    {
        if (attempt == 1 && _files.ReadConfiguredPort() is { } last && IsFree(last)) return last;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // The path of a unix socket holds about 100 bytes (sun_path): a deep data folder gets a short one elsewhere.
    private async Task<string> SocketFolderAsync(ServerAccount account, CancellationToken ct)
    {
        var folder = _files.SocketFolder;
        if (folder.Length > 85)
            folder = Path.Combine("/tmp", "godwit-" + Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(_files.Folder)))[..16]);
        await account.OwnDirectoryAsync(folder, ct);
        return folder;
    }

    private async Task<IDisposable> LockAsync(CancellationToken ct)
    {
        var started = _options.Clock.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(_files.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (_options.Clock.GetElapsedTime(started) < TimeSpan.FromSeconds(90))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), _options.Clock, ct);
            }
            catch (IOException e)
            {
                throw new GodwitException(ErrorKind.Blocked, "local-busy", $"Another process is starting or stopping the local PostgreSQL \"{Name}\".", "wait for it, and try again", e);
            }
        }
    }

    private string LogTail()
    {
        if (!File.Exists(_files.Log)) return "";
        var line = File.ReadLines(_files.Log).LastOrDefault(l => l.Contains("FATAL", StringComparison.Ordinal) || l.Contains("PANIC", StringComparison.Ordinal));
        return line is null ? "" : $" (last: {line.Trim()})";
    }

    private static string ShellWord(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.') ? text : string.Create(CultureInfo.InvariantCulture, $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'");
}
