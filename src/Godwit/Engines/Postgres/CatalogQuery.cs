using System.Collections.Concurrent;
using System.Collections.Immutable;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>The catalog queries, each in an embedded file of Queries/.</summary>
internal static class CatalogQuery
{
    private static readonly ConcurrentDictionary<string, string> Texts = new(StringComparer.Ordinal);

    internal static string Text(string name) => Texts.GetOrAdd(name, Read);

    internal static async Task<ImmutableArray<T>> AllAsync<T>(NpgsqlConnection connection, string name, Func<NpgsqlDataReader, T> read, CancellationToken ct) =>
        await RowsAsync(connection, Text(name), read, ct);

    internal static async Task<ImmutableArray<T>> RowsAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = ImmutableArray.CreateBuilder<T>();
        while (await reader.ReadAsync(ct)) rows.Add(read(reader));
        return rows.ToImmutable();
    }

    internal static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static string Read(string name)
    {
        var resource = $"Engines/Postgres/Queries/{name}.sql";
        using var stream = typeof(CatalogQuery).Assembly.GetManifestResourceStream(resource)
            ?? throw new GodwitException(ErrorKind.Internal, "resource-missing", $"the query {resource} is not in the assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

internal static class ReaderValues
{
    internal static string? Text(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    internal static ImmutableArray<string> Texts(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? [] : [.. reader.GetFieldValue<string[]>(column)];
}
