namespace Godwit.Supabase;

/// <summary>A file that only its owner can read, from its first byte on, in a folder that only its owner can enter, and that Git passes over.</summary>
internal static class ProtectedFile
{
    public static async Task WriteAsync(string folder, string name, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var path = Path.Combine(folder, name);
        try
        {
            if (!Directory.Exists(folder))
            {
                if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
                else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                // It stands where the command was typed, which may well be a repository: "git add ." must not take it along.
                await File.WriteAllTextAsync(Path.Combine(folder, ".gitignore"), "*\n", ct);
            }
            // Another run's file may be there, and open to others by now: replaced as a whole, never written into.
            var beside = path + ".new";
            File.Delete(beside);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var file = new FileStream(beside, options)) await file.WriteAsync(content, ct);
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Usage, "secrets-not-written", $"{path} cannot be written: {e.Message}", "Name another folder: --secrets-dir DIR", e);
        }
    }
}
