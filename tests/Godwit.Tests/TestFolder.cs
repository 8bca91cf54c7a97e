namespace Godwit.Tests;

/// <summary>Folders that live as long as the test run: below one, which goes when the process ends.</summary>
internal static class TestFolder
{
    private static readonly Lazy<DirectoryInfo> Root = new(() =>
    {
        var root = Directory.CreateTempSubdirectory("godwit-tests-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => root.Delete(recursive: true);
        return root;
    });

    private static int _count;

    public static string Create() => Root.Value.CreateSubdirectory($"{Interlocked.Increment(ref _count)}").FullName;
}
