using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Verify;

/// <summary>Brings each row of a source range to a digest and hands it to the sink. Rows in quarantine are passed over.</summary>
internal sealed class SourceScan(ComparedTable table, RowSink sink, Action progress, CancellationToken ct) : IRowVisitor
{
    private const int Stride = 16 * 1024;

    private readonly SourceMeaning _meaning = new();
    private readonly ComparedColumn[] _columns = [.. table.Columns];
    private Digest _row, _key;
    private long _position, _rows, _bytes;

    public void BeginRow(long position)
    {
        _position = position;
        _row = Digest.Start;
        _key = Digest.Start;
    }

    public void Cell(int column, in SourceCell cell)
    {
        var compared = _columns[column];
        var digest = _meaning.Of(compared, cell);
        _row = _row.Then(digest);
        if (compared.IsKey) _key = _key.Then(digest);
        _bytes += 8 + cell.Bytes.Length;
    }

    public bool EndRow()
    {
        if (table.Quarantined.Count == 0 || !table.Quarantined.Contains(_position)) sink.Take(table.HasKey ? _key : _row, _row, _position);
        if (++_rows == Stride) Report();
        return !ct.IsCancellationRequested;
    }

    /// <summary>By value, so that the engine's loop calls this scan directly.</summary>
    public Visitor ByValue => new(this);

    public readonly struct Visitor(SourceScan scan) : IRowVisitor
    {
        public void BeginRow(long position) => scan.BeginRow(position);
        public void Cell(int column, in SourceCell cell) => scan.Cell(column, cell);
        public bool EndRow() => scan.EndRow();
    }

    public void Report()
    {
        table.CountSource(_rows, _bytes);
        _rows = 0;
        _bytes = 0;
        progress();
    }
}
