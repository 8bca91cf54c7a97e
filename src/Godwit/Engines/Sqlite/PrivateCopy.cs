using System.Diagnostics;
using System.Globalization;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// A copy of a file in rollback-journal mode, taken under one read lock. There a reader keeps writers from committing for as long as it reads
/// (https://www.sqlite.org/lockingv3.html); this way they wait no longer than the copying of the file's bytes takes.
/// </summary>
internal sealed class PrivateCopy : IDisposable
{
    private readonly string _folder;

    private PrivateCopy(string folder, string path, string position, TimeSpan held)
    {
        _folder = folder;
        Path = path;
        Position = position;
        Held = held;
    }

    internal string Path { get; }
    /// <summary>The original's moment.</summary>
    internal string Position { get; }
    /// <summary>How long writers could not commit.</summary>
    internal TimeSpan Held { get; }

    /// <summary>Null where the temporary folder has no room for it.</summary>
    internal static PrivateCopy? Take(string path, TimeSpan patience, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("godwit-"); // mode 0700
        try
        {
            if (new DriveInfo(folder.FullName).AvailableFreeSpace < new FileInfo(path).Length * 1.1)
            {
                folder.Delete();
                return null;
            }
            var copy = System.IO.Path.Combine(folder.FullName, "copy.db");
            var (readers, position) = SharedMoment.Enter(path, 1, patience, ct);
            try
            {
                var clock = Stopwatch.StartNew();
                // Closing the file gives up this process's locks on it (https://www.sqlite.org/howtocorrupt.html, section 2.2): by then every byte is there.
                using (var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
                using (var target = new FileStream(copy, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
                    Copy(source, target, ct);
                return new PrivateCopy(folder.FullName, copy, position, clock.Elapsed);
            }
            finally
            {
                foreach (var reader in readers) reader.Dispose();
            }
        }
        catch
        {
            if (Directory.Exists(folder.FullName)) folder.Delete(recursive: true);
            throw;
        }
    }

    private static void Copy(FileStream source, FileStream target, CancellationToken ct)
    {
        var buffer = new byte[1 << 20];
        for (int read; (read = source.Read(buffer)) > 0; ct.ThrowIfCancellationRequested()) target.Write(buffer, 0, read);
    }

    /// <summary>The number of another process that has the file open, as far as this one may see (Linux: /proc); null where none is seen.</summary>
    internal static int? User(string path)
    {
        if (!Directory.Exists("/proc")) return null;
        // /proc names files without any link.
        var real = SourceFile.Resolved(path);
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(System.IO.Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId) continue;
            try
            {
                foreach (var open in Directory.EnumerateFiles(process + "/fd"))
                    if (new FileInfo(open).LinkTarget == real) return pid;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's process, or one that has ended: nothing is seen of it.
            }
        }
        return null;
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}
