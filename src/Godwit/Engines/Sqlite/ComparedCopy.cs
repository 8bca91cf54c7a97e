using System.Security.Cryptography;
using System.Text;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// What Godwit keeps of a file that it follows by comparing, in a folder of the user's own: the file as it was when it was last looked at, with the record
/// of which rows had changed by then.
/// </summary>
internal sealed class ComparedCopy
{
    private readonly string _folder;

    internal ComparedCopy(string path)
    {
        var full = SourceFile.Resolved(path);
        _folder = System.IO.Path.Combine(Root(Environment.GetEnvironmentVariable), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(full)))[..24]);
    }

    /// <summary>Null where there is none.</summary>
    internal static ComparedCopy? Find(string path) => TryRoot(Environment.GetEnvironmentVariable) is { } root && Directory.Exists(root) && new ComparedCopy(path) is { Exists: true } found ? found : null;

    private static string Root(Func<string, string?> environment) => TryRoot(environment)
        ?? throw new GodwitException(ErrorKind.Usage, "home-missing", "There is no home folder to keep a copy of the source in.", "set HOME or XDG_DATA_HOME");

    /// <summary>$XDG_DATA_HOME/godwit/followed; null for a user without a home.</summary>
    private static string? TryRoot(Func<string, string?> environment)
    {
        if (environment("XDG_DATA_HOME") is { Length: > 0 } data && System.IO.Path.IsPathRooted(data)) return System.IO.Path.Combine(data, "godwit", "followed");
        var home = environment("HOME") is { Length: > 0 } named ? named : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length == 0 ? null : System.IO.Path.Combine(home, ".local", "share", "godwit", "followed");
    }

    internal string Path => System.IO.Path.Combine(_folder, "copy.db");
    internal bool Exists => File.Exists(Path);
    private string Next => System.IO.Path.Combine(_folder, "next.db");
    private string Moment => System.IO.Path.Combine(_folder, "moment");
    private string Mark => System.IO.Path.Combine(_folder, "fenced");

    /// <summary>The original's moment that the copy shows; null where that is not known.</summary>
    internal string? Position => File.Exists(Moment) ? File.ReadAllText(Moment) : null;

    internal bool IsFenced
    {
        get => File.Exists(Mark);
        set
        {
            if (value) File.WriteAllText(Mark, "");
            else File.Delete(Mark);
        }
    }

    /// <summary>Nobody else renews the copy until this is disposed.</summary>
    internal FileStream Lock(TimeSpan patience, CancellationToken ct)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Make();
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); ; Thread.Sleep(20))
        {
            ct.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(System.IO.Path.Combine(_folder, "lock"), options);
            }
            catch (IOException e)
            {
                if (waited.Elapsed > patience) throw new GodwitException(ErrorKind.SourceTransient, "source-busy", $"Another Godwit has been renewing its copy of the source for {patience.TotalSeconds:0} s.", "Try again.", e);
            }
        }
    }

    private void Make()
    {
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(_folder);
            else Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Blocked, "local-no-access", $"{_folder} cannot be made: {e.Message}", "set XDG_DATA_HOME to a folder of yours", e);
        }
    }

    /// <summary>A new copy takes the old one's place once <paramref name="fill"/> has made it whole; until then, and where it fails, nothing has changed.</summary>
    internal void Renew(string position, long bytes, Action<string> fill)
    {
        if (new DriveInfo(_folder).AvailableFreeSpace < bytes * 1.1)
            throw new GodwitException(ErrorKind.Blocked, "no-room-for-copy", $"{_folder} has no room for a second copy of the source ({bytes / 1048576} MB).", "Make room, or set XDG_DATA_HOME to a folder that has some; --method triggers needs no copy.");
        DeleteNext();
        try
        {
            File.WriteAllBytes(Next, []);
            fill(Next);
            // In this order: a copy whose moment is not known is compared again.
            File.Delete(Moment);
            File.Move(Next, Path, overwrite: true);
            File.WriteAllText(Moment, position);
        }
        finally
        {
            DeleteNext();
        }
    }

    private void DeleteNext()
    {
        foreach (var suffix in new[] { "", "-journal", "-wal", "-shm" }) File.Delete(Next + suffix);
    }

    internal void Delete()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}
