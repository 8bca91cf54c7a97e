namespace Godwit.Verify;

/// <summary>Catalog queries, one file each, next to this one.</summary>
internal static class VerifySql
{
    public static string Read(string name)
    {
        var path = $"Verify/Sql/{name}.sql";
        using var stream = typeof(VerifySql).Assembly.GetManifestResourceStream(path)
            ?? throw new GodwitException(ErrorKind.Internal, "resource-missing", $"The program lacks its own file {path}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
