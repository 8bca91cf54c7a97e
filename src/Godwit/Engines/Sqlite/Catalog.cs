using System.Collections.Concurrent;

namespace Godwit.Engines.Sqlite;

/// <summary>The catalog queries, each in an embedded file of Queries/.</summary>
internal static class Catalog
{
    private static readonly ConcurrentDictionary<string, string> Texts = new(StringComparer.Ordinal);

    internal static Statement Query(Connection connection, string name) => connection.Query(Texts.GetOrAdd(name, Read));

    private static string Read(string name)
    {
        var resource = $"Engines/Sqlite/Queries/{name}.sql";
        using var stream = typeof(Catalog).Assembly.GetManifestResourceStream(resource)
            ?? throw new GodwitException(ErrorKind.Internal, "resource-missing", $"the query {resource} is not in the assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
