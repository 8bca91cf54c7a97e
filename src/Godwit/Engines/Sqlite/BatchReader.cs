using System.Collections.Immutable;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite;

/// <summary>Encodes a range batch by batch. A row that does not fit is taken from the statement as it stands, with every stored column.</summary>
internal sealed class BatchReader : IDisposable
{
    private readonly TableScan _scan;
    private readonly RowEncoder _encoder;
    private readonly MisfitDocument _document;
    private readonly ImmutableArray<ColumnRead> _columns;
    private readonly TableProfiler? _profiler;
    private readonly int _fullAt;
    private List<MisfitRow>? _misfits;
    private long _misfitBytes;
    private bool _more = true;

    private BatchReader(TableScan scan, TableRead read, MisfitDocument document)
    {
        _scan = scan;
        _columns = read.Columns;
        _document = document;
        _profiler = read.Profiler;
        _encoder = new RowEncoder([.. read.Columns.Select(c => c.Encoding)], read.BatchBytes);
        // The rest is room for the last row, so that the buffer need not grow for it.
        _fullAt = read.BatchBytes - read.BatchBytes / 16;
    }

    internal static BatchReader Start(Connection reader, TableRead read)
    {
        var requested = read.Columns.Select(c => c.Name).ToImmutableArray();
        // A generated column is read only on request: it may call a function that is not here.
        var extra = read.Table.Columns.Where(c => c.Generated is null && !requested.Contains(c.Name)).Select(c => c.Name).ToImmutableArray();
        var scan = TableScan.Start(reader, read.Table, requested, extra, read.Range);
        return new BatchReader(scan, read, new MisfitDocument(read.Table, requested.AddRange(extra)));
    }

    /// <summary><paramref name="from"/>: FROM and what follows, where t is the table; null takes its range.</summary>
    internal static BatchReader Start(Connection reader, TableRead read, string from)
    {
        var columns = read.Columns.Select(c => c.Name).ToImmutableArray();
        var rowId = TableScan.RowIdName(read.Table);
        var terms = columns.Select(c => $"t.{new SqliteIdentifier(c)}");
        var sql = $"SELECT {string.Join(", ", rowId is null ? terms : terms.Prepend($"t.{rowId}"))} {from}";
        return new BatchReader(TableScan.Start(reader, sql, columns.Length, rowId is not null), read, new MisfitDocument(read.Table, columns));
    }

    /// <summary>Null at the end. Blocks.</summary>
    internal RowBatch? Next(CancellationToken ct)
    {
        if (!_more) return null;
        if (_profiler is null)
        {
            var visitor = new Visitor(this);
            _more = _scan.Run(ref visitor, ct);
        }
        else
        {
            var visitor = new ProfilingVisitor(this, _profiler);
            _more = _scan.Run(ref visitor, ct);
        }
        var misfits = _misfits;
        (_misfits, _misfitBytes) = (null, 0);
        if (_encoder.Rows == 0 && misfits is null) return null;
        return new RowBatch(_encoder.Detach(out var length, out var rows), length, rows, misfits);
    }

    private void Keep(List<EncodedMisfit> found)
    {
        foreach (var misfit in found)
        {
            var json = _document.Write(_scan);
            _misfitBytes += json.Length;
            (_misfits ??= []).Add(new MisfitRow(misfit.Position, _columns[misfit.Column].Name, misfit.Reason, json));
        }
    }

    public void Dispose()
    {
        _scan.Dispose();
        _encoder.Dispose();
        _document.Dispose();
    }

    private readonly struct Visitor(BatchReader batch) : IRowVisitor
    {
        private readonly RowEncoder _encoder = batch._encoder;

        public void BeginRow(long position) => _encoder.BeginRow(position);

        public void Cell(int column, in SourceCell cell) => _encoder.Cell(column, cell);

        public void Cell(int column, in SourceCell cell, CellLook look) => _encoder.Cell(column, cell, look);

        public bool EndRow()
        {
            _encoder.EndRow();
            if (_encoder.TakeMisfits() is { } misfits) batch.Keep(misfits);
            return _encoder.Length + batch._misfitBytes < batch._fullAt;
        }
    }

    /// <summary>The profile looks at the value, and the encoder takes what it found.</summary>
    private readonly struct ProfilingVisitor(BatchReader batch, TableProfiler profiler) : IRowVisitor
    {
        private readonly Visitor _visitor = new(batch);

        public void BeginRow(long position)
        {
            profiler.BeginRow(position);
            _visitor.BeginRow(position);
        }

        public void Cell(int column, in SourceCell cell)
        {
            profiler.Cell(column, cell);
            _visitor.Cell(column, cell, profiler.Look(column));
        }

        public bool EndRow()
        {
            profiler.EndRow();
            return _visitor.EndRow();
        }
    }
}
