namespace Godwit.Target;

/// <summary>
/// The operating system user that a private server runs as. PostgreSQL refuses root, so root's servers run as the distribution's
/// postgres user, or as nobody where there is none; everybody else's run as themselves.
/// </summary>
internal sealed class ServerAccount
{
    private readonly string[] _prefix;

    private ServerAccount(string? user, string[] prefix) => (User, _prefix) = (user, prefix);

    /// <summary>Null: the caller's own.</summary>
    internal string? User { get; }

    internal static bool IsRoot => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;

    /// <summary>
    /// The owner of <paramref name="data"/> where it exists: a server made before the distribution's package brought its user stays nobody's.
    /// </summary>
    internal static async Task<ServerAccount> FindAsync(string data, Func<string, string?> environment, CancellationToken ct)
    {
        if (!IsRoot) return new ServerAccount(null, []);
        var owner = Directory.Exists(data) ? (await Tool.RunAsync(["stat", "-c", "%U", data], "/", ct)).Output.Trim() : null;
        var user = owner is { Length: > 0 } and not ("root" or "UNKNOWN") ? owner : new[] { "postgres", "nobody" }.FirstOrDefault(Exists)
            ?? throw new GodwitException(ErrorKind.Blocked, "local-no-account", "PostgreSQL does not run as root, and this machine has no unprivileged user for it.", "useradd --system postgres");
        if (Tool.FindOnPath("runuser", environment) is { } runuser) return new ServerAccount(user, [runuser, "-u", user, "--"]);
        if (Tool.FindOnPath("setpriv", environment) is { } setpriv) return new ServerAccount(user, [setpriv, "--reuid", user, "--regid", GroupOf(user), "--clear-groups", "--"]);
        throw new GodwitException(ErrorKind.Blocked, "local-no-account", "PostgreSQL does not run as root, and neither runuser nor setpriv is here to change the user.", "install util-linux, or run as an ordinary user");
    }

    internal IReadOnlyList<string> Command(params string[] command) => [.. _prefix, .. command];

    /// <summary>Makes the folder, closed to others, and gives it to the account.</summary>
    internal async Task OwnDirectoryAsync(string path, CancellationToken ct)
    {
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await OwnAsync(path, ct);
    }

    internal async Task OwnAsync(string path, CancellationToken ct)
    {
        if (User is null) return;
        var chown = await Tool.RunAsync(["chown", "-h", $"{User}:", path], "/", ct);
        if (chown.ExitCode != 0) throw new GodwitException(ErrorKind.Blocked, "local-no-access", $"{path} cannot be given to user {User}: {chown.LastLine}", "choose another folder by XDG_DATA_HOME");
    }

    /// <summary>The first folder on the way to <paramref name="path"/> that the account may not pass; null where it may pass all.</summary>
    internal string? BlockedAt(string path)
    {
        if (User is null || OperatingSystem.IsWindows()) return null;
        for (var directory = Path.GetFullPath(path); directory is not null; directory = Path.GetDirectoryName(directory))
            if (Directory.Exists(directory) && (File.GetUnixFileMode(directory) & UnixFileMode.OtherExecute) == 0)
                return directory;
        return null;
    }

    private static bool Exists(string user) => File.Exists("/etc/passwd") && File.ReadLines("/etc/passwd").Any(l => l.StartsWith(user + ":", StringComparison.Ordinal));

    private static string GroupOf(string user) => File.ReadLines("/etc/passwd").First(l => l.StartsWith(user + ":", StringComparison.Ordinal)).Split(':')[3];
}
