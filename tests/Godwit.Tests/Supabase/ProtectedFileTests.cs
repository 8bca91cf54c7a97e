using Godwit.Supabase;
using Xunit;

namespace Godwit.Tests.Supabase;

public sealed class ProtectedFileTests
{
    [Fact]
    public async Task Git_passes_over_a_folder_that_is_made_for_secrets_and_nothing_is_added_to_one_that_was_there()
    {
        var (made, there) = (Path.Combine(TestFolder.Create(), "secrets"), TestFolder.Create());

        foreach (var folder in new[] { made, there })
            await ProtectedFile.WriteAsync(folder, "vault.json", "[]"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal("*\n", await File.ReadAllTextAsync(Path.Combine(made, ".gitignore"), TestContext.Current.CancellationToken));
        Assert.Equal([Path.Combine(there, "vault.json")], Directory.GetFiles(there));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(made, "vault.json")));
    }
}
