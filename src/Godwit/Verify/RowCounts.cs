using Godwit.Source;
using Godwit.TypeMapping;
using Npgsql;

namespace Godwit.Verify;

/// <summary>Counts both sides of a table, side by side.</summary>
internal sealed class RowCounts(ISnapshot snapshot, TargetSessions sessions)
{
    public async Task<(long Source, long Target)> CountAsync(ComparedTable table, CancellationToken ct)
    {
        var source = SourceAsync(table, ct);
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {table.From}", sessions.Main) { CommandTimeout = 0 };
        var target = (long)(await command.ExecuteScalarAsync(ct))!;
        return (await source, target);
    }

    private Task<long> SourceAsync(ComparedTable table, CancellationToken ct) => Task.Run(async () =>
    {
        var visitor = new Counter(ct);
        await snapshot.ScanAsync(table.Source, [table.SourceColumns[0]], KeyRange.All, visitor, ct);
        ct.ThrowIfCancellationRequested();
        return visitor.Rows;
    }, ct);

    private sealed class Counter(CancellationToken ct) : IRowVisitor
    {
        public long Rows { get; private set; }

        public void BeginRow(long position) => Rows++;

        public void Cell(int column, in SourceCell cell)
        {
        }

        public bool EndRow() => !ct.IsCancellationRequested;
    }
}
