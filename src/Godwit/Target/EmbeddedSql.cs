namespace Godwit.Target;

/// <summary>Catalog SQL that is kept in files of its own.</summary>
internal static class EmbeddedSql
{
    internal static string Read(string path)
    {
        using var stream = typeof(EmbeddedSql).Assembly.GetManifestResourceStream(path)
            ?? throw new GodwitException(ErrorKind.Internal, "resource-missing", $"The program lacks its own file {path}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
