using System.Globalization;
using System.Text;

namespace Godwit.Target;

/// <summary>A live server process; not <paramref name="Ready"/> while it starts, recovers or stops.</summary>
internal sealed record Postmaster(int Port, bool Ready);

/// <summary>
/// The folder of one private server. The folder itself, the lock and the password belong to the caller; data, log and socket folders to
/// the account that the server runs as.
/// </summary>
internal sealed class LocalFiles(string folder)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal string Folder => folder;
    internal string Data => Path.Combine(folder, "data");
    internal string NewData => Path.Combine(folder, "data.new");
    internal string LogFolder => Path.Combine(folder, "log");
    internal string Log => Path.Combine(LogFolder, "server.log");
    internal string SocketFolder => Path.Combine(folder, "socket");
    internal string PasswordFile => Path.Combine(folder, "pgpass");
    internal string LockFile => Path.Combine(folder, "lock");
    internal string PidFile => Path.Combine(Data, "postmaster.pid");
    private string Configuration => Path.Combine(Data, "postgresql.conf");

    /// <summary>$XDG_DATA_HOME/godwit/local. Root's home is closed to the account that the server runs as: /var/lib/godwit/local.</summary>
    internal static string DefaultRoot(Func<string, string?> environment)
    {
        if (ServerAccount.IsRoot) return "/var/lib/godwit/local";
        if (environment("XDG_DATA_HOME") is { Length: > 0 } data && Path.IsPathRooted(data)) return Path.Combine(data, "godwit", "local");
        var home = environment("HOME") is { Length: > 0 } named ? named : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (home.Length == 0) throw new GodwitException(ErrorKind.Usage, "home-missing", "There is no home folder to keep a local server in.", "set HOME or XDG_DATA_HOME");
        return Path.Combine(home, ".local", "share", "godwit", "local");
    }

    internal void RefuseUnreachable(ServerAccount account)
    {
        if (account.BlockedAt(folder) is { } blocked)
            throw new GodwitException(ErrorKind.Blocked, "local-no-access", $"The server runs as user {account.User}, who cannot pass {blocked}.", $"chmod o+x {blocked}");
    }

    internal void CreateFolder()
    {
        try
        {
            // Others may pass, not look: the server's account has to reach its own folders inside.
            Directory.CreateDirectory(folder);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Blocked, "local-no-access", $"{folder} cannot be made: {e.Message}", "set XDG_DATA_HOME to a folder of yours", e);
        }
    }

    internal void DeleteAll()
    {
        if (ReadSocketFolder() is { } socket && socket != SocketFolder && Directory.Exists(socket)) Directory.Delete(socket, recursive: true);
        Directory.Delete(folder, recursive: true);
    }

    internal Task WritePasswordAsync(string password, string user, CancellationToken ct) => WriteSecretAsync(PasswordFile, $"*:*:*:{user}:{password}\n", ct);

    internal string ReadPassword()
    {
        try
        {
            return File.ReadAllText(PasswordFile).TrimEnd('\n').Split(':')[^1];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Blocked, "local-no-access", $"The local server's password cannot be read from {PasswordFile}.", "run as the user who made the server", e);
        }
    }

    internal static async Task WriteSecretAsync(string path, string text, CancellationToken ct)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        await using var file = new FileStream(path, options);
        await file.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
    }

    internal int? ReadMajor()
    {
        var file = Path.Combine(Data, "PG_VERSION");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture, out var major) ? major : null;
    }

    /// <summary>
    /// The server that lives on this data folder, by postmaster.pid (process, folder, start, port, socket, address, key, status). The file
    /// outlives a killed server, and its process id may be another's by now: the process must sit in the data folder.
    /// </summary>
    internal Postmaster? ReadPostmaster()
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(PidFile);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new GodwitException(ErrorKind.Blocked, "local-no-access", $"{Data} belongs to another user.", "run as the user who made the server", e);
        }
        if (lines.Length == 0 || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var process) || !IsOurs(process)) return null;
        var ready = lines.Length >= 8 && lines[7].Trim() == "ready";
        return new Postmaster(lines.Length >= 4 && int.TryParse(lines[3], CultureInfo.InvariantCulture, out var port) ? port : 0, ready);
    }

    private bool IsOurs(int process)
    {
        if (!OperatingSystem.IsLinux()) return IsAlive(process);
        try
        {
            return new FileInfo($"/proc/{process}/cwd").LinkTarget == Path.GetFullPath(Data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using var found = System.Diagnostics.Process.GetProcessById(process);
            return found.ProcessName.Contains("postgres", StringComparison.Ordinal);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    internal int? ReadConfiguredPort() => int.TryParse(ReadSetting("port"), CultureInfo.InvariantCulture, out var port) ? port : null;

    internal string? ReadSocketFolder() => ReadSetting("unix_socket_directories")?.Trim('\'').Replace("''", "'", StringComparison.Ordinal);

    private string? ReadSetting(string name) =>
        !File.Exists(Configuration) ? null
            : File.ReadLines(Configuration).FirstOrDefault(l => l.StartsWith(name + " = ", StringComparison.Ordinal))?[(name.Length + 3)..];

    /// <summary>postgresql.conf, whole. The file is initdb's, so that its owner stays; ALTER SYSTEM still overrides it.</summary>
    internal async Task WriteConfigurationAsync(int port, string socketFolder, LocalServerOptions options, CancellationToken ct)
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = socketFolder,
            ["unix_socket_permissions"] = "0700",
            ["password_encryption"] = "scram-sha-256",
            ["max_connections"] = "100",
            ["shared_buffers"] = "256MB",
            ["max_wal_size"] = "4GB",
            ["min_wal_size"] = "256MB",
            ["checkpoint_timeout"] = "15min",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
            ["lc_messages"] = "C",
            ["datestyle"] = "ISO, YMD",
        };
        if (!options.Durable)
            foreach (var name in new[] { "fsync", "synchronous_commit", "full_page_writes" }) settings[name] = "off";
        foreach (var (name, value) in options.ServerSettings) settings[name] = value;
        var text = new StringBuilder("# Written by godwit at each start; ALTER SYSTEM keeps changes.\n");
        foreach (var (name, value) in settings)
            text.Append(name).Append(" = ").Append(name == "port" ? value : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'").Append('\n');
        await File.WriteAllTextAsync(Configuration, text.ToString(), ct);
    }
}
