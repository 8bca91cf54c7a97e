using System.Runtime.CompilerServices;

namespace Godwit.Tests;

/// <summary>The files of the clone that this test program was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>C# files below a folder, path from the root with forward slashes and text, without what the build makes.</summary>
    public static IEnumerable<(string Path, string Text)> Code(string folder) =>
        Directory.EnumerateFiles(Path(folder), "*.cs", SearchOption.AllDirectories)
            .Select(f => (Path: System.IO.Path.GetRelativePath(Root, f).Replace('\\', '/'), Full: f))
            .Where(f => !f.Path.Split('/').Any(p => p is "bin" or "obj"))
            .OrderBy(f => f.Path, StringComparer.Ordinal)
            .Select(f => (f.Path, File.ReadAllText(f.Full)));

    // The build's output may lie outside of the clone (./test in another user's checkout); this file's own path does not.
    private static string FindRoot([CallerFilePath] string self = "")
    {
        foreach (var start in (string?[])[AppContext.BaseDirectory, System.IO.Path.GetDirectoryName(self)])
            for (var folder = string.IsNullOrEmpty(start) ? null : new DirectoryInfo(start); folder is not null; folder = folder.Parent)
                if (File.Exists(System.IO.Path.Combine(folder.FullName, "Godwit.slnx"))) return folder.FullName;
        throw new InvalidOperationException("These tests read the repository; run them from a build inside a clone.");
    }
}
