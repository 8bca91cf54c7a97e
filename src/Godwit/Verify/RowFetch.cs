using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;
using Npgsql;

namespace Godwit.Verify;

/// <summary>Reads a few rows of either side in full, to show them and to compare them value by value.</summary>
internal sealed class RowFetch(ISnapshot snapshot, ComparedTable table)
{
    /// <summary>Rows at these positions, in their order. Tables without positions are read up to the last one.</summary>
    public async Task<List<FetchedRow>> SourceAsync(IEnumerable<long> positions, CancellationToken ct)
    {
        var wanted = positions.Distinct().Order().ToList();
        var rows = new List<FetchedRow>(wanted.Count);
        if (wanted.Count == 0) return rows;
        if (table.Source.HasRowId)
        {
            foreach (var position in wanted)
                rows.AddRange((await ScanAsync(new KeyRange(position, position), new Visitor(table, p => p == position, 1, ct), ct)).Rows);
            return rows;
        }
        var set = wanted.ToHashSet();
        return (await ScanAsync(KeyRange.All, new Visitor(table, set.Contains, wanted.Count, ct), ct)).Rows;
    }

    /// <summary>The first row at or after a position that is not in quarantine.</summary>
    public async Task<FetchedRow?> SourceFromAsync(long position, CancellationToken ct) =>
        (await ScanAsync(new KeyRange(position, null), new Visitor(table, p => !table.Quarantined.Contains(p), 1, ct), ct)).Rows.FirstOrDefault();

    private async Task<Visitor> ScanAsync(KeyRange range, Visitor visitor, CancellationToken ct)
    {
        await snapshot.ScanAsync(table.Source, table.SourceColumns, range, visitor, ct);
        ct.ThrowIfCancellationRequested();
        return visitor;
    }

    public Task<List<FetchedRow>> TargetByCtidAsync(NpgsqlConnection connection, IReadOnlyCollection<long> ctids, CancellationToken ct) =>
        ctids.Count == 0 ? Task.FromResult(new List<FetchedRow>())
        : TargetAsync(connection, $" WHERE t.ctid = ANY ({SqlText.Literal("{" + string.Join(',', ctids.Select(c => $"\"{TargetScan.CtidText(c)}\"")) + "}")}::tid[])", ct);

    /// <summary>Rows with the keys of these source rows, through the target's own comparison of keys.</summary>
    public Task<List<FetchedRow>> TargetByKeyAsync(NpgsqlConnection connection, IReadOnlyList<FetchedRow> like, CancellationToken ct)
    {
        if (like.Count == 0) return Task.FromResult(new List<FetchedRow>());
        var keys = Enumerable.Range(0, table.Columns.Length).Where(i => table.Columns[i].IsKey).ToList();
        var sql = new StringBuilder(" JOIN (VALUES ");
        var any = false;
        foreach (var row in like)
        {
            if (keys.Any(k => row.KeyInput[k] is null)) continue;
            if (any) sql.Append(", ");
            any = true;
            sql.Append('(').AppendJoin(", ", keys.Select(k => $"{SqlText.Literal(row.KeyInput[k]!)}::{table.Columns[k].PgType}")).Append(')');
        }
        if (!any) return Task.FromResult(new List<FetchedRow>());
        sql.Append(") AS k (").AppendJoin(", ", keys.Select(k => $"k{k}")).Append(") ON ")
            .AppendJoin(" AND ", keys.Select(k => $"t.{SqlName.Quote(table.Columns[k].Target)} = k.k{k}"));
        return TargetAsync(connection, sql.ToString(), ct);
    }

    private async Task<List<FetchedRow>> TargetAsync(NpgsqlConnection connection, string rest, CancellationToken ct)
    {
        var rows = new List<FetchedRow>();
        var meaning = new TargetMeaning();
        var columns = table.Columns;
        await TargetScan.ReadAsync(connection, TargetScan.Sql(table, rest, withCtid: true), columns.Length + 1, Row, ct);
        return rows;

        void Row(CopyReader reader)
        {
            var row = new FetchedRow(columns.Length) { Where = TargetScan.Ctid(reader.Field(columns.Length)) };
            for (var i = 0; i < columns.Length; i++)
            {
                row.Cells[i] = reader.IsNull(i) ? Digest.Null : meaning.Of(columns[i], reader.Field(i));
                row.Shown[i] = reader.IsNull(i) ? null : columns[i].Form == CellForm.Bytes ? FetchedRow.ShowBytes(reader.Field(i)) : FetchedRow.ShowText(reader.Field(i));
            }
            row.Finish(table);
            rows.Add(row);
        }
    }

    private sealed class Visitor(ComparedTable table, Func<long, bool> wanted, int limit, CancellationToken ct) : IRowVisitor
    {
        private readonly SourceMeaning _meaning = new();
        private FetchedRow? _row;

        public List<FetchedRow> Rows { get; } = [];

        public void BeginRow(long position) => _row = wanted(position) ? new FetchedRow(table.Columns.Length) { Where = position } : null;

        public void Cell(int column, in SourceCell cell)
        {
            if (_row is null) return;
            _row.Cells[column] = _meaning.Of(table.Columns[column], cell);
            if (cell.Class == StorageClass.Null) return;
            _row.Shown[column] = FetchedRow.Show(cell);
            if (table.Columns[column].IsKey) _row.KeyInput[column] = Input(table.Columns[column], cell);
        }

        public bool EndRow()
        {
            if (_row is not null)
            {
                _row.Finish(table);
                Rows.Add(_row);
            }
            return Rows.Count < limit && !ct.IsCancellationRequested;
        }

        /// <summary>What PostgreSQL's input of the column's type takes for this value, null where it means nothing there.</summary>
        private static string? Input(ComparedColumn column, in SourceCell cell) => column.Form switch
        {
            CellForm.Date or CellForm.Time or CellForm.Timestamp or CellForm.TimestampTz => SourceMeaning.OfMoment(column, cell)?.Iso(column.Form),
            CellForm.Bytes => "\\x" + Convert.ToHexStringLower(cell.Class is StorageClass.Integer or StorageClass.Real ? Encoding.UTF8.GetBytes(Plain(cell)) : cell.Bytes),
            CellForm.Geometry => null,
            CellForm.Uuid when cell.Class == StorageClass.Blob => Convert.ToHexStringLower(cell.Bytes),
            CellForm.Integer when cell.Class == StorageClass.Real => cell.Real.ToString("F0", CultureInfo.InvariantCulture),
            CellForm.Text or CellForm.JsonText when cell.Class == StorageClass.Real => SourceMeaning.RealText(cell.Real),
            _ => Plain(cell) is { } text && !text.Contains('\0', StringComparison.Ordinal) ? text : null,
        };

        private static string Plain(in SourceCell cell) => cell.Class switch
        {
            StorageClass.Integer => cell.Integer.ToString(CultureInfo.InvariantCulture),
            StorageClass.Real => cell.Real.ToString("R", CultureInfo.InvariantCulture),
            _ => Encoding.UTF8.GetString(cell.Bytes),
        };
    }
}
