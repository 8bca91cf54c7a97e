using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>One moment of a PostgreSQL source. Each reader is a session of its own that has imported it; rows come undecoded.</summary>
internal sealed class PostgresSnapshot(PostgresEndpoint endpoint, PostgresSessions sessions, SnapshotHolders holders, Position position, int readers) : IPostgresSnapshot
{
    private readonly SemaphoreSlim _free = new(Math.Max(1, readers), Math.Max(1, readers));
    private readonly Stack<WireConnection> _idle = new();
    private readonly Lock _lock = new();
    private DatabaseSchema? _schema;

    public Position Position => position;

    public async Task<DatabaseSchema> InspectAsync(CancellationToken ct)
    {
        if (_schema is not null) return _schema;
        try
        {
            await using var connection = await ConnectAsync(ct);
            var inspector = new PostgresInspector(connection);
            var facts = await inspector.ServerAsync(ct);
            var dump = await endpoint.Dump(facts.VersionNumber, await ExportedAsync(ct), ct);
            return _schema = await inspector.ReadAsync(facts, DumpStatements.Of(DumpArchive.Read(dump)), ct);
        }
        catch (Exception e) when (PostgresErrors.IsServerError(e))
        {
            throw PostgresErrors.Map(e, "Reading the schema of " + endpoint.Display);
        }
    }

    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken ct)
    {
        try
        {
            return await sessions.OpenAsync(await ExportedAsync(ct), ct);
        }
        catch (Exception e) when (PostgresErrors.IsServerError(e))
        {
            throw PostgresErrors.Map(e, "Opening a session on " + endpoint.Display);
        }
    }

    public Task<string> ExportedAsync(CancellationToken ct) => holders.ExportedAsync(ct);

    public Task<ImmutableArray<KeyRange>> PartitionAsync(Table table, int pieces, CancellationToken ct) => Task.FromResult(PageRanges.Cut(table, pieces));

    public Task ScanAsync(Table table, ImmutableArray<string> columns, KeyRange range, IRowVisitor visitor, CancellationToken ct) =>
        throw new GodwitException(ErrorKind.Internal, "scan-unasked", "Values of a PostgreSQL source are not looked at one by one.", "please report this");

    /// <summary>Blocks the calling thread while it waits for rows.</summary>
    public async IAsyncEnumerable<RowBatch> ReadAsync(TableRead read, [EnumeratorCancellation] CancellationToken ct)
    {
        await _free.WaitAsync(ct);
        WireConnection? connection = null;
        try
        {
            connection = Idle() ?? Open(await ExportedAsync(ct), ct);
            var rows = Begin(connection, read);
            using (rows)
            {
                var binary = read.Format == RowFormat.Binary;
                long handed = 0;
                while (true)
                {
                    var (chunk, count) = Next(rows, read, binary && handed == 0);
                    if (count < 0) break;
                    handed += count;
                    if (count > 0) yield return new RowBatch(chunk, count);
                }
                if (handed != rows.Rows) throw new GodwitException(ErrorKind.Internal, "source-rows-miscounted", $"{read.Table.Name}: {handed} rows came, the server counted {rows.Rows}.", "please report this");
            }
            lock (_lock) _idle.Push(connection);
            connection = null;
        }
        finally
        {
            connection?.Dispose();
            _free.Release();
        }
    }

    /// <summary>A count below zero is the end.</summary>
    private static (Memory<byte> Chunk, int Rows) Next(CopyOut rows, TableRead read, bool mayHoldHeader)
    {
        try
        {
            var chunk = rows.Read(read.BatchBytes, out var count);
            if (count == 0) return (chunk, -1);
            if (mayHoldHeader && chunk.Span.StartsWith(BinaryCopy.Header[..11]))
            {
                chunk = chunk[BinaryCopy.HeaderLength(chunk.Span)..];
                // An empty table: the header alone is a message.
                if (chunk.IsEmpty) return (chunk, 0);
            }
            return (chunk, count);
        }
        catch (Exception e) when (PostgresErrors.IsServerError(e))
        {
            throw PostgresErrors.Map(e, "Reading " + read.Table.Name);
        }
    }

    private WireConnection Open(string exported, CancellationToken ct)
    {
        try
        {
            return sessions.OpenWire(exported, ct);
        }
        catch (Exception e) when (PostgresErrors.IsServerError(e))
        {
            throw PostgresErrors.Map(e, "Opening a session on " + endpoint.Display);
        }
    }

    private static CopyOut Begin(WireConnection connection, TableRead read)
    {
        try
        {
            if (read.SearchPath is { } path) connection.Query("SET search_path = " + path);
            return connection.BeginCopyOut(PageRanges.CopySql(read));
        }
        catch (Exception e) when (PostgresErrors.IsServerError(e))
        {
            throw PostgresErrors.Map(e, "Reading " + read.Table.Name);
        }
    }

    private WireConnection? Idle()
    {
        lock (_lock) return _idle.TryPop(out var connection) ? connection : null;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
            while (_idle.TryPop(out var connection)) connection.Dispose();
        await holders.DisposeAsync();
        _free.Dispose();
    }
}
