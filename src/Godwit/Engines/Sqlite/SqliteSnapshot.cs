using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite;

/// <summary>N connections that stand in read transactions of the same moment.</summary>
internal sealed class SqliteSnapshot : ISnapshot
{
    private readonly string _display;
    private readonly Channel<Connection> _free;

    private readonly PrivateCopy? _copy;

    private SqliteSnapshot(string display, Position position, IReadOnlyCollection<Connection> readers, PrivateCopy? copy)
    {
        _copy = copy;
        _display = display;
        Position = position;
        _free = Channel.CreateBounded<Connection>(readers.Count);
        foreach (var reader in readers) _free.Writer.TryWrite(reader);
    }

    public Position Position { get; }

    /// <summary>
    /// <paramref name="path"/> is the file to read: the source, or its recovered copy; <paramref name="origin"/> is then the original's state.
    /// </summary>
    internal static SqliteSnapshot Open(string path, SourceInfo info, int readers, TimeSpan busyTimeout, string? origin, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(readers, 1);
        var (opened, position) = SharedMoment.Enter(path, readers, busyTimeout, ct);
        return new SqliteSnapshot(info.Display, new Position(origin is null ? position : $"sqlite:copy:{origin}"), opened, null);
    }

    /// <summary>Reads the copy, which is deleted with the snapshot; the moment is the original's.</summary>
    internal static SqliteSnapshot Open(PrivateCopy copy, SourceInfo info, int readers, TimeSpan busyTimeout, CancellationToken ct)
    {
        try
        {
            return new SqliteSnapshot(info.Display, new Position(copy.Position), SharedMoment.Enter(copy.Path, readers, busyTimeout, ct).Readers, copy);
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    public Task<DatabaseSchema> InspectAsync(CancellationToken ct) => WithReader(null, reader =>
        new SqliteInspector(reader, Path.GetFileNameWithoutExtension(_display)).Inspect(), ct);

    public Task<ImmutableArray<KeyRange>> PartitionAsync(Table table, int pieces, CancellationToken ct) => WithReader(table.Name, reader =>
        TableScan.Partition(reader, table, pieces), ct);

    public Task ScanAsync(Table table, ImmutableArray<string> columns, KeyRange range, IRowVisitor visitor, CancellationToken ct) =>
        ScanAsync(table, columns, range, new VisitorAdapter(visitor), ct);

    public Task ScanAsync<TVisitor>(Table table, ImmutableArray<string> columns, KeyRange range, TVisitor visitor, CancellationToken ct)
        where TVisitor : struct, IRowVisitor => WithReader(table.Name, reader =>
        {
            using var scan = TableScan.Start(reader, table, columns, [], range);
            var copy = visitor;
            scan.Run(ref copy, ct);
            return true;
        }, ct);

    /// <summary>Batches are encoded on the consumer's own thread, when it asks for them.</summary>
    public async IAsyncEnumerable<RowBatch> ReadAsync(TableRead read, [EnumeratorCancellation] CancellationToken ct)
    {
        var reader = await _free.Reader.ReadAsync(ct).AsTask().ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using var interrupt = ct.UnsafeRegister(static state => ((Connection)state!).Interrupt(), reader);
            using var batches = Guard(read.Table.Name, () => BatchReader.Start(reader, read), ct);
            while (Guard(read.Table.Name, () => batches.Next(ct), ct) is { } batch) yield return batch;
        }
        finally
        {
            Return(reader);
        }
    }

    /// <summary>Rents a reader, runs native work on the pool, and interrupts it when cancelled.</summary>
    private async Task<T> WithReader<T>(string? subject, Func<Connection, T> work, CancellationToken ct)
    {
        var reader = await _free.Reader.ReadAsync(ct);
        try
        {
            return await Task.Run(() =>
            {
                // Disposing the registration waits for a running callback: no interrupt reaches the reader's next user.
                using var interrupt = ct.UnsafeRegister(static state => ((Connection)state!).Interrupt(), reader);
                return Guard(subject, () => work(reader), ct);
            }, ct);
        }
        finally
        {
            Return(reader);
        }
    }

    private T Guard<T>(string? subject, Func<T> work, CancellationToken ct)
    {
        try
        {
            return work();
        }
        catch (SqliteFailure failure)
        {
            if (failure.Code == Native.Interrupt) ct.ThrowIfCancellationRequested();
            throw SqliteErrors.Map(failure, _display, subject);
        }
    }

    private void Return(Connection reader)
    {
        if (!_free.Writer.TryWrite(reader)) reader.Dispose();
    }

    /// <summary>Readers in use are closed when they come back.</summary>
    public ValueTask DisposeAsync()
    {
        _free.Writer.TryComplete();
        while (_free.Reader.TryRead(out var reader)) reader.Dispose();
        _copy?.Dispose();
        return ValueTask.CompletedTask;
    }

    private readonly struct VisitorAdapter(IRowVisitor visitor) : IRowVisitor
    {
        public void BeginRow(long position) => visitor.BeginRow(position);
        public void Cell(int column, in SourceCell cell) => visitor.Cell(column, cell);
        public bool EndRow() => visitor.EndRow();
    }
}
