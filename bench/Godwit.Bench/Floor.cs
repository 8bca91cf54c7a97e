using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace Godwit.Bench;

/// <summary>
/// The least that any tool could take: rows that are already in PostgreSQL's binary format, sent by psql into tables that already exist,
/// then the same keys, indexes and foreign keys. Learnt from a finished migration, so both end with the same database.
/// </summary>
internal sealed class Floor(PrivateServer server, string tables, IReadOnlyList<Floor.DataFile> files, IReadOnlyList<string> indexes, IReadOnlyList<string> constraints)
{
    /// <summary>As many as Godwit's --jobs on the two cores that the targets are stated for.</summary>
    public const int Sessions = 2;
    /// <summary>The settings of Godwit's own index sessions.</summary>
    public const string IndexSettings = "SET maintenance_work_mem = '256MB'; SET synchronous_commit = off; SET max_parallel_maintenance_workers = 0";
    private const long SplitBytes = 64 * 1024 * 1024;
    private const int Pieces = 4;
    private const string Own = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'godwit', 'godwit_load')";

    internal sealed record DataFile(string Table, string Path, long Bytes);

    /// <summary>Takes the statements and the rows of a finished migration apart.</summary>
    public static async Task<Floor> LearnAsync(PrivateServer server, string database, string folder, CancellationToken stop)
    {
        var dump = await server.Client("pg_dump", "--schema-only", "--section=pre-data", "--no-owner", "--no-privileges", "--exclude-schema=godwit", "--exclude-schema=godwit_load", database).MustAsync(stop);
        await using var connection = await server.ConnectAsync(database, stop);
        // A constraint's index is built like any other and taken over afterwards, so that two indexes of one table can be built at once.
        var indexes = await ListAsync(connection, $"""
            SELECT pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE {Own} ORDER BY pg_relation_size(t.oid) DESC, pg_relation_size(x.indexrelid) DESC
            """, stop);
        var constraints = await ListAsync(connection, $"""
            SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.oid::regclass, c.conname,
              CASE c.contype WHEN 'p' THEN format('PRIMARY KEY USING INDEX %I', i.relname) WHEN 'u' THEN format('UNIQUE USING INDEX %I', i.relname) ELSE pg_get_constraintdef(c.oid) END)
            FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace LEFT JOIN pg_class i ON i.oid = c.conindid AND c.contype IN ('p', 'u')
            WHERE {Own} AND c.contype IN ('p', 'u', 'f') ORDER BY c.contype = 'f', pg_relation_size(t.oid) DESC, c.oid
            """, stop);
        return new(server, dump.Output, await ExportAsync(server, connection, database, folder, stop), indexes, constraints);
    }

    public long Bytes => files.Sum(f => f.Bytes);

    /// <summary>Makes the tables in an empty database (not timed), then loads and indexes (timed).</summary>
    public async Task<TimeSpan> RunAsync(string database, CancellationToken stop)
    {
        await (server.Client("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database) with { Input = tables }).MustAsync(stop);
        var started = Stopwatch.GetTimestamp();
        await InSessionsAsync(files.OrderByDescending(f => f.Bytes), f => Psql(database, $@"\copy {f.Table} FROM '{f.Path}' WITH (FORMAT binary)"), stop);
        await InSessionsAsync(indexes, sql => Psql(database, IndexSettings, sql), stop);
        foreach (var sql in constraints.Where(c => !c.Contains("FOREIGN KEY", StringComparison.Ordinal))) await Psql(database, sql).MustAsync(stop);
        await InSessionsAsync(constraints.Where(c => c.Contains("FOREIGN KEY", StringComparison.Ordinal)), sql => Psql(database, IndexSettings, sql), stop);
        return Stopwatch.GetElapsedTime(started);
    }

    private Command Psql(string database, params string[] statements) =>
        server.Client("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, .. statements.SelectMany(s => (string[])["-c", s])]);

    private static async Task InSessionsAsync<T>(IEnumerable<T> work, Func<T, Command> command, CancellationToken stop)
    {
        var queue = new ConcurrentQueue<T>(work);
        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(async _ =>
        {
            while (queue.TryDequeue(out var next)) await command(next).MustAsync(stop);
        }));
    }

    private static async Task<List<DataFile>> ExportAsync(PrivateServer server, NpgsqlConnection connection, string database, string folder, CancellationToken stop)
    {
        Directory.CreateDirectory(folder);
        var files = new List<DataFile>();
        foreach (var line in await ListAsync(connection, $"""
            SELECT t.oid::regclass || '|' || (pg_total_relation_size(t.oid) > {SplitBytes}) FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE {Own} AND t.relkind = 'r' ORDER BY 1
            """, stop))
        {
            var (table, split) = (line.Split('|')[0], line.EndsWith("|true", StringComparison.Ordinal));
            var pieces = split ? Pieces : 1;
            for (var piece = 0; piece < pieces; piece++)
            {
                var path = Path.Combine(folder, $"{table.Replace('"', '_')}.{piece}.copy");
                // Ranges of the key where there are several: the order in which the rows lay in the source.
                var rows = pieces == 1 ? table
                    : $"(SELECT t.* FROM {table} t, (SELECT min(id) AS low, max(id) + 1 AS high FROM {table}) r WHERE id >= low + (high - low) * {piece} / {pieces} AND id < low + (high - low) * {piece + 1} / {pieces} ORDER BY id)";
                await server.Client("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", $@"\copy {rows} TO '{path}' WITH (FORMAT binary)").MustAsync(stop);
                files.Add(new(table, path, new FileInfo(path).Length));
            }
        }
        return files;
    }

    private static async Task<List<string>> ListAsync(NpgsqlConnection connection, string sql, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        var rows = new List<string>();
        while (await reader.ReadAsync(stop)) rows.Add(reader.GetString(0));
        return rows;
    }
}
